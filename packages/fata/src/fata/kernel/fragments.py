"""Fragments of a kernel configuration, and the profiles that are composed of them.

A fragment is a file `fragments/NAME.config` of lines `CONFIG_X=value` and `# CONFIG_X is not set`,
as in a kernel's `.config`, with comments that say why. The kernel's own tools resolve
dependencies, and drop what cannot be had without a word: `lost` finds that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib import resources

from functoria.error import UserError

PROFILES: Mapping[str, tuple[str, ...]] = {
    "virtio": ("base", "virtio", "inet"),
    "virtio-block": ("base", "virtio", "inet", "block"),
    "xen": ("base", "xen", "inet"),
    "xen-block": ("base", "xen", "inet", "xen-block"),
}

_BY_FEATURE = {
    "virtio-mmio": "virtio",
    "virtio-pci": "virtio",
    "net": "virtio",
    "rng": "virtio",
    "block": "block",
    "xen-net": "xen",
    "xen-block": "xen-block",
}
"""The fragments without which a kernel lacks a feature of `fata.kernel.modules`."""

_SET = re.compile(r"(CONFIG_[A-Za-z0-9_]+)=(.+)")
_UNSET = re.compile(r"# (CONFIG_[A-Za-z0-9_]+) is not set")


def profile_for(features: Iterable[str], hypervisor: str = "virtio") -> str:
    """`profile_for(features, hypervisor)` is the smallest profile that has those features.

    `hypervisor` is the fragment for what the guest runs on, `virtio` or `xen`.
    """
    wanted = {hypervisor, *(_BY_FEATURE[feature] for feature in features)}
    able = (name for name, fragments in PROFILES.items() if wanted <= set(fragments))
    return min(able, key=lambda name: (len(PROFILES[name]), name))


def has_feature(profile: str, feature: str) -> bool:
    """`has_feature(profile, feature)` is whether a kernel of the profile serves the feature."""
    return _BY_FEATURE[feature] in PROFILES[profile]


def merged(profile: str) -> str:
    """The configuration that a profile asks for: a sorted line per symbol, later fragments win.

    Raises `UserError` for an unknown profile.
    """
    if profile not in PROFILES:
        raise UserError(
            f"there is no kernel profile `{profile}`",
            None,
            f"use one of: {', '.join(sorted(PROFILES))}",
        )
    files = resources.files("fata.kernel") / "fragments"
    texts = [(name, (files / f"{name}.config").read_text()) for name in PROFILES[profile]]
    return merge(texts)


def merge(texts: list[tuple[str, str]]) -> str:
    """The lines of named fragments as one text, sorted by symbol; a later line wins."""
    wanted: dict[str, str] = {}
    for name, text in texts:
        for number, line in enumerate(text.splitlines(), 1):
            symbol = _symbol(line)
            if symbol is not None:
                wanted[symbol] = line
            elif line.strip() and (not line.startswith("#") or "CONFIG_" in line):
                raise UserError(
                    f"not a line of a kernel configuration: `{line.strip()}`",
                    f"{name}.config:{number}",
                    "write `CONFIG_X=y`, `# CONFIG_X is not set`, or a comment without `CONFIG_`",
                )
    return "".join(f"{wanted[symbol]}\n" for symbol in sorted(wanted))


def lost(wanted: str, config: str) -> tuple[str, ...]:
    """The lines of `wanted` that do not hold in the finished `config`."""
    has = {symbol: line for line in config.splitlines() if (symbol := _symbol(line)) is not None}
    missing = []
    for line in wanted.splitlines():
        symbol = _symbol(line)
        if symbol is None:
            continue
        found = has.get(symbol, "")
        # A symbol that is not even visible is not set.
        held = not found or found == line if _UNSET.fullmatch(line) else found == line
        if not held:
            missing.append(line)
    return tuple(missing)


def _symbol(line: str) -> str | None:
    match = _SET.fullmatch(line) or _UNSET.fullmatch(line)
    return match[1] if match else None
