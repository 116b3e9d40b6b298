"""Write requirements.lock: what requirements.txt comes to, each package with its version and the
SHA-256 of each of its files.

    pip install uv==0.13.9
    python -m tests.lock             # changes no version but those that must change
    python -m tests.lock --upgrade   # takes the newest

PyTorch is its CPU build, which is not on the Python package index: its files are looked for where
pip is told to find links on this machine, else on PyTorch's own page, and those that are there are
locked. All else is for every system, and for Python 3.11 and later.
"""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

from networks.terminal import print_anywhere

ROOT = Path(__file__).parent.parent
LOCK, WANTED = ROOT / "requirements.lock", ROOT / "requirements.txt"
CPU = "https://download.pytorch.org/whl/cpu"
HEADER = f"""\
# What requirements.txt comes to; made by `python -m tests.lock`, whose docstring says more.
#
#     pip install --extra-index-url {CPU} -r requirements.lock
"""


def main() -> int:
    """Have uv work it out; returns its exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.lock")
    parser.add_argument("--upgrade", action="store_true", help="take the newest of all packages")
    args = parser.parse_args()
    command = [sys.executable, "-m", "uv", "pip", "compile", "--universal", "--generate-hashes"]
    command += ["--python-version", "3.11", "--constraint", "-"]
    command += ["--no-header", "--no-annotate", "--quiet"]
    command += ["--upgrade"] if args.upgrade else []
    for place in _told("find-links") or [f"{CPU}/torch/"]:
        command += ["--find-links", place]
    environment = dict(os.environ)
    for path in _told("cert"):
        environment.setdefault("SSL_CERT_FILE", path)
    run = subprocess.run(
        [*command, "--output-file", LOCK.name, WANTED.name],
        input=cpu_build(WANTED.read_text("utf-8")),
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    if run.returncode == 0:
        LOCK.write_text(HEADER + re.sub("^#.*\n", "", LOCK.read_text("utf-8"), flags=re.MULTILINE))
    return run.returncode


def cpu_build(wanted: str) -> str:
    """A constraint: the CPU build of the last PyTorch that requirements name."""
    *_, version = re.findall(r"^torch==([\d.]+)", wanted, re.MULTILINE)
    return f"torch=={version}+cpu"


def _told(name: str) -> list[str]:
    """What pip is told on this machine, by its settings or the environment."""
    pip = [sys.executable, "-m", "pip", "config", "list"]
    said = subprocess.run(pip, capture_output=True, text=True, check=True).stdout
    found = re.findall(rf"\.{name}='([^']*)'", said)
    return sorted({each for line in found for each in line.split()})


if __name__ == "__main__":
    print_anywhere()
    sys.exit(main())
