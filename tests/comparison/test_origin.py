import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.comparison.origin import Claims, compare, moment
from pinbot.model.comparison import Source

A = "a" * 40
B = "b" * 40
GITHUB = "https://github.com/alpinelinux/docker-alpine"


def named(**values: str | None) -> dict[str, str]:
    return {f"org.opencontainers.image.{name}": value for name, value in values.items() if value is not None}


def claims(source: str | None = None, revision: str | None = None, created: str | None = None) -> Claims:
    return Claims(labels={}, annotations=named(source=source, revision=revision), created=created)


def test_the_same_source_and_revision_is_a_rebuild() -> None:
    origin = compare(claims(GITHUB, A), claims(GITHUB, A))
    assert (origin.kind, origin.link) == (Source.SAME, None)


def test_a_revision_that_is_cut_is_the_same_one() -> None:
    assert compare(claims(GITHUB, A), claims(GITHUB, A[:12])).kind is Source.SAME


@pytest.mark.parametrize("revision", ["main", "v1.2", f"{A}-dirty"])
def test_a_revision_that_can_mean_something_else_another_time_proves_no_rebuild(revision: str) -> None:
    assert compare(claims(GITHUB, revision), claims(GITHUB, revision)).kind is Source.UNKNOWN


@pytest.mark.parametrize(
    ("source", "link"),
    [
        (GITHUB, f"{GITHUB}/compare/{A}...{B}"),
        (f"{GITHUB}.git", f"{GITHUB}/compare/{A}...{B}"),
        (f"{GITHUB}.git#{A}:x86_64", f"{GITHUB}/compare/{A}...{B}"),
        (f"{GITHUB}/tree/master/3.22", f"{GITHUB}/compare/{A}...{B}"),
        ("git@github.com:alpinelinux/docker-alpine.git", f"{GITHUB}/compare/{A}...{B}"),
        ("ssh://git@github.com/alpinelinux/docker-alpine", f"{GITHUB}/compare/{A}...{B}"),
        ("github.com/alpinelinux/docker-alpine", f"{GITHUB}/compare/{A}...{B}"),
        ("https://GitHub.com/alpinelinux/docker-alpine", f"{GITHUB}/compare/{A}...{B}"),
        ("https://gitlab.com/a/b/c", f"https://gitlab.com/a/b/c/-/compare/{A}...{B}"),
        ("https://gitlab.com/a/b/c/-/tree/main", f"https://gitlab.com/a/b/c/-/compare/{A}...{B}"),
        ("https://codeberg.org/forgejo/forgejo", f"https://codeberg.org/forgejo/forgejo/compare/{A}...{B}"),
        ("https://github.com.evil.example/a/b", None),
        ("https://evil.example/github.com/a/b", None),
        ("https://github.com@evil.example/a/b", None),
        ("https://github.com:8443/a/b", None),
        ("https://github.com/alpinelinux", None),
        ("https://github.com/../b", None),
        ("https://github.com/a/b)[x](https://evil.example", None),
        ("https://github.com/a/<b>", None),
        ("https://github.com/a/%2e%2e", None),
        ("javascript:alert(1)//github.com/a/b", None),
    ],
)
def test_a_link_leads_to_the_known_forges_only(source: str, link: str | None) -> None:
    origin = compare(claims(source, A), claims(source, B))
    assert (origin.kind, origin.link) == (Source.REVISION, link)


@pytest.mark.parametrize("revision", ["main", "HEAD^", "../../x", f"{A} ", "A" * 40, "b" * 6, "b" * 65])
def test_a_link_is_made_of_hexadecimal_revisions_only(revision: str) -> None:
    origin = compare(claims(GITHUB, A), claims(GITHUB, revision))
    assert (origin.kind, origin.link) == (Source.REVISION, None)


HOSTILE = st.text(st.sampled_from("abAB019.-_/#?@:%()[]<> \n"), max_size=20)


@given(
    st.tuples(st.sampled_from(["https://github.com/", "git@gitlab.com:", ""]), HOSTILE).map("".join), HOSTILE
)
def test_a_link_never_holds_anything_but_names_and_revisions(source: str, revision: str) -> None:
    link = compare(claims(source, A), claims(source, revision)).link
    assert link is None or (
        link.startswith(("https://github.com/", "https://gitlab.com/"))
        and not set(link) & set("#?@%()[]<> \n")
        and "//" not in link.removeprefix("https://")
        and "/../" not in link
    )


def test_another_source_is_told_however_its_address_is_written() -> None:
    other = claims("https://github.com/somebody/else", A)
    assert compare(claims(GITHUB, A), other).kind is Source.MOVED
    same = claims("git@github.com:alpinelinux/docker-alpine.git", A)
    assert compare(claims(GITHUB, A), same).kind is Source.SAME


def test_who_does_not_say_is_not_believed_to_be_the_same() -> None:
    assert compare(claims(), claims()).kind is Source.UNKNOWN
    assert compare(claims(GITHUB, A), claims()).kind is Source.UNKNOWN
    assert compare(claims(None, A), claims(GITHUB, A)).kind is Source.UNKNOWN
    assert compare(claims(GITHUB), claims(GITHUB)).kind is Source.UNKNOWN
    assert compare(claims(None, A), claims(None, A)).kind is Source.SAME


def test_annotations_go_before_labels_which_may_be_those_of_a_base_image() -> None:
    of = Claims(
        labels=named(source="https://github.com/debian/base", version="13"),
        annotations=named(source=GITHUB, version=""),
        created=None,
    )
    assert (of.get("source"), of.get("version")) == (GITHUB, "13")


def test_created_is_that_of_the_config_where_it_says_so() -> None:
    old = claims(created="2026-01-01T00:00:00Z")
    new = Claims(labels={}, annotations=named(created="2026-01-02T00:00:00Z"), created=None)
    pair = compare(old, new).created
    assert (pair.old, pair.new) == ("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z")


def test_dates_are_read_as_their_builders_write_them() -> None:
    assert str(moment("2026-01-02T03:04:05.123456789Z")) == "2026-01-02 03:04:05.123456+00:00"
    assert moment("2026-01-02T03:04:05+02:00") == moment("2026-01-02T01:04:05Z")
    for text in (None, "", "yesterday", "2026-01-02T03:04:05", "9999-99-99T00:00:00Z", "2026"):
        assert moment(text) is None


def test_the_password_in_an_address_is_not_told() -> None:
    told = compare(claims(), claims(source="https://ada:hunter2@github.com/ada/app"))
    assert told.source.new == "http…"
