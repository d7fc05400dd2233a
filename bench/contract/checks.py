"""The contract: all checks, in the order in which they are shown."""

from __future__ import annotations

from bench.contract.card_checks import card_is_valid, record_is_written, supports_says_why, unsupported_is_said
from bench.contract.check import Check
from bench.contract.discovery_checks import generators_are_whole, recovers_a_rotation
from bench.contract.fit_checks import (
    is_deterministic,
    is_paired,
    is_seeded,
    keeps_budget,
    predicts_each_alone,
    works_in_both_precisions,
)
from bench.contract.import_check import imports_what_it_may

#: The first field is the name by which ``known_failures`` refers to a check.
CHECKS = (
    Check("card", "card and parameters are valid", card_is_valid),
    Check("supports", "supports() gives None or a reason", supports_says_why),
    Check("unsupported", "what it cannot do is recorded as unsupported", unsupported_is_said),
    Check("equal_seed", "an equal seed gives equal numbers", is_deterministic),
    Check("other_seed", "another seed gives other numbers", is_seeded),
    Check("paired", "first weights and batches are those of the other methods", is_paired),
    Check("precisions", "works in float32 and float64", works_in_both_precisions),
    Check("single", "predicts an example alone as in a batch", predicts_each_alone),
    Check("imports", "imports nothing that leads to data, truths or records", imports_what_it_may),
    Check("budget", "trains in the shared loop, and no more than the budget has passes", keeps_budget),
    Check("record", "a run ends as a record", record_is_written),
    Check("generators", "generators are finite and of the right shape", generators_are_whole),
    Check("so2", "finds the rotation of the plane", recovers_a_rotation),
)
