"""Files of the Hugging Face Hub: fetched by its own library, checked, and kept in its cache.

HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_HUB_OFFLINE and HF_TOKEN mean what they always do.
"""

import errno
import hashlib
import re
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import constants, get_hf_file_metadata, hf_hub_download, hf_hub_url
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.utils import tqdm

from drag.models.progress import ModelUnavailableError, Progress, waiting_for
from drag.models.proxies import remedy
from networks.errors import Message

_COMMIT = re.compile(r"[0-9a-f]{40}")
_TELL_SECONDS = 0.1
_downloads = threading.Semaphore(2)  # at once
MAX_BYTES = 2_000_000_000  # of a file; the largest known has 1.1 GB


def after_fork() -> None:
    """What a forked process calls before it fetches anything: the semaphore of the process that it
    was forked from may be taken, for ever."""
    global _downloads
    _downloads = threading.Semaphore(2)


@dataclass(frozen=True)
class HubFile:
    """A file on the Hub.

    revision: commit, branch or tag, None for the newest of main.   sha256: of the file, or as much
    of its beginning as is known, in hex.
    """

    repo_id: str
    filename: str
    revision: str | None = None
    sha256: str | None = None

    @property
    def name(self) -> str:
        """owner/name/file."""
        return f"{self.repo_id}/{self.filename}"


def fetch(file: HubFile, progress: Progress, label: Message) -> Path:
    """The file in the Hub's cache, downloaded where it is not there yet, and its checksum checked.

    progress: told how far the download is, under this label. Raises ModelUnavailableError, in words
    fit for a visitor, where it cannot be had.
    """
    for again in (False, True):
        path = _download(file, progress, label, again)
        if _is_sound(path, file):
            return path
        progress(
            Message("{file} is damaged (wrong SHA-256) and is fetched again", file=path.name), None
        )
    path.resolve().unlink(missing_ok=True)
    raise ModelUnavailableError(
        "{file} is not the file that it should be: its SHA-256 is wrong, twice. Choose "
        "another model, or try again when its owner has mended it.",
        file=file.name,
    )


def _is_sound(path: Path, file: HubFile) -> bool:
    digest = hashlib.sha256()
    try:
        with open(path, "rb") as content:
            while chunk := content.read(1 << 20):
                digest.update(chunk)
    except FileNotFoundError:  # the cache was deleted this very moment
        return False
    blob = path.resolve().name  # the Hub names large files by their SHA-256
    wanted = [file.sha256 or "", blob if re.fullmatch(r"[0-9a-f]{64}", blob) else ""]
    return all(digest.hexdigest().startswith(beginning) for beginning in wanted)


def _download(file: HubFile, progress: Progress, label: Message, force: bool) -> Path:
    place = {"repo_id": file.repo_id, "filename": file.filename, "revision": file.revision}

    def cached() -> Path | None:
        try:
            return None if force else Path(hf_hub_download(**place, local_files_only=True))
        except (LocalEntryNotFoundError, OSError):
            return None

    path = cached() if _COMMIT.fullmatch(file.revision or "") else None
    if path:  # what a commit holds never changes
        return path
    progress(Message("Asking the Hub for {file}", file=file.filename.rpartition("/")[2]), None)
    try:  # hf_hub_download would try for half a minute
        size = get_hf_file_metadata(hf_hub_url(**place), timeout=10).size or 0
    except Exception as error:  # of an HTTP library that changes with versions, too
        path = None if _is_an_answer(error) else cached()
        if path:
            return path
        raise _in_words(file, error, begun=False) from error
    if size > MAX_BYTES:
        raise ModelUnavailableError(
            "{file} has {size:.1f} GB, more than StyleGAN weights ever do: choose another file.",
            file=file.name,
            size=size / 1e9,
        )
    try:
        line = Message("{download}: after those of others", download=label)
        with waiting_for(_downloads, line, progress):
            progress(label, 0.0)
            return Path(
                hf_hub_download(**place, force_download=force, tqdm_class=_bar(progress, label))
            )
    except Exception as error:
        raise _in_words(file, error, begun=True) from error


def _is_an_answer(error: Exception) -> bool:
    """Whether the Hub was there and said that there is no such file, or not for everyone."""
    return isinstance(
        error, (RepositoryNotFoundError, RevisionNotFoundError, EntryNotFoundError)
    ) and not isinstance(error, LocalEntryNotFoundError)


def _bar(progress: Progress, label: Message) -> type[tqdm]:
    """A progress bar for hf_hub_download that tells `progress` and draws nothing."""

    class Bar(tqdm):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **{**kwargs, "disable": True})
            self.total, self.n = kwargs.get("total"), kwargs.get("initial") or 0
            self.told = 0.0
            self.update(0)

        def update(self, n=1):
            self.n += n or 0
            now = time.monotonic()
            if now > self.told + _TELL_SECONDS:
                self.told = now
                progress(label, min(1.0, self.n / self.total) if self.total else None)

    return Bar


def _in_words(file: HubFile, error: Exception, begun: bool) -> ModelUnavailableError:
    """What went wrong and what to do now; begun: the Hub had said that it has the file."""
    chain, cause = [], error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    full = any(isinstance(e, OSError) and e.errno == errno.ENOSPC for e in chain)
    if full or "No space left" in str(error):
        return ModelUnavailableError(
            "There is no room for {file} in {folder}: free some, or set HF_HOME to a folder on "
            "another disk.",
            file=file.name,
            folder=constants.HF_HUB_CACHE,
        )
    if any(isinstance(e, PermissionError) for e in chain):
        return ModelUnavailableError(
            "{file} cannot be kept: {folder} cannot be written. Set HF_HOME to a folder that can.",
            file=file.name,
            folder=constants.HF_HUB_CACHE,
        )
    if _is_an_answer(error) or isinstance(error, HFValidationError):
        return _answered(file, error)
    statuses = [
        e.response.status_code
        for e in chain
        if isinstance(e, HfHubHTTPError) and e.response is not None
    ]
    if statuses and statuses[0] in (401, 403):
        return ModelUnavailableError(
            "The Hub does not let this page read {file}: start with HF_TOKEN set to a token that "
            "may.",
            file=file.name,
        )
    if statuses:
        return ModelUnavailableError(
            "The Hub could not give {file} (status {status}): try again in some minutes, or "
            "choose a model that is here already.",
            file=file.name,
            status=statuses[0],
        )
    if constants.HF_HUB_OFFLINE:
        return ModelUnavailableError(
            "{file} is not on this machine, and HF_HUB_OFFLINE forbids to fetch it: choose a "
            "model that is here, or unset that variable.",
            file=file.name,
        )
    if begun and (
        "Consistency check" in str(error)
        or any(type(e).__name__ == "RemoteProtocolError" for e in chain)
        or any(type(e) is FileNotFoundError for e in chain)  # the cache was deleted meanwhile
    ):
        return ModelUnavailableError(
            "The download of {file} broke off: choose it again.", file=file.name
        )
    if proxy := remedy(constants.ENDPOINT, " ".join(map(str, chain))):
        return ModelUnavailableError(
            "The Hub cannot be reached for {file}. {proxy}", file=file.name, proxy=proxy
        )
    return ModelUnavailableError(
        "There is no such file on this machine, and the Hub cannot be reached for {file}: choose a "
        "model that is here already, or try again when there is a network.",
        file=file.name,
    )


def _answered(file: HubFile, error: Exception) -> ModelUnavailableError:
    """What the Hub, or its library, has against a name."""
    if isinstance(error, GatedRepoError):
        return ModelUnavailableError(
            "{file} is gated: accept its terms at huggingface.co/{repo}, and start with HF_TOKEN "
            "set to a token of your account.",
            file=file.name,
            repo=file.repo_id,
        )
    if isinstance(error, RepositoryNotFoundError):
        return ModelUnavailableError(
            "There is no {repo} on the Hub, or it is private: check the name, or start with "
            "HF_TOKEN set to a token that may read it.",
            repo=file.repo_id,
        )
    if isinstance(error, RevisionNotFoundError):
        return ModelUnavailableError(
            "{repo} has no revision {revision}: check it, or leave it out.",
            repo=file.repo_id,
            revision=file.revision,
        )
    if isinstance(error, EntryNotFoundError):
        return ModelUnavailableError(
            "{repo} has no file {file}: look at its list of files on the Hub.",
            repo=file.repo_id,
            file=file.filename,
        )
    return ModelUnavailableError(
        "{file} cannot be the name of a file on the Hub: it takes owner/name/file.", file=file.name
    )
