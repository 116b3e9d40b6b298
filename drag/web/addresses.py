"""Where the page is for whoever asks: through a proxy perhaps, which may have it below a path of
its host (GRADIO_ROOT_PATH, which is ASGI's root_path)."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers


def path_of(scope: dict) -> str:
    """What is asked for, as the page knows it, whether or not a proxy takes off what is before."""
    root, path = urlsplit(scope.get("root_path", "")).path.rstrip("/"), scope["path"]
    if root and f"{path}/".startswith(f"{root}/"):
        path = path[len(root) :]
    return path or "/"


def page_address(scope: dict) -> str:
    """Where the page is, without a slash at its end."""
    root, headers = scope.get("root_path", "").rstrip("/"), Headers(scope=scope)
    if urlsplit(root).scheme:  # it names the whole address
        return root

    def first(name: str, other: str) -> str:
        return headers.get(name, other).partition(",")[0].strip()

    scheme = first("x-forwarded-proto", scope.get("scheme", "http"))
    host = first("x-forwarded-host", headers.get("host", "localhost"))
    return f"{scheme}://{host}{root}"
