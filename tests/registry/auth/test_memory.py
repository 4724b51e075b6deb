"""How registries wanted to be asked, kept between runs: what it saves, and that it can do no harm."""

import gc
import json
import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.config import Config, RegistrySettings
from pinbot.errors import RegistryError, Unreachable
from pinbot.model.plan import Resolution
from pinbot.registry.auth.challenge import BASIC, BEARER, Challenge
from pinbot.registry.auth.memory import FileMemory
from pinbot.registry.servers.urls import Url
from pinbot.registry.wire.troubles import Timing
from tests.registry.conftest import push
from tests.support.registry import RegistryServer, free_port
from tests.support.registry_client import ALICE, Asker
from tests.support.registry_link import Fault, LinkProxy
from tests.support.registry_tls import Authority
from tests.support.registry_token import TokenServer

HUB = Url.parse("https://registry-1.docker.io/")
BEARERS = Challenge(scheme=BEARER, parameters=(("realm", "https://auth/token"), ("service", "hub")))
NOW = 1_800_000_000.0
DAY = 86400


def memory(folder: Path, now: float = NOW) -> FileMemory:
    return FileMemory(folder / "pinbot", now=lambda: now)


def remembered(folder: Path, url: Url = HUB, challenge: Challenge = BEARERS, now: float = NOW) -> None:
    kept = memory(folder, now)
    kept.keep(url, challenge)
    kept.save()


def content(folder: Path) -> Any:
    return json.loads((folder / "pinbot" / "challenges.json").read_bytes())


def test_what_was_kept_is_there_in_the_next_run(tmp_path: Path) -> None:
    assert memory(tmp_path).recall(HUB) is None
    remembered(tmp_path)
    assert memory(tmp_path).recall(HUB) == BEARERS
    assert memory(tmp_path).recall(Url.parse("https://registry-1.docker.io:444/")) is None
    assert memory(tmp_path).recall(Url.parse("http://registry-1.docker.io:443/")) is None


def test_what_is_forgotten_is_gone_and_the_rest_stays(tmp_path: Path) -> None:
    other = Url.parse("https://ghcr.io/")
    remembered(tmp_path)
    remembered(tmp_path, other)
    run = memory(tmp_path)
    run.forget(HUB)
    run.save()
    assert (memory(tmp_path).recall(HUB), memory(tmp_path).recall(other)) == (None, BEARERS)


def test_nothing_is_written_where_nothing_is_new(tmp_path: Path) -> None:
    memory(tmp_path).save()
    assert list(tmp_path.iterdir()) == []
    remembered(tmp_path)
    before = (tmp_path / "pinbot" / "challenges.json").stat().st_ino
    remembered(tmp_path, now=NOW + DAY / 2)
    assert (tmp_path / "pinbot" / "challenges.json").stat().st_ino == before
    remembered(tmp_path, now=NOW + 2 * DAY)
    assert content(tmp_path)["challenges"]["https://registry-1.docker.io:443"]["used"] == NOW + 2 * DAY


def test_what_was_not_used_for_a_month_is_not_believed(tmp_path: Path) -> None:
    remembered(tmp_path)
    assert memory(tmp_path, NOW + 29 * DAY).recall(HUB) == BEARERS
    assert memory(tmp_path, NOW + 31 * DAY).recall(HUB) is None
    assert memory(tmp_path, NOW - DAY).recall(HUB) is None, "a time that has not come yet"


def test_the_hundred_that_were_used_last_are_kept(tmp_path: Path) -> None:
    for number in range(120):
        remembered(tmp_path, Url.parse(f"https://r{number}/"), now=NOW + number)
    keys = content(tmp_path)["challenges"]
    assert set(keys) == {f"https://r{number}:443" for number in range(20, 120)}


def test_what_came_in_clear_text_over_a_network_is_not_kept(tmp_path: Path) -> None:
    remembered(tmp_path, Url.parse("http://registry.example.com/"))
    assert list(tmp_path.iterdir()) == []
    remembered(tmp_path, Url.parse("http://127.0.0.1:5000/"))
    assert memory(tmp_path).recall(Url.parse("http://127.0.0.1:5000/")) == BEARERS


def test_only_the_user_can_read_it_and_nobody_else_can_have_written_it(tmp_path: Path) -> None:
    remembered(tmp_path)
    file = tmp_path / "pinbot" / "challenges.json"
    assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    for mode in (0o620, 0o602):
        file.chmod(mode)
        assert memory(tmp_path).recall(HUB) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_somebody_else_is_not_believed(tmp_path: Path) -> None:
    remembered(tmp_path)
    os.chown(tmp_path / "pinbot" / "challenges.json", 65534, 65534)
    assert memory(tmp_path).recall(HUB) is None


def test_runs_at_the_same_time_leave_a_whole_file(tmp_path: Path) -> None:
    threads = [
        threading.Thread(target=remembered, args=(tmp_path, Url.parse(f"https://r{number}/")))
        for number in range(30)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert content(tmp_path)["challenges"]
    assert [file.name for file in (tmp_path / "pinbot").iterdir()] == ["challenges.json"]


def entries(entry: object) -> bytes:
    return json.dumps({"version": 1, "challenges": {"https://registry-1.docker.io:443": entry}}).encode()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"[]",
        b"[" * 60_000,
        b'{"version": 1}',
        b'{"version": 1, "challenges": []}',
        b'{"version": 2, "challenges": {}}',
        entries(None),
        entries({}),
        entries({"scheme": "negotiate", "used": NOW}),
        entries({"scheme": ["bearer"], "used": NOW}),
        entries({"scheme": "bearer", "realm": 5, "used": NOW}),
        entries({"scheme": "bearer", "realm": "x" * 2000, "used": NOW}),
        entries({"scheme": "bearer", "realm": "https://auth/token"}),
        entries({"scheme": "bearer", "realm": "https://auth/token", "used": True}),
        entries({"scheme": "bearer", "realm": "https://auth/token", "used": NOW, "x": "x" * 70_000}),
    ],
)
def test_what_is_no_such_file_is_as_if_there_were_none_and_is_replaced(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "pinbot").mkdir()
    (tmp_path / "pinbot" / "challenges.json").write_bytes(data)
    assert memory(tmp_path).recall(HUB) is None
    remembered(tmp_path)
    assert memory(tmp_path).recall(HUB) == BEARERS


_KEYS = ["version", "challenges", "https://registry-1.docker.io:443", "scheme", "realm", "used"]
_DOCUMENTS = st.recursive(
    st.none() | st.text(max_size=9) | st.integers() | st.floats() | st.sampled_from(["bearer", 1]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4),
    max_leaves=9,
)


@given(st.binary(max_size=200) | _DOCUMENTS.map(lambda document: json.dumps(document).encode()))
def test_whatever_the_file_holds_it_is_read(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("cache")
    (folder / "pinbot").mkdir()
    (folder / "pinbot" / "challenges.json").write_bytes(data)
    assert isinstance(memory(folder).recall(HUB), Challenge | None)


@pytest.mark.parametrize("obstacle", ["file", "folder", "read-only"])
def test_where_nothing_can_be_kept_nothing_is_said(tmp_path: Path, obstacle: str) -> None:
    if obstacle == "file":
        (tmp_path / "pinbot").write_text("")
    elif obstacle == "folder":
        (tmp_path / "pinbot" / "challenges.json").mkdir(parents=True)
    else:
        tmp_path = Path("/proc/self")
    assert memory(tmp_path).recall(HUB) is None
    remembered(tmp_path)


# From here on: what a client makes of it.

Grown = list[Resolution | RegistryError]


@contextmanager
def asking(storage: Path, tmp_path: Path) -> Iterator[tuple[Callable[..., Grown], LinkProxy, TokenServer]]:
    """Asks a registry for images in runs of their own, which keep their memory in one folder."""
    with (
        TokenServer() as tokens,
        RegistryServer(storage=storage, auth=tokens.section) as registry,
        LinkProxy(registry.host) as link,
    ):

        def run(count: int = 30) -> Grown:
            del link.requests[:], tokens.requests[:]
            asker = Asker(memory=FileMemory(tmp_path / "pinbot"))
            return asker.resolve_all(f"{link.host}/r{number}:1" for number in range(count))

        yield run, link, tokens


def good(results: Grown) -> bool:
    return all(isinstance(result, Resolution) for result in results)


pytestmark = pytest.mark.needs("docker-registry")


@pytest.mark.parametrize("count", [1, 30])
def test_the_second_run_sends_one_head_for_each_image_and_nothing_else_to_the_registry(
    storage: Path, tmp_path: Path, count: int
) -> None:
    with asking(storage, tmp_path) as (run, link, tokens):
        assert good(run(count))
        assert link.count("HEAD") + link.count("GET") == count + 1
        assert good(run(count))
        assert [seen.method for seen in link.requests] == ["HEAD"] * count
        assert all("authorization" in seen.headers for seen in link.requests)
        assert len(tokens.requests) == -(-count // 25)


def spoil(tmp_path: Path, **changes: object) -> None:
    file = tmp_path / "pinbot" / "challenges.json"
    document = json.loads(file.read_bytes())
    for entry in document["challenges"].values():
        entry.update(changes)
    file.write_text(json.dumps(document))


@pytest.mark.parametrize(
    "changes",
    [
        {"realm": "http://127.0.0.1:1/token"},
        {"realm": "http://169.254.169.254/"},
        {"realm": "http://me:secret@127.0.0.1/"},
        {"realm": "nonsense"},
        {"realm": ""},
        {"service": "another"},
        {"scheme": "basic"},
    ],
)
def test_a_wrong_guess_costs_a_question_and_no_image(
    storage: Path, tmp_path: Path, changes: dict[str, object]
) -> None:
    with asking(storage, tmp_path) as (run, link, _):
        assert good(run())
        spoil(tmp_path, **changes)
        assert good(run())
        if "service" not in changes and "scheme" not in changes:
            assert (link.count("HEAD"), link.count("GET", "/v2/")) == (30, 1)
        assert good(run())
        assert (link.count("HEAD"), link.count("GET")) == (30, 0), "the right one is kept"


def test_a_registry_that_no_longer_asks_for_anything_is_asked_without_it(
    registry: RegistryServer, storage: Path, tmp_path: Path
) -> None:
    push(registry, "r0", "1")
    with asking(storage, tmp_path) as (run, link, tokens):
        assert good(run(1))
        link.target = registry.host
        tokens.grant = lambda _: None
        assert good(run(1))
        assert [seen.method for seen in link.requests] == ["GET", "HEAD"]
        assert good(run(1))
        assert [seen.method for seen in link.requests] == ["HEAD"]


def test_a_registry_that_wants_basic_now_gets_it(
    guarded: RegistryServer, registry: RegistryServer, tmp_path: Path
) -> None:
    assert registry
    push(guarded, "r0", "1")
    with LinkProxy(guarded.host) as link:
        remembered(tmp_path, Url.parse(link.base_url), now=NOW)
        for expected in (["GET", "HEAD"], ["HEAD"]):
            del link.requests[:]
            asker = Asker(credentials=ALICE, memory=memory(tmp_path))
            assert good(asker.resolve_all([f"{link.host}/r0:1"]))
            assert [seen.method for seen in link.requests] == expected
        assert memory(tmp_path).recall(Url.parse(link.base_url)) == Challenge(scheme=BASIC)


def test_no_token_and_no_credential_is_in_the_file(storage: Path, tmp_path: Path) -> None:
    with (
        TokenServer() as tokens,
        RegistryServer(storage=storage, auth=tokens.section) as registry,
    ):
        asker = Asker(credentials=ALICE, memory=FileMemory(tmp_path / "pinbot"))
        assert good(asker.resolve_all([f"{registry.host}/private/r:1"]))
    (entry,) = content(tmp_path)["challenges"].values()
    assert set(entry) == {"scheme", "realm", "service", "used"}


def test_a_challenge_that_led_to_nothing_is_not_kept(registry: RegistryServer, tmp_path: Path) -> None:
    with LinkProxy(registry.host) as link:
        link.faults = lambda _: Fault(status=401, headers={"WWW-Authenticate": "Basic"})
        asker = Asker(credentials=ALICE, memory=FileMemory(tmp_path / "pinbot"))
        asker.resolve_all([f"{link.host}/r0:1"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_registry_that_is_gone_since_is_told_in_peace(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, scheme: str
) -> None:
    """While a token is asked for, connections are made; that they fail may be nobody's trouble."""
    host = f"127.0.0.1:{free_port()}"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        realm = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/token"
        challenge = Challenge(scheme=BEARER, parameters=(("realm", realm),))
        remembered(tmp_path, Url.parse(f"{scheme}://{host}/"), challenge)
        ca = str(Authority(tmp_path).ca) if scheme == "https" else None
        asker = Asker(
            settings=Config(registries=(RegistrySettings(name=host, ca=ca),)).registry,
            memory=memory(tmp_path),
            timing=Timing(connect=0.2, read=0.2),
        )
        results = asker.resolve_all(f"{host}/r{number}:1" for number in range(30))
    assert all(isinstance(result, Unreachable) and "refuses" in result.message for result in results)
    gc.collect()
    assert caplog.records == []
