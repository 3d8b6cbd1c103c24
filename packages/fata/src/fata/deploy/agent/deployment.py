"""The request to deploy, as `fata.toml` words it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from fata.deploy.agent.requests import Deployment
from fata.settings import Environment


def request_of(
    app: str,
    environment: Environment,
    manifest: str,
    signature: str | None,
    wait: float = 0.0,
    *,
    dry_run: bool = False,
) -> Mapping[str, object]:
    """`request_of(app, environment, manifest, signature)` asks to deploy that image there."""
    asked = Deployment(
        app=app,
        environment=environment.name,
        manifest=manifest,
        signature=signature,
        arguments=environment.arguments,
        ports=environment.ports,
        memory=environment.memory,
        cpus=environment.cpus,
        limits=environment.limits,
        health=environment.health,
        keep=environment.keep,
        wait=wait,
        dry_run=dry_run,
    )
    found: dict[str, object] = msgspec.to_builtins(asked)
    del found["by"]
    return found
