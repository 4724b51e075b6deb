"""Lists of files that are kept between runs."""

import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.forge.github.listings import packed, unpacked
from pinbot.model.fleet import ListedFile

files = st.builds(
    ListedFile,
    path=st.text(min_size=1),
    mode=st.sampled_from(["100644", "100755", "120000"]),
    sha=st.from_regex("[0-9a-f]{40}", fullmatch=True),
    size=st.integers(0, 2**40),
)


@given(st.lists(files))
def test_what_was_packed_is_unpacked_again(some: list[ListedFile]) -> None:
    listing = {file.path: file for file in some}
    assert unpacked(packed(listing)) == listing


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        [1],
        [2, []],
        [1, [["Dockerfile"]]],
        [1, [["Dockerfile", "100644", "a", "much"]]],
        [1, [["Dockerfile", "100644", "a", float("inf")]]],
        {},
    ],
)
def test_what_is_no_list_is_nothing(content: object) -> None:
    assert unpacked(zlib.compress(json.dumps(content).encode())) is None


@given(st.binary())
def test_any_bytes_are_no_list(data: bytes) -> None:
    assert unpacked(data) is None


def test_a_list_that_was_cut_is_nothing() -> None:
    whole = packed({"a": ListedFile(path="a", mode="100644", sha="0" * 40, size=1)})
    assert unpacked(whole[:-12]) is None
