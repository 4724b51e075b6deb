"""The real command over a stand-in for GitHub that others made: what it leaves there, byte by byte."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.support.app_keys import NUMBER, keys
from tests.support.emulate import Emulate
from tests.support.emulate_relay import EmulateRelay
from tests.support.github.place import Entry, Place
from tests.support.project import Project, Run

pytestmark = pytest.mark.needs("docker-registry", "emulate", "git")

FILES: Mapping[str, bytes | Entry] = {
    "Dockerfile": b"FROM alpine:3.22 AS base\r\nRUN true\r\n",
    "svc/a b/\xfc 'q'.Dockerfile": Entry(b"# na\xc3\xafve\nFROM alpine:3.22", "100755"),
    "-v.Dockerfile": b"FROM alpine:3.22\n",
    'new\nline "q".Dockerfile': b"FROM alpine:3.22\n",
    "a/%41?#&.Dockerfile": b"FROM alpine:3.22\n",
    "out/Dockerfile": Entry(b"../../etc/passwd", "120000"),
    "loop/Dockerfile": Entry(b"Dockerfile", "120000"),
    "folder/Dockerfile": Entry(b"../svc", "120000"),
    "README.md": b"FROM alpine:3.22\n",
    "data": bytes(range(256)),
    "link": Entry(b"Dockerfile", "120000"),
}


class Bot:
    """A folder of the bot's, and the stand-in that it works on as an app."""

    def __init__(self, home: Project, emulate: Emulate, relay: EmulateRelay) -> None:
        self.home = home
        self.relay = relay
        self.token = emulate.token()
        self.emulate = emulate
        self._key = home.root.with_name("key.pem")
        self._key.write_text(keys()[0])
        self.digest = home.pinbot("resolve", "alpine:3.22").text.strip().partition("@")[2].encode()

    def add(self, name: str) -> Place:
        """A repository that holds the files."""
        return self.emulate.create_repository(name, FILES)

    def update(self, *arguments: str, **environment: str) -> Run:
        """A run as the app, or with the token that is given; earlier runs' writes are forgotten."""
        self.relay.writes.clear()
        app = {"PINBOT_APP_ID": NUMBER, "PINBOT_APP_KEY_FILE": str(self._key)}
        if "GITHUB_TOKEN" in environment:
            app = {}
        where = {"PINBOT_API_URL": self.relay.url, "NO_PROXY": "127.0.0.1"}
        return self.home.pinbot("update", *arguments, env={**app, **where, **environment})

    def changed(self, pull: Mapping[str, Any], place: Place) -> dict[str, tuple[Entry, Entry]]:
        """What a pull request's branch holds otherwise than main, before and after."""
        before, after = place.files("heads/main"), place.files(f"heads/{pull['head']['ref']}")
        assert before.keys() == after.keys()
        return {path: (before[path], after[path]) for path in before if before[path] != after[path]}

    @property
    def expected(self) -> dict[str, tuple[Entry, Entry]]:
        """What is to change: the bytes of the digest, and nothing else."""
        files = {path: one if isinstance(one, Entry) else Entry(one) for path, one in FILES.items()}
        return {
            path: (one, Entry(one.data.replace(b":3.22", b":3.22@" + self.digest), one.mode))
            for path, one in files.items()
            if path.endswith("Dockerfile") and one.mode != "120000"
        }


@pytest.fixture
def bot(project: Project, emulate: Emulate, relay: EmulateRelay) -> Bot:
    return Bot(project, emulate, relay)


def test_a_checkout_becomes_a_pull_request_that_the_next_run_leaves_as_it_is(bot: Bot) -> None:
    place = bot.add("checkout")
    for path, content in FILES.items():
        if not isinstance(content, Entry) or content.mode != "120000":
            bot.home.write(path, content.data if isinstance(content, Entry) else content)
    run = bot.update("--pull-request", PINBOT_REPOSITORY=place.name)
    assert run.code == 0, run.err
    (pull,) = place.get("pulls?state=all")
    assert bot.changed(pull, place) == bot.expected
    assert (pull["user"]["login"], pull["base"]["ref"]) == ("pinbot[bot]", "main")
    assert pull["head"]["sha"] == place.tip(f"heads/{pull['head']['ref']}")
    assert bot.digest.decode() in pull["body"]
    commit = place.commit(f"heads/{pull['head']['ref']}")
    assert [parent["sha"] for parent in commit["parents"]] == [place.tip("heads/main")]
    assert list(place.files("pinbot/ledger")) == ["ledger.json"]

    again = bot.update("--pull-request", PINBOT_REPOSITORY=place.name)
    assert again.code == 0, again.err
    assert "unchanged" in again.err
    assert bot.relay.writes == ["POST /app/installations/4000/access_tokens"]
    assert len(place.get("pulls?state=all")) == 1


def test_a_repository_gets_its_pull_request_without_a_checkout(bot: Bot) -> None:
    place = bot.add("bare")
    dry = bot.update("--repo", place.name, "--dry-run", GITHUB_TOKEN=bot.token)
    assert dry.code == 10, dry.err
    assert bot.relay.writes == []
    run = bot.update("--repo", place.name, "--pull-request", GITHUB_TOKEN=bot.token)
    assert run.code == 0, run.err
    (pull,) = place.get("pulls?state=all")
    assert bot.changed(pull, place) == bot.expected
    assert pull["head"]["sha"] == place.tip(f"heads/{pull['head']['ref']}")

    again = bot.update("--repo", place.name, "--pull-request", GITHUB_TOKEN=bot.token)
    assert again.code == 0, again.err
    assert "unchanged" in again.err
    assert bot.relay.writes == []


def test_an_app_has_one_token_for_the_named_repositories_of_an_account(bot: Bot) -> None:
    places = bot.add("one"), bot.add("two")
    run = bot.update(*(f"--repo={place.name}" for place in places), "--pull-request")
    assert run.code == 0, run.err
    for place in places:
        (pull,) = place.get("pulls?state=all")
        assert pull["user"]["login"] == "pinbot[bot]"
    assert len([write for write in bot.relay.writes if write.endswith("/access_tokens")]) == 1
    assert sorted(bot.emulate.leases[-1]["repository_ids"]) == sorted(place.number for place in places)


def test_a_token_that_may_not_write_is_told_what_it_lacks(bot: Bot) -> None:
    place = bot.add("closed")
    token = bot.emulate.token(contents="read", pull_requests="write")
    run = bot.update("--repo", place.name, "--pull-request", GITHUB_TOKEN=token)
    assert run.code == 1
    assert f"could not store files in {place.name}" in run.err
    assert "give the token the permission contents: write" in run.err
    assert token not in run.text + run.err
    assert place.get("pulls?state=all") == []
    assert [branch["name"] for branch in place.get("branches")] == ["main"]
