"""Leading ports to guests by rules of the kernel, which are replaced by one transaction."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from collections.abc import Collection, Sequence
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from fata.called import called
from fata.completed import Completed
from fata.deploy.traffic import conntrack, rules
from fata.deploy.traffic.listening import listened
from fata.deploy.traffic.refusal import PORTS, check_distinct, in_use
from fata.deploy.traffic.route import Endpoint, Route
from fata.settings.port import Protocol
from functoria.error import UserError

_SETTINGS = Path("/proc/sys/net/ipv4")
_PLACES = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
_ATTEMPTS = 5
_PAUSE = 0.1


class Nft:
    """`Nft(subnet, bridge)` is `Traffic` to guests on that bridge, for root.

    Nothing runs and nothing is written down: the rules in the kernel are all there is.
    """

    def __init__(self, subnet: IPv4Network, bridge: str) -> None:
        self._subnet = subnet
        self._bridge = bridge
        self._frame = rules.frame(subnet, bridge)
        # What makes the bridge let in what is led to guests from 127.0.0.1, and comes back.
        self._loopback = _SETTINGS / "conf" / bridge / "route_localnet"

    def check(self, routes: Sequence[Route]) -> None:
        """See `Traffic.check`."""
        _check_host()
        self._check_bridge()
        check_distinct(routes)
        for route in routes:
            if IPv4Address(route.to.address) not in self._subnet:
                raise UserError(
                    f"`{route.guest}` is at {route.to.address}, which is not in {self._subnet}",
                    PORTS,
                    f"give it an interface on the bridge `{self._bridge}`",
                )
            if listened(route.protocol, route.port):
                raise in_use(route)
        _nft("--check", "-f", "-", text=rules.making(self._frame, sorted(routes)))

    def apply(self, routes: Sequence[Route]) -> None:
        """See `Traffic.apply`."""
        self._check_bridge()
        check_distinct(routes)
        wanted, found = tuple(sorted(routes)), self.routes()
        if found is None:
            _nft("-f", "-", text=rules.making(self._frame, wanted))
            # The guard is there before what it guards is opened.
            self._let_loopback_in("1")
        elif found != wanted:
            _nft("-f", "-", text=rules.switching(self._frame, wanted))
        self._lead_stuck_flows(routes)

    def routes(self) -> tuple[Route, ...] | None:
        """See `Traffic.routes`."""
        done = _run("-j", "list", "table", rules.FAMILY, rules.NAME)
        if done.code:
            if b"No such file" in done.err:
                return None
            raise _failed(done)
        with contextlib.suppress(OSError):
            if self._loopback.read_text().strip() == "1":
                return rules.read(done.out, self._frame)
        return None

    def connections(self, endpoints: Collection[Endpoint]) -> int:
        """See `Traffic.connections`."""
        flows = conntrack.flows_to(endpoint.address for endpoint in endpoints)
        return sum(flow.led and flow.open and flow.answers in endpoints for flow in flows)

    def forget(self, endpoints: Collection[Endpoint]) -> None:
        """See `Traffic.forget`. What comes of a connection later is answered by a reset.

        Connections that have ended are left to the kernel. The next one from the same port takes
        the place of such a one, and may get its number: it would be cut instead.
        """
        flows = conntrack.flows_to(endpoint.address for endpoint in endpoints)
        led = [flow for flow in flows if flow.led and flow.answers in endpoints]
        conntrack.delete(flow for flow in led if flow.open or flow.protocol == conntrack.UDP)

    def remove(self) -> None:
        """See `Traffic.remove`."""
        self._let_loopback_in("0")
        _nft("-f", "-", text=rules.removal())
        own = (
            flow
            for flow in conntrack.all_flows()
            if flow.led and IPv4Address(flow.answers.address) in self._subnet
        )
        conntrack.delete(list(own))

    def _check_bridge(self) -> None:
        if not self._loopback.exists():
            raise UserError(
                f"this host has no bridge `{self._bridge}`", None, "make it with `fata host setup`"
            )

    def _let_loopback_in(self, value: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._loopback.write_text(value)

    def _lead_stuck_flows(self, routes: Sequence[Route]) -> None:
        """Forget UDP flows that are older than their route, and would never be led by it."""
        ports = {route.port for route in routes if route.protocol is Protocol.UDP}
        if not ports:
            return
        own = _own_addresses()
        stuck = (
            flow
            for flow in conntrack.all_flows()
            if flow.protocol == conntrack.UDP and not flow.led and flow.asked.port in ports
        )
        conntrack.delete([flow for flow in stuck if flow.asked.address in own])


def _check_host() -> None:
    if os.geteuid() != 0:
        raise UserError(
            "only root leads ports of a host to guests on a bridge",
            None,
            "deploy to it as root, or as a user that may use `sudo` there",
        )
    if _program() is None:
        raise UserError(
            "the program `nft` is missing on this host",
            None,
            "install the package nftables, as `fata host setup` does",
        )
    if (_SETTINGS / "ip_forward").read_text().strip() != "1":
        raise UserError(
            "this host does not pass packets on to guests",
            "net.ipv4.ip_forward",
            "set it up with `fata host setup`, or `sysctl net.ipv4.ip_forward=1`",
        )


def _own_addresses() -> frozenset[str]:
    done = called(("ip", "-json", "-4", "address", "show"))
    with contextlib.suppress(ValueError, KeyError, TypeError):
        infos = (info for link in json.loads(done.out) for info in link.get("addr_info", ()))
        return frozenset(info["local"] for info in infos)
    return frozenset()


def _nft(*words: str, text: str) -> None:
    """Run nft(8) with that input. Others at the rules may be in its way for a moment."""
    for attempt in range(_ATTEMPTS):
        done = _run(*words, text=text)
        if done.code == 0:
            return
        if attempt == _ATTEMPTS - 1 or b"busy" not in done.err:
            raise _failed(done)
        time.sleep(_PAUSE)


def _run(*words: str, text: str = "") -> Completed:
    command = (_program() or "nft", *words)
    try:
        return called(command, text.encode(), environment={"LC_ALL": "C", "PATH": _PLACES})
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise UserError(
            f"`nft` cannot be run: {why}", None, "install the package nftables"
        ) from error


def _program() -> str | None:
    return shutil.which("nft", path=_PLACES)


def _failed(done: Completed) -> UserError:
    lines = done.err.decode(errors="replace").splitlines()
    said = next((line for line in lines if "Error: " in line), "".join(lines[:1]))
    said = said.rpartition("Error: ")[2].strip()[:200] or f"code {done.code}"
    return UserError(
        f"the kernel did not take the rules that lead ports to guests: {said}",
        f"table {rules.FAMILY} {rules.NAME}",
        "see that the host's kernel has nf_tables with nat and fib, and that you are root",
    )
