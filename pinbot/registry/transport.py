"""One HTTP exchange, with every limit that it has. The only module that meets an exception of httpx.

Nothing here follows a redirect, keeps a cookie, tries again or knows about credentials.
"""

import asyncio
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from pinbot.errors import Unreachable, Untrustworthy
from pinbot.model.exchange import Exchange
from pinbot.registry import troubles
from pinbot.registry.addresses import is_loopback
from pinbot.registry.endpoint import Origin, host_of, origin
from pinbot.registry.quota import quota_of
from pinbot.registry.troubles import NoAnswer
from pinbot.registry.trust import Trust, no_trust


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds that one exchange may take: to connect, between two bytes that arrive, and in all."""

    connect: float = 5.0
    read: float = 15.0
    total: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is sent.

    Attributes:
        method, url, headers: as in HTTP.
        form: fields of a body, for POST.
        trust: certificates, for https.
        limit: bytes that the answer's body may have.
    """

    method: str
    url: httpx.URL
    headers: dict[str, str] = field(repr=False)
    form: dict[str, str] | None = field(default=None, repr=False)
    trust: Trust = field(default_factory=Trust)
    limit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: the body is whole, and within the request's limit; `version` is e.g. `HTTP/1.1`."""

    url: httpx.URL
    status: int
    headers: httpx.Headers
    body: bytes
    version: str = ""


Observer = Callable[[Exchange], None]


class Transport:
    """Sends requests. Connections are kept, and no more are opened than requests are sent at once."""

    def __init__(self, *, user_agent: str, timing: Timing, observer: Observer | None) -> None:
        self._user_agent = user_agent
        self._timing = timing
        self._observer = observer
        self._contexts: dict[Trust | None, ssl.SSLContext] = {}
        self._clients: list[httpx.AsyncClient] = []
        self._idle: dict[tuple[Origin, Trust], list[httpx.AsyncClient]] = {}

    async def send(self, request: Request) -> Answer:
        """Exchange one request for one answer, of whatever status.

        Raises:
            NoAnswer: no whole answer within the time.
            Untrustworthy: an answer that is larger than the limit, or packed though it must not be.
        """
        headers = {"User-Agent": self._user_agent, "Accept-Encoding": "identity", **request.headers}
        started = time.perf_counter()
        status = quota = None
        try:
            with self._client(request) as client, _mapped(request.url, self._timing):
                async with asyncio.timeout(self._timing.total):
                    outgoing = client.build_request(
                        request.method, request.url, headers=headers, data=request.form
                    )
                    incoming = await client.send(outgoing, stream=True, auth=None)
                    try:
                        status = incoming.status_code
                        quota = quota_of(incoming.headers)
                        body = await _read(incoming, request)
                    finally:
                        await incoming.aclose()
        finally:
            if self._observer is not None:
                elapsed = (time.perf_counter() - started) * 1000
                self._observer(
                    Exchange(
                        method=request.method,
                        url=display(request.url),
                        status=status,
                        milliseconds=elapsed,
                        quota=quota,
                    )
                )
        return Answer(
            url=request.url,
            status=status,
            headers=incoming.headers,
            body=body,
            version=incoming.http_version,
        )

    async def aclose(self) -> None:
        """Close all connections."""
        for client in self._clients:
            await client.aclose()

    @contextmanager
    def _client(self, request: Request) -> Iterator[httpx.AsyncClient]:
        """A client of httpx with one connection, which nobody else uses meanwhile; an idle one if possible.

        A client with all the connections would look at each of them for each request, which takes more time
        than everything else that it does.
        """
        idle = self._idle.setdefault((origin(request.url), request.trust), [])
        client = idle.pop() if idle else self._open(request)
        try:
            yield client
        finally:
            idle.append(client)

    def _open(self, request: Request) -> httpx.AsyncClient:
        context = self._context(None if request.url.scheme == "http" else request.trust)
        timing = self._timing
        try:
            client = httpx.AsyncClient(
                verify=context,
                # No proxy can reach this machine's own loopback.
                trust_env=not is_loopback(host_of(request.url)),
                timeout=httpx.Timeout(timing.read, connect=timing.connect, pool=None),
                limits=httpx.Limits(keepalive_expiry=15),
                # Cookies would cross from port to port of one host.
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            )
        except (ValueError, ImportError, httpx.InvalidURL) as error:
            raise NoAnswer(
                f"the proxy that the environment names cannot be used: {error}",
                hint="mend HTTPS_PROXY, HTTP_PROXY, ALL_PROXY or NO_PROXY",
                transient=False,
            ) from error
        self._clients.append(client)
        return client

    def _context(self, trust: Trust | None) -> ssl.SSLContext:
        """The context for these certificates; None for plain http."""
        context = self._contexts.get(trust)
        if context is None:
            try:
                context = no_trust() if trust is None else trust.context()
            except Unreachable as error:
                raise NoAnswer(error.message, hint=error.hint, transient=False) from error
            self._contexts[trust] = context
        return context


def display(url: httpx.URL) -> str:
    """A URL that may be printed: without query and user, which can hold secrets."""
    return str(url.copy_with(username=None, password=None, query=None, fragment=None))


async def _read(response: httpx.Response, request: Request) -> bytes:
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in {"", "identity"} and request.method != "HEAD":
        raise Untrustworthy(
            f"{display(request.url)} sent its body in {encoding[:40]!r}, though it was asked not to pack it",
            hint="look for a proxy in between that compresses answers",
        )
    body = bytearray()
    # Also for HEAD, whose body is empty: a connection is used again only when the answer was read to its end.
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > request.limit:
            raise Untrustworthy(
                f"{display(request.url)} sent more than {request.limit} bytes where such an answer is small",
                hint="this is no registry's answer, or no image that other tools would read either",
            )
    return bytes(body)


@contextmanager
def _mapped(url: httpx.URL, timing: Timing) -> Iterator[None]:
    """Turn what httpx raises into what pinbot raises."""
    host = url.netloc.decode("ascii")
    try:
        yield
    except TimeoutError as error:
        raise NoAnswer(
            f"{host} did not finish its answer within {timing.total:g} seconds", transient=False
        ) from error
    except httpx.ConnectTimeout as error:
        raise NoAnswer(
            f"no connection to {host} within {timing.connect:g} seconds",
            hint="check the network, the proxy settings and the registry's name",
            transient=True,
        ) from error
    except httpx.TimeoutException as error:
        raise NoAnswer(f"{host} sent nothing for {timing.read:g} seconds", transient=True) from error
    except httpx.ConnectError as error:
        raise troubles.refused(host, error) from error
    except httpx.ProxyError as error:
        raise NoAnswer(
            f"the proxy on the way to {host} refused: {error}",
            hint="check HTTPS_PROXY and NO_PROXY",
            transient=True,
        ) from error
    except httpx.RemoteProtocolError as error:
        raise NoAnswer(
            f"{host} broke off or speaks no HTTP: {error}",
            transient=True,
            stale="without sending a response" in str(error),
        ) from error
    except (httpx.ReadError, httpx.WriteError, httpx.CloseError, ssl.SSLError) as error:
        # httpx lets errors of TLS through, once the handshake is over.
        raise troubles.lost(host, error) from error
    except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, UnicodeError) as error:
        raise NoAnswer(f"{host} cannot be asked: {error}", transient=False) from error
