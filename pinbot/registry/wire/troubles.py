"""Why there was no answer: what httpcore, TLS and the system say, in words for people."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pinbot.errors import Unreachable
from pinbot.registry.servers.urls import Url
from pinbot.registry.wire.engine import Interrupted, httpcore

_FREE, _FREE_IF_SHARED = 1, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Seconds that one exchange may take: to connect, between two bytes that arrive, and in all."""

    connect: float = 5.0
    read: float = 15.0
    total: float = 30.0


class NoAnswer(Unreachable):
    """The exchange broke off.

    Attributes:
        transient: whether it may go well the next time.
        free: how often it may be tried again at once, and at no cost, because it may be no failure: servers
            close idle connections, and end one that carries many requests when they like to.
    """

    def __init__(self, message: str, *, hint: str = "", transient: bool = False, free: int = 0) -> None:
        super().__init__(message, hint=hint)
        self.transient = transient
        self.free = free


@contextmanager
def mapped(url: Url, timing: Timing) -> Iterator[None]:
    """Turn what httpcore raises into what pinbot raises."""
    host = url.authority
    try:
        yield
    except TimeoutError as error:
        raise NoAnswer(f"{host} did not finish its answer within {timing.total:g} seconds") from error
    except httpcore.ConnectTimeout as error:
        raise NoAnswer(
            f"no connection to {host} within {timing.connect:g} seconds",
            hint="check the network, the proxy settings and the registry's name",
            transient=True,
        ) from error
    except httpcore.TimeoutException as error:
        raise NoAnswer(f"{host} sent nothing for {timing.read:g} seconds", transient=True) from error
    except httpcore.ConnectError as error:
        raise refused(host, error) from error
    except httpcore.ProxyError as error:
        raise NoAnswer(
            f"the proxy on the way to {host} refused: {error}",
            hint="check HTTPS_PROXY and NO_PROXY",
            transient=True,
        ) from error
    except httpcore.RemoteProtocolError as error:
        free = _FREE if "without sending a response" in str(error) else 0
        raise NoAnswer(f"{host} broke off or speaks no HTTP: {error}", transient=True, free=free) from error
    except Interrupted as error:
        raise lost(host, error, f"{host} broke off in HTTP/2: {error}", free=_FREE_IF_SHARED) from error
    except httpcore.NetworkError as error:
        raise lost(host, error, f"the connection to {host} was lost", free=_FREE) from error
    except (httpcore.ProtocolError, httpcore.UnsupportedProtocol) as error:
        raise NoAnswer(f"{host} cannot be asked: {error}") from error


def lost(host: str, error: Exception, message: str, *, free: int) -> NoAnswer:
    """Say why a connection that was there has ended."""
    # TLS 1.3: a server that wants to know who we are says so only after the handshake.
    if any(_is_about_certificate(cause) for cause in _causes(error)):
        return _not_shown(host)
    return NoAnswer(message, transient=True, free=free)


def refused(host: str, error: Exception) -> NoAnswer:
    """Say why there is no connection; httpcore buries the reason."""
    for cause in _causes(error):
        match cause:
            case ssl.SSLCertVerificationError():
                return NoAnswer(
                    f"the certificate of {host} is not trusted: {cause.verify_message}",
                    hint="if it has an authority of its own, name its file as `ca` under `registries`",
                    transient=False,
                )
            case ssl.SSLError() if _is_about_certificate(cause):
                return _not_shown(host)
            case ssl.SSLError():
                return NoAnswer(
                    f"{host} does not speak TLS as it should: {cause.reason or cause}",
                    hint="if it speaks plain http, set `insecure: true` for it under `registries`",
                    transient=False,
                )
            case socket.gaierror():
                return NoAnswer(
                    f"the name of {host} cannot be resolved: {cause.strerror}",
                    hint="check the registry's name and the network",
                    transient=cause.errno == socket.EAI_AGAIN,
                )
            case ConnectionRefusedError():
                return NoAnswer(
                    f"{host} refuses connections",
                    hint="is the registry running, and is its port right?",
                    transient=True,
                )
    return NoAnswer(
        f"no connection to {host}: {error}", hint="check the network and the proxy settings", transient=True
    )


def _is_about_certificate(error: BaseException) -> bool:
    """Whether a server's TLS alert says that our certificate is missing or not good enough."""
    reason = (error.reason or "") if isinstance(error, ssl.SSLError) else ""
    return "_ALERT_" in reason and ("CERTIFICATE" in reason or reason.endswith("UNKNOWN_CA"))


def _not_shown(host: str) -> NoAnswer:
    return NoAnswer(
        f"{host} wants to see a client certificate, or does not accept the one it was shown",
        hint="name its files as `cert` and `key` under `registries`, or put them into certs.d",
        transient=False,
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and all that led to it, groups included."""
    seen: set[int] = set()
    queue: list[BaseException | None] = [error]
    while queue:
        current = queue.pop(0)
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        if isinstance(current, BaseExceptionGroup):
            queue.extend(current.exceptions)
        queue += [current.__cause__, current.__context__]
