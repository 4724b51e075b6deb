"""Digests and tags as edits, and the proof that an edit did what it was meant to do and nothing else."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pinbot.errors import PinbotError, SourceError
from pinbot.formats.discover import Format
from pinbot.model.occurrence import Edit, EditPlace, Occurrence, SourceFile, Span, Status
from pinbot.model.reference import Digest, ImageReference

_LATEST = b":latest"


@dataclass(frozen=True, slots=True)
class Pin:
    """What a reference is fixed to: a digest, and another tag than it has unless that is empty."""

    digest: Digest
    tag: str = ""


def pin(occurrence: Occurrence, digest: Digest, tag: str = "") -> Edit:
    """The edit that gives a reference this digest, in place of the one it has or straight after its tag.

    Where no tag is written, `latest` is written out: a digest alone does not say which tag it follows. With
    `tag` the reference gets that one, too.

    Raises:
        ValueError: the reference has no place for a digest, or its tag none for another one.
    """
    place = _place(occurrence)
    old = _written(occurrence, place)
    # An ARG may hold the digest alone (`ARG DIGEST=sha256:…`), the `@` then stands before the variable.
    at = b"" if old and not old.startswith(b"@") else b"@"
    new = at + str(digest).encode()
    if not tag:
        return Edit(span=place.digest, old=old, new=(_LATEST if _means_latest(occurrence) else b"") + new)
    if place.tag is None or occurrence.image is None or occurrence.image.tag is None:
        raise ValueError(f"the tag of {occurrence.raw} is not written beside its digest")
    return Edit(
        span=Span(place.tag.start, place.digest.end),
        old=occurrence.image.tag.encode() + old,
        new=tag.encode() + new,
    )


def spell_tag(occurrence: Occurrence) -> Edit | None:
    """The edit that writes `:latest` where it is meant; None where a tag or a digest is written.

    Raises:
        ValueError: the reference has no place for it: it is skipped.
    """
    if not _means_latest(occurrence):
        return None
    return Edit(span=_place(occurrence).digest, old=b"", new=_LATEST)


def unpin(occurrence: Occurrence) -> Edit | None:
    """The edit that takes the digest away; None where there is none, or none that can be taken away."""
    if occurrence.status is not Status.PINNED:
        return None
    place = _place(occurrence)
    old = _written(occurrence, place)
    return Edit(span=place.digest, old=old, new=b"") if old.startswith(b"@") else None


def _means_latest(occurrence: Occurrence) -> bool:
    image = occurrence.image
    return image is not None and image.tag is None and image.digest is None


def _place(occurrence: Occurrence) -> EditPlace:
    if occurrence.place is None:
        raise ValueError(f"{occurrence.raw} has no place for a digest: {occurrence.reason}")
    return occurrence.place


def _written(occurrence: Occurrence, place: EditPlace) -> bytes:
    """The digest that stands in the file now, with the `@` before it where that is part of the place."""
    if occurrence.image is None or occurrence.image.digest is None:
        return b""
    digest = str(occurrence.image.digest).encode()
    return digest if len(place.digest) == len(digest) else b"@" + digest


@dataclass(frozen=True, slots=True)
class _Gist:
    """What of a reference must be the same after an edit, its digest set apart."""

    kind: str
    stage: str | None
    platform: str | None
    status: Status
    reason: str | None
    image: ImageReference | None


def prove(
    format: Format,  # noqa: A002 - the field's word, and the builtin is not needed here
    before: SourceFile,
    after: bytes,
    intended: Mapping[Occurrence, Pin],
) -> None:
    """See that `after` is `before` with exactly the intended pins: parse it again and compare.

    The same references in the same order, each intended one with its digest and tag (`latest` where it had
    none), every other one unchanged, and every byte outside the places of the intended ones equal.

    Args:
        format: that reads the file.
        before: the file as it was.
        after: its bytes after the edits.
        intended: the references that were to change, as they were read from `before`.

    Raises:
        SourceError: it is not; the file must be left alone.
    """
    try:
        old = format.references(before)
        new = format.references(SourceFile(path=before.path, data=after))
    except PinbotError as error:
        raise _disproved(before, f"the edited file cannot be read any more: {error.message}") from error
    if len(old) != len(new):
        raise _disproved(before, f"it held {len(old)} image references and would hold {len(new)}")
    by_span = {(each.span, each.kind): pin for each, pin in intended.items()}
    for one, two in zip(old, new, strict=True):
        pin = by_span.pop((one.span, one.kind), None)
        there = Pin(two.image.digest) if pin and two.image and two.image.digest else None
        if _gist(two, there) != _gist(one, pin):
            raise _disproved(
                before, f"{one.raw} on line {one.position.line} would become {two.image or two.reason}"
            )
    if by_span:
        raise _disproved(before, "it does not hold the references that were to change")
    _same_elsewhere(before, after, old, new, intended)


def _gist(occurrence: Occurrence, pin: Pin | None) -> _Gist:
    """The gist of a reference, as it would be with another pin if one is given."""
    image, status = occurrence.image, occurrence.status
    if pin is not None and image is not None:
        named = image.tagged if _means_latest(occurrence) else image
        image = replace(named, tag=pin.tag or named.tag, digest=pin.digest)
        status = Status.PINNED
    return _Gist(occurrence.kind, occurrence.stage, occurrence.platform, status, occurrence.reason, image)


def _same_elsewhere(
    before: SourceFile,
    after: bytes,
    old: Iterable[Occurrence],
    new: Iterable[Occurrence],
    intended: Mapping[Occurrence, Pin],
) -> None:
    """Compare every byte outside of what was to change: digests, tags, and `:latest` before a new digest."""
    touched = {(each.span, each.kind): pin for each, pin in intended.items()}
    pairs = {
        _changed(one, one.place, two.place, touched[one.span, one.kind])
        for one, two in zip(old, new, strict=True)
        if (one.span, one.kind) in touched and one.place and two.place
    }
    here = there = 0
    end = (Span(len(before.data), len(before.data)), Span(len(after), len(after)))
    for one_digest, two_digest in (*sorted(pairs, key=lambda pair: pair[0].start), end):
        if before.data[here : one_digest.start] != after[there : two_digest.start]:
            raise _disproved(before, "bytes would change that are no digest and no tag")
        here, there = one_digest.end, two_digest.end


def _changed(one: Occurrence, before: EditPlace, after: EditPlace, pin: Pin) -> tuple[Span, Span]:
    """The bytes of a reference that are others after the edit than before."""
    if pin.tag and before.tag and after.tag:
        return Span(before.tag.start, before.digest.end), Span(after.tag.start, after.digest.end)
    written = len(_LATEST) if _means_latest(one) else 0
    return before.digest, Span(after.digest.start - written, after.digest.end)


def _disproved(before: SourceFile, what: str) -> SourceError:
    return SourceError(
        f"the edit was not made, because it would do more than it should: {what}",
        hint="this is a bug in pinbot: report it with the file",
        file=before.path,
    )
