"""What the agent does: a request each, as values, and its answer."""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from fata.deploy import changes
from fata.deploy.agent import console as consoles
from fata.deploy.agent import requests
from fata.deploy.agent.authority import Author
from fata.deploy.agent.wire import PROTOCOL, Speaker
from fata.deploy.audit.requests import handle as handle_audit
from fata.deploy.host import Host
from fata.deploy.policy.requests import handle as handle_policy
from fata.deploy.records.records import Generation
from fata.deploy.secrets.requests import handle as handle_secrets
from fata.deploy.service import Service, service_of
from fata.deploy.status import event_report, status
from fata.deploy.store.prune import prune
from fata.versions import VERSION


@dataclass(frozen=True, slots=True)
class Call:
    """`Call(host, request, author, speaker)` is one request, and who made it."""

    host: Host
    request: Mapping[str, object]
    author: Author
    speaker: Speaker

    def allow(self, verb: str) -> changes.Allow:
        """What checks that the author may have what a release takes."""
        return self.author.allow(self.host, verb)


Answer = Mapping[str, object]


def hello(call: Call) -> Answer:
    """What the agent is."""
    return {"version": VERSION, "protocol": PROTOCOL, "driver": call.host.driver.name}


def deploy(call: Call) -> Answer:
    """See `changes.deploy`."""
    asked = requests.read(call.request, requests.Deployment)
    done = changes.deploy(
        call.host, asked, call.author.name, call.speaker.say, call.allow("deploy")
    )
    return {} if done is None else _live(done)


def rollback(call: Call) -> Answer:
    """See `changes.roll_back`."""
    asked = requests.read(call.request, requests.About)
    return _live(
        changes.roll_back(
            call.host,
            asked,
            call.author.name,
            call.speaker.say,
            call.author.allow(call.host, "rollback"),
        )
    )


def restart(call: Call) -> Answer:
    """See `changes.restart`."""
    asked = requests.read(call.request, requests.About)
    return _live(
        changes.restart(
            call.host,
            asked,
            call.author.name,
            call.speaker.say,
            call.author.allow(call.host, "restart"),
        )
    )


def stop(call: Call) -> Answer:
    """See `changes.stop`."""
    asked = requests.read(call.request, requests.About)
    changes.stop(call.host, asked, call.author.name, call.speaker.say)
    return {}


def remove(call: Call) -> Answer:
    """See `changes.remove`."""
    asked = requests.read(call.request, requests.About)
    changes.remove(call.host, asked, call.author.name, call.speaker.say)
    return {}


def show_status(call: Call) -> Answer:
    """See `status.StatusReport`."""
    only = _service(requests.read(call.request, requests.Asking))
    return _built(status(call.host, lambda one: only in (None, one) and call.author.sees(one)))


def history(call: Call) -> Answer:
    """The events of a service, or of all, the newest first."""
    asked = requests.read(call.request, requests.Asking)
    events = call.host.records.events(_service(asked), max(1, min(asked.limit, 10_000)))
    seen = [event_report(event) for event in events if call.author.sees(event.service)]
    return {"events": [msgspec.to_builtins(event) for event in seen]}


def samples(call: Call) -> Answer:
    """What the guests of a service have used."""
    asked = requests.read(call.request, requests.Asking)
    service = _service(asked)
    known = tuple(call.host.records.services()) if service is None else (service,)
    wanted = [one for one in known if call.author.sees(one)]
    return {
        str(one): [
            msgspec.to_builtins(sample) for sample in call.host.records.samples.of(one, asked.since)
        ]
        for one in wanted
    }


def console(call: Call) -> Answer:
    """See `console.read`."""
    asked = requests.read(call.request, requests.Reading)
    chosen = consoles.read(call.host, asked, call.speaker.say, call.speaker.is_heard)
    return {"guest": chosen.guest, "generation": chosen.number}


def secrets(call: Call) -> Answer:
    """See `secrets.requests.handle`."""
    return handle_secrets(call.host.root, call.request, call.author.user)


def policy(call: Call) -> Answer:
    """See `policy.requests.handle`."""
    home = Path(pwd.getpwuid(os.geteuid()).pw_dir)
    return handle_policy(call.host.root, call.request, home)


def audit(call: Call) -> Answer:
    """See `audit.requests.handle`."""
    return handle_audit(call.host.root, call.request)


def prune_store(call: Call) -> Answer:
    """See `store.prune.prune`."""
    asked = requests.read(call.request, requests.Pruning)
    host = call.host
    return prune(host.root / "store", changes.pinned(host), dry_run=asked.dry_run, now=host.clock())


def repository(call: Call) -> Answer:
    """Where the repository of an app is, to which one pushes; see `push.prepare`."""
    from fata.host.push import prepare  # with all that a push takes

    asked = requests.read(call.request, requests.About)
    app = service_of(asked.app, asked.environment).app
    root = call.host.root
    return {"path": str(prepare(root, app, (str(root / "bin" / "fata"),)))}


def _live(generation: Generation) -> Answer:
    return {
        "guest": generation.guest,
        "generation": generation.number,
        "digest": generation.release.digest,
        "ports": [str(port) for port in generation.release.ports],
    }


def _service(asked: requests.Asking) -> Service | None:
    if asked.app is None:
        return None
    return service_of(asked.app, asked.environment or "production")


def _built(value: object) -> Answer:
    found: Answer = msgspec.to_builtins(value)
    return found


VERBS: Mapping[str, Callable[[Call], Answer]] = {
    "hello": hello,
    "deploy": deploy,
    "rollback": rollback,
    "restart": restart,
    "stop": stop,
    "remove": remove,
    "status": show_status,
    "history": history,
    "console": console,
    "samples": samples,
    "secrets": secrets,
    "prune": prune_store,
    "repository": repository,
    "policy": policy,
    "audit": audit,
}
"""The verbs whose requests and answers are JSON."""
