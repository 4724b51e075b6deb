"""The workflow that `pinbot init` writes, as GitHub's runner has it: one job builds, another proposes."""

import re
from pathlib import Path

import pytest

from pinbot.scaffold import repository as scaffold
from tests.support.action_runner import Runner
from tests.support.github.server import GitHubServer
from tests.support.oci import Entry, Image, Pusher, layer
from tests.support.registry import RegistryServer

pytestmark = [pytest.mark.slow, pytest.mark.needs("act", "docker-registry", "buildah", "git")]

REPOSITORY, TOKEN = "acme/shop", "ghs_OfTheWorkflow0123456789abcdefghijkl"
FILES = {
    "good/Dockerfile": "FROM base:1\nCOPY motd /etc/motd\nUSER 1:1\n",
    "good/motd": "hello\n",
    "bad/Dockerfile": "FROM base:1\nCOPY nosuch /etc/motd\nUSER 1:1\n",
}


def test_what_builds_is_proposed_with_its_verdict_and_what_does_not_is_held(
    registry: RegistryServer, tmp_path: Path, cache: Path, contract: object
) -> None:
    pusher = Pusher(registry.base_url)
    image = Image(layers=(layer([Entry(name="etc", mode=0o755), Entry(name="etc/release", data=b"1\n")]),))
    digest = pusher.image("library/base", "1", image)
    pusher.close()
    settings = (
        f"registries:\n  docker.io:\n    location: {registry.host}\n    insecure: true\n"
        "exclude: [pinbot-action]\n"
    )
    runner = Runner(tmp_path, repository=REPOSITORY, files={**FILES, "pinbot.yaml": settings})
    workflow = scaffold.workflow(None).data.decode().replace(scaffold.action(None), "./pinbot-action")
    with GitHubServer(contract=contract) as github:
        github.add_token(TOKEN)
        repository = github.create_repository(
            REPOSITORY, files={path: text.encode() for path, text in FILES.items()}
        )
        variables = {
            "GITHUB_API_URL": github.url,
            "PINBOT_BUILDER": "buildah",
            "XDG_CACHE_HOME": str(cache),
        }
        log = runner.run_workflow(workflow, TOKEN, "workflow_dispatch", {}, variables)
        assert github.problems == [], log
        [pull] = repository.open_pulls()
        files = repository.files(pull.head)
    assert files["good/Dockerfile"].decode() == FILES["good/Dockerfile"].replace("base:1", f"base:1@{digest}")
    assert files["bad/Dockerfile"].decode() == FILES["bad/Dockerfile"]
    body = pull.body or ""
    assert "**The test build passed** in an earlier, separate job: `good/Dockerfile`." in body
    assert "1 more did not pass and stays as before; see below." in body
    assert "`bad/Dockerfile` failed at " in body

    build, propose = (
        "\n".join(line for line in log.splitlines() if f"/{job}" in line.partition("]")[0])
        for job in ("Build with the new digests", "Propose what builds")
    )
    assert re.search(r"Pull request opened: http", propose)
    assert "Pull request" not in build
    assert "The builds ran in an earlier, separate job" in propose
    assert TOKEN not in log
