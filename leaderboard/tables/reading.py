"""What the boards' columns and figures mean, for the foot of the index."""

READING = """\
## How to read the tables

- **Rows.** One per method, search space, budget and changed parameters; what was changed is in its name. The rank is
  by the primary metric in every table.
- **Mean ± half the width of its 95 % interval** (Student's t over seeds, from three seeds). All seeds of a task share
  the data and the split; a seed changes the initial weights, the order of the batches and the random group elements.
  So an interval says nothing about other data.
- **Bold.** The best row of its pool, and those with a result for every seed that an exact sign-flip test against the
  best alone, on differences paired by seed, does not tell apart from it (p > 0.05; from six common seeds on).
- **tied.** Rows of one pool that share a letter are not told apart when all pairs of the pool are tested at once
  (exact sign flips, step-down max-T of Westfall and Young, error rate 5 % per pool). That is a strict test: sharing a
  letter is no evidence of being equal, and rows with a wide spread or with failed seeds share many. Only rows with
  six or more common seeds have letters: with fewer no exact paired test can reach 5 %.
- **Typical difference.** Below the table: the mean paired difference that a paired t-test on these seeds finds four
  times in five, at the median spread of the pairs. Steady pairs are told apart by less, unsteady ones need more.
- **n ok.** Seeds with a result / seeds recorded. A seed without one is listed with its status and reason. Means are
  over the seeds with a result (fewer are marked as n=…), but ranks, letters and bold count a failed seed as the
  constant predictor; so a row may stand below one of a worse mean. A row without any result has no rank.
- **told.** What a method knows beyond the data: `none` (only the widest search space), `cardinality` (how many
  generators), `mask` (a narrower search space), `group` (the true symmetry). Methods told the group are ranked in a
  pool of their own: G1, G2, ….
- **Primary metric.** On test data that no method has seen, predicted in the method's own way, which costs *passes*
  forward passes. Columns *plain* and *average* show the same trained model predicting by the network alone, and
  averaged over group elements: compare methods within one of these columns for equal cost per prediction.
- **E′.** How far f(gx) is from g f(x), averaged over test inputs and true group elements g, the same for all methods;
  0 for an equivariant predictor. *E′ rel. p95* is its 95th percentile over inputs, relative to the mean size of an
  output. *E* compares averages over g only, and vanishes for every linear map, equivariant or not. *Learned E′* uses
  the group that was found.
- **E′ floor.** On images: how far f moves when its input is turned there and back. Resampling alone does this to E′,
  so an E′ of about the floor is as good as 0.
- **within, beyond.** Score and E′ when upright test inputs are turned by angles on a grid over the full turn: means
  over the angles that the training data covers, and over those that it never showed.
- **precision, recall.** Generators are compared by what they do to the data, whatever their basis or units.
  Precision: share of the learned span that is a true symmetry. Recall: share of the true symmetries that was found.
  *Chance* is what random generators score. *On data* (two bodies): precision against the larger algebra in which each
  2-vector turns by an angle of its own, which labels on almost circular orbits do not exclude.
- **strength, declared.** How well the predictor does on validation examples moved by one generator alone: 1 as on the
  original ones, 0 as a constant. *Declared*: generators with at least 0.9 that the method also uses (they move inputs
  by a tenth of their size or more). A method without a predictor declares all.
- **dimension.** Independent generators found / true. **closure defect.** 0 when the span is closed under brackets.
- **angle rate.** Of a single rotation: radians per unit coefficient. *rate / unit angle*: against the smallest turn
  of a discrete group; only whole multiples are symmetries, which cosine cannot see.
- **cosine, MAE.** Entry by entry against the textbook matrices, as papers report it. A right symmetry written in
  another basis scores low, so they are no test of correctness.
- **translation share.** Share of the learned generators (squared Frobenius norm) that shifts the image, which is no
  symmetry here; 0 is best.
- **Costs** can be compared only between rows with the same hardware letter; `*` marks a mean over different hardware.
- **Figures.** *Generators*: red positive, blue negative, at norm 1, since a generator's length is a choice of unit;
  of several, only the span means something, so they are turned onto the textbook's. *Computed*: one basis of the true
  algebra, up to matrices that do nothing to these data, which is why it need not look like the textbook's. *Sampled
  augmentations*: what a method that is handed these generators is trained on. *Against the angle*: level where the
  method respects the symmetry; a dip lies at angles it has not learned. *Trace of the basis*: when in training the
  generators took their direction. Methods told the group, and pipelines that reuse a discoverer's generators, are
  left out where they would only repeat a table row or a picture.
- **published.** The paper's number, as printed there; its settings and data may differ from ours.
- **Reproducing.** Every page lists the command of every row; `python -m bench leaderboard` makes the pages again from
  the stored records, byte for byte.
"""
