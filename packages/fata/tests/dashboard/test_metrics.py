"""What Prometheus is told."""

from __future__ import annotations

import re
from dataclasses import replace

from prometheus_client.parser import text_string_to_metric_families

from fata.dashboard.metrics import exposition
from fata.deploy.status import StatusReport

from .host import HOST, MAIL, NOW, STAGING, WEBSITE, generation

_LINE = re.compile(
    r"[a-z_0-9]+(\{[a-z]+=\"([^\"\\\n]|\\[\\n\"])*\"(,[a-z]+=\"([^\"\\\n]|\\[\\n\"])*\")*\})? "
    r"-?[0-9.e+-]+"
)
REPORT = StatusReport(NOW, HOST, (WEBSITE, STAGING, MAIL))


def test_what_is_so_now() -> None:
    lines = exposition(REPORT).splitlines()
    where = '{app="website",environment="production"}'
    for line in (
        "fata_up 1",
        "fata_host_load1 0.62",
        f"fata_service_healthy{where} 1",
        'fata_service_healthy{app="mail",environment="production"} 0',
        'fata_service_changing{app="website",environment="staging"} 1',
        f"fata_service_live_generation{where} 9",
        f"fata_guest_cpu_seconds_total{where} 412.5",
        f"fata_guest_network_transmit_bytes_total{where} 912680550",
        'fata_service_generations{app="website",environment="production",stage="retired"} 3',
        "# TYPE fata_guest_restarts_total counter",
    ):
        assert line in lines


def test_each_line_is_of_the_format() -> None:
    for line in exposition(REPORT).splitlines():
        assert line.startswith(("# HELP ", "# TYPE ")) or _LINE.fullmatch(line), line


def test_a_reader_that_is_not_ours_understands_each_line() -> None:
    text = exposition(REPORT)
    found = {family.name: family for family in text_string_to_metric_families(text)}
    restarts = found["fata_guest_restarts"]
    assert restarts.type == "counter"
    assert {sample.name for sample in restarts.samples} == {"fata_guest_restarts_total"}
    samples = [sample for family in found.values() for sample in family.samples]
    assert len(samples) == sum(not line.startswith("#") for line in text.splitlines())
    assert all(family.documentation for family in found.values())


def test_a_metric_has_all_its_lines_in_one_place() -> None:
    names = [
        re.split(r"[ {]", line)[0] for line in exposition(REPORT).splitlines() if line[0] != "#"
    ]
    in_order = list(dict.fromkeys(names))
    assert [name for name in in_order for _ in range(names.count(name))] == names


def test_a_host_that_does_not_answer_is_down_and_nothing_else() -> None:
    assert exposition(None).splitlines()[2:] == ["fata_up 0"]


def test_labels_are_escaped() -> None:
    live = generation(1, stage="live", commit='a"b\\c\nd')
    service = replace(WEBSITE, live=1, generations=(live,))
    text = exposition(StatusReport(NOW, HOST, (service,)))
    assert 'commit="a\\"b\\\\c\\nd"' in text
    for line in text.splitlines():
        assert line.startswith("#") or _LINE.fullmatch(line), line
    read = {family.name: family for family in text_string_to_metric_families(text)}
    assert read["fata_service_info"].samples[0].labels["commit"] == 'a"b\\c\nd'


def test_what_is_not_known_is_left_out() -> None:
    service = replace(WEBSITE, live=1, generations=(generation(1, stage="live"),))
    text = exposition(StatusReport(NOW, HOST, (service,)))
    assert "fata_guest_memory_bytes" not in text
    assert "fata_service_healthy" not in text
    assert "fata_service_running" in text
