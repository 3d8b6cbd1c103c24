"""The bill of materials: what the standard asks for, and the same bytes for the same image."""

from __future__ import annotations

import json

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from fata.image.sbom import Part, sbom

PROGRAM = Part("application", "web", "sha256:ab", properties=(("target", "virtio"),))
TOOL = Part("application", "fata", "0.2.0")
PARTS = (
    Part(
        "operating-system",
        "linux",
        "6.12",
        "pkg:deb/debian/linux-source-6.12@6.12.1-1~deb12u1",
        "ab" * 32,
        expression="GPL-2.0-only WITH Linux-syscall-note",
    ),
    Part(
        "library",
        "libstdc++6",
        "12.2.0-14+deb12u1",
        "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64",
        parts=(Part("file", "/lib/x86_64-linux-gnu/libstdc++.so.6", sha256="cd" * 32),),
    ),
    Part(
        "library",
        "h11",
        "0.16.0",
        "pkg:pypi/h11@0.16.0",
        licences=("MIT",),
        archives=("ef" * 32, "00" * 32),
    ),
    Part("library", "old", "1", "pkg:pypi/old@1", licences=("Some licence of its own",)),
    Part("file", "/lib/libown.so", sha256="11" * 32),
)


def test_it_follows_the_schema_of_cyclonedx() -> None:
    made = sbom(PROGRAM, PARTS, "sha256:ab", TOOL)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(made.decode()) is None
    bill = json.loads(made)
    assert bill["specVersion"] == "1.6"
    assert "timestamp" not in bill["metadata"]
    assert bill["metadata"]["component"]["version"] == "sha256:ab"
    (tool,) = bill["metadata"]["tools"]["components"]
    assert (tool["name"], tool["version"]) == ("fata", "0.2.0")
    by_name = {component["name"]: component for component in bill["components"]}
    assert by_name["h11"]["licenses"] == [{"license": {"id": "MIT"}}]
    (archives,) = by_name["h11"]["externalReferences"]
    assert [one["content"] for one in archives["hashes"]] == ["00" * 32, "ef" * 32]
    assert by_name["old"]["licenses"] == [{"license": {"name": "Some licence of its own"}}]
    assert by_name["linux"]["hashes"] == [{"alg": "SHA-256", "content": "ab" * 32}]
    (inner,) = by_name["libstdc++6"]["components"]
    assert inner["hashes"] == [{"alg": "SHA-256", "content": "cd" * 32}]
    (whole,) = (one for one in bill["dependencies"] if one.get("dependsOn"))
    assert whole["ref"] == "application:web"
    assert len(whole["dependsOn"]) == len(PARTS)


def test_it_is_the_same_for_the_same_image(monkeypatch: pytest.MonkeyPatch) -> None:
    first = sbom(PROGRAM, PARTS, "sha256:ab", TOOL)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1")
    assert sbom(PROGRAM, PARTS[::-1], "sha256:ab", TOOL) == first
    other = json.loads(sbom(PROGRAM, PARTS, "sha256:cd", TOOL))
    assert other["serialNumber"] != json.loads(first)["serialNumber"]
