"""What a server keeps of its visitors and shares out among them; nothing here knows of Gradio.

    visitors    who is here, comes back, leaves, and is forgotten
    sessions    what the server keeps of a visitor: their edit, and what of theirs waits or runs,
                which ends when they leave
    shown       the edit that a visitor is shown, and counts by which page and server agree on it
    jobs        what a visitor or a program has worked out, from asking to end: its phases
    drags       a visitor's drag, as the line runs it
    holds       a drag that follows their pointer, and when it gives its place back
    inversions  the inversion of their photo, likewise
    photos      what the server holds of a photo
    shares      who may have how much at once of what is scarce; who is next, and who is told "busy"
    line        who drags now, and who waits
    estimates   how long they wait: by what the last ones took
    engine      steps of a drag and fits of a photo, once more where memory ran out
    gallery     pictures as JPEG, made once for all who look at them
    language    English and Chinese sentences, from assets/words.json
    trial       whether a device works out what the CPU does, before the page is served on it
    process     the server's memory, and what comes first where the cores are busy

A visitor is a Session; what is worked out for them is a Job.
"""
