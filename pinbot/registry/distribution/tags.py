"""The tags of a repository (distribution-spec 1.1, Listing Tags)."""

import json
from contextlib import aclosing

from pinbot.errors import Untrustworthy
from pinbot.model.reference import is_tag
from pinbot.registry.distribution import pages
from pinbot.registry.distribution.places import Place
from pinbot.registry.distribution.session import Session
from pinbot.registry.wire.messages import Answer

_WHAT = "list of tags"
_ACCEPT = "application/json"
_PAGE_LIMIT = 16 * 1024 * 1024
_MOST_TAGS = 250_000
# As many as distribution and Amazon's registry take; then as many as all others do, or as they like.
_PAGE_SIZES = ("?n=1000", "?n=100", "")
_TOO_MANY_AT_ONCE = frozenset({400, 405, 413})


async def names(place: Place) -> tuple[str, ...]:
    """All tags, each once, in the registry's order; what could not be written in a reference is left out.

    Raises:
        RegistryError: there is no such repository, or its tags cannot be had.
    """
    session, repository = place.session, place.repository
    found: dict[str, None] = {}
    first = await _first_page(session, repository)
    following = pages.follow(session, repository, first, what=_WHAT, accept=_ACCEPT, limit=_PAGE_LIMIT)
    async with aclosing(following):
        async for page in following:
            found.update(dict.fromkeys(_of_page(page, session)))
            if len(found) > _MOST_TAGS:
                raise Untrustworthy(
                    f"{session.name} has more than {_MOST_TAGS} tags in {repository}",
                    hint="no tool can choose among so many: delete the old ones",
                )
    return tuple(found)


async def _first_page(session: Session, repository: str) -> Answer:
    async def ask(size: str) -> Answer:
        return await session.ask("GET", repository, f"tags/list{size}", accept=_ACCEPT, limit=_PAGE_LIMIT)

    size, *smaller = _PAGE_SIZES
    answer = await ask(size)
    for size in smaller:
        if answer.status not in _TOO_MANY_AT_ONCE:
            break
        answer = await ask(size)
    return answer


def _of_page(page: Answer, session: Session) -> list[str]:
    try:
        document = json.loads(page.body)
    except (ValueError, RecursionError):
        document = None
    # Some registries say null where there are none.
    entries = document.get("tags", "") if isinstance(document, dict) else ""
    if not isinstance(entries, list | None):
        raise Untrustworthy(
            f"{session.name} sent something else than a {_WHAT}",
            hint="look for a proxy or portal in between, or tell whoever runs the registry",
        )
    return [entry for entry in entries or () if isinstance(entry, str) and is_tag(entry)]
