"""How a test waits for a Playwright page: until it has settled, or with its clock stopped."""

# Counts what the page waits for: answers to its calls that stand in no queue, and pictures that are
# decoded. What an answer changes is there a moment after it.
WAITS = """(() => {
  const wait = (promise) => {
    const over = () => setTimeout(() => { window.waits -= 1; });
    window.waits += 1;
    promise.then(over, over);
  };
  const ask = window.fetch, decode = HTMLImageElement.prototype.decode;
  window.waits = 0;
  window.fetch = (address, ...more) => {
    const answer = ask(address, ...more);
    if (String(address?.url ?? address).includes('/run/'))
      wait(answer.then((each) => each.clone().text()));
    return answer;
  };
  HTMLImageElement.prototype.decode = function () {
    const decoded = decode.call(this);
    wait(decoded);
    return decoded;
  };
})()"""
SETTLED = """() => {  // for a few frames, in which what came is drawn
  const fades = document.getAnimations().some((each) => each.playState === 'running'
    && each.effect.getComputedTiming().endTime < Infinity);
  window.calm = window.waits || fades || scrollY !== window.scrolled ? 0 : window.calm + 1;
  window.scrolled = scrollY;
  return window.calm > 3;
}"""


def settle(page) -> None:
    """Until a Playwright page with the script WAITS has all that it waits for, and has drawn it:
    no call is unanswered, no picture undecoded, nothing fades or slides. It does not wait for what
    comes as a stream: drags, files, models."""
    page.evaluate("() => { window.calm = 0; }")
    page.wait_for_function(SETTLED)


def stop_the_clock(page) -> None:
    """From now on timers of a Playwright page, and what it takes for the time, go on by
    `page.clock.run_for(milliseconds)` only, however slow the machine is; frames, too, so that
    nothing settles."""
    page.evaluate("() => { window.stopped = true; }")
    page.clock.install()
    page.clock.pause_at(page.evaluate("() => Date.now() / 1000") + 60)  # that is still to come
