"""Asking registries from a test that is not asynchronous."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from pinbot.config import Config, RegistrySettings
from pinbot.errors import RegistryError
from pinbot.model.exchange import Exchange
from pinbot.model.plan import Resolution
from pinbot.model.reference import ImageReference
from pinbot.ports.machine import Cache
from pinbot.registry.asking.hosts import Patience
from pinbot.registry.auth.credentials import Anonymous, Credential, CredentialStore
from pinbot.registry.auth.memory import Memory, NoMemory
from pinbot.registry.client import RegistryClient
from pinbot.registry.servers.proxies import Proxies
from pinbot.registry.wire.troubles import Timing
from tests.support.registry import PASSWORD, USERNAME
from tests.support.registry_clock import FakeClock

T = TypeVar("T")


@dataclass
class Login:
    """A store with one credential for everything."""

    credential: Credential
    problems: tuple[str, ...] = ()

    async def find(self, settings: RegistrySettings, repository: str) -> Credential | None:  # noqa: ARG002
        return self.credential


ALICE = Login(Credential(username=USERNAME, secret=PASSWORD, source="this test"))


@dataclass
class Asker:
    """Makes a client for each question, and keeps what it did: waits take no time."""

    settings: Callable[[str], RegistrySettings] = Config().registry
    credentials: CredentialStore = field(default_factory=Anonymous)
    timing: Timing = field(default_factory=Timing)
    patience: Patience = field(default_factory=Patience)
    proxies: Proxies = field(default_factory=lambda: Proxies({}))
    memory: Memory = field(default_factory=NoMemory)
    cache: Cache | None = None
    clock: FakeClock = field(default_factory=FakeClock)
    exchanges: list[Exchange] = field(default_factory=list)

    def client(self) -> RegistryClient:
        return RegistryClient(
            self.settings,
            credentials=self.credentials,
            clock=self.clock,
            observer=self.exchanges.append,
            timing=self.timing,
            patience=self.patience,
            proxies=self.proxies,
            memory=self.memory,
            cache=self.cache,
            jitter=lambda: 0.5,
        )

    def ask(self, question: Callable[[RegistryClient], Awaitable[T]]) -> T:
        """Put one question to a client of its own."""

        async def work() -> T:
            async with self.client() as client:
                return await question(client)

        return asyncio.run(work())

    def resolve(self, image: str) -> Resolution:
        (result,) = self.resolve_all([image])
        if isinstance(result, RegistryError):
            raise result
        return result

    def resolve_all(self, images: Iterable[str]) -> list[Resolution | RegistryError]:
        """All at once, by one client."""

        async def one(client: RegistryClient, image: str) -> Resolution | RegistryError:
            try:
                return await client.resolve(ImageReference.parse(image))
            except RegistryError as error:
                return error

        async def everything() -> list[Resolution | RegistryError]:
            async with self.client() as client:
                return await asyncio.gather(*(one(client, image) for image in images))

        return asyncio.run(everything())

    @property
    def methods(self) -> list[str]:
        return [exchange.method for exchange in self.exchanges]
