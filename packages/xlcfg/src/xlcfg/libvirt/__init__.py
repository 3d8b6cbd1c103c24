"""Configurations as libvirt's domain XML and back, for what both can say."""

from __future__ import annotations

from xlcfg.libvirt.reading import from_libvirt
from xlcfg.libvirt.writing import to_libvirt

__all__ = ["from_libvirt", "to_libvirt"]
