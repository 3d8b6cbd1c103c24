"""A build of what is in a file: as the host that runs this, in the way that is asked for.

`attempt.py ROOT USER LIMITS FILE`; USER is the builder, `-` for who runs this, and after
`systemd:` as a unit. What it prints is the build's, and then its exit code or what was wrong.
"""

from __future__ import annotations

import io
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

from fata.host.push import Limits, room
from fata.host.push.surroundings import variables
from functoria import UserError


def _packed(file: Path) -> io.BytesIO:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        archive.add(file, "attack.py")
    packed.seek(0)
    return packed


def main(root: Path, user: str, limits: str, file: Path) -> None:
    way, _, name = user.rpartition(":")
    allowed = Limits(**eval(limits))  # noqa: S307 - ours
    box = room.open_room(root / "build", "app", None if name == "-" else name, allowed)
    work = box.directory / room.WORK
    room.put(box, _packed(file), work)
    box = replace(box, systemd=way == "systemd")
    words = ("/usr/bin/python3", "-I", "attack.py")
    try:
        code = box.run(words, work, variables(box.directory, network=False), print)
        print(f"exit code {code}")
    except UserError as error:
        print(error)
    try:  # as for the second build of a commit
        room.put(box, _packed(file), box.directory / room.AGAIN)
    except UserError:
        print("nothing is put where the first build has made a link")
    room.open_room(root / "build", "app", box.user, allowed)  # as the next push does


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], Path(sys.argv[4]))
