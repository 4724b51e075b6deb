"""What is seen to when a pull request has come to an end; and what is asked again only if it has changed."""

import asyncio

import pytest

from pinbot.errors import ForgeError
from pinbot.model.ledger import Rejection
from pinbot.model.reference import Digest
from pinbot.render.markdown import marker
from tests.forge.support import BRANCH, calls, client, proposal, propose, remote
from tests.support.github.server import GitHubServer
from tests.support.github.state import Repository

pytestmark = pytest.mark.needs("git")

IMAGE = "docker.io/library/alpine:3.22"
DIGEST = Digest("sha256", "a" * 64)
BODY = f'<!-- pinbot: {{"updates":[{{"image":"{IMAGE}","digest":"{DIGEST}"}}]}} -->\n'


def settle(github: GitHubServer, number: int = 1) -> tuple[Rejection, ...] | None:
    return asyncio.run(client(github).settle(BRANCH, number))


@pytest.mark.parametrize("squash", [False, True])
def test_the_branch_of_a_merged_one_goes(github: GitHubServer, repo: Repository, *, squash: bool) -> None:
    propose(github)
    repo.merge(1, squash=squash)
    calls(github)
    assert settle(github) == ()
    assert calls(github) == ["GET pulls", "GET branches/pinbot", "GET pulls", "DELETE git/refs"]
    assert repo.head(BRANCH) is None
    assert settle(github) == ()


def test_a_branch_that_somebody_used_since_stays(github: GitHubServer, repo: Repository) -> None:
    propose(github)
    repo.merge(1)
    theirs = repo.push(BRANCH, {"notes.txt": b"mine\n"})
    assert settle(github) == ()
    assert repo.head(BRANCH) == theirs


def test_a_branch_from_which_another_one_is_open_stays(github: GitHubServer, repo: Repository) -> None:
    propose(github)
    repo.git.set_ref("refs/heads/stable", repo.head("main") or "")
    repo.merge(1)
    repo.new_pull(user="ada", title="Backport", body="", head=BRANCH, base="stable", draft=False)
    assert settle(github) == ()
    assert [pull.number for pull in repo.open_pulls()] == [2]


def test_a_branch_that_a_rule_protects_stays(github: GitHubServer, repo: Repository) -> None:
    propose(github)
    repo.merge(1)
    github.forget_requests()
    github.faults.fail(4, 403, "Cannot delete protected branch")
    assert settle(github) == ()
    assert repo.head(BRANCH) is not None


def test_one_that_was_turned_down_tells_what(github: GitHubServer, repo: Repository) -> None:
    propose(github, proposal(body=BODY))
    repo.close(1)
    assert settle(github) == (Rejection(image=IMAGE, digest=DIGEST, number=1),)
    assert repo.head(BRANCH) is not None, "it can be opened again"


def test_the_mark_is_the_one_that_bodies_have() -> None:
    assert marker(()).startswith("<!-- pinbot: {")


def test_one_that_is_open_after_all_is_left(github: GitHubServer, repo: Repository) -> None:
    propose(github)
    assert settle(github) is None
    assert repo.head(BRANCH) is not None


def test_a_forge_that_cannot_be_asked_settles_nothing(github: GitHubServer, repo: Repository) -> None:
    propose(github)
    repo.merge(1)
    github.forget_requests()
    github.faults.kill(1)
    with pytest.raises(ForgeError, match="could not be asked"):
        settle(github)


def test_what_is_asked_again_costs_no_quota_unless_it_has_changed(
    github: GitHubServer, repo: Repository
) -> None:
    one = remote(github.url)

    async def look() -> str:
        head = await one.head("main")
        assert head is not None
        return head.sha

    async def twice() -> None:
        first = await look()
        assert await look() == first
        assert github.requests[-1].headers["if-none-match"]
        newer = repo.push("main", {"README.md": b"# Moved\n"})
        assert await look() == newer
        assert await look() == newer

    asyncio.run(twice())
    assert one.calls == 4
    assert github.not_modified == 2


def test_of_what_was_read_no_more_is_kept_than_a_run_over_one_repository_asks_again(
    github: GitHubServer, repo: Repository
) -> None:
    del repo
    one = remote(github.url)

    async def many() -> None:
        for number in range(40):
            await one.tip(f"refs/heads/none-{number}")
        await one.tip("refs/heads/none-0")
        await one.tip("refs/heads/none-39")

    asyncio.run(many())
    assert github.not_modified == 1
