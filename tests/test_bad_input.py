"""The wrong thing typed, written or found: one shape of message, the documented exit code."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import MakeProject, Project

REGISTER = "from fata.dsl import *\n"


def refused(result_of: Project, *arguments: str, code: int) -> str:
    result = result_of.fata(*arguments)
    assert result.code == code, result.err + result.out
    lines = result.err.splitlines()
    (first,) = [index for index, line in enumerate(lines) if line.startswith("error: ")]
    assert any(line.startswith("   do: ") for line in lines[first:])
    assert "Traceback" not in result.err + result.out
    return "\n".join(lines[first:])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            None,
            "error: there is no configuration `config.py`\n"
            "   at: --file\n"
            "   do: go to the directory of the program",
        ),
        (
            "register(\n",
            "error: this is not Python: '(' was never closed, in `register(`\n"
            "   at: config.py:1\n       register(\n   do: mend the line",
        ),
        (
            "x = 1\nraise ValueError('bad luck')\n",
            "error: the configuration raised ValueError: bad luck, in `raise ValueError('bad "
            "luck')`\n   at: config.py:2\n       raise ValueError('bad luck')\n"
            "   do: mend the line, or run with `-vv` to see the whole traceback",
        ),
        (
            REGISTER,
            "error: config.py registers 0 programs, where one is wanted\n   at: config.py:1\n"
            "       from fata.dsl import *\n"
            "   do: call `register(name, job)` once, as the last thing",
        ),
        (
            REGISTER + 'register("x", main("x:start", KV_RO >> JOB)(socket_stack()))\n',
            "error: argument 1 (`kv_ro`) of `x` must be a `kv_ro`, but `stack` is a `stack`\n"
            "   at: config.py:2\n"
            '       register("x", main("x:start", KV_RO >> JOB)(socket_stack()))\n'
            "   do: pass a device of the type `kv_ro`",
        ),
        (
            "from fata.dsl import littlefs\n",
            "error: the configuration raised ImportError: cannot import name 'littlefs' from "
            "'fata.dsl'",
        ),
    ],
)
def test_a_configuration_that_is_wrong(
    project: MakeProject, text: str | None, message: str
) -> None:
    made = project()
    if text is not None:
        made.write("config.py", text)
    assert refused(made, "configure", code=1).startswith(message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("configure", "--target", "mars"), "`mars` is not one of `unix`, `virtio`, `xen`"),
        (("configure", "-t", "mars"), "`mars` is not one of `unix`, `virtio`, `xen`"),
        (("configure", "-t", "virtio", "--memory", "lots"), "`lots` is not a whole number"),
        (("configure", "--kernl", "tiny"), "there is no option `--kernl`"),
        (("configure", "--port", "80"), "is an argument of the program, given when it boots"),
        (("confgure",), "did you mean `configure`?"),
        (("run", "-p", "eighty"), "eighty"),
        (("run", "-p", "1:2:3:4:5"), "1:2:3:4:5"),
        (("run", "-m", "1"), "1"),
        (("run", "--accelerator", "warp"), "warp"),
        (("new", "2 words"), "cannot be the name of a program"),
        (("new", "x", "--template", "none"), "none"),
        (("describe", "--image", "--why", "x"), "ask two things"),
    ],
)
def test_a_command_that_is_wrong(
    project: MakeProject, arguments: tuple[str, ...], message: str
) -> None:
    assert message in refused(project("website"), *arguments, code=2)


@pytest.mark.parametrize("command", ["build", "run"])
def test_what_comes_first_is_said(project: MakeProject, command: str) -> None:
    made = project("website")
    made.ok("configure", "-t", "unix") if command == "run" else None
    message = refused(made, command, code=1)
    assert "fata configure" in message or "fata build" in message


def test_a_requirement_that_cannot_be_resolved_is_named_at_its_line(
    project: MakeProject,
) -> None:
    made = project()
    text = 'register("x",\n    asgi("x:app", requires=["starlette==0.0.0.77"]))\n'
    made.write("config.py", REGISTER + text)
    made.write("x.py", "app = None\n")
    made.ok("configure", "-t", "virtio")
    message = refused(made, "build", code=1)
    assert "starlette==0.0.0.77" in message
    assert "config.py:3" in message


def test_a_configuration_is_evaluated_once(project: MakeProject) -> None:
    made = project("hello")
    config = (made.directory / "config.py").read_text()
    made.write("config.py", "import sys\nsys.stderr.write('evaluated\\n')\n" + config)
    for arguments in (("configure", "-t", "virtio", "--memory", "64"), ("describe",)):
        assert made.ok(*arguments).err.count("evaluated") == 1


def test_text_where_a_list_is_wanted_is_refused(project: MakeProject) -> None:
    made = project()
    made.write("config.py", REGISTER + 'register("x", main("x:start", requires="orjson"))\n')
    message = refused(made, "configure", code=1)
    assert "`requires` takes a list, not the text `orjson`" in message
    assert 'write `requires=["orjson"]`' in message


def test_a_module_that_cannot_be_found_is_named_at_the_users_line(project: MakeProject) -> None:
    made = project()
    made.write("config.py", REGISTER + 'register("x", main("x:start"))\n')
    made.write("x.py", "import os\nimport nowhere_to_be_found\n\nasync def start(): ...\n")
    made.ok("configure")
    message = refused(made, "build", code=1)
    assert "nowhere_to_be_found" in message
    assert "x.py:2" in message
    assert not (made.directory / "dist").exists()


def test_a_program_that_is_not_there_is_named(project: MakeProject) -> None:
    made = project()
    made.write("config.py", REGISTER + 'register("x", main("nothing:start"))\n')
    made.ok("configure")
    message = refused(made, "build", code=1)
    assert "nothing" in message
    assert "config.py:2" in message


def test_a_program_with_a_syntax_error_is_named_at_its_line(project: MakeProject) -> None:
    made = project()
    made.write("config.py", REGISTER + 'register("x", main("x:start"))\n')
    made.write("x.py", "import os\nasync def start(:\n")
    made.ok("configure")
    assert "x.py:2" in refused(made, "build", code=1)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"schema": 99, "keys": {}}', "\0" * 100])
def test_saved_keys_that_are_damaged_are_never_ignored(project: MakeProject, content: str) -> None:
    made = project("hello")
    made.ok("configure")
    made.write("_fata/context.json", content)
    for command in ("build", "run", "describe"):
        message = refused(made, command, code=1)
        assert "do: remove the file, then run `fata configure` again" in message
    (made.directory / "_fata/context.json").unlink()
    made.ok("configure")
    made.ok("describe")


@pytest.mark.parametrize(
    "content", ["", "{}", '{"schema": 1}', '{"schema": 2}', "[" * 100_000, "\xff"]
)
def test_a_damaged_manifest_is_refused(project: MakeProject, content: str) -> None:
    made = project("hello").built("-t", "unix")
    made.write("dist/hello-unix/manifest.json", content)
    assert "the manifest is damaged" in refused(made, "run", code=1)


def test_a_file_of_the_users_is_never_overwritten_or_removed(project: MakeProject) -> None:
    made = project("hello")
    made.write("_fata/main.py", "mine = True\n")
    assert "was not generated" in refused(made, "configure", code=1)
    assert "`_fata/main.py` was not generated, and stays" in made.ok("clean").err
    assert (made.directory / "_fata/main.py").read_text() == "mine = True\n"


def test_clean_removes_what_was_made_and_nothing_else(project: MakeProject) -> None:
    made = project("hello")
    before = sorted(made.directory.rglob("*"))
    made.built("-t", "unix").ok("run")
    made.write("dist/notes.txt", "mine")
    made.ok("clean")
    left = [path for path in sorted(made.directory.rglob("*")) if "__pycache__" not in str(path)]
    assert set(left) - set(before) == {
        made.directory / "dist",
        made.directory / "dist" / "notes.txt",
    }
    assert set(before) <= set(left)


def test_a_traceback_is_shown_on_request(project: MakeProject) -> None:
    made = project()
    made.write("config.py", "1 / 0\n")
    result = made.fata("configure", "-vv")
    assert result.code == 1
    assert "ZeroDivisionError" in result.err
    assert "Traceback" in result.err


@pytest.mark.parametrize("target", ["unix", "virtio"])
def test_a_missing_directory_is_named_at_the_devices_line(
    project: MakeProject, target: str
) -> None:
    made = project("website")
    (made.directory / "site").rename(made.directory / "pages")
    made.ok("configure", "-t", target)
    message = refused(made, "build", code=1)
    assert "the directory `site` does not exist in the project" in message
    assert "config.py:5" in message


def test_a_link_out_of_the_directory_is_refused(project: MakeProject, tmp_path: Path) -> None:
    made = project("website")
    (tmp_path / "secret").write_text("secret")
    (made.directory / "site" / "link").symlink_to(tmp_path / "secret")
    made.ok("configure", "-t", "virtio")
    assert "is a link that leads out of `site`" in refused(made, "build", code=1)


def test_a_name_that_the_module_does_not_define_is_named(project: MakeProject) -> None:
    made = project("website")
    config = (made.directory / "config.py").read_text()
    made.write("config.py", config.replace("website:start", "website:strat"))
    made.ok("configure")
    message = refused(made, "build", code=1)
    assert "`website.py` does not define `strat`" in message
    assert "did you mean `website:start`?" in message


def test_a_function_that_does_not_fit_is_named_at_both_places(project: MakeProject) -> None:
    made = project("website")
    made.write("website.py", "\ndef start(site, http):\n    http.serve(site)\n")
    made.ok("configure")
    assert refused(made, "build", code=1) == (
        "error: `start` of website.py:2 is a plain `def`, and a job is an `async def`\n"
        "   at: config.py:5\n"
        '       register("website", website(kv_ro("site"), http_server()))\n'
        "   do: write `async def` there"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--port=http",), "boot argument `--port`: `http` is not a whole number"),
        (("--port",), "boot argument `--port` has no value"),
        (("--prot=1",), "did you mean `--port`?"),
        (("8080",), "`8080` is not a boot argument"),
        (("--target=virtio",), "`--target` is chosen when the program is configured"),
        (("--memory", "64"), "run `fata configure` with `--memory 64` and the keys of before"),
    ],
)
def test_boot_arguments_that_are_wrong(
    project: MakeProject, words: tuple[str, ...], message: str
) -> None:
    made = project("website").built()
    assert message in refused(made, "run", "--", *words, code=64)


def test_without_a_kernel_and_without_apt_the_message_says_what_to_do(
    project: MakeProject, tmp_path: Path
) -> None:
    made = project("hello")
    made.ok("configure", "-t", "virtio")
    (tmp_path / "bin").mkdir()
    empty = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PATH": str(tmp_path / "bin")}
    message = refused(Project(made.directory, empty), "build", code=1)
    assert "apt" in message
