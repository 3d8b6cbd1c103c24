"""Kernels for guests: built from the distribution's source, or the distribution's own."""

from __future__ import annotations

from fata.kernel.model import Kernel, KernelModule, Machine
from fata.kernel.provide import PROVIDERS, cached, cached_kernels, provide

__all__ = ["PROVIDERS", "Kernel", "KernelModule", "Machine", "cached", "cached_kernels", "provide"]
