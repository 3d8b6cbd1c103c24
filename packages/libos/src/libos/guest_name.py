"""What one run of an image is called, so that it can be told from others of the same image."""

from __future__ import annotations

from libos.boot.outcome import BAD_ARGUMENT, Outcome


class InvalidName(Outcome):
    """Text that cannot be the name of a host: a bad argument."""

    def __init__(self, text: str) -> None:
        super().__init__(
            BAD_ARGUMENT,
            f"boot argument --name: {_not_a_name(text)}",
        )


class GuestName:
    """`GuestName(text)` is the name of this run; `None` if it was given none.

    With `manage` (in a VM) it is made the kernel's host name when the device starts; a process
    leaves its host's name alone. Raises `InvalidName` for what is no host name (RFC 1123,
    section 2.1; 63 characters is what Linux keeps).
    """

    def __init__(self, text: str | None = None, *, manage: bool = False) -> None:
        if text is not None and not _is_host_name(text):
            raise InvalidName(text)
        self.text = text
        self._manage = manage

    async def start(self) -> None:
        """Make the name the machine's own, if there is one and the machine is ours."""
        if self._manage and self.text is not None:
            import socket

            socket.sethostname(self.text)


def host_name(text: str) -> str:
    """`host_name(text)` is `text`, if `GuestName` takes it. Raises `ValueError`."""
    if not _is_host_name(text):
        raise ValueError(_not_a_name(text))
    return text


def _not_a_name(text: str) -> str:
    return (
        f"{text!r} is not a host name: use letters, digits, `-` and `.`, 63 of them at most, and "
        "begin and end with a letter or digit"
    )


def _is_host_name(text: str) -> bool:
    labels = text.split(".")
    return len(text) <= 63 and all(map(_is_label, labels))


def _is_label(text: str) -> bool:
    if not text.isascii() or text[:1] == "-" or text[-1:] == "-":
        return False
    return text.replace("-", "").isalnum()
