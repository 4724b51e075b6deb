"""The commit of a release, asked of a real repository that stands in for GitHub's."""

from pathlib import Path

import pytest

from pinbot.errors import ForgeError
from pinbot.forge.releases import commit_of
from tests.support.project import Project

pytestmark = pytest.mark.needs("git")


@pytest.fixture
def host(tmp_path: Path) -> str:
    project = Project(tmp_path / "pinbot" / "pinbot", {"action.yml": "name: pinbot\n"})
    project.commit()
    project.git("tag", "v1")
    project.git("tag", "--annotate", "--message", "Two", "v2")
    return tmp_path.as_uri()


@pytest.mark.parametrize("tag", ["v1", "v2"])
def test_a_tag_gives_its_commit_also_where_it_is_an_object_of_its_own(
    host: str, tag: str, tmp_path: Path
) -> None:
    head = (tmp_path / "pinbot" / "pinbot" / ".git" / "refs" / "heads" / "main").read_text().strip()
    assert commit_of("pinbot/pinbot", tag, host=host) == head


def test_a_tag_that_is_not_there_and_a_host_that_does_not_answer_say_so(host: str) -> None:
    with pytest.raises(ForgeError, match="has no tag v3"):
        commit_of("pinbot/pinbot", "v3", host=host)
    with pytest.raises(ForgeError, match="cannot be asked: fatal: "):
        commit_of("pinbot/other", "v1", host=host)


def test_where_there_is_no_git_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ForgeError, match="git is not installed"):
        commit_of("pinbot/pinbot", "v1")
