"""Ports of a host that lead to guests, by rules of the kernel."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from fata.deploy.traffic import conntrack, nft
from fata.deploy.traffic.nft import Nft
from fata.deploy.traffic.route import Endpoint, Route
from fata.host.kind import Kind
from fata.host.network import rules
from fata.settings.port import Protocol
from functoria.error import UserError

from .conftest import BRIDGE, HOST, OUTSIDE, SUBNET, House

pytestmark = pytest.mark.e2e

UDP = Protocol.UDP
BRIDGE_TABLE = f"fata_{BRIDGE}"
LOOPBACK = Path(f"/proc/sys/net/ipv4/conf/{BRIDGE}/route_localnet")


def route(guest: int, port: int = 80, protocol: Protocol = Protocol.TCP, to: int = 8080) -> Route:
    return Route(protocol, port, f"web.production.g{guest}", Endpoint(str(SUBNET[guest]), to))


@pytest.fixture
def traffic(house: House) -> Nft:
    return Nft(SUBNET, BRIDGE)


def table() -> str:
    """Our table as nft prints it, with the numbers that a rule gets when it is made."""
    command = ["nft", "-a", "list", "table", "ip", "fata_ports"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


# -- where a port leads ----------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", list(Protocol))
def test_a_port_leads_to_the_guest_from_wherever_it_is_asked(
    house: House, traffic: Nft, protocol: Protocol
) -> None:
    with house.serving(2), house.serving(3):
        traffic.check([route(2, protocol=protocol)])
        traffic.apply([route(2, protocol=protocol)])
        for name, address in (
            ("outside", HOST),
            ("host", HOST),
            ("host", "127.0.0.1"),
            ("host", str(SUBNET[1])),
            ("g3", HOST),
            ("g3", str(SUBNET[1])),
            ("g2", HOST),
        ):
            answer = house.ask(name, address, 80, protocol.value)
            assert answer == "g2 hi;g2 more;", (name, address)


def test_where_docker_has_rules_see_what_passes_a_bridge(house: House, traffic: Nft) -> None:
    house.let_rules_see_bridges(True)
    with house.serving(2), house.serving(3):
        traffic.apply([route(2)])
        for name, address in (
            ("outside", HOST),
            ("host", HOST),
            ("host", "127.0.0.1"),
            ("g3", HOST),
        ):
            assert house.ask(name, address, 80) == "g2 hi;g2 more;", (name, address)


def test_the_guest_sees_who_asks(house: House, traffic: Nft) -> None:
    house.guest(2)
    traffic.apply([route(2)])
    seen = (
        "import socket; s = socket.create_server(('', 8080)); print('ready', flush=True); "
        "print(s.accept()[1][0])"
    )
    command = [*house.inside("g2"), sys.executable, "-c", seen]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "ready\n"
        house.ask("outside", HOST, 80)
        assert server.stdout.readline() == f"{OUTSIDE}\n"


def test_other_ports_and_connections_are_left_alone(house: House, traffic: Nft) -> None:
    with house.serving(2), socket.create_server(("0.0.0.0", 81)) as own:
        traffic.apply([route(2)])
        command = [*house.inside("outside"), sys.executable, "-c"]
        program = f"import socket; print(socket.create_connection(({HOST!r}, 81)).recv(9))"
        with subprocess.Popen([*command, program], stdout=subprocess.PIPE, text=True) as client:
            connection, (address, _) = own.accept()
            with connection:
                connection.send(b"host")
            assert client.communicate()[0] == "b'host'\n"
        assert address == OUTSIDE
        # What was not led in on purpose does not come in: the rules of the host's setup hold.
        direct = ("-n", house.inside("outside")[3], "route", "add", str(SUBNET), "via", HOST)
        house.ip(*direct)
        assert house.ask("outside", str(SUBNET[2]), 8080) == "TimeoutError"


def test_resolvers_on_other_loopback_addresses_are_left_alone(house: House, traffic: Nft) -> None:
    """systemd-resolved listens on 127.0.0.53, which a name server as a guest must not take away."""
    with house.serving(2), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as resolver:
        resolver.bind(("127.0.0.53", 53))
        resolver.settimeout(5)
        traffic.check([route(2, 53, UDP)])
        traffic.apply([route(2, 53, UDP)])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.sendto(b"where is it?", ("127.0.0.53", 53))
            assert resolver.recv(100) == b"where is it?"
        assert house.ask("outside", HOST, 53, "udp") == "g2 hi;g2 more;"


@pytest.mark.parametrize(
    "guards", [("fata_ports", BRIDGE_TABLE), ("fata_ports",), (BRIDGE_TABLE,), ()]
)
def test_guests_do_not_reach_what_listens_on_the_hosts_loopback(
    house: House, traffic: Nft, guards: tuple[str, ...]
) -> None:
    """CVE-2020-8558. Without any guard they would, by which we see that each of them keeps them."""
    house.guest(2)
    traffic.apply([route(2)])
    for table in {"fata_ports", BRIDGE_TABLE} - set(guards):
        house.nft(f"flush chain ip {table} guard")
    inside = house.inside("g2")
    subprocess.run([*inside, "ip", "address", "flush", "dev", "lo"], check=True)
    way = ("route", "add", "127.0.0.1/32", "via", str(SUBNET[1]))
    subprocess.run([*inside, "ip", *way], check=True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as service:
        service.bind(("127.0.0.1", 9999))
        service.settimeout(1)
        send = "import socket; socket.socket(2, 2).sendto(b'x', ('127.0.0.1', 9999))"
        subprocess.run([*inside, sys.executable, "-c", send], check=True)
        with contextlib.nullcontext() if not guards else pytest.raises(TimeoutError):
            assert service.recv(1) == b"x"


def test_a_guest_is_not_told_of_a_way_past_the_host(house: House, traffic: Nft) -> None:
    """An ICMP redirect would have it send what is for the host's address to another guest."""
    with house.serving(2), house.serving(3):
        traffic.apply([route(2)])
        for _ in range(3):
            assert house.ask("g3", HOST, 80) == "g2 hi;g2 more;"
        seen = subprocess.run(
            [*house.inside("g3"), "cat", "/proc/net/snmp"], check=True, capture_output=True
        ).stdout.decode()
        names, values = (line.split() for line in seen.splitlines() if line.startswith("Icmp:"))
        assert dict(zip(names, values, strict=True))["InRedirects"] == "0"


# -- switching -------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [HOST, "127.0.0.1"])
def test_b9_no_connection_fails_while_traffic_is_switched(
    house: House, traffic: Nft, address: str
) -> None:
    """The site was gone while the new one took over."""
    outside = address == HOST
    with house.serving(2), house.serving(3):
        traffic.apply([route(2)])
        with house.load(80, 120, address, "outside" if outside else "host") as load:
            for turn in range(50):
                time.sleep(0.1)
                traffic.apply([route(3 if turn % 2 == 0 else 2)])
            answers = Counter(load.result()["answers"])
        assert set(answers) == {"g2 hi", "g3 hi"}
        assert min(answers.values()) > 500


def test_open_connections_stay_until_they_are_cut(house: House, traffic: Nft) -> None:
    old, new = Endpoint(str(SUBNET[2]), 8080), Endpoint(str(SUBNET[3]), 8080)
    with house.serving(2), house.serving(3):
        traffic.apply([route(2)])
        with socket.create_connection((HOST, 80), timeout=5) as kept:
            kept.sendall(b"one\n")
            assert kept.recv(100) == b"g2 one\n"
            traffic.apply([route(3)])
            kept.sendall(b"two\n")
            assert kept.recv(100) == b"g2 two\n"
            assert house.ask("outside", HOST, 80) == "g3 hi;g3 more;"
            assert traffic.connections([old]) == 1
            assert traffic.connections([old, new]) == 1
            assert traffic.connections([]) == 0
            traffic.forget([old])
            assert traffic.connections([old]) == 0
            kept.sendall(b"three\n")
            with pytest.raises(ConnectionResetError):
                kept.recv(100)
        with socket.create_connection((HOST, 80), timeout=5) as closed:
            closed.sendall(b"one\n")
            assert closed.recv(100) == b"g3 one\n"
            assert traffic.connections([new]) == 1
        deadline = time.monotonic() + 5
        while traffic.connections([new]):
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_who_asks_a_guest_without_us_is_not_counted(house: House, traffic: Nft) -> None:
    with house.serving(2):
        traffic.apply([route(2)])
        place = (str(SUBNET[2]), 8080)
        with socket.create_connection(place, timeout=5) as direct:
            direct.sendall(b"x\n")
            assert direct.recv(100)
            assert traffic.connections([Endpoint(*place)]) == 0
            traffic.forget([Endpoint(*place)])
            direct.sendall(b"y\n")
            assert direct.recv(100) == b"g2 y\n"


def test_a_port_of_the_client_that_is_used_again_leads_to_the_new_guest(
    house: House, traffic: Nft
) -> None:
    with house.serving(2), house.serving(3):
        for guest in (2, 3, 2):
            traffic.apply([route(guest)])
            with socket.socket() as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                client.bind((HOST, 20777))
                client.settimeout(5)
                client.connect((HOST, 80))
                client.sendall(b"x\n")
                assert client.recv(100) == b"g%d x\n" % guest
                client.shutdown(socket.SHUT_WR)
                assert client.recv(1) == b""


@pytest.mark.parametrize("port", range(20_780, 20_790))
def test_a_port_that_is_used_again_while_its_old_guest_is_forgotten(
    house: House, traffic: Nft, monkeypatch: pytest.MonkeyPatch, port: int
) -> None:
    """The kernel may give a flow the number of one that had the same ports just before."""
    delete, kept = conntrack.delete, socket.socket()

    def connected(client: socket.socket) -> None:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        client.bind((HOST, port))
        client.settimeout(5)
        client.connect((HOST, 80))

    def late(flows: Iterable[conntrack.Flow]) -> int:
        found = list(flows)
        connected(kept)
        return delete(found)

    monkeypatch.setattr(conntrack, "delete", late)
    with house.serving(2), house.serving(3), kept:
        traffic.apply([route(2)])
        with socket.socket() as ended:
            connected(ended)
            ended.shutdown(socket.SHUT_WR)
            assert ended.recv(1) == b""
        traffic.apply([route(3)])
        traffic.forget([route(2).to])
        assert traffic.connections([route(3).to]) == 1


def test_a_udp_client_that_never_pauses_gets_to_the_new_guest(house: House, traffic: Nft) -> None:
    """The kernel would have it stay with the guest that it first asked, for as long as it asks."""
    old, new = route(2, 53, UDP), route(3, 53, UDP)
    with (
        house.serving(2),
        house.serving(3),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
    ):
        client.settimeout(5)
        client.connect((HOST, 53))

        def ask() -> bytes:
            client.send(b"x\n")
            return client.recv(100)

        with pytest.raises(ConnectionRefusedError):
            ask()  # a flow that is older than every route
        traffic.apply([old])
        assert ask() == b"g2 x\n"
        traffic.apply([new])
        assert ask() == b"g2 x\n"
        traffic.forget([old.to])
        assert ask() == b"g3 x\n"


# -- what is in force ------------------------------------------------------------------------------


def test_what_is_in_force_is_what_the_kernel_says(house: House, traffic: Nft) -> None:
    assert traffic.routes() is None
    traffic.apply([])
    assert traffic.routes() == ()
    routes = (route(2), route(2, 443, to=8443), route(3, 53, UDP, 53))
    traffic.apply(routes[::-1])
    assert traffic.routes() == tuple(sorted(routes))
    assert Nft(SUBNET, BRIDGE).routes() == tuple(sorted(routes))
    assert LOOPBACK.read_text() == "1\n"


def test_nothing_is_done_where_it_is_in_force(house: House, traffic: Nft) -> None:
    traffic.apply([route(2), route(3, 81)])
    before = table()
    traffic.apply([route(3, 81), route(2)])
    assert table() == before
    traffic.apply([route(2)])
    assert table() != before


@pytest.mark.parametrize(
    "harm",
    [
        "flush ruleset",  # what `systemctl reload nftables` does
        "delete table ip fata_ports",
        "flush chain ip fata_ports guard",
        "flush chain ip fata_ports arriving",
        "add rule ip fata_ports arriving counter drop",
        "insert rule ip fata_ports arriving counter drop",
        "add rule ip fata_ports guard counter drop",
        "add rule ip fata_ports arriving tcp dport 81 dnat to 10.77.0.3:1",
        "add chain ip fata_ports other; add rule ip fata_ports other drop",
        "flush chain ip fata_ports stray",
    ],
)
def test_harm_done_to_the_rules_is_noticed_and_mended(
    house: House, traffic: Nft, harm: str
) -> None:
    with house.serving(2):
        traffic.apply([route(2)])
        house.nft(harm)
        assert traffic.routes() != (route(2),)
        traffic.apply([route(2)])
        assert traffic.routes() == (route(2),)
        house.nft(rules(Kind.QEMU, SUBNET))  # comes back by itself: its unit sees to it
        assert house.ask("outside", HOST, 80) == "g2 hi;g2 more;"


def test_a_bridge_that_was_made_anew_is_noticed(house: House, traffic: Nft) -> None:
    traffic.apply([route(2)])
    LOOPBACK.write_text("0")
    assert traffic.routes() is None
    traffic.apply([route(2)])
    assert traffic.routes() == (route(2),)


def test_rules_for_another_subnet_are_not_ours(house: House, traffic: Nft) -> None:
    traffic.apply([route(2)])
    assert Nft(IPv4Network("10.78.0.0/24"), BRIDGE).routes() is None


def test_whoever_is_killed_leaves_what_was_or_what_shall_be(house: House, traffic: Nft) -> None:
    one, two = (route(2), route(2, 81)), (route(3),)
    traffic.apply(one)
    apply = (
        "import sys; from ipaddress import IPv4Network\n"
        "from fata.deploy.traffic.nft import Nft\n"
        "from fata.deploy.traffic.route import *; from fata.settings.port import Protocol\n"
        "routes = [Route(Protocol(p), int(n), g, Endpoint(a, int(t))) for p, n, g, a, t in\n"
        "          (word.split(',') for word in sys.argv[1:])]\n"
        f"traffic = Nft(IPv4Network({str(SUBNET)!r}), {BRIDGE!r})\n"
        "print('ready', flush=True)\n"
        "traffic.apply(routes)\n"
    )
    chance = random.Random(7)
    for turn in range(16):
        wanted = two if turn % 2 == 0 else one
        words = [f"{r.protocol},{r.port},{r.guest},{r.to.address},{r.to.port}" for r in wanted]
        # A group of its own, so that its nft dies with it, as if the power failed.
        with subprocess.Popen(
            [sys.executable, "-c", apply, *words], stdout=subprocess.PIPE, process_group=0
        ) as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(chance.uniform(0, 0.05))
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
        assert traffic.routes() in {one, two}
        traffic.apply(wanted)


def test_nothing_is_left_when_it_is_removed(house: House, traffic: Nft) -> None:
    traffic.remove()  # where nothing is
    with house.serving(2):
        traffic.apply([route(2)])
        with socket.create_connection((HOST, 80), timeout=5) as cut:
            cut.sendall(b"x\n")
            assert cut.recv(100) == b"g2 x\n"
            traffic.remove()
            cut.sendall(b"y\n")
            with pytest.raises(ConnectionResetError):
                cut.recv(100)
        assert traffic.routes() is None
        assert house.ask("outside", HOST, 80) == "ConnectionRefusedError"
    tables = subprocess.run(["nft", "list", "tables"], check=True, capture_output=True).stdout
    assert tables == b"table ip fata_fata0\n"
    assert LOOPBACK.read_text() == "0\n"


def test_a_thousand_ports(house: House, traffic: Nft) -> None:
    routes = [route(2, 1000 + number) for number in range(1000)]
    begin = time.monotonic()
    traffic.apply(routes)
    assert traffic.routes() == tuple(sorted(routes))
    assert time.monotonic() - begin < 10


# -- what is refused -------------------------------------------------------------------------------


@pytest.fixture
def refused(traffic: Nft) -> Iterator[Nft]:
    """`check` of it changes nothing."""
    yield traffic
    done = subprocess.run(["nft", "list", "tables"], check=True, capture_output=True)
    assert done.stdout == b"table ip fata_fata0\n"


@pytest.mark.parametrize("address", ["0.0.0.0", HOST, "127.0.0.1", "::", f"::ffff:{HOST}"])
def test_a_port_that_a_program_of_the_host_has_is_not_taken_from_it(
    house: House, refused: Nft, address: str
) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as server:
        server.bind((address, 80))
        server.listen()
        with pytest.raises(UserError) as caught:
            refused.check([route(2)])
    assert caught.value.what == (
        f"port 80/tcp of this host is in use by `{Path('/proc/self/comm').read_text().strip()}` "
        f"(process {os.getpid()})"
    )
    refused.check([route(2)])


def test_what_else_is_refused(house: House, refused: Nft, monkeypatch: pytest.MonkeyPatch) -> None:
    def what(*routes: Route, traffic: Nft = refused) -> str:
        with pytest.raises(UserError) as caught:
            traffic.check(routes)
        return caught.value.what

    assert what(route(2), route(3)) == (
        "port 80/tcp of this host leads to `web.production.g2` already, and cannot lead to "
        "`web.production.g3` too"
    )
    stranger = Route(Protocol.TCP, 80, "a.production.g1", Endpoint("10.9.9.9", 80))
    assert what(stranger) == "`a.production.g1` is at 10.9.9.9, which is not in 10.77.0.0/24"
    assert what(traffic=Nft(SUBNET, "fata7")) == "this host has no bridge `fata7`"
    forward = Path("/proc/sys/net/ipv4/ip_forward")
    forward.write_text("0")
    assert what() == "this host does not pass packets on to guests"
    forward.write_text("1")
    monkeypatch.setattr(nft, "_PLACES", "/nowhere")
    assert what() == "the program `nft` is missing on this host"
    os.seteuid(65534)
    try:
        assert what() == "only root leads ports of a host to guests on a bridge"
    finally:
        os.seteuid(0)


def test_what_nft_says_is_told(house: House, traffic: Nft, tmp_path: Path) -> None:
    """A kernel without what we need, as it would be told."""
    broken = tmp_path / "nft"
    broken.write_text(
        "#!/bin/sh\necho '/dev/stdin:9:1-2: Error: Could not process rule: Operation not "
        "supported' >&2; exit 1\n"
    )
    broken.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(nft, "_PLACES", str(tmp_path))
        for act in (lambda: traffic.check([]), traffic.routes, lambda: traffic.apply([])):
            with pytest.raises(UserError, match="rule: Operation not supported"):
                act()


def test_the_answer_of_the_kernel_in_json_is_one_that_we_know(house: House, traffic: Nft) -> None:
    traffic.apply([route(2)])
    command = ["nft", "-j", "list", "table", "ip", "fata_ports"]
    said = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    assert said["nftables"][0]["metainfo"]["json_schema_version"] == 1
