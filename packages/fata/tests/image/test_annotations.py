"""What a device takes in an image, told honestly: nothing twice, and nothing of Python's."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fata.dsl import HTTP, JOB, KV_RO, Device, Package, Reference, Type, packed_kv_ro
from fata.image.annotations import SIZE, of_devices, package_name, sizes
from fata.image.manifest import FILE_NAME, FileRecord, Interpreter, Manifest, to_json
from functoria import Context, Impl, UserError, resolve_graph

STORE = packed_kv_ro("site")
SERVER = Device(
    name="http",
    type=HTTP,
    constructor="libos.services.http:HttpServer",
    packages=(Package("H11 >= 0.16, < 0.17"),),
)
SITE = Device(
    name="site",
    type=KV_RO >> HTTP >> JOB,
    constructor="libos.services.http.job:serve",
    keywords={"application": Reference("shop.web:application")},
    packages=(Package("typing_extensions"),),
)


def record(path: str, size: int, package: str | None, module: str | None = None) -> FileRecord:
    return FileRecord(path, size, "0" * 64, "module", module, package, "because")


def made(*files: FileRecord) -> Manifest:
    return Manifest(
        name="x",
        target="virtio",
        versions={},
        source=None,
        keys={},
        arguments=(),
        interpreter=Interpreter("3.11", ""),
        requirements=(),
        files=files,
    )


def charged(*files: FileRecord, roots: tuple[Impl, ...] = (SITE(STORE, SERVER),)) -> dict[str, int]:
    return sizes(resolve_graph(roots, Context({})), made(*files))


def test_a_device_is_charged_for_its_own() -> None:
    assert charged(
        record("app/libos/services/http/__init__.pyc", 1, "libos", "libos.services.http"),
        record("app/libos/services/http/reply.pyc", 2, "libos", "libos.services.http.reply"),
        record("app/h11/__init__.pyc", 4, "h11", "h11"),
        record("app/libos/services/http/job.pyc", 10, "libos", "libos.services.http.job"),
        record("app/shop/web.pyc", 20, "app", "shop.web"),
        record("app/typing_extensions.pyc", 40, "typing-extensions", "typing_extensions"),
        record("data/site/index.html", 100, "site"),
        record("data/site/pictures/a.png", 200, "site"),
    ) == {"kv_ro": 300, "http": 7, "site": 70}


def test_nobody_is_charged_for_what_is_not_their_own() -> None:
    assert (
        charged(
            record("usr/bin/python3.11", 1, "python"),
            record("lib/libc.so.6", 1, "libraries"),
            record("app/libos/net/link.pyc", 1, "libos", "libos.net.link"),
            record("app/shop/__init__.pyc", 1, "app", "shop"),
            record("app/shop/database.pyc", 1, "app", "shop.database"),
            record("data/sites/other.html", 1, "sites"),
            record("etc/hosts", 1, None),
        )
        == {}
    )


def test_what_two_devices_can_claim_is_charged_to_neither() -> None:
    kind = Type("thing")
    a, b = (
        Device(name=name, type=kind, constructor="libos.thing:Thing", packages=(Package("h11"),))
        for name in ("a", "b")
    )
    job = Device(name="job", type=kind >> kind >> JOB, constructor="shop:start")
    files = (
        record("app/libos/thing.pyc", 1, "libos", "libos.thing"),
        record("app/h11/__init__.pyc", 2, "h11", "h11"),
        record("app/shop.pyc", 4, "app", "shop"),
    )
    assert charged(*files, roots=(job(a, b),)) == {"job": 4}
    assert charged(*files, roots=(job(a, a),)) == {"a": 3, "job": 4}


def test_a_device_that_is_a_function_of_pythons_is_not_charged_for_it() -> None:
    job = Device(name="job", type=JOB, constructor="asyncio:sleep")
    assert charged(record("lib/asyncio.pyc", 1, "python", "asyncio"), roots=(job,)) == {}


NAMES = st.sampled_from(["libos", "h11", "shop", "python", "libraries", "site", None])
MODULES = st.sampled_from(["libos.services.http", "libos.services", "shop.web", "h11.x", None])
FILES = st.lists(
    st.builds(record, st.sampled_from(["data/site/a", "x"]), st.integers(0, 99), NAMES, MODULES)
)


@given(FILES)
def test_sizes_add_up_to_no_more_than_the_image(files: list[FileRecord]) -> None:
    everything = sum(file.size for file in files if file.package not in ("python", "libraries"))
    assert sum(charged(*files).values()) <= everything


def test_names_of_packages_are_compared_as_installers_do() -> None:
    assert package_name("Typing_Extensions>=4") == package_name("typing.extensions[x] >= 4")
    assert package_name("@") == ""


def test_without_an_image_there_is_nothing_to_say(tmp_path: Path) -> None:
    graph = resolve_graph((SITE(STORE, SERVER),), Context({}))
    assert of_devices(graph, tmp_path, str) == {}
    (tmp_path / FILE_NAME).write_bytes(to_json(made(record("data/site/a", 5, "site"))))
    ((name, (note,)),) = of_devices(graph, tmp_path, lambda size: f"{size} bytes").items()
    assert (name, note.name, note.text, note.amount) == ("kv_ro", SIZE, "5 bytes", 5)
    (tmp_path / FILE_NAME).write_text("{")
    with pytest.raises(UserError, match="damaged"):
        of_devices(graph, tmp_path, str)
