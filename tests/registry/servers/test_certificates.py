"""Client certificates and additional authorities, before a registry that demands them."""

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pinbot.config import Config, RegistrySettings
from pinbot.errors import Unreachable
from pinbot.model.manifest import OCI_INDEX
from tests.registry.conftest import AMD64
from tests.support.oci import Pusher
from tests.support.registry import RegistryServer
from tests.support.registry_client import Asker
from tests.support.registry_link import Fault, LinkProxy
from tests.support.registry_tls import Authority

pytestmark = pytest.mark.needs("docker-registry")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def strict(authority: Authority) -> Iterator[RegistryServer]:
    """A registry that only speaks to those who have a certificate of the authority."""
    with RegistryServer(tls=authority.pair, client_ca=authority.ca) as server:
        pusher = Pusher(server.base_url, verify=authority.context)
        pusher.index("library/alpine", "3.20", [AMD64])
        pusher.close()
        yield server


def asker(settings: RegistrySettings) -> Asker:
    return Asker(settings=Config(registries=(settings,)).registry)


def test_a_client_certificate_opens_a_registry(strict: RegistryServer, authority: Authority) -> None:
    cert, key = map(str, authority.client)
    image = f"{strict.host}/library/alpine:3.20"
    own = asker(RegistrySettings(name=strict.host, ca=str(authority.ca), cert=cert, key=key))
    machines = asker(RegistrySettings(name=strict.host, authorities=(str(authority.ca),), cert=cert, key=key))
    assert own.resolve(image).digest == machines.resolve(image).digest
    assert own.methods == machines.methods == ["HEAD"]


def test_without_one_or_with_a_strangers_it_is_said_what_is_missing(
    strict: RegistryServer, authority: Authority, tmp_path: Path
) -> None:
    image = f"{strict.host}/library/alpine:3.20"
    stranger = map(str, Authority(tmp_path).client)
    for pair in ((None, None), tuple(stranger)):
        one = asker(RegistrySettings(name=strict.host, ca=str(authority.ca), cert=pair[0], key=pair[1]))
        with pytest.raises(Unreachable) as caught:
            one.resolve(image)
        assert f"{strict.host} wants to see a client certificate" in caught.value.message
        assert "`cert` and `key`" in caught.value.hint


@pytest.mark.parametrize(
    ("cert", "key", "words"),
    [
        ("gone.pem", "client.key", "gone.pem cannot be read: no such file"),
        ("client.pem", "gone.key", "gone.key cannot be read: no such file"),
        ("client.pem", "server.key", "client.pem with its key"),
        ("client.key", "client.key", "client.key with its key"),
        ("client.pem", "locked.key", "client.pem with its key"),
    ],
)
def test_a_pair_that_cannot_be_used_is_named(authority: Authority, cert: str, key: str, words: str) -> None:
    folder = authority.ca.parent
    (folder / "locked.key").write_text(LOCKED)
    settings = RegistrySettings(
        name="127.0.0.1:1", ca=str(authority.ca), cert=str(folder / cert), key=str(folder / key)
    )
    with pytest.raises(Unreachable) as caught:
        asker(settings).resolve("127.0.0.1:1/x")
    assert words in caught.value.message


def test_an_additional_authority_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    file = tmp_path / "ca.crt"
    file.write_text("nonsense")
    with pytest.raises(Unreachable, match=r"ca\.crt cannot be read"):
        asker(RegistrySettings(name="127.0.0.1:1", authorities=(str(file),))).resolve("127.0.0.1:1/x")


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", True), ("localhost", False)])
def test_only_the_host_of_the_registry_sees_the_client_certificate(
    strict: RegistryServer, authority: Authority, host: str, *, shown: bool
) -> None:
    """The registry, at 127.0.0.1, redirects to a server that asks for a certificate without need."""
    cert, key = map(str, authority.client)
    seen: list[bool] = []
    answer = (
        f"HTTP/1.1 200 OK\r\nContent-Type: {OCI_INDEX}\r\nDocker-Content-Digest: sha256:{'0' * 64}\r\n\r\n"
    )
    with socket.create_server(("127.0.0.1", 0)) as listening:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority.ca)
        context.load_cert_chain(*authority.pair)
        context.verify_mode = ssl.CERT_OPTIONAL

        def serve() -> None:
            connection, _ = listening.accept()
            with context.wrap_socket(connection, server_side=True) as secure:
                secure.recv(65536)
                seen.append(secure.getpeercert() is not None)
                secure.sendall(answer.encode())

        thread = threading.Thread(target=serve)
        thread.start()
        elsewhere = f"https://{host}:{listening.getsockname()[1]}/"
        with LinkProxy(
            strict.host, faults=lambda _: Fault(status=307, headers={"Location": elsewhere})
        ) as link:
            settings = RegistrySettings(
                name=link.host, insecure=True, authorities=(str(authority.ca),), cert=cert, key=key
            )
            asker(settings).resolve(f"{link.host}/x:1")
        thread.join()
    assert seen == [shown]


# A key that only a password opens: OpenSSL would ask for it on the terminal.
LOCKED = """-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGjMF8GCSqGSIb3DQEFDTBSMDEGCSqGSIb3DQEFDDAkBBAvL5VLSxMIkGfKMgTS
kBQrAgIIADAMBggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBKgQQCmTtMcHYb2VrSJzl
-----END ENCRYPTED PRIVATE KEY-----
"""
