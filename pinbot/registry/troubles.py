"""Why there was no answer: what httpx, TLS and the system say, in words for people."""

import socket
import ssl
from collections.abc import Iterator

from pinbot.errors import Unreachable


class NoAnswer(Unreachable):
    """The exchange broke off.

    Attributes:
        transient: whether it may go well the next time.
        stale: whether the reason may be that the server had closed an idle connection, which is no failure.
    """

    def __init__(self, message: str, *, hint: str = "", transient: bool = False, stale: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.transient = transient
        self.stale = stale


def lost(host: str, error: Exception) -> NoAnswer:
    """Say why a connection that was there has ended."""
    # TLS 1.3: a server that wants to know who we are says so only after the handshake.
    if any(_is_about_certificate(cause) for cause in _causes(error)):
        return _not_shown(host)
    return NoAnswer(f"the connection to {host} was lost", transient=True, stale=True)


def refused(host: str, error: Exception) -> NoAnswer:
    """Say why there is no connection; httpx buries the reason."""
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
