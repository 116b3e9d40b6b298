"""Other pictures: by number, of six to choose from, with another look, examples, other models."""

import functools
import logging
import secrets
from collections.abc import Iterator

import gradio as gr

from drag.generate import mix, new_edit, parse_seed, parse_truncation, resample
from drag.page import examples
from drag.page.components.base import item_of, to_url
from drag.page.controls import Controls
from drag.page.handlers.changes import Changes
from drag.page.handlers.desk import Desk
from drag.page.trouble import plain_errors
from drag.page.wording import status
from drag.server.gallery import thumbnail
from drag.server.language import language_of, say
from drag.server.sessions import Session
from networks.errors import UserError

OFFERED = 6  # faces, or looks, to choose from
OFFERED_SIDE = 256  # px of each
log = logging.getLogger("drag")


class Pictures:
    """Each puts another picture in place of the visitor's, who can undo that."""

    def __init__(self, desk: Desk, page: Controls):
        self.desk, self.page, self.changes = desk, page, Changes(desk, page)

    @plain_errors
    def resample(self, seed, psi, request: gr.Request) -> dict:
        """Another picture: the present one stays in the history."""
        session = self.desk.session(request)
        session.shown.refused = seed
        if session.edit.seed is None and not str(seed).strip():  # as shown for one from a file
            raise UserError(
                "This picture came from a file and has no number: type one to see another picture."
            )
        seed, psi = parse_seed(seed), parse_truncation(psi)
        session.shown.refused = ""
        if (seed, psi) == (session.edit.seed, session.edit.truncation_psi):
            return {}
        change = functools.partial(resample, seed=seed, truncation_psi=psi)
        key = "varied" if seed == session.edit.seed else "ready"
        return self.changes.replace(session, change, key)

    @plain_errors
    def leave_seed(self, seed, psi, request: gr.Request) -> dict:
        """The seed's box was left: as Enter there, but what Enter refused is not refused again,
        over what the button pressed next has to say."""
        session = self.desk.session(request)
        nothing = session.edit.seed is None and not str(seed).strip()
        if seed == session.shown.refused or nothing:
            return {}
        return self.resample(seed, psi, request)

    @plain_errors
    def faces(self, psi, request: gr.Request) -> dict:
        """Six faces that nobody asked for by number."""
        session = self.desk.session(request)
        psi = parse_truncation(psi)
        return self._offer(
            session,
            "face",
            "choose_face",
            lambda generator, edit, seed: new_edit(generator, edit.model, seed, psi),
        )

    @plain_errors
    def looks(self, entries, request: gr.Request) -> dict:
        """The visitor's picture with six other looks; entries: of W+ that drags move, and stay."""
        return self._offer(
            self.desk.session(request),
            "look",
            "choose_look",
            lambda generator, edit, seed: mix(generator, edit, seed, entries),
        )

    def making(self, request: gr.Request) -> dict:
        """Six pictures are about to be made, which may take a while."""
        return {self.page.status: status(say("making", language_of(request)))}

    def _offer(self, session: Session, kind: str, key: str, made) -> dict:
        edit, items = session.edit, []
        with self.desk.models.use(edit.model) as generator:
            for _ in range(OFFERED):
                seed = secrets.randbelow(1_000_000)
                other = made(generator, edit, seed)
                small = self.desk.gallery.make(
                    functools.partial(thumbnail, generator, other, OFFERED_SIDE)
                )
                items.append(
                    {"id": f"{kind}:{seed}", "label": str(seed), "src": to_url("image/jpeg", small)}
                )
        title = session.say(key)
        return {
            self.page.status: status(title),
            self.page.offered: {"items": items, "at": -1, "title": title, "over": True},
        }

    @plain_errors
    def pick(self, event: gr.EventData, psi, entries, request: gr.Request) -> dict:
        """One of the six was pressed."""
        kind, _, seed = item_of(event).partition(":")
        if kind == "look":
            return self.mix(seed, entries, request)
        return self.resample(seed, psi, request)

    @plain_errors
    def mix(self, seed, entries, request: gr.Request) -> dict:
        """Another picture's look on this one; entries: of W+ that drags move, and stay."""
        seed = parse_seed(seed)
        change = functools.partial(mix, seed=seed, entries=entries)
        return self.changes.replace(self.desk.session(request), change, "mixed", seed=seed)

    def example(self, event: gr.EventData, request: gr.Request) -> Iterator[dict]:
        """An example was pressed: it is shown with all that is placed on it."""

        def turn(session: Session):
            example = examples.EXAMPLES.get(item_of(event))
            if example is not None:
                text = session.say("example", title=session.say(f"example_{example.name}"))
                model = self.desk.models.find("builtin")
                yield from self.changes.turn_to(session, model, example.load, text)

        yield from self.changes.guarded(turn, request)

    def choose(self, name, request: gr.Request) -> Iterator[dict]:
        """Another model was chosen or typed: it is fetched while the page goes on with what it
        has, then shown with the visitor's own edit of it."""
        yield from self.changes.guarded(
            lambda session: self.changes.turn_to(session, self.desk.models.find(name)),
            request,
            menu=True,
        )


def examples_row(language: str) -> dict:
    """The examples as a row of pictures, without those whose picture is not there; and before them
    a photo of the visitor's own, which the page chooses by itself (assets/thumbnails.js)."""
    items = []
    for name in ("photo", *examples.EXAMPLES):
        try:
            picture = to_url(*examples.thumbnail(name))
        except OSError as error:  # of an installation that lacks a file: the others are there
            log.warning("the example %s has no picture: %s", name, error)
            continue
        items.append({"id": name, "label": say(f"example_{name}", language), "src": picture})
    return {"title": say("examples", language), "at": -1, "items": items}
