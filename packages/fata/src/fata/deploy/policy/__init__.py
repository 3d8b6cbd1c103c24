"""Who may do what on a host: `policy.toml`, and the gate that its users come through."""

from fata.deploy.policy.load import load, parse
from fata.deploy.policy.permission import Permission
from fata.deploy.policy.policy import Policy
from fata.deploy.policy.user import User
from fata.deploy.policy.wish import Used, Wish

__all__ = ["Permission", "Policy", "Used", "User", "Wish", "load", "parse"]
