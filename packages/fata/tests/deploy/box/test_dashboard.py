"""The page of a host, with the host: what it tells people and programs, and what is pressed."""

from __future__ import annotations

import contextlib
import http.client
import re
import signal
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

import pytest
from prometheus_client.parser import text_string_to_metric_families

from .conftest import Project
from .room import Room, until

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("box")]
SERVICE = "/services/talker.production"


class Browser:
    """`Browser(address)` has opened the address that `fata dashboard` printed."""

    def __init__(self, address: str) -> None:
        found = urlsplit(address)
        self.place = found.netloc
        self.token = found.query.removeprefix("token=")
        self.cookie = ""
        code, headers, _ = self.ask("GET", f"{found.path}?{found.query}")
        # The token is exchanged for a cookie, and gone from the address.
        assert (code, headers["location"]) == (303, "/")
        self.cookie = headers["set-cookie"].partition(";")[0]

    def get(self, path: str) -> str:
        """The page that is there."""
        code, _, text = self.ask("GET", path)
        assert code == 200, text
        return text

    def press(self, path: str) -> str:
        """The page that comes after the form at that address was sent."""
        form = re.search(r'name="form" value="([0-9a-f]+)"', self.get(path))
        assert form is not None
        code, headers, text = self.ask(
            "POST", path, f"form={form[1]}", Origin=f"http://{self.place}"
        )
        assert code == 303, text
        return self.get(headers["location"])

    def metrics(self, **headers: str) -> tuple[int, str]:
        """What a program is told that has no cookie."""
        self.cookie, kept = "", self.cookie
        try:
            code, _, text = self.ask("GET", "/metrics", **headers)
        finally:
            self.cookie = kept
        return code, text

    def ask(
        self, method: str, path: str, body: str | None = None, **more: str
    ) -> tuple[int, Mapping[str, str], str]:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection(self.place, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, body, {"Cookie": self.cookie, **more})
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, headers, answer.read().decode()


@contextlib.contextmanager
def dashboard(project: Project) -> Iterator[Browser]:
    """`fata dashboard` while the block runs, without a name: the host is that of fata.toml."""
    with project.room.start("dashboard", project=project.directory) as child:
        assert child.stdout is not None
        address = child.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:"), child.communicate()
        try:
            yield Browser(address)
        finally:
            child.send_signal(signal.SIGINT)
            _, err = child.communicate(timeout=60)
        assert child.returncode == 0, err
        assert f"{project.room.name} is shown here until ctrl-C:" in err


def test_a_page_shows_the_host_and_its_button_rolls_back(room: Room, project: Project) -> None:
    project.settings("--say=one")
    project.live()
    project.settings("--say=two")
    project.live()
    with dashboard(project) as browser:
        assert browser.metrics()[0] == 401
        assert browser.metrics(Authorization="Bearer guessed")[0] == 401
        it_is_shown(browser)
        live = measured(browser)
        assert live["fata_service_live_generation"] == 2
        assert live["fata_service_healthy"] == 1
        assert used(live)

        confirm = browser.get(f"{SERVICE}/rollback/1")
        assert "Roll talker.production back to g1?" in confirm
        assert room.get() == "two"
        assert "Roll talker.production back to g1" in browser.press(f"{SERVICE}/rollback/1")
        until(lambda: measured(browser)["fata_service_live_generation"] == 3)
        assert room.get() == "one"
        until(lambda: "Done: g3 is live" in browser.get(SERVICE))
        until(lambda: measured(browser)["fata_service_generations retired"] == 2)
    # It was written down as what it is: somebody's request, as from the command line.
    assert '"verb": "rollback"' in project.fata("audit", "--json")


def it_is_shown(browser: Browser) -> None:
    overview = browser.get("/")
    assert "talker" in overview
    assert f'href="{SERVICE}"' in overview
    until(lambda: "listening on port 80" in browser.get(SERVICE))
    page = browser.get(SERVICE)
    assert "g2" in page
    assert f"{SERVICE}/rollback/1" in page
    until(lambda: '<span class="badge ok">whole</span>' in browser.get("/audit"))


def measured(browser: Browser) -> dict[str, float]:
    """What Prometheus would keep, by the name of the sample, and its stage if it has one."""
    code, text = browser.metrics(Authorization=f"Bearer {browser.token}")
    assert code == 200
    found = {}
    for family in text_string_to_metric_families(text):
        assert family.type in ("counter", "gauge")
        for sample in family.samples:
            found[f"{sample.name} {sample.labels.get('stage', '')}".strip()] = sample.value
    assert found["fata_up"] == 1
    assert found["fata_host_supervised"] == 1
    assert found["fata_host_strangers"] == 0
    assert found["fata_host_disk_free_bytes"] > 1 << 20
    assert found["fata_service_wanted"] == 1
    return found


def used(found: Mapping[str, float]) -> bool:
    """Whether it is known what the guest uses; one that has just begun has used nothing yet."""
    return all(
        found.get(f"fata_guest_{name}", 0) > 0
        for name in ("memory_bytes", "cpu_seconds_total", "network_receive_bytes_total")
    )
