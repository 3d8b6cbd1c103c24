"""PID 1 of a VM: from the kernel's hand-over to the machine's end."""

from __future__ import annotations

import os
import sys

from libos.boot.interrupts import TELLS, Interrupts, tell_ready
from libos.boot.outcome import INTERRUPTED, REASONS, UNCAUGHT, last_line
from libos.boot.program import run

TYPE_CHECKING = False  # `typing` costs more to import than all of this package

if TYPE_CHECKING:
    from types import ModuleType

PROGRAM = "fata_main"
MODULES = "/app/kernel-modules"


def main() -> None:
    """Run the program of this image, say how it ended on the last line, and end the machine.

    An interrupt at any time before the end is the end, with `INTERRUPTED`.
    """
    interrupts = Interrupts()
    interrupts.remember()
    try:
        try:
            words = _prepare()
            code, reason = run(lambda: _load(interrupts), words)
        finally:
            interrupts.ignore()
    except KeyboardInterrupt:
        code, reason = INTERRUPTED, REASONS[INTERRUPTED]
    except BaseException as error:
        import traceback

        traceback.print_exception(error)
        code, reason = UNCAUGHT, f"the boot failed: {error}"
    _end(code, reason)


def _prepare() -> list[str]:
    """Make the machine ready for the program; the boot arguments are the result."""
    from libos.boot import kernel, mounts

    mounts.mount_all()
    with open("/proc/cmdline") as file:
        line = file.read()
    _load_kernel_modules()
    _take_console()
    os.environ.clear()
    os.environ.update({"HOME": "/tmp", "LANG": "C.UTF-8", "TMPDIR": "/tmp"})  # noqa: S108
    _watch_orphans()
    _heed_requests()
    if "fata.audit" in line.split():
        from libos.boot import audit

        audit.watch_compilation()
    from libos.boot.command_line import from_command_line

    words = from_command_line(line)
    os.chdir("/app")  # where what lies beside config.py is, as in a process
    kernel.mount("", "/", "", kernel.MS_REMOUNT | kernel.MS_RDONLY)
    if TELLS in line.split():
        tell_ready(0)
    return words


def _load_kernel_modules() -> None:
    """Load what the image lists, in order: only images with the distribution's kernel do."""
    try:
        names = sorted(os.listdir(MODULES))
    except FileNotFoundError:
        return
    from libos.boot import kernel

    for name in names:
        kernel.load_module(f"{MODULES}/{name}")


def _take_console() -> None:
    """Make the console the controlling terminal, so that ctrl-C there interrupts the program."""
    import fcntl
    import termios

    with open("/sys/class/tty/console/active") as file:
        name = file.read().split()[-1]
    if os.getsid(0) != os.getpid():
        os.setsid()
    terminal = os.open(f"/dev/{name}", os.O_RDWR | os.O_NOCTTY)
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 1)
    for descriptor in (0, 1, 2):
        os.dup2(terminal, descriptor)
    if terminal > 2:
        os.close(terminal)
    settings = termios.tcgetattr(0)
    settings[3] |= termios.NOFLSH  # ctrl-C is not to take the program's last words with it
    termios.tcsetattr(0, termios.TCSANOW, settings)


def _watch_orphans() -> None:
    import signal

    from libos.boot import orphans

    signal.signal(signal.SIGCHLD, orphans.reap)


def _heed_requests() -> None:
    """Have a request to power off interrupt the program, as ctrl-C does.

    The kernel starts a program for it: `xl shutdown` comes that way (orderly_poweroff, which
    drivers/xen/manage.c calls).
    """
    try:
        with open("/proc/sys/kernel/poweroff_cmd", "w") as file:
            file.write(f"{sys.executable} -I -S -c __import__('posix').kill(1,2)")
    except FileNotFoundError:
        return


def _load(interrupts: Interrupts) -> ModuleType:
    """Import the program. Whatever an import makes of an interrupt, it stays one."""
    import importlib

    from libos.boot import dropped

    try:
        interrupts.heed()
        dropped.install()
        module = importlib.import_module(PROGRAM)
    except BaseException:
        if interrupts.heard:
            raise KeyboardInterrupt from None
        raise
    interrupts.leave()
    return module


def _end(code: int, reason: str) -> None:
    """Write the outcome, let the console drain, and end the machine."""
    import termios

    from libos.boot import kernel

    sys.stdout.flush()
    sys.stderr.flush()
    os.write(1, f"\n{last_line(code, reason)}\n".encode())
    termios.tcdrain(1)
    os.sync()
    with open("/proc/cmdline") as file:
        restart = "fata.end=restart" in file.read().split()
    kernel.reboot(kernel.RESTART if restart else kernel.POWER_OFF)
