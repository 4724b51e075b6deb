"""Where the digest of a reference belongs.

Straight after the tag, in the one text that gives the tag: so that whoever changes that text, or gives a
build argument in its stead, changes tag and digest together and never one without the other.
"""

from dataclasses import dataclass
from itertools import pairwise

from pinbot.formats.dockerfile.shell import Piece
from pinbot.formats.dockerfile.text import SourceText, Word
from pinbot.model.occurrence import EditPlace, Span


class Refusal(Exception):
    """The digest has no safe place; the message says why, for the user."""


@dataclass(frozen=True, slots=True)
class Tail:
    """The end of a reference: characters `start` to `end` of `word`, the digest from `digest` on."""

    word: Word
    start: int
    digest: int
    end: int

    def place(self, source: SourceText) -> EditPlace:
        """The same as bytes of the file."""
        begin = self.word.offset(self.start)
        end = self.word.offset(self.end - 1) + 1
        digest = end if self.digest == self.end else self.word.offset(self.digest)
        return EditPlace(span=Span(begin, end), position=source.position(begin), digest=Span(digest, end))


def find_tail(pieces: tuple[Piece, ...], written: Word) -> Tail:
    """The text at whose end the digest stands, or belongs, in a reference made of `pieces`.

    Args:
        pieces: of the reference's expansion.
        written: the word of the instruction itself.

    Raises:
        Refusal: there is no single such text.
    """
    if len(pieces) == 1:
        (piece,) = pieces
        if piece.word is None:
            raise Refusal("no text in this file holds its tag")
        at = piece.text.find("@")
        end = piece.start + len(piece.text)
        return Tail(piece.word, piece.start, end if at < 0 else piece.start + at, end)
    text = "".join(piece.text for piece in pieces)
    at = text.find("@")
    if at >= 0:
        return _written_digest(pieces, at)
    colon = text.rfind(":")
    tagged = colon > text.rfind("/")
    first = colon + 1 if tagged else len(text) - 1
    begin = 0
    run: list[Piece] = []
    for piece in pieces:
        if not piece.text:
            is_literal = piece.word is written and piece.unit == 0
            if not is_literal and (begin >= first if tagged else begin > first):
                raise Refusal("a build argument can still add to its tag")
        elif begin + len(piece.text) > first:
            run.append(piece)
        begin += len(piece.text)
    last = run[-1] if run else pieces[-1]
    if any(piece.word is not last.word or piece.unit != last.unit for piece in run):
        raise Refusal(
            "its tag is put together from several texts, one of which could change without the digest"
        )
    return _one_text(pieces, last)


def _written_digest(pieces: tuple[Piece, ...], at: int) -> Tail:
    """The same for a reference that has a digest from `at` on, which may stand in a text of its own."""
    begin = 0
    run: list[tuple[int, Piece]] = []
    for piece in pieces:
        if piece.text and begin + len(piece.text) > at:
            run.append((max(0, at - begin), piece))
        begin += len(piece.text)
    if run[0][1].text[run[0][0] :] == "@" and len(run) > 1:
        run = run[1:]
    (skip, first), last = run[0], run[-1][1]
    if any(piece.word is not last.word or piece.unit != last.unit for _, piece in run):
        raise Refusal("its digest is put together from several texts")
    tail = _one_text(pieces, last)
    return Tail(tail.word, tail.start, first.start + skip, tail.end)


def _one_text(pieces: tuple[Piece, ...], last: Piece) -> Tail:
    if last.word is None:
        raise Refusal("its tag is computed from a variable")
    same = [piece for piece in pieces if piece.word is last.word and piece.text]
    if any(after.start <= before.start for before, after in pairwise(same)):
        raise Refusal("the text that gives its tag is used twice in it")
    start = last.start
    for piece in reversed(pieces):
        if piece.text and (piece.word is not last.word or piece.unit != last.unit):
            break
        start = piece.start if piece.text else start
    end = last.start + len(last.text)
    return Tail(last.word, start, end, end)
