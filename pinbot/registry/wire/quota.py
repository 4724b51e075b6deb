"""What is left of a registry's limit, where its answers tell: the headers of Docker Hub (docs.docker.com)."""

import re
from collections.abc import Mapping

from pinbot.model.exchange import Quota

_AMOUNT = re.compile(r"([0-9]{1,9})(?:;w=([0-9]{1,9}))?")


def quota_of(headers: Mapping[str, str]) -> Quota | None:
    """Read `ratelimit-remaining: 76;w=21600` and `ratelimit-limit`; None where nothing sensible is told."""
    left = _AMOUNT.fullmatch(headers.get("ratelimit-remaining", "").replace(" ", ""))
    limit = _AMOUNT.fullmatch(headers.get("ratelimit-limit", "").replace(" ", ""))
    if left is None:
        return None
    window = left[2] or (limit and limit[2])
    return Quota(
        remaining=int(left[1]),
        limit=int(limit[1]) if limit else None,
        seconds=int(window) if window else None,
    )
