"""Boot arguments, checked before anything boots, by what the manifest says of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fata.devices.network import DEFAULT
from fata.image.manifest import ArgumentRecord, Manifest
from fata.settings import Environment, position
from functoria import Position, UsageError, UserError
from libos.boot.arguments import Argument, BadArgument, parse
from libos.boot.converters import LIST
from libos.boot.outcome import BAD_ARGUMENT, Outcome
from libos.guest_name import host_name
from libos.logs import levels
from libos.net.error import InvalidAddressError
from libos.net.settings import Settings

WHERE = "the arguments after `--`"


_READERS: Mapping[str, Callable[[str], object]] = {
    "libos.guest_name:host_name": host_name,
    "libos.logs:levels": levels,
}
"""Named one by one: a manifest may come from anybody, and is read by root."""


class BootArgumentError(UsageError):
    """A mistake in the boot arguments: the exit code is the one that the program would end with."""

    exit_code = BAD_ARGUMENT


def check_arguments(made: Manifest, words: Sequence[str]) -> str | None:
    """`check_arguments(manifest, words)` is the table of arguments, if the words ask for it.

    Raises `BootArgumentError` for words that the program would refuse. Values that the program
    reads by functions of its own, and not of libos, are left for it to check.
    """
    _refuse_keys(made, words)
    try:
        values = parse(tuple(_argument(record) for record in made.arguments), list(words))
    except BadArgument as error:
        raise BootArgumentError(error.what, _position(error.where), error.do) from None
    except Outcome as outcome:
        return outcome.text
    for device in made.network:
        _check_addresses(made, None if device.name == DEFAULT else device.name, values)
    return None


def check_settings(made: Manifest, environment: Environment, directory: Path) -> None:
    """Raise `UserError` for bad `arguments` in the fata.toml of a directory, at their line.

    The word at fault is the last of the shortest beginning that is refused for the same reason.
    """
    words = environment.arguments
    try:
        check_arguments(made, words)
    except BootArgumentError as error:
        count = next(n for n in range(len(words) + 1) if _refused(made, words[:n]) == error.what)
        part = words[count - 1] if count else ""
        path = ("environments", environment.name, "arguments")
        raise UserError(error.what, position(directory, path, part), error.do) from None


def _refused(made: Manifest, words: Sequence[str]) -> str | None:
    try:
        check_arguments(made, words)
    except BootArgumentError as error:
        return error.what
    return None


def _argument(record: ArgumentRecord) -> Argument:
    converter: str | Callable[[str], object] | list[Callable[[str], object]] = record.converter
    if ":" in record.converter:
        function = _READERS.get(record.converter.removeprefix(LIST), str)
        converter = [function] if record.converter.startswith(LIST) else function
    return Argument(
        record.name,
        converter,
        record.default,
        record.doc,
        record.where,
        required=record.required,
        flag=record.flag,
        repeated=record.repeated,
        short=record.short,
        choices=record.choices,
        group=record.group,
    )


def _check_addresses(made: Manifest, group: str | None, values: Mapping[str, object]) -> None:
    """Raise for addresses that the interface of the group cannot have, or not together."""
    prefix = "" if group is None else f"{group}-"
    records = {record.name: record for record in made.arguments}
    options = {name: f"{prefix}{name.replace('_', '-')}" for name in Settings.__slots__}
    if not records.keys() >= set(options.values()):
        return  # the interface is for something else than a stack of ours
    given: dict[str, Any] = {name: values[option] for name, option in options.items()}
    try:
        Settings(**given)
    except InvalidAddressError as error:
        if group is not None:
            error.called(group)
        name = error.where.removeprefix("--").partition("=")[0]
        what = f"boot argument `{error.where}`: {error.what}"
        raise BootArgumentError(what, _position(records[name].where), error.do) from None


def _refuse_keys(made: Manifest, words: Sequence[str]) -> None:
    """Raise for a key: it was chosen when the program was configured, and cannot be any more."""
    taken = {record.name for record in made.arguments}
    for index, word in enumerate(words):
        name, equals, text = word.removeprefix("--").partition("=")
        if not word.startswith("--") or name in taken or name not in made.keys:
            continue
        following = words[index + 1] if index + 1 < len(words) else ""
        value = text if equals else following if not following.startswith("-") else ""
        raise BootArgumentError(
            f"`--{name}` is chosen when the program is configured",
            WHERE,
            f"run `fata configure` with `--{name} {value or 'VALUE'}` and the keys of before, then "
            "`fata build`",
        )


def _position(where: str) -> Position | str:
    file, _, line = where.rpartition(":")
    return Position(file, int(line)) if file and line.isdecimal() else where or WHERE
