"""The dashboard as its users meet it: in a real browser, with pictures of what they see."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from fata.deploy.status import ChangeReport
from functoria.error import UserError

from .chromium import DESKTOP, PHONE, Chromium, chromium
from .host import NOW, RUNNING, WEBSITE, Browser, FakeHost, generation, served

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.xdist_group("chromium"),
]
SERVICE = "/services/website.production"
TABLET, LAPTOP = (760, 1000), (1010, 700)
LOOKS = [
    *((size, dark) for size in (PHONE, DESKTOP) for dark in (False, True)),
    *((size, False) for size in (TABLET, LAPTOP)),
]
BROKEN = """
(() => {
    const found = [], range = document.createRange();
    const lines = (node, from, to) => {
        range.setStart(node, from);
        range.setEnd(node, to);
        return new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size;
    };
    for (const cell of document.querySelectorAll("th, td")) {
        const texts = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
        while (texts.nextNode()) {
            const node = texts.currentNode, text = node.data;
            if (cell.closest("thead") && lines(node, 0, text.length) > 1) found.push(text);
            for (const word of text.matchAll(/\\S+/g))
                if (lines(node, word.index, word.index + word[0].length) > 1) found.push(word[0]);
        }
    }
    return found;
})()
"""
"""The heads of columns that are not on one line, and the words that are on two."""


@pytest.fixture
def host() -> FakeHost:
    return FakeHost()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with chromium(tmp_path_factory.mktemp("profile")) as made:
        yield made


@pytest.fixture
def page(host: FakeHost, running: Chromium) -> Iterator[tuple[Chromium, Browser]]:
    with served(host) as browser:
        running.errors.clear()
        running.look(DESKTOP, dark=False)
        running.open(browser.address)
        yield running, browser
        running.tell("Page.navigate", url="about:blank")
    assert not running.errors


def where(browser: Browser, path: str) -> str:
    return f"http://127.0.0.1:{browser.port}{path}"


def test_a_rollback_from_the_click_to_the_live_generation(
    host: FakeHost, page: tuple[Chromium, Browser], tmp_path: Path
) -> None:
    made, _ = page
    steps = Steps(host)
    host.changes["rollback"] = steps.roll_back
    made.wait("location.search === ''")  # the token has left the address
    made.run("document.querySelector('a.service').click()")
    made.wait(f"location.pathname === '{SERVICE}' && document.readyState === 'complete'")
    made.click("Roll back to g8")
    made.wait("!!document.querySelector('.confirm')")
    made.picture(tmp_path / "confirm.png")
    assert not steps.asked
    made.click("Roll website.production back to g8")
    made.wait(f"location.pathname === '{SERVICE}' && document.readyState === 'complete'")
    for stage in ("staged", "booted", "healthy", "draining"):
        steps.reach(stage)
        made.wait(f"document.querySelector('.here .name')?.textContent === '{stage}'")
        made.picture(tmp_path / f"{stage}.png")
    steps.done.set()
    made.wait("document.querySelector('#job + form') !== null")
    made.wait("document.body.innerText.includes('Done: g10 is live')")
    made.picture(tmp_path / "done.png")
    made.click("Dismiss")
    made.wait("document.getElementById('job') === null")
    assert steps.asked == [{"app": "website", "environment": "production", "generation": 8}]


def test_what_one_reads_stays_where_it_is_while_the_page_is_kept_up_to_date(
    host: FakeHost, page: tuple[Chromium, Browser]
) -> None:
    made, browser = page
    host.console = tuple(f"line {number}" for number in range(200))
    made.open(where(browser, SERVICE))
    made.wait(
        "(() => { const one = document.querySelector('.console');"
        "return one.scrollTop + one.clientHeight > one.scrollHeight - 4; })()"
    )
    made.run("document.querySelector('.console').focus()")
    host.console = (*host.console, "the newest line")
    made.wait("document.querySelector('.console').textContent.includes('the newest line')")
    assert made.run("document.activeElement.className") == "console"
    made.wait(
        "(() => { const one = document.querySelector('.console');"
        "return one.scrollTop + one.clientHeight > one.scrollHeight - 4; })()"
    )
    made.run("document.querySelector('.console').scrollTop = 40")
    host.console = (*host.console, "one more")
    made.wait("document.querySelector('.console').textContent.includes('one more')")
    assert made.run("document.querySelector('.console').scrollTop") == 40


def test_values_are_shown_where_the_pointer_is(page: tuple[Chromium, Browser]) -> None:
    made, browser = page
    made.open(where(browser, SERVICE))
    place = made.run(
        "(() => { const box = document.querySelectorAll('.hit')[40].getBoundingClientRect();"
        "return [box.x + box.width / 2, box.y + box.height / 2]; })()"
    )
    assert isinstance(place, list)
    made.tell("Input.dispatchMouseEvent", type="mouseMoved", x=place[0], y=place[1])
    made.wait("/^13:3\\d UTC: [\\d.]+ %$/.test(document.querySelector('.reading').textContent)")


def test_hostile_text_runs_nothing(host: FakeHost, page: tuple[Chromium, Browser]) -> None:
    made, browser = page
    evil = "<img src=x onerror='document.title=1'><script>document.title=2</script>"
    host.console = (evil, f"</pre>{evil}")
    live = replace(WEBSITE.generations[0], said=evil, author=evil, commit=evil)
    host.services = (replace(WEBSITE, generations=(live,)),)
    made.open(where(browser, SERVICE))
    assert made.run("document.querySelectorAll('main img, main script').length") == 0
    assert "website.production" in str(made.run("document.title"))
    assert evil in str(made.run("document.querySelector('.console').textContent"))


@pytest.mark.parametrize(("size", "dark"), LOOKS)
@pytest.mark.parametrize("state", ["well", "ill"])
def test_pages_fit_all_screens(
    host: FakeHost,
    page: tuple[Chromium, Browser],
    tmp_path: Path,
    size: tuple[int, int],
    dark: bool,
    state: str,
) -> None:
    made, browser = page
    long = "x" * 300
    if state == "ill":
        live = replace(WEBSITE.generations[0], author=long, said=long, commit=long, ports=(long,))
        host.services = (replace(WEBSITE, generations=(live, *WEBSITE.generations[1:])),)
        host.entries = [{"who": long, "verb": "deploy", "why": long, "app": "a", "when": NOW}]
    made.look(size, dark)
    for path in ("/", SERVICE, f"{SERVICE}/rollback/8", "/audit"):
        made.open(where(browser, path))
        assert made.run("document.documentElement.scrollWidth") == size[0], path
        name = path.strip("/").replace("/", "-") or "overview"
        made.picture(tmp_path / f"{name}-{state}.png")


@pytest.mark.parametrize("size", [TABLET, LAPTOP, DESKTOP])
def test_tables_break_between_words_only(
    host: FakeHost, page: tuple[Chromium, Browser], size: tuple[int, int]
) -> None:
    """But for what is longer than words are: a page is not made wider by it."""
    made, browser = page
    host.entries = [
        {"who": "ada@laptop", "verb": "deploy", "app": "website", "why": "no signer", "when": NOW}
    ]
    made.look(size, dark=False)
    for path in ("/", SERVICE, "/audit"):
        made.open(where(browser, path))
        assert made.run("document.querySelectorAll('tbody tr').length") != 0, path
        assert made.run(BROKEN) == [], path
    digest = 32 * "ab"
    live = replace(WEBSITE.generations[0], author=digest)
    host.services = (replace(WEBSITE, generations=(live, *WEBSITE.generations[1:])),)
    made.open(where(browser, SERVICE))
    made.wait(f"document.querySelector('table').textContent.includes('{digest}')")
    assert made.run(BROKEN) == [digest]


def test_a_host_that_does_not_answer_greys_what_was_known(
    host: FakeHost, page: tuple[Chromium, Browser], tmp_path: Path
) -> None:
    made, _ = page
    host.down = UserError("root@box cannot be reached: it does not answer", None, "check the name")
    made.wait("document.querySelector('.stale') !== null")
    made.picture(tmp_path / "stale.png")
    host.down = None
    made.wait("document.querySelector('.stale') === null")


def test_a_page_says_that_the_dashboard_has_ended(
    host: FakeHost, running: Chromium, tmp_path: Path
) -> None:
    with served(host) as browser:
        running.open(browser.address)
        assert running.run("document.getElementById('gone').hidden") is True
    running.wait("document.getElementById('gone').hidden === false")
    running.picture(tmp_path / "gone.png")


class Steps:
    """A rollback that goes on when it is told."""

    def __init__(self, host: FakeHost) -> None:
        self._host = host
        self.done = threading.Event()
        self.asked: list[Mapping[str, object]] = []

    def roll_back(self, request: Mapping[str, object], say: Callable[[str], None]) -> int:
        self.asked.append(request)
        say("returning to website.production.g8")
        assert self.done.wait(60)
        self._show(None, generation(10, stage="live", changed=NOW, guest=RUNNING), "retired", 10)
        return 10

    def reach(self, stage: str) -> None:
        """Let the host say that the rollout is there."""
        change = ChangeReport("ada@laptop", "roll back", NOW - 4)
        new = generation(10, stage=stage, changed=NOW, author="ada@laptop", guest=RUNNING)
        if stage == "draining":
            self._show(change, replace(new, stage="live"), "draining", 10)
        else:
            self._show(change, new, "live", 9)

    def _show(self, change: ChangeReport | None, new: object, before: str, live: int) -> None:
        old = replace(WEBSITE.generations[0], stage=before)
        all_of_them = (new, old, *WEBSITE.generations[1:])
        self._host.services = (
            replace(WEBSITE, change=change, live=live, generations=all_of_them),  # type: ignore[arg-type]
        )
