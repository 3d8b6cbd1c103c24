"""Push to deploy: a push to a repository on a host builds the commit, tests it and deploys it."""

from fata.host.push.pipeline import Deploy
from fata.host.push.receive import Terms, receive
from fata.host.push.repository import prepare
from fata.host.push.sandbox import Limits

__all__ = ["Deploy", "Limits", "Terms", "prepare", "receive"]
