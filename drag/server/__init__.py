"""What a server keeps of its visitors and shares out among them; nothing here knows of Gradio.

    visitors  who is here, comes back, leaves (also in mid-drag), and is forgotten
    sessions  what the server keeps of a visitor: their edit, and the drag of theirs that runs
    photos    what it holds of a photo, and of its inversion
    line      who drags now, who waits, and how long
    engine    steps of a drag and fits of a photo, once more where memory ran out
    gallery   pictures as JPEG, made once for all who look at them
    language  English and Chinese sentences, from assets/words.json
    process   the server's memory, and what comes first where the cores are busy
    log       a line for each drag that has ended
"""
