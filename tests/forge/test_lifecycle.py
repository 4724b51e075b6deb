"""What becomes of a pull request from run to run, on a GitHub that remembers."""

from typing import Any

import pytest

from pinbot.errors import ForgeConflict
from pinbot.forge.seal import mark
from pinbot.model.proposal import PullRequestAction
from tests.forge.support import (
    BRANCH,
    FILES,
    NEW,
    NEWER,
    OLD,
    REPOSITORY,
    TOKEN,
    calls,
    file,
    proposal,
    propose,
)
from tests.support.github.server import GitHubServer
from tests.support.github.state import Repository

pytestmark = pytest.mark.needs("git")


def only_commit(repo: Repository) -> Any:
    """The one commit of the branch on top of the base."""
    assert repo.git.count(f"refs/heads/main..refs/heads/{BRANCH}") == 1
    commit = repo.git.commit(repo.head(BRANCH) or "")
    assert commit.parents == (repo.head("main"),)
    return commit


def test_a_proposal_opens_a_pull_request_with_one_commit_on_the_base(
    github: GitHubServer, repo: Repository
) -> None:
    result = propose(github)

    assert (result.number, result.action, result.note) == (1, PullRequestAction.OPENED, "")
    assert result.url == f"{github.url}/{REPOSITORY}/pull/1"
    pull = repo.pulls[1]
    assert pull.title == "Pin alpine 3.22"
    written_for = mark(proposal(), base=repo.head("main") or "", head=pull.head_sha)
    assert pull.body == f"| image | digest |\n\n<!-- pinbot-proposal: {written_for} -->\n"
    assert (pull.head, pull.base, pull.state) == (BRANCH, "main", "open")
    assert repo.files(BRANCH) == {**FILES, "Dockerfile": NEW}
    assert repo.files("main") == FILES
    assert only_commit(repo).message.startswith("Pin alpine 3.22\n\nPinbot-Seal: ")
    assert repo.git.text("fsck", "--strict", "--no-dangling") == ""


def test_the_commit_of_an_app_is_left_for_github_to_sign(github: GitHubServer, repo: Repository) -> None:
    propose(github)

    commit = only_commit(repo)
    assert (commit.author.name, commit.committer.name) == ("pinbot[bot]", "GitHub")


def test_opening_takes_ten_requests_and_two_more_where_there_are_labels(
    github: GitHubServer, repo: Repository
) -> None:
    propose(github, proposal(labels=("dependencies",)))

    assert calls(github) == [
        "GET pulls",
        "GET ",
        "GET branches/main",
        "GET branches/pinbot",
        "GET git/trees",
        "POST git/trees",
        "POST git/commits",
        "GET branches/pinbot",
        "POST git/refs",
        "POST pulls",
        "POST issues/1",
        "PATCH pulls/1",
    ]
    assert repo.pulls[1].labels == ["dependencies"]


def test_nothing_is_written_when_nothing_changed_and_it_takes_three_requests(
    github: GitHubServer, repo: Repository
) -> None:
    propose(github, proposal(labels=("dependencies",)))
    before = (repo.head(BRANCH), repo.pulls[1].updated_at)
    calls(github)

    result = propose(github, proposal(labels=("dependencies",)))

    assert (result.number, result.action) == (1, PullRequestAction.UNCHANGED)
    assert calls(github) == ["GET pulls", "GET branches/main", "GET branches/pinbot"]
    assert (repo.head(BRANCH), repo.pulls[1].updated_at) == before


def test_the_pull_request_is_updated_in_place_when_the_digest_moves_again(
    github: GitHubServer, repo: Repository
) -> None:
    propose(github)
    calls(github)

    result = propose(github, proposal(files=(file("Dockerfile", OLD, NEWER),), body="| newer |"))

    assert (result.number, result.action) == (1, PullRequestAction.UPDATED)
    assert repo.files(BRANCH)["Dockerfile"] == NEWER
    assert (repo.pulls[1].body or "").startswith("| newer |\n")
    assert repo.pulls[1].head_sha == only_commit(repo).sha
    assert len(repo.pulls) == 1
    assert calls(github) == [
        "GET pulls",
        "GET branches/main",
        "GET branches/pinbot",
        "GET git/trees",
        "POST git/trees",
        "POST git/commits",
        "GET branches/pinbot",
        "PATCH git/refs",
        "PATCH pulls/1",
    ]


def test_the_branch_is_rebuilt_when_its_base_moves(github: GitHubServer, repo: Repository) -> None:
    propose(github)
    repo.push("main", {"README.md": b"# Shop, renamed\n"})

    result = propose(github)

    assert result.action is PullRequestAction.UPDATED
    only_commit(repo)
    assert repo.files(BRANCH) == {**repo.files("main"), "Dockerfile": NEW}


def test_a_file_that_leaves_the_proposal_leaves_the_branch(github: GitHubServer, repo: Repository) -> None:
    propose(github, proposal(files=(file("Dockerfile", OLD, NEW), file("web/Dockerfile", OLD, NEW))))
    assert repo.files(BRANCH)["web/Dockerfile"] == NEW

    propose(github)

    assert repo.files(BRANCH) == {**FILES, "Dockerfile": NEW}


@pytest.mark.parametrize("changes", [{"title": "Pin two images"}, {"body": "What is new"}])
def test_title_and_body_are_brought_up_to_date(
    github: GitHubServer, repo: Repository, changes: dict[str, str]
) -> None:
    propose(github)
    head = repo.head(BRANCH)
    calls(github)

    result = propose(github, proposal(**changes))

    assert result.action is PullRequestAction.UPDATED
    for name, text in changes.items():
        assert getattr(repo.pulls[1], name).startswith(text)
    assert repo.head(BRANCH) == head
    assert [call for call in calls(github) if not call.startswith("GET")] == ["PATCH pulls/1"]


def test_what_a_person_wrote_into_title_and_body_is_replaced(github: GitHubServer, repo: Repository) -> None:
    propose(github)
    repo.pulls[1].title, repo.pulls[1].body = "WIP", None

    assert propose(github).action is PullRequestAction.UPDATED
    assert repo.pulls[1].title == "Pin alpine 3.22"
    assert (repo.pulls[1].body or "").startswith("| image | digest |\n")


def test_line_ends_that_github_changed_in_the_body_are_no_difference(
    github: GitHubServer, repo: Repository
) -> None:
    propose(github, proposal(body="one\ntwo\n"))
    repo.pulls[1].body = (repo.pulls[1].body or "").strip().replace("\n", "\r\n")

    assert propose(github, proposal(body="one\ntwo\n")).action is PullRequestAction.UNCHANGED


def test_a_new_commit_message_alone_rewrites_the_commit(github: GitHubServer, repo: Repository) -> None:
    propose(github)

    assert propose(github, proposal(message="Pin alpine")).action is PullRequestAction.UPDATED
    assert only_commit(repo).message.startswith("Pin alpine\n")


# The work of others


def test_a_branch_with_a_persons_commit_is_left_alone(github: GitHubServer, repo: Repository) -> None:
    propose(github)
    theirs = repo.push(BRANCH, {"Dockerfile": NEW + b"# by hand\n"})
    calls(github)

    result = propose(github, proposal(files=(file("Dockerfile", OLD, NEWER),), title="Another title"))

    assert (result.number, result.action) == (1, PullRequestAction.LEFT_ALONE)
    assert "holds commits that pinbot did not make" in result.note
    assert repo.head(BRANCH) == theirs
    assert repo.pulls[1].title == "Pin alpine 3.22"
    (said,) = repo.comments[1]
    assert said.startswith("This branch holds commits that pinbot did not make")


def test_a_branch_that_is_left_alone_says_so_once(github: GitHubServer, repo: Repository) -> None:
    propose(github)
    repo.push(BRANCH, {"Dockerfile": NEW + b"# by hand\n"})
    propose(github)
    calls(github)
    propose(github)
    assert github.writes == []
    repo.push(BRANCH, {"Dockerfile": NEW + b"# and again\n"})
    propose(github)
    assert len(repo.comments[1]) == 1
    assert [pull.title for pull in repo.open_pulls()] == ["Pin alpine 3.22"]


def test_commits_that_are_taken_off_again_give_the_branch_back(
    github: GitHubServer, repo: Repository
) -> None:
    propose(github)
    ours = repo.head(BRANCH) or ""
    repo.push(BRANCH, {"Dockerfile": NEW + b"# by hand\n"})
    propose(github)
    repo.set_head(BRANCH, ours)
    newer = proposal(files=(file("Dockerfile", OLD, NEWER),))
    assert propose(github, newer).action is PullRequestAction.UPDATED
    assert "pinbot-left" not in (repo.pulls[1].body or "")


def test_an_amended_commit_is_a_persons_commit(github: GitHubServer, repo: Repository) -> None:
    propose(github)
    theirs = repo.amend(BRANCH, {"Dockerfile": NEW + b"# amended\n"})

    assert propose(github).action is PullRequestAction.LEFT_ALONE
    assert repo.head(BRANCH) == theirs


def test_a_merge_of_the_base_into_the_branch_is_a_persons_commit(
    github: GitHubServer, repo: Repository
) -> None:
    propose(github)
    main = repo.push("main", {"README.md": b"# Shop, renamed\n"})
    ours = repo.head(BRANCH) or ""
    merge = repo.push(BRANCH, {"README.md": b"# Shop, renamed\n"}, parents=[ours, main])

    assert propose(github).action is PullRequestAction.LEFT_ALONE
    assert repo.head(BRANCH) == merge


def test_a_branch_of_that_name_that_was_never_pinbots_is_not_touched(
    github: GitHubServer, repo: Repository
) -> None:
    theirs = repo.push(BRANCH, {"notes.txt": b"mine\n"})

    with pytest.raises(ForgeConflict, match="holds commits that pinbot did not make") as caught:
        propose(github)

    assert "delete or rename that branch" in caught.value.hint
    assert repo.head(BRANCH) == theirs
    assert repo.pulls == {}


def test_a_person_gets_a_new_pull_request_by_deleting_the_branch(
    github: GitHubServer, repo: Repository
) -> None:
    propose(github)
    repo.push(BRANCH, {"Dockerfile": NEW + b"# by hand\n"})
    repo.delete_branch(BRANCH)

    result = propose(github)

    assert (result.number, result.action) == (2, PullRequestAction.OPENED)
    only_commit(repo)


def test_a_pull_request_from_a_fork_is_none_of_ours(github: GitHubServer, repo: Repository) -> None:
    # An organisation may hold a fork of its own repository: GitHub then lists it for the same `owner:branch`.
    fork = github.create_repository("acme/shop-fork", files=FILES)
    theirs = repo.pull_from_fork(fork, fork.push(BRANCH, {"Dockerfile": NEWER}), BRANCH)

    assert propose(github).action is PullRequestAction.OPENED
    assert propose(github).action is PullRequestAction.UNCHANGED

    assert [pull.number for pull in repo.open_pulls()] == [theirs.number, 2]
    assert theirs.title == "From a fork"
    assert fork.files(BRANCH)["Dockerfile"] == NEWER


# Closed and merged


def test_a_merged_pull_request_is_followed_by_a_new_one(github: GitHubServer, repo: Repository) -> None:
    propose(github)
    repo.merge(1)

    result = propose(github, proposal(files=(file("Dockerfile", NEW, NEWER),)))

    assert (result.number, result.action) == (2, PullRequestAction.OPENED)
    only_commit(repo)
    assert repo.files(BRANCH)["Dockerfile"] == NEWER


def test_a_closed_pull_request_is_followed_by_a_new_one(github: GitHubServer, repo: Repository) -> None:
    propose(github)
    repo.close(1)

    result = propose(github, proposal(files=(file("Dockerfile", OLD, NEWER),)))

    assert (result.number, result.action) == (2, PullRequestAction.OPENED)
    assert [pull.state for pull in repo.pulls.values()] == ["closed", "open"]


@pytest.mark.parametrize("squash", [False, True])
def test_a_branch_that_was_merged_with_a_persons_commits_is_free_again(
    github: GitHubServer, repo: Repository, *, squash: bool
) -> None:
    propose(github)
    repo.push(BRANCH, {"notes.txt": b"by hand\n"})
    repo.merge(1, squash=squash)

    result = propose(github, proposal(files=(file("Dockerfile", NEW, NEWER),)))

    assert (result.number, result.action) == (2, PullRequestAction.OPENED)
    assert repo.files(BRANCH) == {**FILES, "notes.txt": b"by hand\n", "Dockerfile": NEWER}


def test_commits_pushed_after_the_merge_keep_the_branch_taken(github: GitHubServer, repo: Repository) -> None:
    propose(github)
    repo.push(BRANCH, {"notes.txt": b"by hand\n"})
    repo.merge(1)
    theirs = repo.push(BRANCH, {"notes.txt": b"more\n"})

    with pytest.raises(ForgeConflict, match="did not make"):
        propose(github, proposal(files=(file("Dockerfile", NEW, NEWER),)))

    assert repo.head(BRANCH) == theirs


# Bases


def test_another_base_than_the_default_branch_can_be_named(github: GitHubServer, repo: Repository) -> None:
    repo.push("release/1", {"README.md": b"# Shop 1\n"})
    calls(github)

    propose(github, proposal(base="release/1"))

    assert repo.pulls[1].base == "release/1"
    assert repo.git.commit(repo.head(BRANCH) or "").parents == (repo.head("release/1"),)
    assert "GET " not in calls(github)  # the default branch was not asked for


def test_each_base_has_its_own_pull_request(github: GitHubServer, repo: Repository) -> None:
    repo.push("release", {"README.md": b"# Shop 1\n"})
    propose(github)

    result = propose(github, proposal(base="release"))

    assert (result.number, result.action) == (2, PullRequestAction.OPENED)


def test_a_base_that_is_not_there_is_named(github: GitHubServer, repo: Repository) -> None:
    with pytest.raises(ForgeConflict, match="there is no branch develop on the forge"):
        propose(github, proposal(base="develop"))

    assert repo.pulls == {}


def test_a_branch_is_not_proposed_to_itself(github: GitHubServer, repo: Repository) -> None:
    with pytest.raises(ForgeConflict, match="from main into itself"):
        propose(github, proposal(branch="main"))

    assert repo.files("main") == FILES


# Labels


def test_labels_are_put_on_and_made_where_they_are_missing(github: GitHubServer, repo: Repository) -> None:
    repo.new_label("docker")

    propose(github, proposal(labels=("docker", "Abhängigkeiten 📦")))

    assert repo.pulls[1].labels == ["docker", "Abhängigkeiten 📦"]


def test_labels_are_compared_as_github_does_without_case(github: GitHubServer, repo: Repository) -> None:
    repo.new_label("Docker")
    propose(github, proposal(labels=("docker",)))
    calls(github)

    assert propose(github, proposal(labels=("docker",))).action is PullRequestAction.UNCHANGED
    assert len(calls(github)) == 3


def test_a_label_that_cannot_be_made_does_not_stop_the_pull_request(
    github: GitHubServer, repo: Repository
) -> None:
    github.add_token(TOKEN, permissions={"contents": "write", "pull_requests": "write"})

    result = propose(github, proposal(labels=("dependencies",)))

    assert (result.number, result.action) == (1, PullRequestAction.OPENED)
    assert repo.pulls[1].labels == []
    assert "it could not be labelled dependencies" in result.note
    assert "issues: write" in result.note


def test_labels_of_people_stay(github: GitHubServer, repo: Repository) -> None:
    propose(github, proposal(labels=("dependencies",)))
    repo.new_label("reviewed")
    repo.pulls[1].labels.append("reviewed")

    propose(github, proposal(labels=("dependencies",), files=(file("Dockerfile", OLD, NEWER),)))

    assert repo.pulls[1].labels == ["dependencies", "reviewed"]
