"""Who asks, whether they may, and that it is written down."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fata.deploy.agent.usage import look, used
from fata.deploy.audit.who import who
from fata.deploy.boot import needed_memory
from fata.deploy.changes import Allow, Reserve
from fata.deploy.host import Host
from fata.deploy.policy import authority
from fata.deploy.policy.policy import Policy
from fata.deploy.policy.wish import Used, Wish
from fata.deploy.release import Release
from fata.deploy.service import Service
from fata.deploy.volumes import size
from fata.image.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Author:
    """`Author(name, user, policy)` is who asks; `user` is `None` for an administrator.

    `name` is what is written beside what they do.
    """

    name: str
    user: str | None
    policy: Policy

    def sees(self, service: Service) -> bool:
        """Whether they may know of it."""
        return self.policy.sees(self.user, service.app, service.environment)

    def allow(self, host: Host, verb: str) -> Allow:
        """`allow(host, verb)` checks a release against what the author may have of the host."""

        def check(service: Service, release: Release, made: Manifest) -> Reserve:
            wish = _wish(host, verb, service, release, made)
            if self.user is None:
                self.policy.check(None, wish, Used())
                return _granted
            seen = look(host)

            def reserve() -> None:
                self.policy.check(self.user, wish, used(host, service, self.sees, seen))

            reserve()
            return reserve

        return check


def _granted() -> None:
    """What an administrator asks for is theirs."""


@contextlib.contextmanager
def authorized(
    root: Path, verb: str, request: Mapping[str, object], user: str | None
) -> Iterator[Author]:
    """Within `authorized(root, verb, request, user)` the request is carried out, by the author.

    An administrator is called what the request says, for whoever is root can say anything; the
    audit log has what sshd says. Raises `UserError` where the user may not.
    """
    with authority.authorized(root, verb, request, user) as policy:
        claimed = str(request.get("by", ""))[:100]
        plain = "".join(char for char in claimed if char.isprintable())
        yield Author(user or plain or who(user, os.environ).name, user, policy)


def _wish(host: Host, verb: str, service: Service, release: Release, made: Manifest) -> Wish:
    signer = release.signer
    return Wish(
        verb,
        service.app,
        service.environment,
        memory=needed_memory(release, made),
        cpus=release.cpus or 1,
        ports=tuple(port.host for port in release.ports),
        bridges=() if host.bridge is None or not made.network else (host.bridge,),
        disk=size(made),
        signed=release.signature is not None,
        signer=None if signer is None else signer.partition(" (")[0],
    )
