"""The proxies of the environment, by which the Hub and the package index are asked. It is the Hub's
library and pip that read them; here is what to do where they lead nowhere."""

import os
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from networks.errors import Message


def proxy_for(address: str) -> str | None:
    """What names the proxy by which an address is asked, for a person; None where there is none."""
    parts, named = urlsplit(address), getproxies()
    if proxy_bypass(parts.hostname or ""):
        return None
    scheme = next((each for each in (parts.scheme, "all") if named.get(each)), None)
    if scheme is None:
        return None
    variables = f"{scheme}_proxy", f"{scheme}_proxy".upper()
    # Where none does, the system's settings do, and the variable beats them.
    return next(filter(os.environ.get, variables), variables[0])


def remedy(address: str, why: str) -> Message | None:
    """What to do where an address could not be asked, and a proxy may be the reason.

    why: what was said of it. Returns None where there is no proxy.
    """
    variable = proxy_for(address)
    if variable is None:
        return None
    if "socks" in why.lower():  # so both say what they lack, httpx and pip
        return Message(
            "A SOCKS proxy, as {variable} names one, needs packages that are not here: unset it "
            "and run pip install socksio pysocks, or have it name a proxy of http://.",
            variable=variable,
        )
    if not os.environ.get(variable):
        return Message(
            "It was asked through the proxy of this system's settings: see that it answers."
        )
    return Message(
        "It was asked through the proxy that {variable} names: see that this one answers, or unset "
        "that variable.",
        variable=variable,
    )
