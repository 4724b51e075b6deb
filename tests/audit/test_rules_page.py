"""The page of the rules is what the code says."""

from dev import rules


def test_the_page_is_current() -> None:
    written = rules.PAGE.read_text(encoding="utf-8")
    assert written == rules.page(), "run `make rules`"
