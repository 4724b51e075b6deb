"""A door that lets so many in at a time."""

import asyncio
import contextlib

from hypothesis import given
from hypothesis import strategies as st

from pinbot.registry.wire.gate import Gate


@given(st.lists(st.sampled_from(["come", "cancel", "wider", "narrower"]), max_size=60), st.integers(1, 5))
def test_no_more_are_inside_than_there_is_room_and_nobody_is_forgotten(what: list[str], room: int) -> None:
    async def work() -> None:
        gate = Gate(room)
        inside: set[int] = set()
        done: list[int] = []
        tasks: list[asyncio.Task[None]] = []

        async def visit(number: int) -> None:
            before = gate.room
            async with gate:
                inside.add(number)
                try:
                    assert len(inside) <= max(before, gate.room, 5)
                    await asyncio.sleep(0)
                    await asyncio.sleep(0)
                finally:
                    inside.discard(number)
            done.append(number)

        cancelled = 0
        for step in what:
            if step == "come":
                tasks.append(asyncio.create_task(visit(len(tasks))))
            elif step == "cancel" and tasks:
                cancelled += tasks[len(tasks) // 2].cancel()
            elif step == "wider":
                gate.room += 1
            elif step == "narrower":
                gate.room = max(1, gate.room - 1)
            await asyncio.sleep(0)
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
        assert len(done) == sum(not task.cancelled() for task in tasks)
        assert len(inside) == 0
        for _ in range(gate.room):
            await asyncio.wait_for(gate.enter(), 1)

    asyncio.run(work())


def test_they_come_in_in_their_order_as_far_as_there_is_room() -> None:
    async def work() -> list[int]:
        gate, order = Gate(2), list[int]()

        async def visit(number: int) -> None:
            async with gate:
                order.append(number)
                await asyncio.sleep(0.001)

        tasks = [asyncio.create_task(visit(number)) for number in range(9)]
        await asyncio.sleep(0)
        assert order == [0, 1]
        gate.room = 4
        await asyncio.sleep(0)
        assert order == [0, 1, 2, 3]
        await asyncio.gather(*tasks)
        return order

    assert asyncio.run(work()) == list(range(9))


def test_a_narrower_door_sends_nobody_away_and_lets_nobody_in_for_a_while() -> None:
    async def work() -> None:
        gate = Gate(3)
        for _ in range(3):
            await gate.enter()
        gate.room = 1
        waiting = asyncio.create_task(gate.enter())
        for _ in range(2):
            gate.leave()
            await asyncio.sleep(0)
            assert not waiting.done()
        gate.leave()
        await asyncio.wait_for(waiting, 1)

    asyncio.run(work())
