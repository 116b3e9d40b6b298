"""The edge to the network: calls, endpoints for programs, readiness, ZeroGPU, flags.

    flags        the flags of app.py
    environment  what of it Gradio may read, before it is imported
    listening    where the page listens, or why it cannot
    serving      the page as it is served: readiness, and calls that no component understands
    rates        how much an address may ask for in a short time
    origins      under which names it is asked, whose pages may ask; puts headers on each answer
    headers      those: Content-Security-Policy and what else browsers are told
    connections  those on which no whole request comes
    gate         what is let through to Gradio: addresses, sizes, calls
    addresses    where the page is for whoever asks, and what of it they ask for
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
