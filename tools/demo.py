"""The main job on real input: a website becomes a VM, and the VM answers."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from fata.build.build import build
from fata.cli.show import size
from fata.consoles import console
from fata.nics import parse_publications
from fata.project import load
from fata.qemu.accelerator import Preference
from fata.qemu.background import background
from fata.qemu.machine import UserNic
from fata.qemu.observer import Stopwatch
from fata.qemu.wait import wait_http
from fata.run import Options, check, plan
from functoria import UserError
from functoria.action import run
from functoria.cli.show import show_error
from functoria.configure import plan as configuration

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "website"


@contextmanager
def step(what: str) -> Iterator[None]:
    """Say what is done, and how long it took."""
    click.echo(f"{what} ...")
    began = time.monotonic()
    yield
    click.echo(f"  done in {(time.monotonic() - began) * 1000:.0f} ms")


def report(text: str) -> None:
    """Show progress below its step."""
    click.echo(f"  {text}")


def demo() -> str:
    """`demo()` is the line that sums it up, once a page has come from the VM."""
    with step("configure examples/website for the target virtio"):
        project = load(EXAMPLE / "config.py", {"target": "virtio"}, os.environ, saved=False)
        run(configuration(project))
    with step("build the image: the program, its part of Python, a kernel"):
        build(project, report)
        made = check(project.output)
    image = made.image
    if image is None:
        raise UserError("the build has no image", str(project.output), "report this")
    with step("choose between KVM and emulation"):
        options = Options(publish=parse_publications(["0:80"]), preference=Preference.AUTO)
        guest, choice = plan(project.output, made, options)
        report(f"{choice.accelerator}: {choice.reason}")
    watch = Stopwatch()
    with step("boot it and fetch a page"), console(project.output) as log:
        with background(guest, choice.accelerator, log, watch) as running:
            nic = running.guest.nics[0]
            port = nic.publish[0].host if isinstance(nic, UserNic) else 0
            reply = wait_http(port, "/", 120, alive=lambda: not running.ended)
            milliseconds = watch.since(time.monotonic())
            running.interrupt()
            outcome = running.outcome(30)
        title = reply.body.decode().partition("<h1>")[2].partition("</h1>")[0]
        report(f"GET / gave {reply.status}, a page with the heading `{title}`")
        report(f"ctrl-C ended the guest: exit code {outcome.code}")
    total = image.kernel.blob.size + image.initramfs.size
    report(f"the console is in {log.relative_to(Path.cwd())}")
    click.echo(f"the image holds {len(made.files)} files: see `fata describe --image` there")
    return (
        f"demo: HTTP {reply.status} from a VM ({choice.accelerator}, kernel "
        f"{image.kernel.provider} {image.kernel.version}, image {total} bytes ({size(total)}), "
        f"{milliseconds:.0f} ms from starting QEMU to the answer)"
    )


def main() -> int:
    """Run the demo; the exit code is the result."""
    os.chdir(EXAMPLE.parent.parent)
    try:
        click.echo(demo())
    except UserError as error:
        show_error(error)
        return 1
    except TimeoutError as error:
        where = str(EXAMPLE / "dist" / "website-virtio" / "console.log")
        show_error(UserError(f"the VM did not answer: {error}", where, "read its console there"))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
