"""The key `--target`: where the program is to run."""

from __future__ import annotations

from functoria import Impl, Key, choice, match_impl

UNIX = "unix"
VIRTIO = "virtio"
XEN = "xen"

GUESTS = (VIRTIO, XEN)
"""The targets that are VMs."""

TARGET = Key(
    name="target",
    short="t",
    converter=choice(UNIX, *GUESTS),
    default=UNIX,
    doc="where the program runs: a process on this machine, or a VM",
)


def by_target(*, unix: Impl, guest: Impl) -> Impl:
    """`by_target(unix=a, guest=b)` is `a` for an ordinary process and `b` for any VM."""
    return match_impl(TARGET, {UNIX: unix}, default=guest)
