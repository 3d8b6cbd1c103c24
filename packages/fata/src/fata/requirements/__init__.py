"""Third-party requirements: resolved once, locked with hashes, installed for the build only."""

from fata.requirements.environment import environment
from fata.requirements.lock import Lock, lock, resolved
from fata.requirements.requirement import Requirement

__all__ = ["Lock", "Requirement", "environment", "lock", "resolved"]
