"""From libvirt's domain XML to xl.cfg(5).

The XML is taken as untrusted: no document type, no entities, a bounded size and depth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn
from xml.etree import ElementTree as ET

from xlcfg.error import XlcfgError
from xlcfg.libvirt.writing import FEATURES
from xlcfg.specs.disk import Disk
from xlcfg.specs.disk_words import Format
from xlcfg.specs.vif import Vif
from xlcfg.tree import Document, Operator, Plain, Setting, written

if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_BYTES = 4 << 20
"""How long the XML may be."""

MAX_DEPTH = 64
"""How deep its elements may be nested."""

_TYPES = {"linux": "pv", "xenpv": "pv", "xen": "pv", "xenpvh": "pvh", "hvm": "hvm"}
_BOOT = {"hd": "c", "cdrom": "d", "network": "n", "fd": "a"}
_FORMATS = {
    "raw": Format.RAW, "qcow": Format.QCOW, "qcow2": Format.QCOW2, "vpc": Format.VHD,
    "vhd": Format.VHD, "qed": Format.QED, "aio": Format.RAW,
}  # fmt: skip
_UNITS = {
    "b": 1, "bytes": 1, "KB": 1000, "k": 1024, "KiB": 1024, "MB": 1000**2, "M": 1024**2,
    "MiB": 1024**2, "GB": 1000**3, "G": 1024**3, "GiB": 1024**3, "TB": 1000**4, "T": 1024**4,
    "TiB": 1024**4,
}  # fmt: skip


def from_libvirt(data: str | bytes, file: str = "<xml>") -> tuple[Document, tuple[str, ...]]:
    """The configuration that domain XML describes, and the elements that it leaves out.

    Raises `XlcfgError` for what is no domain of Xen.
    """
    root = _parse(data, file)
    if root.tag != "domain" or root.get("type") != "xen":
        what = "the XML is no domain of the type `xen`"
        raise XlcfgError(what, file, "pass what `virsh dumpxml` prints for a guest of Xen")
    reader = _Reader(root, file)
    settings = tuple(
        Setting("", name, " ", Operator.SET, " ", written(value), "\n")
        for name, value in reader.settings()
    )
    return Document(settings), reader.left()


class _Builder(ET.TreeBuilder):
    """Builds a tree that is not too deep, of XML without a document type."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def doctype(self, name: str, pubid: str | None, system: str | None) -> NoReturn:
        raise _refused("a document type")

    def start(self, tag: str, attrs: dict[str, str], /) -> ET.Element:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _refused(f"elements more than {MAX_DEPTH} deep")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> ET.Element:
        self._depth -= 1
        return super().end(tag)


def _refused(what: str) -> XlcfgError:
    return XlcfgError(f"the XML has {what}", None, "pass what `virsh dumpxml` prints")


def _parse(data: str | bytes, file: str) -> ET.Element:
    if len(data) > MAX_BYTES:
        raise XlcfgError(f"the XML has more than {MAX_BYTES} characters", file, "pass one domain")
    parser = ET.XMLParser(target=_Builder())  # noqa: S314 - no document type gets past the builder
    try:
        parser.feed(data)
        root: ET.Element = parser.close()
    except ET.ParseError as error:
        line, column = error.position
        what = f"this is no XML: {error.msg.partition(':')[0]}"
        raise XlcfgError(what, f"{file}:{line}:{column + 1}", "mend it there") from error
    return root


class _Reader:
    """Takes elements and remembers which."""

    def __init__(self, root: ET.Element, file: str) -> None:
        self._root = root
        self._file = file
        self._taken: set[int] = set()

    def left(self) -> tuple[str, ...]:
        """The elements that the configuration does not tell, as paths, each once."""
        paths: dict[str, None] = {}
        self._walk(self._root, "", paths)
        return tuple(paths)

    def settings(self) -> Iterator[tuple[str, Plain]]:
        """The settings of the configuration, in the order of the manual."""
        name = self._text("name")
        if not name:
            raise XlcfgError("the domain has no name", self._file, "add `<name>`")
        yield "name", name
        kind = self._text("os/type") or "linux"
        machine = self._attribute("os/type", "machine") or ""
        guest = "pvh" if machine == "xenpvh" else _TYPES.get(kind)
        if guest is None:
            raise XlcfgError(f"`{kind}` is no type of guest", self._file, "write linux or hvm")
        yield "type", guest
        yield from self._named("uuid", "uuid")
        yield from self._sizes()
        yield from self._boot(guest)
        for event in ("on_poweroff", "on_reboot", "on_crash"):
            yield from self._named(event, event)
        if guest == "hvm":
            for feature in FEATURES:
                yield from [] if self._has(f"features/{feature}") else [(feature, 0)]
        disks = [self._disk(element) for element in self._root.iterfind("devices/disk")]
        vifs = [self._vif(element) for element in self._root.iterfind("devices/interface")]
        yield from [("disk", disks)] if disks else []
        yield from [("vif", vifs)] if vifs else []
        self._consoles()

    def _consoles(self) -> None:
        """A console on a pty: every guest of `xl` has it."""
        for element in self._root.iterfind("devices/console"):
            if element.get("type") == "pty":
                self._taken.update(id(part) for part in element.iter())

    def _walk(self, element: ET.Element, path: str, paths: dict[str, None]) -> None:
        for child in element:
            here = f"{path}/{child.tag}" if path else str(child.tag)
            if id(child) not in self._taken and not self._holds(child):
                paths[here] = None
            else:
                self._walk(child, here, paths)

    def _holds(self, element: ET.Element) -> bool:
        return any(id(child) in self._taken for child in element.iter())

    def _find(self, path: str, under: ET.Element | None = None) -> ET.Element | None:
        found = (self._root if under is None else under).find(path)
        if found is not None:
            self._taken.add(id(found))
        return found

    def _text(self, path: str) -> str | None:
        found = self._find(path)
        return None if found is None else (found.text or "").strip()

    def _attribute(self, path: str, name: str, under: ET.Element | None = None) -> str | None:
        found = self._find(path, under)
        return None if found is None else found.get(name)

    def _has(self, path: str, under: ET.Element | None = None) -> bool:
        return self._find(path, under) is not None

    def _named(self, path: str, name: str) -> Iterator[tuple[str, Plain]]:
        text = self._text(path)
        if text:
            yield name, text

    def _sizes(self) -> Iterator[tuple[str, Plain]]:
        most = self._megabytes("memory")
        now = self._megabytes("currentMemory") or most
        if now:
            yield "memory", now
        if most and now and most != now:
            yield "maxmem", most
        vcpus = self._text("vcpu")
        if vcpus is not None:
            many = self._integer(vcpus, "vcpu")
            current = self._attribute("vcpu", "current")
            yield "vcpus", self._integer(current, "vcpu") if current else many
            if current and self._integer(current, "vcpu") != many:
                yield "maxvcpus", many
            cpuset = self._attribute("vcpu", "cpuset")
            yield from [("cpus", cpuset)] if cpuset else []

    def _megabytes(self, tag: str) -> int | None:
        text = self._text(tag)
        if text is None:
            return None
        unit = self._attribute(tag, "unit") or "KiB"
        if unit not in _UNITS:
            raise XlcfgError(f"`{unit}` is no unit of memory", self._file, "write KiB or MiB")
        size = self._integer(text, tag) * _UNITS[unit]
        return -(-size // 1024**2)

    def _integer(self, text: str, tag: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= 18):
            raise XlcfgError(f"`{text}` is no number for <{tag}>", self._file, "write digits")
        return int(text)

    def _boot(self, guest: str) -> Iterator[tuple[str, Plain]]:
        yield from self._named("bootloader", "bootloader")
        arguments = self._text("bootloader_args")
        if arguments:
            yield "bootloader_args", arguments.split()
        yield from self._named("os/kernel", "kernel")
        yield from self._named("os/initrd", "ramdisk")
        yield from self._named("os/cmdline", "cmdline")
        if guest == "hvm":
            self._has("os/loader")
            order = ""
            for element in self._root.iterfind("os/boot"):
                self._taken.add(id(element))
                order += _BOOT.get(element.get("dev", ""), "")
            yield from [("boot", order)] if order else []

    def _disk(self, element: ET.Element) -> str:
        self._only(element, "type", ("file", "block"))
        self._only(element, "device", ("disk", "cdrom", None))
        source = self._find("source", element)
        target = "" if source is None else source.get("dev") or source.get("file") or ""
        cdrom = element.get("device") == "cdrom"
        driver = self._find("driver", element)
        discard = None
        if driver is not None:
            self._only(driver, "type", (*_FORMATS, None))
            self._only(driver, "name", ("phy", "qemu", "file", None))
            discard = driver.get("discard")
        name = "raw" if driver is None else driver.get("type", "raw")
        this = Disk(
            target=target,
            vdev=self._attribute("target", "dev", element) or "",
            format=_FORMATS[name] if target else Format.EMPTY,
            writable=not (self._has("readonly", element) or cdrom),
            cdrom=cdrom,
            backend=self._attribute("backenddomain", "name", element) or "",
            discard=None if discard is None else discard == "unmap",
        )
        return str(this)

    def _only(self, element: ET.Element, name: str, known: tuple[str | None, ...]) -> None:
        """Refuse a device that would become another one."""
        value = element.get(name)
        if value not in known:
            words = ", ".join(f"`{word}`" for word in known if word)
            what = f"<{element.tag} {name}='{value or ''}'> has no form in a configuration of xl"
            raise XlcfgError(what, self._file, f"make it one of {words}")

    def _vif(self, element: ET.Element) -> str:
        self._only(element, "type", ("bridge", "ethernet"))
        model = self._attribute("model", "type", element) or ""
        for child in element.iterfind("ip"):
            self._taken.add(id(child))
        addresses = [child.get("address", "") for child in element.iterfind("ip")]
        this = Vif(
            mac=self._attribute("mac", "address", element) or "",
            bridge=self._attribute("source", "bridge", element) or "",
            script=self._attribute("script", "path", element) or "",
            ip=" ".join(filter(None, addresses)),
            vifname=self._attribute("target", "dev", element) or "",
            backend=self._attribute("backenddomain", "name", element) or "",
            mtu=self._attribute("mtu", "size", element) or "",
            type="vif" if model == "netfront" else "",
            model="" if model == "netfront" else model,
        )
        return str(this)
