"""The canvas alone: a press that the picture follows, and what is told of it."""

import numpy as np
import pytest

from tests.browser.bench import SIDE, ends, flat, frame_of
from tests.browser.waiting import settle


@pytest.fixture
def bench(open_bench):
    """A canvas on which the picture follows."""
    bench = open_bench()
    bench.page.click("[data-way=follow]")
    return bench


def told(bench, *words):
    """Until the last words of holds are these."""
    bench.page.wait_for_function(
        "words => `${window.moves.slice(-words.length).map((each) => each[5])}` === `${words}`",
        arg=list(words),
    )


def test_a_press_is_told_of_at_once_and_every_move(bench):
    bench.hold((100, 120))
    assert bench.events == ["hold"]
    (point,) = bench.committed["points"]
    assert np.allclose([point["handle"], point["target"]], [(100, 120)] * 2, atol=1)
    assert bench.moves == []  # nobody listens yet
    name = bench.follow()
    bench.page.mouse.move(*bench.at(160, 140), steps=4)
    bench.page.wait_for_function("() => window.moves.at(-1)?.[3] > 158")
    bench.page.mouse.up()
    told(bench, "released")
    moves = bench.moves
    assert {(run, each) for run, each, *_ in moves} == {("token", name)}
    numbers = [each[2] for each in moves]
    assert numbers == sorted(set(numbers))
    assert np.allclose(moves[-1][3:5], (160, 140), atol=1)
    assert bench.events == ["hold"]  # one change, and the server has it
    assert np.allclose(bench.committed["points"][0]["target"], (160, 140), atol=1)


@pytest.mark.slow  # two seconds of rest
def test_a_resting_pointer_says_every_second_that_it_is_there(bench):
    bench.hold((100, 120), (150, 120))
    bench.follow()
    bench.page.wait_for_function("() => window.moves.length > 2", timeout=30_000)
    places = {tuple(each[3:5]) for each in bench.moves}
    assert len(places) <= 2  # it did not move
    bench.page.mouse.up()
    told(bench, "released")


@pytest.mark.slow
def test_let_go_before_the_answer_it_is_told_with_it(bench):
    bench.hold((100, 120), (170, 120))
    bench.page.mouse.up()
    bench.follow()
    told(bench, "released")
    assert np.allclose(bench.moves[-1][3:5], (170, 120), atol=1)


def test_where_the_server_cannot_follow_it_is_an_arrow(bench):
    bench.hold((100, 120), (130, 120))
    bench.follow(refused=True)
    bench.page.mouse.move(*bench.at(200, 220))
    bench.page.mouse.up()
    settle(bench.page)
    assert bench.events == ["hold", "release"]
    assert np.allclose(ends(bench), [(100, 120), (200, 220)], atol=1)
    assert bench.moves == []
    bench.hold((300, 300), (350, 300))  # and one that was let go before the answer
    bench.page.mouse.up()
    assert bench.events == ["hold", "release", "hold"]
    bench.follow(refused=True)
    assert bench.events == ["hold", "release", "hold", "release"]


@pytest.mark.slow
def test_a_click_that_is_not_followed_waits_for_its_target(bench):
    bench.hold((100, 120))
    bench.page.mouse.up()
    bench.follow(refused=True)
    assert bench.value()["points"][0]["open"]
    assert bench.events == ["hold", "release"]


@pytest.mark.slow
def test_what_an_example_brought_goes_with_the_first_press_and_comes_back(open_bench):
    point = {"handle": [300, 300], "target": [340, 300], "key": 1}
    value = {"width": SIDE, "height": SIDE, "points": [point], "mask": None, "revision": 0}
    bench = open_bench(value)
    bench.page.click("[data-way=follow]")
    bench.hold((100, 120), (150, 120))
    bench.set("live", {"id": bench.items[-1], "run": "token", "alone": True})
    assert [each["key"] for each in bench.value()["points"]] == [2]
    bench.page.keyboard.press("Escape")
    assert [each["key"] for each in bench.value()["points"]] == [1]
    bench.page.mouse.up()
    bench.hold((100, 120), (150, 120))
    bench.page.keyboard.press("Escape")  # before the answer, which found nothing to keep
    bench.set("live", {"id": bench.items[-1], "run": "token", "alone": True})
    bench.page.mouse.up()
    assert [each["key"] for each in bench.value()["points"]] == [1]


def test_escape_takes_it_back(bench):
    bench.hold((100, 120), (150, 120))
    bench.follow()
    bench.show(flat((9, 99, 9)), 5, run="token", handles={1: [140, 120]})
    assert np.allclose(ends(bench)[0], (140, 120), atol=1)  # the dot is where the picture is
    bench.page.keyboard.press("Escape")
    told(bench, "taken back")
    assert bench.value()["points"] == []
    bench.page.mouse.up()
    assert bench.events == ["hold"]
    assert bench.committed["points"] == []


@pytest.mark.slow
def test_a_second_finger_takes_it_back_and_zooms(open_bench):
    bench = open_bench(width=390, height=844, touch=True)
    bench.page.click("[data-way=follow]")
    first, second = bench.on_screen(150, 150), bench.on_screen(350, 350)
    bench.fingers([first], [(first[0] + 9, first[1])], [first, second], [first, (300, 500)])
    assert bench.value()["points"] == []
    assert bench.events == ["hold"]
    assert bench.view()["scale"] > 1


def test_a_press_without_a_move_is_a_pin(bench):
    bench.hold((100, 120))
    bench.follow()
    bench.page.mouse.up()
    told(bench, "released")
    (point,) = bench.value()["points"]
    assert point["pinned"]
    assert bench.page.is_enabled("[data-act=remove]")


def test_a_point_is_selected_by_a_press_and_taken_up_by_a_move(bench):
    bench.hold((100, 120), (200, 120))
    bench.follow()
    bench.page.mouse.up()
    told(bench, "released")
    bench.show(flat((9, 99, 9)), 5, run="token", settle=True, handles={1: [180, 120]})
    bench.hold((181, 121))
    bench.page.mouse.up()
    assert bench.events == ["hold"]  # pressed only
    bench.hold((181, 121), (231, 151))
    assert bench.events == ["hold", "hold"]
    assert bench.committed["points"][0]["target"] == bench.committed["points"][0]["handle"]
    bench.follow()
    bench.page.mouse.up()
    told(bench, "released")
    assert np.allclose(bench.moves[-1][3:5], (230, 150), atol=1.5)
    assert len(bench.value()["points"]) == 1


@pytest.mark.slow
def test_arrows_by_shift_by_the_button_and_by_a_key(bench, open_bench):
    bench.page.keyboard.down("Shift")
    bench.hold((100, 120), (200, 120))
    bench.page.mouse.up()
    bench.page.keyboard.up("Shift")
    assert bench.events == ["release"]
    bench.press("g")
    assert bench.page.get_attribute("[data-way=arrows]", "aria-pressed") == "true"
    bench.hold((100, 320), (200, 320))
    bench.page.mouse.up()
    assert bench.events == ["release", "release"]
    assert bench.page.evaluate("() => localStorage.draggan_way") == "arrows"


def test_arrow_keys_move_a_target_and_the_picture_follows(bench):
    bench.hold((100, 120), (200, 120))
    bench.follow()
    bench.page.mouse.up()
    told(bench, "released")
    bench.press("Shift+ArrowRight", "Shift+ArrowRight", "ArrowDown")
    assert bench.events == ["hold", "hold"]
    bench.follow()
    told(bench, "released")
    assert np.allclose(bench.moves[-1][3:5], (220, 121), atol=1)


@pytest.mark.slow
def test_what_the_server_let_go_of_is_an_arrow_to_where_it_was_let_go(bench):
    bench.page.evaluate("() => { window.answers.push(true, false); }")
    bench.hold((100, 120), (150, 120))
    bench.follow()
    bench.page.wait_for_function("() => !window.answers.length", timeout=30_000)
    bench.page.mouse.move(*bench.at(200, 120))
    bench.page.mouse.up()
    settle(bench.page)
    assert bench.events == ["hold", "release"]
    assert np.allclose(ends(bench)[1], (200, 120), atol=1)


@pytest.mark.slow
def test_words_that_do_not_arrive_are_said_again(bench):
    bench.page.evaluate("() => { window.answers.push('lost', 'lost'); }")
    bench.hold((100, 120), (150, 120))
    bench.follow()
    bench.page.mouse.up()
    told(bench, "released")
    assert len(bench.moves) >= 3


def test_a_part_of_a_picture_lies_over_the_rest(bench):
    bench.show(flat((0, 0, 200)), 5, run="token")
    part = {"part": [100, 200, 50, 40]}
    bench.show(flat((200, 0, 0), 50, 40), 6, run="token", **part)
    shown = bench.picture().astype(int)
    inside = np.zeros(shown.shape[:2], bool)
    inside[200:240, 100:150] = True
    assert (shown[inside][:, 0] > 150).all()
    assert (shown[~inside][:, 2] > 150).all()


@pytest.mark.slow
def test_a_whole_picture_is_not_skipped_for_a_part(bench):
    """Both came while another was decoded: the part alone left the rest of the former picture."""
    frames = [
        frame_of(flat((0, 200, 0)), 5),
        frame_of(flat((0, 0, 200)), 6),
        frame_of(flat((200, 0, 0), 50, 40), 7, part=[100, 200, 50, 40]),
    ]
    set_all = "frames => { for (const frame of frames) window.props.frame = frame; }"
    bench.page.evaluate(set_all, frames)
    bench.page.wait_for_function("() => document.querySelector('.dc-stage').dataset.serial === '7'")
    shown = bench.picture().astype(int)
    assert shown[300, 300, 2] > 150
    assert shown[210, 110, 0] > 150
