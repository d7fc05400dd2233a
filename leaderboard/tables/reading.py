"""What the boards' columns and figures mean, for the foot of the index; that of a score is in the table of scores."""

from __future__ import annotations

from bench.metrics import scores

TITLE = "How to read the tables"

ROWS = """\
- **Rows.** There is one per method, search space, budget and changed parameters; its name says what was changed. The
  rank is by the primary metric in every table.
- **Mean ± half the width of its 95 % interval** (Student's t over seeds, from three seeds; the mean alone where all
  seeds agree). All seeds of a task share the data and the split; a seed changes the initial weights, the order of the
  batches and the random group elements. So an interval says nothing about other data.
- **Bold.** The best row of its pool, and those with a result for every seed that an exact sign-flip test against the
  best alone, on differences paired by seed, does not tell apart from it (p > 0.05; from six common seeds on).
- **tied.** Rows of one pool that share a letter are not told apart when all pairs of the pool are tested at once
  (exact sign flips, step-down max-T of Westfall and Young, error rate 5 % per pool). That is a strict test: sharing a
  letter is not evidence of being equal, and rows with a wide spread or with failed seeds share many. Only rows with
  six or more common seeds have letters: with fewer no exact paired test can reach 5 %.
- **Typical difference.** Below the table stands the mean paired difference that a paired t-test on these seeds finds
  four times in five, at the median spread of the pairs. Steady pairs are told apart by less, unsteady ones need more.
- **n ok.** Seeds with a result / seeds recorded. A seed without one is listed with its status and reason. Means are
  over the seeds with a result (fewer are marked as n=…), but ranks, letters and bold count a failed seed as the
  constant predictor; so a row may stand below one of a worse mean. A row without any result has no rank.
- **told.** What a method knows beyond the data: `none` (only the widest search space), `cardinality` (how many
  generators), `mask` (a narrower search space), `group` (the true symmetry). Methods told the group are ranked in a
  pool of their own: G1, G2, ….
- **published.** The paper's number, as printed there; its settings and data may differ from ours.
- **Costs** can be compared only between rows with the same hardware letter; `*` marks a mean over different hardware.
"""
FIGURES = """\
- **Figures.** *Generators*: red is positive and blue negative, at norm 1, since a generator's length is a choice of
  unit; of several, only the span means something, so they are turned onto the textbook's. *Computed*: one basis of the
  true algebra, up to matrices that do nothing to these data, which is why it need not look like the textbook's.
  *Sampled augmentations*: what a method that is given these generators is trained on. *Against the angle*: level where
  the method respects the symmetry; a dip lies at angles it has not learned. *Trace of the basis*: when in training the
  generators took their direction. Methods told the group, and pipelines that reuse a discoverer's generators, are left
  out where they would only repeat a table row or a picture.
- **Reproducing.** Every page lists the command of every row; `python -m bench leaderboard` makes the pages again from
  the stored records, byte for byte.
"""


def reading() -> str:
    """A list in markdown: rows, then every column that shows a score, then figures."""
    columns = "".join(f"- `{score.title}`: {score.meaning}\n" for score in scores.SCORES if score.table)
    return ROWS + columns + FIGURES
