"""Where a registry's API is, and when it is spoken to in plain http."""

import httpx
import pytest

from pinbot.config import RegistrySettings
from pinbot.registry.endpoint import Endpoint, join, may_follow, origin


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        (RegistrySettings(name="docker.io"), "https://registry-1.docker.io/"),
        (RegistrySettings(name="ghcr.io"), "https://ghcr.io/"),
        (RegistrySettings(name="host:5000"), "https://host:5000/"),
        (RegistrySettings(name="localhost"), "http://localhost/"),
        (RegistrySettings(name="localhost:5000"), "http://localhost:5000/"),
        (RegistrySettings(name="127.1.2.3:5000"), "http://127.1.2.3:5000/"),
        (RegistrySettings(name="[::1]:5000"), "http://[::1]:5000/"),
        (RegistrySettings(name="[::1]"), "http://[::1]/"),
        (RegistrySettings(name="localhost:5000", ca="ca.pem"), "https://localhost:5000/"),
        (RegistrySettings(name="localhost.example.com"), "https://localhost.example.com/"),
        (RegistrySettings(name="10.0.0.1:5000"), "https://10.0.0.1:5000/"),
        (RegistrySettings(name="10.0.0.1:443", insecure=True), "http://10.0.0.1:443/"),
        (RegistrySettings(name="docker.io", location="127.0.0.1:5000"), "http://127.0.0.1:5000/"),
    ],
)
def test_plain_http_is_for_insecure_registries_and_loopback(settings: RegistrySettings, url: str) -> None:
    assert Endpoint.of(settings).url == httpx.URL(url)
    assert Endpoint.of(settings).name == settings.name


@pytest.mark.parametrize(
    ("base", "text", "followed"),
    [
        ("https://r/v2/", "https://other/x", "https://other/x"),
        ("https://r/v2/", "/token", "https://r/token"),
        ("https://r/v2/", "//other/x#part", "https://other/x"),
        ("http://r/v2/", "http://other/x", "http://other/x"),
        ("http://r/v2/", "https://other/x", "https://other/x"),
        ("https://r/v2/", "http://other/x", None),
        ("https://r/v2/", "http://r/x", None),
        ("https://r/v2/", "ftp://r/x", None),
        ("https://r/v2/", "https://me@r/x", None),
        ("https://r/v2/", "https://:x@r/x", None),
        ("https://r/v2/", "https://r:99999/x", None),
        ("https://r/v2/", "https://[::1", None),
        ("https://r/v2/", "javascript:x", None),
    ],
)
def test_what_a_server_names_is_followed_only_if_it_is_no_less_safe(
    base: str, text: str, followed: str | None
) -> None:
    target = join(httpx.URL(base), text)
    assert (str(target) if may_follow(httpx.URL(base), target) else None) == followed


def test_an_origin_has_a_port_even_if_none_is_written() -> None:
    assert origin(httpx.URL("https://r/x")) == origin(httpx.URL("https://r:443/y")) == ("https", "r", 443)
    assert origin(httpx.URL("http://r/")) == ("http", "r", 80)
    assert origin(httpx.URL("http://r/")) != origin(httpx.URL("https://r/"))
