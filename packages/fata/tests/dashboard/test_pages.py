"""The pages, asked for over HTTP, of a host that answers as is written here."""

from __future__ import annotations

import html
import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import pytest

from fata.deploy.status import EventReport
from functoria.error import UsageError, UserError

from .chromium import until
from .host import HOST, MAIL, NOW, STAGING, WEBSITE, Browser, FakeHost, generation, served

HOSTILE = "<script>alert(1)</script>\" onx='y' \u202egnp.exe\x1b[31m{{ 7*7 }}&lt;"
SERVICE = "/services/website.production"


@pytest.fixture
def host() -> FakeHost:
    return FakeHost()


@pytest.fixture
def browser(host: FakeHost) -> Iterator[Browser]:
    with served(host) as found:
        yield found


def read(text: str) -> str:
    """What a reader sees of a page: its words in order."""
    body = re.sub(r"<(svg|script|head)\b.*?</\1>", " ", text, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


def test_the_overview(browser: Browser) -> None:
    words = read(browser.get("/")[2])
    assert "box qemu on fata0 · Linux 6.12.48" in words
    assert "0.62 of 4 processors" in words
    assert "5 GiB used of 16 GiB" in words
    row = r"website production healthy answered 200 in 4 ms, 1\d s ago g9 for 3 h 80/tcp 443/tcp"
    assert re.search(row, words)
    assert "unhealthy no answer within 2 s" in words
    assert re.search(r"[\d.]+ % processor, 83 MiB", words)


def test_a_rollout_is_steps(browser: Browser) -> None:
    text = browser.get("/")[2]
    steps = re.findall(r'<li class="(\w+)".*?<span class="name">(\w+)<', text)
    assert steps == [
        ("passed", "staged"),
        ("here", "booted"),
        *[("ahead", stage) for stage in ("healthy", "live", "draining", "retired")],
    ]
    assert re.search(r"deploy 1f4a9c22d0be, by grace@desk, for \d+ s now", read(text))


def test_a_first_rollout_has_nobody_to_drain(host: FakeHost, browser: Browser) -> None:
    host.services = (replace(STAGING, live=None, generations=STAGING.generations[:1]),)
    text = browser.get("/")[2]
    assert "draining" not in text
    assert "never live" in read(text)


def test_the_one_before_drains(host: FakeHost, browser: Browser) -> None:
    pair = (generation(9, stage="live"), generation(8, stage="draining"))
    host.services = (replace(WEBSITE, generations=pair),)
    text = browser.get("/")[2]
    assert "g9 is live, g8 is draining" in text
    assert 'class="here" aria-current="step"><span class="name">draining' in text


def test_what_was_interrupted_is_said(host: FakeHost, browser: Browser) -> None:
    host.services = (replace(STAGING, change=None),)
    assert "g4 was interrupted on its way" in browser.get("/")[2]


def test_strangers_and_a_missing_supervisor_are_told(host: FakeHost, browser: Browser) -> None:
    host.host = replace(HOST, strangers=("old-vm",), supervised=False)
    words = read(browser.get("/")[2])
    assert "1 guest runs that the records do not know: old-vm" in words
    assert "No supervisor is at work." in words


def test_a_host_with_nothing_says_how_to_begin(host: FakeHost, browser: Browser) -> None:
    host.services = ()
    assert "fata deploy --to root@box" in read(browser.get("/")[2])


def test_a_service(browser: Browser) -> None:
    words = read(browser.get(SERVICE)[2])
    for expected in (
        "website production healthy Restart Roll back to g8",
        "Deployed by ada@laptop signed by ada@laptop",
        "Memory 83 MiB of 128 MiB",
        "Console of g9",
        "website: 2 workers, listening on port 80",
        "g7 failed it did not answer within 30 s: 500 Internal Error",
        "g9 staged by ada@laptop",
    ):
        assert expected in words


def test_only_what_can_be_returned_to_has_a_button(browser: Browser) -> None:
    text = browser.get(SERVICE)[2]
    assert sorted(set(re.findall(r"/rollback/(\d+)", text))) == ["6", "8"]
    assert browser.get(f"{SERVICE}/rollback/7")[0] == 404
    assert browser.post(f"{SERVICE}/rollback/7")[0] == 404


def test_charts_of_the_hour_and_of_the_day(browser: Browser) -> None:
    hour = browser.get(SERVICE)[2]
    assert hour.count('<svg class="chart"') == 3
    assert "From 13:13 to 14:13 UTC." in hour
    assert re.search(r"CPU|Processor: [\d.]+ % to [\d.]+ %", hour)
    day = browser.get(f"{SERVICE}?range=day")[2]
    assert "12:00</text>" in day
    assert browser.get(f"{SERVICE}?range=year")[2].count("From 13:13 to 14:13 UTC.") == 3


def test_samples_of_the_day_are_asked_for_once(host: FakeHost, browser: Browser) -> None:
    """After that, it is those of the last minutes, every ten seconds."""
    for _ in range(4):
        browser.get(SERVICE)
    asked = [request["since"] for verb, request in host.asked if verb == "samples"]
    assert asked == [(NOW - 86400) // 600 * 600, NOW // 600 * 600]


def test_more_samples_than_can_be_told_at_once(host: FakeHost, browser: Browser) -> None:
    """A day's samples may be longer than a line that a connection takes."""
    tell = host._samples

    def limited(request: Mapping[str, object], say: object) -> Mapping[str, object]:
        if float(str(request["since"])) < NOW - 50_000:
            raise UserError("the agent ended with 0 and no answer", None, "ask for less")
        return tell(request, say)

    host._samples = limited  # type: ignore[method-assign]
    assert "no answer" in browser.get(SERVICE)[2]
    until(lambda: "no answer" not in browser.get(SERVICE)[2], "less is asked for")


def test_the_console_of_a_generation(host: FakeHost, browser: Browser) -> None:
    words = read(browser.get(f"{SERVICE}?console=7")[2])
    assert "Console of g7" in words
    asked = [request for verb, request in host.asked if verb == "console"]
    assert asked[-1]["generation"] == 7


@pytest.mark.parametrize("number", ["x", "-1", "99", "9" * 30, "%D9%A3", "7%0a"])
def test_a_console_that_is_none(browser: Browser, number: str) -> None:
    code, _, text = browser.get(f"{SERVICE}?console={number}")
    assert code == 200
    assert "Console of g9" in read(text)


def test_a_console_that_is_not_kept(host: FakeHost, browser: Browser) -> None:
    host.answers["console"] = UserError(
        "the console of website.production.g5 is not kept any more", "/x", "see `fata history`"
    )
    text = browser.get(f"{SERVICE}?console=5")[2]
    assert "is not kept any more" in text
    assert "<code>fata history</code>" in text


def test_what_guests_and_people_write_is_text(host: FakeHost, browser: Browser) -> None:
    """Nothing of it becomes a part of the page, nor turns its text around."""
    bad = generation(
        9,
        stage="live",
        said=HOSTILE,
        author=HOSTILE,
        commit=HOSTILE,
        image=HOSTILE,
        reason=HOSTILE,
        signer=HOSTILE,
        program=HOSTILE,
        arguments=(HOSTILE,),
        ports=(HOSTILE,),
        healthy=False,
        probed=NOW,
        guest=replace(WEBSITE.generations[0].guest, outcome=HOSTILE),  # type: ignore[type-var]
    )
    change = replace(STAGING.change, owner=HOSTILE, purpose=HOSTILE)  # type: ignore[type-var]
    failed = replace(bad, number=10, stage="failed", returnable=True)
    host.services = (replace(WEBSITE, change=change, generations=(failed, bad)),)
    host.host = replace(HOST, name=HOSTILE, system=HOSTILE, strangers=(HOSTILE,), bridge=HOSTILE)
    host.console = (HOSTILE, "</pre><b>", "\u202e")
    host.events = [EventReport(NOW, "website", "production", 9, HOSTILE)]
    host.entries = [{"who": HOSTILE, "verb": HOSTILE, "why": HOSTILE, "app": HOSTILE, "when": NOW}]
    for path in ("/", SERVICE, f"{SERVICE}/rollback/10", "/audit"):
        code, _, text = browser.get(path)
        assert code == 200, path
        assert "gnp.exe" in text, path
        assert "<script>" not in text
        assert "onx='" not in text
        assert "</pre><b>" not in text
        assert not {"\u202e", "\x1b"} & set(text)
        assert "{{ 7*7 }}" in text


def test_a_service_whose_name_is_no_name(host: FakeHost, browser: Browser) -> None:
    host.services = (replace(MAIL, app=HOSTILE, environment="../x"),)
    code, _, text = browser.get("/")
    assert code == 200
    assert "<script>" not in text
    assert browser.get("/services/%3Cscript%3E")[0] == 404


def test_a_rollback_is_asked_for_once(host: FakeHost, browser: Browser) -> None:
    go_on = threading.Event()
    host.changes["rollback"] = slow(go_on, 10)
    words = read(browser.get(f"{SERVICE}/rollback/8")[2])
    assert "Roll website.production back to g8?" in words
    assert "Live now g9" in words
    for _ in range(2):
        code, headers, _ = browser.post(f"{SERVICE}/rollback/8")
        assert (code, headers["location"]) == (303, SERVICE)
    until(
        lambda: "returning to website.production.g8" in browser.get(SERVICE)[2], "lines are shown"
    )
    assert 'data-every="2"' in browser.get(SERVICE)[2]
    go_on.set()
    until(lambda: "Done: g10 is live" in read(browser.get(SERVICE)[2]), "the end is shown")
    asked = [request for verb, request in host.asked if verb == "rollback"]
    assert asked == [{"app": "website", "environment": "production", "generation": 8}]


def test_a_restart(host: FakeHost, browser: Browser) -> None:
    host.changes["restart"] = lambda _request, _say: 10
    assert "Restart website.production?" in read(browser.get(f"{SERVICE}/restart")[2])
    assert browser.post(f"{SERVICE}/restart")[0] == 303
    until(lambda: "Done: g10 is live" in read(browser.get(SERVICE)[2]), "it is done")
    assert ("restart", {"app": "website", "environment": "production"}) in host.asked


def test_a_change_that_failed_says_so_until_it_is_dismissed(
    host: FakeHost, browser: Browser
) -> None:
    def fails(_request: Mapping[str, object], say: Callable[[str], None]) -> int:
        say("g10 is staged")
        raise UserError("g10 did not answer within 30 s", "website", "see its console")

    host.changes["rollback"] = fails
    browser.post(f"{SERVICE}/rollback/8")
    until(lambda: "did not answer within 30 s" in browser.get(SERVICE)[2], "the failure is shown")
    assert "see its console" in browser.get(SERVICE)[2]
    assert browser.post(f"{SERVICE}/dismiss", "form=x")[0] == 403
    assert browser.post(f"{SERVICE}/dismiss")[0] == 303
    assert "g10 did not answer" not in browser.get(SERVICE)[2]


def test_the_audit_log(host: FakeHost, browser: Browser) -> None:
    host.entries = [
        {
            "who": "ada",
            "verb": "rollback",
            "app": "website",
            "environment": "production",
            "generation": 9,
            "result": "refused",
            "why": "`ada` may not deploy",
            "address": "10.0.0.3",
            "number": number,
            "when": NOW,
        }
        for number in range(201, 301)
    ]
    text = browser.get("/audit")[2]
    words = read(text)
    assert "Audit log whole" in words
    assert (
        "2026-09-21 14:13:20 no. 300 ada 10.0.0.3 rollback website.production g9 refused" in words
    )
    assert 'href="/audit?before=201"' in text
    assert text.index("no. 300") < text.index("no. 299")
    browser.get("/audit?before=201")
    assert host.asked[-1] == ("audit", {"limit": 100, "before": 201})


def test_an_audit_log_that_was_changed(host: FakeHost, browser: Browser) -> None:
    host.fault = {"file": "audit.log", "line": 7, "why": "it was changed"}
    assert "not whole" in read(browser.get("/audit")[2])
    assert "audit.log:7: it was changed" in read(browser.get("/audit")[2])


def test_those_who_may_not_see_the_audit_log_are_told(host: FakeHost, browser: Browser) -> None:
    host.answers["audit"] = UsageError("you may not read it", "policy", "ask an administrator")
    words = read(browser.get("/audit")[2])
    assert "you may not read it" in words
    assert "whole" not in words


def test_answers_of_another_version_are_told_and_break_nothing(
    host: FakeHost, browser: Browser
) -> None:
    for verb in ("history", "samples", "console", "audit"):
        host.answers[verb] = {"events": 7, "entries": "x", "website.production": [{}], "fault": 3}
    assert browser.get(SERVICE)[0] == 200
    assert "cannot be understood" in browser.get("/audit")[2]
    host.answers["status"] = {"at": "noon"}
    until(lambda: "cannot be understood" in browser.get("/")[2], "it is said")
    assert browser.get(SERVICE)[0] == 503


def test_a_host_that_goes_away_and_comes_back(host: FakeHost, browser: Browser) -> None:
    assert browser.get("/")[0] == 200
    host.down = UserError("root@box cannot be reached: it does not answer", None, "check it")
    until(lambda: "has not answered since" in browser.get("/")[2], "it is said")
    text = browser.get("/")[2]
    assert re.search(r"has not answered since \d\d:\d\d:\d\d UTC \(\d+ s\)", read(text))
    assert 'class="stale"' in text
    assert "answered 200 in 4 ms" in text
    assert "Traceback" not in text
    answer = json.loads(browser.get("/api/status.json")[2])
    assert answer["answering"] is False
    assert answer["status"]["host"]["name"] == "box"
    assert "fata_up 0" in browser.get("/metrics")[2]
    assert host.open == 0
    host.down = None
    until(lambda: "has not answered since" not in browser.get("/")[2], "it is back")
    assert (host.opened, host.open) == (2, 1)


def test_what_programs_are_told(browser: Browser) -> None:
    code, headers, text = browser.get("/metrics")
    assert (code, headers["content-type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert "fata_up 1" in text
    answer = json.loads(browser.get("/api/status.json")[2])
    assert answer["answering"] is True
    assert [one["app"] for one in answer["status"]["services"]] == ["website", "website", "mail"]


@pytest.mark.parametrize(
    "path", ["/nowhere", "/services/x.y", "/services/", f"{SERVICE}/rollback/x"]
)
def test_there_is_no_such_page(browser: Browser, path: str) -> None:
    code, _, text = browser.get(path)
    assert code == 404
    assert "There is no such page" in text


def test_a_mistake_of_ours_is_a_page_too(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("fata.dashboard.pages.look", lambda *_: 1 / 0)
    code, headers, text = browser.get("/")
    assert code == 500
    assert "The dashboard made a mistake" in text
    assert "content-security-policy" in headers
    assert capfd.readouterr().err == ""


def slow(
    go_on: threading.Event, number: int
) -> Callable[[Mapping[str, object], Callable[[str], None]], int]:
    def change(_request: Mapping[str, object], say: Callable[[str], None]) -> int:
        say("returning to website.production.g8")
        assert go_on.wait(20)
        return number

    return change
