"""A process that reads texts with libxlutil, xl's own parser, and tells what it made of them.

A process of its own: the library aborts on some texts. Each line of input is JSON, a text as
base64; each line of output is JSON: the error code, the line of the first error, the values.
"""

from __future__ import annotations

import base64
import ctypes
import json
import re
import sys
from typing import Any


def main(library: str) -> None:
    for dependency in sys.argv[2:]:
        ctypes.CDLL(dependency, mode=ctypes.RTLD_GLOBAL)
    xlu = ctypes.CDLL(library)
    libc = ctypes.CDLL(None)
    xlu.xlu_cfg_init.restype = ctypes.c_void_p
    xlu.xlu_cfg_get_listitem2.restype = ctypes.c_void_p
    libc.open_memstream.restype = ctypes.c_void_p
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(read(xlu, libc, base64.b64decode(request["text"]), request["names"])))
        sys.stdout.flush()


def read(xlu: Any, libc: Any, text: bytes, names: list[str]) -> dict[str, Any]:
    buffer, size = ctypes.c_char_p(), ctypes.c_size_t()
    stream = ctypes.c_void_p(libc.open_memstream(ctypes.byref(buffer), ctypes.byref(size)))
    config = ctypes.c_void_p(xlu.xlu_cfg_init(stream, b"text"))
    code = xlu.xlu_cfg_readdata(config, text, len(text))
    values = {}
    if code == 0:
        for name in names:
            value = value_of(xlu, config, name.encode())
            if value is not None:
                values[name] = value
    xlu.xlu_cfg_destroy(config)
    libc.fclose(stream)
    report = (buffer.value or b"").decode("utf-8", "replace")
    found = re.search(r"^text:([0-9]+):", report, re.MULTILINE)
    return {"code": code, "line": int(found[1]) if found else None, "values": values}


def value_of(xlu: Any, config: Any, name: bytes) -> Any:
    text, items = ctypes.c_char_p(), ctypes.c_void_p()
    if xlu.xlu_cfg_get_string(config, name, ctypes.byref(text), 1) == 0:
        return (text.value or b"").decode("latin-1")
    if xlu.xlu_cfg_get_list(config, name, ctypes.byref(items), None, 1) == 0:
        return items_of(xlu, config, items)
    return None


def items_of(xlu: Any, config: Any, items: Any) -> list[Any]:
    values: list[Any] = []
    while True:
        item = xlu.xlu_cfg_get_listitem2(items, len(values))
        if not item:
            return values
        text, inner = ctypes.c_char_p(), ctypes.c_void_p()
        value = ctypes.c_void_p(item)
        if xlu.xlu_cfg_value_get_string(config, value, ctypes.byref(text), 1) == 0:
            values.append((text.value or b"").decode("latin-1"))
        else:
            xlu.xlu_cfg_value_get_list(config, value, ctypes.byref(inner), 1)
            values.append(items_of(xlu, config, inner))


if __name__ == "__main__":
    main(sys.argv[1])
