"""`fata.toml`: how a program is tested, and where and how each environment of it runs."""

from fata.settings.commandline import CommandLine
from fata.settings.load import FILE_NAME, load, parse, position
from fata.settings.model import (
    PRODUCTION,
    Environment,
    Health,
    Kind,
    Limits,
    Pipeline,
    Settings,
)
from fata.settings.port import Port, Protocol

__all__ = [
    "FILE_NAME",
    "PRODUCTION",
    "CommandLine",
    "Environment",
    "Health",
    "Kind",
    "Limits",
    "Pipeline",
    "Port",
    "Protocol",
    "Settings",
    "load",
    "parse",
    "position",
]
