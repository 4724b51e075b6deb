"""Requests with patience, and redirects by hand: what a client of one registry builds on."""

from collections.abc import Callable
from functools import partial

import httpx

from pinbot.errors import Untrustworthy
from pinbot.ports import Clock
from pinbot.registry.addresses import addresses_of, may_point_to
from pinbot.registry.endpoint import Endpoint, Origin, join, may_follow, origin
from pinbot.registry.hosts import Host, Patience
from pinbot.registry.transport import Answer, Request, Transport, display

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5


class Web:
    """All hosts that a client speaks to."""

    def __init__(
        self,
        transport: Transport,
        *,
        patience: Patience,
        clock: Clock,
        jitter: Callable[[], float],
    ) -> None:
        self._transport = transport
        self._patience = patience
        self._clock = clock
        self._jitter = jitter
        self._hosts: dict[Origin, Host] = {}
        self._permitted: set[tuple[Origin, Origin]] = set()

    async def ask(
        self,
        method: str,
        url: httpx.URL,
        *,
        endpoint: Endpoint,
        limit: int,
        accept: str | None = None,
        authorization: str | None = None,
        form: dict[str, str] | None = None,
        redirects: int = _MOST_REDIRECTS,
        first_byte: int | None = None,
        tries: int | None = None,
    ) -> Answer:
        """Send a request and follow where the answer points, at most `redirects` times.

        `authorization` goes to the origin of `url` only. With a `first_byte` the content is asked for from
        there on, and left in `Answer.stream`; `limit` is for what comes instead of content. `tries` is how
        often to send it, if not as often as `Patience` says.

        Raises:
            Unreachable: see `Host.ask`.
            Untrustworthy: see `Transport.send`; too many redirects, or one that must not be followed.
        """
        first = origin(url)
        for _ in range(redirects + 1):
            await self._check(url, endpoint)
            headers = {} if accept is None else {"Accept": accept}
            if first_byte:
                headers["Range"] = f"bytes={first_byte}-"
            if authorization is not None and origin(url) == first:
                headers["Authorization"] = authorization
            request = Request(
                method=method,
                url=url,
                headers=headers,
                form=form,
                trust=endpoint.trust(url),
                limit=limit,
                streamed=first_byte is not None,
            )
            answer = await self._host(url).ask(partial(self._transport.send, request), tries)
            if answer.status not in _REDIRECTS or not redirects:
                return answer
            url = self._next(answer)
        raise Untrustworthy(
            f"{display(url)} is where more than {redirects} redirects led",
            hint="the registry, or a proxy before it, is set up wrongly",
        )

    async def pause(self, times: int) -> None:
        """Wait before something is tried again that was tried so many `times`."""
        await self._clock.sleep(self._jitter() * self._patience.longest_wait(times))

    async def _check(self, url: httpx.URL, endpoint: Endpoint) -> None:
        """Refuse addresses that the registry has no business to send anybody to."""
        here, there = origin(endpoint.url), origin(url)
        if here == there or (here, there) in self._permitted:
            return
        if not may_point_to(await addresses_of(*here[1:]), await addresses_of(*there[1:])):
            raise Untrustworthy(
                f"{endpoint.name} sends to {display(url)}, a network that it is not part of",
                hint="the registry is set up wrongly, or wants to reach what only this machine can see",
            )
        self._permitted.add((here, there))

    def _host(self, url: httpx.URL) -> Host:
        key = origin(url)
        host = self._hosts.get(key)
        if host is None:
            name = url.netloc.decode("ascii")
            host = self._hosts[key] = Host(
                name, patience=self._patience, clock=self._clock, jitter=self._jitter
            )
        return host

    def _next(self, answer: Answer) -> httpx.URL:
        location = answer.headers.get("Location", "")
        target = join(answer.url, location)
        if not location or not may_follow(answer.url, target):
            place = display(target) if location else "nowhere"
            raise Untrustworthy(
                f"{display(answer.url)} is redirected to {place}: not followed",
                hint="redirects lead to http or https addresses without a user, never from https to http",
            )
        return target
