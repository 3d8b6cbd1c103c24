"""The images that fata builds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from variant import Variant, configured

from fata.build.build import build
from fata.image.manifest import Image
from fata.nics import parse_publications
from fata.qemu.accelerator import Preference
from fata.run import Options, check, plan
from functoria import UserError


def ours(kernel: str, scratch: Path, report: Callable[[str], None]) -> Variant:
    """`ours(kernel, scratch, report)` is the website with the kernel of that provider.

    Everything is as `fata configure`, `fata build` and `fata run` have it by default. Raises
    `UserError`.
    """
    project = configured(scratch / kernel, {"target": "virtio", "kernel": kernel})
    build(project, report)
    made = check(project.output)
    image = _image(made.image, project.output)
    options = Options(publish=parse_publications(["0:80"]), preference=Preference.TCG)
    guest, _choice = plan(project.output, made, options)
    files = sum(record.kind not in ("directory", "link") for record in made.files)
    return Variant(kernel, f"{kernel} {image.kernel.version}", guest, image.unpacked, files)


def _image(image: Image | None, output: Path) -> Image:
    if image is None:
        raise UserError("the build has no image", str(output), "report this")
    return image
