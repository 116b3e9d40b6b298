"""The components that this page has of its own: gr.HTML around text files of assets/.

    base         what they share
    canvas       the canvas, and what crosses the wire (assets/canvas/)
    thumbnails   rows of small pictures: history, examples, faces to choose from
    exchange     files to and from the page
    photo_frame  the photo with its frame (assets/photo/)

Words are in assets/words.json, those of the canvas in assets/canvas/words.js; exchange.js and
keep.js have a sentence or two of their own. Each in English and Chinese.
"""
