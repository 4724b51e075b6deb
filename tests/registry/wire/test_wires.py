"""Connections: to which addresses they are made, how, and what comes over them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from pinbot.registry.servers.addresses import Network as Net
from pinbot.registry.servers.addresses import OutOfReach, Reach
from pinbot.registry.wire.engine import httpcore
from pinbot.registry.wire.wires import Network, Wire

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Names:
    """A server of names that gives another answer each time, and the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, host: str, port: int) -> list[str]:
        assert (host, port > 0) == ("r.example", True)
        self.asked += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@asynccontextmanager
async def server(talk: Talk | None = None) -> AsyncIterator[tuple[int, list[str]]]:
    """A port of 127.0.0.1, and who has connected to it."""
    seen: list[str] = []

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(writer.get_extra_info("peername")[0])
        task = asyncio.current_task()
        assert task is not None
        tasks.append(task)
        try:
            with contextlib.suppress(OSError):
                if talk is not None:
                    await talk(reader, writer)
        finally:
            writer.transport.abort()

    tasks: list[asyncio.Task[None]] = []
    listening = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1], seen
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def test_a_name_that_means_another_address_a_moment_later_gains_nothing_by_it() -> None:
    """DNS rebinding: the address that was judged is the one that is connected to."""

    async def work() -> None:
        names = Names(["127.0.0.1"], ["169.254.169.254"])
        network = Network(Reach({Net.LOOPBACK}), names)
        async with server() as (port, seen):
            for _ in range(3):
                wire = await network.connect_tcp("r.example", port, 5)
                assert wire.peer == "127.0.0.1"
                await wire.aclose()
            assert (names.asked, len(seen)) == (1, 3)

    asyncio.run(work())


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["8.8.8.8", "127.0.0.1"],
        ["::ffff:127.0.0.1"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["fe80::1%1"],
    ],
)
def test_nothing_is_connected_to_if_one_address_of_a_name_is_out_of_reach(addresses: list[str]) -> None:
    async def work() -> None:
        async with server() as (port, seen):
            with pytest.raises(OutOfReach):
                await Network(Reach({Net.PUBLIC}), Names(addresses)).connect_tcp("r.example", port, 5)
            assert seen == []

    asyncio.run(work())


def test_a_name_is_looked_up_anew_when_its_address_does_not_answer() -> None:
    async def work() -> None:
        names = Names(["127.0.0.2"], ["127.0.0.1"])
        network = Network(None, names)
        async with server() as (port, _):
            with pytest.raises(httpcore.ConnectError):
                await network.connect_tcp("r.example", port, 5)
            wire = await network.connect_tcp("r.example", port, 5)
            await wire.aclose()

    asyncio.run(work())


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["127.0.0.2", "127.0.0.1"],
        ["::1", "127.0.0.1"],
        ["192.0.2.1", "192.0.2.2", "127.0.0.1"],
        ["2001:db8::1", "2001:db8::2", "127.0.0.1"],
    ],
)
def test_the_first_address_that_answers_is_taken(addresses: list[str]) -> None:
    """192.0.2.0/24 and 2001:db8::/32 are for documentation: nobody is there, or nobody answers."""

    async def work() -> None:
        async with server() as (port, _):
            wire = await Network(None, Names(addresses)).connect_tcp("r.example", port, 5)
            assert wire.peer == "127.0.0.1"
            await wire.aclose()

    asyncio.run(work())


def test_a_connection_that_nobody_takes_is_an_error_in_time() -> None:
    async def work() -> None:
        with pytest.raises(httpcore.ConnectError) as refused:
            await Network(None, Names(["127.0.0.2", "127.0.0.3"])).connect_tcp("r.example", 1, 5)
        assert isinstance(refused.value.__cause__, BaseExceptionGroup)

        async def silent(host: str, port: int) -> list[str]:
            assert (host, port) == ("r.example", 1)
            await asyncio.sleep(60)
            return []

        with pytest.raises(httpcore.ConnectTimeout):
            await Network(None, silent).connect_tcp("r.example", 1, 0.05)

    asyncio.run(work())


def talk_to(talk: Talk, work: Callable[[Wire], Awaitable[None]]) -> None:
    async def both() -> None:
        async with server(talk) as (port, _):
            wire = await Network(None).connect_tcp("127.0.0.1", port, 5)
            try:
                await work(wire)
            finally:
                await wire.aclose()

    asyncio.run(both())


def test_what_comes_is_read_in_pieces_and_to_its_end() -> None:
    sent = bytes(range(256)) * 40_000

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(sent)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def work(wire: Wire) -> None:
        received = bytearray()
        while piece := await wire.read(65536, 5):
            assert len(piece) <= 65536
            received += piece
        assert received == sent
        assert wire.ended
        assert await wire.read(65536, 5) == b""

    talk_to(talk, work)


def test_what_is_not_read_is_not_taken_without_end() -> None:
    taken = 0

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal taken
        for _number in range(1000):
            writer.write(bytes(65536))
            await writer.drain()
            taken += 65536
        writer.close()
        await writer.wait_closed()

    async def work(wire: Wire) -> None:
        before = -1
        while before != taken:
            before = taken
            await asyncio.sleep(0.3)
        assert taken < 65536 * 900, "the server gets rid of all of it"
        total = 0
        while piece := await wire.read(65536, 5):
            total += len(piece)
        assert total == 65536 * 1000

    talk_to(talk, work)


def test_what_is_sent_waits_until_it_is_taken() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.2)
        total = 0
        while total < 20_000_000:
            total += len(await reader.read(1_000_000))
        writer.write(b"all")
        await writer.drain()

    async def work(wire: Wire) -> None:
        await asyncio.gather(*(wire.write(bytes(5_000_000), 5) for _ in range(4)))
        assert await wire.read(10, 5) == b"all"

    talk_to(talk, work)


def test_a_server_that_takes_nothing_and_says_nothing_is_not_waited_for() -> None:
    async def talk(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
        await asyncio.sleep(2)

    async def work(wire: Wire) -> None:
        with pytest.raises(httpcore.ReadTimeout):
            await wire.read(10, 0.05)
        with pytest.raises(httpcore.WriteTimeout):
            await wire.write(bytes(50_000_000), 0.05)

    talk_to(talk, work)


def test_what_is_closed_can_be_read_to_its_end_and_not_written_to() -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"bye")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def work(wire: Wire) -> None:
        while not wire.ended:  # noqa: ASYNC110 - nothing tells it before somebody reads
            await asyncio.sleep(0.01)
        assert wire.get_extra_info("is_readable")
        with pytest.raises(httpcore.WriteError):
            await wire.write(b"x", 1)
        assert await wire.read(10, 1) == b"bye"
        assert await wire.read(10, 1) == b""

    talk_to(talk, work)
