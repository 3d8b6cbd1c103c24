"""Which driver runs the guests of a host, by what the host is and what `host.toml` says."""

from __future__ import annotations

from pathlib import Path

import pytest

from fata.deploy import opening
from fata.deploy.drivers.libvirt import Libvirt
from fata.deploy.drivers.libvirt_xen import LibvirtXen
from fata.deploy.drivers.qemu import Qemu
from fata.deploy.drivers.xl import Xl
from fata.deploy.opening import open_host
from functoria.error import UserError


@pytest.fixture(autouse=True)
def _no_bridge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "_bridge", lambda _xen: None)


@pytest.mark.parametrize(
    ("is_xen", "said", "driver", "xen"),
    [
        (False, None, Qemu, False),
        (True, None, Xl, True),
        (False, "libvirt", Libvirt, False),
        (True, "libvirt", LibvirtXen, True),
        (True, "xl", Xl, True),
    ],
)
def test_the_driver_of_a_host(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    is_xen: bool,
    said: str | None,
    driver: type,
    xen: bool,
) -> None:
    monkeypatch.setattr(opening, "is_xen_host", lambda: is_xen)
    if said is not None:
        (tmp_path / "host.toml").write_text(f'driver = "{said}"\n')
    host = open_host(tmp_path)
    assert type(host.driver) is driver
    assert host.xen == xen


def test_a_driver_that_is_not_known(tmp_path: Path) -> None:
    (tmp_path / "host.toml").write_text('driver = "vm"\n')
    with pytest.raises(UserError, match="says the driver `vm`, which is not known"):
        open_host(tmp_path)
