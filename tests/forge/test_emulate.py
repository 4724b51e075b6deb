"""What `emulate` alone shows: apps and tokens, by another's code than that of `test_app`, and its errors.

Each of these must still be so: then a newer `emulate` that mends one is noticed.
"""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from pinbot.errors import ForgeDenied
from pinbot.forge.github.app import App
from pinbot.forge.github.connection import Connection
from pinbot.forge.github.installation import Installation
from pinbot.forge.github.repository import GitHub
from pinbot.forge.lifecycle import PullRequests
from pinbot.model.proposal import PullRequestAction
from tests.forge.peers import CONTENT, Peer, names
from tests.forge.support import PatientClock, proposal, remote
from tests.support.app_keys import NUMBER, keys
from tests.support.emulate import ELSEWHERE, PERMISSIONS, Emulate
from tests.support.github.place import Entry, Place

pytestmark = pytest.mark.needs("emulate")


# What a token may do, and apps


def as_app(peer: Peer, *, key: str, repository: str = "") -> PullRequests:
    name = repository or peer.place.name
    app = App(NUMBER, key, clock=PatientClock(), api_url=peer.url)
    lessor = Installation(app, name.partition("/")[0], repositories=(name,))
    return PullRequests(
        GitHub(Connection(token=lessor, clock=PatientClock(), api_url=peer.url, write_interval=0), name)
    )


def test_an_app_opens_a_pull_request_with_a_token_for_that_repository_alone(
    emulate: Emulate, theirs: Peer
) -> None:
    made = asyncio.run(as_app(theirs, key=keys()[0]).propose(proposal()))
    assert made.action is PullRequestAction.OPENED
    assert theirs.place.get(f"pulls/{made.number}")["user"]["login"] == "pinbot[bot]"
    lease = emulate.leases[-1]
    assert lease["repository_ids"] == [theirs.place.number]
    asked = {name: level for name, level in PERMISSIONS.items() if name != "metadata"}
    assert (lease["repository_selection"], lease["permissions"]) == ("selected", asked)


def test_a_key_of_another_app_gets_no_token(emulate: Emulate, theirs: Peer) -> None:
    before = len(emulate.leases)
    with pytest.raises(ForgeDenied, match="A JSON web token could not be decoded"):
        asyncio.run(as_app(theirs, key=keys(1)[0]).propose(proposal()))
    assert len(emulate.leases) == before


def test_an_app_that_is_not_installed_is_told(emulate: Emulate, theirs: Peer) -> None:
    place = emulate.create_repository(next(names), CONTENT, owner=ELSEWHERE)
    with pytest.raises(ForgeDenied, match=f"app {NUMBER} is not installed on {place.name}"):
        asyncio.run(as_app(theirs, key=keys()[0], repository=place.name).propose(proposal()))


@pytest.mark.parametrize(
    ("lacking", "needs"), [("contents", "contents: write"), ("pull_requests", "pull-requests: write")]
)
def test_a_permission_that_a_token_lacks_is_named(
    emulate: Emulate, theirs: Peer, lacking: str, needs: str
) -> None:
    token = emulate.token(**{**PERMISSIONS, lacking: "read"})
    forge = PullRequests(remote(theirs.url, token=token, repository=theirs.place.name))
    with pytest.raises(ForgeDenied) as caught:
        asyncio.run(forge.propose(proposal()))
    assert needs in caught.value.hint
    assert token not in repr(caught.value)
    assert theirs.place.get("pulls?state=all") == []


# What emulate@0.12.2 does otherwise than GitHub. `EmulateRelay` mends the first five; no test over both
# stand-ins relies on the others.


@pytest.fixture
def place(emulate: Emulate) -> Place:
    """A repository with a pull request, asked without the relay."""
    made = emulate.create_repository(next(names), {**CONTENT, "large": Entry(b"x" * 1_000_001)})
    made.move("heads/side", made.write({"side": b"x"}, parent=made.tip("heads/main")))
    made.post("pulls", PULL)
    return made


PULL = {"head": "side", "base": "main", "title": "t"}


def answer(place: Place, method: str, path: str, body: Any = None) -> tuple[int, str]:
    found = place.ask(method, path, body)
    return found.status_code, found.json().get("message", "") if found.content else ""


def test_departure_a_branch_comes_without_what_its_commit_holds(place: Place) -> None:
    assert sorted(place.get("branches/main")["commit"]) == ["sha", "url"]


def test_departure_a_branch_that_is_gone_is_not_told_from_a_repository_that_is_gone(place: Place) -> None:
    assert answer(place, "GET", "branches/gone") == (404, "Not Found")


def test_departure_a_reference_that_is_gone_is_refused_by_404(place: Place) -> None:
    assert answer(place, "PATCH", "git/refs/heads/gone", {"sha": "a" * 40}) == (404, "Not Found")
    assert answer(place, "DELETE", "git/refs/heads/gone") == (404, "Not Found")


def test_departure_a_move_that_is_no_fast_forward_is_refused_in_other_words(place: Place) -> None:
    back = {"sha": place.tip("heads/main")}
    assert answer(place, "PATCH", "git/refs/heads/side", back) == (422, "Update is not a fast-forward")


def test_departure_a_move_that_was_overtaken_is_made_all_the_same(emulate: Emulate, place: Place) -> None:
    side = place.tip("heads/side")
    fast, slow = (place.write({"x": data}, parent=side) for data in (b"fast", b"slow"))
    body = json.dumps({"sha": slow, "force": False}).encode()

    def overtaken() -> Iterator[bytes]:
        yield body[:1]
        assert place.get("git/ref/heads/side")["object"]["sha"] == side
        assert answer(place, "PATCH", "git/refs/heads/side", {"sha": fast, "force": False}) == (200, "")
        yield body[1:]

    moved = httpx.patch(
        f"{emulate.url}/repos/{place.name}/git/refs/heads/side",
        content=overtaken(),
        headers={"Authorization": f"token {emulate.token()}", "Content-Length": str(len(body))},
        trust_env=False,
    )
    assert (moved.status_code, place.tip("heads/side")) == (200, slow)


def test_departure_a_branch_gets_a_second_open_pull_request(place: Place) -> None:
    assert answer(place, "POST", "pulls", PULL) == (201, "")


def test_departure_a_pull_request_from_a_branch_that_is_gone_makes_it(place: Place) -> None:
    assert answer(place, "POST", "pulls", {**PULL, "head": "gone"}) == (201, "")
    assert place.tip("heads/gone") == place.tip("heads/main")


def test_departure_a_pull_request_does_not_follow_its_branch(place: Place) -> None:
    before = place.tip("heads/side")
    place.move("heads/side", place.write({"x": b"x"}, parent=before))
    assert place.get("pulls/1")["head"]["sha"] == before


def test_departure_a_pull_request_is_no_issue(place: Place) -> None:
    assert place.get("issues") == []
    assert answer(place, "GET", "issues/1") == (404, "Not Found")
    assert answer(place, "POST", "issues/1/assignees", {"assignees": ["ada"]}) == (404, "Not Found")


def test_departure_there_are_no_commit_statuses(place: Place) -> None:
    status = {"state": "success", "context": "c"}
    assert answer(place, "POST", f"statuses/{place.tip('heads/main')}", status) == (404, "Not Found")


def test_departure_there_are_no_entity_tags(place: Place) -> None:
    assert "etag" not in place.ask("GET", "pulls").headers


def test_departure_a_file_of_more_than_a_megabyte_comes_with_its_content(place: Place) -> None:
    assert place.get("contents/large")["encoding"] == "base64"


def test_departure_a_token_that_nobody_gave_is_taken(emulate: Emulate) -> None:
    wrong = {"Authorization": "token ghp_wrong"}
    assert httpx.get(f"{emulate.url}/user", headers=wrong, trust_env=False).status_code == 200


def test_departure_an_installation_is_shown_to_anybody(emulate: Emulate, place: Place) -> None:
    asked = httpx.get(f"{emulate.url}/repos/{place.name}/installation", trust_env=False)
    assert asked.status_code == 200
