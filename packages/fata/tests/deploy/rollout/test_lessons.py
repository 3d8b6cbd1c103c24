"""What deployments of unikernels went wrong with before, so that it does not here.

The numbers of `pain` are those that users of other tools report again and again: records that are
wrong (1), failures without a reason (2), rollbacks that cleaning up has removed (3), locks that
stick (4), orphans (5), consoles that are lost or without end (6), shutdown that the guest has to
agree to (7), restarts without end (8), machines without KVM (9), one host that is not enough (10),
split brains (11), builds that cannot be repeated (12). Those of `b` are the faults that the
deployment scripts of MirageOS had. Most have their test beside what they are about, with the number
in its name; here is the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fata.deploy import changes, routes
from fata.deploy.drivers.directory import read_spec
from fata.deploy.drivers.driver import State
from fata.deploy.host import Host
from fata.deploy.service import parse_guest, service_of
from fata.image import manifest as manifests
from fata.settings import parse
from functoria.error import UserError

from .stub import deployment, image, served, stub_host

NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,30}", fullmatch=True)


def test_b9_at_each_step_something_serves(host: Host, said: list[str]) -> None:
    """Nothing is destroyed before what replaces it has proved that it works."""
    answers: list[tuple[str, str]] = []
    watched = replace(
        stub_host(host.root), passing=lambda step: answers.append((step, served(host)))
    )
    changes.deploy(host, deployment(image(host, b"1"), text="one"), "ann", said.append)
    changes.deploy(watched, deployment(image(host, b"2"), text="two"), "ann", said.append)
    with pytest.raises(UserError):
        changes.deploy(watched, deployment(image(host, b"3"), "500"), "ann", said.append)
    watched.records.close()
    steps = [step for step, _ in answers]
    switched = steps.index("switch") + 1
    assert {text for _, text in answers[:switched]} == {"one"}
    assert {text for _, text in answers[switched:]} == {"two"}
    assert "give-up" in steps


def test_pain_7_a_guest_need_not_agree_to_its_end(
    host: Host, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked, and destroyed if it does not end by itself."""
    monkeypatch.setattr("fata.deploy.rollout.STOP_SECONDS", 0.3)
    changes.deploy(host, deployment(image(host, b"1"), "stubborn"), "ann", said.append)
    changes.deploy(host, deployment(image(host, b"2"), text="two"), "ann", said.append)
    running = [one.name for one in host.driver.list() if one.state is State.RUNNING]
    assert running == ["hello.production.g2"]


def test_b10_what_is_there_does_not_travel_again(host: Host, said: list[str]) -> None:
    """Kernels are kept once, by digest, and not in a repository that grows for ever."""

    def stored() -> int:
        return sum(path.is_file() for path in (host.root / "store" / "blobs").rglob("*"))

    changes.deploy(host, deployment(image(host), text="one"), "ann", said.append)
    before = stored()
    assert before == 3
    changes.deploy(host, deployment(image(host), text="two"), "ann", said.append)
    assert stored() == before


@given(app=NAMES, environment=NAMES, number=st.integers(1, 999_999_999))
def test_b7_a_name_is_made_and_read_in_one_place(app: str, environment: str, number: int) -> None:
    """What makes the name of a guest and what reads it never disagree."""
    service = service_of(app, environment)
    assert parse_guest(service.guest(number)) == (service, number)


@pytest.mark.parametrize(
    "name", ["mirage/mirage-www#mirage", "$HTTP", "a b", "", "../x", "A", "a.b"]
)
def test_b3_a_name_that_a_shell_or_a_path_would_take_for_more_is_refused(name: str) -> None:
    """Names are checked where they come in, and no shell ever sees them."""
    with pytest.raises(UserError):
        service_of(name, "production")
    assert parse_guest(f"{name}.production.g1") is None


def test_b6_a_disk_is_the_device_that_the_image_was_built_for(host: Host, said: list[str]) -> None:
    """Image and host cannot disagree on `xvda` and `xvdb`: the manifest says it to both."""
    made = manifests.parse(host.blobs.path(image(host, volume=True)).read_bytes(), "manifest.json")
    disks = (replace(made.disks[0], vdev="xvdb"),)
    digest = host.blobs.put(manifests.to_json(replace(made, disks=disks)), "manifest.json").digest
    changes.deploy(host, deployment(digest), "ann", said.append)
    (disk,) = read_spec(host.guests / "hello.production.g1").disks
    assert (disk.name, disk.vdev) == ("data", "xvdb")


def test_pain_12_the_same_image_run_in_the_same_way_is_the_same_release(
    host: Host, said: list[str]
) -> None:
    """A release is the digest of all that it is made of, and of nothing else."""
    same, other = deployment(image(host), text="one"), deployment(image(host), text="two")
    digests = []
    for asked in (same, same, other):
        done = changes.deploy(host, asked, "ann", said.append)
        assert done is not None
        digests.append(done.release.digest)
    assert digests[0] == digests[1] != digests[2]


def test_pain_5_traffic_follows_from_the_records_alone(host: Host, said: list[str]) -> None:
    """Whoever computes it after a crash finds the same, and no rule is an orphan."""
    changes.deploy(host, deployment(image(host)), "ann", said.append)
    there: Sequence[object] = host.traffic.routes() or ()
    other = stub_host(host.root)
    assert routes.routes(other) == tuple(there)
    other.records.close()


def test_pain_10_an_app_may_be_on_several_hosts() -> None:
    """Each environment has a host of its own, and the same ports there."""
    there = {"one": "root@a", "two": "root@b"}
    text = "".join(
        f'[environments.{name}]\nhost = "{host}"\nports = ["80:80"]\n'
        for name, host in there.items()
    )
    found = parse(text.encode())
    assert {one.name: one.host for one in found.environments} == there
    with pytest.raises(UserError, match=r"port 80/tcp of `root@a` is also the port of `one`"):
        parse(text.replace("root@b", "root@a").encode())
