"""An update that builds, and what it does to the image: what is new, what is gone, what holds it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.github.server import GitHubServer
from tests.support.images import BUSYBOX
from tests.support.oci import Entry, Image, Pusher, layer
from tests.support.project import Project, Run
from tests.support.registry import RegistryServer

pytestmark = [pytest.mark.needs("docker-registry"), pytest.mark.needs("buildah"), pytest.mark.needs("git")]

REPOSITORY, TOKEN = "acme/service", "ghp_TheTokenOfThisTest"
DOCKERFILE = """\
FROM files:1@{digest} AS files
FROM scratch
COPY --from=files /rootfs /
WORKDIR /srv
USER 10001:10001
ENTRYPOINT ["/app", "true"]
"""


def base(*, mime_types: str = "text/plain txt\n", motd_mode: int = 0o444, motd_owner: int = 0) -> Image:
    return Image(
        layers=(
            layer(
                [
                    Entry(name="rootfs", mode=0o755),
                    Entry(name="rootfs/app", data=BUSYBOX.read_bytes(), mode=0o555),
                    Entry(name="rootfs/etc", mode=0o755),
                    Entry(name="rootfs/etc/mime.types", data=mime_types.encode(), mode=0o444),
                    Entry(name="rootfs/etc/motd", data=b"hello\n", mode=motd_mode, uid=motd_owner),
                    Entry(name="rootfs/srv", mode=0o555),
                ]
            ),
        )
    )


@pytest.fixture
def pusher(registry: RegistryServer) -> Iterator[Pusher]:
    pusher = Pusher(registry.base_url)
    yield pusher
    pusher.close()


@pytest.fixture
def project(tmp_path: Path, registry: RegistryServer) -> Project:
    project = Project(tmp_path / "project")
    project.use_registry(registry.host)
    return project


def update(project: Project, cache: Path, *arguments: str, **environment: str) -> Run:
    env = {"PINBOT_BUILDER": "buildah", "XDG_CACHE_HOME": str(cache), **environment}
    return project.pinbot("update", "--build", *arguments, env=env)


def test_one_finding_is_new_and_one_is_gone(
    project: Project, pusher: Pusher, cache: Path, contract: object
) -> None:
    old = pusher.image("library/files", "1", base(motd_mode=0o646))
    pusher.image("library/files", "1", base(mime_types=""))
    project.write("Dockerfile", DOCKERFILE.format(digest=old))
    project.commit()
    with GitHubServer(contract=contract) as github:
        github.add_token(TOKEN)
        repository = github.create_repository(REPOSITORY, from_directory=project.root)
        run = update(
            project,
            cache,
            "--pull-request",
            GITHUB_TOKEN=TOKEN,
            GITHUB_REPOSITORY=REPOSITORY,
            GITHUB_API_URL=github.url,
        )
        assert run.code == 0, run.err
        assert "Dockerfile passes the audit: 1 new, 1 gone" in run.text
        assert "warning  I10  '/etc/mime.types' says nothing" in run.text
        assert "  gone     I6" in run.text
        assert "file 0646 0:0 is now file 0444 0:0: /etc/motd" in run.text
        [pull] = repository.open_pulls()
        body = pull.body or ""
        assert "The audit finds 1 new, and 1 that is gone; see below." in body
        assert "| **new** warning | I10 |" in body
        assert "| gone warning | I6 |" in body
        assert github.problems == []


def test_an_error_that_an_update_brings_holds_it(project: Project, pusher: Pusher, cache: Path) -> None:
    old = pusher.image("library/files", "1", base())
    pusher.image("library/files", "1", base(motd_mode=0o4755))
    project.write("Dockerfile", DOCKERFILE.format(digest=old))
    run = update(project, cache, "--format", "json")
    assert run.code == 11
    [build] = run.json["builds"]
    assert (build["ok"], build["after"]["result"]) == (False, "built")
    assert [finding["rule"] for finding in build["audit"]["changes"]["new"]] == ["I6"]
    assert run.json["held"] == ["Dockerfile"]
    assert project.read("Dockerfile").decode() == DOCKERFILE.format(digest=old)


def test_an_error_that_was_there_before_holds_nothing(project: Project, pusher: Pusher, cache: Path) -> None:
    old = pusher.image("library/files", "1", base(motd_mode=0o4755))
    new = pusher.image("library/files", "1", base(motd_mode=0o4755, mime_types="text/html html\n"))
    project.write("Dockerfile", DOCKERFILE.format(digest=old))
    run = update(project, cache)
    assert run.code == 0
    assert "Dockerfile does not pass the audit" in run.text
    assert project.read("Dockerfile").decode() == DOCKERFILE.format(digest=new)
