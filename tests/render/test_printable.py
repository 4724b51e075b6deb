import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.render.printable import human_size, printable, size_change

ANY = st.text(st.characters(exclude_categories=()), max_size=50)


@given(ANY)
def test_nothing_that_moves_hides_or_reorders_text_is_left(text: str) -> None:
    shown = printable(text)
    bad = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert all(letter == "\t" or unicodedata.category(letter) not in bad for letter in shown)
    shown.encode("utf-8")


@given(ANY)
def test_showing_twice_changes_nothing(text: str) -> None:
    assert printable(printable(text)) == printable(text)


@pytest.mark.parametrize("text", ["plain", "Größe 日本 🐳", "a\tb", "", "C:\\x"])
def test_harmless_text_stays(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [("\x1b[31m", r"\x1b[31m"), ("a\r\nb", r"a\r\nb"), ("\u202e", r"\u202e"), ("\udcff", r"\udcff")],
)
def test_the_rest_is_written_as_python_writes_it(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (12_345_678, "12.3 MB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (999_999_999, "1.0 GB"),
        (2_500_000_000_000, "2500.0 GB"),
    ],
)
def test_sizes(size: int, shown: str) -> None:
    assert human_size(size) == shown


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (1000, 1000, "no change"),
        (1000, 2500, "+1.5 kB (+150.0%)"),
        (10_000_000, 9_000_000, "-1.0 MB (-10.0%)"),
        (0, 5, "+5 B"),
    ],
)
def test_changes_of_size(before: int, after: int, shown: str) -> None:
    assert size_change(before, after) == shown
