"""The results as text for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from results import (
    Aim,
    Configurations,
    Deploys,
    Engine,
    Ratios,
    Results,
    Samples,
    Series,
    Start,
    Xen,
)

from fata.cli.show import size


def text(results: Results) -> str:
    """`text(results)` is tables in Markdown, which read well as they are."""
    return "\n".join(_lines(results)) + "\n"


def _lines(results: Results) -> Iterator[str]:
    machine = results.machine
    yield (
        f"{machine.cpus} cores, {machine.accelerator.upper()}; {machine.qemu}, Python "
        f"{machine.python}; load {machine.load[0]:.1f} before, {machine.load[1]:.1f} after"
    )
    if results.starts is not None:
        yield ""
        yield from _starts(results.starts)
    if results.aims:
        yield ""
        yield from _aims(results.aims)
    if results.engine is not None:
        yield ""
        yield from _engine(results.engine)
    if results.xen is not None:
        yield ""
        yield from xen_lines(results.xen)
    if results.configurations is not None:
        yield ""
        yield from _configurations(results.configurations)
    if results.deploys is not None:
        yield ""
        yield from deploy_lines(results.deploys)


def _starts(starts: Sequence[Start]) -> Iterator[str]:
    facts: tuple[tuple[str, Callable[[Start], str]], ...] = (
        ("machine", lambda start: start.machine),
        ("kernel", lambda start: size(start.kernel_bytes)),
        ("root file system", lambda start: size(start.root_bytes)),
        ("both", lambda start: size(start.size)),
        ("... of the baseline's", lambda start: _part(start, lambda r: r.size)),
        ("root file system, unpacked", lambda start: size(start.unpacked_bytes)),
        ("files in it", lambda start: str(start.files)),
        ("first line of Python, ms", lambda start: _times(start.first_line)),
        ("... of the baseline's", lambda start: _part(start, lambda r: r.first_line)),
        ("HTTP 200, ms", lambda start: _times(start.http)),
        ("... of the baseline's", lambda start: _part(start, lambda r: r.http)),
        ("QEMU's processor time by then, ms", lambda start: _times(start.cpu)),
        ("... of the baseline's", lambda start: _part(start, lambda r: r.cpu)),
        ("memory needed, MiB", lambda start: str(start.memory or "not measured")),
    )
    rows = [(name, *(fact(start) for start in starts)) for name, fact in facts]
    yield from _table(("", *(start.name for start in starts)), rows)


def _part(start: Start, of: Callable[[Ratios], float]) -> str:
    return "" if start.ratios is None else f"{of(start.ratios):.2f}"


def _aims(aims: Sequence[Aim]) -> Iterator[str]:
    rows = [
        (aim.name, f"{aim.wanted:.4g}", f"{aim.found:.4g}", "yes" if aim.met else "no")
        for aim in aims
    ]
    yield from _table(("`tiny`: aim", "at most", "found", "met"), rows)


def _engine(engine: Engine) -> Iterator[str]:
    yield from _table(
        ("devices", "construct, s", "resolve, s", "generate, s", "devices/s"),
        [
            (
                str(graph.devices),
                *(f"{part.median:.3f}" for part in (graph.construct, graph.resolve)),
                f"{graph.generate.median:.3f}",
                str(graph.devices_per_second),
            )
            for graph in engine.graphs
        ],
    )
    describe, build = engine.describe, engine.build
    yield ""
    yield from _table(
        ("command", "ms", "`fata describe` takes"),
        [
            ("`fata describe`", _times(describe.describe), ""),
            ("`python -c pass`", _times(describe.python), f"{describe.ratio:.1f} times that"),
            (
                "`python -I -S -c pass`",
                _times(describe.python_isolated),
                f"{describe.ratio_isolated:.1f} times that",
            ),
        ],
    )
    yield ""
    yield from _table(
        ("seconds", "nothing cached", "nothing changed"),
        [
            ("closure", _seconds(build.closure_cold), _seconds(build.closure_warm)),
            ("`fata build`", _seconds(build.build_cold), _seconds(build.build_warm)),
        ],
    )


def xen_lines(xen: Xen) -> Iterator[str]:
    """`xen_lines(xen)` is the guests of Xen and the lab, as tables."""
    rows = [
        (
            start.name,
            size(start.bytes),
            f"{start.size_ratio:.2f}",
            _seconds(start.http),
            f"{start.http_ratio:.2f}",
            str(start.memory or "not measured"),
        )
        for start in xen.starts
    ]
    head = ("guest of Xen", "bytes", "of systemd's", "`xl create` to HTTP 200, s")
    yield from _table((*head, "of systemd's", "memory needed, MiB"), rows)
    lab = xen.lab
    yield ""
    yield from _table(
        ("`fata lab up`", "s", "of a start from nothing"),
        [
            ("from nothing", _seconds(lab.cold), ""),
            (f"from a saved state, {size(lab.state)}", _seconds(lab.saved), f"{lab.ratio:.2f}"),
        ],
    )


def _configurations(found: Configurations) -> Iterator[str]:
    yield from _table(
        ("a configuration of 27 options", "ms", "of `xl`'s"),
        [
            ("`xl -N create -n`", _short(found.xl), ""),
            ("`xlcfg check`", _short(found.command), f"{found.ratio:.1f}"),
            ("`parse`, in a process that is there", _short(found.read), ""),
            ("`parse` and `check`, there", _short(found.check), ""),
        ],
    )
    yield ""
    yield f"`parse` reads {found.parse.median:.2f} MB/s (best {max(found.parse.values):.2f})"


def _short(found: Samples) -> str:
    return f"{found.median:.2f} (min {found.minimum:.2f})"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(len(cell) for cell in column) for column in zip(head, *rows, strict=True)]
    ruled = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    for row in (head, ruled, *rows):
        first, *rest = zip(row, widths, strict=True)
        cells = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]
        yield f"| {' | '.join(cells)} |"


def _times(found: Samples) -> str:
    return f"{found.median:.0f} (min {found.minimum:.0f})"


def _seconds(found: Samples) -> str:
    return f"{found.median:.2f} (min {found.minimum:.2f})"


def deploy_lines(found: Deploys) -> Iterator[str]:
    """`deploy_lines(found)` is what a host under load did, as a table."""
    facts: tuple[tuple[str, Callable[[Series], str]], ...] = (
        ("deployments", lambda one: str(one.deployments)),
        ("... that were broken, and did not go live", lambda one: str(one.refused)),
        ("rollbacks", lambda one: str(one.rollbacks)),
        ("requests", lambda one: str(one.requests)),
        ("... that failed", lambda one: str(one.failed)),
        ("... a second", lambda one: f"{one.per_second:.0f}"),
        ("the longest, s", lambda one: f"{one.longest:.2f}"),
        ("`fata deploy`, s", lambda one: _short(one.deploy)),
    )
    rows = [(name, fact(found.whole), fact(found.broken)) for name, fact in facts]
    yield from _table(("", "every release is good", "every third is broken"), rows)
    yield ""
    yield f"While nothing is deployed, the guest answers {found.quiet:.0f} a second."
