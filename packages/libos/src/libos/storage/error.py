"""What stands in the way of a store on a device."""

from __future__ import annotations


class Unrecognised(OSError):  # noqa: N818 - says what the device's content is
    """A device holds something else than what its store reads."""


class Damaged(OSError):  # noqa: N818 - says what the device's content is
    """What lies on a device contradicts itself: it was cut short, overwritten, or has decayed."""
