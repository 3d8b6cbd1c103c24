"""Who runs pipelines, by name: what each is given is in `fata.ci.render`."""

from __future__ import annotations

NAMES = ("github", "gitlab", "forgejo", "gitea", "travis")
"""As `fata ci init` and `fata query ci-NAME` take them."""
