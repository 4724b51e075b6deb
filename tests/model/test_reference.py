"""The grammar of references: that of distribution/reference, with Docker's defaults."""

import contextlib
import re
from collections.abc import Callable

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pinbot.errors import InvalidReference
from pinbot.model.reference import Digest, ImageReference, Platform

SHA256 = "sha256:" + "0123456789abcdef" * 4
SHA384 = "sha384:" + "0123456789abcdef" * 6
SHA512 = "sha512:" + "0123456789abcdef" * 8


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag"),
    [
        ("alpine", "docker.io", "library/alpine", None),
        ("alpine:3.20", "docker.io", "library/alpine", "3.20"),
        ("org/tool", "docker.io", "org/tool", None),
        ("docker.io/alpine", "docker.io", "library/alpine", None),
        ("docker.io/org/tool:1", "docker.io", "org/tool", "1"),
        ("index.docker.io/alpine", "docker.io", "library/alpine", None),
        ("registry-1.docker.io/library/alpine", "docker.io", "library/alpine", None),
        ("ghcr.io/owner/name/part:v1", "ghcr.io", "owner/name/part", "v1"),
        ("localhost/x", "localhost", "x", None),
        ("localhost:5000/x:y", "localhost:5000", "x", "y"),
        ("host:5000/x", "host:5000", "x", None),
        ("192.168.1.1:80/x", "192.168.1.1:80", "x", None),
        ("[::1]/x", "[::1]", "x", None),
        ("[2001:db8::1]:5000/x/y:z", "[2001:db8::1]:5000", "x/y", "z"),
        ("Upper/x", "Upper", "x", None),
        ("[ABC]/x", "[ABC]", "x", None),
        # Without a slash there is no host, however much it looks like one.
        ("localhost", "docker.io", "library/localhost", None),
        ("localhost:5000", "docker.io", "library/localhost", "5000"),
        ("192.168.1.1:80", "docker.io", "library/192.168.1.1", "80"),
        ("ghcr.io", "docker.io", "library/ghcr.io", None),
        ("a---b/x", "docker.io", "a---b/x", None),
        ("dock__er/x", "docker.io", "dock__er/x", None),
        ("r:_t", "docker.io", "library/r", "_t"),
        ("r:" + "t" * 128, "docker.io", "library/r", "t" * 128),
        ("example.com/" + "a" * 255, "example.com", "a" * 255, None),
        ("0" * 63, "docker.io", "library/" + "0" * 63, None),
        ("0" * 64 + ":t", "docker.io", "library/" + "0" * 64, "t"),
    ],
)
def test_a_reference_is_read_with_its_defaults(
    text: str, registry: str, repository: str, tag: str | None
) -> None:
    assert ImageReference.parse(text) == ImageReference(registry=registry, repository=repository, tag=tag)
    pinned = ImageReference.parse(f"{text}@{SHA256}")
    assert pinned == ImageReference(
        registry=registry, repository=repository, tag=tag, digest=Digest.parse(SHA256)
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":tag",
        "/x",
        "x/",
        "x//y",
        "-x",
        "x-",
        "x_",
        ".x",
        "x..y",
        "a___b/x",
        "Alpine",
        "org/Tool",
        "foo_bar.com/x",
        "-host.com/x",
        "host-.com/x",
        "host:/x",
        "host:port/x",
        "https://x/a",
        "user@host/x",
        "[::1]",
        "[::1]:5000",
        "[fe80::1%eth0]/x",
        "[::ffff:1.2.3.4]/x",
        "x:",
        "x:-t",
        "x:.t",
        "x:a:b",
        "x:t/y",
        "x:" + "t" * 129,
        "x:tä",
        "ünïcode",
        "١٢٣",
        "alpine\n",
        "alpine:3.20\n",
        " alpine",
        "al pine",
        "alpine@",
        "alpine@sha256",
        "alpine@sha256:",
        f"alpine@{SHA256}0",
        f"alpine@{SHA256[:-1]}",
        f"alpine@{SHA256[:-1]}F",
        f"alpine@{SHA256}\n",
        f"alpine@{SHA256}:tag",
        f"alpine@{SHA256}@{SHA256}",
        "alpine@md5:" + "0" * 32,
        "alpine@SHA256:" + "0" * 64,
        f"@{SHA256}",
        "0" * 64,
        "abcdef0123456789" * 4,
        "example.com/" + "a" * 256,
    ],
)
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(InvalidReference) as caught:
        ImageReference.parse(text)
    assert caught.value.hint


@pytest.mark.parametrize("text", [SHA256, SHA384, SHA512])
def test_the_three_digests_of_the_specification_are_known(text: str) -> None:
    assert str(Digest.parse(text)) == text
    assert ImageReference.parse(f"a@{text}").digest == Digest.parse(text)


@pytest.mark.parametrize(
    ("text", "whole", "familiar"),
    [
        ("alpine", "docker.io/library/alpine:latest", "alpine:latest"),
        ("docker.io/org/tool:1", "docker.io/org/tool:1", "org/tool:1"),
        (f"alpine@{SHA256}", f"docker.io/library/alpine@{SHA256}", f"alpine@{SHA256}"),
        (f"alpine:3@{SHA256}", f"docker.io/library/alpine:3@{SHA256}", f"alpine:3@{SHA256}"),
        ("library/a/b", "docker.io/library/a/b:latest", "library/a/b:latest"),
        ("docker.io/ghcr.io/x", "docker.io/ghcr.io/x:latest", "docker.io/ghcr.io/x:latest"),
        ("docker.io/localhost/x", "docker.io/localhost/x:latest", "docker.io/localhost/x:latest"),
        ("ghcr.io/library/x", "ghcr.io/library/x:latest", "ghcr.io/library/x:latest"),
    ],
)
def test_a_reference_has_a_whole_and_a_familiar_form(text: str, whole: str, familiar: str) -> None:
    image = ImageReference.parse(text)
    assert str(image) == whole
    assert image.familiar == familiar


def test_latest_is_meant_only_where_there_is_neither_tag_nor_digest() -> None:
    assert ImageReference.parse("a").effective_tag == "latest"
    assert ImageReference.parse("a:1").effective_tag == "1"
    assert ImageReference.parse(f"a@{SHA256}").effective_tag is None
    assert ImageReference.parse(f"a@{SHA256}").tagged == ImageReference.parse("a:latest")
    assert ImageReference.parse(f"a:1@{SHA256}").tagged == ImageReference.parse("a:1")


_COMPONENT = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_GRAMMAR = re.compile(
    r"(?:(?P<host>(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])"
    r"(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?)/)?"
    rf"(?P<path>{_COMPONENT}(?:/{_COMPONENT})*)"
    r"(?::(?P<tag>[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}))?"
    r"(?:@(?P<digest>sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}))?"
)


def by_the_grammar(text: str) -> tuple[str, str, str | None, str | None] | None:
    """The published grammar as one expression, after the published splitting into host and rest."""
    if re.fullmatch(r"[0-9a-f]{64}", text):
        return None
    first, slash, rest = text.partition("/")
    is_host = slash and (first == "localhost" or re.search("[.:]", first) or first != first.lower())
    domain, rest = (first, rest) if is_host else ("docker.io", text)
    if domain in {"index.docker.io", "registry-1.docker.io"}:
        domain = "docker.io"
    if domain == "docker.io" and "/" not in rest:
        rest = f"library/{rest}"
    found = _GRAMMAR.fullmatch(f"{domain}/{rest}")
    if found is None or found["host"] != domain or len(found["path"]) > 255:
        return None
    return domain, found["path"], found["tag"], found["digest"]


def _mostly(valid: st.SearchStrategy[str], any_text: str) -> st.SearchStrategy[str]:
    return valid | st.text(any_text, max_size=8)


_NAMES = _mostly(st.from_regex(rf"\A{_COMPONENT}\Z"), "abAB09._-:/@ \n")
_HOSTS = _mostly(
    st.sampled_from(
        [
            "localhost",
            "localhost:5000",
            "ghcr.io",
            "host:80",
            "[::1]:5000",
            "[ABC]",
            "index.docker.io",
            "Host",
        ]
    ),
    "aB0.:-_[]",
)
_TAGS = _mostly(st.from_regex(r"\A[\w][\w.-]{0,20}\Z", fullmatch=True), "aB0._-:/")
_DIGESTS = _mostly(st.sampled_from([SHA256, SHA384, SHA512]), "sha256:0f")


@st.composite
def _texts(draw: st.DrawFn) -> str:
    text = "/".join(draw(st.lists(_NAMES, min_size=1, max_size=3)))
    if draw(st.booleans()):
        text = f"{draw(_HOSTS)}/{text}"
    if draw(st.booleans()):
        text = f"{text}:{draw(_TAGS)}"
    if draw(st.booleans()):
        text = f"{text}@{draw(_DIGESTS)}"
    return text


@given(_texts() | st.text("aA0.:-_/@[] \n", max_size=12))
@example("localhost:5000")
@example("[ABC]/x")
@example(f"{'0' * 64}@{SHA256}")
def test_exactly_what_the_grammar_allows_is_read(text: str) -> None:
    try:
        image = ImageReference.parse(text)
    except InvalidReference:
        assert by_the_grammar(text) is None
    else:
        digest = str(image.digest) if image.digest else None
        assert by_the_grammar(text) == (image.registry, image.repository, image.tag, digest)


@given(_texts())
@example("docker.io/a.b/c")
@example("library/a/b")
def test_both_forms_of_a_reference_mean_the_same_image(text: str) -> None:
    try:
        image = ImageReference.parse(text)
    except InvalidReference:
        return
    explicit = image if image.digest else image.tagged
    assert ImageReference.parse(str(image)) == explicit
    assert ImageReference.parse(image.familiar) == explicit


@given(st.text())
def test_whatever_the_text_nothing_but_its_refusal_escapes(text: str) -> None:
    for read in (ImageReference.parse, Digest.parse, Platform.parse):
        with contextlib.suppress(InvalidReference):
            assert str(read(text))


@pytest.mark.parametrize("read", [ImageReference.parse, Digest.parse, Platform.parse])
@pytest.mark.parametrize("text", ["%" * 5000, "x:" + "%" * 5000, "%" * 5000 + "/x", "x@" + "%" * 5000])
def test_a_refusal_does_not_repeat_a_whole_page(read: Callable[[str], object], text: str) -> None:
    with pytest.raises(InvalidReference) as caught:
        read(text)
    assert len(caught.value.message) < 500


@pytest.mark.parametrize("text", ["linux/amd64", "linux/arm/v7"])
def test_a_platform_is_written_as_it_is_read(text: str) -> None:
    assert str(Platform.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["", "linux", "linux/", "/amd64", "linux//v7", "linux/arm/v7/x", "linux/amd64\n", "linux/a b"]
)
def test_what_is_no_platform_is_refused(text: str) -> None:
    with pytest.raises(InvalidReference):
        Platform.parse(text)
