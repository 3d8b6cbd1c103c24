"""What a provider fetches for us, named by digest.

Each line names where its digest is published, so that anyone can check it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pin:
    """`Pin(name, digest, label, source)` is one release of something.

    `label` is what people call it; `source` is where the digest is published.
    """

    name: str
    digest: str
    label: str
    source: str

    def __str__(self) -> str:
        return f"{self.name}@{self.digest}"


IMAGE = Pin(
    "python",
    "sha256:b99029c95d3d37fb1e4e76d287f7984373dca77c665885986e31b2c95260c13c",
    "python:3.11-bookworm",
    "https://github.com/docker-library/repo-info/blob/master/repos/python/remote/3.11-bookworm.md",
)
"""The machine of every job: Debian 12 with Python, git, ssh and a compiler."""

CHECKOUT = Pin(
    "actions/checkout",
    "de0fac2e4500dabe0009e67214ff5f5447ce83dd",
    "v6.0.2",
    "https://github.com/actions/checkout/releases/tag/v6.0.2",
)

UPLOAD = Pin(
    "actions/upload-artifact",
    "b7c566a772e6b6bfb58ed0dc250532a479d7789f",
    "v6.0.0",
    "https://github.com/actions/upload-artifact/releases/tag/v6.0.0",
)
