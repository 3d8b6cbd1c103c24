"""The network of the guests on a host: a bridge of their own, behind the host's address.

The host's own interface stays as it is, so that no step can cut off the connection that we use.
One unit makes the bridge, whatever configures the host's other interfaces, now and at every
start.
"""

from __future__ import annotations

from ipaddress import IPv4Network

from fata.host.facts import Network
from fata.host.kind import HEAD, Kind
from functoria.error import UserError

CANDIDATES = tuple(IPv4Network(f"10.{number}.0.0/24") for number in range(77, 100))


def subnet(network: Network, kind: Kind, wanted: IPv4Network | None) -> IPv4Network:
    """`subnet(network, kind, wanted)` is the network that the guests are, or shall be, on.

    It is the one wanted; else the one that the bridge has; else the first that is free. Raises
    `UserError` where the host has a route into it already.
    """
    own = tuple(address.network for address in network.addresses.get(kind.bridge, ()))
    if wanted is None:
        if own:
            return own[0]
        free = (net for net in CANDIDATES if not any(map(net.overlaps, network.routes)))
        found = next(free, None)
        if found is None:
            raise UserError(
                "the host has routes into every network that fata would give to guests",
                "--subnet",
                "choose one that is free: `--subnet 172.28.0.0/24`",
            )
        return found
    taken = [net for net in network.routes if net not in own and net.overlaps(wanted)]
    if taken:
        raise UserError(
            f"the host has a route to {taken[0]}, which overlaps {wanted}",
            "--subnet",
            "choose a network that is used nowhere else",
        )
    return wanted


def unit(kind: Kind, net: IPv4Network) -> str:
    """`unit(kind, net)` is the systemd unit that makes the bridge.

    It never takes the bridge away: guests may be joined to it. It loads its rules anew whenever
    the host's own firewall is, which begins by removing all rules.
    """
    bridge = kind.bridge
    return f"""\
{HEAD}[Unit]
Description=Bridge {bridge}, the network of guests
After=network-pre.target nftables.service
Before=network.target xendomains.service
PartOf=nftables.service
ReloadPropagatedFrom=nftables.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=-/usr/bin/env ip link add name {bridge} type bridge
ExecStart=/usr/bin/env ip address replace {net[1]}/{net.prefixlen} dev {bridge}
ExecStart=/usr/bin/env ip link set {bridge} up
ExecStart=/usr/sbin/nft -f {kind.rules_file}
ExecReload=/usr/sbin/nft -f {kind.rules_file}

[Install]
WantedBy=multi-user.target
"""


def rules(kind: Kind, net: IPv4Network) -> str:
    """`rules(kind, net)` is for nft(8): guests reach out; in comes what belongs to that.

    What was led to a guest on purpose, by another table, comes in as well. Guests do not reach the
    loopback of the host, though its kernel may be told to pass packets on from there.
    """
    table = f"table ip fata_{kind.bridge}"
    return f"""\
{HEAD}{table}
delete {table}
{table} {{
    chain guard {{
        type filter hook prerouting priority raw; policy accept;
        iifname "{kind.bridge}" ip daddr 127.0.0.0/8 drop
    }}
    chain postrouting {{
        type nat hook postrouting priority srcnat; policy accept;
        ip saddr {net} ip daddr != {net} masquerade
    }}
    chain forward {{
        type filter hook forward priority filter; policy accept;
        oifname "{kind.bridge}" iifname != "{kind.bridge}" ct status dnat accept
        oifname "{kind.bridge}" iifname != "{kind.bridge}" ct state new,invalid drop
    }}
}}
"""


def forwarding() -> str:
    """`forwarding()` is for sysctl.d(5): the host passes packets on."""
    return f"{HEAD}net.ipv4.ip_forward = 1\n"
