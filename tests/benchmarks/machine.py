"""What a measurement was made with, in words."""

import datetime
import os
import platform
import re
import sys
from pathlib import Path

import torch


def describe_machine() -> dict[str, str]:
    """Command, machine and date of this run."""
    cpuinfo = Path("/proc/cpuinfo")
    found = re.search(r"model name\s*: (.*)", cpuinfo.read_text()) if cpuinfo.exists() else None
    processor = found[1] if found else platform.processor()
    gpu = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    script = sys.argv[0].removesuffix(".py").split(os.sep + "tests" + os.sep)[-1]
    module = f"tests.{script.replace(os.sep, '.')}"
    return {
        "command": " ".join(["python", "-m", module, *sys.argv[1:]]),
        "machine": f"{os.cpu_count()} cores of {processor}{gpu}; torch {torch.__version__}",
        "date": datetime.date.today().isoformat(),
    }


def announce() -> dict[str, str]:
    """Print command, machine and date of this run, and return them."""
    report = describe_machine()
    print(f"{report['command']}\n{report['machine']}, {report['date']}\n", flush=True)
    return report


def markdown(headings: str, rows: list[str]) -> str:
    """A Markdown table; headings and rows with their cells set off by " | "."""
    lines = [headings, " | ".join(["---"] * (headings.count(" | ") + 1)), *rows]
    return "\n".join(f"| {line} |" for line in lines)
