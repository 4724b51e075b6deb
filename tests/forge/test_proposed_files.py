"""Which files a proposal may change, and that they arrive byte for byte."""

from typing import Any

import pytest

from pinbot.errors import ForgeConflict
from pinbot.model.proposal import PullRequestAction
from tests.forge.support import BRANCH, FILES, NEW, OLD, calls, file, proposal, propose
from tests.support.github.server import GitHubServer
from tests.support.github.state import Repository

pytestmark = pytest.mark.needs("git")


def test_the_executable_mode_is_kept(github: GitHubServer, repo: Repository) -> None:
    repo.push("main", {"build.sh": OLD}, executable=["build.sh"])

    propose(github, proposal(files=(file("build.sh", OLD, NEW), file("Dockerfile", OLD, NEW))))

    modes = {entry.path: entry.mode for entry in repo.git.tree(BRANCH)}
    assert (modes["build.sh"], modes["Dockerfile"]) == ("100755", "100644")


@pytest.mark.parametrize(
    "after",
    [
        b"FROM alpine:3.22\r\nRUN true\r\n",
        b"\xef\xbb\xbfFROM alpine:3.22",
        b"# caf\xe9 in Latin-1\nFROM alpine\n",
        b"\x00\x01\x02",
        b"",
        "# \u2028 \u0085 \U0001f600 \t\x0b\x0c\x7f\n".encode(),
        b"x" * 2_000_000,
    ],
    ids=["crlf", "bom", "latin-1", "binary", "empty", "unicode", "large"],
)
def test_content_arrives_byte_for_byte(github: GitHubServer, repo: Repository, after: bytes) -> None:
    propose(github, proposal(files=(file("Dockerfile", OLD, after),)))

    assert repo.files(BRANCH)["Dockerfile"] == after


def test_files_that_do_not_change_are_not_written(github: GitHubServer, repo: Repository) -> None:
    propose(github, proposal(files=(file("Dockerfile", OLD, NEW), file("README.md", b"x", b"x"))))

    assert repo.files(BRANCH) == {**FILES, "Dockerfile": NEW}


def test_a_proposal_that_changes_nothing_is_refused(github: GitHubServer, repo: Repository) -> None:
    with pytest.raises(ForgeConflict, match="changes no file"):
        propose(github, proposal(files=(file("Dockerfile", OLD, OLD),)))

    assert repo.head(BRANCH) is None


@pytest.mark.parametrize(
    "path", ["Dockerfile alpine", "dé/Dockerfile", "a\"b'c`d/Dockerfile", "-x/..y/Dockerfile", "a\\b", "a\tb"]
)
def test_odd_paths_are_just_paths(github: GitHubServer, repo: Repository, path: str) -> None:
    repo.push("main", {path: OLD})

    propose(github, proposal(files=(file(path, OLD, NEW),)))

    assert repo.files(BRANCH) == {**FILES, path: NEW}


def test_odd_branches_titles_and_bodies_arrive_as_they_are(github: GitHubServer, repo: Repository) -> None:
    branch, title = "pinbot/é#1 100%&?".replace(" ", "-").replace("?", ""), "Pin `a` & <b> \"c\" 'd' é 😀"
    body = '<script>alert(1)</script>\n@everyone &amp; "\\" \u202e\n```\n' + "é" * 60_000

    for _ in range(2):
        result = propose(github, proposal(branch=branch, title=title, body=body))

    assert result.action is PullRequestAction.UNCHANGED
    assert (repo.pulls[1].title, repo.pulls[1].head) == (title, branch)
    assert (repo.pulls[1].body or "").startswith(body)


def refused(github: GitHubServer, repo: Repository, *files: Any) -> ForgeConflict:
    """The refusal of a proposal, which must have changed nothing."""
    refs = repo.git.refs("refs/")
    with pytest.raises(ForgeConflict) as caught:
        propose(github, proposal(files=files))
    assert repo.git.refs("refs/") == refs
    assert repo.pulls == {}
    assert not github.writes
    return caught.value


def test_a_file_that_is_another_one_on_the_base_is_a_conflict(github: GitHubServer, repo: Repository) -> None:
    repo.push("main", {"web/Dockerfile": OLD + b"# pushed by somebody\n"})

    problem = refused(github, repo, file("Dockerfile", OLD, NEW), file("web/Dockerfile", OLD, NEW))

    assert (problem.file, problem.message) == ("web/Dockerfile", "the file is not what it is on main")
    assert "check out main as it is now" in problem.hint


def test_line_ends_changed_by_git_are_recognised(github: GitHubServer, repo: Repository) -> None:
    problem = refused(github, repo, file("Dockerfile", OLD.replace(b"\n", b"\r\n"), NEW))

    assert "line ends were changed" in problem.message
    assert "core.autocrlf=false" in problem.hint


@pytest.mark.parametrize("path", ["gone/Dockerfile", "README.md/Dockerfile", "Dockerfile.new"])
def test_a_file_that_the_base_does_not_have_is_a_conflict(
    github: GitHubServer, repo: Repository, path: str
) -> None:
    problem = refused(github, repo, file(path, OLD, NEW))

    assert (problem.file, problem.message) == (path, "there is no such file on main")


def test_a_symbolic_link_is_not_written_through(github: GitHubServer, repo: Repository) -> None:
    repo.push("main", {"Containerfile": b"Dockerfile"}, links=["Containerfile"])

    problem = refused(github, repo, file("Containerfile", OLD, NEW))

    assert (problem.file, problem.message) == ("Containerfile", "the file is a symbolic link on main")


def test_a_folder_is_no_file(github: GitHubServer, repo: Repository) -> None:
    assert "is no file" in refused(github, repo, file("web", OLD, NEW)).message


def test_a_tree_too_large_for_one_listing_is_read_folder_by_folder(
    github: GitHubServer, repo: Repository
) -> None:
    repo.push("main", {"a/b/c/Dockerfile": OLD, "a/b/Dockerfile": OLD, "zz/Dockerfile": OLD})
    repo.tree_limit = 4
    files = [file(path, OLD, NEW) for path in ("a/b/c/Dockerfile", "a/b/Dockerfile", "Dockerfile")]

    propose(github, proposal(files=tuple(files)))

    changed = dict.fromkeys(("a/b/c/Dockerfile", "a/b/Dockerfile", "Dockerfile"), NEW)
    assert repo.files(BRANCH) == {**repo.files("main"), **changed}
    # once for everything, then the root, a, a/b and a/b/c
    assert calls(github).count("GET git/trees") == 5


@pytest.mark.parametrize("path", ["no/Dockerfile", "README.md/x", "web/no"])
def test_a_file_missing_in_a_large_tree_is_a_conflict_too(
    github: GitHubServer, repo: Repository, path: str
) -> None:
    repo.tree_limit = 3

    assert refused(github, repo, file(path, OLD, NEW)).file == path
