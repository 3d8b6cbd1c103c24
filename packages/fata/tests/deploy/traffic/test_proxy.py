"""Ports of a host that lead to guests by a process of our own, without root."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from fata.deploy.drivers.launch import default_python
from fata.deploy.traffic.proxy import proxy as proxies
from fata.deploy.traffic.proxy import wire
from fata.deploy.traffic.proxy.carrier import Carrier
from fata.deploy.traffic.proxy.loop import Loop
from fata.deploy.traffic.proxy.proxy import Proxy
from fata.deploy.traffic.proxy.table import FILE
from fata.deploy.traffic.route import Endpoint, Route
from fata.settings.port import Protocol
from functoria.error import UserError

from .conftest import Program

HERE = Path(__file__).parent
LOCAL = "127.0.0.1"


class Guest:
    """A server in this process, on a port of its own, whose connections the test attends to."""

    def __init__(self) -> None:
        self.listener = socket.create_server((LOCAL, 0))
        self.listener.settimeout(20)
        self.endpoint = Endpoint(LOCAL, self.listener.getsockname()[1])

    def accept(self) -> socket.socket:
        connection, _ = self.listener.accept()
        connection.settimeout(20)
        return connection

    def __enter__(self) -> Guest:
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.close()


def unused() -> int:
    """A port that nobody has, below those that the kernel gives to outgoing connections.

    Other processes that run these tests have ranges of their own.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    first = 20000 + 1000 * (worker % 10)
    for port in range(first + os.getpid() % 500, first + 1000):
        with socket.socket() as one:
            try:
                one.bind((LOCAL, port))
            except OSError:
                continue
            return port
    raise AssertionError("all ports are taken")


def held() -> socket.socket:
    """A port that refuses connections, and that nobody else can take meanwhile."""
    one = socket.socket()
    one.settimeout(20)
    one.bind((LOCAL, 0))
    return one


def dialled(proxy: Proxy, to: socket.socket, port: int) -> socket.socket:
    """A connection to the proxy, which leads to this socket."""
    proxy.apply([route(Endpoint(LOCAL, to.getsockname()[1]), port)])
    return dial(port)


def route(to: Endpoint, port: int, guest: str = "web.production.g1") -> Route:
    return Route(Protocol.TCP, port, guest, to)


@pytest.fixture
def port() -> int:
    return unused()


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[Proxy]:
    made = Proxy(tmp_path / "traffic", default_python())
    yield made
    made.remove()


@pytest.fixture
def guest() -> Iterator[Guest]:
    with Guest() as made:
        yield made


@pytest.fixture
def other() -> Iterator[Guest]:
    with Guest() as made:
        yield made


def dial(port: int, address: str = LOCAL) -> socket.socket:
    return socket.create_connection((address, port), timeout=20)


def until(true: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def process_of(directory: Path) -> int:
    (connection,) = (made.dup() for made in wire.connected(directory, 5))
    with connection:
        return wire.peer(connection)[0]


def test_a_port_leads_to_a_guest(proxy: Proxy, port: int, guest: Guest) -> None:
    routes = (route(guest.endpoint, port),)
    assert proxy.routes() is None
    proxy.check(routes)
    proxy.apply(routes)
    assert proxy.routes() == routes
    proxy.check(routes)  # what is ours already is not in our way
    addresses = [LOCAL, "::1"] if socket.has_ipv6 else [LOCAL]
    for address in addresses:
        with dial(port, address) as client, guest.accept() as server:
            client.sendall(b"question")
            assert server.recv(100) == b"question"
            server.sendall(b"answer")
            assert client.recv(100) == b"answer"


def test_nothing_is_done_where_it_is_in_force(
    proxy: Proxy, tmp_path: Path, port: int, guest: Guest
) -> None:
    routes = [route(guest.endpoint, port)]
    proxy.apply(routes)
    before = (tmp_path / "traffic" / FILE).stat()
    number = process_of(tmp_path / "traffic")
    proxy.apply(routes)
    after = (tmp_path / "traffic" / FILE).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert process_of(tmp_path / "traffic") == number


def test_open_connections_stay_and_new_ones_go_to_the_new_guest(
    proxy: Proxy, port: int, guest: Guest, other: Guest
) -> None:
    proxy.apply([route(guest.endpoint, port)])
    with dial(port) as old, guest.accept() as served:
        proxy.apply([route(other.endpoint, port, "web.production.g2")])
        with dial(port) as new, other.accept() as server:
            new.sendall(b"new")
            assert server.recv(10) == b"new"
            assert proxy.connections([guest.endpoint]) == 1
            assert proxy.connections([guest.endpoint, other.endpoint]) == 2
        old.sendall(b"old")
        assert served.recv(10) == b"old"
    until(lambda: proxy.connections([guest.endpoint, other.endpoint]) == 0)


def test_what_does_not_drain_is_cut(proxy: Proxy, port: int, guest: Guest, other: Guest) -> None:
    proxy.apply([route(guest.endpoint, port)])
    with dial(port) as old, guest.accept() as served:
        proxy.apply([route(other.endpoint, port)])
        with dial(port) as new, other.accept() as server:
            proxy.forget([guest.endpoint])
            for each in (old, served):
                with pytest.raises(ConnectionResetError):
                    each.recv(1)
            new.sendall(b"new")
            assert server.recv(10) == b"new"


def test_a_half_closed_connection_still_answers(proxy: Proxy, port: int, guest: Guest) -> None:
    proxy.apply([route(guest.endpoint, port)])
    with dial(port) as client, guest.accept() as server:
        client.sendall(b"all of it")
        client.shutdown(socket.SHUT_WR)
        assert server.recv(100) == b"all of it"
        assert server.recv(100) == b""
        time.sleep(0.2)
        server.sendall(b"the answer")
        server.shutdown(socket.SHUT_WR)
        assert client.recv(100) == b"the answer"
        assert client.recv(100) == b""
    until(lambda: proxy.connections([guest.endpoint]) == 0)


def test_a_reset_is_passed_on(proxy: Proxy, port: int, guest: Guest) -> None:
    proxy.apply([route(guest.endpoint, port)])
    with dial(port) as client, guest.accept() as server:
        client.sendall(b"x")
        assert server.recv(1) == b"x"
        server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        server.close()
        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_much_is_carried_whole_in_both_directions(proxy: Proxy, port: int, guest: Guest) -> None:
    proxy.apply([route(guest.endpoint, port)])
    content = os.urandom(1 << 20) * 24

    def send(connection: socket.socket) -> None:
        connection.sendall(content)
        connection.shutdown(socket.SHUT_WR)

    def receive(connection: socket.socket) -> bool:
        got = bytearray()
        while piece := connection.recv(1 << 16):
            got += piece
        return got == content

    with dial(port) as client, guest.accept() as server, ThreadPoolExecutor(4) as pool:
        for each in (client, server):
            pool.submit(send, each)
        assert all(pool.map(receive, (client, server)))


def test_who_does_not_read_holds_up_who_sends(
    proxy: Proxy, tmp_path: Path, port: int, guest: Guest
) -> None:
    proxy.apply([route(guest.endpoint, port)])
    number = process_of(tmp_path / "traffic")

    def resident() -> int:
        return int(Path(f"/proc/{number}/statm").read_text().split()[1]) * 4096

    before = resident()
    with dial(port), guest.accept() as server:
        server.settimeout(0.5)
        sent = 0
        with contextlib.suppress(TimeoutError):
            while sent < 1 << 28:
                sent += server.send(bytes(1 << 20))
        assert 1 << 16 < sent < 1 << 26
    assert resident() - before < 8 << 20


def test_an_answer_before_the_end_of_a_question_arrives(
    proxy: Proxy, port: int, guest: Guest
) -> None:
    """413 Content Too Large: the guest answers and closes while the client still sends."""
    proxy.apply([route(guest.endpoint, port)])
    with dial(port) as client, guest.accept() as server:
        client.sendall(b"x")
        assert server.recv(1) == b"x"
        server.sendall(b"too large")
        server.shutdown(socket.SHUT_WR)
        assert client.recv(100) == b"too large"


def test_a_guest_that_is_not_there_yet_is_waited_for(proxy: Proxy, port: int) -> None:
    with held() as late, dialled(proxy, late, port) as client:
        client.sendall(b"question")
        time.sleep(0.5)
        late.listen()
        server, _ = late.accept()
        with server:
            assert server.recv(100) == b"question"
            server.sendall(b"answer")
            assert client.recv(100) == b"answer"


def test_a_connection_that_the_old_guest_refuses_goes_to_the_new_one(
    proxy: Proxy, port: int, other: Guest
) -> None:
    with held() as gone, dialled(proxy, gone, port) as client:
        client.sendall(b"question")
        time.sleep(0.3)
        proxy.apply([route(other.endpoint, port)])
        with other.accept() as server:
            assert server.recv(100) == b"question"


@pytest.mark.e2e
def test_no_connection_fails_while_traffic_is_switched(
    proxy: Proxy, port: int, guest: Guest, other: Guest
) -> None:
    one, two = (Endpoint(LOCAL, each.endpoint.port) for each in (guest, other))
    for each in (guest, other):
        each.listener.close()
    with (
        Program((), "server.py", "one", LOCAL, str(one.port)),
        Program((), "server.py", "two", LOCAL, str(two.port)),
    ):
        proxy.apply([route(one, port)])
        with Program((), "load.py", LOCAL, str(port), "60") as load:
            for turn in range(50):
                time.sleep(0.1)
                proxy.apply([route(two if turn % 2 == 0 else one, port)])
            answers = Counter(load.result()["answers"])
    assert set(answers) == {"one hi", "two hi"}
    assert min(answers.values()) > 100


@pytest.mark.e2e
def test_an_upgrade_of_fata_costs_no_connection(tmp_path: Path, port: int, guest: Guest) -> None:
    directory = tmp_path / "traffic"
    older = Proxy(directory, (sys.executable, str(HERE / "older.py")))
    newer = Proxy(directory, default_python())
    kept = Endpoint(LOCAL, guest.endpoint.port)
    second = unused() + 1
    with Guest() as place:
        busy = place.endpoint
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wire, "code", lambda: "older")
        with Program((), "server.py", "one", LOCAL, str(busy.port)):
            routes = [route(kept, port), route(busy, second)]
            older.apply(routes)
            number = process_of(directory)
            with (
                dial(port) as client,
                guest.accept() as server,
                Program((), "load.py", LOCAL, str(second), "60") as load,
            ):
                time.sleep(0.3)
                patch.undo()
                newer.apply(routes)
                assert newer.routes() == tuple(sorted(routes))
                time.sleep(0.3)
                assert set(load.result()["answers"]) == {"one hi"}
                client.sendall(b"still there")
                assert server.recv(100) == b"still there"
                assert newer.connections([kept]) == 1
                with dial(port), guest.accept():
                    until(lambda: newer.connections([kept]) == 2)
            until(lambda: not Path(f"/proc/{number}").exists())
            assert newer.routes() == tuple(sorted(routes))
    newer.remove()


def test_who_dies_in_taking_over_leaves_the_one_before(
    proxy: Proxy, tmp_path: Path, port: int, guest: Guest
) -> None:
    routes = (route(guest.endpoint, port),)
    proxy.apply(routes)
    for connection in wire.connected(tmp_path / "traffic", 5):
        wire.send(connection, wire.Request("take"))
        reply, descriptors = wire.receive_reply(connection)
        assert {number for number, _ in reply.ports} == {port}
        for each in descriptors:
            os.close(each)
    assert proxy.routes() == routes
    with dial(port), guest.accept():
        pass
    proxy.apply([])
    assert proxy.routes() == ()


def test_a_proxy_that_died_is_started_again(
    proxy: Proxy, tmp_path: Path, port: int, guest: Guest
) -> None:
    routes = (route(guest.endpoint, port),)
    proxy.apply(routes)
    os.kill(process_of(tmp_path / "traffic"), signal.SIGKILL)
    until(lambda: proxy.routes() is None)
    proxy.apply(routes)
    assert proxy.routes() == routes
    with dial(port), guest.accept():
        pass


def test_a_proxy_that_hangs_is_replaced(
    proxy: Proxy, tmp_path: Path, port: int, guest: Guest, monkeypatch: pytest.MonkeyPatch
) -> None:
    routes = (route(guest.endpoint, port),)
    proxy.apply(routes)
    number = process_of(tmp_path / "traffic")
    os.kill(number, signal.SIGSTOP)
    monkeypatch.setattr(proxies, "_ANSWER_SECONDS", 1.0)
    assert proxy.routes() is None
    proxy.apply(routes)
    assert process_of(tmp_path / "traffic") != number
    assert proxy.routes() == routes


def test_two_that_apply_at_once_make_one_proxy(
    proxy: Proxy, tmp_path: Path, port: int, guest: Guest
) -> None:
    routes = (route(guest.endpoint, port),)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: proxy.apply(routes), range(4)))
    assert process_of(tmp_path / "traffic")
    assert proxy.routes() == routes


def test_without_routes_the_process_ends_when_its_last_connection_does(
    proxy: Proxy, tmp_path: Path, port: int, guest: Guest
) -> None:
    proxy.apply([])
    assert proxy.routes() == ()
    proxy.apply([route(guest.endpoint, port)])
    number = process_of(tmp_path / "traffic")
    with dial(port) as client, guest.accept() as server:
        proxy.apply([])
        assert proxy.routes() == ()
        with pytest.raises(ConnectionRefusedError):
            dial(port)
        client.sendall(b"x")
        assert server.recv(1) == b"x"
    until(lambda: not Path(f"/proc/{number}").exists())
    assert proxy.routes() == ()


def test_nothing_is_left_when_it_is_removed(tmp_path: Path, port: int, guest: Guest) -> None:
    proxy = Proxy(tmp_path / "traffic", default_python())
    proxy.remove()  # where nothing is
    proxy.apply([route(guest.endpoint, port)])
    number = process_of(tmp_path / "traffic")
    with dial(port) as client, guest.accept():
        proxy.remove()
        with pytest.raises(ConnectionResetError):
            client.recv(1)
    assert proxy.routes() is None
    until(lambda: not Path(f"/proc/{number}").exists())
    assert [path.name for path in (tmp_path / "traffic").iterdir()] == ["apply.lock"]


def test_no_descriptor_is_left_of_a_connection(
    proxy: Proxy, tmp_path: Path, port: int, guest: Guest
) -> None:
    proxy.apply([route(guest.endpoint, port)])
    descriptors = Path(f"/proc/{process_of(tmp_path / 'traffic')}/fd")
    before = len(list(descriptors.iterdir()))
    for _ in range(50):
        with dial(port) as client, guest.accept():
            client.sendall(b"x")
    until(lambda: len(list(descriptors.iterdir())) <= before)


def test_only_its_user_can_tell_it_what_to_do(
    proxy: Proxy, tmp_path: Path, port: int, guest: Guest
) -> None:
    proxy.apply([route(guest.endpoint, port)])
    (name,) = (tmp_path / "traffic").glob("*.socket")
    assert name.stat().st_mode & 0o777 == 0o600
    assert name.parent.stat().st_mode & 0o777 == 0o700


def test_names_of_processes_that_are_gone_are_removed(proxy: Proxy, tmp_path: Path) -> None:
    proxy.apply([])
    stale = tmp_path / "traffic" / "1.socket"
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as gone:
        gone.bind(str(stale))
    assert proxy.routes() == ()
    assert not stale.exists()


def test_a_directory_with_a_long_name(tmp_path: Path, port: int, guest: Guest) -> None:
    """The address of a socket has 108 bytes at most."""
    proxy = Proxy(tmp_path / ("long" * 40), default_python())
    proxy.apply([route(guest.endpoint, port)])
    assert proxy.routes() is not None
    proxy.remove()


def test_a_taken_port_is_told_with_who_has_it(proxy: Proxy, guest: Guest, other: Guest) -> None:
    taken = route(guest.endpoint, other.endpoint.port)
    for act in (proxy.check, proxy.apply):
        with pytest.raises(UserError) as caught:
            act([taken])
        assert f"port {taken.port}/tcp of this host is in use by `" in caught.value.what
        assert f"(process {os.getpid()})" in caught.value.what


def test_a_port_that_is_taken_does_not_keep_others_from_theirs(
    proxy: Proxy, port: int, guest: Guest, other: Guest
) -> None:
    taken, free = route(guest.endpoint, other.endpoint.port), route(guest.endpoint, port)
    with pytest.raises(UserError, match="in use"):
        proxy.apply([taken, free])
    assert proxy.routes() == (free,)
    other.listener.close()
    proxy.apply([taken, free])
    assert proxy.routes() == tuple(sorted((taken, free)))


def test_a_port_that_a_program_has_by_ipv6_only_is_taken_too(proxy: Proxy, guest: Guest) -> None:
    with socket.socket(socket.AF_INET6) as server:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        server.bind(("::1", 0))
        server.listen()
        with pytest.raises(UserError, match="in use"):
            proxy.check([route(guest.endpoint, server.getsockname()[1])])


def test_a_port_for_root_is_told(guest: Guest) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can become a user without rights, and root again")
    os.seteuid(65534)
    try:
        with pytest.raises(UserError) as caught:
            Proxy(Path("/nowhere"), ()).check([route(guest.endpoint, 81)])
    finally:
        os.seteuid(0)
    assert caught.value.what == "port 81/tcp of this host may only be opened by root"
    assert "8081" in caught.value.do


def test_udp_and_what_is_led_twice_are_refused(proxy: Proxy, port: int, guest: Guest) -> None:
    for act in (proxy.check, proxy.apply):
        with pytest.raises(UserError, match=f"{port}/udp of this host cannot be led"):
            act([Route(Protocol.UDP, port, "dns.production.g1", guest.endpoint)])
        with pytest.raises(UserError, match=r"leads to `a\.production\.g1` already"):
            act(
                [
                    route(guest.endpoint, port, "a.production.g1"),
                    route(guest.endpoint, port, "b.production.g1"),
                ]
            )
    assert proxy.routes() is None
    many = [route(guest.endpoint, number) for number in range(20000, 20121)]
    with pytest.raises(UserError, match="121 ports of this host cannot be led"):
        proxy.check(many)


@pytest.mark.parametrize("damage", [b"", b"{", b"[[[[", b"\xff\0", b'[{"port":1}]'])
def test_a_damaged_file_is_written_again(
    proxy: Proxy, tmp_path: Path, port: int, guest: Guest, damage: bytes
) -> None:
    (tmp_path / "traffic").mkdir()
    (tmp_path / "traffic" / FILE).write_bytes(damage)
    assert proxy.routes() is None
    proxy.apply([route(guest.endpoint, port)])
    assert proxy.routes() == (route(guest.endpoint, port),)


def test_no_more_than_so_many_connections_are_carried_at_once(port: int, guest: Guest) -> None:
    loop = Loop()
    carrier = Carrier(loop, most=2)
    carrier.lead([route(guest.endpoint, port)])
    thread = threading.Thread(target=loop.run)
    thread.start()
    try:
        clients = [dial(port) for _ in range(3)]
        served = [guest.accept() for _ in range(2)]
        guest.listener.settimeout(0.3)
        with pytest.raises(TimeoutError):
            guest.accept()
        for each in (clients[0], served[0]):
            each.close()
        guest.listener.settimeout(20)
        served.append(guest.accept())
        for each in (*clients, *served):
            each.close()
        until(lambda: carrier.count([guest.endpoint]) == 0)
    finally:
        loop.later(0, lambda: setattr(loop, "ended", True))
        with dial(port):
            thread.join(10)
        carrier.retire()
