"""What agents are told of the tools; tests/api/test_agents.py has a client call them."""

import json

import pytest

from drag.server.line import Line
from drag.server.shares import Shares
from drag.web.agents import _edit, described
from drag.web.api import Api
from drag.web.gate import FILE
from drag.web.internals import keep_file, use_folder
from networks.errors import UserError

API = Api(None, None, Shares(Line(1), Line(1)))
TAKEN = {
    "sample": ({"seed": "integer", "truncation_psi": "number", "model": "string"}, []),
    "drag": (
        {
            "edit": ["string", "object"],
            "points": "array",
            "mask": ["string", "null"],
            "max_steps": "integer",
            "solver": "string",
            "reach": ["number", "null"],
            "hold_placement": ["boolean", "null"],
        },
        ["edit", "points"],
    ),
    "render": ({"edit": ["string", "object"], "mark": "boolean"}, ["edit"]),
    "export": (
        {
            "edit": ["string", "object"],
            "kind": "string",
            "seconds": "number",
            "points": "boolean",
            "mark": "boolean",
            "size": "integer",
        },
        ["edit"],
    ),
}


@pytest.mark.parametrize("name", TAKEN)
def test_a_tool_says_of_each_parameter_what_the_endpoint_does(name):
    tool = described(getattr(API, name))
    schema, (types, required) = tool["inputSchema"], TAKEN[name]
    assert tool["name"] == name
    assert tool["description"] == " ".join(getattr(API, name).__doc__.split())
    found = {
        key: each.get("type") or [one["type"] for one in each["anyOf"]]
        for key, each in schema["properties"].items()
    }
    assert (found, schema["required"], schema["additionalProperties"]) == (types, required, False)
    for key, each in schema["properties"].items():
        assert len(each["description"]) > 8, key
        assert ("default" in each) == (key not in required)


def test_what_is_said_of_a_parameter_ends_with_its_sentence():
    told = described(API.export)["inputSchema"]["properties"]
    assert told["seconds"]["description"] == "that a film takes, 0.5 to 20."
    assert told["kind"]["enum"] == ["mp4", "gif", "webp", "png", "drag", "npz"]
    last = described(API.drag)["inputSchema"]["properties"]["hold_placement"]["description"]
    assert last.endswith("where left out.")


def test_an_edit_is_had_from_its_address_and_nothing_else_is_read(tmp_path):
    record, secret = {"format": "drag project"}, tmp_path / "draggan-secret.drag"
    secret.write_text("{}")
    with use_folder(str(tmp_path / "kept")):
        path = keep_file(json.dumps(record).encode(), "draggan-edit.drag")
        picture = keep_file(b"{}", "draggan-seed1.png")
        for given in (f"http://a.example{FILE}{path}", json.dumps(record), record):
            assert _edit(given) == record
        for given in (
            "",
            "{",
            path,
            f"{FILE}{path}x",
            f"{FILE}{secret}",
            f"{FILE}{path}/../../../draggan-secret.drag",
            f"{FILE}{picture}",
            f"{FILE}/etc/passwd",
            f"{FILE}{path}\0",
        ):
            with pytest.raises(UserError, match="give the address that sample or drag returned"):
                _edit(given)
