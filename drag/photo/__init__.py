"""A photo to latents, and to a small change of the weights.

    reading     its file to upright pixels, or one sentence why not
    labour      files that would take minutes to read: refused
    endings     JPEG files without their end
    faces       where faces are in it
    face_parts  regions of a face
    alignment   the square of it that becomes the picture
    inversion   from there to latents and a change of weights, in three stages
    plans       in what steps
    sketch      cheap pictures for it, near the last full one
    perception  how unlike two pictures look, by the encoder's features
    command     python -m drag --photo and --region

Photos are JPEG, PNG, WebP, AVIF, GIF, BMP or TIFF files of at most 20 MB and 50 megapixels (WebP:
25), each side 96 pixels or more, turned as EXIF says, in the colours of their profile, grey and
transparent ones too, of animations the first frame. HEIC is refused with a sentence: save it as
JPEG. JPEG files may lack their end. Frames are in pixels of the file, and what is in one is cut
from those; a copy of at most 2048 pixels a side is shown and searched: reduced to 640 any way up
(where nothing is found, 0.8 s of a core), then, upright, as it is (0.8 s more). What is unlike
anything the built-in model makes (a cat, noise) is said to be so after the first seconds, and one
may go on; of photos for other models that cannot be told. With models that are not of faces the
frame is placed by hand, and the search begins with their average picture, for only the built-in
model has an encoder.
"""
