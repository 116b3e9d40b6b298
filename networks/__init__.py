"""Generators in plain PyTorch (no compiler, no custom CUDA op) and readers of their files."""
