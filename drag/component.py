"""What the page's own components have in common: gr.HTML around a few text files of assets/."""

from pathlib import Path

import gradio as gr

ASSETS = Path(__file__).parent.parent / "assets"


def read_asset(*names: str) -> str:
    """The text of these files of assets/, one after the other."""
    return "\n".join((ASSETS / name).read_text("utf-8") for name in names)


class JsonComponent(gr.HTML):
    """A component whose value is JSON, handed on as it is in both directions: the handlers judge
    what a browser sent."""

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
