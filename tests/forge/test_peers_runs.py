"""Pull requests, the ledger and the dashboard on both stand-ins for GitHub."""

import asyncio
import threading

import pytest

from pinbot.forge.board import Board
from pinbot.forge.github.repository import GitHub
from pinbot.forge.ledger import REFERENCE, ForgeLedger
from pinbot.forge.lifecycle import PullRequests
from pinbot.forge.remote import Issue
from pinbot.model.ledger import Ledger, merged
from pinbot.model.proposal import PullRequestAction
from tests.forge.peers import CONTENT, Overtaken, Peer
from tests.forge.support import BRANCH, NEW, NEWER, OLD, file, proposal
from tests.forge.test_ledger import sighting
from tests.support.github.place import Entry

pytestmark = pytest.mark.needs("git")


# Pull requests, labels, comments, issues


@pytest.fixture
def pull(peer: Peer) -> int:
    peer.place.move(f"heads/{BRANCH}", peer.place.write({"Dockerfile": NEW}, parent=peer.main))
    made = peer.do(lambda remote: remote.open_pull(BRANCH, "main", title="Pin", body="Body", draft=False))
    return int(made.number)


def test_a_pull_request_is_opened_found_edited_and_closed(peer: Peer, pull: int) -> None:
    (found,) = peer.do(lambda remote: remote.open_pulls(BRANCH))
    assert (found.number, found.branch, found.base) == (pull, BRANCH, "main")
    assert (found.title, found.body, found.head) == ("Pin", "Body", peer.place.tip(f"heads/{BRANCH}"))
    assert peer.do(lambda remote: remote.open_pulls("pinbot/other")) == ()
    peer.do(lambda remote: remote.edit_pull(pull, body="b\r\n<!-- é -->", title="Title"))
    (found,) = peer.do(lambda remote: remote.all_open_pulls())
    assert (found.title, found.body) == ("Title", "b\r\n<!-- é -->")
    peer.do(lambda remote: remote.close_pull(pull, body="closed"))
    assert peer.do(lambda remote: remote.open_pulls(BRANCH)) == ()
    (found,) = peer.do(lambda remote: remote.closed_pulls(BRANCH))
    assert (found.number, found.body, found.merged) == (pull, "closed", False)
    assert peer.place.get(f"pulls/{pull}")["state"] == "closed"


def test_labels_are_added_and_made_where_they_are_missing(peer: Peer, pull: int) -> None:
    peer.place.post("labels", {"name": "known", "color": "ff0000"})
    peer.do(lambda remote: remote.add_labels(pull, ("known", "new: ü/x")))
    peer.do(lambda remote: remote.add_labels(pull, ("new: ü/x",)))
    (found,) = peer.do(lambda remote: remote.open_pulls(BRANCH))
    assert found.labels == ("known", "new: ü/x")
    shown = peer.place.get(f"pulls/{pull}")["labels"]
    assert [(label["name"], label["color"] == "ff0000") for label in shown] == [
        ("known", True),
        ("new: ü/x", False),
    ]


def test_comments_are_read_in_the_order_in_which_they_were_made(peer: Peer, pull: int) -> None:
    said = ("first\n", "```\nsecond\r\n```", "dritter: ü <!-- x -->")
    assert peer.do(lambda remote: remote.comments(pull)) == ()
    for text in said:
        peer.do(lambda remote, text=text: remote.comment(pull, text))
    assert peer.do(lambda remote: remote.comments(pull)) == said
    assert [comment["body"] for comment in peer.place.get(f"issues/{pull}/comments")] == list(said)


def test_an_issue_is_opened_found_edited_and_closed(peer: Peer, pull: int) -> None:
    made: Issue = peer.do(lambda remote: remote.open_issue(title="Images", body="- [ ] ü\n"))
    assert made.number > pull
    assert (made.body, made.trusted) == ("- [ ] ü\n", True)
    assert peer.do(lambda remote: remote.issue(made.number)) == made
    assert peer.do(lambda remote: remote.issue(made.number + 1)) is None
    assert peer.do(lambda remote: remote.issues()) == (made,)
    peer.do(lambda remote: remote.edit_issue(made.number, body="- [x] ü\r\n"))
    assert peer.place.get(f"issues/{made.number}")["body"] == "- [x] ü\r\n"
    peer.do(lambda remote: remote.edit_issue(made.number, body="gone", closed=True))
    assert peer.do(lambda remote: remote.issues()) == ()
    assert peer.place.get(f"issues/{made.number}")["state"] == "closed"


# The ledger


def ledger_of(peer: Peer) -> Ledger:
    found: Ledger = peer.do(lambda remote: ForgeLedger(remote).read())
    return found


def add(peer: Peer, news: Ledger) -> None:
    peer.do(lambda remote: ForgeLedger(remote).add(news))


def test_a_ledger_that_was_added_is_read(peer: Peer) -> None:
    assert ledger_of(peer) == Ledger()
    add(peer, sighting(1))
    first = peer.place.tip(REFERENCE.removeprefix("refs/"))
    assert ledger_of(peer) == sighting(1)
    add(peer, sighting(1))
    assert peer.place.tip(REFERENCE.removeprefix("refs/")) == first
    add(peer, sighting(2))
    assert ledger_of(peer) == merged(sighting(1), sighting(2))
    shown = peer.place.commit(REFERENCE.removeprefix("refs/"))
    assert [parent["sha"] for parent in shown["parents"]] == [first]
    assert list(peer.place.files(REFERENCE.removeprefix("refs/"))) == ["ledger.json"]
    assert peer.place.files("heads/main") == CONTENT


@pytest.mark.parametrize("before", [Ledger(), sighting(0)], ids=["first", "later"])
def test_of_two_that_write_the_ledger_neither_loses_anything(peer: Peer, before: Ledger) -> None:
    add(peer, before)

    async def race() -> None:
        slow = peer.remote(Overtaken)
        assert isinstance(slow, Overtaken)
        slow.meanwhile = lambda: ForgeLedger(peer.remote()).add(sighting(1))
        await ForgeLedger(slow).add(sighting(2))

    asyncio.run(race())
    assert ledger_of(peer) == merged(before, sighting(1), sighting(2))


def test_four_that_write_the_ledger_at_the_same_time_lose_nothing(peer: Peer) -> None:
    runs = [threading.Thread(target=add, args=(peer, sighting(number))) for number in range(4)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert ledger_of(peer) == merged(*map(sighting, range(4)))


# The dashboard


def test_the_dashboard_is_made_found_and_edited(peer: Peer) -> None:
    peer.place.post("issues", {"title": "Another", "body": "of somebody's"})
    assert peer.do(lambda remote: Board(remote).find(0)) is None
    made = peer.do(lambda remote: Board(remote).post(None, "- [ ] one"))
    assert peer.do(lambda remote: Board(remote).find(made.number)) == made
    assert peer.do(lambda remote: Board(remote).find(0)) == made
    after = peer.do(lambda remote: Board(remote).post(made, "- [ ] two"))
    assert after.number == made.number
    assert peer.place.get(f"issues/{made.number}")["body"] == after.body
    assert "two" in after.body


def test_two_that_make_the_dashboard_leave_one(peer: Peer) -> None:
    async def race() -> None:
        slow = peer.remote(Overtaken)
        assert isinstance(slow, Overtaken)
        slow.meanwhile = lambda: Board(peer.remote()).post(None, "theirs")
        await Board(slow).post(None, "mine")

    asyncio.run(race())
    (left,) = peer.place.get("issues?state=open")
    assert left["body"].startswith("theirs")
    assert len(peer.place.get("issues?state=closed")) == 1


# The whole


def test_a_proposal_becomes_a_pull_request_that_the_next_run_leaves_as_it_is(peer: Peer) -> None:
    wanted = proposal(labels=("dependencies",))
    made = peer.do(lambda remote: PullRequests(remote).propose(wanted))
    assert made.action is PullRequestAction.OPENED
    assert peer.place.files(f"heads/{BRANCH}") == {**CONTENT, "Dockerfile": Entry(NEW)}
    shown = peer.place.get(f"pulls/{made.number}")
    assert shown["head"]["sha"] == peer.place.tip(f"heads/{BRANCH}")
    assert [label["name"] for label in shown["labels"]] == ["dependencies"]

    async def again(remote: GitHub) -> int:
        forge = PullRequests(remote)
        survey = await forge.survey(None)
        found = await forge.find(wanted, survey)
        assert found is not None
        assert (found.number, found.action) == (made.number, PullRequestAction.UNCHANGED)
        return forge.calls

    assert peer.do(again) == 2
    assert len(peer.place.get("pulls?state=all")) == 1


def test_a_proposal_that_moves_on_replaces_its_commit(peer: Peer) -> None:
    peer.do(lambda remote: PullRequests(remote).propose(proposal()))
    moved = proposal(files=(file("Dockerfile", OLD, NEWER),), title="Newer")
    after = peer.do(lambda remote: PullRequests(remote).propose(moved))
    assert after.action is PullRequestAction.UPDATED
    assert peer.place.files(f"heads/{BRANCH}") == {**CONTENT, "Dockerfile": Entry(NEWER)}
    assert [one["sha"] for one in peer.place.commit(f"heads/{BRANCH}")["parents"]] == [peer.main]
    (pull,) = peer.place.get("pulls?state=all")
    assert pull["title"] == "Newer"
