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


def write_part(path: str, number: int, dns: tuple[str, ...], domain: str | None) -> None:
    """`write_part(path, number, dns, domain)` is done when interface `number` has its say there.

    Each interface has a file of its own, `PATH.NUMBER`, and what is at `path` is all of them in
    the order of their numbers: the first interface's name servers are asked first.
    """
    _replace(f"{path}.{number}", render_resolv_conf(dns, domain))
    directory, base = os.path.split(path)
    numbers = [name.removeprefix(f"{base}.") for name in os.listdir(directory or ".")]
    parts = sorted(int(text) for text in numbers if text.isdecimal())
    lines: list[str] = []
    for part in parts:
        with open(f"{path}.{part}", encoding="ascii") as file:
            lines += file.read().splitlines()
    search = [line for line in lines if line.startswith("search ")][:1]
    servers = [line for line in lines if line.startswith("nameserver ")]
    servers = list(dict.fromkeys(servers))[:3]
    _replace(path, "".join(f"{line}\n" for line in (*search, *servers)))


def write_resolv_conf(path: str, dns: tuple[str, ...], domain: str | None) -> None:
    """`write_resolv_conf(path, dns, domain)` is done when the file holds exactly these.

    The file lives in memory (a tmpfs) and is replaced by renaming, so a reader never sees half.
    """
    _replace(path, render_resolv_conf(dns, domain))


def _replace(path: str, text: str) -> None:
    temporary = f"{path}.new"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        os.write(descriptor, text.encode("ascii"))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    os.replace(temporary, path)
