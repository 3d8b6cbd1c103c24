"""Which accelerator to use: KVM where a test start proves it, emulation elsewhere.

That `/dev/kvm` exists and opens proves nothing: there are hosts on which a guest under KVM hangs
in its early boot. Only a kernel that comes to its end is believed.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from fata.cache import cache_directory
from fata.qemu.failure import kvm_unusable, not_installed
from fata.qemu.machine import PROGRAM, Accelerator, Guest, Machine
from fata.qemu.observer import Observer
from fata.qemu.supervise import Run
from functoria.error import UserError

PROBE_SILENCE = 3.0
"""Seconds between two lines after which a kernel hangs; where KVM is emulated it may crawl."""
PROBE_LIMIT = 60.0
"""Seconds that it has in all; a processor's own KVM takes a third of one."""
_FAR_ENOUGH = re.compile(r"Unable to mount root|No working init found|Run /\S* as init")


class Preference(StrEnum):
    """What the user wants: KVM where it works, KVM or nothing, or emulation."""

    AUTO = "auto"
    KVM = "kvm"
    TCG = "tcg"


@dataclass(frozen=True, slots=True)
class Choice:
    """`Choice(accelerator, reason)` is the accelerator to use and why, in words to show."""

    accelerator: Accelerator
    reason: str


@dataclass(frozen=True, slots=True)
class Places:
    """Where to look: the device, the boot identity and the folder that remembers probes."""

    device: Path
    boot_id: Path
    cache: Path

    @classmethod
    def here(cls) -> Places:
        """`Places.here()` are those of this machine and user (XDG Base Directory)."""
        return cls(
            Path("/dev/kvm"),
            Path("/proc/sys/kernel/random/boot_id"),
            cache_directory() / "accelerator",
        )


def choose(
    preference: Preference,
    kernel: Path,
    machine: Machine = Machine.MICROVM,
    kernel_sha256: str | None = None,
    places: Places | None = None,
    silence: float = PROBE_SILENCE,
) -> Choice:
    """`choose(preference, kernel, machine)` is the accelerator for guests with that kernel.

    A probe of KVM goes on until its kernel has come far enough, or says nothing for `silence`
    seconds; its result is kept until the next boot, for this QEMU, kernel and machine.
    `kernel_sha256` saves reading the kernel. Raises `UserError` if KVM is insisted on and does
    not work, or if there is no QEMU.
    """
    if preference is Preference.TCG:
        return Choice(Accelerator.TCG, "emulated, as asked for")
    places = places or Places.here()
    obstacle = _obstacle(places.device)
    if obstacle is None:
        key = _key(kernel, machine, kernel_sha256, places.boot_id)
        known = _recall(places.cache / f"{key}.json")
        # Who insists on KVM may have just repaired it.
        if known is None or (known and preference is Preference.KVM):
            known = _probe(kernel, machine, silence)
            _remember(places.cache, key, known)
        obstacle = known or None
    if obstacle is None:
        return Choice(Accelerator.KVM, "a test start under KVM succeeded")
    if preference is Preference.KVM:
        raise kvm_unusable(obstacle)
    return Choice(Accelerator.TCG, f"emulated: {obstacle}")


def likely(
    kernel: Path, machine: Machine, kernel_sha256: str | None, places: Places | None = None
) -> Accelerator:
    """`likely(kernel, machine, kernel_sha256)` is what `choose` would take, as far as is known.

    Nothing is started to find out: KVM is believed in until something speaks against it.
    """
    places = places or Places.here()
    obstacle = _obstacle(places.device)
    if obstacle is None:
        with contextlib.suppress(UserError):  # no QEMU: it is another machine that will run it
            key = _key(kernel, machine, kernel_sha256, places.boot_id)
            obstacle = _recall(places.cache / f"{key}.json")
    return Accelerator.TCG if obstacle else Accelerator.KVM


def _obstacle(device: Path) -> str | None:
    try:
        os.close(os.open(device, os.O_RDWR | os.O_CLOEXEC))
    except FileNotFoundError:
        return f"this machine has no `{device}`"
    except PermissionError:
        return f"this user may not open `{device}`; membership in the group `kvm` usually allows it"
    except OSError as error:
        return f"`{device}` cannot be opened: {(error.strerror or str(error)).lower()}"
    return None


class _Progress(Observer):
    """How far the test guest came."""

    def __init__(self) -> None:
        self.arrived = False
        self.last = ""
        self._began = self._heard = 0.0

    def started(self, pid: int, at: float) -> None:
        self._began = self._heard = at

    def output(self, data: bytes, at: float) -> None:
        self._heard = at

    def hung(self, ended: float, silence: float) -> bool:
        """Whether it was ended, so many seconds after its start, rather than that it ended."""
        return ended >= min(PROBE_LIMIT, self._heard - self._began + silence)

    def line(self, text: str, at: float) -> None:
        self.arrived = self.arrived or bool(_FAR_ENOUGH.search(text))
        self.last = text.strip() or self.last


def _probe(kernel: Path, machine: Machine, silence: float) -> str:
    """`_probe(kernel, machine, silence)` is why KVM is of no use here, or `""` if it works."""
    guest = Guest(kernel, cmdline="console=ttyS0 reboot=t panic=-1", machine=machine)
    progress = _Progress()
    with tempfile.TemporaryDirectory(prefix="fata-probe-") as folder:
        log = Path(folder) / "console"
        try:
            with Run(
                guest, Accelerator.KVM, log, progress, limit=PROBE_LIMIT, silence=silence
            ) as run:
                run.start()
                outcome = run.wait()
        except UserError as error:
            return f"QEMU refused KVM: {error.what.removeprefix('KVM cannot be used: ')}"
    hung = progress.hung(outcome.seconds, silence)
    if progress.arrived and not hung:
        return ""
    came = f"came no further than `{progress.last[:100]}`" if progress.last else "printed nothing"
    if hung:
        return f"a test start under KVM hung: it {came}"
    return f"a test start under KVM {came}: {outcome.reason}"


def _key(kernel: Path, machine: Machine, sha256: str | None, boot_id: Path) -> str:
    """A file name that begins with the boot, so that those of earlier boots can be told."""
    program = shutil.which(PROGRAM)
    if program is None:
        raise not_installed()
    # The installed file instead of the answer to `--version`, which takes longer than the rest.
    installed = Path(program).resolve().stat()
    if sha256 is None:
        with kernel.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    parts = (program, installed.st_size, installed.st_mtime_ns, machine.value, sha256)
    digest = hashlib.sha256(json.dumps(parts).encode()).hexdigest()
    return f"{_boot(boot_id)}-{digest[:32]}"


def _boot(boot_id: Path) -> str:
    try:
        text = boot_id.read_text().strip().replace("-", "")
    except OSError:
        return "unknown"
    return text if re.fullmatch(r"[0-9a-f]{32}", text) else "unknown"


def _recall(path: Path) -> str | None:
    with contextlib.suppress(OSError, ValueError):
        if path.stat().st_size < 4096:
            known = json.loads(path.read_text())
            if isinstance(known, dict) and isinstance(known.get("obstacle"), str):
                return str(known["obstacle"])
    return None


def _remember(cache: Path, key: str, obstacle: str) -> None:
    """Keep a result; one that cannot be kept is only found again the next time."""
    with contextlib.suppress(OSError):
        cache.mkdir(parents=True, exist_ok=True, mode=0o700)
        boot = key.partition("-")[0]
        for old in sorted(cache.iterdir()):
            if not old.name.startswith(f"{boot}-"):
                old.unlink()
        with tempfile.NamedTemporaryFile("w", dir=cache, prefix=f"{boot}-", delete=False) as file:
            json.dump({"obstacle": obstacle}, file)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).rename(cache / f"{key}.json")
