"""Where modules are looked for, in the order in which a program expects them."""

from __future__ import annotations

from pathlib import Path

from fata.closure.finder import Origin, Root
from fata.closure.interpreter import Interpreter

APP = "app"


def roots(
    interpreter: Interpreter, project: Path, environment: Path | None, libos: Path
) -> tuple[Root, ...]:
    """`roots(interpreter, project, environment, libos)` is the places to look, first match wins.

    As on a developer's machine the project may shadow the standard library, and third-party
    packages may not. `libos` is the package's own directory; nothing shadows it.
    """
    stdlib = stdlib_in_image(interpreter)
    dynload = interpreter.dynload
    places = [
        Root(libos.resolve().parent, Origin.LIBOS, APP, only=libos.name),
        Root(project.resolve(), Origin.USER, APP),
        Root(interpreter.stdlib, Origin.STDLIB, stdlib),
        Root(dynload, Origin.STDLIB, f"{stdlib}/lib-dynload"),
    ]
    if environment is not None:
        places.append(Root(environment.resolve(), Origin.THIRD_PARTY, APP))
    return tuple(places)


def stdlib_in_image(interpreter: Interpreter) -> str:
    """`stdlib_in_image(i)` is where its library must be for `sys.prefix` to be `/usr`.

    It is `usr/lib/python3.11`, and cannot be directly below `/`: the search for the landmark
    `os.pyc` stops before the root.
    """
    try:
        below = interpreter.stdlib.relative_to(interpreter.prefix).as_posix()
    except ValueError:
        below = f"lib/python{interpreter.short_version}"
    return f"usr/{below}"
