"""The ledger in the repository: read in one request, written by compare and swap."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta

import pytest

from pinbot.errors import ForgeConflict, ForgeDenied, ForgeError
from pinbot.forge.ledger import REFERENCE, ForgeLedger
from pinbot.model.ledger import Ledger, Opened, Sighting, merged
from pinbot.model.reference import Digest
from tests.forge.support import FILES, TOKEN, calls, remote
from tests.support.github.answers import LARGEST_CONTENT
from tests.support.github.server import GitHubServer
from tests.support.github.state import Repository

pytestmark = pytest.mark.needs("git")

DAY = datetime(2026, 11, 24, tzinfo=UTC)


def sighting(number: int, image: str = "docker.io/library/alpine:3.22") -> Ledger:
    one = Sighting(image=image, digest=Digest("sha256", f"{number:064x}"), seen=DAY + timedelta(days=number))
    return Ledger(sightings=(one,))


def read(github: GitHubServer) -> Ledger:
    return asyncio.run(ForgeLedger(remote(github.url)).read())


def add(github: GitHubServer, news: Ledger) -> None:
    asyncio.run(ForgeLedger(remote(github.url)).add(news))


def versions(repo: Repository) -> int:
    return repo.git.count(REFERENCE)


def test_where_there_is_none_nothing_is_known(github: GitHubServer, repo: Repository) -> None:
    assert read(github) == Ledger()
    assert calls(github) == ["GET contents/ledger.json"]
    assert repo.git.ref(REFERENCE) is None


def test_what_was_added_is_read_in_one_request(github: GitHubServer, repo: Repository) -> None:
    add(github, sighting(1))
    calls(github)
    assert read(github) == sighting(1)
    assert calls(github) == ["GET contents/ledger.json"]
    assert repo.git.refs("refs/heads/") == {"refs/heads/main": repo.head("main")}
    assert repo.files("main") == FILES


def test_each_version_stands_on_the_one_before(github: GitHubServer, repo: Repository) -> None:
    add(github, sighting(1))
    calls(github)
    add(github, sighting(2))
    assert calls(github) == [
        "GET git/matching-refs",
        "GET contents/ledger.json",
        "POST git/trees",
        "POST git/commits",
        "PATCH git/refs",
    ]
    assert read(github) == merged(sighting(1), sighting(2))
    assert versions(repo) == 2
    assert repo.git.text("fsck", "--strict", "--no-dangling") == ""


def test_what_is_known_is_not_written_again(github: GitHubServer, repo: Repository) -> None:
    add(github, sighting(1))
    add(github, sighting(1))
    assert versions(repo) == 1


@pytest.mark.parametrize("number", range(1, 6))
@pytest.mark.parametrize("others", [0, 1], ids=["first", "later"])
def test_another_run_in_between_loses_nothing(
    github: GitHubServer, repo: Repository, number: int, others: int
) -> None:
    for one in range(others):
        add(github, sighting(one + 10))
    github.forget_requests()
    github.faults.before(number, lambda: add(github, sighting(1)))
    add(github, sighting(2))
    if number < 5 or others:  # else the first one was written with four requests
        assert read(github) == merged(
            *(sighting(one + 10) for one in range(others)), sighting(1), sighting(2)
        )
    assert repo.git.text("fsck", "--strict", "--no-dangling") == ""


@pytest.mark.parametrize("answered", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, 6))
def test_a_run_that_is_killed_leaves_a_ledger_that_the_next_one_adds_to(
    github: GitHubServer, repo: Repository, number: int, *, answered: bool
) -> None:
    add(github, sighting(1))
    github.forget_requests()
    github.faults.kill(number, answered=answered)
    with pytest.raises(ForgeError, match="could not be asked"):
        add(github, sighting(2))
    github.forget_requests()
    add(github, sighting(2))
    assert read(github) == merged(sighting(1), sighting(2))
    assert versions(repo) == 2


@pytest.mark.parametrize("number", range(1, 6))
def test_an_answer_that_gets_lost_is_not_noticed(github: GitHubServer, repo: Repository, number: int) -> None:
    add(github, sighting(1))
    github.forget_requests()
    github.faults.drop(number, answered=True)
    add(github, sighting(2))
    assert read(github) == merged(sighting(1), sighting(2))
    assert versions(repo) == 2


def test_eight_runs_at_the_same_time_lose_nothing(github: GitHubServer, repo: Repository) -> None:
    runs = [threading.Thread(target=add, args=(github, sighting(number))) for number in range(8)]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert read(github) == merged(*map(sighting, range(8)))
    assert versions(repo) == 8


def test_others_that_write_all_the_time_are_told(github: GitHubServer, repo: Repository) -> None:
    add(github, sighting(0))
    github.forget_requests()
    count = iter(range(1, 100))
    for attempt in range(1, 200):
        github.faults.before(
            attempt,
            lambda: repo.git.ref(REFERENCE) and _push(repo, next(count)) if _is_move(github) else None,
        )
    with pytest.raises(ForgeConflict, match="was written by others each time"):
        add(github, sighting(99))


def _is_move(github: GitHubServer) -> bool:
    return github.requests[-1].method == "PATCH"


def _push(repo: Repository, number: int) -> None:
    tip = repo.git.ref(REFERENCE) or ""
    who = repo.git.commit(tip).author
    commit = repo.git.write_commit(
        tree=repo.git.commit(tip).tree, parents=(tip,), message=str(number), author=who, committer=who
    )
    repo.git.set_ref(REFERENCE, commit)


def test_one_that_is_too_large_for_the_contents_is_read_as_a_blob(
    github: GitHubServer, repo: Repository
) -> None:
    large = Ledger(
        pulls=tuple(Opened(branch=f"pinbot/{number}{'x' * 480}", number=number) for number in range(1, 2000))
    )
    add(github, large)
    assert len(repo.git.files(REFERENCE)["ledger.json"]) > LARGEST_CONTENT
    calls(github)
    assert read(github) == merged(large)
    assert calls(github) == ["GET contents/ledger.json", "GET git/blobs"]


UNKNOWN = (404, f"No commit found for the ref {REFERENCE}")


async def one_run(store: ForgeLedger, news: Ledger) -> Ledger:
    known = await store.read()
    await store.add(news)
    return known


def test_a_ledger_that_seemed_absent_and_is_not_is_told_and_not_written(
    github: GitHubServer, repo: Repository
) -> None:
    add(github, sighting(1))
    github.forget_requests()
    github.faults.fail(1, *UNKNOWN)
    github.faults.fail(4, *UNKNOWN)
    with pytest.raises(ForgeError, match="what earlier runs saw did not count in this one") as caught:
        asyncio.run(one_run(ForgeLedger(remote(github.url)), sighting(2)))
    assert "nothing was overwritten" in caught.value.hint
    assert calls(github) == [
        "GET contents/ledger.json",
        "GET git/matching-refs",
        "GET contents/ledger.json",
        "GET contents/ledger.json",
    ]
    assert read(github) == sighting(1)
    assert versions(repo) == 1


def test_a_ledger_that_another_run_made_meanwhile_is_added_to(github: GitHubServer, repo: Repository) -> None:
    github.faults.before(2, lambda: add(github, sighting(1)))
    assert asyncio.run(one_run(ForgeLedger(remote(github.url)), sighting(2))) == Ledger()
    assert read(github) == merged(sighting(1), sighting(2))
    assert versions(repo) == 2


def test_a_reference_without_the_file_is_an_empty_ledger(github: GitHubServer, repo: Repository) -> None:
    repo.git.set_ref(REFERENCE, repo.head("main") or "")
    assert read(github) == Ledger()
    assert calls(github) == [
        "GET contents/ledger.json",
        "GET git/matching-refs",
        "GET contents/ledger.json",
    ]


def test_what_is_no_ledger_is_told_and_not_overwritten(github: GitHubServer, repo: Repository) -> None:
    add(github, sighting(1))
    blob = repo.git.write_blob(b"{}")
    tip = repo.git.commit(repo.git.ref(REFERENCE) or "")
    commit = repo.git.write_commit(
        tree=repo.git.write_tree(None, [("100644", "ledger.json", blob)]),
        parents=(tip.sha,),
        message="by hand",
        author=tip.author,
        committer=tip.author,
    )
    repo.git.set_ref(REFERENCE, commit)
    for attempt in (lambda: read(github), lambda: add(github, sighting(2))):
        with pytest.raises(ForgeError, match="is no ledger of pinbot's") as caught:
            attempt()
        assert "git push origin :refs/pinbot/ledger" in caught.value.hint
    assert repo.git.ref(REFERENCE) == commit


def test_a_folder_in_its_place_is_told_and_not_overwritten(github: GitHubServer, repo: Repository) -> None:
    theirs = repo.push("aside", {"ledger.json/x": b"x"})
    repo.git.set_ref(REFERENCE, theirs)
    for attempt in (lambda: read(github), lambda: add(github, sighting(1))):
        with pytest.raises(ForgeConflict) as caught:
            attempt()
        assert caught.value.message == "could not read ledger.json in acme/shop: a folder stands in its place"
    assert repo.git.ref(REFERENCE) == theirs


def test_a_token_that_may_not_read_is_not_taken_for_an_empty_ledger(
    github: GitHubServer, repo: Repository
) -> None:
    del repo
    github.add_token(TOKEN, permissions={"pull_requests": "write"})
    with pytest.raises(ForgeDenied) as caught:
        read(github)
    assert "contents: read" in caught.value.hint
