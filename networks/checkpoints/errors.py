"""The one error of the readers."""


class CheckpointError(ValueError):
    """A file is refused or is no generator; the text is one sentence that says why."""
