"""Read MobileStyleGAN's weights from the OpenVINO IR files in the wheel `random-face`.

An IR network is an XML graph beside a flat .bin: each `Const` layer of the graph names the offset,
size, shape and type of its values. Nothing of the wheel is imported or executed.
"""

import math
import zipfile
from os import PathLike
from typing import IO
from xml.etree import ElementTree

import numpy as np
import torch

_DTYPES = {"f32": "<f4", "i64": "<i8", "i32": "<i4"}
NUM_BLOCKS = 7


class Graph:
    """The part of an IR graph that finding weights needs: constants and who feeds whom.

    consts:   name -> array, for every constant.     consumers: layer id -> ids that read it.
    inputs:   layer id -> ids that feed it, by port. types:     layer id -> the layer's type.
    """

    def __init__(self, xml: bytes, weights: bytes):
        self.types: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self.values: dict[str, torch.Tensor] = {}
        self.inputs: dict[str, list[str]] = {}
        self.consumers: dict[str, list[str]] = {}
        root = ElementTree.fromstring(xml)
        for layer in root.iter("layer"):
            number = layer.attrib["id"]
            self.types[number] = layer.attrib["type"]
            if self.types[number] == "Const":
                self.names[layer.attrib["name"]] = number
                self.values[number] = _read_const(layer, weights)
        edges = [edge.attrib for edge in root.iter("edge")]
        for edge in sorted(edges, key=lambda edge: int(edge["to-port"])):
            self.inputs.setdefault(edge["to-layer"], []).append(edge["from-layer"])
            self.consumers.setdefault(edge["from-layer"], []).append(edge["to-layer"])

    def const(self, name: str) -> torch.Tensor:
        """The constant of that name; raises ValueError where the graph has none."""
        if name not in self.names:
            raise ValueError(f"the network file has no constant {name!r}; it is another network")
        return self.values[self.names[name]]

    def operand(self, layer_id: str) -> torch.Tensor:
        """The constant among a layer's inputs: the weight of a convolution, the bias of a sum."""
        found = [self.values[i] for i in self.inputs[layer_id] if i in self.values]
        if len(found) != 1:
            raise ValueError(f"layer {layer_id} of the network file has {len(found)} constants")
        return found[0]

    def before(self, layer_id: str) -> str:
        """The one layer that feeds this one and is no constant."""
        found = [i for i in self.inputs[layer_id] if i not in self.values]
        if len(found) != 1:
            raise ValueError(f"layer {layer_id} of the network file has {len(found)} inputs")
        return found[0]


def _read_const(layer: ElementTree.Element, weights: bytes) -> torch.Tensor:
    data = next(layer.iter("data")).attrib
    shape = [int(n) for n in data["shape"].split(",") if n.strip()]
    dtype = np.dtype(_DTYPES[data["element_type"]])
    offset, size = int(data["offset"]), int(data["size"])
    if size != dtype.itemsize * math.prod(shape) or offset + size > len(weights):
        raise ValueError(f"constant {layer.get('name')!r} does not fit its weight file")
    values = np.frombuffer(weights, dtype, count=math.prod(shape), offset=offset)
    return torch.from_numpy(values.reshape(shape).copy())


def read_mobile_stylegan(wheel: str | PathLike[str] | IO[bytes]) -> dict[str, torch.Tensor]:
    """State dict for `networks.mobile_stylegan.MobileStyleGAN` from the wheel's IR files.

    wheel: path or binary file of `random-face`. Raises ValueError if the files inside are not the
    networks expected, zipfile.BadZipFile or KeyError if they are not there at all.
    """
    with zipfile.ZipFile(wheel) as archive:
        mapping, synthesis = (
            Graph(archive.read(f"{stem}.xml"), archive.read(f"{stem}.bin"))
            for stem in ("random_face/data/MappingNetwork", "random_face/data/SynthesisNetwork")
        )
    return _group_haar_bands(_mapping_weights(mapping) | _synthesis_weights(synthesis))


def _mapping_weights(graph: Graph) -> dict[str, torch.Tensor]:
    state = {}
    products = [layer for layer, kind in graph.types.items() if kind == "MatMul"]
    for i, product in enumerate(products):
        total = next(c for c in graph.consumers[product] if graph.types[c] == "Add")
        reshape = next(j for j in graph.inputs[total] if j != product)
        state[f"mapping_layers.{i}.weight"] = graph.operand(product)
        state[f"mapping_layers.{i}.bias"] = graph.values[graph.inputs[reshape][0]]
    return state


def _synthesis_weights(graph: Graph) -> dict[str, torch.Tensor]:
    state = {"input": graph.const("m.input.input")}
    _add_modulation(graph, state, "m.conv1.conv.modulation", "conv1.modulation")
    _add_convolution(graph, state, "m.conv1", "conv1", kernel="weight")
    for i in range(NUM_BLOCKS):
        theirs, ours = f"m.layers.{i}", f"blocks.{i}"
        _add_modulation(graph, state, f"{theirs}.up.modulation", f"{ours}.up")
        for conv in ("conv1", "conv2"):
            _add_modulation(
                graph, state, f"{theirs}.{conv}.conv.modulation", f"{ours}.{conv}.modulation"
            )
            depthwise = graph.const(f"{theirs}.{conv}.conv.weight_dw")  # (C, 1, 1, 3, 3)
            state[f"{ours}.{conv}.depthwise"] = depthwise[:, 0]
            _add_convolution(graph, state, f"{theirs}.{conv}", f"{ours}.{conv}", kernel="pointwise")
    theirs = f"m.layers.{NUM_BLOCKS - 1}.to_img"
    _add_modulation(graph, state, f"{theirs}.conv.modulation", "to_rgb.modulation")
    state["to_rgb.weight"] = graph.const(f"{theirs}.conv.weight")
    state["to_rgb.bias"] = graph.const(f"{theirs}.bias").flatten()
    return state


def _add_modulation(graph: Graph, state: dict, theirs: str, ours: str) -> None:
    state[f"{ours}.weight"] = graph.const(f"{theirs}.weight")
    state[f"{ours}.bias"] = graph.const(f"{theirs}.bias").flatten()


def _add_convolution(graph: Graph, state: dict, theirs: str, ours: str, kernel: str) -> None:
    """Walk back from a bias that has a name: sum with bias <- sum with noise <- convolution."""
    (with_bias,) = graph.consumers[graph.names[f"{theirs}.bias"]]
    with_noise = graph.before(with_bias)
    state[f"{ours}.bias"] = graph.operand(with_bias).flatten()
    state[f"{ours}.noise"] = graph.operand(with_noise)
    state[f"{ours}.{kernel}"] = graph.operand(graph.before(with_noise))


def _group_haar_bands(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Reorder channels that enter an inverse Haar transform from (C, 3) details to (3, C).

    The four bands then lie one after the other in memory, which the transform reads fastest.
    """
    producers = ["conv1", *(f"blocks.{i}.conv2" for i in range(NUM_BLOCKS - 1))]
    for i, producer in enumerate(producers):
        kernel = "weight" if producer == "conv1" else "pointwise"
        for name in (
            f"{producer}.{kernel}",
            f"{producer}.bias",
            f"blocks.{i}.up.weight",
            f"blocks.{i}.up.bias",
        ):
            state[name] = state[name][_band_order(len(state[name]))]
    for name in ("to_rgb.weight", "to_rgb.bias"):
        state[name] = state[name][_band_order(len(state[name]))]
    return {name: values.contiguous() for name, values in state.items()}


def _band_order(channels: int) -> torch.Tensor:
    low = torch.arange(channels // 4)
    details = torch.arange(channels // 4, channels).view(-1, 3).T.flatten()
    return torch.cat([low, details])
