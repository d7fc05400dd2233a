"""Laws of the origin that a record states."""

import subprocess

import pytest
import torch

from bench.records.provenance import _git, cpu_identity, environment

X86 = """processor	: 0
vendor_id	: {vendor}
cpu family	: 25
model		: {model}
model name	: AMD EPYC
stepping	: 1
flags		: fpu vme

processor	: 1
vendor_id	: other
"""
ARM = """processor	: 0
CPU implementer	: 0x41
CPU architecture: 8
CPU variant	: 0x3
CPU part	: 0xd0c
CPU revision	: 1
"""


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


@pytest.fixture
def identity_of(tmp_path, monkeypatch):
    """``identity_of(text of /proc/cpuinfo, instruction set)``."""

    def identity(text, capability="AVX2"):
        (tmp_path / "cpuinfo").write_text(text)
        monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
        return cpu_identity(tmp_path / "cpuinfo")

    return identity


def test_a_processor_is_its_vendor_family_model_stepping_and_instruction_set(identity_of):
    one = X86.format(vendor="AuthenticAMD", model=1)
    assert identity_of(one) == "AuthenticAMD family 25 model 1 stepping 1, AVX2"
    assert identity_of(ARM, "DEFAULT") == "0x41 family 8 model 0xd0c stepping 1, DEFAULT"
    others = [
        X86.format(vendor="AuthenticAMD", model=17),
        X86.format(vendor="HygonGenuine", model=1),
        one.replace("25", "26"),
        one.replace("stepping\t: 1", "stepping\t: 2"),
    ]
    identities = {identity_of(text) for text in [one, *others]} | {identity_of(one, "AVX512")}
    assert len(identities) == 6
    assert not any("EPYC" in identity for identity in identities)


def test_an_unknown_system_has_the_name_that_the_platform_gives(tmp_path):
    assert cpu_identity(tmp_path / "missing").endswith(f", {torch.backends.cpu.get_cpu_capability()}")


def test_a_record_on_the_processor_names_no_accelerator():
    env = environment("cpu")
    assert (env.cpu, env.gpu, env.threads) == (cpu_identity(), None, torch.get_num_threads())
