"""When Docker Hub says that a tag got its digest (Docker Hub API, "Read repository tag").

No registry's API has such a date; this one is Docker Hub's own, beside it. What is in an image, like the time
`created` in its config, its maker can choose; this one is by the clock of Docker Hub.
"""

import json
import random
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

from pinbot import __version__
from pinbot.config import RegistrySettings
from pinbot.errors import RegistryError
from pinbot.model.plan import PushDate
from pinbot.model.reference import DOCKER_HUB, Digest, ImageReference
from pinbot.ports.machine import Clock
from pinbot.registry.asking.hosts import Patience
from pinbot.registry.asking.web import Web
from pinbot.registry.once import Once
from pinbot.registry.servers.endpoint import Endpoint
from pinbot.registry.servers.proxies import Proxies
from pinbot.registry.servers.urls import Url
from pinbot.registry.wire.transport import Observer, Transport
from pinbot.registry.wire.troubles import Timing

ADDRESS = "https://hub.docker.com"
SOURCE = "Docker Hub"

_LARGEST = 1024 * 1024


class HubDates:
    """The `PushDates` of Docker Hub. It asks without credentials, once for each tag; close it after use.

    Args:
        settings: how to reach a host, e.g. `Config.registry`.
        clock: time for pauses.
        address: where the API is.
        note: is told why there is no date.
        observer: is told of every exchange.
        timing: limits of one exchange.
        proxies: whom to ask instead; nobody by default.
        jitter: a random number from 0 up to 1, for pauses.

    Raises:
        ValueError: the address is none.
    """

    def __init__(
        self,
        settings: Callable[[str], RegistrySettings],
        *,
        clock: Clock,
        address: str = ADDRESS,
        note: Callable[[str], None],
        observer: Observer | None = None,
        timing: Timing | None = None,
        proxies: Proxies | None = None,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        url = Url.parse(address)
        self._endpoint = Endpoint(settings=settings(url.authority), url=url)
        self._transport = Transport(
            user_agent=f"pinbot/{__version__}",
            timing=timing or Timing(),
            proxies=proxies or Proxies({}),
            observer=observer,
        )
        self._web = Web(self._transport, patience=Patience(), clock=clock, jitter=jitter)
        self._note = note
        self._asked = Once[ImageReference, Any]()

    async def pushed(self, image: ImageReference, digest: Digest) -> PushDate | None:
        """See `PushDates.pushed`."""
        if image.registry != DOCKER_HUB or image.effective_tag is None:
            return None
        try:
            told = await self._asked.get(image, lambda: self._ask(image))
            return PushDate(when=_date(told, digest), source=SOURCE)
        except RegistryError as error:
            self._note(f"{image.familiar}: no date from {SOURCE}: {error.message}")
            return None

    async def _ask(self, image: ImageReference) -> dict[str, Any]:
        answer = await self._web.ask(
            "GET",
            self._endpoint.url.at(f"/v2/repositories/{image.repository}/tags/{image.effective_tag}"),
            endpoint=self._endpoint,
            limit=_LARGEST,
            accept="application/json",
            tries=2,
        )
        if answer.status != HTTPStatus.OK:
            raise RegistryError(f"it answered with status {answer.status}")
        try:
            document = json.loads(answer.body)
        except (ValueError, RecursionError) as error:
            raise RegistryError("what it answered is no JSON") from error
        return document if isinstance(document, dict) else {}

    async def aclose(self) -> None:
        """Stop what is under way and close all connections."""
        await self._asked.aclose()
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()


def _date(told: dict[str, Any], digest: Digest) -> datetime:
    """When the tag was last pushed, if it was with this digest."""
    if told.get("digest") != str(digest):
        raise RegistryError("what it says is not about this digest")
    try:
        when = datetime.fromisoformat(told["tag_last_pushed"])
        if when.tzinfo is not None:
            return when.astimezone(UTC).replace(microsecond=0)
    except (KeyError, TypeError, ValueError, OverflowError):
        pass
    raise RegistryError("it gives none")
