"""What must hold for every Dockerfile, however it is written."""

from hypothesis import example, given
from hypothesis import strategies as st

from pinbot.errors import PinbotError, SyntaxProblem
from pinbot.formats.discover import DOCKERFILE
from pinbot.formats.dockerfile.checks import check, plainly_right
from pinbot.formats.dockerfile.instructions import parse
from pinbot.formats.dockerfile.references import references
from pinbot.formats.dockerfile.text import SourceText
from pinbot.formats.pinning import Pin, pin, prove, spell_tag, unpin
from pinbot.model.occurrence import SourceFile, Status
from pinbot.model.reference import Digest, ImageReference
from pinbot.rewrite import apply
from tests.formats.dockerfile.strategies import Written, dockerfiles, soups

NEW = Digest("sha256", "b" * 64)


def pinned(source: SourceFile) -> bytes:
    """All that can be pinned, pinned and proved."""
    intended = {each: Pin(NEW) for each in references(source) if each.status is not Status.SKIPPED}
    after = apply(source.data, [pin(each, NEW) for each in intended])
    prove(DOCKERFILE, source, after, intended)
    return after


def unpinned(source: SourceFile) -> bytes:
    return apply(source.data, filter(None, map(unpin, references(source))))


def tagged(data: bytes) -> bytes:
    """The same with `:latest` wherever it is meant, as pinning writes it."""
    found = [each for each in references(source_of(data)) if each.status is not Status.SKIPPED]
    return apply(data, filter(None, map(spell_tag, found)))


def source_of(data: bytes) -> SourceFile:
    return SourceFile(path="Dockerfile", data=data)


@given(dockerfiles())
def test_exactly_the_images_that_were_written_are_found(written: Written) -> None:
    found = references(source_of(written.data))
    assert [each.image for each in found] == [ImageReference.parse(image) for image in written.images]
    assert all(each.status is not Status.SKIPPED and each.place is not None for each in found)
    assert all(each.raw.encode("utf-8", "surrogateescape") == each.span.of(written.data) for each in found)


@given(dockerfiles())
def test_every_image_that_is_found_can_be_pinned_and_nothing_else_changes(written: Written) -> None:
    source = source_of(written.data)
    after = references(source_of(pinned(source)))
    assert [each.image for each in after] == [
        with_tag(ImageReference.parse(image)).with_digest(NEW) for image in written.images
    ]


def with_tag(image: ImageReference) -> ImageReference:
    return image if image.digest else image.tagged


@given(dockerfiles())
def test_pinning_twice_is_pinning_once(written: Written) -> None:
    once = pinned(source_of(written.data))
    assert pinned(source_of(once)) == once


@given(dockerfiles())
def test_every_tag_that_has_a_place_can_be_another_one_and_nothing_else_changes(written: Written) -> None:
    source = source_of(written.data)
    intended = {each: Pin(NEW, "9.9") for each in references(source) if each.place and each.place.tag}
    after = apply(source.data, [pin(each, NEW, "9.9") for each in intended])
    prove(DOCKERFILE, source, after, intended)
    assert sum(each.image.tag == "9.9" for each in references(source_of(after)) if each.image) == len(
        intended
    )


@given(dockerfiles())
def test_unpinning_undoes_pinning(written: Written) -> None:
    bare = unpinned(source_of(written.data))
    assert unpinned(source_of(pinned(source_of(bare)))) == tagged(bare)


@given(soups)
def test_any_text_that_has_images_can_be_pinned_and_unpinned(text: str) -> None:
    source = source_of(text.encode())
    try:
        bare = unpinned(source)
    except PinbotError:
        return
    assert unpinned(source_of(pinned(source_of(bare)))) == tagged(bare)


@given(st.binary(max_size=200) | st.builds(lambda a, b: a + b"\n" + b, soups.map(str.encode), st.binary()))
def test_no_bytes_raise_anything_but_an_error_for_the_user(data: bytes) -> None:
    problem = None
    try:
        DOCKERFILE.references(source_of(data))
    except PinbotError as error:
        problem = error
    assert problem is None or (problem.file == "Dockerfile" and problem.line is not None)


@given(soups)
@example("ENV FROM \u00a0")
@example("EXPOSE\\\n")
@example("\\\nCOPY FROM")
@example("ARG FROM =")
def test_what_is_right_at_a_glance_is_right_on_inspection(text: str) -> None:
    try:
        instructions = parse(SourceText(source_of(text.encode()))).instructions
    except SyntaxProblem:
        return
    for instruction in filter(plainly_right, instructions):
        check(instruction)
        assert not instruction.flag_values("from")
        assert not instruction.flag_values("mount")
