"""What an answer about a manifest means: a digest, a document or an error. Pure."""

import hashlib
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self

from pinbot import documents
from pinbot.errors import InvalidReference, NotFound, RegistryError, Unreachable, Untrustworthy
from pinbot.model.manifest import Descriptor, Index, Manifest
from pinbot.model.reference import Digest, ImageReference
from pinbot.registry.asking import complaints
from pinbot.registry.asking.hosts import TOO_MANY_REQUESTS, TRANSIENT
from pinbot.registry.wire.messages import Answer

_DIGEST_HEADER = "Docker-Content-Digest"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is asked for: the manifest of a tag, or of a digest."""

    registry: str
    repository: str
    reference: str
    digest: Digest | None = None

    @classmethod
    def by_tag(cls, image: ImageReference) -> Self:
        """The image's tag, `latest` where there is neither tag nor digest; its digest if there is no tag."""
        if image.tag is None and image.digest is not None:
            return cls.by_digest(image)
        return cls(
            registry=image.registry, repository=image.repository, reference=image.effective_tag or "latest"
        )

    @classmethod
    def by_digest(cls, image: ImageReference) -> Self:
        """The image's digest; its tag if there is none."""
        if image.digest is None:
            return cls.by_tag(image)
        return cls(
            registry=image.registry,
            repository=image.repository,
            reference=str(image.digest),
            digest=image.digest,
        )

    @property
    def path(self) -> str:
        """Where its manifest is, below the repository."""
        return f"manifests/{self.reference}"

    def __str__(self) -> str:
        return f"digest {self.digest.short}…" if self.digest else f"tag {self.reference}"


def stated_digest(answer: Answer) -> Digest | None:
    """The digest that a header states; None where there is none, or one that is malformed."""
    try:
        return Digest.parse(answer.headers.get(_DIGEST_HEADER, ""))
    except InvalidReference:
        return None


def of_head(answer: Answer, target: Target) -> tuple[Digest, str] | None:
    """Digest and media type, where the answer to a HEAD leaves no doubt about them; else None: ask by GET.

    Raises:
        Unreachable: asking by GET would not help.
        Unsupported: a schema 1 manifest.
    """
    if answer.status in TRANSIENT and answer.status != HTTPStatus.INTERNAL_SERVER_ERROR:
        raise _failure(answer, target)
    if answer.status != HTTPStatus.OK:
        return None
    kind = documents.media_type(answer.headers.get("Content-Type", ""))
    documents.refuse_schema_1(kind)
    digest = stated_digest(answer)
    if digest is None or not documents.is_known(kind) or target.digest not in {None, digest}:
        return None
    return digest, kind


def of_get(answer: Answer, target: Target) -> tuple[Descriptor, Manifest | Index]:
    """The document, and its descriptor by its bytes.

    Raises:
        RegistryError: there is none, or it is not what was asked for or stated.
    """
    if answer.status != HTTPStatus.OK:
        raise _failure(answer, target)
    stated = stated_digest(answer)
    expected = target.digest or stated
    actual = hash_of(answer.body, expected.algorithm if expected else "sha256")
    for promise in (target.digest, stated):
        if promise is not None and promise.algorithm == actual.algorithm and promise != actual:
            raise wrong_bytes(promise, actual)
    return read(answer.body, actual, answer.headers.get("Content-Type", ""))


def read(body: bytes, digest: Digest, content_type: str) -> tuple[Descriptor, Manifest | Index]:
    """The document that bytes with this digest are, and its descriptor.

    Raises:
        Unsupported: it is no image that builders could pull.
        Untrustworthy: it is not what its type says.
    """
    document = documents.parse(body, content_type)
    return Descriptor(media_type=document.media_type, digest=digest, size=len(body)), document


def hash_of(body: bytes, algorithm: str) -> Digest:
    """The digest of bytes by one of the algorithms that a `Digest` can have."""
    return Digest(algorithm, hashlib.new(algorithm, body).hexdigest())


def wrong_bytes(promised: Digest, actual: Digest) -> Untrustworthy:
    """The error for content that is not what its digest says."""
    return Untrustworthy(
        f"the registry sent content with the digest {actual}, where it should be {promised}",
        hint="the answer was cut or changed on its way, or the registry's storage is damaged",
    )


def failure(answer: Answer, registry: str, repository: str, what: str) -> RegistryError:
    """The error that an answer other than 200, 401 or 403 is, where `what` was asked for, e.g. `tag 3.22`."""
    name, status = registry, answer.status
    said = complaints.error_message(answer.body)
    words = f"status {status}, {said}" if said else f"status {status}"
    if status == HTTPStatus.NOT_FOUND:
        if "NAME_UNKNOWN" in complaints.error_codes(answer.body):
            return NotFound(
                f"{name} has no repository {repository}",
                hint="check the name; a private repository may need credentials",
            )
        return NotFound(
            f"{name} has no {what} in {repository}",
            hint="check the name and the tag" + ("" if said else ", and that a registry answers there"),
        )
    if status == TOO_MANY_REQUESTS:
        return Unreachable(
            f"{name} has had too many requests from here ({words})",
            hint="run pinbot again later, or log in to get a higher limit",
        )
    if status in TRANSIENT:
        trouble = Unreachable(f"{name} is in trouble ({words})", hint="run pinbot again later")
        trouble.again_in = 0.0
        return trouble
    return Unreachable(
        f"{name} answers as no registry does ({words})",
        hint="check the address and whether it speaks http or https",
    )


def _failure(answer: Answer, target: Target) -> RegistryError:
    return failure(answer, target.registry, target.repository, str(target))
