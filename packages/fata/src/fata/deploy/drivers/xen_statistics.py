"""What a guest of Xen has used, as Xen and the control domain's kernel count it."""

from __future__ import annotations

from fata.deploy.drivers.driver import Statistics
from fata.xen.runner import Runner, answered
from fata.xen.toolstack import Running

_SECTOR = 512


def statistics(runner: Runner, running: Running) -> Statistics:
    """`statistics(runner, running)` is what the domain has used.

    Xen tells its processors' time in tenths of a second. The control domain's ends of its vifs and
    disks count what passes; a guest without any has `None`. Raises `UserError`.
    """
    number = running.number
    vifs = _counters(runner, "/sys/class/net", f"vif{number}.*", ("tx_bytes", "rx_bytes"))
    disks = _counters(
        runner, "/sys/bus/xen-backend/devices/", f"vbd-{number}-*", ("rd_sect", "wr_sect")
    )
    return Statistics(
        running.seconds,
        running.memory << 20,
        # What leaves the host's end is what the guest receives.
        vifs["tx_bytes"],
        vifs["rx_bytes"],
        _bytes(disks["rd_sect"]),
        _bytes(disks["wr_sect"]),
    )


def _counters(
    runner: Runner, top: str, pattern: str, names: tuple[str, str]
) -> dict[str, int | None]:
    """The sums over all devices of that name; `find` follows the links that they are."""
    wanted = ("(", "-name", names[0], "-o", "-name", names[1], ")")
    where = ("-maxdepth", "3", "-path", f"*/{pattern}/statistics/*")
    listed = answered(runner, ["find", "-L", top, *where, *wanted])
    files = sorted(listed.out.decode(errors="replace").split())
    found: dict[str, int | None] = dict.fromkeys(names)
    for file in files:
        text = answered(runner, ["cat", file]).out.strip()
        name = file.rpartition("/")[2]
        if text.isdigit():
            found[name] = (found[name] or 0) + int(text)
    return found


def _bytes(sectors: int | None) -> int | None:
    return None if sectors is None else sectors * _SECTOR
