"""What `fata run` refuses for a build for Xen, before anything is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from fata.disks import Plan, parse_disks, plan_disks
from fata.nics import parse_attachments, parse_publications
from fata.run import Options
from fata.xen import on_lab
from fata.xen.run import check_options
from functoria import UsageError, UserError

from .test_guest import MADE

NOWHERE = Path("/nonexistent")


def refused(options: Options, capabilities: Path = NOWHERE) -> UserError:
    with pytest.raises(UserError) as caught:
        check_options(options, (), capabilities)
    return caught.value


def test_what_only_qemu_has() -> None:
    nics = parse_attachments(["public=tap:tap0"])
    assert refused(Options(nics=nics)).where == "--nic"
    assert refused(Options(machine="q35")).where == "--machine"


def test_the_lab_is_on_the_loopback_address_only() -> None:
    check_options(Options(publish=parse_publications(["0:80"])), (), NOWHERE)
    error = refused(Options(publish=parse_publications(["0.0.0.0:8080:80"])))
    assert error.what == "a port of the lab cannot be published on 0.0.0.0"


@pytest.fixture
def large(tmp_path: Path) -> tuple[Plan, ...]:
    """A disk that the lab has no room for."""
    file = tmp_path / "large.img"
    with file.open("wb") as opened:
        opened.truncate(on_lab.DISKS_BYTES + 1)
    return plan_disks(MADE, parse_disks([f"log={file}"]), tmp_path)


def test_disks_that_the_lab_has_no_room_for(tmp_path: Path, large: tuple[Plan, ...]) -> None:
    with pytest.raises(UserError, match="the lab has room for 128MiB") as raised:
        check_options(Options(), large, NOWHERE)
    assert raised.value.where == str(tmp_path)


def test_on_a_xen_host_disks_have_any_size_and_no_port_is_published(
    tmp_path: Path, large: tuple[Plan, ...]
) -> None:
    capabilities = tmp_path / "capabilities"
    capabilities.write_text("control_d\n")
    check_options(Options(), large, capabilities)
    error = refused(Options(publish=parse_publications(["8080:80"])), capabilities)
    assert isinstance(error, UsageError)
    assert error.what == (
        "a guest on a Xen host is on its bridge, and no port of this machine leads to it"
    )
