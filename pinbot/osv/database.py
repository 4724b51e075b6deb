"""OSV as the `VulnerabilityDatabase` of the pipeline (google.github.io/osv.dev/api)."""

import asyncio
from collections import Counter
from collections.abc import Collection, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from pinbot.errors import VulnerabilityError
from pinbot.model.vulnerability import Exposure, Exposures, Inventory, Vulnerability
from pinbot.osv.ecosystems import Query, queries, why_not
from pinbot.osv.records import is_id, vulnerability
from pinbot.osv.service import Service

if TYPE_CHECKING:
    from pinbot.model.image import Package

MOST_QUERIES = 20_000
"""Package versions that are asked about for one image."""

MOST_DESCRIBED = 500
"""Vulnerabilities that are described; of more than that, the rest is known by its id only."""

_BATCH = 1000
_MOST_PAGES = 100
_LONGEST_TOKEN = 4096
_AT_ONCE = 8


class OsvDatabase:
    """Asks one service, and about nothing twice. To be used as a context."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._ids: dict[Query, tuple[str, ...]] = {}
        self._queries: dict[str, list[Query]] = {}
        self._described: dict[str, Vulnerability] = {}

    async def __aenter__(self) -> Self:
        await self._service.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._service.__aexit__(kind, error, trace)

    async def affecting(self, inventory: Inventory) -> Exposures:
        """See `VulnerabilityDatabase.affecting`."""
        wanted = {package: queries(package, inventory.distribution) for package in inventory.packages}
        async with self._service.deadline():
            await self._learn(dict.fromkeys(query for asked in wanted.values() for query in asked))
        found: dict[str, dict[Package, None]] = {}
        for package, asked in wanted.items():
            for query in asked:
                for name in self._ids[query]:
                    found.setdefault(name, {})[package] = None
        reasons = Counter(
            reason
            for package, asked in wanted.items()
            if not asked and (reason := why_not(package, inventory.distribution)) is not None
        )
        return Exposures(
            found=tuple(Exposure(id=name, packages=tuple(found[name])) for name in sorted(found)),
            asked=sum(map(bool, wanted.values())),
            unasked=tuple(f"{count} {reason}" for reason, count in sorted(reasons.items())),
        )

    async def describe(self, ids: Collection[str]) -> tuple[Vulnerability, ...]:
        """See `VulnerabilityDatabase.describe`."""
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(name: str) -> None:
            async with gate:
                record = await self._service.ask("GET", f"/v1/vulns/{name}")
            self._described[name] = self._value(name, record)

        unknown = [name for name in dict.fromkeys(ids) if name not in self._described]
        tasks = [asyncio.ensure_future(one(name)) for name in unknown[:MOST_DESCRIBED]]
        try:
            async with self._service.deadline():
                await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return tuple(self._described.get(name, Vulnerability(id=name)) for name in dict.fromkeys(ids))

    def _value(self, name: str, record: dict[str, Any] | None) -> Vulnerability:
        if record is None or record.get("id") != name:
            return Vulnerability(id=name)
        return vulnerability(record, self._queries.get(name, ()))

    async def _learn(self, wanted: Collection[Query]) -> None:
        """Ask about what is not known yet."""
        unknown = [query for query in wanted if query not in self._ids]
        if len(unknown) > MOST_QUERIES:
            raise VulnerabilityError(
                f"the image has {len(unknown):,} packages, and at most {MOST_QUERIES:,} are asked about"
            )
        for start in range(0, len(unknown), _BATCH):
            for query, ids in (await self._batch(unknown[start : start + _BATCH])).items():
                self._ids[query] = ids
                for name in ids:
                    self._queries.setdefault(name, []).append(query)

    async def _batch(self, asked: Sequence[Query]) -> dict[Query, tuple[str, ...]]:
        """The ids for each query; where there are more than fit into an answer, page after page."""
        found: dict[Query, dict[str, None]] = {query: {} for query in asked}
        pending: dict[Query, str] = dict.fromkeys(asked, "")
        for _ in range(_MOST_PAGES):
            results = await self._results(pending)
            following: dict[Query, str] = {}
            for query, result in zip(pending, results, strict=True):
                ids, token = _page(result)
                found[query].update(dict.fromkeys(ids))
                if token and token != pending[query]:
                    following[query] = token
            if not following:
                return {query: tuple(ids) for query, ids in found.items()}
            pending = following
        raise VulnerabilityError("the vulnerability database always has another page")

    async def _results(self, pending: dict[Query, str]) -> list[object]:
        body = {
            "queries": [
                {"package": {"ecosystem": query.ecosystem, "name": query.name}, "version": query.version}
                | ({"page_token": token} if token else {})
                for query, token in pending.items()
            ]
        }
        answer = await self._service.ask("POST", "/v1/querybatch", body) or {}
        results = answer.get("results")
        if not isinstance(results, list) or len(results) != len(pending):
            raise VulnerabilityError("the vulnerability database does not answer what it was asked")
        return results


def _page(result: object) -> tuple[list[str], str]:
    """The ids in a result, and the token for what follows."""
    if not isinstance(result, dict):
        raise VulnerabilityError("the vulnerability database answers with what are no vulnerabilities")
    listed, token = result.get("vulns") or [], result.get("next_page_token") or ""
    if not isinstance(listed, list) or not isinstance(token, str) or len(token) > _LONGEST_TOKEN:
        raise VulnerabilityError("the vulnerability database answers with what are no vulnerabilities")
    ids = [entry.get("id") for entry in listed if isinstance(entry, dict)]
    if len(ids) != len(listed) or not all(map(is_id, ids)):
        raise VulnerabilityError("the vulnerability database names a vulnerability by what is no id")
    return [str(name) for name in ids], token
