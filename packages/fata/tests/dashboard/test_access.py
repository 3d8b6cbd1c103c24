"""Who is let in, and what their browsers are told."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .host import Browser, FakeHost, served

PAGES = ("/", "/services/website.production", "/audit", "/metrics", "/api/status.json", "/nowhere")
ROLLBACK = "/services/website.production/rollback/8"


@pytest.fixture(scope="module")
def host() -> FakeHost:
    made = FakeHost()
    made.changes["rollback"] = lambda _request, _say: 10
    return made


@pytest.fixture(scope="module")
def shared(host: FakeHost) -> Iterator[Browser]:
    with served(host) as found:
        yield found


@pytest.fixture
def browser(shared: Browser) -> Browser:
    return Browser(shared.port, shared.access)


@pytest.fixture
def stranger(shared: Browser) -> Browser:
    found = Browser(shared.port, shared.access)
    found.cookie = None
    return found


def rolled_back(host: FakeHost) -> bool:
    return any(verb == "rollback" for verb, _ in host.asked)


@pytest.mark.parametrize("path", [*PAGES, ROLLBACK, "/static/live.js"])
def test_nothing_is_shown_to_those_without_the_token(stranger: Browser, path: str) -> None:
    code, _, text = stranger.get(path)
    assert code == 401
    assert "website" not in text


@pytest.mark.parametrize("path", PAGES)
def test_a_wrong_token_or_cookie_is_none(stranger: Browser, path: str) -> None:
    wrong = "?token=" + "a" * len(stranger.access.token)
    assert stranger.get(path + wrong)[0] == 401
    assert stranger.get(path + "?token=%C3%A9")[0] == 401
    stranger.cookie = f"{stranger.access.cookie}=x"
    assert stranger.get(path)[0] == 401


def test_the_token_becomes_a_cookie_and_leaves_the_address(stranger: Browser) -> None:
    path = f"/services/website.production?range=day&token={stranger.access.token}"
    code, headers, text = stranger.get(path)
    assert (code, text) == (303, "")
    assert headers["location"] == "/services/website.production?range=day"
    cookie = headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict"} <= set(cookie.split("; "))
    assert stranger.access.token not in cookie
    stranger.cookie = cookie.partition(";")[0]
    assert stranger.get(headers["location"])[0] == 200


def test_from_another_site_the_cookie_comes_with_the_next_request_too(stranger: Browser) -> None:
    """A redirection is still the other site's doing, and `SameSite=Strict` would hold it back."""
    path = f"/?token={stranger.access.token}"
    code, headers, _ = stranger.get(path, Sec_Fetch_Site="cross-site")
    assert (code, headers["refresh"]) == (200, "0; url=/")
    assert "set-cookie" in headers


def test_a_token_leads_to_no_other_machine(stranger: Browser) -> None:
    code, headers, _ = stranger.get(f"//evil.example/x?token={stranger.access.token}")
    assert (code, headers["location"]) == (303, "/evil.example/x")


@pytest.mark.parametrize("path", ["/metrics", "/api/status.json"])
def test_programs_have_the_token_with_each_request(stranger: Browser, path: str) -> None:
    token = stranger.access.token
    assert stranger.get(f"{path}?token={token}")[0] == 200
    assert stranger.get(path, Authorization=f"Bearer {token}")[0] == 200
    assert stranger.get(path, Authorization=f"Basic {token}")[0] == 401


def test_the_bearer_is_for_programs_only(stranger: Browser) -> None:
    assert stranger.get("/", Authorization=f"Bearer {stranger.access.token}")[0] == 401


@pytest.mark.parametrize(
    "name", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1", "[::1]", "", "localhost:x"]
)
def test_a_name_that_leads_here_is_not_ours(browser: Browser, name: str) -> None:
    """DNS rebinding: a page of evil.example whose name has become 127.0.0.1."""
    for path in PAGES:
        code, _, text = browser.get(path, Host=name)
        assert code == 421
        assert "website" not in text


@pytest.mark.parametrize("name", ["localhost", "LOCALHOST:8080", "127.0.0.1:1"])
def test_names_of_this_machine_are(browser: Browser, name: str) -> None:
    assert browser.get("/", Host=name)[0] == 200


@pytest.mark.parametrize(
    ("form", "headers"),
    [
        ("", {}),
        ("form=", {}),
        ("form=" + "0" * 64, {}),
        ("x" * 20_000, {}),
        ("&" * 5000, {}),
        ("form=%ff%fe", {}),
        (None, {"Origin": "http://evil.example"}),
        (None, {"Origin": "http://127.0.0.1:1"}),
        (None, {"Origin": "null"}),
        (None, {"Sec_Fetch_Site": "cross-site"}),
        (None, {"Sec_Fetch_Site": "same-site"}),
    ],
    ids=[
        *("nothing", "empty", "guessed", "long", "many", "no-text", "site", "port", "null"),
        *("cross-site", "same-site"),
    ],
)
def test_what_another_page_sends_is_not_done(
    browser: Browser, host: FakeHost, form: str | None, headers: dict[str, str]
) -> None:
    assert browser.post(ROLLBACK, form, **headers)[0] == 403
    assert not rolled_back(host)


def test_a_form_needs_the_cookie_too(stranger: Browser, host: FakeHost) -> None:
    assert stranger.post(ROLLBACK)[0] == 401
    assert stranger.post(f"{ROLLBACK}?token={stranger.access.token}")[0] == 401
    assert not rolled_back(host)


def test_nothing_is_changed_by_looking(browser: Browser, host: FakeHost) -> None:
    for path in (*PAGES, ROLLBACK, "/services/website.production/restart"):
        browser.get(path)
    for method in ("PUT", "DELETE", "OPTIONS"):
        assert browser.ask(method, ROLLBACK, None)[0] == 405
    assert {verb for verb, _ in host.asked} <= {"status", "samples", "history", "console", "audit"}


@pytest.mark.parametrize("path", [*PAGES, "/static/style.css"])
def test_each_answer_says_what_a_page_may_do(browser: Browser, path: str) -> None:
    _, headers, _ = browser.get(path, Origin="http://evil.example")
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert not [name for name in headers if name.startswith("access-control-")]


def test_pages_have_no_scripts_or_styles_in_them(browser: Browser) -> None:
    for path in (*PAGES[:3], ROLLBACK):
        text = browser.get(path)[2]
        assert text.count("<script") == text.count('<script src="/static/') == 1
        for word in ("<style", " style=", "javascript:", " onclick", "://"):
            assert word not in text.replace("http://www.w3.org", "")


def test_refusals_are_guarded_too(stranger: Browser) -> None:
    assert "content-security-policy" in stranger.get("/")[1]


def test_files_are_those_of_the_dashboard(browser: Browser) -> None:
    for path in ("/static/../pages.py", "/static/%2e%2e/pages.py", "/static/..%2fpages.py"):
        assert browser.get(path)[0] == 404
