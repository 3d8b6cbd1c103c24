"""Giving another keeper to a guest that runs without one, which the hypervisor went on running."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from fata.deploy.drivers.await_start import await_start
from fata.deploy.drivers.directory import FAILURE, STATE, Started, read_spec, read_value
from fata.deploy.drivers.launch import Launcher
from fata.deploy.drivers.processes import find
from fata.deploy.drivers.spec import Limits
from functoria.error import UserError

UNKEPT = "its keeper was killed; the supervisor gives it another"
"""The remark on such a guest."""


def attend(directory: Path, keeper: str, launcher: Launcher, runs: Callable[[], bool]) -> None:
    """`attend(directory, keeper, launcher, runs)` starts a keeper if the guest has none and `runs`.

    `keeper` is the label of its keeper. Nothing is done to the guest where that fails. Raises
    `UserError`. The guest has to be `locked`.
    """
    # A keeper ends after its guest: in this order, none is taken for killed that has ended.
    if find(directory, keeper).keeper is not None or not runs():
        return
    if not (directory / STATE).exists():
        raise UserError(
            "the guest has no keeper, and it is not known when it was started",
            str(directory / STATE),
            "deploy the app again: what is written down of this guest is damaged",
        )
    # The limits are the guest's, and none of its keeper's.
    spec = replace(read_spec(directory), limits=Limits())
    before = read_value(directory / STATE, Started)
    launcher.forget(directory)
    try:
        launcher.launch(spec, f"{keeper}{directory}")
        await_start(directory, keeper, before)
    finally:
        # It did start once: why it cannot be attended to is for the one who asked.
        (directory / FAILURE).unlink(missing_ok=True)
