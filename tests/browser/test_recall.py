"""What a browser has kept, as the page hands it over when it is loaded."""

from drag.page.components.base import read_asset

OWN, LAST = '{"own": 1}', '{"last": 1}'
STORE = """([own, last]) => {
  Object.assign(sessionStorage, { draggan: "token", draggan_edit: own, draggan_placed: "{" });
  localStorage.draggan_edit = last;
}"""


def test_of_two_copies_the_first_that_is_whole_is_handed_over(new_page):
    # Where this tab's own was damaged, no edit came back, though the other one was there.
    page = new_page()
    page.route("**/*", lambda route: route.fulfill(body="", content_type="text/html"))
    page.goto("http://page.test/")
    for own, last, kept in (
        (OWN, LAST, OWN),
        (OWN[:-1], LAST, LAST),
        ("", LAST, LAST),
        (OWN, "{", OWN),
        ("null", "{", ""),
    ):
        page.evaluate(STORE, [own, last])
        assert page.evaluate(read_asset("recall.js")) == ["token", kept, None]
