"""Visitors of a page who check that they get what is theirs, for `tests.benchmarks.load`."""
