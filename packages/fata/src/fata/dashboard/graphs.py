"""The charts of a service, and the small one in the overview."""

from __future__ import annotations

from collections.abc import Sequence

from fata.dashboard import amounts
from fata.dashboard.chart import DAY, HOUR, Chart, Line, sparkline
from fata.dashboard.usage import Quantity, means, spans
from fata.deploy.records.samples import Sample

RANGES = {"hour": HOUR, "day": DAY}
SPARK_SECONDS = 900.0
_PARTS = 120
_SPARK_PARTS = 30
_MIB = 1 << 20


def charts(
    samples: Sequence[Sample], end: float, seconds: float, memory: int | None
) -> tuple[Chart, ...]:
    """`charts(samples, end, seconds, memory)` is what was used until `end`; `memory` is in MiB."""
    start = end - seconds

    def line(label: str, quantity: Quantity) -> Line:
        return Line(label, means(tuple(spans(samples, quantity)), start, end, _PARTS))

    limit = None if memory is None else float(memory * _MIB)
    network = (line("received", Quantity.RECEIVED), line("sent", Quantity.SENT))
    return (
        Chart(
            *("cpu", "Processor", (line("processor", Quantity.CPU),), start, end, amounts.percent),
            least=0.05,
        ),
        Chart(
            *("memory", "Memory", (line("memory", Quantity.MEMORY),), start, end, amounts.binary),
            *(1024, float(_MIB), limit),
        ),
        Chart("network", "Network", network, start, end, amounts.rate, 1024, 1024.0),
    )


def spark(name: str, samples: Sequence[Sample], end: float) -> tuple[str, str]:
    """`spark(name, samples, end)` is a picture of the processor's use, and the newest of it.

    Both are empty where nothing is known.
    """
    found = tuple(spans(samples, Quantity.CPU))
    values = means(found, end - SPARK_SECONDS, end, _SPARK_PARTS)
    if not any(value is not None for value in values):
        return "", ""
    latest = amounts.percent(found[-1].value)
    title = f"Processor in the last {SPARK_SECONDS / 60:.0f} minutes; now {latest}"
    return sparkline(f"spark-{name}", title, values), latest
