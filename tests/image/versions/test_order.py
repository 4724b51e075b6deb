"""Each ordering is total, whatever it is given, and no text breaks it."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.image.versions.compare import compare, sort_key
from pinbot.model.image import Ecosystem, VersionChange
from tests.image.versions.strategies import versions

REVERSED = {
    VersionChange.UPGRADE: VersionChange.DOWNGRADE,
    VersionChange.DOWNGRADE: VersionChange.UPGRADE,
    VersionChange.SAME: VersionChange.SAME,
    VersionChange.UNORDERED: VersionChange.UNORDERED,
}


@pytest.mark.parametrize("ecosystem", Ecosystem)
def test_the_order_is_antisymmetric_and_transitive(ecosystem: Ecosystem) -> None:
    @given(st.lists(versions(ecosystem), min_size=3, max_size=3))
    def holds(three: list[str]) -> None:
        change = partial(compare, ecosystem)
        for one in three:
            for other in three:
                assert change(one, other) is REVERSED[change(other, one)]
                assert change(one, other) is not VersionChange.UNORDERED
        low, middle, high = sorted(three, key=lambda version: sort_key(ecosystem, version) or ())
        assert change(low, middle) in {VersionChange.UPGRADE, VersionChange.SAME}
        assert change(middle, high) in {VersionChange.UPGRADE, VersionChange.SAME}
        assert change(low, high) in {VersionChange.UPGRADE, VersionChange.SAME}

    holds()


@pytest.mark.parametrize("ecosystem", Ecosystem)
def test_any_two_texts_can_be_compared(ecosystem: Ecosystem) -> None:
    hostile = st.text() | st.text(alphabet="0123456789.-+~^:_avgorc", max_size=40) | versions(ecosystem)

    @given(hostile, hostile)
    def holds(old: str, new: str) -> None:
        assert compare(ecosystem, old, new) is REVERSED[compare(ecosystem, new, old)]

    holds()
