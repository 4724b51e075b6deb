"""Registries, and who knows more about what they hold."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from pinbot import storage
from pinbot.clock import SystemClock
from pinbot.config import Config
from pinbot.errors import UsageError
from pinbot.model.exchange import Exchange
from pinbot.ports.registries import PushDates, Registry
from pinbot.wiring import machine
from pinbot.wiring.forges import APP_KEY_VARIABLES

HUB_VARIABLE = "PINBOT_HUB_URL"
"""Where Docker Hub's own API is, which knows dates."""

Observer = Callable[[Exchange], None]
"""Is told of each request to a registry."""


@asynccontextmanager
async def registry(config: Config, *, observer: Observer | None = None) -> AsyncIterator[Registry]:
    """A client of all registries, closed at the end."""
    from pinbot.registry.auth.credentials import Keychain
    from pinbot.registry.auth.memory import FileMemory
    from pinbot.registry.client import RegistryClient
    from pinbot.registry.servers.proxies import Proxies

    async with RegistryClient(
        config.registry,
        credentials=Keychain(_without_our_own(), machine.home()),
        clock=SystemClock(),
        observer=observer,
        proxies=Proxies(os.environ),
        memory=FileMemory(storage.cache_folder(os.environ, machine.home())),
        cache=machine.cache(),
    ) as client:
        yield client


def _without_our_own() -> dict[str, str]:
    """The environment without the app's key, which no registry and no credential helper has a use for."""
    return {name: value for name, value in os.environ.items() if name not in APP_KEY_VARIABLES}


@asynccontextmanager
async def push_dates(
    config: Config, *, observer: Observer | None = None, note: Callable[[str], None]
) -> AsyncIterator[PushDates]:
    """What registries say about when a digest was pushed, closed at the end.

    Raises:
        UsageError: the address of Docker Hub's API, in the environment, is none.
    """
    from pinbot.registry.hub_dates import ADDRESS, HubDates
    from pinbot.registry.servers.proxies import Proxies

    try:
        dates = HubDates(
            config.registry,
            clock=SystemClock(),
            address=os.environ.get(HUB_VARIABLE) or ADDRESS,
            note=note,
            observer=observer,
            proxies=Proxies(os.environ),
        )
    except ValueError as error:
        raise UsageError(
            f"{HUB_VARIABLE} is no address", hint="write it like https://hub.docker.com"
        ) from error
    async with dates:
        yield dates


@asynccontextmanager
async def registry_on_demand(
    config: Config, *, observer: Observer | None = None
) -> AsyncIterator[Callable[[], Awaitable[Registry]]]:
    """A way to get one client of all registries, made when it is first asked for; closed at the end."""
    async with AsyncExitStack() as stack:
        made: list[Registry] = []
        lock = asyncio.Lock()

        async def connect() -> Registry:
            async with lock:
                if not made:
                    made.append(await stack.enter_async_context(registry(config, observer=observer)))
                return made[0]

        yield connect
