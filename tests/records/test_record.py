"""A record is refused when it is read if it could not have been written."""

import json

import pytest

from bench.errors import BenchError
from bench.records.record import Cost, decode, encode


def damaged(record, path, value):
    """The record's file with another value at ``path`` ("cost.fit_s")."""
    content = json.loads(encode(record))
    *parents, last = path.split(".")
    part = content
    for name in parents:
        part = part[name]
    part[last] = value
    return json.dumps(content, sort_keys=True).encode()


def test_what_is_written_is_read(make_record):
    record = make_record("semola", search="mask2", scores={"symmetry/cosine": 1.0}, changed={"lr": 1, "flag": True})
    assert decode(encode(record), "x") == record


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("status", "fine", "Invalid enum value 'fine'"),
        ("cost.fit_minutes", 1.0, "unknown field `fit_minutes`"),
        ("seed", 10**30, r"seed`|Number out of range|Integer"),
        ("seed", -1, r"`\$\.seed`; it is -1"),
        ("task.id", "../../x", r"`\$\.task\.id`; it is '\.\./\.\./x'"),
        ("method.id", "a/b", r"`\$\.method\.id`; it is 'a/b'"),
        ("discovery", "toy@1/semola/x/seed0.json", "Expected `object | null`, got `str`"),
        ("changed", {"train_fraction": "half"}, "train_fraction is 'half', outside"),
        ("changed", {"train_fraction": 2.0}, "train_fraction is 2.0, outside"),
        ("cost", None, "its status is ok, and it has no cost"),
        ("arrays", "../../elsewhere.npz", "Expected `array`"),
        ("scores", {"test/mse": {"value": 1e155, "unit": "1", "higher_is_better": None}}, r"<= 1e\+100"),
        ("started", "yesterday", r"`\$\.started`; it is 'yesterday'"),
        ("schema", "run.v1", "is of an earlier protocol .run.v1, now run"),
    ],
)
def test_odd_values_are_refused_by_name_and_place(make_record, path, value, message):
    with pytest.raises(BenchError, match=message) as caught:
        decode(damaged(make_record(), path, value), "folder/seed0.json")
    assert "folder/seed0.json" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a": ' * 100_000,
        b"\xff\xfe",
        b"null",
        b'{"schema": "run.v3"}',
        b"NaN",
    ],
    ids=["empty", "half", "nested lists", "nested objects", "not UTF-8", "null", "nothing in it", "NaN"],
)
def test_what_is_not_a_record_is_one_line(content):
    with pytest.raises(BenchError, match="record 'x'") as caught:
        decode(content, "x")
    assert "\n" not in str(caught.value)


def test_a_field_that_stands_twice_is_refused(make_record):
    twice = encode(make_record()).replace(b'"seed": 0', b'"seed": 1,\n "seed": 0')
    with pytest.raises(BenchError, match="a field twice"):
        decode(twice, "x")


def test_line_ends_and_indentation_do_not_matter(make_record):
    record = make_record()
    assert decode(encode(record).replace(b"\n", b"\r\n"), "x") == record


def test_the_cost_of_a_discovery_is_added_to_that_of_its_consumer():
    common = {"predict_s": 1.0, "forward_passes": 2}
    consumer = Cost(
        fit_s=2.0,
        passes=100,
        steps=10,
        samples_per_s=100.0,
        parameters=7,
        peak_rss_mb=5.0,
        peak_device_mb=None,
        **common,
    )
    discovery = Cost(
        fit_s=6.0, passes=20, steps=30, samples_per_s=20.0, parameters=3, peak_rss_mb=9.0, peak_device_mb=4.0, **common
    )
    whole = consumer.with_discovery(discovery)
    assert (whole.fit_s, whole.passes, whole.steps, whole.parameters) == (8.0, 120, 40, 10)
    assert whole.samples_per_s * whole.fit_s == pytest.approx(100.0 * 2 + 20.0 * 6)
    assert (whole.peak_rss_mb, whole.peak_device_mb) == (9.0, 4.0)
    assert (whole.predict_s, whole.forward_passes) == (1.0, 2)
