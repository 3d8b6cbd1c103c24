"""Names: of apps and environments, targets, branches, hosts."""

from __future__ import annotations

import re

from fata.devices.target import TARGET
from fata.host.destination import parse_destination
from fata.settings.refusal import RefusedError
from functoria.error import UserError

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}", re.ASCII)
_BRANCH = re.compile(r"(?![-/.])[A-Za-z0-9._/+-]{1,200}", re.ASCII)


def parse_name(text: str) -> str:
    """`parse_name(text)` is the name of an app or of an environment. Raises `ValueError`."""
    if not _NAME.fullmatch(text):
        raise RefusedError(
            f"`{text}` cannot be a name",
            "use up to 31 small letters, digits and `-`, beginning with a letter",
        )
    return text


def parse_target(text: str) -> str:
    """`parse_target(text)` is the name of a target. Raises `ValueError`."""
    return str(TARGET.converter.parse(text))


def parse_branch(text: str) -> str:
    """`parse_branch(text)` is the name of a branch, as git-check-ref-format(1) allows it.

    Beyond that it is of letters, digits and `._/+-`: it becomes part of files that others read.
    """
    bad = ".." in text or "//" in text or "/." in text or text.endswith(("/", ".", ".lock"))
    if bad or not _BRANCH.fullmatch(text):
        raise RefusedError(
            f"`{text}` cannot be a branch", "write the name of one branch, such as `main`"
        )
    return text


def parse_host(text: str) -> str:
    """`parse_host(text)` is what ssh(1) reaches. Raises `ValueError`."""
    try:
        return parse_destination(text, None, None).name
    except UserError:
        raise RefusedError(
            f"`{text}` is not a machine that ssh can reach",
            "write `USER@HOST`, or a name of `~/.ssh/config`, where a port can be said",
        ) from None


def parse_argument(text: str) -> str:
    """`parse_argument(text)` is one boot argument. Raises `ValueError`."""
    if not text or "\0" in text:
        raise RefusedError("a boot argument is empty or has a byte of value 0", "leave it out")
    return text
