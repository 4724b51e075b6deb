"""Image references, digests and platforms: the names by which images are known.

The grammar is that of distribution/reference (`docs/content/reference` of distribution/distribution);
the defaults (`docker.io`, `library/`, `latest`) are those of its familiar form.
"""

import re
from dataclasses import dataclass, replace
from typing import Self

from pinbot.errors import InvalidReference

DOCKER_HUB = "docker.io"

_HEX_LENGTH = {"sha256": 64, "sha384": 96, "sha512": 128}
_HUB_ALIASES = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_MAX_NAME = 255

_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_PATH = re.compile(r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*")
_LABEL = r"(?:[A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9])"
_HOST = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?")
_WORD = re.compile(r"[A-Za-z0-9._-]+")
_ARCHITECTURES = {
    "x86_64": ("amd64", None),
    "x86-64": ("amd64", None),
    "aarch64": ("arm64", None),
    "arm": ("arm", "v7"),
    "armhf": ("arm", "v7"),
    "armel": ("arm", "v6"),
}
_USUAL_VARIANTS = frozenset({("amd64", "v1"), ("arm64", "v8")})
_DIGITS = re.compile(r"([0-9]+)")
_BARE_ID = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """A content address, `algorithm:hex` (OCI image-spec, descriptor.md, Digests)."""

    algorithm: str
    hex: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `sha256:…`, `sha384:…` or `sha512:…`.

        Raises:
            InvalidReference: unknown algorithm, wrong length, or anything but lower-case hex digits.
        """
        algorithm, colon, digits = text.partition(":")
        length = _HEX_LENGTH.get(algorithm)
        if not colon or length is None:
            known = ", ".join(_HEX_LENGTH)
            raise InvalidReference(
                f"{_shown(text)} is not a digest", hint=f"a digest is algorithm:hex, with one of {known}"
            )
        if len(digits) != length or not re.fullmatch(r"[0-9a-f]+", digits):
            raise InvalidReference(
                f"{_shown(text)} is not a {algorithm} digest",
                hint=f"it needs exactly {length} lower-case hex digits, this has {len(digits)} characters",
            )
        return cls(algorithm, digits)

    @property
    def short(self) -> str:
        """Enough of it for people: the first twelve hex digits."""
        return self.hex[:12]

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"


@dataclass(frozen=True, slots=True, order=True)
class Platform:
    """What an image runs on: `os/architecture[/variant]` (OCI image-index, platform)."""

    os: str
    architecture: str
    variant: str | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `linux/amd64` or `linux/arm/v7`.

        Raises:
            InvalidReference: not two or three words between slashes, of letters, digits, `.`, `_` and `-`.
        """
        words = text.split("/")
        if all(_WORD.fullmatch(word) for word in words):
            match words:
                case [os, architecture]:
                    return cls(os, architecture)
                case [os, architecture, variant]:
                    return cls(os, architecture, variant)
        raise InvalidReference(
            f"{_shown(text)} is not a platform", hint="write it like linux/amd64 or linux/arm/v7"
        )

    @property
    def normal(self) -> Self:
        """The same platform in the one way to write it that Go's names have, to compare by.

        `x86_64` is `amd64`, `aarch64` and `arm64/v8` are `arm64`, `arm` is `arm/v7` (containerd/platforms).
        """
        architecture, implied = _ARCHITECTURES.get(self.architecture, (self.architecture, None))
        variant = self.variant or implied
        return type(self)(
            self.os, architecture, None if (architecture, variant) in _USUAL_VARIANTS else variant
        )

    def __str__(self) -> str:
        return "/".join(part for part in (self.os, self.architecture, self.variant) if part)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageReference:
    """A whole image reference, with every default of the short form filled in.

    `registry` is the name that people use (`docker.io`), not the host that serves its API.
    `tag` is None where none was written; `str()` then shows `:latest` unless there is a digest.
    """

    registry: str
    repository: str
    tag: str | None = None
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `[registry/]path[:tag][@digest]`.

        Raises:
            InvalidReference: the text does not follow the grammar of distribution/reference.
        """

        def refuse(why: str) -> InvalidReference:
            return InvalidReference(
                f"{_shown(text)} is not an image reference: {why}",
                hint="write it like alpine:3.22 or ghcr.io/owner/name:tag@sha256:…",
            )

        name, at, digest_text = text.partition("@")
        digest = Digest.parse(digest_text) if at else None
        tag: str | None = None
        head, colon, tail = name.rpartition(":")
        if colon and "/" not in tail:
            name, tag = head, tail
            if not _TAG.fullmatch(tag):
                raise refuse(f"{_shown(tag)} is not a tag")
        if not name:
            raise refuse("it names no image")

        first, slash, rest = name.partition("/")
        has_host = bool(slash) and _looks_like_host(first)
        registry, path = (first, rest) if has_host else (DOCKER_HUB, name)
        if registry in _HUB_ALIASES:
            registry = DOCKER_HUB
            if "/" not in path:
                path = f"library/{path}"
        elif not is_registry_host(registry):
            raise refuse(f"{_shown(registry)} is not a registry host")
        if not _PATH.fullmatch(path):
            why = (
                "a repository name is lower case"
                if path.lower() != path
                else f"{_shown(path)} is not a repository"
            )
            raise refuse(why)
        if len(path) > _MAX_NAME:
            raise refuse(f"the repository has more than {_MAX_NAME} characters")
        if _BARE_ID.fullmatch(text):
            raise refuse("64 hex digits are an image ID, which no registry knows")
        return cls(registry=registry, repository=path, tag=tag, digest=digest)

    @property
    def name(self) -> str:
        """Registry and repository, without tag and digest."""
        return f"{self.registry}/{self.repository}"

    @property
    def familiar(self) -> str:
        """The short form that people write: `alpine:3.22` for `docker.io/library/alpine:3.22`.

        Reading it gives the same image again, so a repository that looks like a host keeps its registry.
        """
        text = str(self)
        if self.registry != DOCKER_HUB:
            return text
        first, *rest = self.repository.split("/")
        if first == "library" and len(rest) == 1:
            return text.removeprefix(f"{DOCKER_HUB}/library/")
        return text if _looks_like_host(first) else text.removeprefix(f"{DOCKER_HUB}/")

    @property
    def effective_tag(self) -> str | None:
        """The tag that a client asks for: `latest` where there is neither tag nor digest."""
        return self.tag or (None if self.digest else "latest")

    @property
    def tagged(self) -> Self:
        """The same image by tag alone, with `latest` filled in: what a digest is looked up by."""
        return replace(self, tag=self.tag or "latest", digest=None)

    def with_digest(self, digest: Digest | None) -> Self:
        """The same image with another digest, or none."""
        return replace(self, digest=digest)

    def __str__(self) -> str:
        tag = f":{self.effective_tag}" if self.effective_tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.name}{tag}{digest}"


def is_registry_host(text: str) -> bool:
    """Whether a text is `host[:port]` as it can stand before a repository."""
    return _HOST.fullmatch(text) is not None


def natural_order(tag: str) -> tuple[tuple[str | int, ...], str]:
    """A key to sort tags by, in which numbers count as numbers: 3.9 stands before 3.10."""
    words = _DIGITS.split(tag)
    return tuple(int(word) if number % 2 else word for number, word in enumerate(words)), tag


def is_tag(text: str) -> bool:
    """Whether a text can stand behind the colon of a reference."""
    return _TAG.fullmatch(text) is not None


def _looks_like_host(segment: str) -> bool:
    """Whether the first of several segments names a registry rather than a part of the repository."""
    return segment == "localhost" or "." in segment or ":" in segment or segment.lower() != segment


def _shown(text: str) -> str:
    """Text for a message, quoted; long text is cut."""
    longest = 160
    return repr(text if len(text) <= longest else text[:longest] + "…")
