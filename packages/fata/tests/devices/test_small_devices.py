"""Small devices: what a configuration says, and the program that comes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fata.build.given import disks
from fata.configure import main_text
from fata.project import Project, load
from functoria import UserError

HEAD = "from fata.dsl import *\n"


def project(directory: Path, text: str, **options: str) -> Project:
    path = directory / "config.py"
    path.write_text(HEAD + text)
    return load(path, options, {})


def body(directory: Path, text: str, **options: str) -> str:
    """The statements of the generated program, each on one line, without the places in them."""
    generated = main_text(project(directory, text, **options))
    return " ".join(generated.partition("async def main")[2].split())


def test_clocks(tmp_path: Path) -> None:
    job = 'register("x", main("x:start", CLOCK >> CLOCK >> JOB)(clock(), {}))'
    assert "SystemClock" in body(tmp_path, job.format("mock_clock()"))
    for start in ('"2001-09-09 01:46:40"', '"2001-09-09T03:46:40+02:00"', "10**9"):
        text = body(tmp_path, job.format(f"mock_clock({start}, rate=2)"))
        assert "MockClock" in text
        assert "start=1000000000.0, rate=2.0" in text


def test_seeds(tmp_path: Path) -> None:
    text = 'register("x", main("x:start", RANDOM >> JOB)(seeded_random("a seed")))'
    assert 'seed="a seed"' in body(tmp_path, text)


def test_jobs_run_one_after_another(tmp_path: Path) -> None:
    text = 'register("x", *[main(f"x:{name}") for name in ("check", "test", "document")])'
    generated = body(tmp_path, text)
    order = [generated.index(f" {name}") for name in ("check", "test", "document")]
    assert order == sorted(order)
    assert generated.count("await system.run(") == 3


def test_a_delay_comes_before_the_devices_of_the_next_job(tmp_path: Path) -> None:
    text = 'register("x", delay(1.5), main("x:start", RANDOM >> JOB)(random()))'
    generated = body(tmp_path, text)
    assert generated.index("delay") < generated.index("SystemRandom")
    (key,) = [key for key in project(tmp_path, text).keys if key.name == "delay"]
    assert (key.option, key.default) == ("delay", 1.5)


def test_jobs_that_run_together_are_handed_on_with_what_they_take(tmp_path: Path) -> None:
    text = """\
c = clock()
serve = main("web:serve", CLOCK >> JOB, port=argument("port", PORT, 80, "where"))
check = if_impl(key("deep", BOOLEAN, False, "check all"), main("a:deep"), main("a:quick"))
register("x", together(serve(c), main("web:count", CLOCK >> JOB)(c), check))
"""
    generated = body(tmp_path, text)
    assert generated.count("await system.run(") == 1
    assert generated.count("SystemClock") == 1
    assert (
        'web=partial(serve, clock, port=system.argument("port")), web_2=partial(count, clock), '
        "a=quick"
    ) in generated
    assert "a=deep" in body(tmp_path, text, deep="true")


def test_the_name_of_a_run_is_up_before_its_logs(tmp_path: Path) -> None:
    text = 'register("x", noop(), logs=console_logs(name=guest_name()))'
    process, guest = body(tmp_path, text), body(tmp_path, text, target="virtio")
    assert "manage=False" in process
    assert "manage=True" in guest
    assert guest.index("GuestName") < guest.index("ConsoleLogs")
    assert "name=name" in guest


def test_the_levels_of_logs_have_a_short_form_and_are_named(tmp_path: Path) -> None:
    (key,) = [key for key in project(tmp_path, 'register("x", noop())').keys if key.name == "logs"]
    assert key.short == "l"
    assert key.doc.endswith("levels are debug, info, warning, error, quiet")


def test_no_logs_take_no_argument(tmp_path: Path) -> None:
    found = project(tmp_path, 'register("x", noop(), logs=no_logs())')
    assert "logs" not in {key.name for key in found.keys}


def test_a_wsgi_application_and_its_threads(tmp_path: Path) -> None:
    text = 'register("x", wsgi("app:application", threads=3, requires=["bottle"]))'
    assert "application=application, threads=3" in body(tmp_path, text)
    packages = project(tmp_path, text).graph.collect(lambda device: device.packages)
    assert "bottle" in [str(package) for package in packages]


@pytest.mark.parametrize(
    ("text", "message", "remedy"),
    [
        ('mock_clock("noon")', "`noon` is not a date and time", 'mock_clock("2030-01-01'),
        ("mock_clock(rate=-1)", "cannot run at the rate -1", "give 0"),
        ('console_logs(default="loud")', "`loud` does not say what is logged", "quiet"),
        ('console_logs(default="http:")', "`http:` does not say what is logged", "source:level"),
        ("console_logs(name=clock())", "must be a `name`, but this is a `clock`", "guest_name()"),
        ('guest_name("a_b")', "`a_b` is not a host name", "use letters"),
        ('wsgi("a:b", threads=0)', "cannot run in 0 threads", "1 or more"),
        ('delay("soon")', "the default of key `delay`, 'soon', is not a", "the key's type"),
        ("delay(-1)", "the default of key `delay`, -1, is not a", "the key's type"),
        ("together()", "`together` is given no job", "once"),
        ("together(noop(), clock())", "takes jobs, not a `clock`", "main(...)"),
        ("together(noop, noop())", "takes jobs, not the Python value", "main(...)"),
        ('together(main("a:b", CLOCK >> JOB))', "not a `clock >> job`", "applied to its devices"),
        ("j = noop(); together(j, j)", "given the same job twice", "once"),
    ],
)
def test_what_cannot_be_is_refused_at_its_line(
    tmp_path: Path, text: str, message: str, remedy: str
) -> None:
    with pytest.raises(UserError) as caught:
        project(tmp_path, f"{text}\n")
    assert message in caught.value.what
    assert remedy in caught.value.do
    assert str(caught.value.where) == "config.py:2"


def test_secrets_are_a_directory_or_a_disk(tmp_path: Path) -> None:
    text = 'register("x", main("x:start", KV_RO >> JOB)(secrets(requires=["a", "b", "a"])))'
    assert 'DirectoryStore, root="secrets"' in body(tmp_path, text, target="unix")
    guest = body(tmp_path, text, target="virtio")
    assert 'GuestDisk, name="secrets", read_only=True' in guest
    assert "TarStore" in guest
    (disk,) = disks(project(tmp_path, text, target="virtio"))
    assert (disk.purpose, disk.requires, disk.read_only) == ("secrets", ("a", "b"), True)
    assert disks(project(tmp_path, text, target="unix")) == ()


@pytest.mark.parametrize("requires", ['["../a"]', '[""]', '"api-key"'])
def test_names_that_secrets_cannot_have(tmp_path: Path, requires: str) -> None:
    text = f'register("x", main("x:start", KV_RO >> JOB)(secrets(requires={requires})))'
    with pytest.raises(UserError) as caught:
        project(tmp_path, text)
    assert str(caught.value.where).endswith("config.py:2")
