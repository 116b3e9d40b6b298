"""Readers of weight files, one module a format; all of them read data and execute nothing."""
