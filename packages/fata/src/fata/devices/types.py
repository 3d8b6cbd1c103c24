"""The signatures that devices implement; `libos.signatures` has their methods."""

from __future__ import annotations

from functoria import Type

BLOCK = Type("block")
CLOCK = Type("clock")
HTTP = Type("http")
KV_RO = Type("kv_ro")
KV_RW = Type("kv_rw")
LOGS = Type("logs")
NAME = Type("name")
NETWORK = Type("network")
RANDOM = Type("random")
STACK = Type("stack")
