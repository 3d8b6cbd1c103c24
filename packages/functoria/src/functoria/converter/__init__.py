"""Converters: between the text of an option and its value, one kind of value per file."""

from functoria.converter.collection import WORDS, choice, enum, list_of
from functoria.converter.model import Converter
from functoria.converter.net import (
    ADDRESS,
    IPV4,
    IPV6,
    MAC,
    NETWORK,
    NETWORK4,
    NETWORK6,
    PORT,
)
from functoria.converter.plain import BOOLEAN, INTEGER, PATH, STRING
from functoria.converter.quantity import DURATION, SIZE

__all__ = [
    "ADDRESS",
    "BOOLEAN",
    "DURATION",
    "INTEGER",
    "IPV4",
    "IPV6",
    "MAC",
    "NETWORK",
    "NETWORK4",
    "NETWORK6",
    "PATH",
    "PORT",
    "SIZE",
    "STRING",
    "WORDS",
    "Converter",
    "choice",
    "enum",
    "list_of",
]
