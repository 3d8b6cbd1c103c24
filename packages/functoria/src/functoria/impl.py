"""Implementations: the terms of a configuration, a graph that shares its nodes.

A term is a device, a functor applied to arguments, or a choice between terms. Terms are compared
by identity and are never copied: a term that is used twice is one device, started once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from functoria.error import Position, UserError
from functoria.key import Key
from functoria.package import Package
from functoria.position import here, next_serial
from functoria.type import AnyType, Arrow, Type, applied, parameters
from functoria.value import Value


@dataclass(frozen=True, slots=True)
class Reference:
    """`Reference("module:attribute")` is an object of the user's program, imported by name."""

    name: str
    position: Position | None = field(default_factory=here, compare=False)

    def __post_init__(self) -> None:
        check_reference(self.name, self.position)

    @property
    def module(self) -> str:
        """The module's dotted name."""
        return self.name.partition(":")[0]

    @property
    def attribute(self) -> str:
        """The object's name in the module."""
        return self.name.partition(":")[2]


def check_reference(name: str, position: Position | None) -> None:
    """Raise `UserError` unless `name` has the form `module:attribute`."""
    text: object = name
    if not isinstance(text, str):
        raise UserError(
            f"{text!r} does not name an object",
            position,
            "write `module:name` as text, such as `website:start` for `start` in website.py",
        )
    module, _, attribute = name.partition(":")
    if not attribute.isidentifier() or not all(part.isidentifier() for part in module.split(".")):
        raise UserError(
            f"`{name}` does not name an object",
            position,
            "write `module:name`, such as `website:start` for `start` in website.py",
        )


@dataclass(frozen=True, slots=True, eq=False)
class Impl:
    """A term of the graph. Calling it applies it, as `functor(argument, ...)`."""

    def __call__(self, *arguments: Impl) -> Impl:
        return apply(self, arguments)

    @property
    def impl_type(self) -> AnyType:
        """The type of the term."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Device(Impl):
    """`Device(name=..., type=..., constructor="module:Class")` defines a device.

    The generated program calls the constructor with the functor's arguments in order, and with
    `keywords`: literals, keys, values, references and further devices, by parameter name.
    `labels` name the functor's parameters in messages. Devices in `after` are started before
    this one without being given to it. `packages` are libraries it needs, `keys` further keys
    that belong to it, and `needs` is what it needs from the tool, which the engine does not read.
    `serial` numbers the devices of a configuration in the order in which it creates them.
    """

    name: str
    type: AnyType
    constructor: str
    labels: tuple[str, ...] = ()
    keywords: Mapping[str, object] = field(default_factory=dict)
    after: tuple[Impl, ...] = ()
    packages: tuple[Package, ...] = ()
    keys: tuple[Key[Any], ...] = ()
    needs: tuple[object, ...] = ()
    doc: str = ""
    position: Position | None = field(default_factory=here)
    serial: int = field(default_factory=next_serial)

    def __post_init__(self) -> None:
        check_reference(self.constructor, self.position)
        type_: object = self.type
        if not isinstance(type_, Type | Arrow):
            raise UserError(
                f"`{self.name}` has {type_!r} where a type of devices is wanted",
                self.position,
                "write a type such as `JOB` or `STACK >> JOB`",
            )

    @property
    def impl_type(self) -> AnyType:
        """The type that the device was declared with."""
        return self.type


@dataclass(frozen=True, slots=True, eq=False)
class Application(Impl):
    """`Application(function, arguments)` is a functor applied to some of its arguments."""

    function: Impl
    arguments: tuple[Impl, ...]
    position: Position | None

    @property
    def impl_type(self) -> AnyType:
        """What is left of the functor's type."""
        return applied(self.function.impl_type, len(self.arguments))


@dataclass(frozen=True, slots=True, eq=False)
class Choice(Impl):
    """`Choice(condition, branches, default)` is the branch whose label the condition equals."""

    condition: Value[Any]
    branches: tuple[tuple[object, Impl], ...]
    default: Impl
    position: Position | None

    @property
    def impl_type(self) -> AnyType:
        """The type that all branches have."""
        return self.default.impl_type

    def chosen(self, label: object) -> Impl:
        """`choice.chosen(label)` is the branch with that label, or the default."""
        return next((impl for name, impl in self.branches if name == label), self.default)


def label_of(impl: Impl) -> str:
    """`label_of(impl)` is what a message calls a term: the name of its device.

    A choice is called by its default, for which whoever reads the message has a name.
    """
    while True:
        match impl:
            case Application():
                impl = impl.function
            case Choice():
                impl = impl.default
            case Device():
                return impl.name
            case _:
                return "device"


def apply(function: Impl, arguments: tuple[Impl, ...]) -> Impl:
    """`apply(f, arguments)` is `f` applied to them.

    Raises `UserError` at the user's line if there are too many, or one has another type than
    the functor takes.
    """
    position = here()
    name = label_of(function)
    wanted = parameters(function.impl_type)
    if not arguments or len(arguments) > len(wanted):
        takes = f"takes {len(wanted)} more" if wanted else "takes none"
        raise UserError(
            f"`{name}` is applied to {len(arguments)} arguments but {takes}: it is a "
            f"`{function.impl_type}`",
            position,
            f"apply `{name}` to what its type names, in that order",
        )
    for index, (argument, expected) in enumerate(zip(arguments, wanted, strict=False)):
        if not isinstance(argument, Impl):
            raise UserError(
                f"argument {index + 1} of `{name}` must be a `{expected}`, "
                f"not the Python value {argument!r}",
                position,
                f"pass a device of the type `{expected}`",
            )
        if argument.impl_type != expected:
            raise _mismatch(function, argument, index, expected, position)
    return Application(function, arguments, position)


def _mismatch(
    function: Impl, argument: Impl, index: int, expected: AnyType, position: Position | None
) -> UserError:
    got = argument.impl_type
    labels = _labels(function)
    label = f" (`{labels[index]}`)" if index < len(labels) else ""
    remedy = f"pass a device of the type `{expected}`"
    if isinstance(got, Arrow) and not isinstance(expected, Arrow) and got.result == expected:
        missing = ", ".join(f"`{p}`" for p in got.parameters)
        remedy = f"apply `{label_of(argument)}` to its arguments first: {missing}"
    return UserError(
        f"argument {index + 1}{label} of `{label_of(function)}` must be a `{expected}`, "
        f"but `{label_of(argument)}` is a `{got}`",
        position,
        remedy,
    )


def _labels(function: Impl) -> tuple[str, ...]:
    done = 0
    while isinstance(function, Application):
        done += len(function.arguments)
        function = function.function
    return function.labels[done:] if isinstance(function, Device) else ()


def if_impl(condition: Key[bool] | Value[bool], yes: Impl, no: Impl) -> Impl:
    """`if_impl(condition, yes, no)` is `yes` where the condition holds, and `no` elsewhere."""
    return match_impl(condition, {True: yes}, default=no)


def match_impl(
    condition: Key[Any] | Value[Any], branches: Mapping[Any, Impl], *, default: Impl
) -> Impl:
    """`match_impl(condition, {label: impl, ...}, default=impl)` is the branch the condition names.

    Raises `UserError` at the user's line if the branches differ in type.
    """
    position = here()
    chooser: object = condition
    if not isinstance(chooser, Key | Value):
        raise UserError(
            f"a choice is made by a key or a value, not by {chooser!r}",
            position,
            'declare a key, such as `key("net", choice("a", "b"), "a", "...")`, and name it here',
        )
    if isinstance(condition, Key):
        _check_labels(condition, branches, position)
    for label, impl in branches.items():
        if impl.impl_type != default.impl_type:
            raise UserError(
                f"the branch `{label}` is a `{impl.impl_type}` but the default is a "
                f"`{default.impl_type}`",
                position,
                "give all branches one type",
            )
    value = condition.value if isinstance(condition, Key) else condition
    return Choice(value, tuple(branches.items()), default, position)


def _check_labels(key: Key[Any], branches: Mapping[Any, Impl], position: Position | None) -> None:
    """Raise `UserError` for a label that is no value of the key: its branch is never taken."""
    for label in branches:
        if not key.repeated and not key.converter.check(label):
            raise UserError(
                f"no value of `{key.option}` is {label!r}, and so the branch is never taken",
                position,
                f"name branches by values of the form {key.converter}",
            )
