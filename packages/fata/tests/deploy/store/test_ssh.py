"""A transfer over a real ssh, whose connection is cut."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fata.deploy.store.blobs import Blobs
from fata.deploy.store.frames import LostError
from fata.deploy.store.item import Item
from fata.deploy.store.send import Source
from fata.deploy.store.ship import ship

from .test_processes import BIG, HOST

SSHD = shutil.which("sshd", path="/usr/sbin:/sbin")
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root starts an sshd that lets root in"),
]


@pytest.fixture
def ssh(tmp_path: Path) -> list[str]:
    """An ssh whose connections are each a pipe to an sshd of their own: no port is used."""
    Path("/run/sshd").mkdir(exist_ok=True)
    for name in ("host", "user"):
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / name)]
        subprocess.run(make, check=True)
    config = tmp_path / "sshd_config"
    config.write_text(
        f"HostKey {tmp_path}/host\nAuthorizedKeysFile {tmp_path}/user.pub\nStrictModes no\n"
        "PermitRootLogin prohibit-password\nUsePAM no\nPidFile none\n"
    )
    public = (tmp_path / "host.pub").read_text().split()[:2]
    (tmp_path / "known_hosts").write_text(" ".join(("box", *public)) + "\n")
    options = {
        "ProxyCommand": f"{SSHD} -i -f {config} -E {tmp_path}/log",
        "UserKnownHostsFile": str(tmp_path / "known_hosts"),
        "IdentityFile": str(tmp_path / "user"),
        "IdentitiesOnly": "yes",
        "BatchMode": "yes",
        "ControlPath": "none",
    }
    words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
    return ["ssh", "-F", "none", "-T", *words, "--", "root@box"]


def test_an_image_over_ssh(ssh: list[str], tmp_path: Path) -> None:
    store = tmp_path / "store"
    process = tmp_path / "pid"
    host = tmp_path / "host.py"
    host.write_text(f"import os; open({str(process)!r}, 'w').write(str(os.getpid()))\n{HOST}")
    command = [*ssh, shlex.join([sys.executable, str(host), str(store)])]
    file = tmp_path / "root"
    file.write_bytes(BIG)
    sources = [Source(Item(hashlib.sha256(BIG).hexdigest(), len(BIG), "root"), file)]

    def cut(done: int, total: int) -> None:
        if done > total // 2 and process.exists():
            os.kill(int(process.read_text()), 9)
            process.unlink()

    with pytest.raises(LostError):
        ship(command, b"{}", None, sources, cut)
    blobs = Blobs(store)
    (part,) = blobs.incoming.glob("*.part")
    there = part.stat().st_size
    assert 0 < there < len(BIG)
    totals: list[int] = []
    done = ship(command, b"{}", b"signature", sources, lambda _, total: totals.append(total))
    assert done.signature == hashlib.sha256(b"signature").hexdigest()
    assert set(totals) == {len(BIG) - there}
    assert blobs.verify(sources[0].item).read_bytes() == BIG
