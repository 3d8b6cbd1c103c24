"""The driver `xl` keeps the protocol, on a real Xen: that of the lab."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import xlcfg
from fata.deploy.drivers.processes import XL_KEEPER
from fata.deploy.drivers.spec import Disk, GuestSpec, Limits, Nic, OnCrash, XenType
from fata.deploy.drivers.xen_domain import domain, identity
from fata.deploy.drivers.xen_site import InLab
from fata.deploy.drivers.xl import Xl
from fata.lab import Lab
from functoria.error import UserError

from .conformance_xen import OnXen, XenBench
from .conftest import Built


@pytest.mark.xdist_group("xl")
@pytest.mark.timeout(900)
class TestXl(OnXen):
    """On the lab's bridge."""

    label = XL_KEEPER

    @pytest.fixture
    def bench(self, tmp_path: Path, build: Callable[..., Built], host: Lab) -> Iterator[XenBench]:
        site = InLab(host.place.name)
        guests, built = tmp_path / "guests", build("-t", "xen")
        made = XenBench(guests, built, host, XL_KEEPER, lambda guests: Xl(guests, site))
        yield made
        made.close()


SPEC = GuestSpec(
    "website.production.g7",
    Path("/guests/website.production.g7"),
    Path("/blobs/kernel"),
    Path("/blobs/initramfs"),
    "console=hvc0 fata.arg=--port=80",
    64,
    nics=(Nic("net", "00:16:3e:00:00:01", "br0"),),
    disks=(Disk("data", Path("/volumes/data.img"), vdev="xvda"),),
    limits=Limits(cpu=0.5),
    on_crash=OnCrash.PRESERVE,
)


def test_a_specification_is_a_configuration_of_xl() -> None:
    text = domain(SPEC).render()
    assert xlcfg.check_text(text) == []
    values = xlcfg.values(xlcfg.parse(text))
    assert values["name"] == SPEC.name
    assert values["uuid"] == identity(SPEC.directory)
    assert values["cmdline"] == SPEC.command_line
    assert (values["cap"], values["on_crash"], values["on_reboot"]) == ("50", "preserve", "destroy")
    assert values["vif"] == ["mac=00:16:3e:00:00:01,bridge=br0"]
    assert values["disk"] == ["format=raw, vdev=xvda, access=rw, target=/volumes/data.img"]


def test_the_identity_of_a_guest_is_that_of_its_directory() -> None:
    assert identity(SPEC.directory) == identity(Path("/guests/website.production.g7"))
    assert identity(SPEC.directory) != identity(Path("/others/website.production.g7"))


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"limits": Limits(io=1 << 20)}, "Xen cannot limit what a guest reads from disks"),
        ({"limits": Limits(memory=32)}, "cannot be kept within 32 MiB"),
        ({"nics": (Nic("net", "00:16:3e:00:00:01"),)}, "`net` is on no bridge"),
    ],
)
def test_what_xen_does_not_have_is_refused(
    tmp_path: Path, change: dict[str, object], what: str
) -> None:
    (tmp_path / "kernel").write_bytes(b"\x7fELF".ljust(64, b"\0"))
    spec = replace(
        SPEC,
        directory=tmp_path / SPEC.name,
        kernel=tmp_path / "kernel",
        initramfs=None,
        disks=(),
        **change,  # type: ignore[arg-type]
    )
    with pytest.raises(UserError, match=what):
        Xl(tmp_path).check(spec)


def test_a_command_line_that_xen_would_cut_is_refused() -> None:
    with pytest.raises(UserError, match="a guest of the type pv reads 1023"):
        domain(replace(SPEC, command_line="x" * 1024, xen=XenType.PV))
