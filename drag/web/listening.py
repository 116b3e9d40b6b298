"""Where the page listens, and what stands in the way: found out before Gradio tries, which looks at
another address, and names variables of its own."""

import os
import socket

FIRST, TRIED = 7860, 100  # ports, of which the first that is free is taken
LOOPBACK = "127.0.0.1"


def place_of(host: str | None, port: int | None) -> tuple[str, int]:
    """The address and the port to listen at, as Gradio takes them, by the flags, else by
    GRADIO_SERVER_NAME and GRADIO_SERVER_PORT. Raises ValueError, which names the flag, where that
    cannot be."""
    flag = "--host" if host else "GRADIO_SERVER_NAME (as --host)"
    host = host or os.environ.get("GRADIO_SERVER_NAME") or LOOPBACK
    address, first = _address(bare(host), flag), port or _first()
    for each in range(first, first + 1 if port else min(first + TRIED, 65536)):
        try:
            for place in {address, LOOPBACK}:  # where Gradio looks whether it is free
                _try(place, each)
        except OSError as error:
            refused = error
            continue
        return f"[{address}]" if ":" in address else address, each
    if port is None:
        raise ValueError(f"no port from {first} on is free: choose one with --port.")
    if isinstance(refused, PermissionError):
        raise ValueError(f"--port {port} is not for this user: choose another, above 1023.")
    raise ValueError(
        f"--port {port} is taken, perhaps by another of these pages: choose another, or leave it "
        "out for the next that is free."
    )


def bare(host: str) -> str:
    """An address without the brackets that one of IPv6 may stand in."""
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host


def _first() -> int:
    said = os.environ.get("GRADIO_SERVER_PORT") or str(FIRST)
    if not said.isdecimal() or not 1 <= int(said) <= 65535:
        raise ValueError(
            f"GRADIO_SERVER_PORT must be a whole number from 1 to 65535, not {said!r}: mend it, or "
            "unset it and use --port."
        )
    return int(said)


def _address(host: str, flag: str) -> str:
    """The first address of a name that this machine can listen at: localhost may be one of IPv6,
    where there is none."""
    remedy = "leave it out for this machine alone, or give 0.0.0.0 for the whole network."
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, ValueError):  # of what can be no name, too
        raise ValueError(f"{flag} {host} is not a known address: {remedy}") from None
    for *_, (address, *_) in found:
        try:
            _try(str(address), 0)
        except OSError:
            continue
        return str(address)
    raise ValueError(f"{flag} {host} is not an address of this machine: {remedy}")


def _try(address: str, port: int) -> None:
    """Raises OSError where nobody can listen there."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as trial:
        if os.name == "posix":  # as servers do; on Windows it would let two listen
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        trial.bind((address, port))
