"""What a configuration says, in the types of its schema."""

from __future__ import annotations

from pathlib import Path

import pytest

from xlcfg import Disk, ParseError, Pci, Vif, parse, typed
from xlcfg.specs.cpus import Part
from xlcfg.specs.numa import Pair

from .conftest import CORPUS

GOOD = [path for path in CORPUS if not path.name.startswith(("refused-", "warned-"))]


def test_each_kind() -> None:
    text = """\
name = "a"
type = "p"
kernel = "/k"
memory = 0x40
acpi = 7
tsc_mode = 2
on_crash = "preserve"
altp2m = "EXTERNAL"
cpus = "0-3,^1"
cpus_soft = ["all", "1"]
vcpus = 2
disk = ["/x,raw,xvda", "/y,raw,xvdb,ro"]
vif = ["bridge=b"]
pci = ["01:00.0,seize=1"]
usbctrl = ["version=2,ports=4"]
vnuma = [["pnode=0", "size=1", "vcpus=0-1", "vdistances=10"]]
bootloader_args = "--a b"
irqs = [5]
unknown = ["x", ["y"]]
"""
    assert typed(parse(text)) == {
        "name": "a",
        "type": "pv",
        "kernel": "/k",
        "memory": 64,
        "acpi": True,
        "tsc_mode": "native",
        "on_crash": "preserve",
        "altp2m": "external",
        "cpus": (Part(0, 3), Part(1, 1, without=True)),
        "cpus_soft": ((Part(None, None),), (Part(1, 1),)),
        "vcpus": 2,
        "disk": (Disk("/x", "xvda"), Disk("/y", "xvdb", writable=False)),
        "vif": (Vif(bridge="b"),),
        "pci": (Pci("01:00.0", seize=True),),
        "usbctrl": ({"version": "2", "ports": "4"},),
        "vnuma": (
            (
                Pair("pnode", "0"),
                Pair("size", "1"),
                Pair("vcpus", "0-1"),
                Pair("vdistances", "10"),
            ),
        ),
        "bootloader_args": "--a b",
        "irqs": ("5",),
        "unknown": ("x", ("y",)),
    }


def test_what_has_errors_has_no_types() -> None:
    with pytest.raises(ParseError, match="`memory` is no number"):
        typed(parse('name="a"\nkernel="/k"\nmemory="64M"\n'))


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.name)
def test_the_corpus_has_types(path: Path) -> None:
    document = parse(path.read_bytes())
    assert typed(document).keys() == set(document.names)
