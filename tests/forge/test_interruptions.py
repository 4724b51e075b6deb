"""A run that stops anywhere, and runs at the same time, leave one correct pull request."""

import asyncio

import pytest

from pinbot.errors import ForgeConflict, ForgeError
from pinbot.forge.seal import mark, marked
from pinbot.model.proposal import Proposal, PullRequestAction
from tests.forge.support import (
    BRANCH,
    FILES,
    NEW,
    NEWER,
    OLD,
    PatientClock,
    client,
    file,
    proposal,
    propose,
)
from tests.forge.test_find import find
from tests.support.github.server import GitHubServer
from tests.support.github.state import Repository

pytestmark = pytest.mark.needs("git")

FIRST = proposal(labels=("dependencies",))
SECOND = proposal(labels=("dependencies",), title="Update alpine", files=(file("Dockerfile", OLD, NEWER),))
OPENING = 12  # requests that opening takes, see test_lifecycle
UPDATING = 9


def assert_one_correct(repo: Repository, wanted: Proposal) -> None:
    assert [pull.number for pull in repo.pulls.values()] == [1]
    pull = repo.pulls[1]
    assert (pull.state, pull.head, pull.base) == ("open", BRANCH, "main")
    written_for = mark(wanted, base=repo.head("main") or "", head=pull.head_sha)
    assert (pull.title, pull.body) == (wanted.title, marked(wanted.body, written_for))
    assert pull.labels == ["dependencies"]
    assert pull.head_sha == repo.head(BRANCH)
    assert repo.git.count(f"refs/heads/main..refs/heads/{BRANCH}") == 1
    assert repo.git.commit(pull.head_sha).parents == (repo.head("main"),)
    assert repo.files(BRANCH) == {**FILES, **{file.path: file.after for file in wanted.files}}
    assert repo.files("main") == FILES
    assert repo.git.text("fsck", "--strict", "--no-dangling") == ""


@pytest.mark.parametrize("answered", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, OPENING + 1))
def test_opening_is_completed_by_the_next_run_wherever_it_was_killed(
    github: GitHubServer, repo: Repository, number: int, *, answered: bool
) -> None:
    github.faults.kill(number, answered=answered)
    if number > OPENING - 2:  # what comes after the pull request is not worth it
        assert "could not be asked" in propose(github, FIRST).note
    else:
        with pytest.raises(ForgeError, match="could not be asked"):
            propose(github, FIRST)
    github.forget_requests()

    if find(github, FIRST) is None:  # as a run would: what is found to be complete is left
        propose(github, FIRST)

    assert_one_correct(repo, FIRST)
    assert propose(github, FIRST).action is PullRequestAction.UNCHANGED


@pytest.mark.parametrize("answered", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, UPDATING + 1))
def test_updating_is_completed_by_the_next_run_wherever_it_was_killed(
    github: GitHubServer, repo: Repository, number: int, *, answered: bool
) -> None:
    propose(github, FIRST)
    github.forget_requests()
    github.faults.kill(number, answered=answered)
    with pytest.raises(ForgeError, match="could not be asked"):
        propose(github, SECOND)
    github.forget_requests()

    complete = number == UPDATING and answered
    assert (find(github, SECOND) is not None) == complete
    propose(github, SECOND)

    assert_one_correct(repo, SECOND)


@pytest.mark.parametrize("number", range(1, OPENING + 1))
def test_one_answer_that_gets_lost_is_not_noticed(
    github: GitHubServer, repo: Repository, number: int
) -> None:
    clock = PatientClock()
    github.faults.drop(number, answered=True)

    result = propose(github, FIRST, clock=clock)

    assert (result.number, result.note) == (1, "")
    assert_one_correct(repo, FIRST)
    assert clock.slept == [1.0]


@pytest.mark.parametrize("other", [FIRST, SECOND], ids=["same", "different"])
@pytest.mark.parametrize("number", range(1, OPENING + 1))
def test_a_whole_other_run_in_between_makes_no_second_pull_request(
    github: GitHubServer, repo: Repository, number: int, other: Proposal
) -> None:
    github.faults.before(number, lambda: propose(github, other) and None)

    propose(github, FIRST)

    assert len(repo.pulls) == 1
    # When both wanted something else, the last word may be either's; the next run settles it.
    propose(github, FIRST)
    assert_one_correct(repo, FIRST)


def test_runs_at_the_same_time_make_one_pull_request(github: GitHubServer, repo: Repository) -> None:
    async def together() -> list[PullRequestAction]:
        results = await asyncio.gather(*(client(github).propose(FIRST) for _ in range(6)))
        return [result.action for result in results]

    actions = asyncio.run(together())

    assert actions.count(PullRequestAction.OPENED) == 1
    assert_one_correct(repo, FIRST)


def test_one_client_can_be_asked_for_two_proposals_at_once(github: GitHubServer, repo: Repository) -> None:
    forge = client(github)
    other = proposal(branch="pinbot/web", files=(file("web/Dockerfile", OLD, NEW),))

    async def together() -> list[int]:
        results = await asyncio.gather(forge.propose(FIRST), forge.propose(other))
        return sorted(result.number for result in results)

    assert asyncio.run(together()) == [1, 2]
    assert repo.files("pinbot/web")["web/Dockerfile"] == NEW


@pytest.mark.parametrize("number", range(1, 8))
def test_what_a_person_pushes_during_a_run_is_not_overwritten(
    github: GitHubServer, repo: Repository, number: int
) -> None:
    propose(github, FIRST)
    github.forget_requests()
    pushed = []
    github.faults.before(number, lambda: pushed.append(repo.push(BRANCH, {"notes.txt": b"mine\n"})))

    result = propose(github, SECOND)

    assert result.action is PullRequestAction.LEFT_ALONE
    assert repo.head(BRANCH) == pushed[0]


def test_a_branch_that_comes_and_goes_is_given_up(github: GitHubServer, repo: Repository) -> None:
    for number in (9, 11, 13):  # each time that the branch is made, it is there already
        github.faults.before(number, lambda: repo.git.set_ref(f"refs/heads/{BRANCH}", "refs/heads/main"))
    for number in (10, 12):  # and gone when it is looked at
        github.faults.before(number, lambda: repo.git.delete_ref(f"refs/heads/{BRANCH}"))

    with pytest.raises(ForgeConflict, match="comes and goes"):
        propose(github, FIRST)

    assert repo.pulls == {}


def test_a_pull_request_that_is_open_and_is_not_is_given_up(github: GitHubServer, repo: Repository) -> None:
    github.faults.fail(10, 422, "A pull request already exists for acme:pinbot/images.")

    with pytest.raises(ForgeConflict, match="says both"):
        propose(github, FIRST)

    assert repo.pulls == {}
    assert propose(github, FIRST).action is PullRequestAction.OPENED


def test_a_branch_that_is_deleted_while_it_is_moved_is_made_again(
    github: GitHubServer, repo: Repository
) -> None:
    propose(github, FIRST)
    github.forget_requests()
    github.faults.before(8, lambda: repo.git.delete_ref(f"refs/heads/{BRANCH}"))

    assert propose(github, SECOND).action is PullRequestAction.UPDATED
    assert_one_correct(repo, SECOND)
