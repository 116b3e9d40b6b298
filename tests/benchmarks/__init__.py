"""Measurements beside the official code. Each prints its command, the machine and the date."""
