"""Small files that try something on their reader: each must be refused, and none have an effect.

Those that would run something create a canary: a file, or a variable of the environment.
"""

import io
import os
import pickle
import struct
import zipfile
from pathlib import Path

import torch

VARIABLE = "DRAG_TEST_CANARY"
PROTO, STOP = b"\x80\x04", b"."
CLAIM = b'{"a":{"dtype":"F32","shape":[9999999],"data_offsets":[0,39999996]}}'


def text(words: str) -> bytes:
    """Pickles a text."""
    raw = words.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def named(module: str, name: str) -> bytes:
    """Pickles a global, by its name on the stack."""
    return text(module) + text(name) + b"\x93"


def called(module: str, name: str, arguments: bytes) -> bytes:
    """Pickles a call: arguments are opcodes that leave a tuple."""
    return named(module, name) + arguments + b"R"


def number(n: int) -> bytes:
    """Pickles a whole number."""
    return b"J" + struct.pack("<i", n)


def storage(count: int, data: bytes, claimed: int | None = None, key="0", tail=b"") -> bytes:
    """A stream of torch.save that holds one storage of floats."""
    system = pickle.dumps({"protocol_version": 1001, "little_endian": True, "type_sizes": {}}, 2)
    identity = (
        b"\x80\x02("
        + text("storage")
        + b"ctorch\nFloatStorage\n"
        + text(key)
        + text("cpu")
        + number(count)
        + b"NtQ."
    )
    head = [
        pickle.dumps(0x1950A86A20F9469CFC6C, 2),
        pickle.dumps(1001, 2),
        system,
        identity,
        pickle.dumps([key], 2),
    ]
    size = struct.pack("<q", count if claimed is None else claimed)
    return b"".join(head) + size + data + tail


def tensor(stream: bytes, offset: int, shape: tuple, strides: tuple) -> bytes:
    """Pickles a tensor on a storage."""
    inner = called(
        "torch.storage",
        "_load_from_bytes",
        b"B" + struct.pack("<I", len(stream)) + stream + b"\x85",
    )
    sizes = [b"(" + b"".join(map(number, side)) + b"t" for side in (shape, strides)]
    arguments = (
        b"("
        + inner
        + number(offset)
        + sizes[0]
        + sizes[1]
        + b"\x89"
        + called("collections", "OrderedDict", b")")
        + b"t"
    )
    return called("torch._utils", "_rebuild_tensor_v2", arguments)


def module(state: bytes, class_name="Generator") -> bytes:
    """Pickles a layer of NVIDIA's tools; state: opcodes that leave a dict."""
    meta = (
        b"}("
        + text("type")
        + text("class")
        + text("class_name")
        + text(class_name)
        + text("state")
        + state
        + b"u"
    )
    return called("torch_utils.persistence", "_reconstruct_persistent_obj", meta + b"\x85")


def dtype(kind: str) -> bytes:
    """Pickles a numpy type."""
    return called("numpy", "dtype", b"(" + text(kind) + b"\x89\x88t")


def archive(members: dict[str, bytes], compression=zipfile.ZIP_STORED) -> bytes:
    """A zip archive; a name may come twice, as a key with spaces behind it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as file:
        for name, content in members.items():
            file.writestr(name.rstrip(), content)
    return buffer.getvalue()


def hostile_files(canary: Path) -> dict[str, bytes]:
    """Files by what they try; canary: what those that run something would create."""
    touch = f"touch {canary}"
    python = f"open({str(canary)!r}, 'w'); import os; os.environ[{VARIABLE!r}] = '1'"

    class Evil:
        def __reduce__(self):
            return os.system, (touch,)

    evil = PROTO + called("posix", "system", text(touch) + b"\x85") + STOP
    sound = storage(4, bytes(16))
    saved = io.BytesIO()
    torch.save({"weight": torch.ones(3)}, saved)
    pickled = {
        "os.system": called("os", "system", text(touch) + b"\x85"),
        "eval": called("builtins", "eval", text(python) + b"\x85"),
        "exec of Python 2": called("__builtin__", "exec", text(python) + b"\x85"),
        "getattr": called("builtins", "getattr", named("os", "environ") + text("clear") + b"\x86"),
        "a dotted name of an allowed one": named("collections", "OrderedDict.__init__.__globals__"),
        "a dotted module": called("torch.serialization", "os.system", text(touch) + b"\x85"),
        "numpy's own loader": called("numpy", "load", text(str(canary)) + b"\x85"),
        "a hub download": called("torch.hub", "load", text("a/b") + text("c") + b"\x86"),
        "a look-alike of the tools": called(
            "evil;torch_utils.persistence", "_reconstruct_persistent_obj", b"}\x85"
        ),
        "decode": called("_codecs", "decode", b"C\x01x" + text("zip") + b"\x86"),
        "encode to another codec": called("_codecs", "encode", text("x") + text("rot13") + b"\x86"),
        "a call of a text": text("os.system") + text(touch) + b"\x85R",
        "an object of a class off the list": named("subprocess", "Popen") + b")\x81",
        "an object with arguments": named("collections", "OrderedDict") + text("x") + b"\x85\x81",
        "state for a name": named("collections", "OrderedDict") + b"}b",
        "state for a function": named("torch._utils", "_rebuild_tensor_v2") + b"N}\x86b",
        "layers of another network": called("torch.nn.modules.container", "Sequential", b")"),
        "a partial of a function off the list": named("functools", "partial")
        + b"("
        + named("os", "system")
        + b"tR",
        "a look-alike of layers": called("torch.nn;os", "system", text(touch) + b"\x85"),
        "INST": b"(" + text(touch) + b"iposix\nsystem\n",
        "OBJ": b"(" + named("posix", "system") + text(touch) + b"o",
        "the extension registry": b"\x82\x01",
        "NEWOBJ_EX": named("collections", "OrderedDict") + b")}\x92",
        "a persistent id": text("0") + b"Q",
        "a persistent id in text": b"P0\n",
        "POP": text("x") + text("y") + b"0",
        "DUP": text("x") + b"2",
        "text opcodes": b"I1\n",
        "a string of protocol 0": b"S'x'\n",
        "a long of four length bytes": b"\x8b\xff\xff\xff\x7f",
        "9 exabytes": b"\x8e" + struct.pack("<Q", 2**63),
        "4 GB": b"B\xff\xff\xff\xff",
        "a text of 4 GB": b"X\xff\xff\xff\xff",
        "memo 4294967295": b"Nr\xff\xff\xff\xffj\0\0\0\0",
        "a list as a key": b"}]Ns",
        "a deep tuple as a key": b"}" + b")" + b"\x85" * 90_000 + b"Ns",
        "nested without end": b"(" * 400_000,
        "a tuple in a tuple in ...": b")" + b"\x85" * 400_000,
        "numbers for another file": tensor(evil, 0, (1,), (1,)),
        "an archive for numbers": tensor(saved.getvalue(), 0, (1,), (1,)),
        "a pickle for a storage": called("torch.storage", "_load_from_bytes", b"C\x02N.\x85"),
        "beyond its storage": tensor(sound, 0, (5,), (1,)),
        "an offset beyond": tensor(sound, 4, (1,), (1,)),
        "a negative offset": tensor(sound, -1, (1,), (1,)),
        "a negative stride": tensor(sound, 3, (4,), (-1,)),
        "a stride of zero": tensor(sound, 0, (60_000, 60_000), (0, 0)),
        "a stride of millions": tensor(sound, 0, (2, 2), (2**30, 1)),
        "more numbers than there are": tensor(storage(2**30, bytes(16)), 0, (4,), (1,)),
        "fewer than nothing": tensor(storage(-1, bytes(16)), 0, (4,), (1,)),
        "two lengths": tensor(storage(4, bytes(16), claimed=2**40), 0, (4,), (1,)),
        "a tail behind numbers": tensor(storage(4, bytes(16), tail=evil), 0, (4,), (1,)),
        "a path for a key": tensor(storage(4, bytes(16), key="../../x"), 0, (4,), (1,)),
        "Python objects of numpy": called(
            "numpy.core.multiarray", "scalar", dtype("O8") + b"C\x01x\x86"
        ),
        "an array that is larger than its bytes": called(
            "numpy.core.multiarray",
            "_reconstruct",
            b"(" + named("numpy", "ndarray") + b"(K\0tC\x01bt",
        )
        + b"(K\x01("
        + number(2**30)
        + b"t"
        + dtype("f4")
        + b"\x89C\x04abcdtb",
        "a source text": module(b"}" + text("module_src") + text(python) + b"s"),
        "only a discriminator": b"}" + text("D") + module(b"}", "Discriminator") + b"s",
    }
    files = {name: PROTO + code + STOP for name, code in pickled.items()}
    cycle = b"}\x94" + text("_modules") + b"}" + text("x") + module(b"h\0") + b"ss"
    files["layers in themselves"] = PROTO + b"}" + text("G_ema") + module(cycle) + b"s" + STOP
    loop = io.BytesIO()
    pickle.dump(Evil(), loop)
    good = archive({"a/data.pkl": PROTO + b"}."})
    return files | {
        "a real pickle of os.system": loop.getvalue(),
        "a global of protocol 0": b"cos\nsystem\n.",
        "a second pickle behind the first": PROTO + b"}." + evil,
        "opcodes without end": PROTO + b"N" * 400_000,
        "no end": PROTO + b"}",
        "a stream with another pickle": storage(4, bytes(16)).replace(b"ctorch", b"cposix"),
        "an archive of os.system": archive({"a/data.pkl": evil}),
        "a zip bomb": archive({"a/data.pkl": bytes(50_000_000)}, zipfile.ZIP_DEFLATED),
        "an archive with code": archive({"a/data.pkl": PROTO + b"}.", "a/code/x.py": b"x"}),
        "an archive with a path": archive({"a/../../x": b"x", "a/data.pkl": PROTO + b"}."}),
        "an archive without a pickle": archive({"a/version": b"3"}),
        "half an archive": good[:-30],
        "an archive cut at the front": good[9:],
        "an empty file": b"",
        "a line of text": b"hello\n",
        "a web page": b"<!doctype html><title>404</title>",
        "zeros": bytes(4096),
        "a pointer of git-LFS": b"version https://git-lfs.github.com/spec/v1\noid 0\nsize 9\n",
        "safetensors with a header of 9 GB": struct.pack("<Q", 9 << 30) + b"{}",
        "safetensors that are cut": struct.pack("<Q", len(CLAIM)) + CLAIM + bytes(9),
    }
