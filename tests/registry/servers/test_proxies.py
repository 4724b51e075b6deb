"""Which proxy is asked for which server, by the variables of the environment."""

import pytest

from pinbot.registry.servers.proxies import Proxies, Proxy
from pinbot.registry.servers.urls import Url

PROXY = "http://proxy.example:3128"


def found(url: str, **environ: str) -> str | None:
    proxy = Proxies(environ).find(Url.parse(url))
    return None if proxy is None else str(proxy.url).rstrip("/")


def test_each_scheme_has_its_own_and_one_is_for_all() -> None:
    environ = {"HTTPS_PROXY": "http://a:1", "HTTP_PROXY": "http://b:2", "ALL_PROXY": "http://c:3"}
    assert found("https://r/", **environ) == "http://a:1"
    assert found("http://r/", **environ) == "http://b:2"
    assert found("https://r/", ALL_PROXY="http://c:3") == "http://c:3"
    assert found("https://r/") is None
    assert found("https://r/", HTTPS_PROXY="") is None


def test_a_name_in_lower_case_comes_first() -> None:
    assert found("https://r/", HTTPS_PROXY="http://a:1", https_proxy="http://b:2") == "http://b:2"


def test_a_program_behind_a_web_server_is_not_led_astray_by_a_header() -> None:
    assert found("http://r/", HTTP_PROXY=PROXY, REQUEST_METHOD="GET") is None
    assert found("http://r/", http_proxy=PROXY, REQUEST_METHOD="GET") == PROXY


@pytest.mark.parametrize(
    ("text", "url", "login"),
    [
        ("proxy.example", "http://proxy.example/", None),
        ("proxy.example:3128", "http://proxy.example:3128/", None),
        ("https://proxy.example", "https://proxy.example/", None),
        ("http://[::1]:3128/", "http://[::1]:3128/", None),
        ("http://me@proxy.example", "http://proxy.example/", ("me", "")),
        ("http://me:a%40b%3Ac@proxy.example", "http://proxy.example/", ("me", "a@b:c")),
    ],
)
def test_a_proxy_is_written_as_a_url_or_less(text: str, url: str, login: tuple[str, str] | None) -> None:
    proxy = Proxy.parse(text)
    assert (str(proxy.url), proxy.login) == (url, login)
    assert "a@b:c" not in repr(proxy)


@pytest.mark.parametrize("text", ["socks5://me:secret@p:1", "http://", "http://me:secret@a b", "http://p:x"])
def test_what_is_no_proxy_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ValueError, match="prox") as caught:
        Proxies({"HTTPS_PROXY": text}).find(Url.parse("https://r/"))
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1.2.3", "[::1]"])
def test_no_proxy_is_asked_for_this_machine(host: str) -> None:
    assert found(f"http://{host}:5000/", ALL_PROXY=PROXY) is None


@pytest.mark.parametrize(
    ("entries", "url", "direct"),
    [
        ("*", "https://r.example.com/", True),
        ("example.com", "https://example.com/", True),
        ("example.com", "https://r.example.com/", True),
        (".example.com", "https://r.example.com/", True),
        ("*.example.com", "https://r.example.com/", True),
        ("EXAMPLE.com", "https://r.example.com/", True),
        ("example.com", "https://badexample.com/", False),
        ("example.com", "https://example.com.evil/", False),
        ("a, example.com ,b", "https://example.com/", True),
        ("example.com:5000", "https://example.com:5000/", True),
        ("example.com:5000", "https://example.com/", False),
        ("10.0.0.1", "https://10.0.0.1/", True),
        ("0.0.1", "https://10.0.0.1/", False),
        ("10.0.0.0/8", "https://10.1.2.3:5000/", True),
        ("10.0.0.0/8", "https://11.1.2.3/", False),
        ("10.0.0.0/8", "https://r.example.com/", False),
        ("10.0.0.0/x", "https://10.0.0.1/", False),
        ("2001:db8::1", "https://[2001:db8::1]/", True),
        ("[2001:db8::1]:5000", "https://[2001:db8::1]:5000/", True),
        ("[2001:db8::1]:5000", "https://[2001:db8::1]/", False),
        ("2001:db8::/32", "https://[2001:db8::1]/", True),
        (",,", "https://r/", False),
    ],
)
def test_servers_can_be_left_out(entries: str, url: str, *, direct: bool) -> None:
    assert (found(url, ALL_PROXY=PROXY, NO_PROXY=entries) is None) is direct
