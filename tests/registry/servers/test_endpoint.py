"""Where a registry's API is, and when it is spoken to in plain http."""

import pytest

from pinbot.config import RegistrySettings
from pinbot.registry.servers.endpoint import Endpoint


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
    assert str(Endpoint.of(settings).url) == url
    assert Endpoint.of(settings).name == settings.name
