"""The command `xlcfg`."""

from __future__ import annotations

from xlcfg.cli.command import main

__all__ = ["main"]
