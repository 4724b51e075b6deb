"""Reviewers, assignees, drafts, auto-merge and the status of the cooldown: none is worth a pull request."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from pinbot.errors import ForgeError
from pinbot.model.proposal import Proposal, PullRequestAction
from pinbot.model.proposing import MergeMethod
from tests.forge.support import BRANCH, NEWER, OLD, TOKEN, file, proposal, propose
from tests.forge.test_find import find
from tests.support.github.server import GitHubServer
from tests.support.github.state import Repository

pytestmark = pytest.mark.needs("git")

RIPE = datetime(2026, 11, 27, 12, tzinfo=UTC)
ALL: dict[str, Any] = {
    "labels": ("dependencies",),
    "reviewers": ("ada",),
    "team_reviewers": ("platform",),
    "assignees": ("bob",),
    "auto_merge": MergeMethod.SQUASH,
    "cooldown": True,
}
OPENING = 16  # requests


def assert_all_there(repo: Repository) -> None:
    assert list(repo.pulls) == [1]
    pull = repo.pulls[1]
    assert (pull.labels, pull.reviewers, pull.teams) == (["dependencies"], ["ada"], ["platform"])
    assert (pull.assignees, pull.auto_merge, pull.draft) == (["bob"], "SQUASH", False)
    status = repo.status(pull.head_sha, "pinbot/cooldown")
    assert status is not None
    assert status.state == "success"


def test_all_of_them_are_given(github: GitHubServer, repo: Repository) -> None:
    result = propose(github, proposal(**ALL))
    assert (result.action, result.note) == (PullRequestAction.OPENED, "")
    assert len(github.requests) == OPENING
    assert_all_there(repo)
    github.forget_requests()
    assert find(github, proposal(**ALL)) is not None
    assert len(github.requests) == 2


@pytest.mark.parametrize("answered", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, OPENING + 1))
def test_they_are_completed_by_the_next_run_wherever_one_was_killed(
    github: GitHubServer, repo: Repository, number: int, *, answered: bool
) -> None:
    github.faults.kill(number, answered=answered)
    if number > 10:
        assert "could not be asked" in propose(github, proposal(**ALL)).note
    else:
        with pytest.raises(ForgeError, match="could not be asked"):
            propose(github, proposal(**ALL))
    github.forget_requests()
    if find(github, proposal(**ALL)) is None:
        propose(github, proposal(**ALL))
    assert_all_there(repo)
    assert find(github, proposal(**ALL)) is not None


@pytest.mark.parametrize("number", range(11, OPENING))
def test_one_that_fails_is_a_note_and_keeps_none_of_the_others(
    github: GitHubServer, repo: Repository, number: int
) -> None:
    github.faults.fail(number, 422, "Validation Failed")
    result = propose(github, proposal(**ALL))
    assert result.action is PullRequestAction.OPENED
    assert result.note.count("GitHub refuses it: Validation Failed") == 1
    pull = repo.pulls[1]
    status = repo.status(pull.head_sha, "pinbot/cooldown")
    given = [pull.labels, pull.reviewers, pull.assignees, status, pull.auto_merge]
    assert [bool(one) for one in given] == [index != number - 11 for index in range(5)]


def test_people_are_asked_once(github: GitHubServer, repo: Repository) -> None:
    propose(github, proposal(**ALL))
    pull = repo.pulls[1]
    pull.reviewers, pull.assignees, pull.auto_merge = [], [], None  # done, not mine, not now
    newer = proposal(**ALL, files=(file("Dockerfile", OLD, NEWER),))
    assert propose(github, newer).action is PullRequestAction.UPDATED
    assert (pull.reviewers, pull.assignees, pull.auto_merge) == ([], [], None)
    status = repo.status(repo.head(BRANCH) or "", "pinbot/cooldown")
    assert status is not None


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"reviewers": ("nobody",)}, "nobody could not be asked for a review"),
        ({"reviewers": ("pinbot[bot]",)}, "cannot be requested from pull request author"),
        ({"team_reviewers": ("nobodies",)}, "Reviews may only be requested from collaborators"),
        ({"assignees": ("bob", "nobody")}, "nobody cannot be assigned in this repository"),
        ({"labels": ("x" * 60,)}, "it could not be labelled"),
    ],
)
def test_what_cannot_be_given_is_told(
    github: GitHubServer, repo: Repository, changes: dict[str, Any], note: str
) -> None:
    result = propose(github, proposal(**changes))
    assert result.action is PullRequestAction.OPENED
    assert note in result.note
    assert len(repo.open_pulls()) == 1
    github.forget_requests()
    assert find(github, proposal(**changes)) is not None, "it is not tried again in each run"


def test_the_setting_that_auto_merge_needs_is_named(github: GitHubServer, repo: Repository) -> None:
    repo.allows_auto_merge = False
    note = propose(github, proposal(auto_merge=MergeMethod.MERGE)).note
    assert note == (
        "it does not merge by itself: could not have pull request #1 merged when it is ready in acme/shop: "
        "GitHub says: Auto merge is not allowed for this repository "
        '(switch on Settings > General > Pull Requests > "Allow auto-merge")'
    )


def test_a_branch_that_asks_for_nothing_leaves_nothing_to_wait_for(
    github: GitHubServer, repo: Repository
) -> None:
    repo.requires_checks = False
    note = propose(github, proposal(auto_merge=MergeMethod.MERGE)).note
    assert "nothing is asked for before a merge: protect the base branch" in note


@pytest.mark.parametrize("kind", ["app", "fine-grained"])
def test_the_permission_that_is_missing_is_named(github: GitHubServer, repo: Repository, kind: str) -> None:
    del repo
    github.add_token(TOKEN, kind=kind, permissions={"contents": "write", "pull_requests": "write"})
    note = propose(github, proposal(cooldown=True)).note
    assert "its commit has no status pinbot/cooldown" in note
    assert "the permission statuses: write" in note


def waiting(ripe: datetime | None, **more: Any) -> Proposal:
    return proposal(cooldown=True, auto_merge=MergeMethod.REBASE, ripe=ripe, **more)


def test_what_is_not_ripe_is_a_draft_until_it_is(github: GitHubServer, repo: Repository) -> None:
    assert propose(github, waiting(RIPE)).note == ""
    pull = repo.pulls[1]
    status = repo.status(pull.head_sha, "pinbot/cooldown")
    assert status is not None
    assert (pull.draft, pull.auto_merge, status.state) == (True, None, "pending")
    assert status.description == "Seen for long enough from 2026-11-27 12:00 UTC on"
    github.forget_requests()
    assert find(github, waiting(RIPE)) is not None
    assert len(github.requests) == 2

    assert find(github, waiting(None)) is None
    result = propose(github, waiting(None))
    assert (result.action, result.note) == (PullRequestAction.UPDATED, "")
    status = repo.status(pull.head_sha, "pinbot/cooldown")
    assert status is not None
    assert (pull.draft, pull.auto_merge, status.state) == (False, "REBASE", "success")
    assert find(github, waiting(None)) is not None


def test_one_that_ripened_before_it_was_finished_becomes_ready(
    github: GitHubServer, repo: Repository
) -> None:
    github.faults.kill(11)
    propose(github, waiting(RIPE))
    github.forget_requests()
    propose(github, waiting(None))
    assert (repo.pulls[1].draft, repo.pulls[1].auto_merge) == (False, "REBASE")


def test_where_there_are_no_drafts_nothing_merges_before_it_is_ripe(
    github: GitHubServer, repo: Repository
) -> None:
    github.faults.fail(10, 422, "Draft pull requests are not supported in this repository.")
    propose(github, waiting(RIPE))
    assert (repo.pulls[1].draft, repo.pulls[1].auto_merge) == (False, None)
    propose(github, waiting(None))
    assert repo.pulls[1].auto_merge == "REBASE"


def test_what_is_to_be_a_draft_anyway_stays_one(github: GitHubServer, repo: Repository) -> None:
    propose(github, waiting(RIPE, draft=True))
    propose(github, waiting(None, draft=True))
    assert (repo.pulls[1].draft, repo.pulls[1].auto_merge) == (True, None)


def test_a_draft_that_a_person_made_of_it_stays_one(github: GitHubServer, repo: Repository) -> None:
    propose(github, waiting(None))
    repo.pulls[1].draft = True
    propose(github, replace(waiting(None), files=(file("Dockerfile", OLD, NEWER),)))
    assert repo.pulls[1].draft


@pytest.mark.parametrize("answered", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", range(1, 8))
def test_ripening_is_completed_by_the_next_run(
    github: GitHubServer, repo: Repository, number: int, *, answered: bool
) -> None:
    propose(github, waiting(RIPE))
    github.forget_requests()
    github.faults.kill(number, answered=answered)
    with pytest.raises(ForgeError):
        propose(github, waiting(None))
    github.forget_requests()
    if find(github, waiting(None)) is None:
        propose(github, waiting(None))
    pull = repo.pulls[1]
    status = repo.status(pull.head_sha, "pinbot/cooldown")
    assert status is not None
    assert (pull.draft, pull.auto_merge, status.state) == (False, "REBASE", "success")


def test_graphql_of_an_enterprise_server_has_its_own_place(contract: Any) -> None:
    with GitHubServer(base_path="/api/v3", contract=contract) as github:
        github.add_token(TOKEN)
        repo = github.create_repository("acme/shop", files={"Dockerfile": OLD})
        assert propose(github, proposal(auto_merge=MergeMethod.MERGE)).note == ""
        assert repo.pulls[1].auto_merge == "MERGE"
        assert github.problems == []
