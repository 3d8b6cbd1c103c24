"""A store on a block device after the machine has ended, at any moment of any program.

A program of random changes and flushes runs on a disk that ends at each of its writes in turn.
Of what was not flushed by then, any part is on the medium. The next machine must find the store
as it was at the last flush, or after a later change; it goes on, and ends as well.
"""

from __future__ import annotations

from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from libos.signatures.kv_ro import StoreError
from libos.signatures.kv_rw import NoSpace
from libos.storage.block_store import BlockStore
from libos.storage.memory import MemoryStore

from .faulty_block import Crash, FaultyBlock
from .kv_ro_conformance import run
from .kv_rw_conformance import content

if TYPE_CHECKING:
    from libos.signatures.kv_rw import KvRw

STEPS = 80
CHANCES = [0.0, 0.5, 0.9, 1.0]
KEYS = ["a", "b", "d/x", "d/e/z", "b/below", *(name * 200 for name in "uvw")]
SIZES = [0, 1, 300, 512, 513, 1500, 3200, 9000]

Step = tuple[Any, ...]
State = dict[str, bytes]


def program(choice: Random) -> list[Step]:
    """What a program does: changes, more of them on some keys than on others, and flushes."""
    return [step(choice) for _ in range(choice.randrange(STEPS // 2, STEPS))]


def step(choice: Random) -> Step:
    kind = choice.choices(("change", "flush", "batch"), (70, 18, 12))[0]
    if kind == "change":
        return change(choice)
    return ("flush",) if kind == "flush" else ("batch", [change(choice) for _ in range(4)])


def change(choice: Random) -> Step:
    kind = choice.choices(("set", "set_partial", "remove", "rename"), (60, 15, 15, 10))[0]
    key = choice.choice(KEYS)
    data = Random(choice.random()).randbytes(choice.choice(SIZES))
    match kind:
        case "set":
            return (kind, key, data)
        case "set_partial":
            return (kind, key, choice.choice((0, 0, 1, 1500)), data)
        case "remove":
            return (kind, choice.choice((*KEYS, "d", "d/e")))
        case _:
            return (kind, choice.choice((key, "d")), choice.choice((*KEYS, "e")))


async def make(store: KvRw, step: Step) -> None:
    """Make one step."""
    name, *arguments = step
    if name != "batch":
        await getattr(store, name)(*arguments)
        return
    async with store.batch() as batch:
        for change, *noted in arguments[0]:
            if change != "set_partial":
                getattr(batch, change)(*noted)


class Run:
    """Programs on a store, and what its content may be afterwards."""

    def __init__(self) -> None:
        self.model = MemoryStore()
        self.allowed: list[State] = [{}]

    async def on(self, block: FaultyBlock, program: list[Step], *, stop: bool = False) -> None:
        """Run a program to its end or the machine's."""
        store = BlockStore(block)
        await store.start()
        found = await content(store)
        assert found in self.allowed
        self.model = MemoryStore()
        for key, stored in found.items():
            await self.model.set(key, stored)
        # What was found may be in a cache of the disk only, until it is flushed.
        self.allowed.append(found)
        for step in program:
            await self._step(store, step)
        assert await content(store) == await content(self.model)
        if stop:
            await store.stop()
            self.allowed = self.allowed[-1:]

    async def _step(self, store: BlockStore, step: Step) -> None:
        refused = None
        try:
            await make(store, step)
        except NoSpace:
            return
        except (StoreError, ValueError) as error:
            refused = type(error)
        if refused:
            with pytest.raises(refused):
                await make(self.model, step)
            return
        await make(self.model, step)
        if step[0] == "flush":
            self.allowed.clear()
        self.allowed.append(await content(self.model))

    def crash(self, block: FaultyBlock, program: list[Step]) -> bool:
        """Whether the machine ended before the program did."""
        try:
            run(self.on(block, program))
        except Crash:
            return True
        return False


@pytest.mark.parametrize("seed", range(16))
def test_it_is_what_it_was_at_a_flush(seed: int) -> None:
    choice = Random(seed)
    programs = [program(choice) for _ in range(3)]
    # Large sectors are torn: they are several units of the medium.
    sector_size = 4096 if seed % 4 == 3 else 512
    for life in count():
        session = Run()
        block = FaultyBlock(bytes(64 * sector_size), sector_size=sector_size, life=life)
        if not session.crash(block, programs[0]):
            assert life > 20
            break
        ended(block, session, programs, choice)


def ended(block: FaultyBlock, session: Run, programs: list[list[Step]], choice: Random) -> None:
    """The machine has ended; so does the next one, and the one after finds what it must."""
    content = block.survived(choice, choice.choice(CHANCES))
    life = choice.randrange(2 * block.calls + 9)
    following = FaultyBlock(content, sector_size=block.sector_size, life=life)
    session.crash(following, programs[1])
    if choice.random() < 0.5:
        following.restarted(choice.randrange(9))
        session.crash(following, programs[2])
    content = following.survived(choice, choice.choice(CHANCES))
    last = FaultyBlock(content, sector_size=block.sector_size)
    run(session.on(last, programs[2], stop=True))
    run(session.on(last, []))
