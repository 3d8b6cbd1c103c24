"""Keys: typed, with defaults, resolved from sources of which the later wins."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functoria import (
    BOOLEAN,
    INTEGER,
    PORT,
    STRING,
    Key,
    Source,
    Stage,
    UsageError,
    UserError,
    choice,
    pure,
    resolve,
)

N = Key(name="n", converter=INTEGER, default=1, doc="")


def test_the_later_source_wins_and_the_origin_is_known() -> None:
    sources = [Source("saved context", {"n": "2"}), Source("command line", {"n": "3"})]
    context = resolve([N], sources)
    assert (context.get(N), context.origin(N)) == (3, "command line")
    assert (resolve([N], []).get(N), resolve([N], []).origin(N)) == (1, "default")


def test_a_bad_value_names_the_option_its_origin_and_the_form() -> None:
    with pytest.raises(UsageError) as caught:
        resolve([N], [Source("environment", {"n": "many"})])
    assert caught.value.what == "value of `--n`: `many` is not a whole number"
    assert caught.value.where == "--n, from the environment"


@pytest.mark.parametrize("converter", [INTEGER, BOOLEAN, PORT, STRING, choice("a", "b")])
@given(st.text())
def test_a_converter_reads_or_refuses_any_text(converter: object, text: str) -> None:
    try:
        value = converter.parse(text)  # type: ignore[attr-defined]
    except ValueError:
        return
    assert converter.check(value)  # type: ignore[attr-defined]
    assert converter.parse(converter.show(value)) == value  # type: ignore[attr-defined]


@given(st.integers(1, 65535))
def test_a_port_is_read_back_as_it_was_shown(port: int) -> None:
    assert PORT.parse(PORT.show(port)) == port


def test_a_default_must_be_of_the_type() -> None:
    with pytest.raises(UserError, match="is not a `INT`"):
        Key(name="n", converter=INTEGER, default="one", doc="")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["", "Big", "two words", "under_score"])
def test_a_name_is_of_lower_case_words(name: str) -> None:
    with pytest.raises(UserError, match="cannot be the name of a key"):
        Key(name=name, converter=INTEGER, default=1, doc="")


def test_a_boot_argument_has_no_value_when_configuring() -> None:
    key = Key(name="n", converter=INTEGER, default=1, doc="", stage=Stage.BOOT)
    with pytest.raises(UserError, match="which has no value yet"):
        _ = key.value


def test_a_value_knows_what_it_depends_on_before_it_is_evaluated() -> None:
    other = Key(name="m", converter=INTEGER, default=5, doc="")
    pair = N.value.map(lambda n: n + 1).both(other.value)
    assert pair.keys == (N, other)
    context = resolve([N, other], [Source("test", {"n": "7"})])
    assert pair.evaluate(context) == (8, 5)
    assert pure(3).keys == ()
    assert N.value.equals(7).evaluate(context)
