"""URLs that servers name: what they mean, and which are followed."""

from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.registry.servers.urls import Url, shown


def followed(base: str, text: str) -> str | None:
    try:
        return str(Url.parse(base).join(text))
    except ValueError:
        return None


@pytest.mark.parametrize(
    ("base", "text", "expected"),
    [
        ("https://r/v2/", "https://other/x", "https://other/x"),
        ("https://r/v2/", "HTTPS://Other:8443/X?y=%2F&z#part", "https://other:8443/X?y=%2F&z"),
        ("https://r/v2/", "https://other", "https://other/"),
        ("https://r/v2/", "https://other?x", "https://other/?x"),
        ("https://r/v2/", "https://other:443/x", "https://other/x"),
        ("https://r/v2/", "https://[2001:DB8::1]:5000/x", "https://[2001:db8::1]:5000/x"),
        ("https://r/v2/", "/token", "https://r/token"),
        ("https://r/v2/a/b", "c?d", "https://r/v2/a/c?d"),
        ("https://r/v2/a/b", "../c", "https://r/v2/c"),
        ("https://r/v2/a/b?old", "?new", "https://r/v2/a/b?new"),
        ("https://r/v2/", "//other/x#part", "https://other/x"),
        ("https://r/v2/", "https://other/a b", "https://other/a%20b"),
        ("https://r/v2/", "https://other/\u00e4", "https://other/%E4"),
        ("http://r/v2/", "http://other/x", "http://other/x"),
        ("http://r/v2/", "https://other/x", "https://other/x"),
    ],
)
def test_what_a_server_names_is_read_as_it_means_it(base: str, text: str, expected: str) -> None:
    assert followed(base, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "http://other/x",
        "http://r/x",
        "ftp://r/x",
        "javascript:x",
        "https://me@r/x",
        "https://:x@r/x",
        "https://r:99999/x",
        "https://r:0/x",
        "https://r:x/",
        "https://[::1",
        "https://[v1.x]/",
        "https://",
        "https:///x",
        "https://r\\@evil/",
        "https://r\t/x",
        "https://r/a\nb",
        "https://r/v2/../x",
        "https://r/v2/%2e%2E/x",
        "https://r/v2/.",
        "https://b\u00fccher/x",
        "https://r/\u20ac",
        "https://a b/x",
    ],
)
def test_what_could_be_read_in_two_ways_or_is_less_safe_is_not_followed(text: str) -> None:
    assert followed("https://r/v2/", text) is None


def test_an_origin_has_a_port_even_if_none_is_written() -> None:
    assert Url.parse("https://r/x").origin == Url.parse("https://r:443/y").origin == ("https", "r", 443)
    assert Url.parse("http://r/").origin == ("http", "r", 80)
    assert Url.parse("http://r/").origin != Url.parse("https://r/").origin


def test_parameters_are_added_to_those_that_are_there() -> None:
    realm = Url.parse("https://r/token?a=1")
    assert str(realm.with_query([("scope", "repository:x:pull"), ("scope", "b c")])) == (
        "https://r/token?a=1&scope=repository%3Ax%3Apull&scope=b+c"
    )
    assert str(Url.parse("https://r/token").with_query([("a", "b")])) == "https://r/token?a=b"
    assert realm.with_query([]) == realm


def test_nothing_secret_is_shown() -> None:
    assert Url.parse("https://r:5000/x?signature=secret").public == "https://r:5000/x"
    assert shown("https://me:secret@r/x?signature=secret#secret") == "https://r/x"
    assert shown("//secret@r") == "//r"
    assert shown("") == "nowhere"
    assert shown("\x1b[31mx") == "[31mx"


@given(st.text(max_size=40) | st.from_regex(r"https?://[a-z@:\[\]./\\?#%0-9]{0,30}"))
def test_a_url_that_is_read_is_one_for_others_too_and_goes_to_the_same_host(text: str) -> None:
    with suppress(ValueError):
        url = Url.parse("https://r/v2/").join(text)
        other = urlsplit(str(url))
        assert (other.scheme, other.hostname, other.port or 443) == url.origin
        assert other.username is None
        assert str(url).isascii()
        assert Url.parse(str(url)) == url
