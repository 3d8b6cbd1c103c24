"""The manifest: what an image is and what it must be given. The contract of build and deploy."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import msgspec

from functoria import UserError

SCHEMA = 1
"""The version of the format; a reader refuses what it does not know."""

FILE_NAME = "manifest.json"

MARK = b'{\n "arguments": ['
"""How every manifest of ours begins, and hardly anything else of that name does."""

_MAXIMUM_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Blob:
    """A file beside the manifest: its name, its sha256 in hexadecimal and its length in bytes."""

    file: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class KernelRecord:
    """The kernel of the image and where it came from."""

    blob: Blob
    provider: str
    version: str
    package: str
    config_sha256: str


@dataclass(frozen=True, slots=True)
class MachineRecord:
    """A QEMU machine that the kernel runs on, and the words it wants to hear on this machine."""

    name: str
    options: tuple[str, ...]
    command_line: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Image:
    """What boots: kernel, initramfs and the words that the kernel is given.

    `digest` is the identity of the image: the sha256 over the digests of its parts and the
    command line. `unpacked` is the size in bytes of the root file system in memory. `machines`
    are in order of preference; `emulated` are words to add where instructions are emulated.
    """

    digest: str
    kernel: KernelRecord
    initramfs: Blob
    unpacked: int
    command_line: str
    emulated: tuple[str, ...]
    machines: tuple[MachineRecord, ...]


@dataclass(frozen=True, slots=True)
class NetworkDevice:
    """A network interface that the guest must be given; `number` counts from 0."""

    number: int
    name: str


@dataclass(frozen=True, slots=True)
class DiskDevice:
    """A disk that the guest must be given; `number` counts from 0.

    It must have at least `size` bytes, where that is said. `sector_size` is in bytes. `vdev` is
    the device that it has to be, such as `xvda`, where a hypervisor knows disks by that.
    `purpose` is `data`, or `secrets` for the disk that a host fills with the app's secrets; it
    then has to hold those that `requires` names.
    """

    number: int
    name: str
    size: int | None = None
    read_only: bool = False
    sector_size: int = 512
    vdev: str | None = None
    purpose: str = "data"
    requires: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ArgumentRecord:
    """A boot argument that the program takes, as `libos.boot.arguments.Argument` describes it.

    `converter` is a name that libos knows, or `module:function` of the program's own. `where` is
    the line of the configuration that declared it.
    """

    name: str
    converter: str
    default: str | tuple[str, ...] | None
    doc: str
    where: str = ""
    required: bool = False
    flag: bool = False
    repeated: bool = False
    short: str | None = None
    choices: tuple[str, ...] = ()
    group: str | None = None


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file in the image and why it is there; `sha256` is of its content as it is packed."""

    path: str
    size: int
    sha256: str
    kind: str
    module: str | None
    package: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Interpreter:
    """The Python that runs the program."""

    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Source:
    """The state of the project in git: the commit, and whether files differ from it."""

    commit: str
    modified: bool


@dataclass(frozen=True, slots=True)
class ProjectFile:
    """A file of the project that the build was made from; `path` is relative to the project."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """`Manifest(...)` describes one build of one program for one target.

    `image` is `None` for the target `unix`, which has none. `memory` is the MiB that a guest is
    given unless the operator says otherwise. `sbom` is the bill of materials, in CycloneDX.
    """

    schema: int = SCHEMA
    name: str
    target: str
    versions: dict[str, str]
    source: Source | None
    keys: dict[str, str]
    arguments: tuple[ArgumentRecord, ...]
    interpreter: Interpreter
    requirements: tuple[str, ...]
    image: Image | None = None
    memory: int | None = None
    network: tuple[NetworkDevice, ...] = ()
    disks: tuple[DiskDevice, ...] = ()
    files: tuple[FileRecord, ...] = field(default=())
    missing: tuple[str, ...] = ()
    project: tuple[ProjectFile, ...] = ()
    sbom: Blob | None = None


def blobs_of(manifest: Manifest) -> tuple[Blob, ...]:
    """`blobs_of(m)` is the files beside the manifest that belong to the image, all of them."""
    image = () if manifest.image is None else (manifest.image.kernel.blob, manifest.image.initramfs)
    return image if manifest.sbom is None else (*image, manifest.sbom)


def image_digest(kernel: Blob, initramfs: Blob, command_line: str) -> str:
    """`image_digest(...)` is the identity of an image, `sha256:` and hexadecimal digits."""
    parts = {
        "kernel": kernel.sha256,
        "initramfs": initramfs.sha256,
        "command_line": command_line,
    }
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def to_json(manifest: Manifest) -> bytes:
    """`to_json(m)` is the text of `manifest.json`, the same bytes for the same manifest."""
    return (json.dumps(asdict(manifest), indent=1, sort_keys=True) + "\n").encode()


def read(directory: Path) -> Manifest:
    """`read(directory)` is the manifest in it. Raises `UserError` if it is missing or damaged."""
    path = directory / FILE_NAME
    remedy = "build the image again with `fata build`"
    try:
        if path.stat().st_size > _MAXIMUM_BYTES:
            raise UserError(f"{FILE_NAME} is too large to be a manifest", str(path), remedy)
        data = path.read_bytes()
    except FileNotFoundError:
        raise UserError("nothing is built here yet", str(path), "run `fata build`") from None
    except OSError as error:
        raise UserError(
            f"{FILE_NAME} cannot be read: {error.strerror}", str(path), remedy
        ) from None
    return parse(data, str(path))


def parse(data: bytes, where: str) -> Manifest:
    """`parse(data, where)` is the manifest that the bytes spell. Raises `UserError`."""
    remedy = "build the image again with `fata build`"
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
    except (ValueError, RecursionError) as error:  # msgspec.DecodeError is a ValueError
        raise UserError(f"the manifest is damaged: {error}", where, remedy) from None
    if manifest.schema != SCHEMA:
        raise UserError(
            f"the manifest has format {manifest.schema}, and this fata reads {SCHEMA}",
            where,
            "use the version of fata that built it, or " + remedy,
        )
    for blob in blobs_of(manifest):
        if "/" in blob.file or blob.file in ("", ".", ".."):
            raise UserError(f"the manifest names a file elsewhere: {blob.file!r}", where, remedy)
    return manifest


def json_schema() -> dict[str, object]:
    """`json_schema()` is the JSON Schema (2020-12) of `manifest.json`."""
    schema = msgspec.json.schema(Manifest)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return schema
