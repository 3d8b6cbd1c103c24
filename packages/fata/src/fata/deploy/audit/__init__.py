"""The log of what was asked of a host, by whom, and what became of it."""

from fata.deploy.audit.entry import Entry, Result
from fata.deploy.audit.log import Audit
from fata.deploy.audit.verify import Fault
from fata.deploy.audit.who import Who, who

__all__ = ["Audit", "Entry", "Fault", "Result", "Who", "who"]
