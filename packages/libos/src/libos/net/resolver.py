"""The resolver's configuration: which name servers programs in the guest ask."""

from __future__ import annotations

import os

RESOLV_CONF = "/run/resolv.conf"


def render_resolv_conf(dns: tuple[str, ...], domain: str | None) -> str:
    """`render_resolv_conf(dns, domain)` is the text of a resolv.conf(5) file.

    Only the first three name servers are written: the C library reads no more.
    """
    lines = [f"search {domain}"] if domain else []
    lines += [f"nameserver {address}" for address in dns[:3]]
    return "".join(f"{line}\n" for line in lines)


def write_resolv_conf(path: str, dns: tuple[str, ...], domain: str | None) -> None:
    """`write_resolv_conf(path, dns, domain)` is done when the file holds exactly these.

    The file lives in memory (a tmpfs) and is replaced by renaming, so a reader never sees half.
    """
    temporary = f"{path}.new"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        os.write(descriptor, render_resolv_conf(dns, domain).encode("ascii"))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(temporary, path)
