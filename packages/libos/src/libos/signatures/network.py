"""A network interface, under the name that the configuration gives it."""

from __future__ import annotations

from typing import Protocol


class Network(Protocol):
    """A network interface of the machine. What it is is known once it has been started."""

    @property
    def interface(self) -> str:
        """`interface` is what the kernel calls it now, such as `eth0`: not the same everywhere."""
        ...

    @property
    def number(self) -> int:
        """`number` is its place among the program's interfaces as declared, from 0 on."""
        ...

    @property
    def alone(self) -> bool:
        """`alone` is whether the program has no other interface."""
        ...
