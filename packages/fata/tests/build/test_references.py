"""What a configuration names is looked at before it is built, as text."""

from __future__ import annotations

from pathlib import Path

import pytest

from fata.build.references import check_references
from fata.project import load
from functoria import Position, UserError

CONFIG = """\
from fata.dsl import *

website = main("website:start", KV_RO >> HTTP >> JOB{keywords})
register("website", website(kv_ro("site"), http_server()))
"""
APPLICATION = 'from fata.dsl import *\nregister("w", asgi("website:start"))\n'
DEVICE = """\
from fata.dsl import *
from functoria import Device
GREETER = Type("greeter")
greeter = Device(name="g", type=GREETER, constructor="website:start", keywords={"n": 1})
register("w", main("job:go", GREETER >> JOB)(greeter))
"""


def check(directory: Path, module: str, config: str) -> None:
    (directory / "config.py").write_text(config)
    (directory / "website.py").write_text(module)
    (directory / "job.py").write_text("async def go(greeter): ...\n")
    check_references(load(directory / "config.py", {}, {}))


def refused(directory: Path, module: str, config: str) -> UserError:
    with pytest.raises(UserError) as caught:
        check(directory, module, config)
    return caught.value


@pytest.mark.parametrize(
    ("module", "keywords", "what", "do"),
    [
        (
            "\ndef start(site, http):\n    http.serve(site)\n",
            "",
            "`start` of website.py:2 is a plain `def`, and a job is an `async def`",
            "write `async def` there",
        ),
        (
            "async def start(site, http):\n    yield 1\n",
            "",
            "`start` of website.py:1 has a `yield`, which makes it a generator, and a job is "
            "awaited",
            "take the `yield` out, or iterate over the generator in a function of its own",
        ),
        (
            'start = "/"\n',
            "",
            "`start` of website.py:1 is a value that cannot be called, and a job is",
            "name a function or class",
        ),
        (
            "async def start(site): ...\n",
            "",
            "`start` of website.py:1 takes 1 argument, and is given 2",
            "apply it to as many as it has parameters for, or add parameters there",
        ),
        (
            "async def start(site, http, *, language): ...\n",
            ", langauge='en'",
            "`start` of website.py:1 has no parameter `langauge`",
            "did you mean `language`?",
        ),
        (
            "async def start(site, http, dns, clock=None): ...\n",
            "",
            "`start` of website.py:1 needs `dns`, which the configuration does not give",
            "give a device for it, or `dns=...`, or add a default there",
        ),
        (
            "async def start(site, http, *, language): ...\n",
            "",
            "`start` of website.py:1 needs `language`, which the configuration does not give",
            "give a device for it, or `language=...`, or add a default there",
        ),
        (
            "async def start(site, http): ...\n",
            ", http=1",
            "`start` of website.py:1 is given its parameter `http` twice, as a device and by name",
            "give it once",
        ),
    ],
)
def test_a_job_that_does_not_fit_is_named_at_both_places(
    tmp_path: Path, module: str, keywords: str, what: str, do: str
) -> None:
    error = refused(tmp_path, module, CONFIG.format(keywords=keywords))
    assert (error.what, error.do) == (what, do)
    assert error.where == Position("config.py", 4)


@pytest.mark.parametrize(
    "module",
    [
        "async def start(site, http): ...\n",
        "async def start(*devices, **more): ...\n",
        "async def start(site, http, dns=None, *, language='en'): ...\n",
        "async def start(site, /, http): ...\n",
        "def start(site, http):\n    return serve(site, http)\n",
        "import functools\n@functools.cache\ndef start(nothing): ...\n",
        "if True:\n    def start(): ...\nelse:\n    def start(): ...\n",
        "def start(): ...\nstart = wrapped(start)\n",
        "start = functools.partial(serve, 1)\n",
        "start = None\ndef _set():\n    global start\n    start = print\n",
        "from elsewhere import start\n",
        "from elsewhere import *\n",
        "async def start(site, http):\n    def rows():\n        yield 1\n",
        "class start:\n    pass\n",
    ],
)
def test_what_is_not_certainly_wrong_is_let_through(tmp_path: Path, module: str) -> None:
    if module.startswith("class"):
        module = "class start(Job):\n    pass\n"
    check(tmp_path, module, CONFIG.format(keywords=""))


@pytest.mark.parametrize(
    ("module", "what"),
    [
        ("start = None\n", "is a value that cannot be called, and an ASGI application is"),
        ("def start(scope):\n    pass\n", "is a plain `def`, and an ASGI application is an"),
        ("async def start(scope): ...\n", "takes 1 argument, and is given 3"),
    ],
)
def test_an_application_that_is_none(tmp_path: Path, module: str, what: str) -> None:
    assert refused(tmp_path, module, APPLICATION).what.startswith(f"`start` of website.py:1 {what}")


@pytest.mark.parametrize("requires", ["", ', requires=["starlette>=1"]'])
def test_a_module_that_is_nowhere_is_named_where_it_is_asked_for(
    tmp_path: Path, requires: str
) -> None:
    """`requires` may bring the module that is meant, so it is looked for there, too."""
    packages = tmp_path / "packages"
    (packages / "starlette").mkdir(parents=True)
    config = tmp_path / "config.py"
    text = 'from fata.dsl import *\nregister("w", asgi("{}:start"{}))\n'
    config.write_text(text.format("website", requires))
    with pytest.raises(UserError, match="there is no module `website` in the project") as caught:
        check_references(load(config, {}, {}), packages if requires else None)
    assert caught.value.where == Position("config.py", 2)
    config.write_text(text.format("starlette", requires))
    if requires:
        check_references(load(config, {}, {}), packages)


def test_an_application_may_be_an_object_or_a_function_of_three(tmp_path: Path) -> None:
    for module in (
        "start = Starlette()\n",
        "async def start(scope, receive, send): ...\n",
        "class start:\n    def __init__(self, scope): ...\n",
    ):
        check(tmp_path, module, APPLICATION)


@pytest.mark.parametrize(
    ("module", "what"),
    [
        ("async def start(n): ...\n", "is an `async def`, and a device is made without waiting"),
        ("class start: ...\n", "has no parameter `n`"),
        ("class start:\n    def __init__(self): ...\n", "has no parameter `n`"),
        ("class start:\n    def __init__(self, n, m): ...\n", "needs `m`, which the"),
    ],
)
def test_a_device_of_the_users_own_that_does_not_fit(
    tmp_path: Path, module: str, what: str
) -> None:
    error = refused(tmp_path, module, DEVICE)
    assert error.what.startswith(f"`start` of website.py:1 {what}")
    assert error.where == Position("config.py", 4)


@pytest.mark.parametrize(
    "module",
    [
        "class start:\n    def __init__(self, n): ...\n",
        "class start(Base): ...\n",
        "@dataclass\nclass start:\n    n: int\n",
        "class start:\n    def __new__(cls, *a, **k): ...\n",
        "def start(n):\n    return object()\n",
    ],
)
def test_a_device_of_the_users_own_that_may_fit(tmp_path: Path, module: str) -> None:
    check(tmp_path, module, DEVICE)


CONVERTER = """\
from fata.dsl import *
from functoria import Converter, Key, Stage
even = Converter("even", int, str, lambda value: True, reference="website:start")
count = Key(name="count", converter=even, doc="", stage=Stage.BOOT)
register("w", main("job:go", greeter=count))
"""


@pytest.mark.parametrize(
    ("module", "what"),
    [
        ("start = 1\n", "`start` of website.py:1 is a value that cannot be called"),
        ("async def start(text): ...\n", "`start` of website.py:1 is an `async def`, and a conv"),
        ("def start(): ...\n", "`start` of website.py:1 takes no arguments, and is given 1"),
        ("def strat(text): ...\n", "`website.py` does not define `start`"),
    ],
)
def test_a_converter_of_the_users_own_that_is_none(tmp_path: Path, module: str, what: str) -> None:
    error = refused(tmp_path, module, CONVERTER)
    assert error.what.startswith(what)
    assert error.where == Position("config.py", 4)


def test_a_converter_of_the_users_own(tmp_path: Path) -> None:
    check(tmp_path, "def start(text):\n    return int(text)\n", CONVERTER)
