"""What a host allows, and to whom."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from fata.deploy.policy.permission import BRINGING
from fata.deploy.policy.user import User
from fata.deploy.policy.wish import Used, Wish
from functoria.error import Position, UserError


@dataclass(frozen=True, slots=True)
class Policy:
    """`Policy(users, signatures)` is `policy.toml`; without one nobody is in it.

    `signatures` is whether every image has to be signed by somebody whom the host trusts,
    whoever brings it. `file` is how messages name the file, `place` where `signatures` is said.
    """

    users: Mapping[str, User] = field(default_factory=dict)
    signatures: bool = False
    file: str = "policy.toml"
    place: Position | None = field(default=None, compare=False, repr=False)

    def user(self, name: str) -> User:
        """`policy.user(name)` is that user. Raises `UserError` where the host has none such."""
        found = self.users.get(name)
        if found is None:
            raise UserError(
                f"{name} is no user of this host",
                self.file,
                "ask an administrator of the host for `fata host allow`",
            )
        return found

    def sees(self, user: str | None, app: str, environment: str) -> bool:
        """`policy.sees(user, app, environment)` is whether they may know that it is there."""
        return user is None or (user in self.users and self.users[user].sees(app, environment))

    def check(self, user: str | None, wish: Wish, used: Used) -> None:
        """Raise `UserError` that says what of the wish is not allowed.

        `user` is `None` for an administrator, who may do everything that a file does not forbid to
        everybody: bring images that are not signed.
        """
        if user is not None:
            self.user(user).check(wish, used)
        brings = wish.verb in BRINGING and wish.environment is not None
        if self.signatures and brings and not wish.signed:
            raise UserError(
                "this host takes only images that are signed",
                self.place or self.file,
                "sign with an ssh key that the host trusts: `ssh-add -l` has to show it when you "
                "deploy",
            )
