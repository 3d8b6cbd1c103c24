"""What `fata run` refuses for a build for Xen, before the lab is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from fata.disks import parse_disks, plan_disks
from fata.nics import parse_attachments, parse_publications
from fata.run import Options
from fata.xen import run
from fata.xen.run import check_options
from functoria import UsageError, UserError

from .test_guest import MADE


def refused(options: Options) -> UsageError:
    with pytest.raises(UsageError) as caught:
        check_options(MADE, Path("/out"), options, ())
    return caught.value


def test_what_only_qemu_has() -> None:
    nics = parse_attachments(["public=tap:tap0"])
    assert refused(Options(nics=nics)).where == "--nic"
    assert refused(Options(machine="q35")).where == "--machine"


def test_the_lab_is_on_the_loopback_address_only() -> None:
    check_options(MADE, Path("/out"), Options(publish=parse_publications(["0:80"])), ())
    error = refused(Options(publish=parse_publications(["0.0.0.0:8080:80"])))
    assert error.what == "a port of the lab cannot be published on 0.0.0.0"


def test_disks_that_the_lab_has_no_room_for(tmp_path: Path) -> None:
    large = tmp_path / "large.img"
    with large.open("wb") as file:
        file.truncate(run.DISKS_BYTES + 1)
    disks = plan_disks(MADE, parse_disks([f"log={large}"]), tmp_path)
    with pytest.raises(UserError, match="the lab has room for 128MiB") as raised:
        check_options(MADE, Path("/out"), Options(), disks)
    assert raised.value.where == str(tmp_path)


def test_a_xen_host_needs_no_lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "capabilities").write_text("control_d\n")
    monkeypatch.setattr(run, "CAPABILITIES", tmp_path / "capabilities")
    with pytest.raises(UserError) as raised:
        check_options(MADE, Path("/a b"), Options(), ())
    assert raised.value.do == "run `xl create -c '/a b/web.xl'`"
