"""The table of scores: the name, unit, direction, range, column and meaning of every number of a record.

The evaluation, the validation of records, the columns of the boards, their reading guide and docs/metrics.md read it.
A part of a name in angle brackets stands for a word that a task or a method chooses: ``symmetry/found_<generator>``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from bench.api import TaskCard

#: The unit, the direction or the range is that of the task's primary metric.
METRIC = "the metric's"
#: The unit is that of the task's output, in which errors of predictions are measured.
OUTPUT = "the output's"
#: Pattern of a word that replaces angle brackets.
_WORD = "[a-z0-9_]+"
#: Slack of a range with two ends: a share of 1 may come out as 1 + 1e-16.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Score:
    """One row of the table."""

    name: str  # as records hold it; costs as "cost/<name>"
    title: str  # header of its column
    meaning: str  # one sentence, in which *italics* and `code` may stand
    unit: str = "1"  # METRIC and OUTPUT depend on the task
    better: str = ""  # "higher", "lower" or METRIC; "" when neither is better
    low: float = -math.inf  # the range, both ends included
    high: float = math.inf
    table: str = ""  # the table of a board that shows it; "" for none
    form: str = "interval"  # or "mean", "whole" (a rounded mean) or "count" (whole where all seeds agree)
    digits: int = 3  # significant ones; scores in the metric's unit have those of the metric
    unless: str = ""  # the score that it may repeat: empty in the rows where both are equal
    twin: str = ""  # the score whose column it would repeat: not shown where both are equal in every row
    of: str = ""  # the score shown behind a slash

    @property
    def word(self) -> str | None:
        """The word in angle brackets other than ``<metric>``; None without one."""
        words = [word for word in re.findall(r"<(\w+)>", self.name) if word != "metric"]
        return words[0] if words else None

    def matched(self, name: str) -> str | None:
        """What stands for the word in angle brackets in ``name``, or "" without one; None for another score."""
        pattern = re.escape(self.name)
        for word in re.findall(r"<(\w+)>", self.name):
            pattern = pattern.replace(f"<{word}>", f"(?P<{word}>{_WORD})")
        match = re.fullmatch(pattern, name)
        if match is None:
            return None
        return match[self.word] if self.word else ""

    def filled(self, word: str, chosen: str) -> Score:
        """The score in which ``chosen`` stands for ``word``."""
        return replace(
            self,
            name=self.name.replace(f"<{word}>", chosen),
            title=self.title.replace(f"<{word}>", chosen.replace("_", " ")),
            unless=self.unless.replace(f"<{word}>", chosen),
        )

    def unit_on(self, card: TaskCard) -> str:
        """The unit on the task of ``card``."""
        units = {METRIC: card.metric.unit, OUTPUT: card.output_unit or card.metric.unit}
        return units.get(self.unit, self.unit)

    def title_on(self, card: TaskCard) -> str:
        """The header of its column on the task of ``card``, with the unit where it has a name."""
        unit = self.unit_on(card)
        return self.title if unit == "1" else f"{self.title} [{unit}]"

    def higher_is_better_on(self, card: TaskCard) -> bool | None:
        """The direction on the task of ``card``; None when neither direction is better."""
        directions = {METRIC: card.metric.higher_is_better, "higher": True, "lower": False}
        return directions.get(self.better)


class Scores:
    """A table of scores, in the order of its columns."""

    def __init__(self, rows: Iterable[Score]) -> None:
        self.rows = tuple(rows)
        # When several rows fit a name, the most specific one comes first.
        self._by_detail = sorted(self.rows, key=lambda row: -len(re.sub(r"<\w+>", "", row.name)))
        self._known: dict[str, Score | None] = {}

    def __iter__(self) -> Iterator[Score]:
        return iter(self.rows)

    def find(self, name: str) -> Score | None:
        """The row of the score ``name``; None for one that the table does not hold."""
        if name not in self._known:
            self._known[name] = next((row for row in self._by_detail if row.matched(name) is not None), None)
        return self._known[name]

    def on(self, card: TaskCard) -> Scores:
        """The table with the name of the task's metric."""
        name = card.metric.name.partition("/")[2]
        return Scores(row.filled("metric", name) for row in self.rows)

    def range_of(self, name: str) -> tuple[float, float]:
        """The least and the largest value of the score ``name``; infinite ends where nothing bounds it."""
        row = self.find(name)
        if row is None:
            return -math.inf, math.inf
        if row.better != METRIC or row.low > -math.inf:
            return row.low, row.high
        # Scores in the metric's unit have the metric's range: test/mse_plain and val/mse have the range of test/mse.
        metric = name.partition("/")[2]
        fixed = [r for r in self.rows if r.better == METRIC and r.low > -math.inf]
        like = [r for r in fixed if f"{metric}_".startswith(f"{r.name.partition('/')[2]}_")]
        return (like[0].low, like[0].high) if like else (row.low, row.high)


def find(name: str) -> Score:
    """The row of the score ``name``.

    Raises:
        ValueError: when the table does not hold it.
    """
    row = SCORES.find(name)
    if row is None:
        raise ValueError(f"score {name!r} is not in the table of bench/metrics/scores.py; add it there.")
    return row


def as_recorded(value: float) -> float:
    """``value`` at nine digits: LAPACK's last ones depend on how memory happens to be aligned."""
    return float(f"{value:.9g}")


def out_of_range(name: str, value: float) -> str | None:
    """Why ``value`` cannot be the score ``name``; None when it can, or when the table does not hold the score."""
    low, high = SCORES.range_of(name)
    slack = _ROUNDING if math.isfinite(high) else 0.0
    if low - slack <= value <= max(high, as_recorded(high)) + slack:
        return None
    if high == math.inf:
        return f"{name} is {value}, below {low:g}"
    return f"{name} is {value}, outside [{low:g}, {high:g}]"


_metric = partial(Score, unit=METRIC, better=METRIC)
_error = partial(Score, unit=OUTPUT, better="lower", low=0.0)
_ratio = partial(Score, low=0.0, high=1.0)
_verdict = partial(Score, low=0.0, high=1.0, form="mean")
_cost = partial(Score, better="lower", low=0.0, table="cost", form="whole")

SCORES = Scores([
    # Predictions
    _metric("test/<metric>", "<metric>", table="prediction", meaning=
            "The primary metric on test data that no method sees, predicted in the method's own way; it ranks rows."),
    _metric("test/<metric>_<strategy>", "<strategy>", table="prediction", unless="test/<metric>", meaning=
            "The primary metric of the same trained model that predicts in one fixed way, where that is not the "
            "method's own: *plain* is the network alone, *average* is averaged over group elements; compare methods "
            "within one of these columns for equal cost per prediction."),
    _error("equivariance/e_prime", "E′", table="prediction", meaning=
           "The distance of f(gx) from g f(x), averaged over test inputs and true group elements g that are the same "
           "for all methods; 0 for an equivariant predictor."),
    _error("equivariance/e_prime_floor", "E′ floor", table="prediction", meaning=
           "How far f moves when its input is turned there and back: resampling an image does this alone, so an E′ of "
           "about the floor is as good as 0."),
    _error("equivariance/e_prime_<strategy>", "E′ <strategy>", table="prediction", unless="equivariance/e_prime",
           meaning="E′ of the same trained model that predicts in one fixed way, where that is not the method's own."),
    Score("equivariance/e_prime_rel", "E′ rel.", "E′ relative to the mean size of an output.", better="lower", low=0.0),
    Score("equivariance/e_prime_rel_median", "E′ rel. median", better="lower", low=0.0, meaning=
          "The median of E′ over inputs, relative to the mean size of an output."),
    Score("equivariance/e_prime_rel_p95", "E′ rel. p95", better="lower", low=0.0, table="prediction", meaning=
          "The 95th percentile of E′ over inputs, relative to the mean size of an output."),
    Score("equivariance/e_prime_rel_max", "E′ rel. max", better="lower", low=0.0, meaning=
          "The largest E′ of an input, relative to the mean size of an output."),
    _error("equivariance/e", "E", table="prediction", meaning=
           "The distance between the averages of f(gx) and of g f(x) over g; it vanishes for every linear map, "
           "equivariant or not."),
    Score("cost/forward_passes", "passes per prediction", better="lower", low=1.0, table="prediction", form="whole",
          meaning="Forward passes of the network per prediction in the method's own way."),
    _metric("test/mse", "mse", "The mean squared error over all entries of the output.", low=0.0),
    _metric("test/mae", "mae", "The mean absolute error.", low=0.0),
    _metric("test/accuracy", "accuracy", "The share of test examples that get the right class, in per cent.",
            low=0.0, high=100.0),
    _metric("val/<metric>", "validation <metric>", meaning=
            "The primary metric on the validation split, which alone a sweep selects by."),
    # Upright inputs turned through the full circle
    _metric("test/<metric>_within", "<metric> within", table="angles", meaning=
            "The primary metric on upright test inputs turned by angles that the training data covers."),
    _metric("test/<metric>_beyond", "<metric> beyond", table="angles", meaning=
            "The primary metric on upright test inputs turned by angles that the training data never shows."),
    _error("equivariance/e_prime_within", "E′ within", table="angles", meaning=
           "The distance of a turned input's prediction from the upright one's, turned along, over the angles that the "
           "training data covers."),
    _error("equivariance/e_prime_beyond", "E′ beyond", table="angles", meaning=
           "The same distance over the angles that the training data never shows."),
    # Subgroups of the true group
    _error("equivariance/e_<subgroup>", "E <subgroup>", table="subgroups", meaning=
           "E with group elements of one named subgroup alone."),
    _error("equivariance/e_prime_<subgroup>", "E′ <subgroup>", table="subgroups", meaning=
           "E′ with group elements of one named subgroup alone."),
    # Discovered generators
    _verdict("symmetry/finds", "finds", better="higher", table="discovery", meaning=
             "1 for a run that finds the symmetry: the largest defect of the learned span is at most 0.1 (where the "
             "true map is not known: precision of at least 0.9), and recall is at least 0.9."),
    _verdict("symmetry/finds_part", "finds part", better="higher", table="discovery", meaning=
             "1 for a run that finds part of the symmetry, or all: the largest defect is at most 0.1, and recall is "
             "above 0."),
    _verdict("symmetry/false_discovery", "false discovery", better="lower", table="discovery", meaning=
             "1 for a run that declares a generator whose own defect is above 0.1 (where the true map is not known: "
             "whose precision is below 0.9)."),
    Score("symmetry/defect_sup", "largest defect", better="lower", low=0.0, high=math.sqrt(2.0), table="discovery",
          meaning="How far the worst generator of the learned span is from a symmetry of the true map on generic "
          "states: 0 for a symmetry, about 1 for a random generator; absent where the map or such states are not "
          "known."),
    Score("symmetry/defect_mean", "mean defect", better="lower", low=0.0, high=math.sqrt(2.0), table="discovery",
          meaning="The root mean square of that defect over the learned span."),
    _ratio("symmetry/precision", "precision", better="higher", table="discovery", meaning=
           "The share of the learned span that is a true symmetry, by what generators do to the data, whatever their "
           "basis or units."),
    _ratio("symmetry/precision_chance", "precision by chance", "The precision of a random span.",
           table="discovery", form="mean"),
    _ratio("symmetry/precision_on_data", "precision on data", better="higher", table="discovery", meaning=
           "On two bodies: precision against the larger algebra in which each 2-vector turns by an angle of its own, "
           "which labels on almost circular orbits do not exclude."),
    _ratio("symmetry/recall", "recall", better="higher", table="discovery", twin="symmetry/precision", meaning=
           "The share of the true symmetries that lies in the learned span; left out where all rows learn as many "
           "generators as there are, since it then is the precision."),
    _ratio("symmetry/recall_chance", "recall by chance", "The recall of a random span of the learned dimension.",
           table="discovery", form="mean", twin="symmetry/precision_chance"),
    Score("symmetry/dimension", "dimension / true", low=0.0, table="discovery", form="count",
          of="symmetry/true_dimension", meaning="The number of independent learned generators, beside the true one."),
    Score("symmetry/true_dimension", "true dimension", low=0.0, form="count", meaning=
          "The number of independent true generators that do something to the data."),
    Score("symmetry/largest_angle", "largest angle", better="lower", low=0.0, high=math.pi / 2.0, unit="rad",
          table="discovery", meaning="The largest principal angle between the learned and the true span."),
    Score("symmetry/grassmann", "Grassmann distance", better="lower", low=0.0, table="discovery", meaning=
          "The root of the sum of the squared principal angles, where each dimension that one span has more than the "
          "other counts as a right angle."),
    Score("symmetry/grassmann_chance", "Grassmann by chance", low=0.0, table="discovery", form="mean", meaning=
          "The Grassmann distance expected of a random span of the learned dimension."),
    _ratio("symmetry/time_flow_share", "time flow share", better="lower", table="discovery", meaning=
           "On two bodies: the share of the learned span that is the linear motion closest to the flow of time, on "
           "generic states."),
    Score("symmetry/declared", "declared", low=0.0, table="discovery", form="count", meaning=
          "The number of generators of strength 0.65 or more that the method also uses (they move inputs by a tenth "
          "of their size or more); a method without a predictor declares all."),
    _ratio("symmetry/strength", "strength", table="discovery", meaning=
           "How well validation examples moved by one generator alone fit the others, mean over generators: 1 as the "
           "original ones, 0 as examples that a random generator moves as far; a network of the evaluator judges."),
    _ratio("symmetry/strength_min", "least strength", meaning="The strength of the weakest generator."),
    _ratio("symmetry/leakage_<part>", "<part> share", better="lower", table="discovery", meaning=
           "The share of the learned generators (squared Frobenius norm) in a part of the search space that is not a "
           "symmetry here, such as the shifts of an image."),
    _ratio("symmetry/closure_defect", "closure defect", better="lower", table="discovery", meaning=
           "How far the learned span is from being closed under brackets, in the field product; 0 for an algebra."),
    _error("equivariance/learned_e_prime", "learned E′", table="discovery", meaning=
           "E′ with group elements drawn from what the method learned."),
    _error("equivariance/learned_e", "learned E", "E with group elements drawn from what the method learned."),
    Score("symmetry/angle_rate", "angle rate", "How fast a single learned rotation turns.",
          unit="rad per unit coefficient", low=0.0, table="discovery"),
    Score("symmetry/angle_rate_rel", "rate / unit angle", low=0.0, table="discovery", meaning=
          "The angle rate against the smallest turn of a discrete group; only whole multiples are symmetries, which "
          "the cosine cannot see."),
    _ratio("symmetry/cosine", "cosine", better="higher", table="discovery", meaning=
           "The cosine with the textbook's matrices, entry by entry, as papers report it; a right symmetry written in "
           "another basis scores low, so it is not a test of correctness."),
    Score("symmetry/mae", "MAE", better="lower", low=0.0, table="discovery", meaning=
          "The mean absolute difference from the textbook's matrices, entry by entry, at their norm and sign."),
    _ratio("symmetry/found_<generator>", "<generator>", better="higher", table="found", form="mean", meaning=
           "The share of one true generator's field that lies in the learned span."),
    # Costs
    _cost("cost/fit_s", "fit", "Time of fitting.", unit="s", form="interval"),
    _cost("cost/predict_s", "predict", "Time of predicting the whole test set.", unit="s", form="mean"),
    _cost("cost/passes", "training passes", "Examples forward and backward through the network, copies counted.",
          better=""),
    _cost("cost/steps", "steps", "Steps of the optimisers.", better=""),
    _cost("cost/samples_per_s", "samples", "Training examples per second of fitting, copies not counted.",
          unit="1/s", better="higher"),
    _cost("cost/peak_rss_mb", "peak memory", "Peak resident memory of the process.", unit="MB"),
    _cost("cost/peak_device_mb", "peak device memory", "Peak memory on the accelerator.", unit="MB"),
    _cost("cost/parameters", "parameters", "Trainable parameters.", better=""),
])  # fmt: skip
