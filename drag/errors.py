"""Errors that several modules raise."""


class ModelUnavailableError(ValueError):
    """The weights are not here and could not be had; the text says what to do."""
