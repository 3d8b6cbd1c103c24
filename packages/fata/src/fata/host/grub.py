"""What GRUB will start, and what it is told of Xen (grub-mkconfig(8), GRUB manual section 6.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable

from fata.host.kind import HEAD

_ENTRY = re.compile(r"(?:menuentry|submenu) '((?:[^'\\]|\\.|'\\'')*)'(.*)")
_DEFAULT = re.compile(r"\s*set default=\"([^\"$]*)\"\s*")
_ID = re.compile(r"\$menuentry_id_option '([^']*)'")
_MEMORY = re.compile(r"\bdom0_mem=(\d{1,9})M\b")


def boots_xen(menu: Iterable[str]) -> bool:
    """`boots_xen(lines)` is whether the entry that a grub.cfg starts by itself is one of Xen."""
    default, count = "0", 0
    names: dict[str, bool] = {}
    for line in menu:
        if (chosen := _DEFAULT.fullmatch(line)) is not None:
            default = chosen[1]
        elif (entry := _ENTRY.match(line)) is not None:
            is_xen = "--class xen" in entry[2]
            names[str(count)] = is_xen
            count += 1
            names[entry[1].replace("'\\''", "'")] = is_xen
            if (known := _ID.search(entry[2])) is not None:
                names[known[1]] = is_xen
    return names.get(default, False)


def dom0_memory(content: str) -> int | None:
    """`dom0_memory(content)` is the MiB that a file of ours gives to dom0, if it does."""
    match = _MEMORY.search(content)
    return int(match[1]) if match else None


def settings(memory: int) -> str:
    """`settings(memory)` is a file for /etc/default/grub.d: Xen first, `memory` MiB for dom0.

    Where Linux had its console on the first serial port, Xen and dom0 have theirs there.
    """
    return f"""\
{HEAD}GRUB_CMDLINE_XEN_DEFAULT="dom0_mem={memory}M,max:{memory}M"
XEN_OVERRIDE_GRUB_DEFAULT=1
# Debian's Xen is compressed, and its entry in the menu does not load what unpacks it.
GRUB_PRELOAD_MODULES="$GRUB_PRELOAD_MODULES gzio"
case " $GRUB_CMDLINE_LINUX $GRUB_CMDLINE_LINUX_DEFAULT " in
*" console=ttyS0"*)
    GRUB_CMDLINE_XEN_DEFAULT="$GRUB_CMDLINE_XEN_DEFAULT com1=115200,8n1 console=com1,vga"
    GRUB_CMDLINE_LINUX_XEN_REPLACE_DEFAULT="$GRUB_CMDLINE_LINUX_DEFAULT console=hvc0"
    ;;
esac
"""
