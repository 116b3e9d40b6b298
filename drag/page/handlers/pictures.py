"""Other pictures: by number, of six to choose from, with another look, examples, other models."""

import functools
import secrets
from collections.abc import Iterator

import gradio as gr

from drag.edit import Edit
from drag.generate import check_model, follow, mix, new_edit, parse_seed, parse_truncation, resample
from drag.models.catalogue import Model
from drag.page import examples
from drag.page.components.base import to_url
from drag.page.handlers.desk import SHOWN, Desk, item_of
from drag.page.trouble import TROUBLE, in_words, plain_errors
from drag.page.wording import status
from drag.server.gallery import thumbnail
from drag.server.language import language_of, say, translated
from drag.server.sessions import Session

CHOSEN = SHOWN + 9  # outputs that show an edit of another model: it, and the settings, besides
OFFERED = 6  # faces, or looks, to choose from


class PictureHandlers(Desk):
    """Each puts another picture in place of the visitor's, who can undo that."""

    @plain_errors(outputs=SHOWN)
    def resample(self, seed, psi, request: gr.Request):
        """Another picture: the present one stays in the history."""
        session = self._session(request)
        session.shown.refused = seed
        if session.edit.seed is None and not str(seed).strip():  # as shown for one from a file
            raise ValueError("This picture came from a file and has no number: type one to see "
                             "another picture.")
        seed, psi = parse_seed(seed), parse_truncation(psi)
        session.shown.refused = ""
        if (seed, psi) == (session.edit.seed, session.edit.truncation_psi):
            return (gr.skip(),) * SHOWN
        change = functools.partial(resample, seed=seed, truncation_psi=psi)
        return self._replace(session, change, "ready")

    @plain_errors(outputs=SHOWN)
    def leave_seed(self, seed, psi, request: gr.Request):
        """The seed's box was left: as Enter there, but what Enter refused is not refused again,
        over what the button pressed next has to say."""
        session = self._session(request)
        nothing = session.edit.seed is None and not str(seed).strip()
        if seed == session.shown.refused or nothing:
            return (gr.skip(),) * SHOWN
        return self.resample(seed, psi, request)

    @plain_errors(outputs=2)
    def faces(self, psi, request: gr.Request):
        """Six faces that nobody asked for by number."""
        session = self._session(request)
        psi = parse_truncation(psi)
        return self._offer(session, "face", "choose_face", lambda generator, edit, seed: new_edit(
            generator, edit.model, seed, psi))

    @plain_errors(outputs=2)
    def looks(self, entries, request: gr.Request):
        """The visitor's picture with six other looks; entries: of W+ that drags move, and stay."""
        return self._offer(self._session(request), "look", "choose_look",
                           lambda generator, edit, seed: mix(generator, edit, seed, entries))

    def making(self, request: gr.Request) -> str:
        """Six pictures are about to be made, which may take a while."""
        return status(say("making", language_of(request)))

    def _offer(self, session: Session, kind: str, key: str, made) -> tuple:
        edit, items = session.edit, []
        with self.models.use(edit.model) as generator:
            for _ in range(OFFERED):
                seed = secrets.randbelow(1_000_000)
                other = made(generator, edit, seed)
                small = self.gallery.make(functools.partial(thumbnail, generator, other))
                items.append({"id": f"{kind}:{seed}", "label": str(seed),
                              "src": to_url("image/jpeg", small)})
        title = session.say(key)
        return status(title), {"items": items, "at": -1, "title": title}

    @plain_errors(outputs=SHOWN)
    def pick(self, event: gr.EventData, psi, entries, request: gr.Request):
        """One of the six was pressed."""
        kind, _, seed = item_of(event).partition(":")
        if kind == "look":
            return self.mix(seed, entries, request)
        return self.resample(seed, psi, request)

    @plain_errors(outputs=SHOWN)
    def mix(self, seed, entries, request: gr.Request):
        """Another picture's look on this one; entries: of W+ that drags move, and stay."""
        seed = parse_seed(seed)
        change = functools.partial(mix, seed=seed, entries=entries)
        return self._replace(self._session(request), change, "mixed", seed=seed)

    def example(self, event: gr.EventData, request: gr.Request) -> Iterator[tuple]:
        """An example was pressed: it is shown with all that is placed on it."""
        def turn(session: Session):
            example = examples.EXAMPLES.get(item_of(event))
            if example is not None:
                text = session.say("example", title=session.say(f"example_{example.name}"))
                yield from self._turn(session, self.models.find("builtin"), example.load, text)

        yield from self._guarded(turn, request)

    def choose(self, name, request: gr.Request) -> Iterator[tuple]:
        """Another model was chosen or typed: it is fetched while the page goes on with what it
        has, then shown with the visitor's own edit of it."""
        yield from self._guarded(
            lambda session: self._turn(session, self.models.find(name)), request)

    def _guarded(self, work, request: gr.Request) -> Iterator[tuple]:
        """What work, a function of the visitor's session, yields; trouble on the way goes to the
        status line, and the menu goes back."""
        yield (gr.skip(),) * CHOSEN  # a generator closed before this lives on
        session = None
        try:
            session = self._session(request)
            yield from work(session)
        except TROUBLE as error:
            model = gr.update(value=session.edit.model) if session else gr.skip()
            skips = [gr.skip()] * (CHOSEN - SHOWN - 1)
            yield (in_words(error, language_of(request)), *[gr.skip()] * (SHOWN - 1), model,
                   *skips)

    def _turn(self, session: Session, model: Model, made=None, text: str = "") -> Iterator[tuple]:
        """Fetch a model and show an edit of it, unless the visitor chooses another meanwhile.

        made: the edit for (generator); without it the visitor's own.   text: then said.
        """
        mine, nothing = object(), [gr.skip()] * (CHOSEN - 1)
        session.shown.wanted = mine
        line = status(text or session.say("ready"))
        try:
            for told in self.models.fetch(model):
                if session.shown.wanted is not mine:
                    return
                if told:
                    words, share = told
                    yield status(translated(words, session.language), share), *nothing
            if made is None and session.edit.model == model.name:
                yield (gr.skip() if session.running else line, *[gr.skip()] * (SHOWN - 1),
                       *self._choices(session))
                return
            with self.models.use(model) as generator:
                fresh = made(generator) if made else None
                edit = fresh or self._own(session, model, generator)
                picture = self._render(edit)  # fails, if it does, before anything is changed
                session.settle()
                turn = self._taken_over(session, model, generator, fresh, mine)
        except TROUBLE:
            if session.shown.wanted is not mine:
                return
            raise
        if turn:
            if fresh is None and turn.edit is not edit:  # it was come back to with more on it
                picture = self._render(turn.edit)
            shown = self._show(session, line, turn, picture)
            yield *shown, *(self._choices(session) if session.epoch == turn.epoch
                            else [gr.skip()] * (CHOSEN - SHOWN))

    def _taken_over(self, session: Session, model: Model, generator, fresh: Edit | None, mine):
        """The turn in which the visitor's edit of a model is followed by a fresh one, or is taken
        up itself; None where they want another meanwhile."""
        while session.shown.wanted is mine:
            own = self._own(session, model, generator)
            edit = follow(own, fresh) if fresh else own
            present = own if own.model == session.edit.model else None
            turn = session.turn_to(edit, mine, present)
            if turn:
                return turn
        return None

    def _own(self, session: Session, model: Model, generator) -> Edit:
        """The visitor's edit of a model, or what a new visitor finds."""
        present = session.edit
        if present.model == model.name:
            return present
        own = session.shelf.get(model.name)
        if own is not None:
            try:
                check_model(generator, own)
                return own
            except ValueError:  # kept by a browser for another server's model of that name
                pass
        return self._fresh(model.name)


def examples_row(language: str) -> dict:
    """The examples as a row of pictures."""
    return {"title": say("examples", language), "at": -1, "items": [
        {"id": example.name, "label": say(f"example_{example.name}", language),
         "src": to_url("image/jpeg", examples.thumbnail(example.name))}
        for example in examples.EXAMPLES.values()]}
