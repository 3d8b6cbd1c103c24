"""A push with the real git: refused and without a trace where anything fails, else deployed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from fata.cache import cache_directory
from fata.host.push import prepare
from functoria import UserError

from .pushing import Pusher, ended

CONFIG = 'from fata.dsl import main, register\n\nregister("hello", main("hello:start"))\n'
HELLO = "async def start() -> None:\n    print('hello')\n"
FATA = """\
app = "app"
[pipeline]
test = ["python -c 'import hello, libos'"]
reproducible = false
[environments.production]
branch = "main"
"""


@pytest.fixture
def pusher(tmp_path: Path) -> Pusher:
    return Pusher(tmp_path)


def failing(command: str) -> str:
    return FATA.replace("python -c 'import hello, libos'", command)


@pytest.mark.e2e
def test_a_push_is_built_tested_and_deployed(pusher: Pusher) -> None:
    kernels = cache_directory() / "kernels"
    if kernels.is_dir():
        cache = pusher.root / "build" / "app" / "cache" / "fata"
        cache.mkdir(parents=True)
        shutil.copytree(kernels, cache / "kernels")
    commit = pusher.commit(config_py=CONFIG, hello_py=HELLO, fata_toml=FATA)
    done = pusher.push()
    assert done.code == 0, done.said
    assert pusher.head() == commit
    stages = [line for line in done.said if line.startswith("== ")]
    assert stages == ["== checkout", "== set-up", "== test", "== fetch", "== build", "== deploy"]
    (deployed,) = pusher.deployed
    assert deployed.startswith("app production hello-virtio: ")
    assert {"hello.libvirt.xml", "manifest.json"} <= set(deployed.split())
    assert sorted(path.name for path in (pusher.root / "repositories").iterdir()) == ["app.git"]

    # The same twice over; then a deployment that fails, which leaves the branch where it was.
    twice = FATA.replace("reproducible = false", "reproducible = true")
    changed = pusher.commit(hello_py=HELLO.replace("hello", "hello again"), fata_toml=twice)
    done = pusher.push()
    assert done.code == 0, done.said
    assert "== verify" in done.said
    (pusher.root / "exit").write_text("3")
    pusher.commit(hello_py=HELLO.replace("hello", "a third"))
    done = pusher.push()
    assert done.code != 0
    assert pusher.head() == changed
    assert len(pusher.deployed) == 3


def test_a_failing_test_refuses_the_push(pusher: Pusher) -> None:
    pusher.commit(fata_toml=failing("python -c 'print(5 * 8); raise SystemExit(4)'"))
    done = pusher.push()
    assert done.code != 0
    assert "40" in done.said
    assert any("`python` ended with exit code 4" in line for line in done.said), done.said
    assert pusher.head() == ""
    assert pusher.deployed == []
    objects = pusher.repository / "objects"
    assert not [path for path in objects.rglob("*") if path.is_file() and len(path.name) > 30]


def test_a_build_sees_no_network_and_cannot_write_elsewhere(pusher: Pusher) -> None:
    script = (
        "import os, socket\n"
        "print([name for _, name in socket.if_nameindex()])\n"
        "print(os.path.exists('/proc/1/root/secret'), os.environ.get('OTHER'))\n"
        "print(sorted(int(p) for p in os.listdir('/proc') if p.isdigit())[-1] < 20)\n"
        "raise SystemExit(1)\n"
    )
    pusher.environment["OTHER"] = "of the host"
    pusher.commit(look_py=script, fata_toml=failing("python look.py"))
    said = pusher.push().said
    assert "['lo']" in said, said
    assert "False None" in said
    assert "True" in said


def test_other_branches_and_tags_are_kept(pusher: Pusher) -> None:
    commit = pusher.commit(fata_toml=FATA)
    pusher.git("tag", "v1")
    done = pusher.push("main:feature", "v1")
    assert done.code == 0
    assert done.said == ["feature is kept; no environment is deployed from it"]
    assert pusher.head("feature") == commit
    assert pusher.push(":feature").code == 0  # deleted again
    assert pusher.head("feature") == ""


@pytest.mark.parametrize(
    ("toml", "what"),
    [
        ('app = "other"\n', "this is the repository of `app`, and fata.toml says `other`"),
        ("[pipeline]\ntset = []\n", "fata.toml:2"),
        ('[pipeline]\ntargets = ["xen"]\n', "this host runs guests of the target `virtio`"),
    ],
)
def test_settings_that_are_wrong(pusher: Pusher, toml: str, what: str) -> None:
    pusher.commit(fata_toml=toml)
    done = pusher.push()
    assert done.code != 0
    assert any(what in line for line in done.said), done.said
    assert pusher.head() == ""


@pytest.mark.parametrize(
    ("script", "limits", "what"),
    [
        ("import time; time.sleep(60)", "{'seconds': 2}", "the build took longer than 2 s"),
        ("bytearray(1 << 30)", "{'memory': 256}", "MemoryError"),
        (
            "for n in range(99): open(f'f{n}', 'wb').write(bytes(range(256)) * 4096); "
            "__import__('time').sleep(0.1)",
            "{'disk': 40}",
            "the build wrote more than 40 MiB",
        ),
        ("open('f', 'wb').write(bytes(64 << 20))", "{'disk': 48}", "File too large"),
    ],
)
def test_a_build_that_takes_too_much(pusher: Pusher, script: str, limits: str, what: str) -> None:
    pusher.environment["LIMITS"] = limits
    pusher.commit(take_py=script, fata_toml=failing("python take.py"))
    done = pusher.push()
    assert done.code != 0
    assert any(what in line for line in done.said), done.said
    assert pusher.head() == ""


def test_two_pushes_at_once(pusher: Pusher) -> None:
    slow = failing("sh -c 'until test -e go; do sleep 0.1; done; exit 1'")
    pusher.commit(fata_toml=slow)
    with pusher.start() as first:
        work = pusher.root / "build" / "app" / "work" / "fata.toml"
        while not work.exists():
            assert first.poll() is None
        pusher.commit(fata_toml=failing("false"))
        with pusher.start() as second:
            assert second.stdout
            waits = "another push of this app is at work; waiting for it"
            assert any(waits in line for line in second.stdout)
            work.with_name("go").touch()
            said = ended(second).said
        assert ended(first).code != 0
    assert any("`false` ended with exit code 1" in line for line in said)


def test_what_is_pushed_cannot_reach_out_of_its_room(pusher: Pusher, tmp_path: Path) -> None:
    """A repository that has a link where files are written, and one where the image should be."""
    secret = tmp_path / "secret"
    secret.write_text("of the host")
    (pusher.work / "fata.toml").symlink_to(secret)
    pusher.commit(other="x")
    done = pusher.push()
    assert any("`fata.toml` is not a file" in line for line in done.said)


def test_a_checkout_is_the_commit_whole(pusher: Pusher) -> None:
    (pusher.work / ".gitattributes").write_text("*.txt export-ignore\n*.py export-subst\n")
    pusher.commit(
        a_txt="here\n",
        b_py="text = '$Format:%H$'\n",
        fata_toml=failing("grep -r -h -e here -e Format ."),
    )
    said = pusher.push().said
    assert "here" in said
    assert "text = '$Format:%H$'" in said


@pytest.mark.parametrize("app", ["", "A", "../x", "a/b", "a" * 32, "-a"])
def test_names_that_no_app_can_have(tmp_path: Path, app: str) -> None:
    with pytest.raises(UserError, match="cannot be the name of an app"):
        prepare(tmp_path, app, ("fata",))


def test_a_repository_is_prepared_twice(tmp_path: Path) -> None:
    place = prepare(tmp_path, "app", ("/old/fata",))
    assert prepare(tmp_path, "app", ("/var/lib/fata/bin/fata",)) == place
    hook = (place / "hooks" / "pre-receive").read_text()
    assert hook == f"#!/bin/sh\nexec /var/lib/fata/bin/fata agent --root {tmp_path} receive app\n"
    subprocess.run(("git", "fsck", "--strict"), cwd=place, check=True, capture_output=True)
