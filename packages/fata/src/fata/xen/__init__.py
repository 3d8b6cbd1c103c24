"""A build as Xen's toolstack and libvirt take it: descriptions, all from the manifest."""

from __future__ import annotations
