"""What Prometheus is told, in its text format 0.0.4.

See prometheus.io/docs/instrumenting/exposition_formats.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from fata.deploy.shown import live_of
from fata.deploy.status import GenerationReport, HostReport, ServiceReport, StatusReport

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_KINDS = {
    "fata_up": ("gauge", "Whether the host answers."),
    "fata_status_timestamp_seconds": ("gauge", "When the host said this, by its clock."),
    "fata_host_info": ("gauge", "What the host is."),
    "fata_host_cpus": ("gauge", "Processors of the host."),
    "fata_host_load1": ("gauge", "Load of the host, over a minute."),
    "fata_host_memory_bytes": ("gauge", "Memory of the host."),
    "fata_host_memory_available_bytes": ("gauge", "Memory of the host that could be had."),
    "fata_host_disk_free_bytes": ("gauge", "Room where the host keeps its releases."),
    "fata_host_supervised": ("gauge", "Whether guests that end are started again."),
    "fata_host_strangers": ("gauge", "Guests that run and are in no records."),
    "fata_service_info": ("gauge", "What is live."),
    "fata_service_wanted": ("gauge", "Whether the service is to run."),
    "fata_service_running": ("gauge", "Whether the live guest runs."),
    "fata_service_healthy": ("gauge", "Whether the live guest answered when it was asked last."),
    "fata_service_probe_timestamp_seconds": ("gauge", "When the live guest was asked last."),
    "fata_service_changing": ("gauge", "Whether a change is under way."),
    "fata_service_live_generation": ("gauge", "The number of the live generation."),
    "fata_service_live_since_timestamp_seconds": ("gauge", "When it went live."),
    "fata_service_generations": ("gauge", "Generations that are known, by stage."),
    "fata_guest_restarts_total": ("counter", "Times that the live guest was started again."),
    "fata_guest_cpu_seconds_total": ("counter", "Processor time of the live guest."),
    "fata_guest_memory_bytes": ("gauge", "Memory that the live guest holds."),
    "fata_guest_network_receive_bytes_total": ("counter", "Bytes that the live guest received."),
    "fata_guest_network_transmit_bytes_total": ("counter", "Bytes that the live guest sent."),
}


@dataclass(frozen=True, slots=True)
class _Value:
    name: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


def exposition(report: StatusReport | None) -> str:
    """`exposition(report)` is what is so now; without a report, that the host does not answer.

    What was so earlier is left out then: Prometheus keeps the past itself.
    """
    values = [_Value("fata_up", float(report is not None))]
    if report is not None:
        values.append(_Value("fata_status_timestamp_seconds", report.at))
        values += _host(report.host)
        for service in report.services:
            values += _service(service)
    lines = []
    for name, (kind, text) in _KINDS.items():
        mine = [value for value in values if value.name == name]
        if mine:
            lines += [f"# HELP {name} {text}", f"# TYPE {name} {kind}"]
            lines += [f"{name}{_labels(value.labels)} {_number(value.value)}" for value in mine]
    return "\n".join(lines) + "\n"


def _host(host: HostReport) -> Iterator[_Value]:
    labels = {"host": host.name, "driver": host.driver, "system": host.system}
    yield _Value("fata_host_info", 1, labels)
    yield _Value("fata_host_cpus", host.cpus)
    yield _Value("fata_host_load1", host.load)
    yield _Value("fata_host_memory_bytes", host.memory)
    yield _Value("fata_host_memory_available_bytes", host.available)
    yield _Value("fata_host_disk_free_bytes", host.disk_free)
    yield _Value("fata_host_supervised", float(host.supervised))
    yield _Value("fata_host_strangers", len(host.strangers))


def _service(service: ServiceReport) -> Iterator[_Value]:
    labels = {"app": service.app, "environment": service.environment}
    live = live_of(service)
    running = live is not None and live.guest is not None and live.guest.state == "running"
    yield _Value("fata_service_wanted", float(service.wanted == "running"), labels)
    yield _Value("fata_service_running", float(running), labels)
    yield _Value("fata_service_changing", float(service.change is not None), labels)
    stages = [one.stage for one in service.generations]
    for stage in sorted(set(stages)):
        yield _Value("fata_service_generations", stages.count(stage), {**labels, "stage": stage})
    if live is not None:
        yield from _live(live, labels)


def _live(live: GenerationReport, labels: Mapping[str, str]) -> Iterator[_Value]:
    info = {"generation": str(live.number), "image": live.image, "commit": live.commit}
    yield _Value("fata_service_info", 1, {**labels, **info})
    yield _Value("fata_service_live_generation", live.number, labels)
    yield _Value("fata_service_live_since_timestamp_seconds", live.changed, labels)
    yield _Value("fata_guest_restarts_total", live.restarts, labels)
    guest = live.guest
    found: tuple[tuple[str, float | None], ...] = (
        ("fata_service_healthy", None if live.healthy is None else float(live.healthy)),
        ("fata_service_probe_timestamp_seconds", live.probed),
        ("fata_guest_cpu_seconds_total", guest.cpu if guest else None),
        ("fata_guest_memory_bytes", guest.memory if guest else None),
        ("fata_guest_network_receive_bytes_total", guest.received if guest else None),
        ("fata_guest_network_transmit_bytes_total", guest.sent if guest else None),
    )
    yield from (_Value(name, value, labels) for name, value in found if value is not None)


def _labels(labels: Mapping[str, str]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(text)}"' for name, text in labels.items()) + "}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _number(value: float) -> str:
    if math.isfinite(value) and value == int(value):
        return str(int(value))
    return repr(float(value))
