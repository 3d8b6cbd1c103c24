"""The resolver's configuration file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from libos.net.resolver import render_resolv_conf, write_resolv_conf

if TYPE_CHECKING:
    from pathlib import Path


def test_the_file_names_the_domain_and_at_most_three_servers() -> None:
    servers = ("10.0.0.1", "10.0.0.2", "fd00::1", "10.0.0.4")
    assert render_resolv_conf(servers, "example.org") == (
        "search example.org\nnameserver 10.0.0.1\nnameserver 10.0.0.2\nnameserver fd00::1\n"
    )


def test_without_servers_the_file_is_empty() -> None:
    assert render_resolv_conf((), None) == ""


def test_writing_replaces_the_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    write_resolv_conf(str(path), ("10.0.0.1",), None)
    reader = path.open()
    write_resolv_conf(str(path), ("10.0.0.2",), None)
    with reader:
        assert reader.read() == "nameserver 10.0.0.1\n"
    assert path.read_text() == "nameserver 10.0.0.2\n"
    assert [entry.name for entry in tmp_path.iterdir()] == ["resolv.conf"]
