"""The file systems that a Linux program expects to find."""

from __future__ import annotations

from libos.boot.kernel import MS_NODEV, MS_NOEXEC, MS_NOSUID, mount

_SAFE = MS_NOSUID | MS_NODEV | MS_NOEXEC

MOUNTS = (
    ("proc", "/proc", "proc", _SAFE, ""),
    ("sysfs", "/sys", "sysfs", _SAFE, ""),
    ("devtmpfs", "/dev", "devtmpfs", MS_NOSUID | MS_NOEXEC, ""),
    ("tmpfs", "/run", "tmpfs", _SAFE, "mode=755"),
    ("tmpfs", "/tmp", "tmpfs", _SAFE, "mode=1777"),  # noqa: S108
)


def mount_all() -> None:
    """Mount them; the directories are in the image. Raises `OSError`."""
    for source, target, kind, flags, options in MOUNTS:
        mount(source, target, kind, flags, options)
