"""Generators in plain PyTorch (no compiler, no custom CUDA op) and readers of their files.

`networks.generator` says what every generator offers; `stylegan2` and `mobile_stylegan` are two,
and `tuning` gives views of them whose weights are changed a little.
"""
