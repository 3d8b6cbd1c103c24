"""Keys: typed, with defaults, resolved from sources of which the later wins."""

from enum import Enum
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functoria import (
    ADDRESS,
    BOOLEAN,
    DURATION,
    INTEGER,
    IPV4,
    IPV6,
    MAC,
    NETWORK,
    NETWORK4,
    NETWORK6,
    PATH,
    PORT,
    SIZE,
    STRING,
    WORDS,
    Converter,
    Key,
    Source,
    Stage,
    UsageError,
    UserError,
    choice,
    enum,
    list_of,
    pure,
    resolve,
)
from functoria.context import require

N = Key(name="n", converter=INTEGER, default=1, doc="")


def test_the_later_source_wins_and_the_origin_is_known() -> None:
    sources = [Source("saved context", {"n": "2"}), Source("command line", {"n": "3"})]
    context = resolve([N], sources)
    assert (context.get(N), context.origin(N)) == (3, "command line")
    assert (resolve([N], []).get(N), resolve([N], []).origin(N)) == (1, "default")


def test_keys_of_one_option_in_two_branches_have_values_of_their_own() -> None:
    other = Key(name="n", converter=STRING, default="none", doc="")
    context = resolve([N], [Source("command line", {"n": "3"})])
    assert (context.get(N), context.get(other), context.origin(other)) == (3, "none", "default")


def test_a_bad_value_names_the_option_its_origin_and_the_form() -> None:
    with pytest.raises(UsageError) as caught:
        resolve([N], [Source("environment", {"n": "many"})])
    assert caught.value.what == "value of `--n`: `many` is not a whole number"
    assert caught.value.where == "--n, from the environment"


class Colour(Enum):
    RED = 1
    DARK_BLUE = 2


CONVERTERS = {
    "INTEGER": INTEGER,
    "BOOLEAN": BOOLEAN,
    "PORT": PORT,
    "STRING": STRING,
    "PATH": PATH,
    "choice": choice("a", "b"),
    "enum": enum(Colour),
    "IPV4": IPV4,
    "IPV6": IPV6,
    "ADDRESS": ADDRESS,
    "NETWORK4": NETWORK4,
    "NETWORK6": NETWORK6,
    "NETWORK": NETWORK,
    "MAC": MAC,
    "SIZE": SIZE,
    "DURATION": DURATION,
    "WORDS": WORDS,
    "list_of(PORT)": list_of(PORT),
}

LIKELY = (
    st.text()
    | st.ip_addresses().map(str)
    | st.ip_addresses(v=4).map(lambda address: f"{address}/32")
    | st.from_regex(r"\A[0-9]{1,4}(\.[0-9]{1,3})?(|ms|s|m|h|d|B|kB|MiB|gib|TB)\Z")
    | st.from_regex(r"\A([0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}\Z")
    | st.sampled_from(["a", "red", "dark-blue", "1,2, 3", "1h30m", "fd00::/64", "10.0.0.0/8"])
)


@pytest.mark.parametrize("converter", CONVERTERS.values(), ids=CONVERTERS)
@given(LIKELY)
def test_a_converter_reads_or_refuses_any_text(converter: object, text: str) -> None:
    try:
        value = converter.parse(text)  # type: ignore[attr-defined]
    except ValueError:
        return
    assert converter.check(value)  # type: ignore[attr-defined]
    assert converter.parse(converter.show(value)) == value  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("converter", "text", "value"),
    [
        (SIZE, "64MiB", 64 << 20),
        (SIZE, "1.5GB", 1_500_000_000),
        (SIZE, "512", 512),
        (DURATION, "250ms", 0.25),
        (DURATION, "1h30m", 5400.0),
        (MAC, "52-54-00-AB-CD-EF", "52:54:00:ab:cd:ef"),
        (enum(Colour), "dark-blue", Colour.DARK_BLUE),
        (list_of(PORT), "80, 443", (80, 443)),
        (IPV4, "10.0.0.2", ip_address("10.0.0.2")),
        (NETWORK, "fd00::/64", ip_network("fd00::/64")),
    ],
)
def test_what_texts_mean(converter: Converter[object], text: str, value: object) -> None:
    assert converter.parse(text) == value


@pytest.mark.parametrize(
    ("converter", "text", "reason"),
    [
        (SIZE, "1.5", "`1.5` is not a whole number of bytes"),
        (SIZE, "-1", "is not a size such as"),
        (DURATION, "1 fortnight", "is not a duration such as"),
        (NETWORK, "10.0.0.1/24", "without bits of a host"),
        (PORT, "0", "is not a port from 1 to 65535"),
        (INTEGER, "\u0663", "is not a whole number"),
        (list_of(PORT), "80,x", "`x` is not a whole number"),
    ],
)
def test_what_texts_do_not_mean(converter: Converter[object], text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        converter.parse(text)


def test_a_key_without_default_may_stay_unset_unless_it_is_required() -> None:
    free = Key(name="a", converter=IPV4, doc="")
    assert resolve([free], []).get(free) is None
    assert free.shown(None) == "unset"
    wanted = Key(name="b", converter=IPV4, doc="the address", required=True)
    with pytest.raises(UsageError, match="`--b` must be given: the address"):
        require([wanted], resolve([wanted], []))
    require([wanted], resolve([wanted], [Source("test", {"b": "10.0.0.1"})]))


def test_a_repeated_key_is_a_tuple() -> None:
    key = Key(name="a", converter=PORT, doc="", repeated=True)
    assert resolve([key], []).get(key) == ()
    context = resolve([key], [Source("test", {"a": ("1", "2")})])
    assert context.get(key) == (1, 2)
    assert key.shown(context.get(key)) == "1 2"


@pytest.mark.parametrize(
    ("form", "what"),
    [
        ({"converter": int}, "has <class 'int'> where a converter is wanted"),
        ({"required": True, "default": 1}, "is required, and so has no default"),
        ({"flag": True}, "is off until it is given"),
        ({"flag": True, "converter": BOOLEAN, "default": True}, "is off until it is given"),
        ({"short": "xy"}, "cannot be the short form"),
        ({"group": "Front"}, "cannot be the name of a key"),
        ({"repeated": True, "default": 1}, "is not a tuple of `INT`"),
    ],
)
def test_what_a_key_cannot_be(form: dict[str, object], what: str) -> None:
    with pytest.raises(UserError, match=what):
        Key(**{"name": "n", "converter": INTEGER, "doc": "", **form})  # type: ignore[arg-type]


@given(st.integers(1, 65535))
def test_a_port_is_read_back_as_it_was_shown(port: int) -> None:
    assert PORT.parse(PORT.show(port)) == port


def test_a_default_must_be_of_the_type() -> None:
    with pytest.raises(UserError, match="is not a `INT`"):
        Key(name="n", converter=INTEGER, default="one", doc="")  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["", "Big", "two words", "under_score", "-a", "a-", "-", "é"])
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
