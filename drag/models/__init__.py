"""Where generators come from: the catalogue, the Hub, wheels of the package index, and memory.

    catalogue  names, sources, licences, what suits each
    addresses  files of the Hugging Face Hub, as people type and paste them
    hub        how they are fetched and kept
    wheel      weights in wheels of the package index: the built-in model, and the face finder
    proxies    what to do where those of the environment lead nowhere
    reading    from there to a generator on a device, or the reason why not
    small      networks of random weights, to try a device with
    loaded     the models in memory, within a budget
    progress   what is told meanwhile, and the error where a model cannot be had

What is downloaded is kept in the Hub's cache, and the page goes on meanwhile; HF_HOME, HF_ENDPOINT,
HF_HUB_OFFLINE and HF_TOKEN mean what they always do. Checksums that the catalogue knows are checked
after each download. Of servers that start at once on an empty cache one fetches a wheel for all; a
cache that is deleted is made anew.

Without internet: bring `random_face-2021.7.21.1-py3-none-any.whl` from another machine
(`pip download --no-deps random-face==2021.7.21.1`) and set DRAG_BUILTIN_WHEEL to its path. So with
`facenet_pytorch-2.6.0-py3-none-any.whl` and DRAG_FACES_WHEEL: it finds faces in photos, and is
fetched when the first photo comes; without it the frame is placed by hand.

Any file of the Hub may be named as `owner/name/file`: on the command line always, on a page where
that is allowed (`drag.web.flags`). What of a file is refused, and why, `networks.checkpoints` says.
"""
