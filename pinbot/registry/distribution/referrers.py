"""What refers to an image: signatures, SBOMs, attestations (distribution-spec 1.1, Listing Referrers)."""

from contextlib import aclosing
from http import HTTPStatus
from urllib.parse import urlencode

from pinbot import documents
from pinbot.errors import NotFound, Unsupported, Untrustworthy
from pinbot.model.manifest import OCI_INDEX, Descriptor, Index, Manifest
from pinbot.model.reference import Digest, ImageReference
from pinbot.registry.asking import complaints
from pinbot.registry.distribution import pages
from pinbot.registry.distribution.answers import Target
from pinbot.registry.distribution.manifests import LIMIT, Manifests
from pinbot.registry.distribution.places import Place

_WHAT = "list of referrers"
_MOST = 10_000
_NO_SUCH_API = frozenset({400, 404, 405, 406})
_LONGEST_HEX = 64


async def of(
    image: ImageReference,
    subject: Digest,
    *,
    place: Place,
    manifests: Manifests,
    artifact_type: str | None,
) -> tuple[Descriptor, ...]:
    """Descriptors of the manifests that refer to `subject`, each once; of one artifact type if it is given.

    Raises:
        RegistryError: the registry cannot be asked, or its answer is none.
    """
    found = None
    if not place.session.no_referrers:
        found = await _of_api(place, subject, artifact_type)
    if found is None:
        found = await _of_tag(image, subject, manifests)
    wanted = [entry for entry in found if artifact_type is None or entry.artifact_type == artifact_type]
    return tuple({entry.digest: entry for entry in wanted}.values())


async def _of_api(place: Place, subject: Digest, artifact_type: str | None) -> list[Descriptor] | None:
    """What the registry lists; None if it does not know how to."""
    session, repository = place.session, place.repository
    query = "" if artifact_type is None else "?" + urlencode({"artifactType": artifact_type})
    path = f"referrers/{subject}{query}"
    first = await session.ask("GET", repository, path, accept=OCI_INDEX, limit=LIMIT)
    kind = documents.media_type(first.headers.get("Content-Type", ""))
    if first.status in _NO_SUCH_API or (first.status == HTTPStatus.OK and kind != OCI_INDEX):
        if "NAME_UNKNOWN" not in complaints.error_codes(first.body):
            session.no_referrers = True
        return None
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
