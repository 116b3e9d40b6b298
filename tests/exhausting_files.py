"""Small files that would have their reader work without end, fill the memory, or stumble.

Each was found by a reviewer, and took 2 to 4 GB, ran for minutes, or ended in a traceback.
"""

import io
import json
import pickle
import struct
import zlib

import numpy as np
import torch

from tests.checkpoint_files import random_state, tensorflow_pickle
from tests.hostile_files import (
    PROTO,
    STOP,
    called,
    dtype,
    module,
    named,
    number,
    storage,
    tensor,
    text,
)

NAN = b"G" + struct.pack(">d", float("nan"))
LONG = b"\x8a\xfe" + b"\xff" * 253 + b"\x7f"  # a whole number of 254 bytes
LARGE = b"\x8a\x0a" + b"\xff" * 9 + b"\x7f"  # of ten, the most that is read
ONE = tensor(storage(1, bytes(4)), 0, (1,), (1,))


def _layers_of_layers() -> bytes:
    """Ten children a level, all the same one, under keys that are not equal to themselves."""
    layer = module(b"}") + b"q\x10"
    for level in range(11):
        children = NAN + layer + b"".join(NAN + b"h" + bytes([16 + level]) for _ in range(9))
        layer = module(b"}" + text("_modules") + b"}(" + children + b"us")
        layer += b"q" + bytes([17 + level])
    return layer


def _same_layers(state: bytes) -> bytes:
    """A network of 1,900 layers that are all one; state: opcodes that fill its dict."""
    leaf = module(b"}(" + state + b"u") + b"q\x02"
    rest = b"".join(text(str(i)) + b"h\x02" for i in range(1, 1900))
    return module(b"}" + text("_modules") + b"}(" + text("0") + leaf + rest + b"us")


def _many_weights() -> bytes:
    names = b"".join(text(f"p{i}") + b"h\x01" for i in range(1, 8000))
    return _same_layers(text("_parameters") + b"}(" + text("p0") + ONE + b"q\x01" + names + b"u")


def _shared_nones() -> bytes:
    items = b"}(" + b"".join(text("n" * 50 + str(i)) + b"N" for i in range(1990)) + b"u"
    return _same_layers(text("_parameters") + items + b"q\x05" + text("_buffers") + b"h\x05")


def _colliding_keys() -> bytes:
    """Numbers of which each takes the place where the next would go: with n of them, n^2 steps."""
    place, taken, size = 0, [], 2**18
    for _ in range(30_000):
        taken.append(place)
        place = (5 * place + 1) % size
    keys = b"".join(number(key) + b"N" for key in taken)
    more = b"".join(number(i * size) + b"N" for i in range(1, 8000))
    return b"}(" + keys + more + b"u"


def _one_variable() -> bytes:
    """A list of a hundred thousand times the same variable, for two networks."""
    pair = b"(" + text("4x4/Conv/bias") + b"G" + struct.pack(">d", 1) + b"tq\x01"
    variables = b"](" + pair + b"h\x01" * 100_000 + b"e"
    made = named("dnnlib.tflib.network", "Network") + b")\x81"

    def network(function, components, variables):
        return made + (
            b"}("
            + text("version")
            + number(4)
            + text("build_func_name")
            + text(function)
            + text("components")
            + components
            + text("variables")
            + variables
            + b"ub"
        )

    synthesis = network("G_synthesis_stylegan2", b"}", variables + b"q\x02")
    mapping = network("G_mapping", b"}", b"h\x02")
    parts = b"}(" + text("synthesis") + synthesis + text("mapping") + mapping + b"u"
    return network("G_main", parts, b"]")


def _sets() -> bytes:
    items = b"](" + b"".join(text(str(i)) for i in range(30_000)) + b"e"
    calls = b"(" + b"h\x01h\x00\x85R" * 20_000 + b"t"
    return items + b"q\x00" + named("builtins", "set") + b"q\x01" + calls


def _updates() -> bytes:
    items = b"}(" + b"".join(text(str(i)) + b"N" for i in range(30_000)) + b"u"
    return items + b"q\x00" + named("argparse", "Namespace") + b")\x81" + b"h\x00b" * 20_000


def _prefix() -> bytes:
    names = text("a." * 1_000_000 + "torch_utils.persistence") + b"q\x00"
    names += text("_reconstruct_persistent_obj") + b"q\x01"
    return names + b"\x93" + b"h\x00h\x01\x93" * 3000


def _streams() -> bytes:
    stream = storage(1, bytes(4))
    padding = pickle.dumps({"little_endian": True, "x": "x" * 2_000_000}, 2)
    plain = pickle.dumps({"protocol_version": 1001, "little_endian": True, "type_sizes": {}}, 2)
    stream = stream.replace(plain, padding)
    load = named("torch.storage", "_load_from_bytes") + b"q\x01"
    return (
        b"B" + struct.pack("<I", len(stream)) + stream + b"q\x00" + load + b"h\x01h\x00\x85R" * 5000
    )


def _state(weight: bytes, name="input.input") -> bytes:
    return b"}(" + text(name) + weight + text("style.1.weight") + ONE + b"u"


def _shaped(shape: bytes, strides: bytes) -> bytes:
    inner = storage(1, bytes(4))
    inner = called(
        "torch.storage", "_load_from_bytes", b"B" + struct.pack("<I", len(inner)) + inner + b"\x85"
    )
    return called(
        "torch._utils",
        "_rebuild_tensor_v2",
        b"("
        + inner
        + number(0)
        + shape
        + strides
        + b"\x89"
        + called("collections", "OrderedDict", b")")
        + b"t",
    )


def _member(name: bytes, content: bytes, offset: int) -> bytes:
    return (
        b"PK\1\2"
        + struct.pack(
            "<HHHHHHIIIHHHHHII",
            20,
            20,
            0,
            0,
            0,
            0,
            zlib.crc32(content),
            len(content),
            len(content),
            len(name),
            0,
            0,
            0,
            0,
            0,
            offset,
        )
        + name
    )


def overlapping(members: int, size: int, zip64_locator: bool = False) -> bytes:
    """An archive whose members are all the same bytes, checked again for each of them."""
    content = PROTO + b"}" + STOP + bytes(size)
    head = struct.pack(
        "<HHHHHIIIHH", 20, 0, 0, 0, 0, zlib.crc32(content), len(content), len(content), 10, 0
    )
    body = b"PK\3\4" + head + b"a/data.pkl" + content
    directory = b"".join(
        [
            _member(b"a/data.pkl", content, 0),
            *(_member(b"a/data/%d" % i, content, 0) for i in range(members)),
        ]
    )
    count = min(members + 1, 65535)
    locator = bytes(56) + b"PK\6\7" + bytes(16) if zip64_locator else b""
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(directory), len(body), 0)
    return body + directory + locator + b"PK\5\6" + end


def _saved(state: dict) -> bytes:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def exhausting_files() -> dict[str, bytes]:
    """Files by what they try."""
    wide = random_state(mapping_layers=1)
    del wide["mapping.w_avg"]
    wide["mapping.fc0.weight"] = torch.zeros(24, 20_000)
    half = torch.zeros(500_000, dtype=torch.bfloat16)
    gain = module(
        b"}"
        + text("_modules")
        + b"}"
        + text("mapping")
        + module(
            b"}"
            + text("_modules")
            + b"}"
            + text("fc0")
            + module(b"}" + text("bias_gain") + LONG + b"s")
            + b"ss"
        )
        + b"ss"
    )
    odd = random_state() | {"x.\nline two \x1b[31m" + "y" * 3000: torch.zeros(1, dtype=torch.bool)}
    odd["mapping.w_avg"] = torch.full((24,), torch.nan)
    double = random_state()
    double["mapping.w_avg"] = torch.full((24,), 1e300, dtype=torch.float64)
    signalling = random_state()
    signalling["mapping.w_avg"] = torch.full((24,), 0x7FF0000000000001).view(torch.float64)
    biases = [(f"{i}x{i}/Conv1/mod_bias", np.zeros(250_000, np.float32)) for i in (4, 8)]
    biases += [(f"{i}x{i}/Conv1/mod_bias", biases[0][1]) for i in range(9, 1900)]
    shared = [
        (f"{size}x{size}/{layer}/{part}", biases[0][1])
        for size in (4, 8, 16, 32, 64)
        for layer in ("Conv", "Conv0_up", "Conv1", "ToRGB", "Skip")
        for part in ("bias", "mod_bias", "noise_strength")
    ]
    pickled = {
        "layers of layers": _layers_of_layers(),
        "many weights of many layers": _many_weights(),
        "a set of a list, again and again": _sets(),
        "options, again and again": _updates(),
        "a long name, again and again": _prefix(),
        "a stream, again and again": _streams(),
        "many nothings of many layers": _shared_nones(),
        "colliding keys": _colliding_keys(),
        "one variable, again and again": _one_variable(),
        "a wide key": b"}" + text("G." * 1000 + "x" * 1_000_000 + "\U0001f600") + b"Ns",
        "a gain of 254 bytes": gain,
        "f1": called("numpy.core.multiarray", "scalar", dtype("f1") + b"C\x01x\x86"),
        "a shape of 254 bytes": _state(
            _shaped(b"(" + number(0) + LONG + b"t", b"(" + number(1) * 2 + b"t")
        ),
        "a shape of ten bytes": _state(
            _shaped(b"(" + number(0) + LARGE + b"t", b"(" + number(1) + LARGE + b"t")
        ),
        "a stride of ten bytes": _state(_shaped(b"(" + number(1) + b"t", b"(" + LARGE + b"t")),
        "a stride of 254 bytes": _state(_shaped(b"(" + number(1) + b"t", b"(" + LONG + b"t")),
        "a shape without numbers": _state(
            _shaped(b"(" + number(0) + number(1) * 4 + b"t", b"(" + number(1) * 5 + b"t")
        ),
        "noise without numbers": _state(
            _shaped(b"(" + number(0) * 4 + b"t", b"(" + number(1) * 4 + b"t"), "noises.noise_0"
        ),
    }
    files = {name: PROTO + code + STOP for name, code in pickled.items()}
    return files | {
        "one storage of bf16 in many tensors": _saved(
            {"synthesis.b4.const": half[:1]} | {f"x.{i}": half for i in range(3000)}
        ),
        "a mapping from 20,000 numbers": _saved(wide),
        "a name of many lines": _saved(odd),
        "numbers that float32 has not": _saved(double),
        "a NaN that warns": _saved(signalling),
        "many filters": _saved(
            {f"b{i}.resample_filter": odd["synthesis.b8.resample_filter"] for i in range(20_000)}
            | random_state()
        ),
        "biases of blocks that are none": tensorflow_pickle([], biases),
        "one bias, again and again": tensorflow_pickle([], shared),
        "classes of 2019": tensorflow_pickle([("LabelConcat/weight", np.ones((3, 4)))], []),
        "a variable of 254 bytes": tensorflow_pickle([], [("x", 10**400)]),
        "members over each other": overlapping(5000, 1_000_000),
        "a list of 100,000 members": overlapping(100_000, 10),
        "a list of members behind a false locator": overlapping(30_000, 10, zip64_locator=True),
        "safetensors of JSON in JSON": struct.pack("<Q", 90_000) + b'{"a":' + b"[" * 89_995,
        "safetensors over each other": _safetensors(
            {
                name: {"dtype": "F32", "shape": [250_000], "data_offsets": [0, 1_000_000]}
                for name in ("synthesis.b4.const", *(f"x.{i}" for i in range(3000)))
            },
            bytes(1_000_000),
        ),
        "safetensors before their beginning": _safetensors(
            {"x.y": {"dtype": "F32", "shape": [1], "data_offsets": [-4, 0]}}, bytes(8)
        ),
    }


def _safetensors(header: dict, data: bytes) -> bytes:
    raw = json.dumps(header).encode()
    return struct.pack("<Q", len(raw)) + raw + data
