"""The picture as data: what is in it, and what each box says."""

from __future__ import annotations

from functoria import JOB, Context, Device, Key, Reference, Stage, if_impl, pure
from functoria.converter import STRING
from functoria.picture import Annotation, Picture
from functoria.picture.model import Kind, Relation

from .samples import CACHED, HTTP, STACK, Program, chain, website


def lines(picture: Picture) -> str:
    """The picture as a page of text."""
    found = [f"{picture.name}"]
    for box in picture.boxes:
        said = [f"{s.name}={s.shown}" for s in box.settings] + list(box.packages)
        said += [f"[{b.label}]" if b.taken else b.label for b in box.branches]
        dead = "" if box.live else "dead "
        place = f"{dead}{box.kind.value} {box.id}: {box.type} {box.constructor}"
        found.append(f"  {' '.join((place.rstrip(), *said))}")
    for edge in picture.edges:
        dead = "" if edge.live else "dead "
        name = f" {', '.join(edge.labels)}" if edge.labels else ""
        found.append(f"  {edge.source} -> {edge.target}  {dead}{edge.relation.value}{name}")
    return "\n".join(found) + "\n"


def test_the_live_graph_has_no_choices() -> None:
    assert lines(website().picture()) == LIVE


LIVE = """\
website
  job web: job site:start
  device http: http web.server:Server --port=80 h11>=0.16
  device stack: stack net:GuestStack interface=eth0 --gateway=unset
  device clock: clock os.clock:Clock
  device logs: logs os.logs:Logs
  web -> http  argument http
  web -> stack  argument stack
  web -> clock  keyword clock
  web -> logs  after
  http -> stack  argument stack
"""


def test_all_branches_are_there_and_those_not_taken_are_marked() -> None:
    assert lines(website().picture(full=True)) == ALL


ALL = """\
website
  job web: job site:start
  choice choice: http --cached=false true [false]
  dead device cache: http web.cache:Cache
  choice choice_2: stack --target=virtio unix [otherwise]
  dead device stack_2: stack net:HostStack
  device stack: stack net:GuestStack interface=eth0 --gateway=unset
  device http: http web.server:Server --port=80 h11>=0.16
  device clock: clock os.clock:Clock
  device logs: logs os.logs:Logs
  web -> choice  argument http
  web -> choice_2  argument stack
  web -> clock  keyword clock
  web -> logs  after
  choice -> cache  dead branch true
  choice -> http  branch false
  cache -> choice_2  dead argument
  choice_2 -> stack_2  dead branch unix
  choice_2 -> stack  branch otherwise
  http -> choice_2  argument stack
"""


def test_the_ids_of_live_devices_are_their_variables() -> None:
    program = website("unix", cached=True)
    names = {node.variable for node in program.graph.nodes}
    for full in (False, True):
        picture = program.picture(full=full)
        boxes = [box for box in picture.boxes if box.live and box.kind is not Kind.CHOICE]
        assert {box.id for box in boxes} == names
        assert len({box.id for box in picture.boxes}) == len(picture.boxes)


def test_names_that_collide_are_kept_apart() -> None:
    devices = [Device(name=name, type=STACK, constructor="m:A") for name in ("a", "a", "a_2")]
    job = Device(name="job", type=STACK >> STACK >> STACK >> JOB, constructor="m:start")
    picture = Program("x", (job(*devices),), Context({})).picture(full=True)
    assert len({box.id for box in picture.boxes}) == 4


def test_a_chosen_functor_is_a_choice_of_what_it_is_applied_to() -> None:
    a = Device(name="a", type=STACK >> HTTP, constructor="m:A")
    b = Device(name="b", type=STACK >> HTTP, constructor="m:B")
    stack = Device(name="stack", type=STACK, constructor="m:Stack")
    chosen = if_impl(CACHED, a, b)
    job = Device(name="job", type=HTTP >> HTTP >> JOB, constructor="m:start")
    # Applied twice, it is two devices, of either kind; and so it is two choices.
    picture = Program("x", (job(chosen(stack), chosen(stack)),), Context({})).picture(full=True)
    assert [box.id for box in picture.boxes if box.kind is Kind.CHOICE] == ["choice", "choice_2"]
    assert [box.id for box in picture.boxes if box.title.startswith("b")] == ["b", "b_2"]
    assert [box.id for box in picture.boxes if box.title == "stack"] == ["stack"]
    # A term that is used twice is one.
    once = chosen(stack)
    picture = Program("x", (job(once, once),), Context({})).picture(full=True)
    assert [box.id for box in picture.boxes] == ["job", "choice", "a", "stack", "b"]
    assert picture.edges[0].labels == ()


def test_what_is_said_twice_of_two_boxes_is_one_edge_with_both_labels() -> None:
    stack = Device(name="stack", type=STACK, constructor="m:Stack")
    job = Device(
        name="job", type=STACK >> STACK >> JOB, constructor="m:start", labels=("in", "out")
    )
    for full in (False, True):
        (edge,) = Program("x", (job(stack, stack),), Context({})).picture(full=full).edges
        assert edge.labels == ("in", "out")
        assert edge.relation is Relation.ARGUMENT


def test_settings_say_where_they_come_from() -> None:
    secret = Key(name="name", converter=STRING, default="", doc="a name")
    late = Key(name="late", converter=STRING, default=None, doc="later", stage=Stage.BOOT)
    device = Device(
        name="job",
        type=JOB,
        constructor="m:start",
        keywords={
            "name": secret,
            "length": secret.value.map(len),
            "app": Reference("site:app"),
            "nothing": None,
            "sizes": (1, 2),
        },
        keys=(late,),
    )
    (box,) = Program("x", (device,), Context({})).picture(full=True).boxes
    said = [(setting.name, setting.shown, setting.origin) for setting in box.settings]
    assert said == [
        ("--name", "empty", "default"),
        ("length", "0", "from --name"),
        ("app", "site:app", ""),
        ("sizes", "(1, 2)", ""),
        ("--late", "unset", "default"),
    ]


def test_what_a_dead_branch_would_compute_is_not_computed() -> None:
    def explode(_value: object) -> bool:
        raise AssertionError

    condition = pure(1).map(explode)
    dead = Device(name="dead", type=JOB, constructor="m:a", keywords={"n": condition})
    inner = if_impl(condition, dead, dead)
    live = Device(name="live", type=JOB, constructor="m:b")
    picture = Program("x", (if_impl(pure(False), inner, live),), Context({})).picture(full=True)
    assert [(box.id, box.live) for box in picture.boxes] == [
        ("choice", True),
        ("choice_2", False),
        ("dead", False),
        ("live", True),
    ]


def test_annotations_are_those_of_live_devices() -> None:
    notes = {"stack": (Annotation("size", "1 kB", 1000),), "stack_2": (Annotation("x", "y"),)}
    picture = website().picture(full=True, annotations=notes)
    assert [box.id for box in picture.boxes if box.annotations] == ["stack"]


def test_a_graph_of_any_depth_is_drawn() -> None:
    for full in (False, True):
        assert len(chain(20_000).picture(full=full).edges) == 19_999
