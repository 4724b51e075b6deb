"""Bearer tokens: a real registry that trusts a token server which signs real JWTs."""

import asyncio
import threading
from contextlib import suppress
from math import ceil
from pathlib import Path

import pytest

from pinbot.errors import AccessDenied, NotFound, RegistryError, Unreachable, Untrustworthy
from pinbot.model.plan import Resolution
from pinbot.model.reference import ImageReference
from pinbot.registry.auth.credentials import Credential
from tests.support.registry import USERNAME, RegistryServer
from tests.support.registry_client import ALICE, Asker, Login
from tests.support.registry_link import Fault, LinkProxy, Seen
from tests.support.registry_token import (
    IDENTITY_TOKEN,
    Grant,
    TokenServer,
    grant_first,
    grant_single,
)

pytestmark = pytest.mark.needs("docker-registry")


def resolved(results: list[Resolution | RegistryError]) -> bool:
    return all(isinstance(result, Resolution) for result in results)


@pytest.mark.parametrize("repositories", [1, 25, 51])
def test_repositories_share_token_requests_by_twenty_five(storage: Path, repositories: int) -> None:
    with TokenServer() as tokens, RegistryServer(storage=storage, auth=tokens.section) as registry:
        asker = Asker()
        results = asker.resolve_all(f"{registry.host}/r{number}:1" for number in range(repositories))
    assert resolved(results)
    assert len(tokens.requests) == ceil(repositories / 25)
    # What is to be learnt is asked for at the base, unless one image is all: then its HEAD learns it.
    alone = repositories == 1
    assert asker.methods.count("HEAD") == repositories + alone
    assert asker.methods.count("GET") == len(tokens.requests) + (not alone)


def test_a_token_is_used_until_it_is_nearly_over(storage: Path) -> None:
    with (
        TokenServer(expires_in=100) as tokens,
        RegistryServer(storage=storage, auth=tokens.section) as registry,
    ):
        asker = Asker()

        async def work() -> list[int]:
            counts = []
            async with asker.client() as client:
                for tag, later in (("1", 0.0), ("a", 80.0), ("b", 15.0), ("c", 80.0)):
                    asker.clock.now += later
                    with suppress(NotFound):
                        await client.resolve(ImageReference.parse(f"{registry.host}/r0:{tag}"))
                    counts.append(len(tokens.requests))
            return counts

        assert asyncio.run(work()) == [1, 1, 2, 2]


def test_a_token_without_a_stated_life_lives_for_a_minute(storage: Path) -> None:
    with (
        TokenServer(expires_in=None) as tokens,
        RegistryServer(storage=storage, auth=tokens.section) as registry,
    ):
        asker = Asker()

        async def work() -> None:
            async with asker.client() as client:
                for tag in ("1", "a"):
                    with suppress(NotFound):
                        await client.resolve(ImageReference.parse(f"{registry.host}/r0:{tag}"))
                    asker.clock.now += 50

        asyncio.run(work())
        assert len(tokens.requests) == 1


@pytest.mark.parametrize("grant", [grant_single, grant_first])
def test_a_server_that_grants_one_scope_at_a_time_is_asked_so(storage: Path, grant: Grant) -> None:
    with (
        TokenServer(grant=grant) as tokens,
        RegistryServer(storage=storage, auth=tokens.section) as registry,
    ):
        results = Asker().resolve_all(f"{registry.host}/r{number}:1" for number in range(30))
    assert resolved(results)
    alone = [request.repositories for request in tokens.requests if len(request.repositories) == 1]
    assert len(set(alone)) == len(alone), "no repository is asked for twice"
    assert len(tokens.requests) - len(alone) == 2


def test_a_denied_repository_does_not_fail_the_others(storage: Path) -> None:
    with TokenServer() as tokens, RegistryServer(storage=storage, auth=tokens.section) as registry:
        asker = Asker()
        *others, private = asker.resolve_all(
            f"{registry.host}/{name}:1" for name in (*(f"r{number}" for number in range(24)), "private/r")
        )
    assert resolved(others)
    assert isinstance(private, AccessDenied)
    assert "denies anonymous access to private/r" in private.message
    assert len(tokens.requests) == 2


def test_credentials_go_to_the_token_server_and_never_to_the_registry(storage: Path) -> None:
    with (
        TokenServer() as tokens,
        RegistryServer(storage=storage, auth=tokens.section) as registry,
        LinkProxy(registry.host) as link,
    ):
        results = Asker(credentials=ALICE).resolve_all([f"{link.host}/private/r:1", f"{link.host}/r1:1"])
    assert resolved(results)
    assert {request.user for request in tokens.requests} == {USERNAME}
    sent = [seen.headers.get("authorization", "") for seen in link.requests]
    assert {header.partition(" ")[0] for header in sent} == {"", "Bearer"}


def test_wrong_credentials_are_refused_with_what_the_server_says(storage: Path) -> None:
    wrong = Login(Credential(username="mallory", secret="a wrong secret", source="a file"))
    with (
        TokenServer() as tokens,
        RegistryServer(storage=storage, auth=tokens.section) as registry,
        pytest.raises(AccessDenied) as caught,
    ):
        Asker(credentials=wrong).resolve(f"{registry.host}/r0:1")
    assert "mallory (a file)" in caught.value.message
    assert "wrong user or password" in caught.value.message
    assert "a wrong secret" not in str(caught.value)


def test_a_wrong_password_is_not_tried_for_each_repository(storage: Path) -> None:
    wrong = Login(Credential(username="mallory", secret="a wrong secret", source="a file"))
    with TokenServer() as tokens, RegistryServer(storage=storage, auth=tokens.section) as registry:
        results = Asker(credentials=wrong).resolve_all(f"{registry.host}/r{number}:1" for number in range(25))
    assert {type(result) for result in results} == {AccessDenied}
    assert len(tokens.requests) == 1


@pytest.mark.parametrize("oauth", [True, False])
def test_an_identity_token_is_posted_or_else_sent_as_a_password(storage: Path, *, oauth: bool) -> None:
    identity = Login(
        Credential(username="<token>", secret=IDENTITY_TOKEN, source="a helper", identity_token=True)
    )
    with (
        TokenServer(oauth=oauth) as tokens,
        RegistryServer(storage=storage, auth=tokens.section) as registry,
    ):
        found = Asker(credentials=identity).resolve(f"{registry.host}/private/r:1")
    assert found.digest
    assert [request.method for request in tokens.requests] == ["POST" if oauth else "GET"]


def behind(realm: LinkProxy, storage: Path, tokens: TokenServer) -> RegistryServer:
    """A registry that sends to the token server by way of a link."""
    return RegistryServer(storage=storage, auth=tokens.section_with(f"{realm.base_url}/token"))


@pytest.mark.parametrize("fault", [Fault(status=500), Fault(status=503), Fault(reset=True)])
def test_a_token_server_that_fails_once_fails_nobody(storage: Path, fault: Fault) -> None:
    def once(_: Seen) -> Fault | None:
        return fault if len(realm.requests) <= 1 else None

    with (
        TokenServer() as tokens,
        LinkProxy(f"127.0.0.1:{tokens.port}", faults=once) as realm,
        behind(realm, storage, tokens) as registry,
    ):
        results = Asker().resolve_all(f"{registry.host}/r{number}:1" for number in range(50))
    assert resolved(results)
    assert len(realm.requests) == 3, "two batches, of which one had to be repeated"


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (Fault(status=500), Unreachable, "failed: status 500"),
        (Fault(status=404), AccessDenied, "gives no token"),
        (Fault(body=b"<html>"), Untrustworthy, "answered without a token"),
        (Fault(body=b"{}"), Untrustworthy, "answered without a token"),
        (Fault(body=b"[]"), Untrustworthy, "answered without a token"),
        (Fault(body=b"[" * 60000), Untrustworthy, "answered without a token"),
        (Fault(body=b'{"token": ""}'), Untrustworthy, "answered without a token"),
        (Fault(body=b'{"token": "a\\r\\nX-Header: b"}'), Untrustworthy, "answered without a token"),
        (Fault(body=b'{"token": "\xc3\xa4"}'), Untrustworthy, "answered without a token"),
        (Fault(body=b" " * 10 * 2**20), Untrustworthy, "sent more than 65536 bytes"),
        (Fault(status=302, headers={"Location": "http://127.0.0.1:1/"}), Untrustworthy, "gave no token"),
        (Fault(status=401), AccessDenied, "denies anonymous access"),
    ],
)
def test_what_a_token_server_does_wrong_is_said(
    storage: Path, fault: Fault, error: type[RegistryError], words: str
) -> None:
    with (
        TokenServer() as tokens,
        LinkProxy(f"127.0.0.1:{tokens.port}", faults=lambda _: fault) as realm,
        behind(realm, storage, tokens) as registry,
        pytest.raises(error) as caught,
    ):
        Asker().resolve(f"{registry.host}/r0:1")
    assert words in caught.value.message
    assert len(caught.value.message) < 500


@pytest.mark.parametrize("life", ["-5", "0", "1e999", "1" * 400, '"soon"', "null", "true", "[]"])
def test_a_strange_life_of_a_token_does_no_harm(storage: Path, life: str) -> None:
    def strange(seen: Seen) -> Fault | None:
        repositories = tuple(scope.split("%3A")[1] for scope in seen.target.split("scope=")[1:])
        _, answer = tokens.answer("GET", None, [f"repository:{name}:pull" for name in repositories])
        return Fault(body=f'{{"token": "{answer["token"]}", "expires_in": {life}}}'.encode())

    with (
        TokenServer() as tokens,
        LinkProxy(f"127.0.0.1:{tokens.port}", faults=strange) as realm,
        behind(realm, storage, tokens) as registry,
    ):
        assert Asker().resolve(f"{registry.host}/r0:1").digest


@pytest.mark.parametrize(
    "realm",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://0.0.0.0:1/",
        "http://[::ffff:169.254.169.254]/",
        "http://user:password@127.0.0.1:1/",
        "ftp://127.0.0.1/",
        "http://127.0.0.1:99999/",
        "",
    ],
)
def test_a_realm_where_nobody_should_be_sent_is_refused(storage: Path, realm: str) -> None:
    challenge = Fault(status=401, headers={"WWW-Authenticate": f'Bearer realm="{realm}",service="x"'})
    with (
        RegistryServer(storage=storage) as registry,
        LinkProxy(registry.host, faults=lambda _: challenge) as link,
    ):
        asker = Asker(credentials=ALICE)
        with pytest.raises(RegistryError) as caught:
            asker.resolve(f"{link.host}/r0:1")
    assert isinstance(caught.value, Untrustworthy | Unreachable)
    assert "password" not in str(caught.value)
    assert {exchange.url for exchange in asker.exchanges} == {f"{link.base_url}/v2/r0/manifests/1"}


def test_a_registry_that_never_takes_a_token_is_asked_no_more_than_twice(storage: Path) -> None:
    with (
        TokenServer() as tokens,
        RegistryServer(storage=storage, auth=tokens.section) as registry,
        LinkProxy(registry.host) as link,
    ):
        header = f'Bearer realm="{tokens.realm}",service="x"'
        link.faults = lambda _: Fault(status=401, headers={"WWW-Authenticate": header})
        with pytest.raises(AccessDenied):
            Asker().resolve(f"{link.host}/r0:1")
        assert link.count("HEAD") == 2
        assert link.count("GET") == 0


def test_a_challenge_that_stands_only_at_the_base_is_found(storage: Path) -> None:
    with (
        TokenServer() as tokens,
        RegistryServer(storage=storage, auth=tokens.section) as registry,
        LinkProxy(registry.host) as link,
    ):
        link.faults = lambda seen: (
            Fault(headers={"WWW-Authenticate": None}) if "/manifests/" in seen.path else None
        )
        assert Asker().resolve(f"{link.host}/r0:1").digest
        assert [seen.path for seen in link.requests] == ["/v2/r0/manifests/1", "/v2/", "/v2/r0/manifests/1"]


def test_a_relative_realm_is_below_the_registry(storage: Path) -> None:
    with (
        TokenServer() as tokens,
        RegistryServer(storage=storage, auth=tokens.section) as registry,
        LinkProxy(registry.host) as link,
    ):

        def relative(seen: Seen) -> Fault | None:
            if seen.path == "/token":
                _, answer = tokens.answer("GET", None, ["repository:r0:pull"])
                return Fault(body=str(answer).replace("'", '"').encode(), headers={}, status=200)
            if "authorization" not in seen.headers:
                return Fault(headers={"WWW-Authenticate": 'Bearer realm="/token"'})
            return None

        link.faults = relative
        assert Asker().resolve(f"{link.host}/r0:1").digest


def test_a_token_that_the_registry_no_longer_takes_is_replaced(storage: Path) -> None:
    """As when the registry's key changes, or its clock is ahead."""
    with (
        TokenServer() as tokens,
        RegistryServer(storage=storage, auth=tokens.section) as registry,
        LinkProxy(registry.host) as link,
    ):
        asker = Asker()
        header = f'Bearer realm="{tokens.realm}",service="x",error="invalid_token"'

        async def work() -> None:
            image = ImageReference.parse(f"{link.host}/r0:1")
            async with asker.client() as client:
                await client.resolve(image)
                link.faults = lambda seen: (
                    Fault(status=401, headers={"WWW-Authenticate": header})
                    if seen.method == "GET" and seen.number == 1
                    else None
                )
                await client.manifest(image)

        asyncio.run(work())
        assert len(tokens.requests) == 2


@pytest.mark.parametrize("stuck", ["manifests", "token"])
def test_closing_a_client_stops_what_is_under_way(storage: Path, stuck: str) -> None:
    reached = threading.Event()

    def hang(seen: Seen) -> Fault | None:
        if stuck not in seen.target:
            return None
        reached.set()
        return Fault(drip=60.0)

    with (
        TokenServer() as tokens,
        LinkProxy(f"127.0.0.1:{tokens.port}", faults=hang) as realm,
        behind(realm, storage, tokens) as registry,
        LinkProxy(registry.host, faults=hang if stuck == "manifests" else None) as link,
    ):

        async def work() -> list[BaseException | Resolution]:
            async with Asker().client() as client:
                waiting = [
                    asyncio.create_task(client.resolve(ImageReference.parse(f"{link.host}/r{n}:1")))
                    for n in range(3)
                ]
                await asyncio.to_thread(reached.wait)
            return await asyncio.gather(*waiting, return_exceptions=True)

        results = asyncio.run(work())
    assert {type(result) for result in results} == {asyncio.CancelledError}
