"""Laws of the cache folder, against a real HTTP server on this computer."""

from __future__ import annotations

import hashlib
import http.server
import pwd
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from bench.datasets import mnist, qm9
from bench.datasets.cache import (
    RemoteFile,
    data_dir,
    fetch,
    fetch_all,
    mismatch,
    read_npz,
    save_npz_atomic,
    sha256_of,
)
from bench.errors import BenchError

CONTENT = bytes(range(256)) * 4096  # 1 MiB
MD5 = hashlib.md5(CONTENT).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    """Serves ``files``; remembers ``(path, Range)`` of every request; ``cut`` bytes end a transfer early."""

    daemon_threads = True

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {"/data.bin": CONTENT}
        self.requests: list[tuple[str, str | None]] = []
        self.ranges = True
        self.cut: int | None = None
        super().__init__(("127.0.0.1", 0), Handler)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{path}"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.server.requests.append((self.path, wanted))
        content = self.server.files.get(self.path)
        if content is None:
            self.send_error(404)
            return
        start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and self.server.ranges else 0
        if start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start:][: self.server.cut])

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def remote(server: Server) -> Callable[..., RemoteFile]:
    def make(*paths: str, size: int = len(CONTENT), md5: str = MD5) -> RemoteFile:
        return RemoteFile("data.bin", tuple(server.url(p) for p in paths or ("/data.bin",)), size=size, md5=md5)

    return make


def test_a_file_is_downloaded_once_and_progress_ends_at_its_size(server, remote, tmp_path):
    seen = []
    path = fetch(remote(), tmp_path / "set", lambda *report: seen.append(report))
    assert path.read_bytes() == CONTENT
    assert seen[-1] == ("data.bin", len(CONTENT), len(CONTENT))
    assert fetch(remote(), tmp_path / "set") == path
    assert len(server.requests) == 1
    assert [p.name for p in path.parent.iterdir()] == ["data.bin"]


def test_a_truncated_part_is_resumed_with_a_range_request(server, remote, tmp_path):
    (tmp_path / "data.bin.part").write_bytes(CONTENT[:1000])
    assert fetch(remote(), tmp_path).read_bytes() == CONTENT
    assert server.requests == [("/data.bin", "bytes=1000-")]


def test_a_cut_connection_keeps_the_part_and_the_next_run_goes_on(server, remote, tmp_path):
    server.cut = 5000
    with pytest.raises(BenchError, match=r"ended after 5000 of 1048576 bytes"):
        fetch(remote(), tmp_path)
    server.cut = None
    assert fetch(remote(), tmp_path).read_bytes() == CONTENT
    assert server.requests[-1] == ("/data.bin", "bytes=5000-")


def test_a_server_without_range_sends_the_whole_file_again(server, remote, tmp_path):
    server.ranges = False
    (tmp_path / "data.bin.part").write_bytes(b"other bytes")
    assert fetch(remote(), tmp_path).read_bytes() == CONTENT


@pytest.mark.parametrize("stale", [b"x" * 1000, b"x" * len(CONTENT), b"x" * (len(CONTENT) + 1)], ids=len)
def test_a_stale_part_does_not_condemn_a_good_mirror(server, remote, tmp_path, stale):
    (tmp_path / "data.bin.part").write_bytes(stale)
    assert fetch(remote(), tmp_path).read_bytes() == CONTENT


def test_wrong_content_is_kept_as_bad_and_named_with_both_checksums(server, remote, tmp_path):
    wrong = bytes(len(CONTENT))
    server.files["/data.bin"] = wrong
    with pytest.raises(BenchError) as error:
        fetch(remote(), tmp_path / "qm9")
    assert str(error.value) == (
        f"qm9: data.bin has md5 {hashlib.md5(wrong).hexdigest()}, expected {MD5}; "
        "the file was kept as data.bin.bad. Delete it and run again."
    )
    assert (tmp_path / "qm9" / "data.bin.bad").read_bytes() == wrong
    assert not (tmp_path / "qm9" / "data.bin").exists()


def test_sha256_is_checked_too(server, tmp_path):
    remote = RemoteFile("data.bin", (server.url("/data.bin"),), size=len(CONTENT), sha256="0" * 64)
    with pytest.raises(BenchError, match=f"has sha256 {hashlib.sha256(CONTENT).hexdigest()}, expected 000"):
        fetch(remote, tmp_path)


def test_an_existing_file_of_wrong_size_is_set_aside_and_the_next_run_downloads(server, remote, tmp_path):
    (tmp_path / "data.bin").write_bytes(CONTENT[:-1])
    with pytest.raises(BenchError, match=r"data\.bin has 1048575 bytes, expected 1048576; .* kept as data\.bin\.bad"):
        fetch(remote(), tmp_path)
    assert server.requests == []
    assert fetch(remote(), tmp_path).read_bytes() == CONTENT


def test_a_mirror_that_offers_another_size_is_not_downloaded(server, remote, tmp_path):
    server.files["/data.bin"] = b"moved"
    with pytest.raises(BenchError, match=r"offers 5 bytes, expected 1048576"):
        fetch(remote(), tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("first", [None, b"moved", bytes(len(CONTENT))], ids=["404", "wrong_size", "wrong_content"])
def test_the_second_mirror_is_used_when_the_first_is_of_no_use(server, remote, tmp_path, first):
    if first is not None:
        server.files["/first"] = first
    assert fetch(remote("/first", "/data.bin"), tmp_path).read_bytes() == CONTENT
    assert [path for path, _ in server.requests] == ["/first", "/data.bin"]


def test_without_a_server_the_error_names_the_address_and_the_folder(server, tmp_path):
    port = server.server_address[1]
    server.server_close()
    remote = RemoteFile("data.bin", (f"http://127.0.0.1:{port}/data.bin",), size=7, md5=MD5)
    with pytest.raises(BenchError) as error:
        fetch(remote, tmp_path / "mnist")
    text = str(error.value)
    assert text.startswith(f"mnist: cannot download data.bin from http://127.0.0.1:{port}/data.bin (")
    assert f"or put the file (7 bytes, md5 {MD5}) into {tmp_path / 'mnist'} by hand" in text
    assert "\n" not in text


def test_all_files_that_cannot_be_downloaded_are_named_at_once_and_the_others_are_there(server, remote, tmp_path):
    absent = [RemoteFile(f"{n}.bin", (f"http://127.0.0.1:9/{n}.bin",), size=n, md5=MD5) for n in (7, 8)]
    with pytest.raises(BenchError) as error:
        fetch_all([absent[0], remote(), absent[1]], tmp_path / "set")
    for one in absent:
        assert f"{one.filename} ({one.size} bytes, md5 {MD5}) from {one.urls[0]}" in str(error.value)
    assert f"put them into {tmp_path / 'set'} by hand" in str(error.value)
    assert "\n" not in str(error.value)
    assert [path.name for path in (tmp_path / "set").glob("*.bin")] == [remote().filename]
    with pytest.raises(BenchError, match=r"cannot download 8\.bin from"):
        fetch_all([remote(), absent[1]], tmp_path / "set")


@pytest.mark.parametrize("module", [qm9, mnist], ids=lambda module: module.NAME)
def test_a_data_set_names_all_its_files_when_there_is_no_internet(module, tmp_path, monkeypatch):
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    with pytest.raises(BenchError) as error:
        module.prepare(tmp_path)
    for file in module.FILES.values() if module is mnist else (qm9.ARCHIVE, qm9.UNCHARACTERIZED):
        assert file.filename in str(error.value)


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    remote = RemoteFile("data.bin", ("http://127.0.0.1:9/",), size=1, md5=MD5)
    with pytest.raises(BenchError, match=r"set: cannot use .* for data\.bin: .*SYMMETRY_BENCH_DATA"):
        fetch(remote, tmp_path / "file" / "set")


def test_a_remote_file_without_checksum_or_mirror_is_refused():
    with pytest.raises(ValueError, match="needs a mirror and an md5 or sha256"):
        RemoteFile("data.bin", ("http://127.0.0.1/",), size=1)


def test_the_folder_is_the_variable_else_xdg_else_the_cache_of_the_home(monkeypatch, tmp_path):
    monkeypatch.setenv("SYMMETRY_BENCH_DATA", str(tmp_path))
    assert data_dir() == tmp_path
    monkeypatch.delenv("SYMMETRY_BENCH_DATA")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert data_dir() == tmp_path / "xdg" / "symmetry-bench"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert data_dir() == Path.home() / ".cache" / "symmetry-bench"


def test_saved_arrays_come_back_and_equal_arrays_give_equal_bytes(tmp_path):
    arrays = {"a": np.arange(6.0).reshape(2, 3), "name": np.array("x")}
    for name in ("one.npz", "two.npz"):
        save_npz_atomic(tmp_path / "deep" / name, **arrays)
    back = read_npz(tmp_path / "deep" / "one.npz")
    assert back.keys() == arrays.keys()
    assert all(np.array_equal(back[k], arrays[k]) for k in arrays)
    assert sha256_of(tmp_path / "deep" / "one.npz") == sha256_of(tmp_path / "deep" / "two.npz")
    assert sorted(path.name for path in (tmp_path / "deep").iterdir()) == ["one.npz", "two.npz"]


def test_a_failed_save_leaves_the_old_file_and_no_other(tmp_path, monkeypatch):
    path = tmp_path / "a.npz"
    save_npz_atomic(path, a=np.zeros(2))
    before = path.read_bytes()

    def full_disk(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full_disk)
    with pytest.raises(OSError, match="No space"):
        save_npz_atomic(path, a=np.ones(2))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_objects_are_never_saved(tmp_path):
    with pytest.raises(ValueError, match=r"arrays \['a'\] hold Python objects"):
        save_npz_atomic(tmp_path / "a.npz", a=np.array([object()]))


@pytest.mark.parametrize("keep", [0, 40, -30], ids=["empty", "begun", "almost"])
def test_a_truncated_npz_is_damaged_not_pickled(tmp_path, keep):
    path = tmp_path / "a.npz"
    save_npz_atomic(path, a=np.zeros(100))
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(ValueError, match=r"not a complete \.npz"):
        read_npz(path)


def test_a_flipped_bit_in_an_npz_is_found(tmp_path):
    path = tmp_path / "a.npz"
    save_npz_atomic(path, a=np.zeros(100))
    content = bytearray(path.read_bytes())
    content[400] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="CRC"):
        read_npz(path)


def test_mismatch_is_none_only_for_the_right_bytes(tmp_path):
    path = tmp_path / "data.bin"
    remote = RemoteFile("data.bin", ("http://127.0.0.1/",), size=len(CONTENT), md5=MD5)
    path.write_bytes(CONTENT)
    assert mismatch(remote, path) is None
    path.write_bytes(CONTENT[1:])
    assert mismatch(remote, path) == f"has {len(CONTENT) - 1} bytes, expected {len(CONTENT)}"


@pytest.mark.parametrize("chosen", [None, "", "~a_user_that_is_not_there/data"])
def test_a_home_that_cannot_be_determined_is_one_line_that_names_the_variable(chosen, monkeypatch):
    for name in ("HOME", "XDG_CACHE_HOME", "SYMMETRY_BENCH_DATA"):
        monkeypatch.delenv(name, raising=False)
    if chosen is not None:
        monkeypatch.setenv("SYMMETRY_BENCH_DATA", chosen)
    monkeypatch.setattr(pwd, "getpwuid", lambda uid: {}[uid])  # a user without an entry
    with pytest.raises(BenchError) as error:
        data_dir()
    assert "SYMMETRY_BENCH_DATA" in str(error.value)
    assert (chosen or "is not set") in str(error.value)
    assert "\n" not in str(error.value)
