"""The containers of torch.save: one stream of pickles and numbers, or, since 2020, a zip archive.

Neither is read by torch or pickle: pickles go through `Machine`, numbers stay views of the file.
"""

import io
import re
import zipfile
import zlib
from typing import Any

from networks.checkpoints.arrays import Storage
from networks.checkpoints.errors import CheckpointError, shown
from networks.checkpoints.machine import Machine
from networks.checkpoints.records import Budget, storage_kind

MAGIC = 0x1950A86A20F9469CFC6C
STREAM_START = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
_MAX_DIRECTORY = 1_000_000  # bytes of a zip's list of members: three networks take a tenth of it
_MEMBER = re.compile(
    r"[^/\\]{1,255}/(data\.pkl|data/\d{1,9}|version|byteorder|\.format_version|"
    r"\.storage_alignment|\.data/serialization_id)"
)


class _Storages:
    """The storages that a pickle's persistent ids name, made when first named."""

    def __init__(self) -> None:
        self.by_key: dict[str, Storage] = {}

    def __call__(self, identity: object) -> Storage:
        if type(identity) is not tuple or len(identity) not in (5, 6) or identity[0] != "storage":
            raise CheckpointError("names data in a way that torch does not, and was refused")
        dtype, key, count = storage_kind(identity[1]), identity[2], identity[4]
        whole = len(identity) == 5 or identity[5] is None
        if (
            dtype is None
            or not whole
            or type(count) is not int
            or count < 0
            or (type(key) is not str or not re.fullmatch(r"[0-9]{1,20}", key))
        ):
            raise CheckpointError("names data in a way that torch does not, and was refused")
        storage = self.by_key.setdefault(key, Storage(dtype, count))
        if (storage.dtype, storage.count) != (dtype, count):
            raise CheckpointError("is damaged: it describes the same numbers in two ways")
        return storage


def read_storage(data: memoryview, budget: Budget) -> Storage:
    """The storage in a byte string of a pickle: a whole stream for that one storage."""
    value = read_stream(data, budget)
    if type(value) is not Storage:
        raise CheckpointError("has something else where a tensor's numbers should be: refused")
    return value


def read_stream(data: memoryview, budget: Budget) -> Any:
    """The value in a stream of torch.save: magic number, version, machine, value, keys, numbers."""
    values: list[Any] = []
    position, storages = 0, _Storages()
    for _ in range(5):
        machine = Machine(data, budget, read_storage, position, storages)
        values.append(machine.run())
        position = machine.position
        if values[0] != MAGIC:
            raise CheckpointError("has something else where a tensor's numbers should be: refused")
    _, version, system, value, keys = values
    if version != 1001 or type(system) is not dict or system.get("little_endian") is not True:
        raise CheckpointError("was written in a way that torch no longer reads")
    if (
        type(keys) is not list
        or {k for k in keys if type(k) is str} != set(storages.by_key)
        or (len(keys) != len(storages.by_key))
    ):
        raise CheckpointError("is damaged: the list of its tensors is not that of its numbers")
    for key in keys:
        storage, start = storages.by_key[key], position + 8
        position = start + storage.nbytes
        if position > len(data):
            raise CheckpointError("is cut short: it says that more numbers follow than there are")
        if int.from_bytes(data[start - 8 : start], "little", signed=True) != storage.count:
            raise CheckpointError("is damaged: it states two lengths for the same numbers")
        storage.data = data[start:position]
    if position != len(data):
        raise CheckpointError("has something behind its last numbers and was refused")
    return value


def read_archive(data: memoryview, budget: Budget) -> Any:
    """The value in a zip archive of torch.save."""
    members = _members(data)
    pickle = members.pop("data.pkl", None)
    if pickle is None:
        raise CheckpointError("is a zip archive, but not one of torch.save")
    if bytes(members.get("byteorder", b"little")) != b"little":
        raise CheckpointError("was written on a big-endian machine, which is not supported")
    storages = _Storages()
    machine = Machine(pickle, budget, read_storage, 0, storages)
    value = machine.run()
    if machine.position != len(pickle):
        raise CheckpointError("has something behind its pickle and was refused")
    for key, storage in storages.by_key.items():
        storage.data = members.get(f"data/{key}")
        if storage.data is None or len(storage.data) != storage.nbytes:
            raise CheckpointError("is damaged: a tensor's numbers are missing in its archive")
    return value


def _members(data: memoryview) -> dict[str, memoryview]:
    """The members by their name without the first folder, as views of the file."""
    end = bytes(data[-98:])  # how an archive without a comment ends: zip64's records before it
    size = int.from_bytes(end[-10:-6], "little")
    sound = end[-22:-18] == b"PK\5\6" and end[-2:] == b"\0\0"
    if end[-42:-38] == b"PK\6\7":
        size = int.from_bytes(end[-58:-50], "little")
        sound &= end[:4] == b"PK\6\6" and int.from_bytes(end[-34:-26], "little") == len(data) - 98
    if not sound or size > _MAX_DIRECTORY:
        raise CheckpointError("is a zip archive that is cut short, or not one of torch.save")
    try:
        members = zipfile.ZipFile(_View(data)).infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, UnicodeError) as error:
        raise CheckpointError("is a damaged zip archive ({why})", why=str(error)) from None
    if sum(member.file_size for member in members) > len(data):
        raise CheckpointError("is an archive whose members lie over each other and was refused")
    found = {}
    for member in members:
        match = _MEMBER.fullmatch(member.filename)
        if match is None:
            raise CheckpointError(
                "is an archive with {file}, which no weights need: refused",
                file=shown(member.filename),
            )
        if (
            member.compress_type != zipfile.ZIP_STORED
            or member.flag_bits & 1
            or (member.file_size != member.compress_size)
        ):
            raise CheckpointError("has compressed or encrypted members, unlike torch.save: refused")
        if match[1] in found:
            raise CheckpointError("has two members of the same name and was refused")
        found[match[1]] = _content(data, member)
    return found


def _content(data: memoryview, member: zipfile.ZipInfo) -> memoryview:
    header = bytes(data[member.header_offset : member.header_offset + 30])
    lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    start = member.header_offset + 30 + lengths
    content = data[start : start + member.file_size]
    if (
        header[:4] != b"PK\3\4"
        or len(content) != member.file_size
        or (zlib.crc32(content) != member.CRC)
    ):
        raise CheckpointError("is damaged: a member of its archive is not as it was written")
    return content


class _View(io.RawIOBase):
    """A file object on a buffer, without a copy of it."""

    def __init__(self, data: memoryview):
        self._data, self._at = data, 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: len(self._data)}[whence]
        if base + offset < 0:
            raise OSError("before the beginning")
        self._at = base + offset
        return self._at

    def readinto(self, buffer: Any) -> int:
        part = self._data[self._at : self._at + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)
