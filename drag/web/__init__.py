"""The edge to the network: calls, endpoints for programs, readiness, ZeroGPU, flags.

    flags        the flags of app.py
    serving      the page as it is served: readiness, and calls that no component understands
    origins      under which names it is asked, and whose pages may ask
    headers      what browsers are told of each answer
    connections  those on which no whole request comes
    gate         what is let through to Gradio: addresses, sizes, calls
    front        its card elsewhere, and the language chosen on it
    strangers    what is said of the page before a login
    answers      the files that programs had made: bounded on the disk, and their end
    askers       who asks, and whether they still wait for the answer
    mailboxes    messages that nobody fetches
    api          the endpoints for programs
    agents       the same as tools for agents (MCP)
    zero         drags on ZeroGPU, in a worker of `spaces`
    internals    what the page needs of Gradio and Gradio does not document

README.md, beside this, says how to host the page, and what strangers can and cannot do on it.
"""
