"""All sentences of the pages. Each function takes data and returns prose about it; nothing is computed here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bench.api import MethodCard, TaskCard
from bench.leaderboard.board.build import Disagreement
from bench.leaderboard.board.model import Board, Row, Section
from bench.leaderboard.tables.effort import WORKERS, Effort
from bench.leaderboard.tables.named_generators import FOUND, NamedGenerators
from bench.leaderboard.tables.prose import Block, item, paragraph
from bench.leaderboard.tables.text import counted, number
from bench.metrics import scores
from bench.records.estimate import OVERHEAD_S

#: Least difference between two scores in [0, 1] that a page mentions, and the most such lines on a page.
ROUGHLY, MAX_LINES = 0.1, 8

# The index

NO_RESULTS = paragraph("No results yet.")
HTML = paragraph(
    "`python -m bench leaderboard --html` writes the same boards as `index.html`, one page for a browser: sortable "
    "tables, filters, plots, and a panel for every run. It needs no server."
)


def not_shown(without_results: Iterable[str], unknown: Mapping[str, int], skipped: int) -> list[Block]:
    """Lists what a front page does not show.

    Args:
        without_results: tasks without a record.
        unknown: number of records of each task that is not installed.
        skipped: number of files that cannot be read.
    """
    empty = ", ".join(sorted(without_results))
    return [
        *([paragraph("No results yet: {tasks}.", tasks=empty)] if empty else []),
        *(
            paragraph(
                "{records} of `{task}`, a task that this installation does not know, {are} not shown.",
                records=counted(count, "record"),
                task=name,
                are="is" if count == 1 else "are",
            )
            for name, count in sorted(unknown.items())
        ),
        *left_out(skipped),
    ]


def left_out(skipped: int) -> list[Block]:
    """States how many files could not be read; empty if there are none."""
    if not skipped:
        return []
    text = "{files} in the place of a record cannot be read, and {are} left out."
    return [paragraph(text, files=counted(skipped, "file"), are="is" if skipped == 1 else "are")]


def remaking(effort: Effort) -> Block:
    """States the core hours that the records took."""
    names = "; ".join(f"{name} ({count:,})" for name, count in effort.machines)
    without = f" ({effort.without_cost:,} more ended without a cost)" if effort.without_cost else ""
    return paragraph(
        "These {cells:,} cells{without} took {hours:.1f} hours of one core: fitting and prediction as recorded, and "
        "{overhead:g} s each for the start of a process, data, evaluation and the record. Running them again takes "
        "{workers} workers about {again:.1f} hours: the sum of the cells, not the time of one run. Machines (cells): "
        "{names}.",
        cells=effort.cells,
        without=without,
        hours=effort.hours,
        overhead=OVERHEAD_S,
        workers=WORKERS,
        again=effort.hours / WORKERS,
        names=names,
    )


# A task and its sections


def task_about(task: TaskCard) -> Block:
    """Describes the task in one sentence."""
    return paragraph("`{id}`: {summary}.", id=task.id, summary=task.summary)


def ranked_by(task: TaskCard) -> Block:
    """Names the primary metric."""
    metric = task.metric
    return paragraph(
        "Ranked by `{name}`{unit} ({better} is better).",
        name=metric.name,
        unit="" if metric.unit == "1" else f", in {metric.unit}",
        better="higher" if metric.higher_is_better else "lower",
    )


def task_source(task: TaskCard) -> list[Block]:
    """Cites the source of the task; empty if its card names none."""
    return [paragraph("**Task:** {source}.", source=task.citation)] if task.citation else []


def method_about(name: str, card: MethodCard) -> Block:
    """Describes a method and cites its source."""
    source = f" {card.citation}." if card.citation else ""
    return item(
        "`{name}`: {title}; {summary}.{source}", name=name, title=card.title, summary=card.summary, source=source
    )


def facts(section: Section, data: str) -> list[Block]:
    """States data, numbers of examples and training of ``section``; ``data`` is their fingerprint."""
    lines = [item("Data: {notes} (fingerprint {data})", notes="; ".join(section.data_notes) or "no note", data=data)]
    sizes = "Examples: {0:,} training, {1:,} validation, {2:,} test"
    lines += [item(sizes.format(*numbers)) for numbers in section.sizes]
    if section.size is not None:
        training = "Training: {0.passes:,} passes, batches of {0.batch_size}, peak learning rate {0.lr:g}"
        lines.append(item(training.format(section.size)))
    return lines


def notes(section: Section) -> list[Block]:
    """Warns of differing data, stale rows and seeds without a result in ``section``."""
    lines = []
    if len(section.sizes) > 1:
        lines.append(paragraph("**The rows differ in their numbers of examples, so in their test sets (above).**"))
    for name in section.disagreeing:
        text = "**The records of one seed disagree about the reference {name}; the smallest value is shown.**"
        lines.append(paragraph(text, name=name))
    if any(row.stale for row in section.rows):
        lines.append(paragraph("Stale: the record is of an earlier version of the method or the task."))
    failures = [(row.label, failure) for row in section.rows for failure in row.failures]
    if failures:
        lines.append(paragraph("Seeds without a result:"))
    lines += [item("`{label}`, seed {f.seed}: {f.status}, {f.reason}", label=label, f=f) for label, f in failures]
    return lines


REPRODUCE = paragraph("The comment after each command is the key of its records.")


def detectable(board: Board, section: Section) -> list[Block]:
    """States the difference that a typical pair of rows needs; empty if no row has enough seeds."""
    if section.detectable is None:
        return []
    unit = "" if board.task.metric.unit == "1" else f" {board.task.metric.unit}"
    return [
        paragraph(
            "Difference that a typical pair of these rows needs to be told apart: {difference}{unit}.",
            difference=number(section.detectable, 2),
            unit=unit,
        )
    ]


def published_elsewhere(numbers: Mapping[str, float]) -> list[Block]:
    """Lists the paper's ``numbers`` of methods without a row; empty if there are none."""
    if not numbers:
        return []
    listed = ", ".join(f"{name} {value:g}" for name, value in sorted(numbers.items()))
    return [paragraph("Published, not run here: {listed}.", listed=listed)]


def hardware(letters: Mapping[str, str]) -> list[Block]:
    """Names the machine for each letter of the cost table."""
    return [item("Hardware {letter}: {name}", letter=letter, name=name) for name, letter in letters.items()]


# Discovered generators


def false_discoveries(rows: Sequence[Row]) -> list[Block]:
    """Lists what methods declare on a control, where there is nothing to discover."""
    lines = [
        paragraph("This task has no symmetry: every generator that is declared is a false discovery. Means over seeds:")
    ]
    for row in rows:
        declared, strength = row.entries.get("symmetry/declared"), row.entries.get("symmetry/strength")
        if declared is not None:
            how = (
                f", mean strength {number(strength.mean, 2)}" if strength else "; without a predictor it cannot decline"
            )
            lines.append(item("`{label}`: {n:.2g} declared{how}.", label=row.label, n=declared.mean, how=how))
    return lines


def disagreeing_scores(items: Sequence[Disagreement]) -> list[Block]:
    """Lists where the papers' scores and the field product disagree, and what that means."""
    if not items:
        return [paragraph("Cosine and precision agree within {roughly:g} on every row.", roughly=ROUGHLY)]
    lines = [
        paragraph(
            "Cosine and MAE, the papers' scores, compare entries with the textbook's matrices; precision compares what "
            "the generators do to these data. They disagree by more than {roughly:g}, means over seeds, largest first:",
            roughly=ROUGHLY,
        )
    ]
    lines += [_disagreement(one) for one in items[:MAX_LINES]]
    if len(items) > MAX_LINES:
        lines.append(item("and {more} more.", more=len(items) - MAX_LINES))
    return lines


def _disagreement(one: Disagreement) -> Block:
    meanings = []
    if one.precision - one.cosine > ROUGHLY:
        meanings.append("more of a true symmetry than its matrices show")
    elif one.cosine - one.precision > ROUGHLY:
        meanings.append("nearer to the textbook's matrices than to the true algebra")
    if one.on_data - one.precision > ROUGHLY:
        meanings.append(
            f"against all that the labels of these data allow precision is {number(one.on_data, 2)}: the data cannot "
            "tell, the true map can"
        )
    return item(
        "`{label}`: cosine {cosine}, MAE {mae}, precision {precision}; {meanings}.",
        label=one.row.label,
        cosine=number(one.cosine, 2),
        mae=number(one.mae, 2),
        precision=number(one.precision, 2),
        meanings="; ".join(meanings),
    )


FOUND_ABOUT = paragraph(
    "The table shows the share of each true generator's field that lies in the learned span, means over seeds: at 1 it "
    "is found, at 0 it is not. A wider span finds more by chance; precision, above, says how much of it is true."
)


def generators_found(lines: Iterable[NamedGenerators]) -> list[Block]:
    """States which generators each method found."""
    return [item("`{label}`: {what}.", label=line.label, what=_found_and_missed(line)) for line in lines]


def _found_and_missed(line: NamedGenerators) -> str:
    total = len(line.found) + len(line.partly) + len(line.missed)
    if len(line.found) == total:
        return f"all {total} found (each at least {FOUND:g})"
    parts = [f"{len(line.found)} of {total} found" + (f" ({', '.join(line.found)})" if line.found else "")]
    for word, names in (("partly", line.partly), ("missed", line.missed)):
        if names:
            parts.append(f"{word} {', '.join(names)}")
    return "; ".join(parts)


# Sweeps


def tuning_about(metric: str) -> Block:
    """Explains the numbers of the table of sweeps, which select by the validation score ``metric``."""
    return paragraph(
        "Each sweep tries parameters in independent studies and selects on the validation split alone, by `{metric}`; "
        "no test score is computed in it. The first trial of every study is the default. The tuned setting is the one "
        "with the median validation value among the best trials of the studies, so that a lucky search is not "
        "rewarded. Trials and hours are totals over all studies. The difference is tuned minus default on the test "
        "set, paired by seed, ± half the width of the 95 % interval of its mean.",
        metric=metric,
    )


# Claims

CLAIMS_TITLE = "Claims of the SEMoLA paper, measured"


def claims_about(small: tuple[str, int], long: tuple[str, int], waiting: int) -> list[Block]:
    """Explains the verdicts; ``small`` and ``long`` are a budget and the seeds that a criterion needs there."""
    blocks = [
        paragraph(
            "Each claim was written as criteria on rows before the runs. A criterion holds when it holds on each of at "
            "least {seeds} seeds, fails when it fails on each, and is open otherwise; a failed run finds nothing and "
            "loses every comparison. A claim is **confirmed** when all its criteria hold and **refuted** when one "
            'fails; where the sentence says "in most settings", more than half decide. Predictions are one forward '
            "pass.",
            seeds=small[1],
        ),
        paragraph(
            "The verdict is that of budget `{budget}` with the settings of the task family (rows called *published*: "
            "with their authors'). Beside it stands the verdict of budget `{long}` with at least {seeds} seeds, in "
            "bold where it differs. What this benchmark adds to the paper is marked *ours*.",
            budget=small[0],
            long=long[0],
            seeds=long[1],
        ),
    ]
    if waiting:
        words = "1 claim has no runs yet." if waiting == 1 else f"{waiting} claims have no runs yet."
        blocks.append(paragraph(words))
    return blocks


# The reading guide

READING_TITLE = "How to read the tables"
_READING_ROWS = """\
- **Rows.** There is one row per method, search space, budget and changed parameters; its name says what was changed.
  The rank is by the primary metric. The first table has every row; the tables below it add scores.
- **Mean ± half the width of its 95 % interval** (Student's t over seeds, from three seeds; the mean alone where all
  seeds agree). A seed draws the training data, the initial weights, the order of the batches and the random group
  elements; the test set is the same for all. A spread that rounds to 0 is shown as <0.001.
- **Bold.** The rows of a pool from the best downwards, up to the first that lacks a result for a seed or that an exact
  sign-flip test, on differences paired by seed, tells from the best (p at most 0.05). Such a test needs six common
  seeds, so nothing is bold where the best row has fewer.
- **tied.** Rows of one pool that share a letter are not told apart when all pairs of the pool are tested at once
  (exact sign flips, step-down max-T of Westfall and Young, error rate 5 % per pool). That is a strict test: sharing a
  letter is not evidence of being equal, and rows with a wide spread or with failed seeds share many. Only rows with
  six or more common seeds have letters: with fewer no exact paired test can reach 5 %.
- **Typical difference.** The number below the table is the mean paired difference that a paired t-test on these seeds
  detects four times in five, at the median spread of the pairs. Pairs with a smaller spread need less, others more.
- **n ok.** Seeds with a result / seeds recorded. A seed without one is listed with its status and reason. Means are
  over the seeds with a result (fewer are marked as n=…), but ranks, letters and bold count a failed seed as the
  constant predictor; so a row may rank below one with a worse mean. A row without any result has no rank.
- **told.** What a method knows beyond the data: `none` (only the widest search space), `cardinality` (how many
  generators), `mask` (a narrower search space), `group` (the true symmetry). Methods told the group are ranked in a
  pool of their own: G1, G2, ….
- **published.** The paper's number, as printed there; its settings and data may differ from ours.
- **finds.** Runs that find the symmetry / runs that could: sup defect at most 0.1 and recall at least 0.9. A failed run
  finds nothing. On a control, *false discoveries* counts runs that declare a generator that is not a symmetry.
- **Costs** can be compared only between rows with the same hardware letter; `†` marks a mean over different hardware.
"""
_READING_FIGURES = """\
- **Figures.** *Generators*: red is positive and blue negative, at norm 1, since a generator's length is a choice of
  unit; of several, only the span means something, so they are turned onto the textbook's. *Computed*: one basis of the
  true algebra, up to matrices that do nothing to these data, which is why it need not look like the textbook's.
  *Sampled augmentations*: what a method that is given these generators is trained on. *Against the angle*: the curve is
  level where the method respects the symmetry and dips at angles it has not learned. *Trace of the basis*: when in
  training the generators took their direction. Methods told the group, and pipelines that reuse a discoverer's
  generators, are left out where they would only repeat a table row or a picture.
- **Reproducing.** Every page lists the command of every row; `python -m bench leaderboard` rebuilds the pages from the
  stored records, byte for byte.
"""


def reading() -> list[Block]:
    """Explains the tables: rows, then every column that shows a score, then figures."""
    columns = [item("`{title}`: " + score.meaning, title=score.title) for score in scores.SCORES if score.table]
    return [*_items(_READING_ROWS), *columns, *_items(_READING_FIGURES)]


def _items(text: str) -> list[Block]:
    """List items from a text in the form of the two above, where continued lines are indented."""
    return [item(" ".join(part.split())) for part in text.removeprefix("- ").split("\n- ")]
