"""What is to be repaired: for whatever is written down, and whatever runs.

Pain 1: what runs is asked of the hypervisor, and the records are made to agree with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from fata.deploy.drivers.driver import Found, State
from fata.deploy.reconcile import Cure, Repair, repairs
from fata.deploy.records.records import Generation, Wanted
from fata.deploy.release import Release
from fata.deploy.service import Service
from fata.deploy.stages import NEXT, OVER, RISING, Stage
from fata.settings import Health, Kind

RELEASE = Release(
    manifest="0" * 64, program="p", target="virtio", image="", health=Health(Kind.CONSOLE)
)
SERVICES = (Service("blog", "production"), Service("blog", "staging"), Service("web", "production"))
STRANGERS = ("web.production.g99", "old.production.g1", "no-service")


@dataclass(frozen=True, slots=True)
class World:
    """What is written down, and what runs."""

    generations: tuple[Generation, ...]
    wanted: dict[Service, Wanted]
    found: tuple[Found, ...]

    def repairs(self, *, strangers: bool = True) -> tuple[Repair, ...]:
        return repairs(self.generations, self.wanted, self.found, strangers=strangers)

    @property
    def running(self) -> set[str]:
        return {one.name for one in self.found if one.state is State.RUNNING}

    @property
    def unkept(self) -> set[str]:
        return {one.name for one in self.found if not one.kept}

    def newest_live(self, service: Service) -> Generation | None:
        live = [
            one for one in self.generations if one.service == service and one.stage is Stage.LIVE
        ]
        return max(live, key=lambda one: one.number, default=None)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    generations, found = [], []
    states = st.sampled_from((None, *State))
    for service in SERVICES:
        stages = draw(st.lists(st.sampled_from(Stage), max_size=5))
        for number, stage in enumerate(stages, 1):
            generations.append(
                Generation(service, number, stage, "a", "stub", RELEASE, "ann", 0.0, 0.0)
            )
    for name in (*(one.guest for one in generations), *STRANGERS):
        state = draw(states)
        if state is not None:
            kept = state is not State.RUNNING or draw(st.booleans())
            found.append(Found(name, state, kept=kept))
    wanted = draw(st.dictionaries(st.sampled_from(SERVICES), st.sampled_from(Wanted)))
    order = draw(st.permutations(generations))
    return World(tuple(order), wanted, tuple(draw(st.permutations(found))))


def cured(world: World, todo: Sequence[Repair]) -> World:
    """The world after the repairs, each of which does what `carry_out` does."""
    stages = {one.guest: one.stage for one in world.generations}
    running, unkept = world.running, world.unkept
    for repair in todo:
        match repair.cure:
            case Cure.UNDO:
                assert Stage.FAILED in NEXT[stages[repair.guest]]
                stages[repair.guest] = Stage.FAILED
                running.discard(repair.guest)
            case Cure.FINISH:
                if stages[repair.guest] is Stage.LIVE:
                    stages[repair.guest] = Stage.DRAINING
                assert Stage.RETIRED in NEXT[stages[repair.guest]]
                stages[repair.guest] = Stage.RETIRED
                running.discard(repair.guest)
            case Cure.START:
                running.add(repair.guest)
            case Cure.ATTEND:
                assert repair.guest in running
                unkept.discard(repair.guest)
            case Cure.STOP | Cure.DESTROY:
                running.discard(repair.guest)
    generations = tuple(replace(one, stage=stages[one.guest]) for one in world.generations)
    found = tuple(Found(name, State.RUNNING, kept=name not in unkept) for name in sorted(running))
    return World(generations, world.wanted, found)


@given(world=worlds())
@settings(max_examples=200)
def test_afterwards_one_release_is_live_at_most_and_nothing_else_runs(world: World) -> None:
    after = cured(world, world.repairs())
    assert after.repairs() == (), "there is nothing left to repair"
    for service in SERVICES:
        mine = [one for one in after.generations if one.service == service]
        live = [one for one in mine if one.stage is Stage.LIVE]
        assert live == [one for one in (after.newest_live(service),) if one is not None]
        assert all(one.stage in OVER for one in mine if one not in live)
        should = {one.guest for one in live if world.wanted.get(service) is not Wanted.STOPPED}
        assert {name for name in after.running if name.startswith(f"{service}.g")} == should


@given(world=worlds())
@settings(max_examples=200)
def test_what_is_live_is_never_destroyed_but_where_the_service_is_to_be_stopped(
    world: World,
) -> None:
    for repair in world.repairs():
        live = None if repair.service is None else world.newest_live(repair.service)
        if live is not None and live.guest == repair.guest:
            stopped = world.wanted.get(live.service) is Wanted.STOPPED
            otherwise = Cure.ATTEND if live.guest in world.running else Cure.START
            assert repair.cure is (Cure.STOP if stopped else otherwise)


@given(world=worlds(), service=st.sampled_from(SERVICES))
def test_services_do_not_know_of_one_another(world: World, service: Service) -> None:
    """What is done for a service does not depend on what there is of others."""
    alone = World(
        tuple(one for one in world.generations if one.service == service),
        world.wanted,
        tuple(one for one in world.found if one.name.startswith(f"{service}.g")),
    )
    mine = tuple(repair for repair in world.repairs() if repair.service == service)
    assert mine == alone.repairs()
    assert all(repair.guest.startswith(f"{service}.g") for repair in mine)


@given(world=worlds())
def test_pain_5_what_nobody_knows_is_ended_unless_the_records_are_not_whole(world: World) -> None:
    """A guest without a record is an orphan; without records none can be called that."""
    known = {one.guest for one in world.generations}
    named = {repair.guest for repair in world.repairs()}
    assert world.running - known <= named
    spared = world.repairs(strangers=False)
    assert {repair.guest for repair in spared} <= known
    assert set(spared) <= set(world.repairs())


@given(world=worlds())
def test_pain_11_what_is_in_the_way_goes_before_something_is_started(world: World) -> None:
    """Never do two run that own one volume or address."""
    for service in SERVICES:
        mine = [repair for repair in world.repairs() if repair.generation is not None]
        cures = [repair.cure for repair in mine if repair.service == service]
        assert Cure.START not in cures[:-1]
        rising = [one for one in world.generations if one.service == service]
        assert cures.count(Cure.UNDO) == sum(one.stage in RISING for one in rising)
