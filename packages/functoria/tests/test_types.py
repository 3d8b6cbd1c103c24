"""Types: signatures, and the arrows of functors."""

from functoria import Arrow, Type
from functoria.type import applied, parameters, result

STACK, HTTP, KV, JOB = Type("stack"), Type("http"), Type("kv"), Type("job")


def test_an_arrow_is_written_with_its_parameters_in_order() -> None:
    assert Arrow((STACK, HTTP), JOB) == STACK >> HTTP >> JOB
    assert str(STACK >> HTTP >> JOB) == "stack >> http >> job"


def test_a_functor_as_a_parameter_is_put_in_brackets() -> None:
    assert str(Arrow((STACK >> HTTP, KV), JOB)) == "(stack >> http) >> kv >> job"


def test_applying_takes_parameters_from_the_left() -> None:
    arrow = STACK >> KV >> JOB
    assert applied(arrow, 1) == KV >> JOB
    assert applied(arrow, 2) == JOB
    assert (parameters(JOB), result(arrow)) == ((), JOB)


def test_types_are_the_same_if_their_names_are() -> None:
    assert Type("stack") == STACK
    assert Type("block") != STACK
