"""Requests with patience, and redirects by hand: what a client of one registry builds on."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from pinbot.errors import Untrustworthy
from pinbot.ports.machine import Clock
from pinbot.registry.asking.hosts import Host, Patience
from pinbot.registry.servers.addresses import Network, OutOfReach, Reach, network, networks_of, reach_of
from pinbot.registry.servers.endpoint import Endpoint
from pinbot.registry.servers.urls import Origin, Url, shown
from pinbot.registry.wire.messages import Answer, Request
from pinbot.registry.wire.transport import Transport

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
        self._networks: dict[Origin, frozenset[Network]] = {}

    async def ask(
        self,
        method: str,
        url: Url,
        *,
        endpoint: Endpoint,
        limit: int,
        accept: str | None = None,
        authorization: str | None = None,
        form: bytes = b"",
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
        headers = {} if accept is None else {"Accept": accept}
        if first_byte:
            headers["Range"] = f"bytes={first_byte}-"
        if form:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        request = Request(
            method=method, url=url, headers=headers, body=form, limit=limit, streamed=first_byte is not None
        )
        secret = {} if authorization is None else {"Authorization": authorization}
        for _ in range(redirects + 1):
            answer = await self._send(
                replace(
                    request,
                    url=url,
                    headers=headers | secret if url.origin == request.url.origin else headers,
                    trust=endpoint.trust(url),
                ),
                endpoint,
                tries,
            )
            if answer.status not in _REDIRECTS or not redirects:
                return answer
            url = _next(answer)
        raise Untrustworthy(
            f"{url.public} is where more than {redirects} redirects led",
            hint="the registry, or a proxy before it, is set up wrongly",
        )

    def expect(self, requests: int, endpoint: Endpoint) -> None:
        """Connect for so many requests to a registry, or as many as it gets at once, before they are sent."""
        request = Request(
            method="HEAD",
            url=endpoint.url,
            trust=endpoint.trust(endpoint.url),
            limit=0,
            reach=_own_reach(endpoint),
        )
        self._transport.expect(request, min(requests, self._patience.at_once))

    async def pause(self, times: int) -> None:
        """Wait before something is tried again that was tried so many `times`."""
        await self._clock.sleep(self._jitter() * self._patience.longest_wait(times))

    async def _send(self, request: Request, endpoint: Endpoint, tries: int | None) -> Answer:
        """Send to one host, if it is where the registry may send anybody to."""
        request = replace(request, reach=await self._reach(request.url, endpoint))
        try:
            answer = await self._host(request.url).ask(partial(self._transport.send, request), tries)
        except OutOfReach as error:
            if request.url.origin == endpoint.url.origin:
                raise Untrustworthy(
                    f"{endpoint.name} is in a network of this machine's own, and nobody here named it",
                    hint="if it may be asked, name it under `registries:` in the bot's own configuration",
                ) from error
            raise Untrustworthy(
                f"{endpoint.name} sends to {request.url.public}, a network that it is not part of",
                hint="the registry is set up wrongly, or wants to reach what only this machine can see; "
                "if it is meant to, set `follow_private: true` for it",
            ) from error
        if answer.peer is not None:
            origin = request.url.origin
            self._networks[origin] = self._networks.get(origin, frozenset()) | {network(answer.peer)}
        return answer

    async def _reach(self, url: Url, endpoint: Endpoint) -> Reach | None:
        """The networks in which the host of a URL may be: for the registry any, unless strangers name it."""
        here = endpoint.url.origin
        if url.origin == here:
            return _own_reach(endpoint)
        # Where it really was when it answered; a name can mean something else at every moment.
        networks = self._networks.get(here) or await networks_of(*here[1:])
        reach = reach_of(networks)
        return reach | {Network.PRIVATE} if endpoint.settings.follow_private else reach

    def _host(self, url: Url) -> Host:
        host = self._hosts.get(url.origin)
        if host is None:
            host = self._hosts[url.origin] = Host(
                url.authority, patience=self._patience, clock=self._clock, jitter=self._jitter
            )
        return host


def _own_reach(endpoint: Endpoint) -> Reach | None:
    """The networks in which the registry itself may be."""
    return Reach({Network.PUBLIC}) if endpoint.settings.only_public else None


def _next(answer: Answer) -> Url:
    location = answer.headers.get("Location", "")
    try:
        if location:
            return answer.url.join(location)
    except ValueError:
        pass
    raise Untrustworthy(
        f"{answer.url.public} is redirected to {shown(location)}: not followed",
        hint="redirects lead to http or https addresses without a user, never from https to http",
    )
