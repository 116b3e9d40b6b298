"""requirements.lock, and the command that makes it."""

import re
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests import lock

ROOT = Path(__file__).parent.parent
SHA256 = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def requirements(text: str) -> dict[str, list[Requirement]]:
    """Those of a requirements file, without hashes, by name."""
    found = {}
    for line in re.sub(r"\\\n", " ", text).splitlines():
        line = line.partition("#")[0].partition(" --hash")[0].strip()
        if line:
            found.setdefault(canonicalize_name(Requirement(line).name), []).append(
                Requirement(line)
            )
    return found


LOCKED = requirements(lock.LOCK.read_text("utf-8"))
WANTED = requirements(lock.WANTED.read_text("utf-8"))


def here(each: Requirement) -> bool:
    """Whether it is for this Python and this system."""
    return each.marker is None or each.marker.evaluate()


def test_all_that_is_wanted_is_locked_to_one_version_that_is_wanted():
    for name, wanted in WANTED.items():
        for python in ("3.11", "3.12", "3.13"):
            place = {"python_version": python, "python_full_version": f"{python}.1"}
            (locked,) = (
                each
                for each in LOCKED[name]
                if each.marker is None or each.marker.evaluate(place | {"sys_platform": "linux"})
            )
            (pinned,) = locked.specifier
            assert pinned.operator == "=="
            for each in wanted:
                if each.marker is None or each.marker.evaluate(place):
                    assert pinned.version in each.specifier, (name, python)


def test_every_package_of_the_lock_has_the_hashes_of_its_files():
    text = re.sub(r"\\\n", " ", lock.LOCK.read_text("utf-8"))
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert len(lines) == sum(map(len, LOCKED.values())) > 50
    assert [line for line in lines if not SHA256.search(line)] == []


def test_what_the_packages_of_the_lock_need_is_in_it():
    """As far as those that are installed have the version of the lock."""
    known = 0
    for name, each in LOCKED.items():
        (locked, *_) = [one for one in each if here(one)] or [None]
        try:
            installed = distribution(name)
        except PackageNotFoundError:
            continue
        if locked is None or installed.version not in locked.specifier:
            continue
        known += 1
        needs = map(Requirement, installed.requires or [])
        missing = {
            need.name
            for need in needs
            if (need.marker is None or need.marker.evaluate({"extra": ""}))
            and canonicalize_name(need.name) not in LOCKED
        }
        assert missing == set(), name
    assert known > 0


def test_the_lock_has_the_build_of_pytorch_that_its_header_says_where_to_get():
    assert lock.LOCK.read_text("utf-8").startswith(lock.HEADER)
    (torch,) = LOCKED["torch"]
    assert str(torch) == lock.cpu_build(lock.WANTED.read_text("utf-8"))
    with pytest.raises(ValueError, match="not enough values"):
        lock.cpu_build("numpy==2")
    assert "-r requirements.lock" in (ROOT / ".ci" / "run").read_text()
