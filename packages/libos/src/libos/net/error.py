"""Failures of the guest's network that its operator can mend."""

from __future__ import annotations


class NetworkError(Exception):
    """`NetworkError(what, where, do)` says what failed, at which boot argument, and what to do.

    `what` is one line without a full stop, `where` the boot argument as it was given, and `do` the
    next thing to do.
    """

    def __init__(self, what: str, where: str, do: str) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.do = do

    def called(self, group: str) -> None:
        """Call the boot arguments in the text as those of `group` are called."""
        for name in ("ipv4", "ipv6", "dns", "hostname"):
            self.where = self.where.replace(f"--{name}", f"--{group}-{name}")
            self.do = self.do.replace(f"--{name}", f"--{group}-{name}")

    def __str__(self) -> str:
        return f"{self.what} (at {self.where}); {self.do}"


class InvalidAddressError(NetworkError):
    """An address, a prefix length or a gateway in the boot arguments which cannot be used."""


class InterfaceMissingError(NetworkError):
    """The interface did not appear in time."""


class ConfigurationError(NetworkError):
    """The kernel refused an address, a route or a link setting."""


class NoLeaseError(NetworkError):
    """No DHCP server granted a lease in time."""
