"""Asking guests whether they are healthy."""

from fata.deploy.health.answer import Probe
from fata.deploy.health.ask import probe

__all__ = ["Probe", "probe"]
