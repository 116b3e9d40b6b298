"""How another edit takes the place of a visitor's, whatever they do meanwhile."""

from collections.abc import Iterator

import gradio as gr

from drag.edit import Edit
from drag.generate import check_model, follow
from drag.models.catalogue import Model
from drag.page.controls import Controls
from drag.page.handlers.desk import Desk
from drag.page.panel import plain
from drag.page.showing import choices, show
from drag.page.trouble import TROUBLE, in_words
from drag.page.wording import status
from drag.server.language import language_of, translated
from drag.server.sessions import Session


class Changes:
    """What undo, other pictures, other models and files have in common."""

    def __init__(self, desk: Desk, page: Controls):
        self.desk, self.page = desk, page

    def replace(self, session: Session, change, key: str, **values) -> dict:
        """End this visitor's drag, if one runs, and put another edit in place of theirs.

        change: the edit that follows from (generator, edit), or that same one for no change.
        key, values: what the status line says.
        """
        runs = session.running
        if runs:
            session.settle()
        model, turn = session.edit.model, None
        line = status(session.say(key, **values))
        with self.desk.models.use(model) as generator:
            while not turn:
                edit = session.edit
                if edit.model != model:  # another was chosen while this one was loaded again
                    return {}
                after = change(generator, edit)
                if after is edit and not runs:
                    return {self.page.status: line}
                session.settle()  # one that waits, too
                turn = session.replace_edit(after, edit)
        picture = None
        if runs or not edit.same_picture(after):
            picture = self.desk.picture(session, turn)
        return show(self.page, session, line, turn, picture)

    def guarded(self, work, request: gr.Request, menu: bool = False) -> Iterator[dict]:
        """What work, a function of the visitor's session, yields; trouble on the way goes to the
        status line, and the menu of models goes back.   menu: it is said under that, too."""
        yield {}  # a generator closed before this lives on
        session = None
        try:
            session = self.desk.session(request)
            yield from work(session)
        except TROUBLE as error:
            told = {self.page.status: in_words(error, language_of(request))}
            if session:
                said = {"info": plain(told[self.page.status])} if menu else {}
                told[self.page.model] = gr.update(value=session.edit.model, **said)
            yield told

    def turn_to(self, session: Session, model: Model, made=None, text: str = "") -> Iterator[dict]:
        """Fetch a model and show an edit of it, unless the visitor chooses another meanwhile.

        made: the edit for (generator); without it the visitor's own.   text: then said.
        """
        session.shown.wanted = mine = object()
        line, page, desk = status(text or session.say("ready")), self.page, self.desk
        try:
            for told in desk.models.fetch(model):
                if session.shown.wanted is not mine:
                    return
                if told:
                    words, share = told
                    yield {page.status: status(translated(words, session.language), share)}
            if made is None and session.edit.model == model.name:
                said = {} if session.running else {page.status: line}
                yield said | choices(page, session, desk.models)
                return
            with desk.models.use(model) as generator:
                fresh = made(generator) if made else None
                edit = fresh or self._own(session, model, generator)
                picture = desk.render(edit)  # fails, if it does, before anything is changed
                session.settle()
                turn = self._taken_over(session, model, generator, fresh, mine)
        except TROUBLE:
            if session.shown.wanted is not mine:
                return
            raise
        if turn:
            if fresh is None and turn.edit is not edit:  # it was come back to with more on it
                picture = desk.render(turn.edit)
            shown = show(page, session, line, turn, picture)
            yield shown and shown | choices(page, session, desk.models)

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
        return self.desk.fresh(model.name)
