"""Starting a guest's QEMU: as a user of its own, within its limits, tied to its keeper."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator

from fata.child import tied
from fata.deploy.drivers import cgroup
from fata.deploy.drivers.arguments import arguments
from fata.deploy.drivers.resources import Resources
from fata.deploy.drivers.spec import GuestSpec
from fata.deploy.drivers.user import guest_user, kvm_groups
from fata.qemu.failure import not_installed
from fata.qemu.machine import PROGRAM, Accelerator
from fata.qemu.timestamp import tsc_khz


@contextlib.contextmanager
def spawned(
    spec: GuestSpec, resources: Resources, program: str = PROGRAM
) -> Iterator[subprocess.Popen[bytes]]:
    """`spawned(spec, resources)` is QEMU, which ends with this context and with this thread.

    Raises `UserError` where there is no QEMU, and `OSError`.
    """
    emulated = spec.accelerator is Accelerator.TCG
    words = arguments(spec, resources.descriptors, program, tsc_khz() if emulated else None)
    user = guest_user(spec.directory)
    with _joining(spec) as join:
        tie = tied()

        def prepare() -> None:
            join()
            tie()

        try:
            child = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                bufsize=0,
                pass_fds=resources.descriptors.all,
                cwd="/",
                env={"PATH": os.environ.get("PATH", os.defpath)},
                user=user,
                group=user,
                extra_groups=None if user is None else () if emulated else kvm_groups(),
                preexec_fn=prepare,  # noqa: PLW1509 - it must not outlive us
            )
        except FileNotFoundError as error:
            raise not_installed(program) from error
    if child.stderr is not None:
        os.set_blocking(child.stderr.fileno(), False)
    try:
        yield child
    finally:
        child.kill()
        child.wait()
        if child.stderr is not None:
            child.stderr.close()


@contextlib.contextmanager
def _joining(spec: GuestSpec) -> Iterator[Callable[[], None]]:
    """What the child calls to join the guest's control group, when it is no longer root.

    That is allowed by the descriptors, which were opened before.
    """
    with contextlib.ExitStack() as held:
        made = None if under_systemd() else cgroup.make(spec.directory, spec.limits)
        descriptors = () if made is None else made.descriptors()
        for descriptor in descriptors:
            held.callback(os.close, descriptor)

        def join() -> None:
            for descriptor in descriptors:
                os.write(descriptor, b"0")

        yield join


def under_systemd() -> bool:
    """Whether this process is a unit of systemd's, which has its limits (systemd.exec(5))."""
    return "INVOCATION_ID" in os.environ
