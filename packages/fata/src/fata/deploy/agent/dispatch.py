"""One command of the agent, from its words and its input to its exit code."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from fata.deploy.agent import supervisor
from fata.deploy.agent.wire import CHANGING, Speaker, read_request
from fata.deploy.host import Host
from fata.deploy.opening import open_host
from functoria.error import UsageError, UserError


def run(
    verb: str,
    words: Sequence[str],
    root: Path,
    user: str | None,
    stdin: BinaryIO,
    stdout: BinaryIO,
    opened: Callable[[Path], Host] = open_host,
) -> int:
    """`run(verb, words, root, user, stdin, stdout)` is the exit code of `fata agent VERB WORDS`.

    `user` is who came through the gate, `None` for an administrator. What goes wrong is told on
    `stdout`, as an answer is.
    """
    if verb == "receive" and list(words) == ["store"]:
        from fata.deploy.agent.arrival import receive_image

        return receive_image(root, user, stdin, stdout)
    speaker = Speaker(stdout)
    try:
        speaker.answer(_answer(verb, words, root, user, stdin, speaker, opened))
    except UserError as error:
        speaker.error(error)
        return error.exit_code if error.exit_code in (1, 2) else 1
    except Exception as error:
        if os.environ.get("FATA_DEBUG"):
            raise
        what = f"the agent made a mistake: {type(error).__name__}: {str(error)[:300]}"
        speaker.error(UserError(what, f"fata agent {verb}", "report it, with what you did"))
        return 1
    return 0


def _answer(
    verb: str,
    words: Sequence[str],
    root: Path,
    user: str | None,
    stdin: BinaryIO,
    speaker: Speaker,
    opened: Callable[[Path], Host],
) -> Mapping[str, object]:
    from fata.deploy.agent.authority import authorized
    from fata.deploy.agent.verbs import VERBS, Call

    found = VERBS.get(verb)
    if found is None or words:
        raise UsageError(
            f"the agent does not know `{' '.join((verb, *words))[:80]}`",
            "fata agent",
            "see that client and host have one version of fata",
        )
    request = read_request(stdin)
    with authorized(root, verb, request, user) as author:
        if verb in CHANGING:
            supervisor.ensure(root)
        host = opened(root)
        try:
            return found(Call(host, request, author, speaker))
        finally:
            host.records.close()
