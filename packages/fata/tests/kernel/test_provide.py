"""`auto` takes the kernel that was built here, or else the distribution's."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from test_store import facts, publish

from fata.kernel import cached, cached_kernels, provide, source, tiny
from fata.kernel.fragments import merged
from fata.kernel.modules import FEATURES
from fata.kernel.provide import version_key
from fata.kernel.store import DamagedEntryError
from functoria.error import UserError

OURS = hashlib.sha256(merged("virtio").encode()).hexdigest()


def put_tiny(cache: Path, key: str = "a", version: str = "6.12.1-1", fragments: str = OURS) -> Path:
    made = facts(key=key, package_version=version, fragments=fragments)
    return publish(cache, made).image.parent


def put_debian(cache: Path) -> Path:
    features: dict[str, tuple[str, ...]] = dict.fromkeys(FEATURES, ())
    return publish(cache, facts("debian", "d", profile="cloud", features=features)).image.parent


def test_auto_takes_tiny_where_it_was_built(cache: Path) -> None:
    put_tiny(cache)
    put_debian(cache)
    said: list[str] = []
    assert provide("auto", "virtio", said.append).provider == "tiny"
    assert said == ["kernel `tiny` 6.12.1-fata, from 6.12.1-1"]


def test_auto_takes_debian_otherwise_and_says_how_to_get_the_other(cache: Path) -> None:
    put_debian(cache)
    said: list[str] = []
    assert provide("auto", "virtio", said.append).provider == "debian"
    assert "fata kernel build" in said[-1]


def test_what_an_older_fata_took_of_a_package_is_not_enough(cache: Path) -> None:
    publish(cache, facts("debian", "old", profile="cloud"))
    assert cached("debian", "virtio") is None
    put_debian(cache)
    assert cached("debian", "virtio") is not None


def test_the_newest_version_wins(cache: Path) -> None:
    put_tiny(cache, "a", "6.12.9-1")
    put_tiny(cache, "b", "6.12.10-1~deb12u1")
    assert provide("tiny", "virtio", print).package_version == "6.12.10-1~deb12u1"
    assert version_key("6.1.176-1") < version_key("6.1.192-2")


def test_a_kernel_of_other_fragments_is_not_taken(cache: Path) -> None:
    put_tiny(cache, fragments="of yesterday")
    put_debian(cache)
    assert provide("auto", "virtio", print).provider == "debian"


def test_a_kernel_is_known_by_its_fragments_whatever_its_profile_was_called(cache: Path) -> None:
    blocks = hashlib.sha256(merged("virtio-block").encode()).hexdigest()
    put_tiny(cache, "older", fragments=blocks)
    put_debian(cache)
    assert provide("auto", "virtio-block", print).provider == "tiny"
    assert provide("auto", "virtio", print).provider == "debian"


def test_a_damaged_kernel_is_told_and_not_used(cache: Path) -> None:
    entry = put_tiny(cache)
    put_debian(cache)
    (entry / "vmlinux").write_bytes(b"kern")
    found = cached_kernels()
    assert [isinstance(one, DamagedEntryError) for one in found] == [False, True]
    said: list[str] = []
    assert provide("auto", "virtio", said.append).provider == "debian"
    assert "`vmlinux` has 4 bytes, not 6; removed" in said[0]
    assert not entry.exists()


def test_an_unknown_provider_is_refused_with_the_known_ones(cache: Path) -> None:
    with pytest.raises(UserError, match="no kernel provider `arch`") as raised:
        provide("arch", "virtio", print)
    assert raised.value.do == "use one of: auto, tiny, debian"


def test_without_apt_the_debian_kernel_cannot_be_had(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="`apt-cache` is not installed") as raised:
        provide("debian", "virtio", print)
    assert raised.value.do == "use fata on Debian or a system like it, which has apt"


@pytest.mark.parametrize(
    ("missing", "package"), [("flex", "flex"), ("ld", "binutils"), ("xz", "xz-utils")]
)
def test_a_missing_build_tool_is_named_with_its_package(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, missing: str, package: str
) -> None:
    for tool in ("make", "gcc", "ld", "flex", "bison", "bc", "perl", "xz", "tar"):
        if tool != missing:
            (tmp_path / tool).write_text("#!/bin/sh\n")
            (tmp_path / tool).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=f"`{missing}` is not installed") as raised:
        tiny.build("virtio", print)
    assert raised.value.do == f"install it with `apt install {package}`"


APT = """#!/bin/sh
case "$*" in
*pkgnames*) printf 'linux-source-6.1\\nlinux-source-6.12\\nlinux-source-6.9\\nlinux-source\\n' ;;
*show*) printf 'Package: linux-source-6.12\\nVersion: 6.12.1-1\\nX: y\\n Version: 0\\n' ;;
esac
"""


def test_the_newest_source_that_apt_offers_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, script in (("apt-cache", APT), ("dpkg-query", "#!/bin/sh\nexit 1\n")):
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    found = source.newest()
    assert (found.package.name, found.package.version) == ("linux-source-6.12", "6.12.1-1")
    assert found.tarball is None
