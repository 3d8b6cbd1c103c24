"""libvirt on a host in a room: the real daemon, whose state is the room's own."""

from __future__ import annotations

from .room import Room, until

# The daemon wants its user, and keeps its state in fixed places.
_START = """\
set -eu
for place in /var/lib/libvirt /var/log/libvirt /var/cache/libvirt; do
    mkdir -p $place
    mount -t tmpfs none $place
done
mkdir -p /run/libvirt /etc/libvirt/qemu
echo 'libvirt-qemu:x:64055:64055::/:/bin/false' >>/etc/passwd
printf 'libvirt-qemu:x:64055:\\nkvm:x:64056:\\n' >>/etc/group
cat >/etc/libvirt/qemu.conf <<'END'
user = "root"
group = "root"
security_driver = "none"
cgroup_controllers = []
namespaces = []
remember_owner = 0
END
virtlogd -d
libvirtd -d
"""


def use_libvirt(room: Room) -> None:
    """Start the daemon, and say in `host.toml` that it runs the guests."""
    room.inside("sh", "-c", _START)
    until(lambda: "Id" in room.inside("virsh", "-c", "qemu:///system", "list", check=False))
    (room.state / "host.toml").write_text('driver = "libvirt"\n')


def domains(room: Room) -> list[str]:
    """The names of those that run."""
    return room.inside("virsh", "-q", "-c", "qemu:///system", "list", "--name").split()
