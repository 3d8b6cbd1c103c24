"""The address of an interface."""

import pytest

from libos.services.dhcp import InvalidSubnet, interface_address


def test_loopback_is_127() -> None:
    assert interface_address("lo") == "127.0.0.1/8"


@pytest.mark.parametrize("name", ["", "nowhere0", "x" * 16])
def test_what_is_no_interface_is_a_bad_argument(name: str) -> None:
    with pytest.raises(InvalidSubnet, match="interface"):
        interface_address(name)
