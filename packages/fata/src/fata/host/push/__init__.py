"""Push to deploy: a push to a repository on a host builds the commit, tests it and deploys it."""

from fata.host.push.limits import Limits
from fata.host.push.pipeline import Deploy
from fata.host.push.receive import Terms, receive
from fata.host.push.repository import prepare

__all__ = ["Deploy", "Limits", "Terms", "prepare", "receive"]
