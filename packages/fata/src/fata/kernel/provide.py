"""One kernel for a guest, from whichever provider has it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable

from fata.kernel import debian, store, tiny
from fata.kernel.fragments import merged
from fata.kernel.model import Kernel
from fata.kernel.modules import FEATURES
from fata.kernel.store import DamagedEntryError
from functoria.error import UserError

PROVIDERS = ("auto", "tiny", "debian")


def provide(provider: str, profile: str, report: Callable[[str], None]) -> Kernel:
    """A kernel for guests of `profile`, from the cache, or else fetched or built.

    `auto` is `tiny` where it was built already and `debian` otherwise. Raises `UserError`.
    """
    wanted = _digest(profile)
    if provider == "auto":
        built = _newest(tiny.PROVIDER, wanted, report)
        if built is not None:
            return _told(built, report)
        kernel = _debian(report)
        report("a kernel that is smaller and starts sooner: `fata kernel build` (some minutes)")
        return kernel
    if provider == tiny.PROVIDER:
        built = _newest(tiny.PROVIDER, wanted, report)
        if built is None:
            report("kernel `tiny` is not built yet: that takes some minutes, `debian` does not")
        return _told(built or tiny.build(profile, report), report)
    if provider == debian.PROVIDER:
        return _debian(report)
    raise UserError(
        f"there is no kernel provider `{provider}`", None, f"use one of: {', '.join(PROVIDERS)}"
    )


def cached(provider: str, profile: str) -> Kernel | None:
    """The kernel that `provide` would take from the cache; None if it would get one first."""
    fragments = "" if provider == debian.PROVIDER else _digest(profile)
    return _newest(provider, fragments, lambda _: None)


def cached_kernels() -> tuple[Kernel | DamagedEntryError, ...]:
    """All kernels in the cache, sorted by directory; what is wrong in place of damaged ones."""
    found: list[Kernel | DamagedEntryError] = []
    for entry in store.entries(store.cache_directory()):
        try:
            found.append(store.load(entry)[0])
        except DamagedEntryError as error:
            found.append(error)
    return tuple(found)


def _debian(report: Callable[[str], None]) -> Kernel:
    cached = _newest(debian.PROVIDER, "", report)
    return _told(cached or debian.fetch(report), report)


def _told(kernel: Kernel, report: Callable[[str], None]) -> Kernel:
    report(f"kernel `{kernel.provider}` {kernel.version}, from {kernel.package_version}")
    return kernel


def _newest(provider: str, fragments: str, report: Callable[[str], None]) -> Kernel | None:
    """The kernel with the highest version among those made of `fragments`; damaged ones go."""
    found: list[tuple[tuple[tuple[int, str], ...], Kernel]] = []
    for entry in store.entries(store.cache_directory()):
        if not entry.name.startswith(f"{provider}-"):
            continue
        try:
            kernel, facts = store.load(entry)
        except DamagedEntryError as error:
            report(f"{error}; removed")
            store.discard(entry)
            continue
        # What an older fata took of the distribution's package may lack modules.
        whole = provider != debian.PROVIDER or set(FEATURES) <= set(facts.features)
        if facts.fragments == fragments and whole:
            found.append((version_key(facts.package_version), kernel))
    return max(found, key=lambda pair: pair[0])[1] if found else None


def version_key(version: str) -> tuple[tuple[int, str], ...]:
    """A key that sorts Debian versions of one package well enough to find the newest."""
    parts = re.findall(r"\d+|\D+", version)
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in parts)


def _digest(profile: str) -> str:
    return hashlib.sha256(merged(profile).encode()).hexdigest()
