"""Generators in plain PyTorch (no compiler, no custom CUDA op) and readers of their files.

`networks.generator` says what every generator offers; `stylegan2`, `stylegan3` and
`mobile_stylegan` do, and `tuning` gives views of them whose weights are changed a little.

    generator        what every generator offers, which is all that `drag` knows of one
    errors           what went wrong, with its words' key: in English here, in others on the page
    mobile_stylegan  the built-in face generator
    stylegan2        StyleGAN2, for the weights of all its implementations
    stylegan3        StyleGAN3, configs T and R
    alias_free       its sizes, and how its weights are called
    resampling       its activation, between filters
    mapping          the way from z to ws, which StyleGAN2 and 3 share
    architecture     its sizes, and how its weights are called
    layers           what its blocks are made of
    blocks           a network as a row of blocks, worked out whole or in windows
    soft_masks       how much of a region's inside is seen where
    regions          pictures that stay what they were outside a region
    windows          parts of feature maps
    terminal         what a program prints, on whatever terminal
    shipped          weights that ship with the program, checked
    tuning           a small change of a generator's weights, and views that have it
    encoder          the built-in generator's pictures back to latents
    mtcnn            the finder of faces
"""
