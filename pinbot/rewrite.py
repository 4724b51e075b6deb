"""Edits to bytes: the one way in which pinbot changes a file."""

from collections.abc import Iterable
from itertools import pairwise

from pinbot.errors import StaleEdit
from pinbot.model.occurrence import Edit


def apply(data: bytes, edits: Iterable[Edit]) -> bytes:
    """The bytes after all edits; every other byte stays as it is.

    Equal edits count once: two references may share the place where their digest is written.

    Raises:
        StaleEdit: an edit overlaps another one, or what it replaces does not stand in `data`.
    """
    ordered = sorted(set(edits), key=lambda edit: (edit.span.start, edit.span.end))
    for before, after in pairwise(ordered):
        if after.span.start < before.span.end or after.span == before.span:
            raise StaleEdit(
                f"two edits disagree about byte {after.span.start}", hint="this is a bug in pinbot: report it"
            )
    pieces: list[bytes] = []
    end = len(data)
    for edit in reversed(ordered):
        if edit.span.end > len(data) or edit.span.of(data) != edit.old or len(edit.span) != len(edit.old):
            raise StaleEdit(
                f"byte {edit.span.start} no longer holds {edit.old.decode(errors='replace')!r}",
                hint="the file changed since it was read: run pinbot again",
            )
        pieces += (data[edit.span.end : end], edit.new)
        end = edit.span.start
    pieces.append(data[:end])
    return b"".join(reversed(pieces))
