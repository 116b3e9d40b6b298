"""What hostile calls are made of: any JSON, bombs, paths, and bodies that are no JSON."""

import base64
import io
import struct
import zipfile
import zlib

import numpy as np

API = "/gradio_api"


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *more: bytes, raw: bytes = b"") -> str:
    """A grey PNG that says it has this size, as a data URL; raw: what its pixels inflate to."""
    content = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
        + b"".join(more)
        + chunk(b"IDAT", zlib.compress(raw))
        + chunk(b"IEND", b"")
    )
    return f"data:image/png;base64,{base64.b64encode(content).decode()}"


def file(name: str, content: bytes) -> dict:
    """What the page sends where a visitor opens a file."""
    return {"name": name, "content": base64.b64encode(content).decode()}


def bombs() -> list:
    """Small values that are large when they are unpacked, or say that they are."""
    zeros = bytes(100_000_000)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr("w.npy", zeros)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f4", "fortran_order": False, "shape": (10**9, 512)}
    )
    text = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(zeros))
    masks = [
        png(60_000, 60_000),
        png(1024, 1024, raw=zeros),
        png(1024, 1024, text),
        png(1024, 1024, chunk(b"iCCP", b"a\0\0" + zlib.compress(zeros))),
    ]
    nested = b'{"format": "drag project", "version": 2, "entries": ' + b"[" * 900 + b"]" * 900
    return [
        *({"points": [], "mask": mask, "revision": 2**40} for mask in masks),
        *masks,
        file("a.npz", archive.getvalue()),
        file("a.npy", header.getvalue() + zeros[:500]),
        file("a.drag", nested + b"}"),
        file("a.drag", b"[" * 100_000),
        file("a.drag", b'{"entries": [' + b"1," * 200_000 + b"1]}"),
        file("a.drag", b"9" * 1_000_000),
        file("a.npz", b"PK\3\4" + zeros[:1000]),
    ]


PLAIN = [
    None,
    True,
    False,
    0,
    -1,
    1,
    5,
    1.5,
    2**53,
    -(2**63),
    1e308,
    -0.0,
    "",
    "0",
    "7",
    "-1",
    " ",
    "é",
    "x" * 70_000,
    "\0",
    "../secret.txt",
    "secret.txt",
    "/etc/passwd",
    "file:///etc/passwd",
    "builtin",
    "lions",
    "owner/name/file.pkl",
    "a@b/c/../../d.pt",
    "<img src=x onerror=alert(1)>",
    "W+",
    "w",
    "adam",
    "png",
    ".drag",
    "../../x.png",
    "face:5",
    "look:-1",
    "smile",
    "0:abc",
    "http://127.0.0.1/secret.txt",
    "data:image/png;base64,AAAA",
    "nan",
    "${7*7}",
    "{0.__class__}",
]
SHORT = [value for value in PLAIN if not isinstance(value, str) or len(value) < 99]
KEYS = [
    "points",
    "mask",
    "revision",
    "handle",
    "target",
    "key",
    "name",
    "content",
    "id",
    "index",
    "value",
    "url",
    "entries",
    "data",
    "format",
    "version",
    "model",
    "at",
    "saved",
    "__class__",
]
NOT_JSON = [  # bodies; the first ones are what only Python takes for JSON
    b'{"fn_index": 9, "data": [NaN]}',
    b'{"fn_index": 16, "data": [Infinity]}',
    b'{"fn_index": 16, "data": [1e400]}',
    b'{"fn_index": 19, "data": ["\\ud800", 1]}',
    b'{"fn_index": 19, "data": ["\xff", 1]}',
    b"",
    b"{",
    b"[]",
    b"null",
    b"5",
    b'"x"',
    b"[" * 100_000,
    b'{"data": ' + b"[" * 950 + b"]" * 950 + b', "fn_index": 9}',
    b'{"fn_index": 16, "data": [' + b"7" * 10_000 + b"]}",
    b'{"data": [' + b"1.5," * 1_000_000 + b'1], "fn_index": 9}',
    b'{"data": [[' + b"[]," * 200_000 + b'[]]], "fn_index": 9}',
    b'{"fn_index": 9, "data": ["' + b"A" * 12_000_000 + b'"]}',
    b'{"fn_index": 9, "data": "' + b"A" * 31_000_000 + b'"}',
    b'{"session_hash": "' + b"h" * 100_000 + b'", "fn_index": 0, "data": ["", ""]}',
]
PATHS = (
    [
        f"{API}/file={path}"
        for path in (
            "/etc/passwd",
            "../secret.txt",
            "secret.txt",
            "..%2fsecret.txt",
            "%2e%2e/secret.txt",
            "..%252fsecret.txt",
            "%2fetc%2fpasswd",
            "/etc/./passwd",
            "//etc/passwd",
            "file:///etc/passwd",
            "/proc/self/environ",
            "app.py",
            "{secret}",
            "{gradio}/../secret.txt",
            "{gradio}/%2e%2e/secret.txt",
            "{gradio}/" + "0" * 64 + "/../../secret.txt",
            "{gradio}/" + "0" * 64 + "/draggan-x/../../../secret.txt",
            "C:\\x",
            "%00",
            "a%00b",
            "http://127.0.0.1:1/",
            "https://example.com/",
            "\\\\host\\share",
        )
    ]
    + [
        f"{start}{path}"
        for start in (
            "/static/",
            "/assets/",
            "/svelte/",
            f"{API}/file/",
            f"{API}/custom_component/x/client/",
            "/theme.css/",
        )
        for path in (
            "../../../../../../etc/passwd",
            "..%2f..%2f..%2f..%2fetc/passwd",
            "/etc/passwd",
            "%2e%2e/%2e%2e/secret.txt",
            "....//....//etc/passwd",
            "..%5c..%5cx",
        )
    ]
    + [
        f"{API}/proxy=http://127.0.0.1:1/",
        f"{API}/proxy=https://evil.hf.space/",
        "/monitoring",
        "/monitoring/summary",
        "/monitoring/x",
        f"{API}/deep_link?session_hash=x",
        "/?deep_link=../../x",
        "/config?deep_link=..%2f..%2fx",
        f"{API}/runs",
        f"{API}/vibe-code/",
        f"{API}/dev/reload",
        f"{API}/stream/a/b/c/playlist.m3u8",
        f"{API}/upload_progress?upload_id=x",
        f"{API}/mcp/",
        f"{API}/queue/data?session_hash=guess",
        f"{API}/call/sample/guess",
        "/docs",
        "/pwa_icon/99999",
        "/__theme",
        "/gradio_api/theme.css?v=../..",
        "/manifest.json",
        "/robots.txt",
        "/nothing",
    ]
)
