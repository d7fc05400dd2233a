"""Laws of QM9: the builder on a tiny archive written here, the reader, the published split, and the real file."""

from __future__ import annotations

import bz2
import dataclasses
import gzip
import hashlib
import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from bench.datasets import qm9, qm9_archive
from bench.datasets.cache import RemoteFile, data_dir, read_npz, save_npz_atomic, sha256_of
from bench.errors import BenchError

METHANE = """5
gdb 1\t157.7118\t157.70997\t157.70699\t0.\t13.21\t-0.3877\t0.1171\t0.5048\t35.3641\t0.044749\t-40.47893\t-40.476062\t\
-40.475117\t-40.498597\t6.469\t
C\t-0.0126981359\t 1.0858041578\t 0.0080009958\t-0.535689
H\t 0.002150416\t-0.0060313176\t 0.0019761204\t 0.133921
H\t 1.0117308433\t 1.4637511618\t 2.765748*^-4\t 0.133922
H\t-0.540815069\t 1.4475266138\t-0.8766437152\t 0.133923
H\t-0.5238136345\t 1.4379326443\t 9.063973*^-1\t 0.133923
1341.307\t1341.3284\t1341.365
C\tC\t
InChI=1S/CH4/h1H4\tInChI=1S/CH4/h1H4
"""
LIST = """
Some text on the list
====================
#   Index   SMILES
====================
      3         N
====================
"""


def molecule(gdb_id: int, homo: str) -> str:
    """A fluoride with its own number of hydrogens, so that no two molecules are of one size."""
    atoms = "".join(f"H\t{i}.5\t-{i}\t0.{gdb_id}\t0.1\n" for i in range(gdb_id))
    targets = "\t".join(["1.", "2.", homo, *"456789", "10", "11", "12"])
    return f"{gdb_id + 1}\ngdb {gdb_id}\t1\t2\t3\t{targets}\t\nF\t1*^-6\t0.\t-2.5*^2\t0.1\n{atoms}1.\nC\tC\nI\tI\n"


def archive_of(path: Path, members: dict[str, str | tarfile.TarInfo]) -> Path:
    with tarfile.open(path, "w:bz2") as tar:
        for name, member in members.items():
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member)
                continue
            info = tarfile.TarInfo(name)
            info.size = len(member)
            tar.addfile(info, io.BytesIO(member.encode()))
    return path


TINY = {f"dsgdb9nsd_{i:06}.xyz": METHANE if i == 1 else molecule(i, f"-0.{i}") for i in (2, 1, 3, 5)}


@pytest.fixture
def excluded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A list that excludes molecule 3, taken for the official one."""
    tiny = dataclasses.replace(qm9_archive.UNCHARACTERIZED, size=len(LIST), md5=hashlib.md5(LIST.encode()).hexdigest())
    monkeypatch.setattr(qm9_archive, "UNCHARACTERIZED", tiny)
    monkeypatch.setattr(qm9, "UNCHARACTERIZED", tiny)
    path = tmp_path / "qm9" / "uncharacterized.txt"
    path.parent.mkdir()
    path.write_text(LIST)
    return path


@pytest.fixture
def tiny(tmp_path: Path, excluded: Path) -> qm9.QM9:
    archive = archive_of(tmp_path / "tiny.tar.bz2", TINY)
    qm9_archive.build(archive, excluded, tmp_path / "qm9" / "qm9.npz")
    return qm9.load(tmp_path)


@pytest.fixture(scope="module")
def real() -> qm9.QM9:
    if not (data_dir() / "qm9" / "qm9.npz").exists():
        pytest.skip("qm9.npz is not in the cache folder")
    return qm9.load(data_dir())


def test_what_was_built_is_loaded_in_the_order_of_ids_without_the_excluded(tiny, tmp_path):
    assert tiny.gdb_id.tolist() == [1, 2, 5]
    assert tiny.n_atoms.tolist() == [5, 3, 6]
    assert tiny.offsets.tolist() == [0, 5, 8, 14]
    assert tiny.charges.tolist() == [6, 1, 1, 1, 1, 9, 1, 1, 9, 1, 1, 1, 1, 1]
    assert tiny.variant == "qm9-3"
    assert tiny.target_names[2] == "homo"
    assert tiny.target_units[2] == "Hartree"
    assert tiny.targets[:, 2].tolist() == [-0.3877, -0.2, -0.5]
    assert tiny.targets[0].tolist() == [
        *(0.0, 13.21, -0.3877, 0.1171, 0.5048, 35.3641, 0.044749, -40.47893, -40.476062, -40.475117, -40.498597, 6.469)
    ]
    assert tiny.sha256 == sha256_of(tmp_path / "qm9" / "qm9.npz")


def test_numbers_with_star_and_caret_are_read(tiny):
    assert tiny.positions[2, 2] == np.float32(2.765748e-4)
    assert tiny.positions[5].tolist() == [np.float32(1e-6), 0.0, -250.0]


def test_the_processed_file_has_the_documented_keys_and_types(tiny):
    arrays = read_npz(tiny.path)
    types = {key: (str(array.dtype), array.shape) for key, array in arrays.items()}
    assert types == {
        "gdb_id": ("int32", (3,)),
        "n_atoms": ("uint8", (3,)),
        "Z": ("int8", (14,)),
        "pos": ("float32", (14, 3)),
        "targets": ("float64", (3, 12)),
        "target_names": ("<U5", (12,)),
        "target_units": ("<U11", (12,)),
        "variant": ("<U5", ()),
    }


def test_prepare_builds_from_cached_downloads_and_then_uses_its_result(tmp_path, excluded, monkeypatch):
    archive = archive_of(tmp_path / "qm9" / "dsgdb9nsd.xyz.tar.bz2", TINY)
    content = archive.read_bytes()
    unreachable = RemoteFile(
        archive.name, ("http://127.0.0.1:9/",), size=len(content), md5=hashlib.md5(content).hexdigest()
    )
    monkeypatch.setattr(qm9, "ARCHIVE", unreachable)
    assert [status for _, status in qm9.verify(tmp_path)] == ["missing", "ok: 1 excluded molecules", "ok"]
    out = qm9.prepare(tmp_path)
    assert qm9.load(tmp_path).variant == "qm9-3"
    archive.unlink()
    assert qm9.prepare(tmp_path) == out
    report = dict(qm9.verify(tmp_path))
    assert report == {
        "qm9/qm9.npz": f"ok: qm9-3, sha256 {sha256_of(out)}",
        "qm9/uncharacterized.txt": "ok: 1 excluded molecules",
    }


def test_an_archive_with_another_checksum_is_set_aside_and_never_read(tmp_path, excluded):
    archive = archive_of(tmp_path / "qm9" / qm9.ARCHIVE.filename, TINY)
    with pytest.raises(
        BenchError, match=r"qm9: dsgdb9nsd\.xyz\.tar\.bz2 has \d+ bytes, expected 86144227; the file was kept"
    ):
        qm9.prepare(tmp_path)
    assert archive.with_name(f"{archive.name}.bad").exists()
    assert not (tmp_path / "qm9" / "qm9.npz").exists()


def test_verify_names_what_is_bad_or_missing(tmp_path, excluded):
    (tmp_path / "qm9" / "qm9.npz").write_bytes(b"no zip")
    excluded.write_text("another list")
    report = dict(qm9.verify(tmp_path))
    assert "is damaged: not a complete .npz" in report["qm9/qm9.npz"]
    assert report["qm9/uncharacterized.txt"].startswith("bad: qm9: ")
    excluded.unlink()
    assert dict(qm9.verify(tmp_path))["qm9/uncharacterized.txt"] == "missing"


@pytest.mark.parametrize("keep", [0, 60, 0.5, 0.95], ids=["empty", "header", "half", "almost"])
def test_a_truncated_archive_is_named(tmp_path, excluded, keep):
    archive = archive_of(tmp_path / "cut.tar.bz2", TINY)
    content = archive.read_bytes()
    archive.write_bytes(content[: int(keep * len(content)) if keep < 1 else keep])
    with pytest.raises(BenchError, match=r"qm9: .*cut\.tar\.bz2 cannot be read to its end \(.+86144227 bytes") as error:
        qm9_archive.build(archive, excluded, tmp_path / "out.npz")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "out.npz").exists()


def test_a_tar_cut_between_members_is_not_a_whole_archive(tmp_path, excluded):
    archive = archive_of(tmp_path / "cut.tar.bz2", TINY)
    cut = bz2.decompress(archive.read_bytes())[: 2 * 1024 + 700]
    archive.write_bytes(bz2.compress(cut))
    with pytest.raises(BenchError, match="cannot be read to its end"):
        qm9_archive.build(archive, excluded, tmp_path / "out.npz")


@pytest.mark.parametrize("name", ["../evil.xyz", "/etc/evil.xyz", "a/../../evil.xyz", "..\\evil.xyz", "C:\\evil.xyz"])
def test_a_member_that_escapes_is_refused_by_name(tmp_path, excluded, name):
    archive = archive_of(tmp_path / "a.tar.bz2", TINY | {name: METHANE})
    with pytest.raises(BenchError) as error:
        qm9_archive.build(archive, excluded, tmp_path / "out.npz")
    assert f"qm9: a.tar.bz2 has a member outside the archive: {name!r}." in str(error.value)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE], ids=["symlink", "link", "fifo"])
def test_a_member_that_is_no_plain_file_is_refused_by_name(tmp_path, excluded, kind):
    link = tarfile.TarInfo("link.xyz")
    link.type = kind
    link.linkname = "/etc/passwd"
    archive = archive_of(tmp_path / "a.tar.bz2", TINY | {"link.xyz": link})
    with pytest.raises(BenchError, match=r"a member that is not a plain file of at most 65536 bytes: 'link\.xyz'"):
        qm9_archive.build(archive, excluded, tmp_path / "out.npz")


def test_folders_and_other_files_in_the_archive_are_passed_over(tmp_path, excluded):
    folder = tarfile.TarInfo("folder")
    folder.type = tarfile.DIRTYPE
    archive = archive_of(tmp_path / "a.tar.bz2", {"folder": folder, "readme.txt": "hello"} | TINY)
    assert read_npz(qm9_archive.build(archive, excluded, tmp_path / "out.npz"))["variant"] == "qm9-3"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "line 1 is not that of a QM9 xyz file"),
        (METHANE.replace("gdb", "xyz"), "line 2 is not"),
        (METHANE.replace("\t6.469", ""), "line 2 is not"),
        (METHANE.replace("H\t 1.01", "Xx\t 1.01"), "line 5 is not"),
        (METHANE.replace("9.063973*^-1", "nan"), "molecule 1 with 5 atoms has a number out of range"),
        (METHANE.replace("gdb 1\t", "gdb 133886\t"), "molecule 133886 with 5 atoms has a number out of range"),
    ],
)
def test_a_member_that_is_no_molecule_is_named_with_its_line(tmp_path, excluded, text, wrong):
    archive = archive_of(tmp_path / "a.tar.bz2", {"odd.xyz": text})
    with pytest.raises(BenchError, match=rf"qm9: odd\.xyz in a\.tar\.bz2: {wrong}"):
        qm9_archive.build(archive, excluded, tmp_path / "out.npz")


def test_a_molecule_that_comes_twice_and_an_empty_archive_are_refused(tmp_path, excluded):
    twice = archive_of(tmp_path / "twice.tar.bz2", {"a.xyz": METHANE, "b.xyz": METHANE})
    with pytest.raises(BenchError, match="has molecule 1 twice"):
        qm9_archive.build(twice, excluded, tmp_path / "out.npz")
    empty = archive_of(tmp_path / "empty.tar.bz2", {})
    with pytest.raises(BenchError, match="has no molecule"):
        qm9_archive.build(empty, excluded, tmp_path / "out.npz")


def test_the_list_is_read_plain_or_zipped_and_only_with_its_md5(tmp_path, excluded):
    zipped = tmp_path / "uncharacterized.txt.gz"
    zipped.write_bytes(gzip.compress(LIST.encode()))
    assert qm9_archive.read_uncharacterized(excluded).tolist() == [3]
    assert qm9_archive.read_uncharacterized(zipped).tolist() == [3]
    zipped.write_bytes(gzip.compress(LIST.replace("3", "4").encode()))
    with pytest.raises(BenchError, match=r"txt\.gz holds a list with md5 \w{32}, expected \w{32}\. Delete it"):
        qm9_archive.read_uncharacterized(zipped)
    zipped.write_bytes(zipped.read_bytes()[:-9])
    with pytest.raises(BenchError, match=r"cannot read .*uncharacterized\.txt\.gz"):
        qm9_archive.read_uncharacterized(zipped)


@pytest.mark.parametrize("text", ["", LIST.rstrip().rstrip("="), LIST.replace("      3 ", "      C ")])
def test_a_list_of_another_format_is_refused(text):
    with pytest.raises(BenchError, match="must have three rulers"):
        qm9_archive.parse_uncharacterized(text)


def broken(name: str):
    edits = {
        "lacks pos": lambda a: a.pop("pos"),
        "gdb_id is int64, expected int32": lambda a: a.update(gdb_id=a["gdb_id"].astype(np.int64)),
        r"Z has shape \(13,\), expected \(14,\)": lambda a: a.update(Z=a["Z"][:-1]),
        r"targets has shape \(3, 11\), expected \(3, 12\)": lambda a: a.update(targets=a["targets"][:, 1:].copy()),
        "target_names is .*'x'": lambda a: a.update(target_names=np.array(["x"] * 12)),
        "target_units is .*'eV'": lambda a: a.update(target_units=np.array(["eV"] * 12)),
        "gdb_id must increase": lambda a: a.update(gdb_id=a["gdb_id"][::-1].copy()),
        "Z must be one of": lambda a: a.update(Z=a["Z"] * 2),
        "pos must be finite": lambda a: a.update(pos=a["pos"] * np.float32(np.nan)),
        "targets must be finite or NaN": lambda a: a.update(targets=a["targets"] + np.inf),
        "variant must be a string": lambda a: a.update(variant=np.array(3)),
    }
    return edits[name]


@pytest.mark.parametrize(
    "wrong",
    [
        "lacks pos",
        "gdb_id is int64, expected int32",
        r"Z has shape \(13,\), expected \(14,\)",
        r"targets has shape \(3, 11\), expected \(3, 12\)",
        "target_names is .*'x'",
        "target_units is .*'eV'",
        "gdb_id must increase",
        "Z must be one of",
        "pos must be finite",
        "targets must be finite or NaN",
        "variant must be a string",
    ],
)
def test_a_processed_file_that_breaks_a_law_is_refused_with_that_law(tiny, tmp_path, wrong):
    arrays = read_npz(tiny.path)
    broken(wrong)(arrays)
    save_npz_atomic(tiny.path, **arrays)
    with pytest.raises(BenchError, match=rf"qm9\.npz is not a processed QM9 file: .*{wrong}.*data prepare qm9"):
        qm9.load(tmp_path)


def test_a_missing_or_truncated_processed_file_is_named(tiny, tmp_path):
    tiny.path.write_bytes(tiny.path.read_bytes()[:500])
    with pytest.raises(BenchError, match=r"qm9\.npz is damaged: not a complete"):
        qm9.load(tmp_path)
    tiny.path.unlink()
    with pytest.raises(BenchError, match=r"qm9\.npz is missing\. `python -m bench data prepare qm9`"):
        qm9.load(tmp_path)


def test_a_result_that_cannot_be_written_is_named(tmp_path, excluded):
    archive = archive_of(tmp_path / "a.tar.bz2", TINY)
    with pytest.raises(BenchError, match=r"qm9: cannot write .*SYMMETRY_BENCH_DATA"):
        qm9_archive.build(archive, excluded, archive / "out.npz")


def test_padding_has_charge_zero_and_unpadding_gives_the_molecules_back(tiny):
    index = np.array([2, 0, 1])
    x, y, n_atoms = qm9.padded(tiny, index, "homo")
    assert x.shape == (3, 6, 4)
    assert x.dtype == np.float32
    assert y.tolist() == [-0.5, -0.3877, -0.2]
    assert np.array_equal(n_atoms, (x[..., 0] > 0).sum(1))
    for row, k in enumerate(index):
        atoms = slice(tiny.offsets[k], tiny.offsets[k + 1])
        assert np.array_equal(x[row, : n_atoms[row], 0], tiny.charges[atoms])
        assert np.array_equal(x[row, : n_atoms[row], 1:], tiny.positions[atoms])
        assert (x[row, n_atoms[row] :] == 0).all()


def test_padding_nothing_gives_nothing(tiny):
    x, y, n_atoms = qm9.padded(tiny, np.array([], np.int64), "homo")
    assert (x.shape, y.shape, n_atoms.shape) == ((0, 0, 4), (0,), (0,))


def test_known_is_false_where_a_target_is_nan(tiny):
    tiny.targets[1, 3] = np.nan
    assert qm9.known(tiny, "lumo").tolist() == [True, False, True]
    assert qm9.known(tiny, "homo").all()


def test_an_unknown_target_is_named_with_a_suggestion(tiny):
    with pytest.raises(BenchError, match=r"unknown target 'hommo'; it must be one of mu, .*Did you mean 'homo'\?"):
        qm9.known(tiny, "hommo")


@pytest.mark.parametrize("missing", [[], [1, 7, 40], range(20, 60)], ids=["none", "few", "many"])
def test_the_split_of_an_incomplete_set_is_that_of_the_whole_without_the_missing(missing):
    excluded = np.array([2, 11, 30, 99])
    everything = np.setdiff1d(np.arange(1, 101), excluded)
    ids = np.setdiff1d(everything, np.array(missing, np.int64))
    parts = qm9.split_by_rank(ids, excluded, 100, (70, 16))
    order = np.random.RandomState(0).permutation(96)
    whole = [everything[order[:70]], everything[order[70:86]], everything[order[86:]]]
    for part, full in zip(parts, whole, strict=True):
        assert ids[part].tolist() == [i for i in full if i not in missing]


def test_the_split_refuses_excluded_molecules_and_a_missing_list(tiny, excluded):
    with pytest.raises(BenchError, match="the data hold 1 uncharacterized molecules, the first is 5"):
        qm9.split_by_rank(tiny.gdb_id, np.array([5]), 100, (70, 16))
    excluded.unlink()
    with pytest.raises(BenchError, match=r"the split needs uncharacterized\.txt or uncharacterized\.txt\.gz in "):
        qm9.official_split(tiny)


def test_the_real_file_has_methane_first_and_the_documented_molecules(real):
    assert real.gdb_id[0] == 1
    assert real.targets[0, 2] == -0.3877
    assert real.charges[:5].tolist() == [6, 1, 1, 1, 1]
    assert qm9.known(real, "homo").all()
    if real.variant == "qm9-f-free-128744":
        assert len(real.gdb_id) == 128_744
        assert 9 not in real.charges
        assert qm9.known(real, "lumo").sum() == 24_466


def test_the_median_predictor_has_the_documented_errors(real):
    if real.variant != "qm9-f-free-128744":
        pytest.skip(f"documented for qm9-f-free-128744, the cache folder has {real.variant}")
    for target, expected in (("homo", 435.6), ("lumo", 1043.6)):
        values = real.targets[qm9.known(real, target), list(qm9.TARGETS).index(target)]
        assert np.abs(values - np.median(values)).mean() * 27211.4 == pytest.approx(expected, abs=0.05)


def test_the_published_split_of_the_real_file_is_disjoint_and_complete(real):
    parts = qm9.official_split(real)
    assert np.array_equal(np.sort(np.concatenate(parts)), np.arange(len(real.gdb_id)))
    for part, full in zip(parts, (100_000, 17_748, 13_083), strict=True):
        assert 0.98 * full * len(real.gdb_id) / 130_831 < len(part) <= full
    # In the order of a permutation: the first thousand come from everywhere.
    assert abs(np.mean(parts[0][:1000]) / len(real.gdb_id) - 0.5) < 0.03


def test_bond_lengths_of_the_real_file_are_in_angstrom(real):
    x, y, n_atoms = qm9.padded(real, np.arange(200), "homo")
    for row in range(200):
        atoms = x[row, : n_atoms[row], 1:]
        apart = np.linalg.norm(atoms[:, None] - atoms[None], axis=-1) + 9 * np.eye(len(atoms))
        assert 0.9 < apart.min() < 1.6
    assert (y > -0.5).all()
    assert (y < -0.1).all()
