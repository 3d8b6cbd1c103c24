"""From `git push` to live: how long the parts take. `python bench/push.py [PUSHES]` shows them."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT))  # the host is that of the tests

from packages.fata.tests.deploy.box.room import Room  # noqa: E402 - see above

_STAGES = ("checkout", "set-up", "test", "fetch", "build", "verify")
_TOOK = re.compile(r"(?P<stage>[a-z-]+): (?P<seconds>[0-9.]+) s")


class Pusher:
    """`Pusher(directory, room)` has the project of `docs/end-to-end.md`, and pushes it."""

    def __init__(self, directory: Path, room: Room) -> None:
        self._environment = {
            **room.environment,
            "PATH": os.pathsep.join(
                (f"{room.directory}/bin", str(Path(sys.executable).parent), os.environ["PATH"])
            ),
            **{f"GIT_{who}_{what}": "bench" for who in ("AUTHOR", "COMMITTER")
               for what in ("NAME", "EMAIL")},
        }  # fmt: skip
        directory.mkdir()
        self._directory = directory
        self._run("fata", "new", "hello", "--template", "site")
        self._directory /= "hello"
        page = (ROOT / "docs/end-to-end.md").read_text()
        for language, name in (("toml", "fata.toml"), ("python", "test_website.py")):
            block = page.partition(f"```{language}\n")[2].partition("```")[0]
            (self._directory / name).write_text(block)
        self._run("fata", "configure", "-t", "virtio")
        self._run("fata", "build")
        self._run("git", "init", "--quiet", "-b", "main")
        self._run("git", "add", ".")
        self._run("git", "commit", "--quiet", "-m", "first")
        self._run("fata", "host", "remote")

    def change(self, heading: str) -> None:
        """Commit another heading: one line."""
        page = self._directory / "files" / "index.html"
        page.write_text(re.sub("<h1>.*</h1>", f"<h1>{heading}</h1>", page.read_text()))
        self._run("git", "commit", "--quiet", "-a", "-m", heading)

    def push(self) -> dict[str, float]:
        """Seconds of each part of a push, in order."""
        began = time.monotonic()
        lines = []
        with subprocess.Popen(
            ("git", "push", "box", "main"),
            cwd=self._directory,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as child:
            for line in child.stdout or ():
                said = line.removeprefix("remote:").strip()
                lines.append((time.monotonic() - began, said))
        if child.returncode != 0:
            raise SystemExit("\n".join(said for _, said in lines))
        took = dict.fromkeys(_STAGES, 0.0)
        for _, said in lines:
            match = _TOOK.fullmatch(said)
            if match is not None:
                took[match["stage"]] = float(match["seconds"])
        first, deploy, starting, answered, live = _moments(lines)
        return {
            "push": first,
            **took,
            "staged": starting - deploy,
            "booted to healthy": answered - starting,
            "further answers": live - answered,
            "live": live,
            "push ends": time.monotonic() - began,
        }

    def _run(self, *words: str) -> None:
        subprocess.run(
            words, cwd=self._directory, env=self._environment, check=True, capture_output=True
        )


def _moments(lines: Sequence[tuple[float, str]]) -> tuple[float, ...]:
    """When checkout and deployment began, the guest was started, answered, and was live."""
    wanted = ("== checkout", "== deploy", r"starting \S+", r"\S+ answered 200 .*", r"\S+ is live")
    return tuple(next(at for at, said in lines if re.fullmatch(words, said)) for words in wanted)


def main(pushes: int) -> None:
    """Measure, and print a line for each part: the median, and the least."""
    with tempfile.TemporaryDirectory(prefix="fata-push-") as scratch:
        Path(scratch).chmod(0o755)
        with Room(Path(scratch, "room")) as room:
            room.give_kernels("hello")
            room.give_wheels("h11==0.16.0")
            pusher = Pusher(Path(scratch, "work"), room)
            first = pusher.push()
            runs = []
            for number in range(pushes):
                pusher.change(f"change {number}")
                runs.append(pusher.push())
    for part in first:
        values = [run[part] for run in runs]
        median, least = statistics.median(values), min(values)
        sys.stdout.write(f"{part:<18} {median:6.1f} (min {least:.1f}; first {first[part]:.1f})\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
