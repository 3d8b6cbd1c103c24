"""The bill of materials of what is built: complete, valid, named in the manifest."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from fata.cache import cache_directory
from tests.conftest import MakeProject

pytestmark = pytest.mark.e2e


def test_every_image_has_one(project: MakeProject) -> None:
    built = project("asgi").built()
    made = json.loads((built.output / "manifest.json").read_text())
    file = built.output / made["sbom"]["file"]
    content = file.read_bytes()
    assert hashlib.sha256(content).hexdigest() == made["sbom"]["sha256"]
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(content.decode()) is None
    assert json.loads(built.ok("query", "sbom").out) == json.loads(content)
    bill = json.loads(content)
    assert bill["metadata"]["component"]["version"] == made["image"]["digest"]
    components = {component["name"]: component for component in bill["components"]}
    for requirement in made["requirements"]:
        name, _, version = requirement.partition("==")
        assert components[name]["purl"] == f"pkg:pypi/{name}@{version}"
        assert components[name]["licenses"], name
        assert components[name]["externalReferences"][0]["hashes"], name
    assert components["cpython"]["version"] == made["interpreter"]["version"]
    assert components["linux"]["hashes"][0]["content"] == made["image"]["kernel"]["blob"]["sha256"]
    kernel = {one["name"]: one["value"] for one in components["linux"]["properties"]}
    assert kernel["fata:config-sha256"] == made["image"]["kernel"]["config_sha256"]
    kinds = ("interpreter", "extension", "library")
    binaries = {f"/{one['path']}": one["sha256"] for one in made["files"] if one["kind"] in kinds}
    listed = {
        inner["name"]: inner["hashes"][0]["content"]
        for component in bill["components"]
        for inner in (component, *component.get("components", ()))
        if inner["type"] == "file"
    }
    assert listed.items() <= binaries.items()
    assert {path for path in binaries if not path.startswith("/app/")} == set(listed)


def test_a_changed_program_has_another_and_the_old_one_goes(project: MakeProject) -> None:
    built = project("hello").built()
    (first,) = built.output.glob("sbom-*")
    built.ok("build")
    assert list(built.output.glob("sbom-*")) == [first]
    source = built.directory / "hello.py"
    source.write_text(source.read_text() + "\nMORE = 1\n")
    built.ok("build")
    (second,) = built.output.glob("sbom-*")
    assert first != second
    built.ok("clean")
    assert not second.exists()


def test_one_that_was_changed_and_one_that_cannot_be(project: MakeProject) -> None:
    built = project("hello").built()
    (file,) = built.output.glob("sbom-*")
    file.write_text("{")
    refused = built.fata("query", "sbom")
    assert refused.code == 1
    assert "the bill of materials is not as it was built" in refused.err
    refused = built.built("-t", "unix").fata("query", "sbom")
    assert refused.code == 1
    assert "there is no `sbom` for the target `unix`" in refused.err


def test_it_costs_nothing_when_nothing_has_changed(project: MakeProject, tmp_path: Path) -> None:
    built = project("hello").built()
    (file,) = built.output.glob("sbom-*")
    assert any((cache_directory() / "bills").rglob("*"))
    said = built.ok("build", PYTHONPROFILEIMPORTTIME="1").err
    imported = set(re.findall(r"import time:.*\| +([\w.]+)", said))
    assert "fata.image.sbom" in imported
    assert not any(name.startswith(("cyclonedx", "packageurl")) for name in imported)
    assert file.exists()
