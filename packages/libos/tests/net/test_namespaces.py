"""The stack on a real kernel, beside a real DHCP server, in network namespaces."""

from __future__ import annotations

from typing import Any, TypeAlias

import pytest

Laboratory: TypeAlias = Any  # the class in conftest.py, which tests cannot import

pytestmark = pytest.mark.e2e

QUICK = ("--dhcp-option=option:T1,2", "--dhcp-option=option:T2,8")

GREETED = """
import socket, sys
with socket.create_connection((sys.argv[1], 7), 5) as connection:
    print(connection.makefile().readline().strip())
"""

PING = """
import socket, struct, sys
with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as icmp:
    icmp.settimeout(5)
    echo = struct.pack("!BBHHH", 8, 0, 0xFFFF - 0x0800, 0, 0)
    icmp.sendto(echo, (sys.argv[1], 0))
    while icmp.recv(100)[20] != 0:
        pass
    print("alive")
"""

ELSEWHERE = """
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
with socket.create_server((sys.argv[1], 7), family=family) as server:
    print("listening", file=sys.stderr, flush=True)
    connection, peer = server.accept()
    connection.sendall(peer[0].encode() + b"\\n")
"""

ARP = """
import socket, struct, sys
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806)) as raw:
    raw.bind(("br0", 0x0806))
    raw.settimeout(1)
    ours, wanted = socket.inet_aton("10.99.0.1"), socket.inet_aton(sys.argv[1])
    mac = raw.getsockname()[4]
    head = struct.pack("!6s6sHHHBBH", b"\\xff" * 6, mac, 0x0806, 1, 0x0800, 6, 4, 1)
    raw.send(head + mac + ours + bytes(6) + wanted)
    try:
        while True:
            frame = raw.recv(100)
            if frame[20:22] == b"\\0\\2" and frame[28:32] == wanted:
                print(frame[22:28].hex(":"))
                break
    except TimeoutError:
        print("nobody")
"""

ANNOUNCED = """
import socket, sys
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x0806)) as raw:
    raw.bind(("br0", 0x0806))
    raw.settimeout(20)
    print("listening", file=sys.stderr, flush=True)
    frame = bytes(60)
    while not any(frame[28:32]) or frame[28:32] != frame[38:42]:
        frame = raw.recv(100)
    assert frame[:6] == b"\\xff" * 6
    print(frame[22:28].hex(":"), "has", socket.inet_ntoa(frame[28:32]))
"""


def test_a_lease_is_obtained_and_given_back(laboratory: Laboratory) -> None:
    server = laboratory.dnsmasq(
        "--domain=example.org",
        "--dhcp-option=option:dns-server,10.99.0.1,9.9.9.9",
        "--dhcp-option=option:mtu,1400",
        "--dhcp-option=option:classless-static-route,"
        "0.0.0.0/0,10.99.0.1,198.51.100.0/24,10.99.0.9,192.0.2.0/25,0.0.0.0",
    )
    guest = laboratory.started(hostname="web")
    state = guest.state()
    address = state["address"]
    assert address.startswith("10.99.0.")
    assert state["lease"]["server"] == "10.99.0.1"
    assert state["lease"]["seconds"] == 120
    assert state["hostname"] == "web"
    assert laboratory.resolv_conf.read_text() == (
        "search example.org\nnameserver 10.99.0.1\nnameserver 9.9.9.9\n"
    )
    link = laboratory.in_guest("-4", "address", "show", "dev", "eth0")
    assert f"inet {address}/24 brd 10.99.0.255 scope global" in link
    assert "mtu 1400" in link
    routes = {line.strip() for line in laboratory.in_guest("route").splitlines()}
    assert routes == {
        "default via 10.99.0.1 dev eth0 proto static onlink",
        f"10.99.0.0/24 dev eth0 proto kernel scope link src {address}",
        "192.0.2.0/25 dev eth0 proto static scope link",
        "198.51.100.0/24 via 10.99.0.9 dev eth0 proto static onlink",
    }
    assert laboratory.on_host(GREETED, address) == "10.99.0.1"

    guest.stop()
    server.wait_for_log("DHCPRELEASE(br0)")
    assert laboratory.in_guest("-4", "address", "show", "dev", "eth0") == ""


def test_a_host_name_that_the_server_gives_is_taken(laboratory: Laboratory) -> None:
    laboratory.dnsmasq(f"--dhcp-host={laboratory.mac},given")
    assert laboratory.started().state()["hostname"] == "given"


def test_a_guest_that_has_a_name_keeps_it_and_tells_the_server(laboratory: Laboratory) -> None:
    server = laboratory.dnsmasq(f"--dhcp-host={laboratory.mac},given", "--log-dhcp")
    assert laboratory.started(named="mine").state()["hostname"] == "mine"
    assert "client provides name: mine" in server.logged()


def test_a_lease_is_renewed_without_touching_the_address(laboratory: Laboratory) -> None:
    server = laboratory.dnsmasq(*QUICK)
    guest = laboratory.started()
    before = guest.state()
    server.log.write_text("")
    guest.wait_for_log("renewing the lease\n")
    server.wait_for_log("DHCPACK(br0)")
    assert guest.state() == before
    assert "DHCPDISCOVER" not in server.logged()
    assert laboratory.on_host(GREETED, before["address"]) == "10.99.0.1"


def test_a_server_that_lost_its_memory_extends_the_lease_of_the_one_that_died(
    laboratory: Laboratory,
) -> None:
    first = laboratory.dnsmasq("--dhcp-option=option:T1,2", "--dhcp-option=option:T2,5")
    guest = laboratory.started()
    address = guest.state()["address"]
    first.end()
    guest.wait_for_log("renewing the lease")
    second = laboratory.dnsmasq(*QUICK, "--dhcp-authoritative")
    guest.wait_for_log("asking any server to extend the lease")
    second.wait_for_log(f"DHCPACK(br0) {address}")
    assert guest.state()["address"] == address


def test_a_refused_renewal_leads_to_another_address(laboratory: Laboratory) -> None:
    first = laboratory.dnsmasq(*QUICK)
    guest = laboratory.started()
    old = guest.state()["address"]
    first.end()
    laboratory.dnsmasq(*QUICK, f"--dhcp-host={laboratory.mac},10.99.0.200", "--dhcp-authoritative")
    guest.wait_for_log("refuses the request")
    guest.wait_for_log("lease of 10.99.0.200/24")
    assert f"the lease of {old} was withdrawn" in guest.logged()
    assert guest.state()["address"] == "10.99.0.200"
    assert old not in laboratory.in_guest("address")
    assert laboratory.on_host(GREETED, "10.99.0.200") == "10.99.0.1"


def test_of_two_servers_one_grants_and_the_other_is_told(laboratory: Laboratory) -> None:
    other = laboratory.namespace("other")
    laboratory.plug(other, "52:54:00:99:00:02")
    laboratory.ip(other, "link", "set", "eth0", "up")
    laboratory.ip(other, "address", "add", "10.99.0.2/24", "dev", "eth0")
    servers = [laboratory.dnsmasq(), laboratory.dnsmasq(namespace=other, first=150)]
    address = laboratory.started().state()["address"]
    for server in servers:
        server.wait_for_log("DHCPOFFER(")
    granted = [f") {address}" in server.logged().partition("DHCPACK(")[2] for server in servers]
    assert sorted(granted) == [False, True]


def test_without_a_server_the_failure_says_what_to_do(laboratory: Laboratory) -> None:
    guest = laboratory.guest(dhcp_limit=1.5)
    assert guest.failure() == (
        "NoLeaseError: no DHCP server granted `eth0` an address within 1.5 s (at --ipv4=dhcp); "
        "check that a DHCP server serves the bridge this VM is on and has addresses left, "
        "or give a static one, such as `--ipv4=10.0.0.2/24 --ipv4-gateway=10.0.0.1`"
    )
    assert "eth0: waiting for an address by DHCP, 1.5 s at most" in guest.logged()
    assert "looking for a DHCP server, attempt 2" in guest.logged()


def test_a_server_that_comes_late_is_found(laboratory: Laboratory) -> None:
    guest = laboratory.guest()
    guest.wait_for_log("attempt 2")
    laboratory.dnsmasq()
    assert guest.answer()["address"].startswith("10.99.0.")


def test_static_addresses_are_usable_at_once(laboratory: Laboratory) -> None:
    guest = laboratory.started(
        ipv4="10.99.0.7/24",
        ipv4_gateway="10.99.0.1",
        ipv6="fd99::7/64",
        ipv6_gateway="fd99::1",
        dns=["9.9.9.9"],
        mtu=1450,
    )
    assert guest.state()["address"] == "10.99.0.7"
    assert laboratory.resolv_conf.read_text() == "nameserver 9.9.9.9\n"
    assert laboratory.on_host(PING, "10.99.0.7") == "alive"
    assert laboratory.on_host(GREETED, "10.99.0.7") == "10.99.0.1"
    assert laboratory.on_host(GREETED, "fd99::7") == "fd99::1"
    assert "mtu 1450" in laboratory.in_guest("link", "show", "eth0")
    assert "127.0.0.1" in laboratory.in_guest("address", "show", "lo")


@pytest.mark.parametrize(
    ("far", "ours"), [("198.51.100.1", "10.99.0.7"), ("2001:db8::1", "fd99::7")]
)
def test_the_gateway_leads_to_other_networks(laboratory: Laboratory, far: str, ours: str) -> None:
    laboratory.ip(laboratory.host, "address", "add", far, "dev", "lo")
    guest = laboratory.started(
        ipv4="10.99.0.7/24", ipv4_gateway="10.99.0.1", ipv6="fd99::7/64", ipv6_gateway="fd99::1"
    )
    listener = laboratory.run_on_host(ELSEWHERE, far)
    listener.wait_for_log("listening")
    assert guest.connect(far, 7) == ours


def test_a_single_address_reaches_its_gateway_on_the_link(laboratory: Laboratory) -> None:
    laboratory.ip(laboratory.host, "route", "add", "203.0.113.5/32", "dev", "br0")
    laboratory.started(ipv4="203.0.113.5/32", ipv4_gateway="10.99.0.1")
    assert laboratory.on_host(GREETED, "203.0.113.5") == "10.99.0.1"


def test_an_interface_that_comes_late_is_waited_for(laboratory: Laboratory) -> None:
    guest = laboratory.guest(plugged=False, ipv4="10.99.0.7/24")
    guest.wait_for_log("waiting for the interface `eth0`")
    laboratory.plug(laboratory.guest_namespace)
    assert guest.answer()["address"] == "10.99.0.7"


def test_an_interface_that_never_comes_is_named(laboratory: Laboratory) -> None:
    guest = laboratory.guest(interface="eth1", ipv4="10.99.0.7/24", interface_limit=0.2)
    assert guest.failure() == (
        "InterfaceMissingError: network interface `eth1` did not appear within 0.2 s; the kernel "
        "has `eth0` (at --interface=eth1); name one of these or give the VM a further network "
        "device for `eth1`"
    )


def test_an_mtu_that_the_device_cannot_do_is_refused(laboratory: Laboratory) -> None:
    guest = laboratory.guest(ipv4="10.99.0.7/24", mtu=20)
    assert guest.failure().startswith(
        "ConfigurationError: the kernel refused to bring up `eth0` with an MTU of 20: "
    )


@pytest.mark.parametrize(("ipv6", "expected"), [("auto", True), ("none", False)])
def test_ipv6_configures_itself_unless_forbidden(
    laboratory: Laboratory, ipv6: str, expected: bool
) -> None:
    laboratory.started(ipv4="10.99.0.7/24", ipv6=ipv6)
    addresses = laboratory.in_guest("-6", "address", "show", "dev", "eth0")
    assert ("fe80::" in addresses) is expected


@pytest.mark.parametrize("by_dhcp", [False, True])
def test_an_address_is_announced_to_those_who_knew_another_guest_by_it(
    laboratory: Laboratory, by_dhcp: bool
) -> None:
    if by_dhcp:
        laboratory.dnsmasq(f"--dhcp-host={laboratory.mac},10.99.0.60")
    neighbour = laboratory.run_on_host(ANNOUNCED)
    neighbour.wait_for_log("listening")
    laboratory.started(ipv4="dhcp" if by_dhcp else "10.99.0.60/24")
    assert neighbour.child.stdout.readline() == f"{laboratory.mac} has 10.99.0.60\n"


def test_two_interfaces_on_one_network_speak_for_themselves(laboratory: Laboratory) -> None:
    """Asked for the other's address, an interface is silent: neighbours learn the right one."""
    laboratory.started(ipv4="10.99.0.60/24")
    laboratory.in_guest("address", "add", "10.99.0.61/32", "dev", "lo")
    assert laboratory.on_host(ARP, "10.99.0.60") == laboratory.mac
    assert laboratory.on_host(ARP, "10.99.0.61") == "nobody"
