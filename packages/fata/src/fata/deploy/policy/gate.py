"""The gate: what the forced command of a user's key does with an ssh session (sshd(8), command=).

No shell is started and no program that the session names: it is understood, and answered by this
process. Only git runs, on a repository that the user may push to.
"""

from __future__ import annotations

import contextlib
import grp
import os
import pwd
import subprocess
import sys
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Protocol

from fata.deploy.agent.wire import Speaker
from fata.deploy.audit import Audit, Entry, Result, who
from fata.deploy.policy.load import load
from fata.deploy.policy.policy import Policy
from fata.deploy.policy.session import Ask, Call, Push, Question, Session, named, parse
from fata.deploy.policy.wish import Used, Wish
from functoria.error import UserError

USER = "FATA_USER"
"""The variable that says whom the gate has let in, for the hook of a repository."""

_IN_FRAMES = "receive"
"""The verb whose client does not expect lines of JSON."""

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_BLOCK = 1 << 16
_KEPT = ("SSH_CONNECTION", "SSH_USER_AUTH", "XDG_RUNTIME_DIR")


class Run(Protocol):
    """The agent: it carries out a verb for a user, and the result is an exit code."""

    def __call__(
        self,
        verb: str,
        words: Sequence[str],
        root: Path,
        user: str | None,
        stdin: BinaryIO,
        stdout: BinaryIO,
        /,
    ) -> int: ...


def gate(
    root: Path,
    user: str,
    original: str | None,
    run: Run,
    environ: MutableMapping[str, str] = os.environ,
    streams: tuple[BinaryIO, BinaryIO] | None = None,
) -> int:
    """`gate(root, user, original, run)` is the exit code of a session of that user.

    `original` is what they asked for, `SSH_ORIGINAL_COMMAND`; `run` carries out verbs of the
    agent. Variables that the user may have sent are removed from `environ` first. Raises
    `UserError` for what is not allowed, after that was logged.
    """
    known = who(user, environ)
    kept = _surroundings(environ)
    environ.clear()
    environ.update(kept, **{USER: user})
    stdin, stdout = streams or (sys.stdin.buffer, sys.stdout.buffer)
    session = None if original is None else parse(original, root)
    entry = Entry(known.name, *_subject(session, original), address=known.address)
    try:
        _check(load(root), user, session)
    except UserError as error:
        # It is refused also where that cannot be written down.
        with contextlib.suppress(UserError):
            Audit(root).append(replace(entry, result=Result.REFUSED, why=error.what))
        if not isinstance(session, Call):
            raise
        _tell(session.verb, error, stdout)
        return 1
    match session:
        case Call(verb, words):
            return run(verb, words, root, user, stdin, stdout)
        case Push(app):
            return _push(Audit(root), root, app, entry, environ)
        case Ask(question):
            return _answer(question, root, stdout)
        case _:
            while stdin.read(_BLOCK):
                pass
    return 0


def user_of(environ: Mapping[str, str]) -> str | None:
    """`user_of(environ)` is whom the gate has let in, `None` where an administrator came by it."""
    return environ.get(USER) or None


def _surroundings(environ: Mapping[str, str]) -> dict[str, str]:
    """What programs see: nothing that came with the session but what sshd itself says."""
    account = pwd.getpwuid(os.geteuid())
    kept = {name: environ[name] for name in _KEPT if name in environ}
    names = {"USER": account.pw_name, "LOGNAME": account.pw_name, "HOME": account.pw_dir}
    return {"PATH": _PATH, "LANG": "C.UTF-8", "SHELL": "/bin/sh", **names, **kept}


def _subject(session: Session | None, original: str | None) -> tuple[str, str | None]:
    """The verb and the app of a session, for the log."""
    match session:
        case Call(verb, _):
            return verb, None
        case Push(app):
            return "push", app
        case None:
            return f"session {named(original or '') or 'with a shell'}", None
        case _:
            return "session", None


def _check(policy: Policy, user: str, session: Session | None) -> None:
    allowed = policy.user(user)
    if session is None:
        raise UserError(
            f"{user} has no shell on this host, and may not run programs or copy files there",
            f"command= in authorized_keys, for {user}",
            "use `fata deploy`, `status`, `logs`, `history`, `rollback` and `secrets` with `--to`, "
            "or `git push` to APP.git",
        )
    match session:
        case Call(verb, _):
            allowed.check_verb(verb)
        case Push(app):
            allowed.check(Wish("push", app), Used())
        case _:
            pass


def _tell(verb: str, error: UserError, stdout: BinaryIO) -> None:
    """Say it in the way that the client listens for."""
    from fata.deploy.store.receive import refuse

    if verb == _IN_FRAMES:
        refuse(stdout, error)
    else:
        Speaker(stdout).error(error)


def _push(audit: Audit, root: Path, app: str, entry: Entry, environ: Mapping[str, str]) -> int:
    """Let git receive what is pushed; its hook is ours, and carries on as this user."""
    from fata.host.push.repository import prepare

    begun = audit.begin(entry)
    try:
        place = prepare(root, app, (str(root / "bin" / "fata"),))
        code = subprocess.run(
            ("git", "receive-pack", os.fspath(place)), env=dict(environ), check=False
        ).returncode
    except BaseException as error:
        why = error.what if isinstance(error, UserError) else type(error).__name__
        with contextlib.suppress(UserError):
            audit.finish(begun, Result.FAILED, why)
        raise
    result = Result.FAILED if code else Result.DONE
    with contextlib.suppress(UserError):
        audit.finish(begun, result, f"git ended with {code}" if code else "")
    return 1 if code else 0


def _answer(question: Question, root: Path, stdout: BinaryIO) -> int:
    """Say what the program would that the session named; none is run."""
    account = pwd.getpwuid(os.geteuid())
    text = ""
    match question:
        case Question.ROOT:
            return 0 if account.pw_uid == 0 else 1
        case Question.SET_UP:
            return 0 if (root / "guests").is_dir() else 1
        case Question.ELSEWHERE:
            return 1
        case Question.HOME:
            text = account.pw_dir
        case Question.USER_NAME:
            text = account.pw_name
        case Question.USER_NUMBER:
            text = str(account.pw_uid)
        case Question.GROUPS:
            text = grp.getgrgid(account.pw_gid).gr_name
        case Question.PYTHON:
            # That of our Python, which is the host's.
            version = f"{sys.version_info[0]}.{sys.version_info[1]}"
            text = f"{version} {os.uname().machine} {os.confstr('CS_GNU_LIBC_VERSION')}"
        case Question.BUNDLE:
            # The host's own stands for any other: administrators ship those.
            text = "same"
    stdout.write(f"{text}\n".encode())
    stdout.flush()
    return 0
