"""What ssh says when it fails, and what its user can do about it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from fata.host.destination import Destination
from functoria.error import UserError

_UNPRINTABLE = re.compile(r"[^\x20-\x7e\n]|\x7f")

_UNREACHABLE: Mapping[str, str] = {
    "Could not resolve hostname": "its name cannot be resolved",
    "Connection refused": "nothing listens for ssh there",
    "Connection timed out": "it does not answer",
    "Operation timed out": "it does not answer",
    "No route to host": "there is no way to it",
    "Network is unreachable": "there is no way to its network",
    "Connection reset": "it broke the connection off",
    "Connection closed": "it broke the connection off",
}


def not_connected(destination: Destination, said: str) -> UserError:
    """`not_connected(destination, said)` is the failure to connect; `said` is what ssh said."""
    said = readable(said)
    again = command_line(destination)
    if "IDENTIFICATION HAS CHANGED" in said:
        return UserError(
            f"the host key of {destination.name} is not the one that was known",
            destination.name,
            f"find out why: only if the machine was installed anew, forget its old key with "
            f"`ssh-keygen -R HOST` and accept the new one with `{again}`",
        )
    if "host key is known" in said or "Host key verification failed" in said:
        return UserError(
            f"the host key of {destination.name} is not known yet",
            destination.name,
            f"connect once with `{again}`, compare the fingerprint that it shows, and accept it",
        )
    if "Permission denied" in said or "Too many authentication failures" in said:
        return UserError(
            f"{destination.name} does not accept your key",
            destination.name,
            f"put your public key there with `ssh-copy-id`, or name the key with `--identity`; "
            f"`{again}` must work without a password",
        )
    for words, meaning in _UNREACHABLE.items():
        if words in said:
            return UserError(
                f"{destination.name} cannot be reached: {meaning}",
                destination.name,
                f"check the name, the port and the network; `{again}` must work",
            )
    return UserError(
        f"ssh cannot connect to {destination.name}: {last_line(said)}",
        destination.name,
        f"see what `{again}` says",
    )


def lost(destination: Destination) -> UserError:
    """`lost(destination)` is the end of a connection that was there."""
    return UserError(
        f"the connection to {destination.name} was lost",
        destination.name,
        "check the machine and the network, then run the command again: it goes on where it ended",
    )


def command_line(destination: Destination) -> str:
    """`command_line(destination)` is what the user types to connect."""
    port = "" if destination.port is None else f"-p {destination.port} "
    identity = "" if destination.identity is None else f"-i {destination.identity} "
    return f"ssh {port}{identity}{destination.name}"


def readable(text: str) -> str:
    """`readable(text)` is text of a host without what could disturb a terminal."""
    return _UNPRINTABLE.sub("?", text.replace("\r", "").replace("\t", " "))


def last_line(text: str) -> str:
    """`last_line(text)` is the last line that says something, at most 300 characters of it."""
    lines = [line.strip() for line in readable(text).splitlines() if line.strip()]
    return lines[-1][:300] if lines else "without a word"
