"""What `fata agent prune` answers: the host's side of `fata prune`, as far as the store goes."""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path

from fata.deploy.store.blobs import Blobs
from fata.deploy.store.collect import Removal, collect, remove


def prune(store: Path, pinned: Set[str], *, dry_run: bool, now: float) -> dict[str, object]:
    """`prune(store, pinned, dry_run=..., now=...)` is what goes, to be sent back as JSON.

    `pinned` are the digests that live and kept releases name. `now` is in seconds of the epoch.
    Raises `UserError`.
    """
    blobs = Blobs(store)
    plan = collect(blobs, pinned, now)
    done = plan if dry_run or not plan else remove(blobs, plan, now)
    return {
        "removed": [_shown(removal, store) for removal in done],
        "bytes": sum(removal.size for removal in done),
        "dry_run": dry_run,
    }


def _shown(removal: Removal, store: Path) -> dict[str, object]:
    path = removal.path.relative_to(store).as_posix()
    return {"path": path, "size": removal.size, "why": removal.why}
