"""What `fata agent audit` answers: the host's side of `fata audit`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec

from fata.deploy.audit.log import Audit
from functoria.error import UserError

_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Request:
    """`Request(limit, before, verify)` asks for entries; or whether the log is whole, too."""

    limit: int = 100
    before: int | None = None
    verify: bool = False


def handle(root: Path, request: Mapping[str, object]) -> dict[str, object]:
    """`handle(root, request)` is the answer to a request, to be sent back as JSON.

    It is for administrators. `fault` is there where it was asked to verify: what is wrong with the
    log, or `None`. Raises `UserError`.
    """
    try:
        asked = msgspec.convert(request, Request)
    except ValueError:
        raise UserError(
            "this is no request about the audit log",
            "fata agent audit",
            "see that client and host have one version of fata, then run the command again",
        ) from None
    audit = Audit(root)
    entries = audit.read(max(0, min(asked.limit, _MOST)), asked.before)
    answer: dict[str, object] = {"entries": [asdict(entry) for entry in entries]}
    if asked.verify:
        fault = audit.verify()
        answer["fault"] = None if fault is None else asdict(fault)
    return answer
