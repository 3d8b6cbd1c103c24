"""The provider `debian`: the distribution's prebuilt cloud kernel, with the few modules needed.

It needs no compiler and is there in seconds, but is larger and starts slower than `tiny`. The
package and its verification are apt's; of its content only the kernel, its configuration and the
modules that our features can ask for are kept, uncompressed.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from fata.kernel import apt, store
from fata.kernel.model import Kernel
from fata.kernel.modules import FEATURES, ModuleTree
from fata.kernel.store import Facts
from functoria.error import UserError

PROVIDER = "debian"
PROFILE = "cloud"
METAPACKAGE = "linux-image-cloud-amd64"
IMAGE = "vmlinuz"

_AGAIN = "fetch it again with `fata kernel fetch`; if that does not help, use `fata kernel build`"


def fetch(report: Callable[[str], None]) -> Kernel:
    """The kernel that apt would install now, from the cache or fetched; seconds, and 30 MB.

    Raises `UserError` where apt cannot provide it or its content is not what is known of it.
    """
    package = _package()
    made_of = " ".join((package.name, package.version, *sorted(FEATURES)))
    key = hashlib.sha256(made_of.encode()).hexdigest()[:16]
    directory = store.cache_directory()
    name = f"{PROVIDER}-{PROFILE}-{key}"
    with store.making(directory, name, report) as scratch:
        if (directory / name).exists():
            try:
                return store.load(directory / name)[0]
            except store.DamagedEntryError as error:
                report(f"{error}; fetching it again")
        report(f"fetching {package.name} {package.version}")
        with tempfile.TemporaryDirectory(dir=scratch) as download:
            apt.unpack(apt.fetch(package, Path(download)), scratch / "package")
        staged = scratch / "entry"
        staged.mkdir()
        facts = _collect(package, key, scratch / "package", staged)
        return store.publish(directory, staged, facts)


def _package() -> apt.Package:
    """The versioned package behind the metapackage."""
    meta = apt.candidate(METAPACKAGE)
    images = [name for name in meta.depends if name.startswith("linux-image-")]
    if not images:
        raise UserError(
            f"package `{METAPACKAGE}` depends on no kernel", None, "run `apt update` and try again"
        )
    return apt.candidate(images[0])


def _collect(package: apt.Package, key: str, tree: Path, staged: Path) -> Facts:
    image = _one(tree, package, "boot/vmlinuz-*")
    config = _one(tree, package, "boot/config-*")
    version = image.name.removeprefix("vmlinuz-")
    # With a merged /usr the modules moved below usr/.
    modules = _one(tree, package, f"lib/modules/{version}", f"usr/lib/modules/{version}")
    shutil.copyfile(image, staged / IMAGE)
    shutil.copyfile(config, staged / "config")
    features = _modules(ModuleTree(modules), staged / "modules")
    return Facts(
        provider=PROVIDER,
        profile=PROFILE,
        key=key,
        version=version,
        package=package.name,
        package_version=package.version,
        features=features,
        image=IMAGE,
    )


def _modules(tree: ModuleTree, target: Path) -> dict[str, tuple[str, ...]]:
    target.mkdir()
    features: dict[str, tuple[str, ...]] = {}
    for feature in sorted(FEATURES):
        features[feature] = tree.order(FEATURES[feature])
        for name in features[feature]:
            (target / f"{name}.ko").write_bytes(tree.elf(name))
    return features


def _one(tree: Path, package: apt.Package, *patterns: str) -> Path:
    found = [path for pattern in patterns for path in sorted(tree.glob(pattern))]
    if len(found) != 1:
        raise UserError(f"package `{package.name}` has no `{patterns[0]}`", str(tree), _AGAIN)
    return found[0]
