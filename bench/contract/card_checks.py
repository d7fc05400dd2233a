"""Checks of a method's card and parameters, of supports(), and of the record of a run."""

from __future__ import annotations

import dataclasses
import tempfile
from pathlib import Path
from typing import Any

from bench.api import TIERS, Method
from bench.api.cards import card_fault
from bench.api.parameters import Parameters, as_dict, from_values
from bench.contract.check import Examination, NotApplicable, Violation
from bench.errors import BenchError, nearest
from bench.records.cell import stages_of
from bench.records.record import Status
from bench.records.store import Store


def card_is_valid(examination: Examination) -> None:
    """The card is complete and consistent, and parameters have meanings and valid defaults and settings."""
    names = examination.check_names
    for stage in stages_of(examination.method).values():
        _check_card(stage)
        _check_parameters(stage)
        for name, reason in stage.known_failures.items():
            if name not in names:
                raise Violation(
                    f"known_failures names the check {name!r}.{nearest(name, names)} Allowed: {', '.join(names)}"
                )
            if not reason.strip():
                raise Violation(f"known_failures gives no reason for {name!r}; say in one line why it fails")


def _check_card(method: Method) -> None:
    card = method.card
    if (fault := card_fault(card)) is not None:
        raise Violation(fault)
    for field in ("title", "summary"):
        if not getattr(card, field).strip():
            raise Violation(f"card.{field} is empty; lists and boards show it")
    if card.knowledge not in TIERS:
        raise Violation(f"card.knowledge is {card.knowledge!r}; it must be one of {', '.join(TIERS)}")
    if card.consumes and card.discovers:
        raise Violation("the card says discovers and consumes; a method can be on one side of the + only")
    if card.searches and not card.discovers:
        raise Violation("the card says searches without discovers; set discovers=True, or searches=False")


def _check_parameters(method: Method) -> None:
    kind: Any = method.Params
    if not (isinstance(kind, type) and issubclass(kind, Parameters) and dataclasses.is_dataclass(kind)):
        raise Violation(f"Params is {kind!r}; it must be a frozen dataclass derived from Parameters")
    for spec in dataclasses.fields(kind):
        if not str(spec.metadata.get("meaning", "")).strip():
            raise Violation(f"parameter {spec.name!r} has no meaning; write it as parameter(default, meaning=...)")
    try:
        values = as_dict(kind())
        from_values(kind, values, owner=method.card.id)
        for settings in method.published.values():
            from_values(kind, settings, owner=method.card.id)
    except BenchError as error:
        raise Violation(str(error)) from error


def supports_says_why(examination: Examination) -> None:
    """supports() returns None or one line, and the method supports at least one kind of problem."""
    for subject in (*examination.subjects, *examination.odd):
        reason = subject.reason
        if reason is not None and not (isinstance(reason, str) and reason.strip() and "\n" not in reason):
            raise Violation(
                f"supports() gave {reason!r} on {subject.name}; it must give None, or the reason in one line"
            )
    if examination.on_toys and not any(s.reason is None for s in (*examination.subjects, *examination.odd)):
        raise NotApplicable(
            "supports() refuses vectors, images and point clouds alike, so no other check can run: "
            + "; ".join(f"{subject.name}: {subject.reason}" for subject in examination.subjects)
        )


def unsupported_is_said(examination: Examination) -> None:
    """A refused problem gives a record `unsupported`, and a problem that is not refused can be run."""
    for subject in (*examination.subjects, *examination.odd):
        if subject.reason is None and subject not in examination.odd:
            continue  # the other checks fit it
        record, _ = subject.run()
        expected = "ok" if subject.reason is None else "unsupported"
        if record.status not in {expected, "unsupported"}:
            raise Violation(
                f"supports() {'refused' if subject.reason else 'did not refuse'} {subject.name}, but the run ended as "
                f"{record.status} ({record.reason}); return the reason from supports(), or raise Unsupported"
            )
        if record.status is Status.UNSUPPORTED and not record.reason:
            raise Violation(f"{subject.name} is unsupported without a reason; say in one line what is missing")


def record_is_written(examination: Examination) -> None:
    """A complete run, with all scores, ends as a record `ok` that the store accepts."""
    for subject in examination.supported:
        record, arrays = subject.run()
        if record.status is not Status.OK:
            raise Violation(f"the run on {subject.name} ended as {record.status}: {record.reason}")
        with tempfile.TemporaryDirectory() as folder:
            written = Store(Path(folder)).write_outcome(subject.cell(0), record, arrays)
        steps, counted = written.cost.steps if written.cost else 0, subject.fit(0).ctx.steps
        if steps != counted:
            raise Violation(f"the record on {subject.name} says {steps} steps, counted {counted}")
