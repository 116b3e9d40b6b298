"""A photo to latents, and to a small change of the weights."""
