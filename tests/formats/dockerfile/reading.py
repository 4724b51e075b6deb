"""Short ways to read a Dockerfile in tests."""

from pinbot.formats.dockerfile.references import references
from pinbot.model.occurrence import Occurrence, SourceFile, Status


def read(text: str | bytes) -> tuple[Occurrence, ...]:
    """The references of a file."""
    data = text.encode() if isinstance(text, str) else text
    return references(SourceFile(path="Dockerfile", data=data))


def images(text: str | bytes) -> list[str]:
    """The images that would be pulled, in their short form."""
    return [each.image.familiar if each.image else f"? {each.raw}" for each in read(text)]


def place(text: str) -> str:
    """The file with <> around the text that gives its only editable reference the tag, `|` at its digest."""
    (spot,) = {each.place for each in read(text) if each.place is not None}
    data = text.encode()
    start, digest, end = spot.span.start, spot.digest.start, spot.span.end
    parts = (data[:start], b"<", data[start:digest], b"|", data[digest:end], b">", data[end:])
    return b"".join(parts).decode()


def reason(text: str | bytes) -> str:
    """Why the only skipped reference of a file is skipped."""
    (skipped,) = [each for each in read(text) if each.status is Status.SKIPPED]
    assert skipped.place is None
    assert skipped.reason is not None
    return skipped.reason
