"""A server on this machine that speaks the Hugging Face Hub's protocol, and can be made to fail."""

import hashlib
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "1" * 40


@dataclass
class File:
    """A file of the Hub, and what shall go wrong with it.

    status: answered in place of the file.   code: with it, as the Hub's X-Error-Code.
    cut: after so many bytes the connection ends, for as many times as `cuts`.   etag: what the
    server says the SHA-256 is.   seconds: between two parts of the file.   cdn_status: answered
    to the download itself.
    """

    content: bytes
    status: int = 200
    code: str = ""
    cut: int = 0
    cuts: int = 0
    etag: str = ""
    seconds: float = 0.0
    cdn_status: int = 200
    commit: str = COMMIT

    @property
    def checksum(self) -> str:
        """What the server says the SHA-256 is."""
        return self.etag or hashlib.sha256(self.content).hexdigest()


@dataclass
class FakeHub:
    """files: by `owner/name/file`.   requests: what was asked, as (method, path, range).

    Files are found at /owner/name/resolve/REVISION/file, which sends on to /cdn/owner/name/file.
    """

    files: dict[str, File] = field(default_factory=dict)
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def __enter__(self):
        hub = self

        class Handler(_Handler):
            files, requests, stopped = hub.files, hub.requests, hub.stopped

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.stop()

    @property
    def url(self) -> str:
        """For HF_ENDPOINT."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        """From now on there is no network."""
        self.stopped.set()
        self._server.shutdown()
        self._server.server_close()

    def add(self, name: str, content: bytes, **faults) -> File:
        """Put a file on the Hub."""
        self.files[name] = File(content, **faults)
        return self.files[name]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    files: dict[str, File]
    requests: list
    stopped: threading.Event

    def log_message(self, *_):
        pass

    def do_HEAD(self):
        self._answer(body=False)

    def do_GET(self):
        self._answer(body=True)

    def _answer(self, body: bool) -> None:
        if self.stopped.is_set():  # a connection that was kept open
            self.close_connection = True
            return
        self.requests.append((self.command, self.path, self.headers.get("Range")))
        match = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/([^?]+)(?:\?.*)?", self.path)
        if match:
            self._resolve(match[1], match[2], f"{match[1]}/{match[3]}")
        elif self.path.startswith("/cdn/") and self.path[5:] in self.files:
            self._send(self.files[self.path[5:]], body)
        else:
            self._fail(404, "RepoNotFound")

    def _resolve(self, repo: str, revision: str, name: str) -> None:
        file = self.files.get(name)
        if file is None:
            known = any(other.startswith(f"{repo}/") for other in self.files)
            self._fail(404 if known else 401, "EntryNotFound" if known else "RepoNotFound")
        elif file.status != 200:
            self._fail(file.status, file.code)
        elif revision not in ("main", file.commit):
            self._fail(404, "RevisionNotFound")
        else:
            self.send_response(302)
            self.send_header("Location", f"/cdn/{name}")
            self._describe(file)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def _describe(self, file: File) -> None:
        self.send_header("X-Repo-Commit", file.commit)
        self.send_header("X-Linked-Etag", f'"{file.checksum}"')
        self.send_header("X-Linked-Size", str(len(file.content)))
        self.send_header("ETag", f'"{file.checksum}"')

    def _send(self, file: File, body: bool) -> None:
        if file.cdn_status != 200:
            self._fail(file.cdn_status, "")
            return
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range") or "")
        start = int(wanted[1]) if wanted else 0
        content = file.content[start:]
        self.send_response(206 if wanted else 200)
        self._describe(file)
        if wanted:
            end = len(file.content)
            self.send_header("Content-Range", f"bytes {start}-{end - 1}/{end}")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if not body:
            return
        if file.cuts > 0:
            file.cuts -= 1
            self.wfile.write(content[: file.cut])
            self.close_connection = True
            return
        part = max(1, len(content) // 20) if file.seconds else len(content)
        for at in range(0, len(content), max(1, part)):
            self.wfile.write(content[at : at + part])
            threading.Event().wait(file.seconds)

    def _fail(self, status: int, code: str) -> None:
        self.send_response(status)
        if code:
            self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()
