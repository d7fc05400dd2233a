"""Laws of the discriminators: one logit a pair, both sides matter, the layout and the published size."""

import pytest
import torch

from bench.metrics.cost import parameter_count
from bench.nn.discriminators import ImageDiscriminator, VectorDiscriminator


@pytest.fixture
def rng():
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize("steps", [1, 3])
def test_the_vector_one_gives_a_logit_per_pair_and_sees_both_sides(rng, steps):
    judge = VectorDiscriminator((steps, 8), (1, 8), 16)
    x, y = torch.randn(5, steps, 8, generator=rng), torch.randn(5, 1, 8, generator=rng)
    logits = judge(x, y)
    assert logits.shape == (5,)
    assert not torch.allclose(logits, judge(-x, y))
    assert not torch.allclose(logits, judge(x, -y))


def test_the_vector_one_is_the_published_mlp(rng):
    judge = VectorDiscriminator((1, 8), (1, 8), 32)
    oracle = torch.nn.Sequential(
        *(torch.nn.Linear(16, 32), torch.nn.LeakyReLU(0.2)),
        *(torch.nn.Linear(32, 32), torch.nn.LeakyReLU(0.2)),
        torch.nn.Linear(32, 1),
    )
    oracle.load_state_dict({f"{2 * i}.{name}": p for i, layer in enumerate(judge.layers)
                            for name, p in layer.named_parameters()})  # fmt: skip
    x, y = torch.randn(5, 1, 8, generator=rng), torch.randn(5, 1, 8, generator=rng)
    torch.testing.assert_close(judge(x, y), oracle(torch.cat([x, y], 2).flatten(1)).squeeze(1))


def test_the_image_one_gives_a_logit_per_pair_and_sees_the_label(rng):
    judge = ImageDiscriminator(4, 10).eval()
    x = torch.rand(3, 1, 28, 28, generator=rng)
    logits = judge(x, torch.zeros(3, dtype=torch.int64))
    assert logits.shape == (3,)
    # The head is linear in the embedding, so a label shifts every logit by the same amount.
    shift = judge(x, torch.full((3,), 7)) - logits
    assert shift[0].abs().item() > 1e-4
    torch.testing.assert_close(shift, shift[:1].expand(3))


def test_the_image_one_has_the_published_size():
    assert parameter_count(ImageDiscriminator(128, 10)) == pytest.approx(1.63e6, rel=0.01)


def test_dropout_is_seeded_from_outside_and_absent_in_evaluation(rng):
    judge = ImageDiscriminator(4, 2)
    x, y = torch.rand(4, 1, 8, 8, generator=rng), torch.tensor([0, 1, 0, 1])

    def logits(seed):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            return judge(x, y)

    assert torch.equal(logits(0), logits(0))
    assert not torch.equal(logits(0), logits(1))
    judge.eval()
    assert torch.equal(logits(0), logits(1))
