"""The page in headless Chromium, held by its nose: how soon does the picture follow?

    python -m tests.benchmarks.live
    python -m tests.benchmarks.live --film assets/readme.webp --faces 14

Server and browser share this machine, as on a laptop. On each face the tip of the nose, where dlib
finds it, is pressed, moved by 60 px of 1024 within a second, held for another, and let go, by mouse
and by touch. *First* is when the first frame is shown after the press; *frames a second* are those
from there to the one in which the handle has come to rest; *behind* is the time from a move of the
pointer to the first frame that goes by it. *Way* is that of the nose, as dlib sees it in the
picture that stays. Out and back and Escape must give the first picture again, to the bit. `--film`
records the first face's canvas while it is held, as it was shown, into an animated WebP.
"""

import argparse
import base64
import contextlib
import io
import json
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

from networks.terminal import print_anywhere
from tests.benchmarks.machine import announce, markdown
from tests.browser.conftest import ARGS, chromium_path
from tests.browser.page import Page
from tests.browser.waiting import settle
from tests.judge import NOSE_TIP, find_face
from tests.running_app import running_app

FACES = 5005, 5011, 5021, 5033, 5042
WAY, MOVES = 60, 25  # px of 1024, to the right; steps of the pointer
RECORD = """(film) => {  // what a visitor sees, and when
  const stage = document.querySelector('.dc-stage'), ask = window.fetch;
  const find = (name) => document.querySelector(name);
  const overlay = find('.dc-overlay'), picture = find('.dc-picture');
  Object.assign(window, { shown: [], said: {}, moved: 0, filmed: [] });
  overlay.addEventListener('pointermove', () => { window.moved = performance.now(); });
  window.fetch = (address, ...more) => {
    const body = String(more[0]?.body ?? '');
    if (body.includes('"move"')) window.said[JSON.parse(body).data?.[2]] = window.moved;
    return ask(address, ...more);
  };
  new MutationObserver(() => {
    const { move, serial } = stage.dataset;
    window.shown.push([performance.now(), move, serial]);
  }).observe(stage, { attributes: true, attributeFilter: ['data-serial'] });
  if (!film) return;
  const side = 480, canvas = document.createElement('canvas'), g = canvas.getContext('2d');
  canvas.width = canvas.height = side;
  const take = () => {
    for (const each of [picture, overlay]) g.drawImage(each, 0, 0, side, side);
    window.filmed.push([performance.now(), canvas.toDataURL('image/webp', 0.9)]);
    window.filming = setTimeout(take, 60);
  };
  take();
}"""


class Hand:
    """A mouse or a finger on a page."""

    def __init__(self, page: Page, touch: bool):
        self.page, self.touch = page, touch
        self.client = page.page.context.new_cdp_session(page.page) if touch else None

    def _touch(self, kind: str, *places) -> None:
        points = [{"x": float(x), "y": float(y)} for x, y in places]
        self.client.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def press(self, place) -> None:
        """Down here, a place of the picture."""
        where = self.page.at(*place)
        if self.touch:
            self._touch("touchStart", where)
        else:
            self.page.page.mouse.move(*where)
            self.page.page.mouse.down()

    def move(self, begin, end, seconds: float) -> None:
        """To another place, evenly."""
        began, ends = time.perf_counter(), [self.page.at(*place) for place in (begin, end)]
        for i in range(1, MOVES + 1):
            where = tuple(np.add(ends[0], i / MOVES * np.subtract(ends[1], ends[0])))
            if self.touch:
                self._touch("touchMove", where)
            else:
                self.page.page.mouse.move(*where)
            time.sleep(max(0.0, began + i * seconds / MOVES - time.perf_counter()))

    def lift(self) -> None:
        """Let go."""
        if self.touch:
            self._touch("touchEnd")
        else:
            self.page.page.mouse.up()


def show(page: Page, seed: int) -> tuple[np.ndarray, tuple[float, float], float]:
    """A face without anything on it: its picture, the tip of its nose, and dlib's score."""
    page.show_seed(seed)
    page.settle()
    picture = page.picture()
    landmarks, score = find_face(picture)
    return picture, tuple(landmarks[NOSE_TIP]), score


def wait_for_the_end(page: Page) -> None:
    """Until a hold is over and its picture there."""
    page.page.wait_for_function(
        "() => !document.querySelector('#stop:not([disabled])')", timeout=60_000
    )
    settle(page.page)


def measure(page: Page, hand: Hand, seed: int) -> dict:
    """One face: figures of its hold, and whether out and back, and Escape, gave it back."""
    first, nose, _ = show(page, seed)
    there = nose[0] + WAY, nose[1]
    page.page.evaluate("() => { Object.assign(window, { shown: [], said: {} }); }")
    pressed = page.page.evaluate("() => performance.now()")
    hand.press(nose)
    hand.move(nose, there, 1.0)
    time.sleep(1.0)
    shown, said = page.page.evaluate("() => [window.shown, window.said]")
    let_go = time.perf_counter()
    hand.lift()
    wait_for_the_end(page)
    settling = time.perf_counter() - let_go
    after = page.picture()
    landmarks, score = find_face(after)
    frames = [(at, said[move]) for at, move, _ in shown if move in said]
    moving = [at for at, _ in frames]
    behind, seen = [], set()  # of the first frame that goes by a word
    for at, move, _ in shown:
        if move in said and move not in seen:
            behind.append(at - said[move])
            seen.add(move)
    record = {
        "seed": seed,
        "frames": len(moving),
        "first": moving[0] - pressed if moving else float("nan"),
        "rate": 1000 * (len(moving) - 1) / max(1.0, moving[-1] - moving[0]) if moving else 0.0,
        "behind": float(np.median(behind)) if behind else float("nan"),
        "worst": max(behind, default=float("nan")),
        "settling": settling,
        "way": (landmarks[NOSE_TIP][0] - nose[0]) / WAY if landmarks is not None else float("nan"),
        "score": float(score),
    }
    page.page.click("#undo")
    page.wait_for_status("Went back")
    settle(page.page)
    hand.press(nose)
    hand.move(nose, there, 0.5)
    hand.move(there, nose, 0.5)
    time.sleep(1.0)
    hand.lift()
    wait_for_the_end(page)
    followed = "held" in page.status  # it is a pin; an arrow would have said why
    record["back"] = followed and bool((page.picture() == first).all())
    hand.press((nose[0] + 40, nose[1] + 40))
    hand.move((nose[0] + 40, nose[1] + 40), there, 0.5)
    page.page.locator(".dc-stage").press("Escape")
    wait_for_the_end(page)
    hand.lift()
    record["escape"] = "Taken back" in page.status and bool((page.picture() == first).all())
    return record


def table(records: list[dict]) -> str:
    """The report as a Markdown table."""
    rows = []
    for kind in dict.fromkeys(record["by"] for record in records):
        some = [record for record in records if record["by"] == kind]
        first, rate, behind, settling, way = (
            float(np.nanmedian([record[key] for record in some]))
            for key in ("first", "rate", "behind", "settling", "way")
        )
        cells = [
            kind,
            len(some),
            f"{first:.0f} ms",
            f"{rate:.1f}",
            f"{behind:.0f} ms",
            f"{max(record['worst'] for record in some):.0f} ms",
            f"{settling:.2f} s",
            f"{way:.2f}",
            f"{min(record['way'] for record in some):.2f}",
            sum(record["score"] > 0.5 for record in some),
            sum(record["back"] for record in some),
            sum(record["escape"] for record in some),
        ]
        rows.append(" | ".join(map(str, cells)))
    return markdown(
        "by | faces | first | frames a second | behind: median | worst | settles in "
        "| way: median | least | still faces | out and back exact | Escape exact",
        rows,
    )


@contextlib.contextmanager
def opened(playwright, address: str, touch: bool):
    """The page in a browser of its own, with nothing placed and following."""
    browser = playwright.chromium.launch(executable_path=chromium_path(), args=ARGS)
    size = {"width": 390, "height": 844} if touch else {"width": 1280, "height": 860}
    context = browser.new_context(viewport=size, has_touch=touch, is_mobile=touch)
    page = Page(context.new_page(), address)
    page.clear()
    page.page.click("[data-way=follow]")
    yield page
    browser.close()


def film(page: Page, seed: int, path: Path) -> None:
    """Record a smile: a corner of the mouth is dragged out and a little back."""
    picture, _, _ = show(page, seed)
    corner = tuple(find_face(picture)[0][54])
    hand, there = Hand(page, False), (corner[0] + 46, corner[1] - 34)
    page.page.evaluate(RECORD, True)
    time.sleep(0.4)
    hand.press(corner)
    hand.move(corner, there, 1.6)
    time.sleep(0.5)
    hand.move(there, (corner[0] - 14, corner[1] + 16), 1.8)
    time.sleep(0.5)
    hand.move((corner[0] - 14, corner[1] + 16), there, 1.4)
    time.sleep(0.7)
    filmed = page.page.evaluate("() => { clearTimeout(window.filming); return window.filmed; }")
    hand.lift()
    times = [at for at, _ in filmed]
    frames = [
        Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("RGB")
        for _, url in filmed
    ]
    spans = [round(b - a) for a, b in zip(times, [*times[1:], times[-1] + 900], strict=True)]
    frames[0].save(
        path, save_all=True, append_images=frames[1:], duration=spans, loop=0, quality=68, method=4
    )
    print(f"{path}: {len(frames)} frames, {path.stat().st_size / 1e6:.2f} MB")


def main() -> None:
    """Measure and print."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.live")
    parser.add_argument("--faces", type=int, nargs="+", default=FACES, metavar="SEED")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--film", type=Path, metavar="FILE")
    args = parser.parse_args()
    report, records = announce(), []
    with (
        tempfile.TemporaryDirectory(prefix="live-") as folder,
        running_app(Path(folder)) as app,
        sync_playwright() as playwright,
    ):
        time.sleep(5)  # until it is warm, as a server is
        if args.film:
            with opened(playwright, app.address, False) as page:
                film(page, args.faces[0], args.film)
            return
        for touch in (False, True):
            with opened(playwright, app.address, touch) as page:
                page.page.evaluate(RECORD, False)
                for seed in args.faces:
                    record = measure(page, Hand(page, touch), seed)
                    records.append(record | {"by": "touch" if touch else "mouse"})
                    print(json.dumps(records[-1]), flush=True)
    print(table(records))
    if args.json:
        args.json.write_text(json.dumps(report | {"results": records}, indent=1))


if __name__ == "__main__":
    print_anywhere()
    main()
