"""Going back and forth: undo, redo, the history, the steps of the last drag, the original."""

from dataclasses import replace

import gradio as gr

from drag.generate import at_step, start_over
from drag.page.components.base import item_of, to_url
from drag.page.controls import Controls
from drag.page.handlers.changes import Changes
from drag.page.handlers.desk import Desk
from drag.page.past import entry_of
from drag.page.showing import past
from drag.page.trouble import plain_errors
from drag.page.wording import next_key, status
from networks.errors import UserError


class History:
    """What can be undone is entries of the edit's timeline: values, not pictures."""

    def __init__(self, desk: Desk, page: Controls):
        self.desk, self.page, self.changes = desk, page, Changes(desk, page)

    @plain_errors
    def undo(self, value, request: gr.Request) -> dict:
        """Back to before the last change."""
        session = self.desk.session_with(value, request)
        if not session.edit.history and not session.running:
            raise UserError("There is nothing to undo.")
        return self.changes.replace(session, lambda _, edit: edit.undo(), "went_back")

    @plain_errors
    def redo(self, value, request: gr.Request) -> dict:
        """The change that was undone last."""
        session = self.desk.session_with(value, request)
        if not session.edit.future:
            raise UserError("There is nothing to redo.")
        return self.changes.replace(session, lambda _, edit: edit.redo(), "went_forth")

    @plain_errors
    def jump(self, event: gr.EventData, request: gr.Request) -> dict:
        """A picture of the history was pressed."""
        session, item = self.desk.session(request), item_of(event)
        return self.changes.replace(
            session, lambda _, edit: edit.jump(entry_of(edit, item)), "jumped"
        )

    @plain_errors
    def scrub(self, number, request: gr.Request) -> dict:
        """The slider through the steps of the last drag was moved; number: of one, as the status
        line counts them. The nearest that was kept is shown."""
        session = self.desk.session(request)
        trail = session.edit.trail
        if (
            session.running
            or session.armed  # Drag was pressed meanwhile, and knows the step
            or trail is None
            or not isinstance(number, (int, float))
        ):
            return {}
        index = trail.nearest(number)
        edit = at_step(session.edit, index)
        left = max(pair.distance for pair in edit.points) if edit.points else 0
        key = "scrubbed" if trail.numbers[index] else "scrubbed_start"
        shown = self.changes.replace(
            session,
            lambda _, edit: at_step(edit, index),
            key,
            number=trail.numbers[index],
            left=f"{left:.0f}",
        )
        shown.pop(self.page.steps, None)  # the slider is in a hand
        return shown

    @plain_errors
    def reset_points(self, request: gr.Request) -> dict:
        """No points; picture and region stay."""
        session = self.desk.session(request)
        if not session.edit.points:
            return {self.page.status: status(session.say("ready"))}
        return self.changes.replace(
            session, lambda _, edit: replace(edit.remember("points"), points=()), "ready"
        )

    @plain_errors
    def reset_picture(self, request: gr.Request) -> dict:
        """Start over: the picture as sampled, with nothing placed on it."""
        return self.changes.replace(
            self.desk.session(request), lambda _, edit: start_over(edit), "as_sampled"
        )

    @plain_errors
    def compare(self, request: gr.Request) -> dict:
        """The canvas asks for the picture as it was sampled."""
        edit = self.desk.session(request).edit
        picture = self.desk.render(replace(edit, ws=edit.origin, regions=()))
        return {
            self.page.canvas: gr.update(
                before={"src": to_url("image/jpeg", picture), "sample": edit.sample}
            )
        }

    @plain_errors
    def change(self, value, request: gr.Request) -> dict:
        """Points or region were changed on the canvas: what was said before is over, but of a
        region that the canvas was told to take."""
        known = self.desk.session(request).revision
        session = self.desk.session_with(value, request)
        offered, session.shown.offered = session.shown.offered, None
        taken = offered is not None and session.edit.mask_png == offered
        quiet = session.dragging or session.inverting or session.revision == known or taken
        told = {} if quiet else {self.page.status: status(session.say(next_key(session.edit)))}
        return told | past(self.page, session)
