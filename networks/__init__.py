"""Generators in plain PyTorch (no compiler, no custom CUDA op) and readers of their files.

What every generator offers, which is all that `drag` knows of one:

- z_dim, w_dim, num_ws, and w_avg (w_dim,), the truncation centre;
- img_size, (H, W) of its pictures, and img_resolution, the longer of both;
- has_encoder, whether the encoder of `networks.encoder` was trained on its pictures;
- mapping(z, truncation_psi) -> ws (N, num_ws, w_dim);
- features(ws, window=None, moving=None) -> (N, C, h, w), the map that dragging reads: all of it, or
  the rows and columns of a window; with gradients to all entries of ws, or the first `moving`;
- image(ws, features=None) -> (N, 3, H, W), RGB in about [-1, 1]; quicker where
  all the features of ws are at hand;
- where there is a cheap way, preview(ws, features=None) -> (N, 3, h', w'): as image, but soft.

`networks.tuning.tuned` gives a view of one whose weights are changed a little: it offers the same,
and shares mapping and w_avg.

    mobile_stylegan  the built-in face generator
    stylegan2        StyleGAN2, for the weights of all its implementations
    architecture     its sizes, and how its weights are called
    windows          parts of feature maps
    tuning           a small change of a generator's weights, and views that have it
    encoder          the built-in generator's pictures back to latents
    mtcnn            the finder of faces
"""
