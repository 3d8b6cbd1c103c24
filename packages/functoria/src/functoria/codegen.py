"""The generated program: a straight line that a person can read.

The program is an `async def main(system)`. The tool's own runtime gives it `system`, which has
`await system.start(path, where, Device, ...)`, which constructs the device and gives it back once
it is up, `await system.run(path, where, job, ...)`, and `system.argument(name)` for arguments of
the boot stage. That it is the runtime which constructs is for the sake of messages: whatever goes
wrong in a statement, it knows the path of the device in the graph and the line that declared it.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from functoria.context import Context
from functoria.converter.collection import member_name
from functoria.error import UserError
from functoria.graph import Graph, Node, unique_options
from functoria.impl import Impl, Reference
from functoria.key import Key, Stage
from functoria.path import paths
from functoria.type import Arrow
from functoria.value import Value
from functoria.walk import device_keys

_WIDTH = 100
_FORMS = ("required", "flag", "repeated")


@dataclass(frozen=True, slots=True)
class Runtime:
    """`Runtime(header, system, argument)` is what a tool's generated programs stand on.

    `header` is the first line, a comment or docstring that says who generated the file; `system`
    and `argument` are references, `module:name`, to the classes of `system` and of the table of
    boot arguments, `argument(name, converter, default, doc, where, ...)`. A converter is given
    by name, or as the function that it is in the user's program, in a list for lists of it.
    """

    header: str
    system: Reference
    argument: Reference


def program(graph: Graph, context: Context, runtime: Runtime) -> str:
    """`program(graph, context, runtime)` is the text of the generated program."""
    arguments = boot_keys(graph)
    names = _Names(_variable(node) for node in graph.nodes)
    system = names.imported(runtime.system)
    argument = names.imported(runtime.argument) if arguments else ""
    places = paths(graph)
    body = [line for node in graph.nodes for line in _statement(node, places, context, names)]
    table = [line for key in arguments for line in _argument(key, argument, names).lines(4, ",")]
    parts = [runtime.header, "", *names.imports(), ""]
    parts += ["ARGUMENTS = (", *table, ")"] if table else ["ARGUMENTS = ()"]
    parts += ["", "", f"async def main(system: {system}) -> None:", *body]
    return "\n".join(parts) + "\n"


def boot_keys(graph: Graph) -> tuple[Key[Any], ...]:
    """`boot_keys(graph)` is the arguments that the program takes when it boots."""
    keys = graph.collect(device_keys)
    return unique_options(key for key in keys if key.stage is Stage.BOOT)


class _Names:
    """The names of one program: variables first, then imports that keep clear of them."""

    def __init__(self, variables: Iterable[str]) -> None:
        self._taken = {"main", "system", "ARGUMENTS", *variables}
        self._by_reference: dict[tuple[str, str], str] = {}

    def imported(self, reference: Reference) -> str:
        """The name under which the program knows an object of another module."""
        key = (reference.module, reference.attribute)
        if key not in self._by_reference:
            name, count = reference.attribute, 1
            while name in self._taken:
                count += 1
                name = f"{reference.attribute}_{count}"
            self._taken.add(name)
            self._by_reference[key] = name
        return self._by_reference[key]

    def imports(self) -> list[str]:
        by_module: dict[str, list[str]] = {}
        for (module, attribute), name in sorted(self._by_reference.items()):
            alias = attribute if name == attribute else f"{attribute} as {name}"
            by_module.setdefault(module, []).append(alias)
        return [f"from {module} import {', '.join(names)}" for module, names in by_module.items()]


def _statement(
    node: Node, places: Mapping[Node, str], context: Context, names: _Names
) -> list[str]:
    if isinstance(node.type, Arrow):
        return []
    constructor = names.imported(Reference(node.device.constructor, node.device.position))
    where = _quoted(str(node.position or node.device.constructor))
    place = (_quoted(places[node]), where, constructor)
    method, target = ("run", "") if node.is_job else ("start", f"{_variable(node)} = ")
    call = _Call(f"{target}await system.{method}", (*place, *_arguments(node, context, names)))
    return call.lines(4)


@dataclass(frozen=True, slots=True)
class _Call:
    """A call as text, on one line where it fits, and else with an argument per line."""

    function: str
    arguments: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.function}({', '.join(self.arguments)})"

    def lines(self, indent: int, end: str = "") -> list[str]:
        space = " " * indent
        line = f"{space}{self}{end}"
        if len(line) <= _WIDTH:
            return [line]
        inner = [f"{space}    {argument}," for argument in self.arguments]
        return [f"{space}{self.function}(", *inner, f"{space}){end}"]


def _arguments(node: Node, context: Context, names: _Names) -> tuple[str, ...]:
    values = [_input(child, context, names) for child in node.inputs]
    for name, value in node.device.keywords.items():
        if isinstance(value, Impl):
            values.append(f"{name}={_input(node.keywords[name], context, names)}")
        else:
            values.append(f"{name}={_expression(value, context, names, node)}")
    return tuple(values)


def _input(node: Node, context: Context, names: _Names) -> str:
    if not isinstance(node.type, Arrow):
        return _variable(node)
    constructor = names.imported(Reference(node.device.constructor, node.device.position))
    if not node.inputs and not node.device.keywords:
        return constructor
    partial = names.imported(Reference("functools:partial"))
    return str(_Call(partial, (constructor, *_arguments(node, context, names))))


def _variable(node: Node) -> str:
    return f"{node.variable}_" if keyword.iskeyword(node.variable) else node.variable


def _expression(value: object, context: Context, names: _Names, node: Node) -> str:
    if isinstance(value, Key):
        if value.stage is Stage.BOOT:
            return f"system.argument({_literal(value.option, node, names)})"
        return _literal(context.get(value), node, names)
    if isinstance(value, Value):
        return _literal(value.evaluate(context), node, names)
    if isinstance(value, Reference):
        return names.imported(value)
    return _literal(value, node, names)


def _argument(key: Key[Any], name: str, names: _Names) -> _Call:
    """The declaration of a boot argument; what is as usual is left out."""
    where = _quoted(str(key.position)) if key.position else _quoted("")
    fields = [_quoted(key.option), _converter(key, names), _default(key), _quoted(key.doc), where]
    fields += [f"{form}=True" for form in _FORMS if getattr(key, form)]
    if key.short is not None:
        fields.append(f"short={_quoted(key.short)}")
    if key.converter.choices:
        fields.append(f"choices={_texts(key.converter.choices)}")
    if key.group is not None:
        fields.append(f"group={_quoted(key.group)}")
    return _Call(name, tuple(fields))


def _converter(key: Key[Any], names: _Names) -> str:
    """The name of the converter, or the function in the user's program that it is."""
    if key.converter.reference is None:
        return _quoted(key.converter.name)
    function = names.imported(Reference(key.converter.reference, key.position))
    return f"[{function}]" if key.converter.name.startswith("list of ") else function


def _default(key: Key[Any]) -> str:
    texts = key.show(key.default)
    if key.repeated:
        return _texts(texts) if texts else "None"
    return _quoted(texts[0]) if texts else "None"


def _texts(texts: tuple[str, ...]) -> str:
    inner = ", ".join(_quoted(text) for text in texts)
    return f"({inner},)" if len(texts) == 1 else f"({inner})"


def _literal(value: object, node: Node, names: _Names) -> str:
    if isinstance(value, Enum):
        return _quoted(member_name(value))
    if value is None or isinstance(value, bool | int | float | bytes):
        return repr(value)
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, tuple):
        inner = ", ".join(_literal(item, node, names) for item in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    kind = type(value)
    if kind.__module__ == "ipaddress":
        return f"{names.imported(Reference(f'ipaddress:{kind.__name__}'))}({_quoted(str(value))})"
    raise UserError(
        f"`{node.device.name}` is given {value!r}, which cannot be written into the program",
        node.position,
        "give it text, numbers, bytes, addresses, tuples of these, a key, or a reference "
        "`module:name`",
    )


def _quoted(text: str | None) -> str:
    if text is None:
        return "None"
    plain = repr(text)
    return plain if '"' in text else f'"{plain[1:-1]}"'.replace("\\'", "'")
