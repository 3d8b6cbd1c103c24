"""The kernel that a build would use, without building or fetching one."""

from __future__ import annotations

from fata.build import given
from fata.devices.target import UNIX
from fata.kernel import cached
from fata.kernel.fragments import merged
from fata.project import Project
from fata.targets.keys import KERNEL
from functoria import UserError

AUTO, TINY, DEBIAN = "auto", "tiny", "debian"


def kernel_config(project: Project) -> str:
    """`kernel_config(p)` is the configuration of the kernel: of the one in the cache, whole.

    Of a `tiny` kernel that was not built yet it is the lines that we ask for. Raises `UserError`
    where there is no kernel: as a process, or before the distribution's is fetched.
    """
    if project.target == UNIX:
        raise UserError(
            "a process runs on the kernel of its machine, and has none of its own",
            "kernel-config",
            "ask with `-t virtio` or `-t xen`",
        )
    wanted, profile = project.context.get(KERNEL), given.profile(project)
    providers = (TINY, DEBIAN) if wanted == AUTO else (wanted,)
    for kernel in (cached(provider, profile) for provider in providers):
        if kernel is not None:
            return kernel.config.read_text()
    if wanted == TINY:
        return merged(profile)
    raise UserError(
        "the distribution's kernel is not fetched yet",
        "kernel-config",
        "run `fata kernel fetch`, or ask with `--kernel tiny`",
    )
