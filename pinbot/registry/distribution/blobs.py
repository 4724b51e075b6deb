"""Blobs: configs whole, layers piece by piece (distribution-spec 1.1, Pulling blobs)."""

import hashlib
import re
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from http import HTTPStatus

from pinbot.errors import NotFound, RegistryError, Unreachable, Unsupported, Untrustworthy
from pinbot.model.manifest import Descriptor
from pinbot.model.reference import Digest
from pinbot.registry.distribution import answers
from pinbot.registry.distribution.places import Place, first
from pinbot.registry.wire.messages import Answer
from pinbot.registry.wire.troubles import NoAnswer

_SMALL = 4 * 1024 * 1024
_LARGEST = 16 * 1024**3
_ERROR_LIMIT = 64 * 1024
_MOST_BREAKS = 5

_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-[0-9]{1,18}/([0-9]{1,18}|\*)")


async def read(places: Iterable[Place], descriptor: Descriptor) -> bytes:
    """A small blob, whole and verified, from the first place that has it.

    Raises:
        Unsupported: it has more than 4 MiB.
        RegistryError: it cannot be had, or is not what the descriptor says.
    """
    _refuse_larger(descriptor, _SMALL)
    return await first(places, lambda place: _read_at(place, descriptor))


async def _read_at(place: Place, descriptor: Descriptor) -> bytes:
    answer = await place.session.ask("GET", place.repository, _path(descriptor), accept="*/*", limit=_SMALL)
    if answer.status != HTTPStatus.OK:
        raise _failure(answer, place, descriptor)
    actual = answers.hash_of(answer.body, descriptor.digest.algorithm)
    if actual != descriptor.digest:
        raise answers.wrong_bytes(descriptor.digest, actual)
    if len(answer.body) != descriptor.size:
        raise _wrong_size(descriptor, f"has {len(answer.body)}")
    return answer.body


class Download:
    """One pass over a blob, from a byte of it to its end; what breaks off goes on where it broke.

    What a place does not have, or no more, the next one is asked for from there on.
    """

    def __init__(self, places: Iterable[Place], descriptor: Descriptor, start: int) -> None:
        if not 0 <= start <= descriptor.size:
            raise ValueError(f"byte {start} of a blob with {descriptor.size}")
        _refuse_larger(descriptor, _LARGEST)
        self._places = list(places)
        self._blob = descriptor
        self._position = start
        # Only the whole has a digest.
        self._hash = hashlib.new(descriptor.digest.algorithm) if start == 0 else None

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """The bytes, up to 64 KiB at a time. The last ones come when all are known to be right.

        Raises:
            RegistryError: they cannot be had, or are not what the descriptor says.
        """
        last = b""
        while self._position < self._blob.size:
            place = self._places.pop(0)
            try:
                async with aclosing(self._rest_of(place)) as rest:
                    async for piece in rest:
                        if self._position < self._blob.size:
                            yield piece
                        else:
                            last = piece
            except RegistryError:
                if not self._places:
                    raise
        if self._hash is not None:
            actual = Digest(self._blob.digest.algorithm, self._hash.hexdigest())
            if actual != self._blob.digest:
                raise answers.wrong_bytes(self._blob.digest, actual)
        if last:
            yield last

    async def _rest_of(self, place: Place) -> AsyncGenerator[bytes, None]:
        """What is missing, from one place, however often it breaks off."""
        breaks = 0
        while self._position < self._blob.size:
            answer = await self._ask(place)
            trouble: NoAnswer | None = None
            try:
                async with aclosing(self._fresh(place, answer)) as rest:
                    async for piece in rest:
                        yield piece
            except NoAnswer as error:
                trouble = error
            if self._position < self._blob.size:
                breaks += 1
                self._give_up(place, breaks, trouble)
                await place.session.pause(breaks - 1)

    async def _ask(self, place: Place) -> Answer:
        """Ask for what is missing."""
        return await place.session.ask(
            "GET",
            place.repository,
            _path(self._blob),
            accept="*/*",
            limit=_ERROR_LIMIT,
            first_byte=self._position,
        )

    async def _fresh(self, place: Place, answer: Answer) -> AsyncGenerator[bytes, None]:
        """What an answer has of what is missing."""
        if answer.stream is None:
            raise self._refusal(place, answer)
        async with aclosing(answer.stream) as stream, aclosing(stream.pieces()) as pieces:
            known = self._position - self._first_byte(place, answer)
            async for piece in pieces:
                fresh, known = piece[known:], max(0, known - len(piece))
                if fresh:
                    self._take(fresh)
                    yield fresh

    def _take(self, piece: bytes) -> None:
        if self._position + len(piece) > self._blob.size:
            raise _wrong_size(self._blob, "has more")
        self._position += len(piece)
        if self._hash is not None:
            self._hash.update(piece)

    def _first_byte(self, place: Place, answer: Answer) -> int:
        """Where in the blob an answer begins: at the start if the registry knows no ranges."""
        if answer.status == HTTPStatus.OK:
            return 0
        text = answer.headers.get("Content-Range", "")
        match = _CONTENT_RANGE.fullmatch(text.strip())
        if match is None or int(match[1]) != self._position or match[2] not in {"*", str(self._blob.size)}:
            raise Untrustworthy(
                f"{place.session.name} was asked for {_name(self._blob)} from byte {self._position} of "
                f"{self._blob.size} and sent {text[:60]!r}",
                hint="look for a proxy in between, or tell whoever runs the registry",
            )
        return self._position

    def _give_up(self, place: Place, breaks: int, trouble: NoAnswer | None) -> None:
        if trouble is not None:
            if breaks >= _MOST_BREAKS or not trouble.transient:
                raise trouble
        elif breaks >= _MOST_BREAKS:
            raise Unreachable(
                f"{place.session.name} ends {_name(self._blob)} after {self._position} of "
                f"{self._blob.size} bytes",
                hint="run pinbot again later; if it stays so, push the image anew",
            )

    def _refusal(self, place: Place, answer: Answer) -> RegistryError:
        if answer.status == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return _wrong_size(self._blob, f"ends before byte {self._position}")
        return _failure(answer, place, self._blob)


def _path(descriptor: Descriptor) -> str:
    return f"blobs/{descriptor.digest}"


def _name(descriptor: Descriptor) -> str:
    return f"blob {descriptor.digest.short}…"


def _refuse_larger(descriptor: Descriptor, limit: int) -> None:
    if descriptor.size > limit:
        raise Unsupported(
            f"{_name(descriptor)} has {descriptor.size} bytes, more than the {limit} that are read of one",
            hint="no image that other tools would read has so large a part",
        )


def _wrong_size(descriptor: Descriptor, instead: str) -> Untrustworthy:
    return Untrustworthy(
        f"{_name(descriptor)} should have {descriptor.size} bytes and {instead}",
        hint="the manifest, or the registry's storage, is damaged",
    )


def _failure(answer: Answer, place: Place, descriptor: Descriptor) -> RegistryError:
    name, repository = place.session.name, place.repository
    if answer.status == HTTPStatus.NOT_FOUND:
        return NotFound(
            f"{name} has no {_name(descriptor)} in {repository}, though a manifest names it",
            hint="push the image anew: a part of it was deleted, or never arrived",
        )
    return answers.failure(answer, name, repository, _name(descriptor))
