"""A profile is a composition of fragments; nothing of it may get lost on the way."""

from __future__ import annotations

import pytest

from fata.kernel.fragments import PROFILES, has_feature, lost, merge, merged, profile_for
from functoria.error import UserError


def test_a_later_fragment_wins_and_lines_are_sorted() -> None:
    base = "# why\nCONFIG_NET=y\nCONFIG_INET=y\n"
    direct = "# CONFIG_INET is not set\n"
    assert merge([("base", base), ("direct", direct)]) == (
        "# CONFIG_INET is not set\nCONFIG_NET=y\n"
    )


def test_a_line_that_is_neither_symbol_nor_comment_is_refused() -> None:
    with pytest.raises(UserError, match="CONFIG_NET: y") as raised:
        merge([("base", "# fine\nCONFIG_NET: y\n")])
    assert raised.value.where == "base.config:2"


def test_a_misspelt_negation_is_not_taken_for_a_comment() -> None:
    with pytest.raises(UserError, match="CONFIG_SMP is unset"):
        merge([("base", "# CONFIG_SMP is unset\n")])


def test_what_the_kernel_drops_is_found() -> None:
    wanted = 'CONFIG_A=y\n# CONFIG_B is not set\n# CONFIG_C is not set\nCONFIG_D="-x"\n'
    config = 'CONFIG_B=y\nCONFIG_D="-x"\n'
    assert lost(wanted, config) == ("CONFIG_A=y", "# CONFIG_B is not set")


@pytest.mark.parametrize("profile", sorted(PROFILES))
def test_every_profile_is_well_formed(profile: str) -> None:
    assert "CONFIG_PVH=y\n" in merged(profile)


def test_tcp_ip_is_a_fragment_of_its_own() -> None:
    files = PROFILES["virtio"]
    assert files[-1] == "inet"


def test_disks_are_driven_only_where_they_are_needed() -> None:
    assert profile_for(()) == profile_for(("virtio-mmio", "net", "rng")) == "virtio"
    assert profile_for(("block", "net")) == "virtio-block"
    assert not has_feature("virtio", "block")
    assert "# CONFIG_BLOCK is not set\n" in merged("virtio")
    assert "CONFIG_VIRTIO_BLK=y\n" in merged("virtio-block")


def test_xens_drivers_are_in_profiles_of_their_own() -> None:
    assert profile_for((), "xen") == profile_for(("xen-net",), "xen") == "xen"
    assert profile_for(("xen-net", "xen-block"), "xen") == "xen-block"
    assert has_feature("xen", "xen-net")
    assert not has_feature("xen", "net")
    for symbol in ("VIRTIO", "PCI", "SERIAL_8250"):
        assert f"CONFIG_{symbol}=y\n" not in merged("xen-block")
    assert "CONFIG_XEN_PV=y\n" in merged("xen")
    assert "CONFIG_XEN_PVH=y\n" in merged("xen")


def test_an_unknown_profile_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UserError, match="no kernel profile `vax`") as raised:
        merged("vax")
    assert "virtio" in raised.value.do
