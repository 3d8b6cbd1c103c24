"""What an ELF file asks of the dynamic loader (System V ABI, chapter 5; ld.so(8))."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from fata.cache import Cache, cache_directory, key_of_file
from functoria.error import UserError

MAGIC = b"\x7fELF"
MOST = 10_000  # entries of a dynamic section; real ones have about thirty


@dataclass(frozen=True, slots=True)
class Elf:
    """`Elf(...)` is the part of an ELF file that decides which others it needs."""

    machine: str
    """As pyelftools names it, with the class: `EM_X86_64/64`."""
    soname: str
    needed: tuple[str, ...]
    rpath: tuple[str, ...]
    runpath: tuple[str, ...]
    interpreter: str
    symbols: bool
    """Whether it carries a symbol table that the dynamic loader does not use."""


def is_elf(content: bytes) -> bool:
    """`is_elf(content)` is whether a file begins as ELF files do."""
    return content.startswith(MAGIC)


def read_elf(path: Path) -> Elf:
    """`read_elf(path)` is the facts of the file at `path`.

    Raises `UserError` where it is not a well-formed ELF file.
    """
    cache, key = Cache(cache_directory() / "elf"), key_of_file("1", path)
    known = _decode(cache.get(key))
    if known is None:
        known = parse_elf(path.read_bytes(), str(path))
        cache.put(key, json.dumps(asdict(known)).encode())
    return known


def parse_elf(content: bytes, name: str) -> Elf:
    """`parse_elf(content, name)` is the facts of an ELF file; `name` is how errors call it."""
    from elftools.elf.elffile import ELFFile  # 27 ms that a warm build does not need

    if not is_elf(content):
        raise _malformed(name, "it does not begin as one")
    try:
        return _facts(ELFFile(BytesIO(content)))
    except UserError:
        raise
    except Exception as error:  # the parser meets hostile input with whatever its reads raise
        raise _malformed(name, str(error) or type(error).__name__) from error


def _facts(file: Any) -> Elf:
    tags: dict[str, list[str]] = {"needed": [], "soname": [], "rpath": [], "runpath": []}
    interpreter = ""
    for segment in file.iter_segments():
        if segment["p_type"] == "PT_INTERP":
            interpreter = segment.get_interp_name()
        elif segment["p_type"] == "PT_DYNAMIC":
            for count, tag in enumerate(segment.iter_tags()):
                if count > MOST:
                    raise ValueError("its dynamic section does not end")
                field = tag.entry.d_tag.removeprefix("DT_").lower()
                if isinstance(field, str) and field in tags:
                    tags[field].append(getattr(tag, field))
    return Elf(
        machine=f"{file['e_machine']}/{file.elfclass}",
        soname=next(iter(tags["soname"]), ""),
        needed=tuple(tags["needed"]),
        rpath=_split(tags["rpath"]),
        runpath=_split(tags["runpath"]),
        interpreter=interpreter,
        symbols=any(section["sh_type"] == "SHT_SYMTAB" for section in file.iter_sections()),
    )


def _split(values: list[str]) -> tuple[str, ...]:
    return tuple(part for value in values for part in value.split(":") if part)


def _malformed(name: str, why: str) -> UserError:
    return UserError(
        f"`{Path(name).name}` is not a well-formed ELF file: {why}",
        name,
        "install the package that it belongs to again",
    )


def _decode(blob: bytes | None) -> Elf | None:
    try:
        raw = json.loads(blob or b"")
        fields: dict[str, Any] = {k: tuple(v) if type(v) is list else v for k, v in raw.items()}
        return Elf(**fields)
    except (ValueError, TypeError, AttributeError):
        return None
