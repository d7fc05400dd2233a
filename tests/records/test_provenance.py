"""Laws of the origin that a record states."""

import subprocess

from bench.records.provenance import _git


def test_a_checkout_of_another_user_says_its_commit(tmp_path, monkeypatch):
    git = ["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "first"], check=True)
    head = _git(tmp_path, "rev-parse", "HEAD")
    assert head
    assert len(head) == 40
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")  # git's own switch: as if the folder were another user's
    refused = subprocess.run([*git, "rev-parse", "HEAD"], capture_output=True, check=False)
    assert b"dubious ownership" in refused.stderr
    assert _git(tmp_path, "rev-parse", "HEAD") == head
