"""Two runs as they are in two jobs: one builds without a token, the other proposes without a builder."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.github.server import GitHubServer
from tests.support.github.state import Repository
from tests.support.images import push_base_images
from tests.support.oci import Entry, Image, Pusher, layer
from tests.support.project import Project, Run
from tests.support.registry import RegistryServer

pytestmark = pytest.mark.needs("base-images", "buildah", "git")

REPOSITORY, TOKEN = "acme/shop", "ghp_TheTokenOfThisTest"
GOOD = "FROM alpine:3.22 AS files\nRUN true\nFROM scratch\nCOPY --from=files /etc/passwd /\nUSER 1:1\n"
BROKEN = "FROM alpine:3.22 AS files\nRUN echo almost && exit 3\n"


class Place:
    """A repository, its two jobs, and what lies between them."""

    def __init__(self, project: Project, cache: Path, github: GitHubServer, folder: Path) -> None:
        self.project = project
        self.cache = cache
        self.github = github
        self.file = folder / "verdicts.json"
        self.nobody = folder / "nobody"

    def publish(self) -> Repository:
        self.project.commit()
        return self.github.create_repository(REPOSITORY, from_directory=self.project.root)

    def build(self, *arguments: str) -> Run:
        environ = {"PINBOT_BUILDER": "buildah", "XDG_CACHE_HOME": str(self.cache)}
        save = ("--dry-run", "--build", "--save-verdicts", str(self.file))
        return self.project.pinbot("update", *save, *arguments, env=environ)

    def propose(self, *arguments: str) -> Run:
        """No builder is in reach here, so that nothing can have been built."""
        environ = {
            "PATH": self._without_builders(),
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_API_URL": self.github.url,
        }
        given = ("--pull-request", "--verdicts", str(self.file))
        return self.project.pinbot("update", *given, *arguments, env=environ)

    def _without_builders(self) -> str:
        self.nobody.mkdir(exist_ok=True)
        git = self.nobody / "git"
        if not git.is_symlink():
            git.symlink_to("/usr/bin/git")
        return str(self.nobody)

    @property
    def verdicts(self) -> Any:
        return json.loads(self.file.read_text())


@pytest.fixture
def place(registry: RegistryServer, cache: Path, tmp_path: Path, contract: object) -> Iterator[Place]:
    push_base_images(registry.base_url, revision=1)
    project = Project(tmp_path / "project")
    project.use_registry(registry.host)
    with GitHubServer(contract=contract) as github:
        github.add_token(TOKEN)
        yield Place(project, cache, github, tmp_path)
        assert github.problems == []


@pytest.fixture
def pusher(registry: RegistryServer) -> Iterator[Pusher]:
    pusher = Pusher(registry.base_url)
    yield pusher
    pusher.close()


def image(content: str) -> Image:
    return Image(layers=(layer([Entry(name="etc/release", data=content.encode())]),))


def test_what_builds_is_proposed_with_its_verdict_and_what_does_not_is_held(place: Place) -> None:
    place.project.write("good/Dockerfile", GOOD)
    place.project.write("bad/Dockerfile", BROKEN)
    repository = place.publish()

    built = place.build()
    assert built.code == 11
    assert place.github.requests == []

    proposed = place.propose("--format", "json")
    assert proposed.code == 11, proposed.err
    assert [pull["action"] for pull in proposed.json["pull_requests"]] == ["opened"]
    assert proposed.json["held"] == ["bad/Dockerfile"]
    assert [(one["dockerfile"], one["ok"], one["earlier"]) for one in proposed.json["builds"]] == [
        ("bad/Dockerfile", False, True),
        ("good/Dockerfile", True, True),
    ]
    [pull] = repository.open_pulls()
    files = repository.files(pull.head)
    assert b"@sha256:" in files["good/Dockerfile"]
    assert files["bad/Dockerfile"] == BROKEN.encode()
    body = pull.body or ""
    assert "**The test build passed** in an earlier, separate job: `good/Dockerfile`." in body
    assert "| `good/Dockerfile` | passed |" in body
    assert "### Audit" in body
    assert "`bad/Dockerfile` failed at `RUN echo almost && exit 3`" in body
    assert "\nalmost\n" in body
    assert "They ran in an earlier, separate job" in body

    place.github.forget_requests()
    again = place.propose("--format", "json")
    assert [pull["action"] for pull in again.json["pull_requests"]] == ["unchanged"]
    assert place.github.writes == []


def test_a_tag_that_moves_in_between_waits_and_keeps_no_other(place: Place, pusher: Pusher) -> None:
    pusher.image("library/restless", "1", image("first"))
    place.project.write("good/Dockerfile", GOOD)
    place.project.write("moved/Dockerfile", "FROM restless:1\n")
    repository = place.publish()
    assert place.build().code == 10
    digest = pusher.image("library/restless", "1", image("second"))

    proposed = place.propose()
    assert proposed.code == 0, proposed.err
    assert [pull.title.split()[1] for pull in repository.open_pulls()] == ["alpine:3.22"]
    assert (
        f"waiting: restless:1 to {digest[7:19]}: was not built: it moved, or its file changed" in proposed.err
    )
    assert "test build: made in an earlier, separate job" in proposed.text

    assert place.build().code == 10
    assert place.propose().code == 0
    assert sorted(pull.title.split()[1] for pull in repository.open_pulls()) == ["alpine:3.22", "restless:1"]


def test_what_waits_in_part_does_not_have_the_pull_request_written_again(place: Place) -> None:
    place.project.write("good/Dockerfile", GOOD)
    place.project.write("other/Dockerfile", GOOD)
    repository = place.publish()
    place.build()
    document = place.verdicts
    [build] = document["builds"]
    build["verdicts"] = [one for one in build["verdicts"] if one["target"]["dockerfile"] == "good/Dockerfile"]
    place.file.write_text(json.dumps(document))

    opened = place.propose("--format", "json")
    assert opened.code == 0, opened.err
    assert [pull["action"] for pull in opened.json["pull_requests"]] == ["opened"]
    [wait] = opened.json["waiting"]
    assert [one["file"] for one in wait["locations"]] == ["other/Dockerfile"]
    assert wait["reason"] == "was not built: the job that builds brought no verdict on it"
    [pull] = repository.open_pulls()
    assert repository.files(pull.head)["other/Dockerfile"] == GOOD.encode()
    assert "was not built" in (pull.body or "")

    build["verdicts"][0]["after"]["seconds"] = 99.0  # no build takes as long as the one before
    place.file.write_text(json.dumps(document))
    place.github.forget_requests()
    again = place.propose("--format", "json")
    assert [pull["action"] for pull in again.json["pull_requests"]] == ["unchanged"]
    assert place.github.writes == []


def test_what_waits_for_time_alone_is_built_for_when_it_has_come(place: Place, pusher: Pusher) -> None:
    old = pusher.image("library/young", "1", image("old"))
    pusher.image("library/young", "1", image("new"))
    place.project.configure("cooldown: 3d\n")
    place.project.write("Dockerfile", f"FROM young:1@{old}\n")
    repository = place.publish()
    built = place.build()
    assert (built.code, "1 waiting" in built.err) == (0, True)
    waits = place.propose("--format", "json")
    assert [wait["reason"] for wait in waits.json["waiting"]] == ["first seen just now"]
    assert repository.open_pulls() == []

    place.project.write("pinbot.yaml", place.project.read("pinbot.yaml").replace(b"3d", b"0h"))
    ripe = place.propose("--format", "json")  # by the same verdicts, a while later
    assert (ripe.code, [pull["action"] for pull in ripe.json["pull_requests"]]) == (0, ["opened"]), ripe.err


def test_a_file_that_is_no_verdict_ends_the_run_before_it_begins(place: Place) -> None:
    place.project.write("Dockerfile", GOOD)
    place.publish()
    place.file.write_text('{"schema": "pinbot-verdicts/v1", "builds": [{"files": [], "verdicts": [7]}]}')
    run = place.propose("--format", "json")
    assert (run.code, place.github.requests) == (2, [])
    [error] = run.json["errors"]
    assert "builds[0].verdicts[0]: expected an object" in error["message"]
    assert error["file"] == str(place.file)


def test_verdicts_serve_a_working_tree_as_well(place: Place) -> None:
    place.project.write("good/Dockerfile", GOOD)
    place.project.write("bad/Dockerfile", BROKEN)
    place.build()
    run = place.project.pinbot("update", "--verdicts", str(place.file))
    assert run.code == 11
    assert b"@sha256:" in place.project.read("good/Dockerfile")
    assert place.project.read("bad/Dockerfile") == BROKEN.encode()
