"""What a `config.py` imports: devices, types, keys, and `register`."""

from __future__ import annotations

from typing import Any

import functoria
from fata.devices.block import block, block_of_file, encrypted_block, guest_disk, ramdisk
from fata.devices.clock import clock, mock_clock
from fata.devices.http import http_server
from fata.devices.job import asgi, main, program, wsgi
from fata.devices.jobs import delay, noop, together
from fata.devices.kv_ro import directory_kv_ro, fat_kv_ro, kv_ro, packed_kv_ro, tar_kv_ro
from fata.devices.kv_rw import block_kv_rw, directory_kv_rw, kv_rw, memory_kv_rw, read_only
from fata.devices.logs import console_logs, no_logs
from fata.devices.name import guest_name
from fata.devices.network import network
from fata.devices.random import random, seeded_random
from fata.devices.secrets import secrets
from fata.devices.stack import socket_stack
from fata.devices.target import TARGET, by_target
from fata.devices.types import (
    BLOCK,
    CLOCK,
    HTTP,
    KV_RO,
    KV_RW,
    LOGS,
    NAME,
    NETWORK,
    RANDOM,
    STACK,
)
from functoria import (
    ADDRESS,
    BOOLEAN,
    DURATION,
    INTEGER,
    IPV4,
    IPV6,
    JOB,
    MAC,
    NETWORK4,
    NETWORK6,
    PATH,
    PORT,
    SIZE,
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
    Value,
    choice,
    enum,
    if_impl,
    list_of,
    match_impl,
)

CIDR = functoria.NETWORK
"""A network of either protocol, as `10.0.0.0/24`; `NETWORK` is the type of network devices."""

CONFIGURE, BOOT = Stage.CONFIGURE, Stage.BOOT


def key(  # noqa: PLR0913 - all but the first are said by name
    name: str,
    converter: Converter[Any],
    default: object = None,
    doc: str = "",
    *,
    stage: Stage = CONFIGURE,
    group: str | None = None,
    short: str | None = None,
    required: bool = False,
    repeated: bool = False,
) -> Key[Any]:
    """`key("language", choice("en", "fr"), "en", "...")` is an option of `fata configure`.

    With `stage=BOOT` it is an argument of the program instead, given when it boots. Without a
    default it may stay unset, and is then `None`, unless it is `required`; `repeated`, it may be
    given many times, and is a tuple. With a `group` its option is `--GROUP-NAME`; `short` is a
    letter for `-X`.
    """
    return Key(
        name=name,
        converter=converter,
        default=default,
        doc=doc,
        stage=stage,
        group=group,
        short=short,
        required=required,
        repeated=repeated,
    )


def argument(
    name: str, converter: Converter[Any], default: object = None, doc: str = "", **more: Any
) -> Key[Any]:
    """`argument("port", PORT, 7007, "...")` is `key(...)` at the stage `BOOT`."""
    return key(name, converter, default, doc, stage=BOOT, **more)


def flag(
    name: str,
    doc: str = "",
    *,
    stage: Stage = CONFIGURE,
    group: str | None = None,
    short: str | None = None,
) -> Key[bool]:
    """`flag("tls", "...")` is a key that is off unless `--tls` is given, which takes no value."""
    return Key(
        name=name,
        converter=BOOLEAN,
        doc=doc,
        stage=stage,
        group=group,
        short=short,
        flag=True,
    )


def register(name: str, *jobs: Impl, logs: Impl | None = None) -> None:
    """`register("hello", job)` says that the program `hello` runs the jobs, one after another.

    Logs go to the console unless `logs` is another device.
    """
    functoria.register(name, *jobs, before=(logs or console_logs(),))


__all__ = [
    "ADDRESS",
    "BLOCK",
    "BOOLEAN",
    "BOOT",
    "CIDR",
    "CLOCK",
    "CONFIGURE",
    "DURATION",
    "HTTP",
    "INTEGER",
    "IPV4",
    "IPV6",
    "JOB",
    "KV_RO",
    "KV_RW",
    "LOGS",
    "MAC",
    "NAME",
    "NETWORK",
    "NETWORK4",
    "NETWORK6",
    "PATH",
    "PORT",
    "RANDOM",
    "SIZE",
    "STACK",
    "STRING",
    "TARGET",
    "WORDS",
    "Arrow",
    "Device",
    "Package",
    "Reference",
    "Stage",
    "Type",
    "Value",
    "argument",
    "asgi",
    "block",
    "block_kv_rw",
    "block_of_file",
    "by_target",
    "choice",
    "clock",
    "console_logs",
    "delay",
    "directory_kv_ro",
    "directory_kv_rw",
    "encrypted_block",
    "enum",
    "fat_kv_ro",
    "flag",
    "guest_disk",
    "guest_name",
    "http_server",
    "if_impl",
    "key",
    "kv_ro",
    "kv_rw",
    "list_of",
    "main",
    "match_impl",
    "memory_kv_rw",
    "mock_clock",
    "network",
    "no_logs",
    "noop",
    "packed_kv_ro",
    "program",
    "ramdisk",
    "random",
    "read_only",
    "register",
    "secrets",
    "seeded_random",
    "socket_stack",
    "tar_kv_ro",
    "together",
    "wsgi",
]
