"""A host whose guests are small processes: what a rollout does is seen in seconds, not minutes.

The real drivers keep the same protocol; what they do is tested with them.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
import time
import urllib.request
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec

from fata.deploy.admission import Admission
from fata.deploy.agent.requests import Deployment
from fata.deploy.drivers.directory import (
    STATE,
    Started,
    ended,
    names,
    prepare,
    read_value,
    write_value,
)
from fata.deploy.drivers.driver import Found, Outcome, State, Statistics
from fata.deploy.drivers.spec import GuestSpec
from fata.deploy.host import Host
from fata.deploy.records.records import Records
from fata.deploy.secrets.place import Place
from fata.deploy.secrets.vault import Vault
from fata.deploy.signing import Signers
from fata.deploy.store.blobs import Blobs
from fata.deploy.store.durable import reported
from fata.deploy.traffic.route import Endpoint, Route
from fata.identity import Identity, identify
from fata.image import manifest as manifests
from fata.qemu.accelerator import Preference
from fata.qemu.publish import assign
from fata.settings import Health, Kind, Port
from functoria.error import UserError

GUEST = Path(__file__).with_name("guest.py")
NAME = "stub"


class Stub:
    """The driver: a process for each guest, known by number, start and boot."""

    name = NAME

    def __init__(self, guests: Path) -> None:
        self._guests = guests
        self.unkept: set[str] = set()
        self.hopeless = False

    def check(self, spec: GuestSpec) -> None:
        if self._identity(spec.name) is not None:
            raise UserError(f"a guest `{spec.name}` runs already", None, "stop it first")

    def start(self, spec: GuestSpec) -> None:
        self.check(spec)
        nics = tuple(replace(nic, forwards=assign(nic.forwards)) for nic in spec.nics)
        prepare(replace(spec, nics=nics), NAME)
        words = [w.removeprefix("fata.arg=") for w in spec.command_line.split(" ")]
        behaviour = next((w[11:] for w in words if w.startswith("--behaviour")), "")
        text = next((w[7:] for w in words if w.startswith("--text=")), "")
        port = nics[0].forwards[0].host
        with self.process(spec.directory, port, behaviour.removeprefix("="), text) as pid:
            me = identify(pid)
            if me is None:
                return
            try:
                write_value(spec.directory / STATE, Started(me, me, time.time()))
            except OSError as error:
                me.send(9)
                raise UserError("the guest cannot be started", None, "make room") from error

    @contextlib.contextmanager
    def process(self, directory: Path, port: int, behaviour: str, text: str) -> Iterator[int]:
        """The process of a guest, which goes on when the block has ended."""
        command = [
            *(sys.executable, "-I", str(GUEST), f"guest:{directory}"),
            *(str(directory / "console"), str(port), behaviour, text),
        ]
        null = [(os.POSIX_SPAWN_OPEN, number, os.devnull, os.O_RDWR, 0) for number in range(3)]
        yield os.posix_spawn(sys.executable, command, {}, file_actions=null, setsid=True)

    def attend(self, name: str) -> None:
        if self.hopeless:
            raise UserError("no keeper can attach to the guest", name, "deploy it again")
        self.unkept.discard(name)

    def list(self) -> tuple[Found, ...]:
        found = []
        for name in names(self._guests, NAME):
            identity = self._identity(name)
            if identity is None:
                found.append(Found(name, ended(self._guests / name).state))
            else:
                kept = name not in self.unkept
                found.append(Found(name, State.RUNNING, identity.pid, time.time(), kept=kept))
        return tuple(found)

    def stop(self, name: str, seconds: float) -> Outcome:
        identity = self._identity(name)
        if identity is not None:
            identity.send(2)
            if not identity.wait(seconds):
                self.destroy(name)
        return ended(self._guests / name)

    def destroy(self, name: str) -> None:
        identity = self._identity(name)
        if identity is not None:
            identity.send(9)
            identity.wait(5)

    def statistics(self, name: str) -> Statistics:
        if self._identity(name) is None:
            raise UserError(f"the guest `{name}` does not run", None, "start it")
        return Statistics(1.0, 1 << 20)

    def outcome(self, name: str) -> Outcome | None:
        known = (self._guests / name / STATE).exists()
        return ended(self._guests / name) if known and self._identity(name) is None else None

    def console(self, name: str) -> Path:
        return self._guests / name / "console"

    def _identity(self, name: str) -> Identity | None:
        started = read_value(self._guests / name / STATE, Started)
        alive = started is not None and started.keeper.alive
        return started.keeper if started is not None and alive else None


class Map:
    """Traffic: what is led where, in a file that is replaced as a whole."""

    def __init__(self, root: Path) -> None:
        self._file = root / "map.json"

    def check(self, routes: Sequence[Route]) -> None:
        for route in routes:
            if route.port == 1:
                raise UserError("port 1 is in use", "ports", "choose another")

    def apply(self, routes: Sequence[Route]) -> None:
        new = self._file.with_suffix(".new")
        with reported("the map cannot be written", new):
            new.write_bytes(msgspec.json.encode(list(routes)))
            new.replace(self._file)

    def routes(self) -> tuple[Route, ...] | None:
        if not self._file.exists():
            return None
        return msgspec.json.decode(self._file.read_bytes(), type=tuple[Route, ...])

    def connections(self, endpoints: Collection[Endpoint]) -> int:
        file = self._file.with_name("connections")
        return int(file.read_text()) if file.exists() else 0

    def forget(self, endpoints: Collection[Endpoint]) -> None:
        pass

    def remove(self) -> None:
        self._file.unlink(missing_ok=True)


def stub_host(
    root: Path,
    passing: Callable[[str], None] = lambda _: None,
    driver: Callable[[Path], Stub] = Stub,
) -> Host:
    """`stub_host(root)` is a host whose guests are processes."""
    root.mkdir(parents=True, exist_ok=True)
    return Host(
        root,
        driver(root / "guests"),
        Records(root),
        Blobs(root / "store"),
        Admission(Signers(root / "allowed_signers"), required=False),
        Vault(root),
        Place(root / "run"),
        Map(root),
        preference=Preference.TCG,
        passing=passing,
    )


def image(
    host: Host, kernel: bytes = b"kernel", *, volume: bool = False, secrets: bool = False
) -> str:
    """`image(host)` is the digest of the manifest of an image that is in the store."""
    blobs = {}
    for name, content in (("kernel", kernel), ("root", b"root")):
        item = host.blobs.put(content, name)
        blobs[name] = manifests.Blob(name, item.digest, item.size)
    line = "quiet"
    made = manifests.Manifest(
        name="hello",
        target="virtio",
        versions={},
        source=manifests.Source(hashlib.sha256(kernel).hexdigest()[:40], False),
        keys={},
        arguments=(
            manifests.ArgumentRecord("behaviour", "str", "", "what it does"),
            manifests.ArgumentRecord("text", "str", "", "what it says"),
        ),
        interpreter=manifests.Interpreter("3.11", ""),
        requirements=(),
        image=manifests.Image(
            manifests.image_digest(blobs["kernel"], blobs["root"], line),
            manifests.KernelRecord(blobs["kernel"], "tiny", "6", "", ""),
            blobs["root"],
            1,
            line,
            (),
            (manifests.MachineRecord("microvm", (), ()),),
        ),
        network=(manifests.NetworkDevice(0, "net"),),
        disks=(
            *((manifests.DiskDevice(0, "data", 4096),) if volume else ()),
            *((manifests.DiskDevice(1, "secrets", purpose="secrets"),) if secrets else ()),
        ),
    )
    return host.blobs.put(manifests.to_json(made), "manifest.json").digest


def deployment(manifest: str, behaviour: str = "", **more: object) -> Deployment:
    """`deployment(manifest, behaviour)` asks for that image, with little patience."""
    health = Health(Kind.HTTP, 80, successes=2, interval=0.05, timeout=1.0, deadline=3.0, drain=0.3)
    words = (f"--behaviour={behaviour}",) if behaviour else ()
    text = more.pop("text", None)
    if text is not None:
        words = (*words, f"--text={text}")
    values: dict[str, object] = {
        "app": "hello",
        "manifest": manifest,
        "arguments": words,
        "ports": (Port(8080, 80),),
        "health": health,
        **more,
    }
    return Deployment(**values)  # type: ignore[arg-type]


def served(host: Host) -> str:
    """`served(host)` is what a client of the host's port gets now."""
    routes = host.traffic.routes() or ()
    (route,) = [one for one in routes if one.port == 8080]
    url = f"http://{route.to.address}:{route.to.port}/"
    with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - of ours
        body: bytes = answer.read()
    return body.decode().strip()
