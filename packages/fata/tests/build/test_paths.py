"""Files that a program uses where they lie are there for processes, and not for VMs."""

from __future__ import annotations

from pathlib import Path

import pytest

from fata.build import guest
from fata.project import load
from functoria import Position, UserError


@pytest.mark.parametrize("target", ["virtio", "xen"])
@pytest.mark.parametrize(
    ("type_", "device", "instead"),
    [
        ("KV_RO", 'directory_kv_ro("notes")', '`kv_ro("notes")`'),
        ("KV_RW", 'directory_kv_rw("notes")', "`kv_rw`, which is on a disk there"),
        ("BLOCK", 'block_of_file("notes", size="1MiB")', "`block`, which is a disk there"),
    ],
)
def test_what_lies_in_the_project_is_refused_for_a_vm_before_it_is_built(
    tmp_path: Path, target: str, type_: str, device: str, instead: str
) -> None:
    config = tmp_path / "config.py"
    config.write_text(
        "from fata.dsl import *\n"
        f"store = {device}\n"
        f'register("w", main("notes:go", {type_} >> JOB)(store))\n'
    )
    with pytest.raises(UserError) as caught:
        guest.planned(load(config, {"target": target}, {}), lambda _: None)
    error = caught.value
    assert error.what == "`notes` lies in the project, and a VM has only what its image holds"
    assert error.where == Position("config.py", 2)
    assert error.do == f"use {instead}; or configure with `-t unix`, to run as a process"
