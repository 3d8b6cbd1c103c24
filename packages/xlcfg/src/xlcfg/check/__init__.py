"""Holding a configuration to the rules: `check`."""

from __future__ import annotations

from xlcfg.check.checker import check, check_text

__all__ = ["check", "check_text"]
