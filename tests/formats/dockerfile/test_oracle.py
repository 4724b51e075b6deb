"""pinbot's parser reads what BuildKit's own parser reads."""

from hypothesis import assume, example, given

from tests.formats.dockerfile.oracle import is_comparable, ours, theirs
from tests.formats.dockerfile.strategies import soups


@given(soups)
@example("FROM a\nRUN <<A cat <<-'B'\nx\nA\n\ty\n\tB\nCMD x")
def test_any_text_is_read_as_buildkit_reads_it(text: str) -> None:
    assume(is_comparable(text))
    assert ours(text) == theirs(text)
