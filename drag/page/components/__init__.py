"""The components that this page has of its own: gr.HTML around text files of assets/.

    base         what they share
    canvas       the canvas, and what crosses the wire (assets/canvas/, its words in words.js)
    thumbnails   rows of small pictures: history, examples, faces to choose from
    exchange     files to and from the page
    photo_frame  the photo with its frame (assets/photo/)
"""
