"""Measurements, also beside the official code. Each prints its command, the machine and the date.

What came of them is in README.md, beside this; encoder/ trains the encoder.
"""
