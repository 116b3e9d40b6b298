"""What this process writes to files, or hands to another one, while it is watched."""

import contextlib
import os
import sys
import tempfile

# Audit events of Python by which files come to be, or what is in memory goes elsewhere; and `open`.
EVENTS = {
    "os.mkdir",
    "os.rename",
    "os.link",
    "os.symlink",
    "os.truncate",
    "sqlite3.connect",
    "os.exec",
    "os.fork",
    "os.forkpty",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "subprocess.Popen",
    "socket.connect",
    "socket.sendto",
    "socket.sendmsg",
    "syslog.syslog",
}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_watching: list[list[str]] = []  # a hook cannot be removed, only told nothing


def _hook(event, args):
    if _watching and (event in EVENTS or (event == "open" and args[2] & WRITING)):
        for seen in _watching:
            seen.append(f"{event} {args[0]}")


sys.addaudithook(_hook)


@contextlib.contextmanager
def writes(folder, monkeypatch):
    """Yields a list, which tells when the block has ended what was written, by any thread.

    folder: empty; the home, working and temporary folder in the block, for what libraries in other
    languages write without an event.
    """
    seen = []
    with monkeypatch.context() as patch:
        for name in ("HOME", "TMPDIR", "TEMP", "TMP", "XDG_CACHE_HOME"):
            patch.setenv(name, str(folder))
        patch.setattr(tempfile, "tempdir", str(folder))
        patch.setattr(sys, "dont_write_bytecode", True)  # of modules that are imported late
        patch.chdir(folder)
        _watching.append(seen)
        try:
            yield seen
        finally:
            _watching.remove(seen)
            seen += [f"file {path}" for path in folder.rglob("*")]
