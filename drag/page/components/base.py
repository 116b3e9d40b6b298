"""What the page's own components are made of: gr.HTML around a few text files of assets/."""

import base64
from pathlib import Path

import gradio as gr

ASSETS = Path(__file__).parents[3] / "assets"


def read_asset(*names: str) -> str:
    """The text of these files of assets/, one after the other."""
    return "\n".join((ASSETS / name).read_text("utf-8") for name in names)


def to_url(kind: str, content: bytes) -> str:
    """A file as a data URL; kind: its media type, such as image/png."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def item_of(event: gr.EventData) -> str:
    """The id of the item of a row that was pressed; empty where a program sent none."""
    try:
        return str(event.id)
    except (AttributeError, TypeError):  # it looks into whatever was sent
        return ""


class JsonComponent(gr.HTML):
    """A component whose value is JSON, handed on as it is in both directions: the handlers judge
    what a browser sent."""

    TRIGGERS = ()  # names of the events of its script

    def __getattr__(self, name: str):
        """gr.HTML looks each name up in the whole script, and is asked for dozens whenever a
        component is updated: a third of what a busy server had to do."""
        if name in type(self).TRIGGERS:
            return super().__getattr__(name)
        raise AttributeError(f"{type(self).__name__} has no {name}")

    def preprocess(self, payload):
        """The value as the browser sent it."""
        return payload

    def postprocess(self, value):
        """The value as a handler made it."""
        return value

    def api_info(self) -> dict:
        """JSON schema of the value."""
        return {"type": "object"}

    def example_payload(self) -> dict:
        """A value, for the API page."""
        return {}

    def example_value(self) -> dict:
        """As `example_payload`."""
        return self.example_payload()


class OpenSlider(gr.Slider):
    """A slider that hands on whatever was typed beside it, for the caller to judge: gr.Slider
    answers a number out of range with an error that the page does not show."""

    def preprocess(self, payload):
        """The number as the browser sent it, None where there is none."""
        return payload

    def get_block_name(self) -> str:
        """The browser's part is gr.Slider's."""
        return "slider"
