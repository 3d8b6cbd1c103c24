"""What a box of a picture says of its device or choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from functoria.context import Context
from functoria.error import Position
from functoria.graph import Node
from functoria.impl import Choice, Device, Impl, Reference
from functoria.key import Key
from functoria.picture.model import Annotation, Box, Branch, Kind, Setting
from functoria.type import JOB, applied, result
from functoria.value import Value
from functoria.walk import device_keys

Annotations = Mapping[str, Sequence[Annotation]]
"""What a tool adds to live devices, by their variables in the generated program."""


def setting(key: Key[Any], context: Context) -> Setting:
    """`setting(key, context)` is a key with its value, or the default of a boot argument."""
    value = key.show(context.get(key))
    return Setting(
        name=f"--{key.option}",
        value=" ".join(value) if value else None,
        origin=context.origin(key),
        stage=key.stage.value,
        doc=key.doc,
        position=_place(key.position),
    )


def device_box(
    identity: str,
    device: Device,
    node: Node | None,
    context: Context,
    notes: Annotations,
    *,
    inputs: int = 0,
    position: Position | None = None,
) -> Box:
    """`device_box(id, device, node, ...)` is the box of a device; without a node it is not live.

    `inputs` and `position` matter where there is no node, which has both.
    """
    is_job = result(device.type) == JOB
    return Box(
        id=identity,
        kind=Kind.JOB if is_job else Kind.DEVICE,
        title=device.name if node is None else node.variable,
        type=str(applied(device.type, inputs) if node is None else node.type),
        constructor=device.constructor,
        settings=_settings(device, context, live=node is not None),
        packages=tuple(str(package) for package in device.packages),
        doc=device.doc,
        position=_place(position if node is None else node.position),
        annotations=tuple(notes.get(node.variable, ())) if node is not None else (),
        live=node is not None,
    )


def _settings(device: Device, context: Context, *, live: bool) -> tuple[Setting, ...]:
    found = {key: setting(key, context) for key in device_keys(device)}
    first: list[Setting] = []
    for name, value in device.keywords.items():
        match value:
            case Key():
                first.append(found.pop(value, setting(value, context)))
            case Value():
                origin = "from " + ", ".join(f"--{key.option}" for key in value.keys)
                shown = str(value.evaluate(context)) if live else origin
                first.append(Setting(name, shown, origin))
            case Reference():
                first.append(Setting(name, value.name))
            case None | Impl():
                pass
            case _:
                first.append(Setting(name, value if isinstance(value, str) else repr(value)))
    return (*first, *found.values())


def choice_box(
    identity: str, choice: Choice, taken: int | None, context: Context, *, inputs: int = 0
) -> Box:
    """`choice_box(id, choice, taken, context)` is the box of a choice that takes that branch.

    `taken` is `None` for a choice which is itself in a branch that was not taken. `inputs` is to
    how many arguments it is applied.
    """
    labels = branch_labels(choice)
    keys = choice.condition.keys
    return Box(
        id=identity,
        kind=Kind.CHOICE,
        title=", ".join(f"--{key.option}" for key in keys) or "choice",
        type=str(applied(choice.impl_type, inputs)),
        settings=tuple(setting(key, context) for key in keys),
        position=_place(choice.position),
        branches=tuple(Branch(label, number == taken) for number, label in enumerate(labels)),
        live=taken is not None,
    )


def branch_labels(choice: Choice) -> tuple[str, ...]:
    """The labels of the branches, in the words of the key where there is one; the default last."""
    keys = choice.condition.keys
    given = [label for label, _ in choice.branches]
    default = "otherwise"
    if len(given) == 1 and isinstance(given[0], bool):
        default = "false" if given[0] else "true"
    return (*(_label(label, keys) for label in given), default)


def _label(label: object, keys: tuple[Key[Any], ...]) -> str:
    if isinstance(label, bool):
        return "true" if label else "false"
    if len(keys) == 1 and keys[0].converter.check(label):
        return keys[0].converter.show(label)
    return str(label)


def _place(position: Position | None) -> str:
    return "" if position is None else str(position)
