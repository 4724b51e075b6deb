"""What -v tells of the requests to registries."""

from urllib.parse import urlsplit

from pinbot.model.exchange import Exchange, Quota
from pinbot.ports.machine import Progress


class Requests:
    """Shows each request, and keeps for each host what it last said is left of its limit."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.quotas: dict[str, Quota] = {}

    def __call__(self, exchange: Exchange) -> None:
        """Take note of a request."""
        outcome = "no answer" if exchange.status is None else f"{exchange.status} ({exchange.version})"
        told = f"{exchange.method} {exchange.url} -> {outcome} in {exchange.milliseconds:.0f} ms"
        if exchange.quota is not None:
            self.quotas[urlsplit(exchange.url).netloc] = exchange.quota
            told += f", {exchange.quota}"
        self._progress.note(told)
