"""The bill of materials of an image: CycloneDX 1.6 (ECMA-424), as JSON.

It has no time of its own, and its serial number comes of the image's digest, so that it is the
same bytes for the same image.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cyclonedx.model import HashType, Property
    from cyclonedx.model.component import Component
    from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression

FILE_ENDING = ".cdx.json"
_PREFIX = "fata:"


@dataclass(frozen=True, slots=True)
class Part:
    """`Part(kind, name, ...)` is something that an image is made of.

    `kind` is a type of CycloneDX: `application`, `library`, `platform`, `operating-system` or
    `file`. `expression` is a licence in the words of SPDX, `licences` are names of licences.
    `archives` are sha256 of the files that it may have been installed from, one of them. `parts`
    are what of it is in the image.
    """

    kind: str
    name: str
    version: str | None = None
    purl: str | None = None
    sha256: str | None = None
    expression: str | None = None
    licences: tuple[str, ...] = ()
    archives: tuple[str, ...] = ()
    properties: tuple[tuple[str, str], ...] = ()
    parts: tuple[Part, ...] = ()


def sbom(program: Part, parts: Sequence[Part], digest: str, tool: Part) -> bytes:
    """`sbom(program, parts, digest, tool)` is the bill of the image with this digest."""
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.tool import ToolRepository
    from cyclonedx.output.json import JsonV1Dot6

    identity = hashlib.sha256(digest.encode()).digest()[:16]
    bill = Bom(serial_number=uuid.UUID(bytes=identity, version=5))
    # The library takes the time of day for one that is not told.
    bill.metadata.timestamp = None  # type: ignore[assignment]
    bill.metadata.tools = ToolRepository(components=[_component(tool)])
    whole = _component(program)
    bill.metadata.component = whole
    components = [_component(part) for part in parts]
    for component in components:
        bill.components.add(component)
    bill.register_dependency(whole, components)
    made = json.loads(JsonV1Dot6(bill).output_as_string())
    return (json.dumps(made, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _component(part: Part, above: str = "") -> Component:
    from cyclonedx.model import ExternalReference, ExternalReferenceType, XsUri
    from cyclonedx.model.component import Component, ComponentType
    from packageurl import PackageURL

    reference = part.purl or f"{above}{part.kind}:{part.name}"
    archives = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(f"https://pypi.org/project/{part.name}/{part.version}/"),
        comment="installed from a file with one of these hashes",
        hashes=[_hash(archive) for archive in part.archives],
    )
    return Component(
        type=ComponentType(part.kind),
        bom_ref=reference,
        name=part.name,
        version=part.version,
        purl=None if part.purl is None else PackageURL.from_string(part.purl),
        hashes=() if part.sha256 is None else (_hash(part.sha256),),
        licenses=_licences(part),
        external_references=(archives,) if part.archives else (),
        properties=_properties(part),
        components=[_component(inner, f"{reference}#") for inner in part.parts],
    )


def _hash(sha256: str) -> HashType:
    from cyclonedx.model import HashAlgorithm, HashType

    return HashType(alg=HashAlgorithm.SHA_256, content=sha256)


def _properties(part: Part) -> list[Property]:
    from cyclonedx.model import Property

    return [Property(name=_PREFIX + name, value=value) for name, value in part.properties]


def _licences(part: Part) -> list[DisjunctiveLicense | LicenseExpression]:
    from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression
    from cyclonedx.spdx import is_supported_id

    if part.expression:
        return [LicenseExpression(part.expression)]
    return [
        DisjunctiveLicense(id=name) if is_supported_id(name) else DisjunctiveLicense(name=name)
        for name in part.licences
    ]
