"""An edit as the end of an address: which face, and what is placed on it; nothing of its drags."""

import base64
import binascii
import json
import urllib.parse
import zlib
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from drag.edit import MAX_POINTS, Edit, PointPair
from drag.generate import at_step, mix, new_edit, parse_seed, parse_truncation
from drag.settings import WHOLE, Settings
from networks.errors import UserError
from networks.generator import Generator

START = "edit="  # of the fragment of an address; what follows is JSON, deflated, in base64url
MAX_CHARACTERS, MAX_BYTES = 8_000, 64_000  # of a link, of the JSON in it
SIDE = 128  # px of its region, which is drawn coarser than it was painted
NO_LINK = "This link is damaged, or of another version of this program: ask for it again."
NO_NUMBER = (
    "A picture of a photo or of a file has no number that a link could carry: "
    "save it as a picture (PNG) or project, which opens here again."
)


@dataclass(frozen=True, eq=False)
class Link:
    """What a link says, checked but for what the model alone knows."""

    model: str
    seed: int
    truncation_psi: float | None = None  # None: as the model has it
    style_seed: int | None = None
    points: tuple[PointPair, ...] = ()
    region: np.ndarray | None = None  # bool (SIDE, SIDE), True = may move
    reach: float | None = None  # None: as the page has it

    def load(self, generator: Generator, psi: float, settings: Settings) -> Edit:
        """The edit.   psi, settings: where the link names none. Raises ValueError, in words fit for
        a visitor."""
        psi = psi if self.truncation_psi is None else self.truncation_psi
        if self.reach is not None:
            settings = replace(settings, reach=self.reach)
        edit = new_edit(generator, self.model, self.seed, psi, settings)
        if self.style_seed is not None:
            edit = replace(mix(generator, edit, self.style_seed), history=(), change="sample")
        mask = None
        if self.region is not None:
            small = Image.fromarray(self.region).convert("L")
            mask = np.asarray(small.resize(edit.img_size[::-1], Image.Resampling.BICUBIC)) > 127
        return edit.place(self.points, mask)


def to_link(edit: Edit) -> str:
    """The fragment of an address, without its "#", that opens the face of an edit with the arrows
    of its last drag, or those that wait for one. Raises ValueError, in words fit for a visitor,
    where a face has no number."""
    if edit.seed is None or edit.tuning is not None:
        raise UserError(NO_NUMBER)
    begun = edit if edit.trail is None else at_step(edit, 0)
    record: dict = {
        "v": 1,
        "model": edit.model,
        "seed": edit.seed,
        "psi": edit.truncation_psi,
        "reach": edit.settings.reach,
    }
    if edit.style_seed is not None:
        record["look"] = edit.style_seed
    if begun.points:
        record["points"] = [
            [round(n, 1) for n in (*pair.handle, *pair.target)] for pair in begun.points
        ]
    mask = edit.mask  # unpacked at each look
    if mask is not None:
        small = Image.fromarray(mask).convert("L").resize((SIDE, SIDE), Image.Resampling.BOX)
        record["region"] = base64.b64encode(np.packbits(np.asarray(small) > 127).tobytes()).decode()
    packed = zlib.compress(json.dumps(record, separators=(",", ":")).encode(), 9)
    return START + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def from_link(text: str) -> Link:
    """What a link says.   text: the fragment that `to_link` made, without its "#"; or the query of
    an address that names a seed, a model or a truncation (?seed=14&model=cats).

    A stranger may have made it. Raises ValueError in words fit for a visitor.
    """
    if len(text) > MAX_CHARACTERS:
        raise UserError(NO_LINK)
    if not text.startswith(START):
        return _named(text)
    try:
        return _read(_unpacked(text[len(START) :]))
    except UserError:
        raise
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise UserError(NO_LINK) from error


def _named(query: str) -> Link:
    said = {key: values[-1] for key, values in urllib.parse.parse_qs(query).items()}
    psi = said.get("psi")
    return Link(
        said.get("model", "builtin")[:200],
        parse_seed(said.get("seed", "0")),
        None if psi is None else parse_truncation(psi),
    )


def _unpacked(text: str) -> dict:
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        reader = zlib.decompressobj()
        content = reader.decompress(packed, MAX_BYTES)
    except (binascii.Error, zlib.error) as error:
        raise UserError(NO_LINK) from error
    record = json.loads(content)
    if not reader.eof or not isinstance(record, dict) or record.get("v") != 1:
        raise UserError(NO_LINK)
    return record


def _read(record: dict) -> Link:
    model, region, points = record["model"], record.get("region"), record.get("points", [])
    if not isinstance(model, str) or not 0 < len(model) <= 200 or len(points) > MAX_POINTS:
        raise UserError(NO_LINK)
    reach = float(record["reach"])
    if not 0 < reach <= WHOLE:  # nor is it no number
        raise UserError(NO_LINK)
    pairs = []
    for number, (x0, y0, x1, y1) in enumerate(points, 1):
        pairs.append(PointPair((float(x0), float(y0)), (float(x1), float(y1)), number))
    look = record.get("look")
    return Link(
        model,
        parse_seed(record["seed"]),
        parse_truncation(record["psi"]),
        None if look is None else parse_seed(look),
        tuple(pairs),
        None if region is None else _region(region),
        reach,
    )


def _region(text: str) -> np.ndarray | None:
    bits = np.frombuffer(base64.b64decode(text, validate=True), np.uint8)
    if len(bits) != SIDE * SIDE // 8:
        raise UserError(NO_LINK)
    region = np.unpackbits(bits).reshape(SIDE, SIDE).astype(bool)
    return region if region.any() else None
