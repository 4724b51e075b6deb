"""Shapes of values in JSON, to write and to read by: strict and bounded, since anybody may have written it.

A shape knows both directions, so that they cannot drift apart. Text for people that is longer than its shape
allows is cut when it is written, and lists are shortened; what tells things apart is never cut, and fails.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from pinbot.errors import InvalidReference
from pinbot.model.reference import Digest, Platform

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

LARGEST = 2**53 - 1
"""Of whole numbers: above it not all readers of JSON agree (RFC 8259, section 6)."""

LONGEST_TIME = 1e9
"""Seconds."""


class Misshapen(ValueError):
    """A value does not have its shape; says where it stands, and what was expected there."""


@dataclass(frozen=True, slots=True)
class Shape(Generic[T]):
    """A shape of values.

    Attributes:
        write: makes JSON's own values of a value. Raises Misshapen where it cannot have the shape.
        read: the other way round, given the place for messages. Raises Misshapen.
    """

    write: Callable[[T], Any]
    read: Callable[[Any, str], T]


def wrong(place: str, expected: str) -> Misshapen:
    """The mistake at a place."""
    return Misshapen(f"{place}: expected {expected}")


def text(most: int) -> Shape[str]:
    """For people: of at most so many characters, cut to them."""

    def write(value: str) -> str:
        return value if len(value) <= most else value[: most - 1] + "…"

    return Shape(write, _text_reader(most))


def name(most: int, what: str, *, matching: Callable[[str], object]) -> Shape[str]:
    """What tells things apart: never cut.

    Args:
        most: characters that it may have.
        what: it is, for messages.
        matching: says whether a text is that.
    """
    read = _text_reader(most)

    def read_name(value: Any, place: str) -> str:
        found = read(value, place)
        if not matching(found):
            raise wrong(place, what)
        return found

    return Shape(lambda value: read_name(value, "what is to be kept"), read_name)


def _text_reader(most: int) -> Callable[[Any, str], str]:
    def read(value: Any, place: str) -> str:
        if not isinstance(value, str) or len(value) > most:
            raise wrong(place, f"a text of at most {most} characters")
        return value

    return read


def _read_flag(value: Any, place: str) -> bool:
    if not isinstance(value, bool):
        raise wrong(place, "true or false")
    return value


def _read_count(value: Any, place: str) -> int:
    if type(value) is not int or not 0 <= value <= LARGEST:
        raise wrong(place, "a whole number that is not negative")
    return value


def _read_seconds(value: Any, place: str) -> float:
    if type(value) not in {int, float} or not 0 <= value <= LONGEST_TIME:  # so neither infinite nor NaN
        raise wrong(place, "a number of seconds")
    return float(value)


def _read_digest(value: Any, place: str) -> Digest:
    try:
        return Digest.parse(_text_reader(200)(value, place))
    except InvalidReference as error:
        raise wrong(place, "a digest") from error


def _read_platform(value: Any, place: str) -> Platform:
    try:
        return Platform.parse(_text_reader(200)(value, place))
    except InvalidReference as error:
        raise wrong(place, "a platform") from error


def _platform_text(platform: Platform) -> str:
    return "/".join(filter(None, (platform.os, platform.architecture, platform.variant)))


FLAG: Shape[bool] = Shape(bool, _read_flag)
COUNT: Shape[int] = Shape(lambda value: min(max(value, 0), LARGEST), _read_count)
SECONDS: Shape[float] = Shape(lambda value: round(min(max(value, 0.0), LONGEST_TIME), 3), _read_seconds)
DIGEST: Shape[Digest] = Shape(str, _read_digest)
PLATFORM: Shape[Platform] = Shape(_platform_text, _read_platform)


def choice(kind: type[E]) -> Shape[E]:
    """One of the values of an enumeration."""

    def read(value: Any, place: str) -> E:
        if not isinstance(value, str) or value not in list(kind):
            raise wrong(place, f"one of {', '.join(kind)}")
        return kind(value)

    return Shape(str, read)


def optional(shape: Shape[T]) -> Shape[T | None]:
    """Of the shape, or null."""
    return Shape(
        lambda value: None if value is None else shape.write(value),
        lambda value, place: None if value is None else shape.read(value, place),
    )


def several(shape: Shape[T], most: int, *, last: bool = False) -> Shape[tuple[T, ...]]:
    """A list; of a longer one the first are kept, or the `last`."""

    def write(values: tuple[T, ...]) -> list[Any]:
        kept = values[-most:] if last else values[:most]
        return [shape.write(value) for value in kept]

    return Shape(write, _list_reader(shape, most))


def all_of(shape: Shape[T], most: int) -> Shape[tuple[T, ...]]:
    """A list that is never shortened."""

    def write(values: tuple[T, ...]) -> list[Any]:
        if len(values) > most:
            raise wrong("what is to be kept", f"a list of at most {most}")
        return [shape.write(value) for value in values]

    return Shape(write, _list_reader(shape, most))


def _list_reader(shape: Shape[T], most: int) -> Callable[[Any, str], tuple[T, ...]]:
    def read(value: Any, place: str) -> tuple[T, ...]:
        if not isinstance(value, list) or len(value) > most:
            raise wrong(place, f"a list of at most {most}")
        return tuple(shape.read(one, f"{place}[{number}]") for number, one in enumerate(value))

    return read


def pair(shape: Shape[T]) -> Shape[tuple[T, T]]:
    """Two of a kind."""
    both = all_of(shape, 2)

    def read(value: Any, place: str) -> tuple[T, T]:
        found = both.read(value, place)
        if len(found) != 2:  # noqa: PLR2004 - a pair
            raise wrong(place, "two values")
        return found

    return Shape(both.write, read)


def record(make: Callable[..., T], **fields: Shape[Any]) -> Shape[T]:
    """An object with exactly these keys, of which `make` makes a value that has them as attributes."""

    def write(value: T) -> dict[str, Any]:
        return {key: shape.write(getattr(value, key)) for key, shape in fields.items()}

    def read(value: Any, place: str) -> T:
        found = keys(value, fields, place)
        return make(**{key: shape.read(found[key], f"{place}.{key}") for key, shape in fields.items()})

    return Shape(write, read)


def keys(value: Any, expected: Sequence[str] | dict[str, Any], place: str) -> dict[str, Any]:
    """An object that has these keys and no others.

    Raises:
        Misshapen: it has not.
    """
    if not isinstance(value, dict):
        raise wrong(place, "an object")
    if set(value) != set(expected):
        raise wrong(place, f"the keys {', '.join(expected)}, and no others")
    return value


def tagged(shapes: dict[str, tuple[type, Shape[Any]]]) -> Shape[T]:
    """One of several records: which one stands under `result`."""

    def write(value: T) -> dict[str, Any]:
        tag, shape = next((tag, shape) for tag, (kind, shape) in shapes.items() if isinstance(value, kind))
        return {"result": tag, **shape.write(value)}

    def read(value: Any, place: str) -> T:
        tag = value.get("result") if isinstance(value, dict) else None
        if not isinstance(tag, str) or tag not in shapes:
            raise wrong(place, f"an object whose result is one of {', '.join(shapes)}")
        _, shape = shapes[tag]
        found: T = shape.read({key: one for key, one in value.items() if key != "result"}, place)
        return found

    return Shape(write, read)
