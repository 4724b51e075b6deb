"""Lists that come in pages, each naming the next by a `Link` header (RFC 8288; distribution-spec 1.1)."""

import re
from collections.abc import AsyncGenerator
from http import HTTPStatus

from pinbot.errors import Untrustworthy
from pinbot.registry.distribution import answers
from pinbot.registry.distribution.session import Session
from pinbot.registry.servers.urls import shown
from pinbot.registry.wire.messages import Answer

_MOST_PAGES = 1000

_WORD = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
_VALUE = rf'(?:"(?:[^"\\]|\\.)*"|{_WORD})'
_LINK = re.compile(rf"<([^<>]*)>((?:\s*;\s*{_WORD}(?:\s*=\s*{_VALUE})?)*)")
_PARAMETER = re.compile(rf";\s*({_WORD})(?:\s*=\s*({_VALUE}))?")


async def follow(
    session: Session, repository: str, first: Answer, *, what: str, accept: str, limit: int
) -> AsyncGenerator[Answer, None]:
    """The answer `first`, and after it those that it leads to; each has the status 200.

    Raises:
        RegistryError: a page cannot be had; `what` names the list in the message.
        Untrustworthy: the pages lead elsewhere, or in a circle, or do not end.
    """
    answer, seen = first, {first.url}
    while True:
        if answer.status != HTTPStatus.OK:
            raise answers.failure(answer, session.name, repository, what)
        yield answer
        text = next_link(answer.headers.each("Link"))
        if text is None:
            return
        here = session.url(repository, "")
        try:
            url = answer.url.join(text)
        except ValueError:
            url = None
        if url is None or url.origin != here.origin or not url.target.startswith(here.target):
            raise _astray(session, what, f"are said to go on at {shown(text)}: not followed")
        if url in seen:
            raise _astray(session, what, "lead in a circle")
        if len(seen) == _MOST_PAGES:
            raise _astray(session, what, f"have more than {_MOST_PAGES} pages")
        seen.add(url)
        answer = await session.ask(
            "GET", repository, url.target.removeprefix(here.target), accept=accept, limit=limit
        )


def next_link(headers: list[str]) -> str | None:
    """The target of the first link with the relation `next`."""
    for header in headers:
        for link in _LINK.finditer(header):
            for name, value in _PARAMETER.findall(link[2]):
                if name.lower() == "rel" and "next" in value.strip('"').lower().split():
                    return link[1]
    return None


def _astray(session: Session, what: str, problem: str) -> Untrustworthy:
    return Untrustworthy(
        f"the pages of the {what} of {session.name} {problem}",
        hint="tell whoever runs the registry, or the proxy before it",
    )
