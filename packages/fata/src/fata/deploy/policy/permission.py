"""What users may be allowed to do, and which verb of the agent needs which permission."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Permission(StrEnum):
    """What `may` of a user in policy.toml names."""

    DEPLOY = "deploy"
    ROLLBACK = "rollback"
    RESTART = "restart"
    STOP = "stop"
    REMOVE = "remove"
    SECRETS = "secrets"
    LOGS = "logs"
    PUSH = "push"


DEFAULT = frozenset(Permission) - {Permission.REMOVE}
"""What a user may do of whom `may` is not said: all that can be taken back."""

NEEDED: Mapping[str, Permission | None] = {
    "deploy": Permission.DEPLOY,
    "receive": Permission.DEPLOY,
    "push": Permission.PUSH,
    "repository": Permission.PUSH,
    "rollback": Permission.ROLLBACK,
    "restart": Permission.RESTART,
    "stop": Permission.STOP,
    "remove": Permission.REMOVE,
    "secrets": Permission.SECRETS,
    "console": Permission.LOGS,
    "logs": Permission.LOGS,
    "hello": None,
    "history": None,
    "samples": None,
    "status": None,
}
"""What each verb needs, `None` for what everyone may, as far as it is about apps of theirs.

A verb that is not here is for administrators: `audit`, `policy`, `prune` and whatever else.
"""

STARTING = frozenset({"deploy", "push", "rollback", "restart"})
"""The verbs that start a guest, for which there has to be room."""

BRINGING = frozenset({"deploy", "push"})
"""The verbs that bring an image, which may have to be signed."""
