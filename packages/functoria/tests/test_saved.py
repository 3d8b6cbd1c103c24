"""What the last `configure` was told is a file, and may have become anything."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from functoria import UserError
from functoria.action import WriteFile, marked, run
from functoria.saved import read_saved, saved_file
from functoria.tool import Tool

TOOL = Tool(name="brew", version="1.0", doc="")


def in_the_way(path: Path, kind: str) -> None:
    path.parent.mkdir()
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "directory":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/zero")
    else:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))


@pytest.mark.parametrize("kind", ["fifo", "directory", "device", "socket"])
def test_what_is_no_file_is_not_waited_for(tmp_path: Path, kind: str) -> None:
    path = saved_file(TOOL, tmp_path)
    in_the_way(path, kind)
    with pytest.raises(UserError, match="the saved keys cannot be read: ") as caught:
        read_saved(TOOL, tmp_path)
    assert caught.value.where == str(path)
    assert caught.value.do.startswith("remove the file, then run `brew configure` again")
    assert not marked(path, TOOL.mark)
    with pytest.raises(UserError, match="was not generated, and is left as it is"):
        run([WriteFile(path, TOOL.mark, TOOL.mark)])


def test_nothing_was_said_where_nothing_is_saved(tmp_path: Path) -> None:
    assert read_saved(TOOL, tmp_path).texts == {}
