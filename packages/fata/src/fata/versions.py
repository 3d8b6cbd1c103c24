"""The versions that are in play."""

from __future__ import annotations

VERSION = "0.1.0"
"""The version of the tool."""


def versions() -> dict[str, str]:
    """`versions()` is the version of each of our packages, by name."""
    from importlib.metadata import version

    return {name: version(name) for name in ("fata", "functoria", "libos", "xlcfg")}
