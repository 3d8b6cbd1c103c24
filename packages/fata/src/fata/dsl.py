"""What a `config.py` imports: devices, types, keys, and `register`."""

from __future__ import annotations

from typing import TypeVar

import functoria
from fata.devices.block import block, block_of_file, encrypted_block, guest_disk, ramdisk
from fata.devices.clock import clock, mock_clock
from fata.devices.http import http_server
from fata.devices.job import asgi, main, program, wsgi
from fata.devices.jobs import delay, noop, together
from fata.devices.kv_ro import directory_kv_ro, kv_ro, packed_kv_ro
from fata.devices.logs import console_logs, no_logs
from fata.devices.name import guest_name
from fata.devices.network import network
from fata.devices.random import random, seeded_random
from fata.devices.stack import socket_stack
from fata.devices.target import TARGET, by_target
from fata.devices.types import (
    BLOCK,
    CLOCK,
    HTTP,
    KV_RO,
    LOGS,
    NAME,
    NETWORK,
    RANDOM,
    STACK,
)
from functoria import (
    BOOLEAN,
    DURATION,
    INTEGER,
    JOB,
    PORT,
    STRING,
    WORDS,
    Arrow,
    Converter,
    Device,
    Impl,
    Key,
    Package,
    Reference,
    Stage,
    Type,
    choice,
    if_impl,
    match_impl,
)

T = TypeVar("T")


def key(name: str, converter: Converter[T], default: T, doc: str) -> Key[T]:
    """`key("language", choice("en", "fr"), "en", "...")` is an option of `fata configure`."""
    return Key(name=name, converter=converter, default=default, doc=doc)


def argument(name: str, converter: Converter[T], default: T, doc: str) -> Key[T]:
    """`argument("port", PORT, 7007, "...")` is an argument that is given when the program boots."""
    return Key(name=name, converter=converter, default=default, doc=doc, stage=Stage.BOOT)


def register(name: str, *jobs: Impl, logs: Impl | None = None) -> None:
    """`register("hello", job)` says that the program `hello` runs the jobs, one after another.

    Logs go to the console unless `logs` is another device.
    """
    functoria.register(name, *jobs, before=(logs or console_logs(),))


__all__ = [
    "BLOCK",
    "BOOLEAN",
    "CLOCK",
    "DURATION",
    "HTTP",
    "INTEGER",
    "JOB",
    "KV_RO",
    "LOGS",
    "NAME",
    "NETWORK",
    "PORT",
    "RANDOM",
    "STACK",
    "STRING",
    "TARGET",
    "WORDS",
    "Arrow",
    "Device",
    "Package",
    "Reference",
    "Type",
    "argument",
    "asgi",
    "block",
    "block_of_file",
    "by_target",
    "choice",
    "clock",
    "console_logs",
    "delay",
    "directory_kv_ro",
    "encrypted_block",
    "guest_disk",
    "guest_name",
    "http_server",
    "if_impl",
    "key",
    "kv_ro",
    "main",
    "match_impl",
    "mock_clock",
    "network",
    "no_logs",
    "noop",
    "packed_kv_ro",
    "program",
    "ramdisk",
    "random",
    "register",
    "seeded_random",
    "socket_stack",
    "together",
    "wsgi",
]
