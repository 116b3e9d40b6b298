"""What a program prints, on whatever terminal."""

import sys


def print_anywhere() -> None:
    """Have all that this process prints come out, in whatever encoding: what that lacks is escaped,
    as Python does on stderr by itself. Else print() fails, after the work was done, where a file's
    name is Chinese and a Windows console is not, or is no text at all."""
    for stream in (sys.stdout, sys.stderr):  # None where there is no console
        if getattr(stream, "errors", None) == "strict" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
