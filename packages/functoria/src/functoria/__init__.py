"""functoria: typed devices, functors and keys become a graph, a plan and a program."""

from functoria.context import Context, Source, resolve
from functoria.converter import (
    ADDRESS,
    BOOLEAN,
    DURATION,
    INTEGER,
    IPV4,
    IPV6,
    MAC,
    NETWORK,
    NETWORK4,
    NETWORK6,
    PATH,
    PORT,
    SIZE,
    STRING,
    WORDS,
    Converter,
    choice,
    enum,
    list_of,
)
from functoria.error import Position, UsageError, UserError
from functoria.evaluate import Program, evaluate, register
from functoria.graph import Graph, Node, live_keys, resolve_graph
from functoria.impl import Device, Impl, Reference, if_impl, match_impl
from functoria.key import Key, Stage
from functoria.package import Package
from functoria.type import JOB, Arrow, Type
from functoria.value import Value, pure

__all__ = [
    "ADDRESS",
    "BOOLEAN",
    "DURATION",
    "INTEGER",
    "IPV4",
    "IPV6",
    "JOB",
    "MAC",
    "NETWORK",
    "NETWORK4",
    "NETWORK6",
    "PATH",
    "PORT",
    "SIZE",
    "STRING",
    "WORDS",
    "Arrow",
    "Context",
    "Converter",
    "Device",
    "Graph",
    "Impl",
    "Key",
    "Node",
    "Package",
    "Position",
    "Program",
    "Reference",
    "Source",
    "Stage",
    "Type",
    "UsageError",
    "UserError",
    "Value",
    "choice",
    "enum",
    "evaluate",
    "if_impl",
    "list_of",
    "live_keys",
    "match_impl",
    "pure",
    "register",
    "resolve",
    "resolve_graph",
]
