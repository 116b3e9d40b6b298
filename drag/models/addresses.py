"""Weight files of the Hugging Face Hub as people type and paste them: names, and addresses of pages
there or on a mirror. Nothing is asked of any network here."""

import re
from urllib.parse import unquote, urlsplit

from huggingface_hub import constants

from drag.models.hub import HubFile
from networks.checkpoints import SUFFIXES
from networks.errors import UserError

_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,95}")
_FILE = re.compile(r"[\w(\[][\w .=+,()\[\]-]{0,95}")  # "=" as StudioGAN names them; spaces, too
_REVISION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]{0,95}")  # branches have slashes
_FOLDERS = 8  # between repository and file
_VIEWS = ("blob", "resolve", "raw", "tree", "blame", "edit")  # of a file, by its address
_OTHERS = ("datasets", "spaces")
_LABELS = {"huggingface", "hf", "hf-mirror"}  # in names of the Hub and of its mirrors
_HOST = re.compile(r"[a-z0-9.-]{1,100}")
_PATH = re.compile(r"[~./\\]|[A-Za-z]:[\\/]|file:|.*\\", re.IGNORECASE | re.DOTALL)
NAMELESS = (
    "There is no model of that name: choose one of the menu, or give a weight file "
    "({suffixes}) of the Hugging Face Hub as owner/name/file, such as "
    "public-data/Self-Distilled-StyleGAN/models/lions_512_pytorch.pkl."
)
NO_PATH = (
    "There is no such file here, and no other path is looked up: choose a model of the menu, or "
    "give a weight file ({suffixes}) of the Hugging Face Hub as owner/name/file."
)
DATASET = (
    "This is a dataset of the Hugging Face Hub, and models are not read from those: give a weight "
    "file ({suffixes}) of a model there as owner/name/file."
)
SPACE = (
    "This is a Space of the Hugging Face Hub, and models are not read from those: give a weight "
    "file ({suffixes}) of a model there as owner/name/file."
)
NO_FILE = (
    "This is a repository, a folder or another kind of file on the Hugging Face Hub, and a model "
    "is one weight file ({suffixes}) there: give it as owner/name/file."
)
ELSEWHERE = (
    "This is an address of {host}, and models come from the Hugging Face Hub alone: give a weight "
    "file ({suffixes}) there as owner/name/file."
)
_KINDS = ", ".join(SUFFIXES)


def parse_hub_name(text: str) -> HubFile:
    """The file that `owner/name/file`, `owner/name@revision/file` or an address of the Hub names.

    Raises ValueError, in words fit for a visitor, which say what it is where it is neither.
    """
    text = text.strip().strip("\"'`<>").strip()[:1000]
    parts = _address(text)
    if parts is None and _PATH.match(text):
        raise UserError(NO_PATH, suffixes=_KINDS)
    known = parts is not None  # as an address of the Hub
    parts = parts or [unquote(part) for part in re.split(r"[?#]", text)[0].split("/")]
    if parts[0] in _OTHERS:
        raise UserError(DATASET if parts[0] == "datasets" else SPACE, suffixes=_KINDS)
    owner, name, revision, file = _taken_apart(parts)
    weights = bool(file) and file[-1].lower().endswith(SUFFIXES)
    sound = (
        _PART.fullmatch(owner)
        and _PART.fullmatch(name)
        and name not in _VIEWS  # of a repository that has no owner
        and (revision is None or _REVISION.fullmatch(revision))
        and all(map(_FILE.fullmatch, file))
        and len(file) <= _FOLDERS + 1
        and ".." not in f"{owner}/{name}/{revision}/{'/'.join(file)}"
    )
    if sound and weights:
        revision = None if revision == "main" else revision
        return HubFile(f"{owner}/{name}", "/".join(file), revision)
    if not known and text.lower().endswith(SUFFIXES):
        raise UserError(NO_PATH, suffixes=_KINDS)
    raise UserError(NO_FILE if known or (sound and name) else NAMELESS, suffixes=_KINDS)


def _address(text: str) -> list[str] | None:
    """The parts of the path of an address of the Hub; None of what is no address. Raises
    ValueError, in words fit for a visitor, where it is one of another site."""
    scheme, mark, rest = text.partition("://")
    if mark and scheme.lower() == "file":
        return None
    if mark and scheme.lower() == "hf":  # of huggingface_hub's file system
        host, path = "hf", rest
    else:
        try:
            split = urlsplit(f"//{rest}" if mark else f"//{text.lstrip('/')}")
            host, path = (split.hostname or "").removeprefix("www."), split.path
        except ValueError:  # brackets that are no address's
            return None
    mirror = urlsplit(constants.ENDPOINT)
    if host == mirror.hostname:
        path = path.removeprefix(mirror.path)
    if (host == mirror.hostname or _LABELS & set(host.split("."))) and (mark or "." in host):
        return [unquote(part) for part in path.split("/") if part] or [""]
    if mark and scheme.lower() in ("http", "https") and _HOST.fullmatch(host):
        raise UserError(ELSEWHERE, host=host, suffixes=_KINDS)
    return None


def _taken_apart(parts: list[str]) -> tuple[str, str, str | None, list[str]]:
    """Owner, name, revision and file of such parts; empty where there are none."""
    owner, name, *rest = [*parts, ""] if len(parts) < 2 else parts
    name, mark, revision = name.partition("@")
    if not mark and len(rest) > 1 and rest[0] in _VIEWS:
        many = 3 if rest[1:3] == ["refs", "pr"] else 1
        revision, rest, mark = "/".join(rest[1 : 1 + many]), rest[1 + many :], "/"
    return owner, name, revision if mark else None, rest
