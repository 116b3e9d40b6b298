"""The reader of OpenVINO IR on graphs small enough to write by hand."""

import io
import zipfile

import numpy as np
import pytest

from networks.checkpoints.openvino import Graph, read_mobile_stylegan

XML = """<net><layers>
<layer id="0" name="x" type="Parameter"><data shape="1, 2" element_type="f32"/></layer>
<layer id="1" name="weight" type="Const">
  <data element_type="f32" shape="2, 2" offset="{offset}" size="{size}"/></layer>
<layer id="2" name="product" type="MatMul"/>
</layers><edges>
<edge from-layer="1" from-port="0" to-layer="2" to-port="1"/>
<edge from-layer="0" from-port="0" to-layer="2" to-port="0"/>
</edges></net>"""
BIN = np.arange(6, dtype="<f4").tobytes()


def test_constants_and_edges():
    graph = Graph(XML.format(offset=8, size=16).encode(), BIN)
    assert graph.const("weight").tolist() == [[2, 3], [4, 5]]
    assert graph.operand("2") is graph.const("weight")
    assert graph.before("2") == "0"
    assert graph.consumers["0"] == ["2"]


@pytest.mark.parametrize(("offset", "size"), [(12, 16), (0, 12), (0, 10**12)])
def test_a_constant_that_the_file_does_not_back_is_refused(offset, size):
    with pytest.raises(ValueError, match="does not fit"):
        Graph(XML.format(offset=offset, size=size).encode(), BIN)


def test_another_network_is_refused_by_what_it_lacks():
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in ("Mapping", "Synthesis"):
            archive.writestr(f"random_face/data/{name}Network.xml", "<net><layers/></net>")
            archive.writestr(f"random_face/data/{name}Network.bin", b"")
    with pytest.raises(ValueError, match=r"no constant 'm\.input\.input'"):
        read_mobile_stylegan(wheel)
