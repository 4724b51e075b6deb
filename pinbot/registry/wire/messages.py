"""What is sent and what comes back, as values."""

from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pinbot.registry.servers.addresses import Address, Reach
from pinbot.registry.servers.trust import Trust
from pinbot.registry.servers.urls import Url


class Headers(Mapping[str, str]):
    """The headers of an answer, by names in lower case; of several with one name the values are joined."""

    def __init__(self, raw: Iterable[tuple[bytes, bytes]] = ()) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in raw:
            self._values.setdefault(name.decode("latin-1").lower(), []).append(value.decode("latin-1"))

    def __getitem__(self, name: str) -> str:
        return ", ".join(self._values[name.lower()])

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def each(self, name: str) -> list[str]:
        """The values of all headers with this name, in order."""
        return self._values.get(name.lower(), [])


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is sent.

    Attributes:
        method, url, headers: as in HTTP.
        body: for POST.
        trust: certificates, for https.
        reach: which networks the server may be in; None where it was configured, not named by a server.
        limit: bytes that the answer's body may have.
        streamed: leave the body of a 200 or 206, of any size, to be read from `Answer.stream`.
    """

    method: str
    url: Url
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    trust: Trust = field(default_factory=Trust)
    reach: Reach | None = None
    limit: int
    streamed: bool = False


class Stream(Protocol):
    """The body of an answer that is still coming; it holds a connection until it is closed."""

    def pieces(self) -> AsyncGenerator[bytes, None]:
        """The bytes as they are sent, up to 64 KiB at a time; can be read once.

        Raises:
            NoAnswer: the connection is lost, or silent, or too slow.
        """
        ...

    async def aclose(self) -> None:
        """Give the connection back; it is lost if the body was not read to its end."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: the body whole and within the limit, or else a `stream` to be read and closed.

    Attributes:
        url: what was asked for.
        status, headers, body: as in HTTP.
        stream: the body that is still to come.
        version: of HTTP, e.g. `HTTP/1.1`.
        peer: the address that answered; None where a proxy did.
    """

    url: Url
    status: int
    headers: Headers
    body: bytes = b""
    stream: Stream | None = None
    version: str = ""
    peer: Address | None = None
