"""From what a guest needs to the module files to load, in load order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from fata.kernel.model import KernelModule
from fata.kernel.modinfo import BadModuleError, ModuleInfo, decompress, module_name, parse
from functoria.error import UserError

# A transport comes before the devices on it only for readers: the kernel binds in any order.
FEATURES: Mapping[str, tuple[str, ...]] = {
    "virtio-mmio": ("virtio_mmio",),
    "virtio-pci": ("virtio_pci",),
    "net": ("virtio_net",),
    "block": ("virtio_blk",),
    "rng": ("virtio_rng",),
    "xen-net": ("xen_netfront",),
    "xen-block": ("xen_blkfront",),
}


class ModuleTree:
    """`ModuleTree(directory)` is the modules below a `lib/modules/RELEASE` directory.

    Modules are read when asked for; `builtin` are the names that need no file.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.builtin = _builtin(directory)
        self._files = {
            name: path
            for path in sorted(directory.rglob("*.ko*"))
            if (name := module_name(path.name)) is not None and path.is_file()
        }
        self._read: dict[str, tuple[ModuleInfo, bytes]] = {}

    def __contains__(self, name: str) -> bool:
        """Whether there is such a module, as a file."""
        return name in self._files

    def info(self, name: str) -> ModuleInfo:
        """What the module says about itself; raises `UserError` where there is none."""
        return self._load(name)[0]

    def elf(self, name: str) -> bytes:
        """The module's uncompressed bytes."""
        return self._load(name)[1]

    def order(self, wanted: Iterable[str]) -> tuple[str, ...]:
        """`wanted` and all that they depend on, each after what it depends on.

        Raises `UserError` for a module that does not exist, and for a circle of dependencies.
        """
        done: dict[str, None] = {}
        for name in wanted:
            self._visit(name, (), done)
        return tuple(done)

    def _visit(self, name: str, path: tuple[str, ...], done: dict[str, None]) -> None:
        if name in done or name in self.builtin:
            return
        if name in path:
            raise UserError(
                f"kernel modules depend on each other in a circle: {' -> '.join((*path, name))}",
                str(self.directory),
                "this is no module tree of a distribution: fetch the kernel again with "
                "`fata kernel fetch`",
            )
        info = self.info(name)
        softly = [before for before in info.before if before in self._files]
        for needed in (*softly, *info.depends):
            self._visit(needed, (*path, name), done)
        done[name] = None

    def _load(self, name: str) -> tuple[ModuleInfo, bytes]:
        if name not in self._read:
            path = self._files.get(name)
            if path is None:
                raise UserError(
                    f"the kernel package has no module `{name}`",
                    str(self.directory),
                    "use the kernel `tiny`, which has its drivers built in: `fata kernel build`",
                )
            try:
                elf = decompress(path.read_bytes())
                self._read[name] = parse(elf), elf
            except BadModuleError as error:
                raise UserError(
                    f"kernel module `{path.name}` cannot be read: {error}",
                    str(path),
                    "fetch the kernel again with `fata kernel fetch`",
                ) from error
        return self._read[name]


def _builtin(directory: Path) -> frozenset[str]:
    try:
        lines = (directory / "modules.builtin").read_text().splitlines()
    except FileNotFoundError:
        return frozenset()
    return frozenset(name for line in lines if (name := module_name(Path(line).name)) is not None)


def feature_modules(
    names: Mapping[str, tuple[str, ...]], directory: Path
) -> dict[str, tuple[KernelModule, ...]]:
    """The same table with files: what the modules of each feature are called in `directory`."""
    return {
        feature: tuple(KernelModule(name, directory / f"{name}.ko") for name in order)
        for feature, order in names.items()
    }
