"""What refers to an image: signatures, SBOMs, attestations (distribution-spec 1.1, Listing Referrers)."""

from contextlib import aclosing

import httpx

from pinbot.errors import NotFound, Unsupported, Untrustworthy
from pinbot.model.manifest import OCI_INDEX, Descriptor, Index, Manifest
from pinbot.model.reference import Digest, ImageReference
from pinbot.registry import documents, pages
from pinbot.registry.answers import Target
from pinbot.registry.manifests import LIMIT, Manifests
from pinbot.registry.session import Session
from pinbot.registry.transport import Answer

_WHAT = "list of referrers"
_MOST = 10_000
_NO_SUCH_API = frozenset({400, 404, 405, 406})
_LONGEST_HEX = 64


async def of(
    image: ImageReference,
    subject: Digest,
    *,
    session: Session,
    manifests: Manifests,
    artifact_type: str | None,
) -> tuple[Descriptor, ...]:
    """Descriptors of the manifests that refer to `subject`, each once; of one artifact type if it is given.

    Raises:
        RegistryError: the registry cannot be asked, or its answer is none.
    """
    query = "" if artifact_type is None else f"?{httpx.QueryParams(artifactType=artifact_type)}"
    path = f"referrers/{subject}{query}"
    first = None
    if not session.no_referrers:
        first = await session.ask("GET", image.repository, path, accept=OCI_INDEX, limit=LIMIT)
        session.no_referrers = _shows_that_there_is_no_api(first)
    if first is not None and _is_list(first):
        found = await _of_pages(session, image.repository, first)
    else:
        found = await _of_tag(image, subject, manifests)
    wanted = [entry for entry in found if artifact_type is None or entry.artifact_type == artifact_type]
    return tuple({entry.digest: entry for entry in wanted}.values())


def _is_list(answer: Answer) -> bool:
    """Whether the answer is one of the API, if only a failure of it."""
    if answer.status != httpx.codes.OK:
        return answer.status not in _NO_SUCH_API
    return documents.media_type(answer.headers.get("Content-Type", "")) == OCI_INDEX


def _shows_that_there_is_no_api(answer: Answer) -> bool:
    return not _is_list(answer) and "NAME_UNKNOWN" not in documents.error_codes(answer.body)


async def _of_pages(session: Session, repository: str, first: Answer) -> list[Descriptor]:
    found: list[Descriptor] = []
    following = pages.follow(session, repository, first, what=_WHAT, accept=OCI_INDEX, limit=LIMIT)
    async with aclosing(following):
        async for page in following:
            found += _entries(documents.parse(page.body, page.headers.get("Content-Type", "")))
            if len(found) > _MOST:
                raise Untrustworthy(
                    f"{session.name} has more than {_MOST} referrers to one image in {repository}",
                    hint="tell whoever pushes them to delete the old ones",
                )
    return found


async def _of_tag(image: ImageReference, subject: Digest, manifests: Manifests) -> list[Descriptor]:
    """The list that clients keep under a tag where the registry has no API (Referrers Tag Schema)."""
    tag = f"{subject.algorithm}-{subject.hex[:_LONGEST_HEX]}"
    target = Target(registry=image.registry, repository=image.repository, reference=tag)
    try:
        _, document = await manifests.document(target)
    except NotFound:
        return []
    return _entries(document)


def _entries(document: Manifest | Index) -> list[Descriptor]:
    if not isinstance(document, Index):
        raise Unsupported(
            f"the registry keeps something else where its {_WHAT} should be",
            hint="tags that look like digests belong to the referrers of these digests",
        )
    return list(document.manifests)
