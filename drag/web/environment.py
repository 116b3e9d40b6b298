"""What the environment may do to the page. Gradio and what it is built on read some fifty
variables, most of them as they are imported: one that is wrong ends them there, and others open
what this page keeps closed."""

import atexit
import contextlib
import os
import shutil
import ssl
import sys
import tempfile
from collections.abc import Iterator, MutableMapping

MEANT = {  # of Gradio's, that mean here what Gradio says of them
    "GRADIO_HEARTBEAT_INTERVAL",
    "GRADIO_ROOT_PATH",
    "GRADIO_SERVER_NAME",
    "GRADIO_SERVER_PORT",
    "GRADIO_SHARE_SERVER_ADDRESS",
    "GRADIO_TEMP_DIR",
}
IDLE = {"WEB_CONCURRENCY"}  # of uvicorn: there is one server, which has all of the visitors
READ_LATER = {"GRADIO_SERVER_NAME", "GRADIO_SERVER_PORT"}  # by drag.web.listening


def settle() -> None:
    """Mend the environment of this process, say on stderr what of it counts for nothing, and import
    Gradio. Ends the process with one sentence where that cannot be."""
    try:
        tempfile.gettempdir()
    except OSError:
        sys.exit("app.py: no folder for temporary files can be written: set TMPDIR to another.")
    for sentence in mended(os.environ):
        print(f"app.py: {sentence}", file=sys.stderr)
    if spare := spare_folder(os.environ):
        atexit.register(shutil.rmtree, spare, ignore_errors=True)
    # Gradio makes clients as it is imported, which fail where a proxy is none that they know.
    with without(os.environ, READ_LATER | proxies(os.environ)):
        try:
            import gradio.http_server  # noqa: F401
        except ImportError as error:
            sys.exit(f"app.py: {error}: run pip install -r requirements.txt.")
        except Exception as error:
            named = [name for name, value in os.environ.items() if repr(value) in str(error)]
            said = " or ".join(named) or "some variable"
            sys.exit(f"app.py: Gradio fails on {said} of the environment: {error}.")


def mended(environ: MutableMapping[str, str]) -> list[str]:
    """Take out of an environment what would end or open the page; the sentences that say so."""
    said = []
    idle = {name for name in environ if name.startswith("GRADIO_")} - MEANT | IDLE & {*environ}
    for name in sorted(idle):
        del environ[name]
    if idle:
        said.append(f"the page does not heed {', '.join(sorted(idle))}: see --help.")
    root = environ.get("GRADIO_ROOT_PATH", "").rstrip("/")
    if "GRADIO_ROOT_PATH" in environ:  # "below/" is no path that anything begins with
        environ["GRADIO_ROOT_PATH"] = root if not root or "/" in root else f"/{root}"
    certificates = {"SSL_CERT_FILE": _has_certificates, "SSL_CERT_DIR": _has_a_folder}
    for name, is_there in certificates.items():
        if environ.get(name) and not is_there(environ[name]):
            said.append(f"{name} is left out: there are no certificates at {environ.pop(name)}.")
    return said


def _has_a_folder(path: str) -> bool:
    return any(map(os.path.isdir, path.split(os.pathsep)))  # OpenSSL takes several


def spare_folder(environ: MutableMapping[str, str]) -> str | None:
    """Have Gradio keep its files in a new folder where it cannot in its own, of another user
    perhaps; returns that, or None."""
    folder = environ.get("GRADIO_TEMP_DIR") or os.path.join(tempfile.gettempdir(), "gradio")
    try:
        os.makedirs(folder, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return None
    except OSError:
        environ["GRADIO_TEMP_DIR"] = spare = tempfile.mkdtemp(prefix="gradio-")
        return spare


def _has_certificates(path: str) -> bool:
    with contextlib.suppress(OSError, ValueError):  # of ssl, too
        ssl.create_default_context(cafile=path)
        return True
    return False


def proxies(environ: MutableMapping[str, str]) -> set[str]:
    """The names of the variables that name proxies."""
    return {name for name in environ if name.lower().endswith("_proxy")}


@contextlib.contextmanager
def without(environ: MutableMapping[str, str], names: set[str]) -> Iterator[None]:
    """As long as this lasts, an environment lacks these variables."""
    kept = {name: environ.pop(name) for name in names if name in environ}
    try:
        yield
    finally:
        environ.update(kept)
