"""A push that has come to a repository of the host: built, tested, signed and deployed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from fata.deploy import changes
from fata.deploy.agent import supervisor
from fata.deploy.agent.authority import authorized
from fata.deploy.agent.deployment import request_of
from fata.deploy.agent.host_key import host_key
from fata.deploy.agent.requests import Deployment, read
from fata.deploy.host import Report
from fata.deploy.opening import open_host
from fata.deploy.policy.gate import user_of
from fata.deploy.signing import sign
from fata.deploy.store.item import item_of
from fata.deploy.store.receive import SIGNATURE
from fata.host.push import receive
from fata.image.manifest import FILE_NAME, blobs_of, parse
from fata.settings import Environment
from functoria.error import UsageError

_WAIT = 3600.0


def receive_push(root: Path, words: tuple[str, ...], report: Report) -> int:
    """`receive_push(root, [app], report)` is the exit code of the hook: 0 accepts the push.

    Its standard input is what git tells the hook. Raises `UserError`.
    """
    if len(words) != 1:
        raise UsageError("it is not said which app was pushed", "APP", "push again")

    def deploy(dist: Path, app: str, environment: Environment, say: Report) -> int:
        return _deploy(root, dist, app, environment, say)

    return receive(root, words[0], sys.stdin, deploy, report)


def _deploy(root: Path, dist: Path, app: str, environment: Environment, report: Report) -> int:
    supervisor.ensure(root)
    host = open_host(root)
    try:
        manifest = (dist / FILE_NAME).read_bytes()
        made = parse(manifest, str(dist))
        for blob in blobs_of(made):
            host.blobs.put((dist / blob.file).read_bytes(), blob.file)
            host.blobs.verify(item_of(blob))
        digest = host.blobs.put(manifest, FILE_NAME).digest
        signed = sign(manifest, host_key(root))
        signature = host.blobs.put(signed, SIGNATURE).digest
        request = request_of(app, environment, digest, signature, _WAIT)
        with authorized(root, "push", request, user_of(os.environ)) as author:
            allow = author.allow(host, "push")
            changes.deploy(host, read(request, Deployment), author.name, report, allow)
    finally:
        host.records.close()
    return 0
