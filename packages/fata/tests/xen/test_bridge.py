"""The bridge of this machine that a guest is put on."""

from __future__ import annotations

from pathlib import Path

import pytest

from fata.xen.bridge import bridge


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        ((), "xenbr0"),
        (("virbr0",), "virbr0"),
        (("virbr0", "br10", "br2"), "br2"),
        (("br0", "virbr0", "xenbr1", "xenbr0"), "xenbr0"),
        (("zoo", "docker0"), "docker0"),
        (("docker0", "virbr1"), "virbr1"),
    ],
)
def test_xens_own_before_the_machines_before_libvirts(
    tmp_path: Path, names: tuple[str, ...], chosen: str
) -> None:
    (tmp_path / "eth0").mkdir()
    for name in names:
        (tmp_path / name / "bridge").mkdir(parents=True)
    assert bridge(tmp_path) == chosen
