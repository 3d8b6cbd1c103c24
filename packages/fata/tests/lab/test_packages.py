"""The choice of packages, out of what apt would install."""

from __future__ import annotations

from pathlib import Path

import pytest

from fata.lab import packages
from fata.lab.packages import Choice
from functoria.error import UserError

PLAN = """\
'http://mirror/x' libc6_2.36-9+deb12u14_amd64.deb 2759320 MD5Sum:1
'http://mirror/x' zlib1g_1%3a1.2.13.dfsg-1_amd64.deb 86684 SHA256:1
'http://mirror/x' perl-base_5.36.0-7+deb12u4_amd64.deb 1609596 SHA256:1
'http://mirror/x' libperl5.36_5.36.0-7+deb12u4_amd64.deb 4207600 SHA256:1
'http://mirror/x' libaudit-common_1%3a3.0.9-1_all.deb 10448 SHA256:1
'http://mirror/x' linux-image-6.1.0-56-amd64_6.1.192-2_amd64.deb 70550672 SHA256:1
'http://mirror/x' linux-base_4.12.1~deb12u1_all.deb 25632 SHA256:1
'http://mirror/x' xen-utils-common_4.17.7+13_amd64.deb 277480 SHA256:1
'http://mirror/x' dash_0.5.12-2_amd64.deb 91848 SHA256:1
something else
"""


def test_what_is_asked_for_and_libraries_are_taken() -> None:
    chosen = packages._chosen(PLAN, {"dash"})
    assert chosen == (
        Choice("dash", "0.5.12-2", 91848),
        Choice("libc6", "2.36-9+deb12u14", 2759320),
        Choice("linux-image-6.1.0-56-amd64", "6.1.192-2", 70550672),
        Choice("xen-utils-common", "4.17.7+13", 277480),
        Choice("zlib1g", "1:1.2.13.dfsg-1", 86684),
    )
    assert [choice.name for choice in chosen if choice.is_kernel] == ["linux-image-6.1.0-56-amd64"]


def test_a_plan_that_says_nothing_is_told() -> None:
    with pytest.raises(UserError, match="no plan that can be understood"):
        packages._chosen("", set())


def test_no_apt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="`apt-cache` is not installed"):
        packages.plan(tmp_path)


def test_a_package_that_apt_cannot_fetch_is_told(tmp_path: Path) -> None:
    plan = packages.Plan("4.17", (Choice("no-such-package", "1", 1),))
    with pytest.raises(UserError, match="apt could not fetch the packages") as error:
        packages.fetch(plan, tmp_path, lambda text: None)
    assert "apt update" in error.value.do
