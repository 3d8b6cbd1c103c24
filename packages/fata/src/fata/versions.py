"""The versions that are in play."""

from __future__ import annotations

VERSION = "0.2.0"
"""The version of the tool, which the first line of a configuration may speak of."""


def versions() -> dict[str, str]:
    """`versions()` is the version of each of our packages, by name."""
    from importlib.metadata import version

    return {name: version(name) for name in ("fata", "functoria", "libos", "xlcfg")}


def report() -> dict[str, object]:
    """`report()` is what takes part in a build: engine, API, Xen library, Python, kernels.

    `api` is the version of the signatures that programs are written against. `kernels` are those
    in the user's cache, the newest of each kind last.
    """
    import platform

    import libos
    from fata.kernel import Kernel, cached_kernels

    packages = {name: text for name, text in versions().items() if name != "fata"}
    kernels = [
        {
            "provider": kernel.provider,
            "profile": kernel.profile,
            "key": kernel.key,
            "version": kernel.version,
            "package": kernel.package_version,
        }
        for kernel in cached_kernels()
        if isinstance(kernel, Kernel)
    ]
    return {
        **packages,
        "api": libos.API,
        "python": platform.python_version(),
        "kernels": kernels,
    }
