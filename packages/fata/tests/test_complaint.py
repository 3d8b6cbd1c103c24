"""What a program said of its failure, in one line."""

from __future__ import annotations

import pytest

from fata.complaint import complaint

LIBXL = b"""\
Parsing config from /root/website.xl
libxl: error: libxl_device.c:1111:device_backend_callback: Domain 2:unable to add device
libxl: error: libxl_create.c:1862:domcreate_attach_devices: Domain 2:unable to add vif devices
libxl: error: libxl_domain.c:1137:domain_destroy_callback: Domain 2:Unable to destroy guest
libxl: error: libxl_domain.c:1064:domain_destroy_cb: Domain 2:Destruction of domain failed
"""


def test_the_cause_comes_before_what_followed_of_it() -> None:
    found = complaint(LIBXL)
    assert found.startswith(
        "libxl: error: libxl_device.c:1111:device_backend_callback: "
        "Domain 2:unable to add device (then: libxl: error: "
    )
    assert found.endswith("Domain 2:Destruction of domain failed)")


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("", "without a word"),
        (" \n\r\n", "without a word"),
        ("cat: /none: No such file or directory\n", "cat: /none: No such file or directory"),
        ("one\ntwo", "one (then: two)"),
        (b"\xff\x1b[31mred\x07", "\N{REPLACEMENT CHARACTER}[31mred"),
    ],
)
def test_whatever_it_said(said: bytes | str, found: str) -> None:
    assert complaint(said) == found


def test_it_is_bounded_and_its_end_is_kept() -> None:
    found = complaint("error: " + "x" * 10_000 + "\n" + "y" * 10_000 + "end")
    assert len(found) < 1100
    assert found.endswith("yend)")
