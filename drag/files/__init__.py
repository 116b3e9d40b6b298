"""An edit as a file, and back.

    export    a file by its suffix, for the page, programs and the command line
    images    PNG and JPEG files that say in their metadata that they are AI-generated
    overlays  points and the visible mark, drawn on pictures
    film      MP4, GIF and animated WebP of the way there (PyAV, Pillow)
    way       where on that way each picture of a film lies
    interpolation  pictures between two of a film
    project   the whole edit as a file (.drag) that opens again; nothing in it is executed
    arrays    latents (.npz, .npy, .pt) as NVIDIA's and other tools have them
    link      which face, and what is placed on it, as the end of an address
    opening   files that are opened: a project, a picture that holds one, latents

Every picture is generated, also one that is like a photo. Saved pictures and films say so, also in
the form that picture tools read (IPTC DigitalSourceType).
"""
