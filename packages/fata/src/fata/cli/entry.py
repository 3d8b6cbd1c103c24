"""The command `fata`: its verbs, each imported when it is called."""

from __future__ import annotations

from collections.abc import Mapping

import functoria.cli.entry
from fata.tool import TOOL
from functoria.cli.application import STANDARD, application
from functoria.cli.group import Verb

VERBS: Mapping[str, Verb] = {
    "new": Verb("fata.cli.new", "Begin a project from a template."),
    "configure": Verb(
        "functoria.cli.verbs.configure", "Choose keys and write the program that will boot."
    ),
    "build": Verb("fata.cli.build", "Build what was configured."),
    "run": Verb("fata.cli.run", "Run what was built."),
    "trace": Verb("fata.cli.trace", "Watch a run, to find what is imported by computed names."),
    "describe": Verb("fata.cli.describe", "Show what a program is made of, and why."),
    "query": STANDARD["query"],
    "clean": Verb("functoria.cli.verbs.clean", "Remove what configure and build have made."),
    "doctor": Verb("fata.cli.doctor", "Say what this machine can and cannot do."),
    "deploy": Verb("fata.cli.deploy", "Build, ship, check and switch: a release goes live."),
    "status": Verb("fata.cli.status", "Show what runs on a host, and how it is."),
    "logs": Verb("fata.cli.logs", "Follow what an app prints."),
    "console": Verb(
        "fata.cli.console", "Show a guest's console, from its start, also after its end."
    ),
    "history": Verb(
        "fata.cli.history", "Show what happened to an app, and what can be returned to."
    ),
    "dashboard": Verb("fata.cli.dashboard", "A web page of a host, served here on loopback."),
    "rollback": Verb("fata.cli.rollback", "Return to the release before."),
    "restart": Verb("fata.cli.restart", "Run the live release anew."),
    "stop": Verb("fata.cli.stop", "End the guest of an app."),
    "remove": Verb("fata.cli.remove", "End an app on a host, and forget its releases."),
    "secrets": Verb("fata.cli.secrets", "Set, list and remove what only a program may know."),
    "prune": Verb("fata.cli.prune", "Remove what no release on a host needs."),
    "host": Verb("fata.cli.host", "Set machines up that run guests, and say who may use them."),
    "audit": Verb("fata.cli.audit", "Show who asked a host for what, and what became of it."),
    "ci": Verb("fata.cli.ci", "Test, build and deploy every commit, here and at a provider."),
    "lab": Verb("fata.cli.lab", "Run a Xen host inside QEMU, for those who have none."),
    "kernel": Verb("fata.cli.kernel", "Build, list and inspect kernels."),
    "agent": Verb("fata.cli.agent", "Carry out a request on a host.", hidden=True),
    "completion": STANDARD["completion"],
    "help": STANDARD["help"],
}


def run(arguments: list[str]) -> int:
    """`run(arguments)` is the exit code of the command that the arguments name."""
    return functoria.cli.entry.run(application(TOOL, VERBS), TOOL, arguments)
