"""A pickle, walked as data.

A pickle is a program for a small stack machine, and Python's own machine will import and call
whatever the program names. This one knows the opcodes that weight files are made of and no others.
What a pickle names stays a name (`Global`), checked against a list at once; calls of it go to our
constructors (`records`), which build containers, numbers and views of the file's bytes. Nothing is
imported, looked up or called. Byte strings are views, so memory stays within the file's size.
"""

import struct
from collections.abc import Callable
from typing import Any

from networks.checkpoints.arrays import Storage
from networks.checkpoints.errors import CheckpointError
from networks.checkpoints.records import MAPPINGS, Budget, Global, build, call, new

MAX_OPCODES = 200_000  # three networks of 1024 px take some 70,000
_LONGEST = 10  # bytes of a whole number: torch.save's magic number has as many
_LONGEST_KEY = 500  # characters
_STOP = ord(".")


class Machine:
    """Runs one pickle of a buffer that may hold more after it.

    data: the buffer.   budget: shared by the pickles within one file.   read_storage: reads a
    storage that a byte string of the pickle holds.   start: where the pickle begins.   persistent:
    builds what a persistent id stands for, in files that have them.
    """

    def __init__(
        self,
        data: memoryview,
        budget: Budget,
        read_storage: Callable[[memoryview, Budget], Storage],
        start: int = 0,
        persistent: Callable[[object], object] | None = None,
    ):
        self.data, self.budget, self.position = data, budget, start
        self.read_storage, self.persistent = read_storage, persistent
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: dict[int, object] = {}

    def run(self) -> Any:
        """The value that the pickle builds; `position` is then behind it.

        Raises CheckpointError where the pickle is damaged, or does what weights have no need of.
        """
        budget = self.budget
        while self.position < len(self.data):
            code = self.data[self.position]
            self.position += 1
            budget.opcodes += 1
            if budget.opcodes > MAX_OPCODES:
                raise CheckpointError(
                    "has a pickle of more than {most} opcodes and was refused", most=MAX_OPCODES
                )
            if code == _STOP:
                value = self._pop()
                if self.stack or self.marks:
                    raise CheckpointError("is damaged: its pickle ends too early")
                return value
            operation = _OPERATIONS.get(code)
            if operation is None:
                raise CheckpointError(
                    "uses pickle opcode {code:#04x}, which no weights need, and was refused",
                    code=code,
                )
            operation(self)
        raise CheckpointError("is cut short: its pickle does not end")

    def _take(self, count: int) -> memoryview:
        end = self.position + count
        if end > len(self.data):
            raise CheckpointError("is cut short: its pickle says more follows than the file has")
        part = self.data[self.position : end]
        self.position = end
        return part

    def _number(self, form: str) -> Any:
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def _long(self, size: int) -> int:
        if size > _LONGEST:
            raise CheckpointError("has a whole number larger than any that weights need: refused")
        return int.from_bytes(self._take(size), "little", signed=True)

    def _line(self) -> str:
        part = bytes(self.data[self.position : self.position + 300])
        length = part.find(b"\n")
        if length < 0:
            raise CheckpointError("is damaged: a name in its pickle does not end")
        self.position += length + 1
        return _text(part[:length])

    def _pop(self) -> Any:
        if not self.stack:
            raise CheckpointError("is damaged: its pickle takes more than it has made")
        return self.stack.pop()

    def _top(self, *kinds: type) -> Any:
        if not self.stack or type(self.stack[-1]) not in kinds:
            raise CheckpointError("is damaged: its pickle fills something that is no container")
        return self.stack[-1]

    def _pop_mark(self) -> list:
        if not self.marks:
            raise CheckpointError("is damaged: its pickle has an end without a beginning")
        items, self.stack = self.stack, self.marks.pop()
        return items

    def _mark(self) -> None:
        self.marks.append(self.stack)
        self.stack = []

    def _protocol(self) -> None:
        if not 2 <= self._take(1)[0] <= 5:
            raise CheckpointError("is a pickle of an unknown protocol")

    def _put(self, index: int) -> None:
        if not self.stack:
            raise CheckpointError("is damaged: its pickle remembers what it has not made")
        self.memo[index] = self.stack[-1]

    def _get(self, index: int) -> None:
        if index not in self.memo:
            raise CheckpointError("is damaged: its pickle recalls what it never remembered")
        self.stack.append(self.memo[index])

    def _tuple(self, count: int) -> None:
        items = [self._pop() for _ in range(count)]
        self.stack.append(tuple(reversed(items)))

    def _tuple_from_mark(self) -> None:
        items = self._pop_mark()
        self.stack.append(tuple(items))

    def _append(self, items: list) -> None:
        self._top(list).extend(items)

    def _set_items(self, items: list) -> None:
        target = self._top(*MAPPINGS)
        if len(items) % 2:
            raise CheckpointError("is damaged: its pickle has a key without a value")
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[self._checked_key(key)] = value

    def _checked_key(self, key: Any) -> Any:
        """Keys that hash at once; there may be only so many whose hashes a file can choose."""
        if type(key) is not str:
            self.budget.count_number_key()
        if type(key) not in (str, int, float, bool, type(None)) or (
            type(key) is str and len(key) > _LONGEST_KEY
        ):
            raise CheckpointError("is damaged: a key in its pickle is neither a name nor a number")
        return key

    def _add_items(self, items: list) -> None:
        if any(type(item) is not str for item in items):
            raise CheckpointError("is damaged: a set in its pickle has more than names")
        self._top(set).update(items)

    def _global(self, module: object, name: object) -> None:
        if type(module) is not str or type(name) is not str:
            raise CheckpointError("is damaged: a name in its pickle is no text")
        self.stack.append(Global.allowed(module, name))

    def _stack_global(self) -> None:
        name, module = self._pop(), self._pop()
        self._global(module, name)

    def _reduce(self) -> None:
        arguments, function = self._pop(), self._pop()
        self.stack.append(call(function, arguments, self.budget, self.read_storage))

    def _new(self) -> None:
        arguments, kind = self._pop(), self._pop()
        self.stack.append(new(kind, arguments))

    def _build(self) -> None:
        state = self._pop()
        self.stack.append(build(self._pop(), state, self.budget))

    def _persistent(self) -> None:
        if self.persistent is None:
            raise CheckpointError("names data outside of its pickle and was refused")
        self.stack.append(self.persistent(self._pop()))


def _text(raw: bytes | memoryview) -> str:
    try:
        return bytes(raw).decode("utf-8")
    except UnicodeDecodeError:
        raise CheckpointError("is damaged: a text in its pickle is not UTF-8") from None


def _operations() -> dict[int, Callable[[Machine], object]]:
    """What each opcode does, by its byte."""

    def push(read: Callable[[Machine], object]) -> Callable[[Machine], None]:
        return lambda m: m.stack.append(read(m))

    def bytes_of(size: str) -> Callable[[Machine], None]:
        return push(lambda m: m._take(m._number(size)))

    def text_of(size: str) -> Callable[[Machine], None]:
        return push(lambda m: _text(m._take(m._number(size))))

    table: dict[bytes, Callable[[Machine], object]] = {
        b"\x80": Machine._protocol,
        b"\x95": lambda m: m._take(8),
        b"(": Machine._mark,
        b"N": push(lambda m: None),
        b"\x88": push(lambda m: True),
        b"\x89": push(lambda m: False),
        b"K": push(lambda m: m._number("<B")),
        b"M": push(lambda m: m._number("<H")),
        b"J": push(lambda m: m._number("<i")),
        b"G": push(lambda m: m._number(">d")),
        b"\x8a": push(lambda m: m._long(m._number("<B"))),
        b"C": bytes_of("<B"),
        b"B": bytes_of("<I"),
        b"\x8e": bytes_of("<Q"),
        b"\x8c": text_of("<B"),
        b"X": text_of("<I"),
        b"\x8d": text_of("<Q"),
        b"}": push(lambda m: {}),
        b"]": push(lambda m: []),
        b")": push(lambda m: ()),
        b"\x8f": push(lambda m: set()),
        b"\x85": lambda m: m._tuple(1),
        b"\x86": lambda m: m._tuple(2),
        b"\x87": lambda m: m._tuple(3),
        b"t": Machine._tuple_from_mark,
        b"a": lambda m: m._append([m._pop()]),
        b"e": lambda m: m._append(m._pop_mark()),
        b"s": lambda m: m._set_items([m._pop(), m._pop()][::-1]),
        b"u": lambda m: m._set_items(m._pop_mark()),
        b"\x90": lambda m: m._add_items(m._pop_mark()),
        b"q": lambda m: m._put(m._number("<B")),
        b"r": lambda m: m._put(m._number("<I")),
        b"\x94": lambda m: m._put(len(m.memo)),
        b"h": lambda m: m._get(m._number("<B")),
        b"j": lambda m: m._get(m._number("<I")),
        b"c": lambda m: m._global(m._line(), m._line()),
        b"\x93": Machine._stack_global,
        b"R": Machine._reduce,
        b"\x81": Machine._new,
        b"b": Machine._build,
        b"Q": Machine._persistent,
    }
    return {code[0]: operation for code, operation in table.items()}


_OPERATIONS = _operations()
