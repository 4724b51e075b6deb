"""The Action from end to end: real workflows, a real registry, and GitHub's stand-in."""

import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.action_runner import Job, Runner
from tests.support.app_keys import keys
from tests.support.github.server import GitHubServer
from tests.support.oci import Image, Pusher, digest_of
from tests.support.registry import PASSWORD, USERNAME, RegistryServer

pytestmark = [pytest.mark.slow, pytest.mark.needs("act", "docker-registry", "git")]

REPOSITORY = "acme/shop"
TOKEN = "ghs_OfTheWorkflow0123456789abcdefghijkl"
WRONG_TOKEN = "ghs_OfNobody0123456789abcdefghijklmnopqr"

# A Python that looks beside the files it works on, or where PYTHONPATH says, finds these first.
HIJACKER = "import os\nopen(os.environ['RESULTS'] + '/hijacked', 'w').close()\n"
NAMES = ("action.py", "click.py", "json.py", "pip.py", "pinbot.py", "sitecustomize.py", "venv.py")
FILES = {
    **dict.fromkeys(NAMES, HIJACKER),
    "Dockerfile": "FROM alpine:3.22\nRUN true\n",
    "lost/Dockerfile": "FROM alpine:3.22\nFROM nosuch:1\n",
}

DIGEST = digest_of(Image().manifest)
UPDATE = {
    "image": "docker.io/library/alpine:3.22",
    "kind": "pin",
    "old": {"tag": "3.22", "digest": None},
    "new": {"tag": "3.22", "digest": DIGEST},
    "seen": None,
    "pushed": None,
    "locations": [{"file": "Dockerfile", "line": 1, "column": 6}],
}

OWN = """\
      - id: scanned
        uses: ./pinbot-action
        with:
          command: scan
          paths: |
            Dockerfile
            lost
      - id: checked
        uses: ./pinbot-action
        with:
          paths: Dockerfile
          dry-run: true
      - id: unfit
        continue-on-error: true
        uses: ./pinbot-action
        with:
          python: "false"
      - id: mistyped
        continue-on-error: true
        uses: ./pinbot-action
        with:
          dry-run: perhaps
      - id: lost
        continue-on-error: true
        uses: ./pinbot-action
        with:
          paths: lost
          dry-run: true
      - id: literal
        continue-on-error: true
        uses: ./pinbot-action
        with:
          command: scan
          paths: |
            $(touch "$RESULTS/injected")
            `touch "$RESULTS/injected"`
            "; touch "$RESULTS/injected"
            --help
      - id: private
        uses: ./pinbot-action
        with:
          paths: Dockerfile
          config: private.yaml
          dry-run: true
      - id: denied
        continue-on-error: true
        uses: ./pinbot-action
        with:
          paths: Dockerfile
          pull-request: true
          token: ${{ env.WRONG_TOKEN }}
      - id: opened
        uses: ./pinbot-action
        with:
          paths: Dockerfile
          pull-request: true
          labels: |
            base images
            security
      - id: found
        uses: ./pinbot-action
        with:
          paths: Dockerfile
          pull-request: true
      - id: many
        uses: ./pinbot-action
        with:
          pull-request: true
          installed: true
          repositories: acme/cart
          app-id: 1234
          app-private-key: ${{ env.APP_KEY }}
          token: ""
      - id: written
        uses: ./pinbot-action
        with:
          paths: Dockerfile
"""

FORK = """\
      - id: variables
        continue-on-error: true
        uses: ./pinbot-action
        with:
          paths: Dockerfile
          config: variables.yaml
          build: true
          pull-request: true
      - id: keychain
        continue-on-error: true
        uses: ./pinbot-action
        with:
          paths: Dockerfile
          config: private.yaml
"""


def configuration(registry: RegistryServer, more: str = "") -> str:
    return f"registries:\n  docker.io:\n    location: {registry.host}\n    insecure: true\n{more}"


def prepare(folder: Path, hub: RegistryServer, private: RegistryServer) -> Runner:
    """A repository, and on the runner credentials for the private registry, as `docker login` leaves them."""
    variables = "    username_variable: HUB_USER\n    password_variable: HUB_PASSWORD\n"
    runner = Runner(
        folder,
        repository=REPOSITORY,
        files={
            **FILES,
            "pinbot.yaml": configuration(hub),
            "private.yaml": configuration(private),
            "variables.yaml": configuration(private, variables),
        },
    )
    auth = {"auth": b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()}
    keychain = runner.home / ".docker" / "config.json"
    keychain.parent.mkdir(parents=True)
    keychain.write_text(json.dumps({"auths": {private.host: auth}}))
    return runner


@pytest.fixture(scope="module")
def hub() -> Iterator[RegistryServer]:
    with RegistryServer() as registry:
        push(registry)
        yield registry


@pytest.fixture(scope="module")
def private() -> Iterator[RegistryServer]:
    with RegistryServer(htpasswd=True) as registry:
        push(registry)
        yield registry


def push(registry: RegistryServer) -> None:
    pusher = Pusher(registry.base_url, auth=registry.auth)
    assert pusher.image("library/alpine", "3.22", Image()) == DIGEST
    pusher.close()


@pytest.fixture(scope="module")
def github() -> Iterator[GitHubServer]:
    with GitHubServer() as server:
        server.add_token(TOKEN)
        yield server


@pytest.fixture(scope="module")
def own(
    tmp_path_factory: pytest.TempPathFactory,
    hub: RegistryServer,
    private: RegistryServer,
    github: GitHubServer,
) -> Job:
    """A job that somebody started by hand."""
    runner = prepare(tmp_path_factory.mktemp("own"), hub, private)
    files = {"Dockerfile": FILES["Dockerfile"].encode()}
    github.create_repository(REPOSITORY, files=files)
    github.add_app("1234", keys()[1], repositories=("acme/cart", "ada/site"))
    for name in ("acme/cart", "ada/site"):
        github.create_repository(name, files=files).private = True
    one_line = keys()[0].replace("\n", "\\n")
    return runner.run(
        OWN,
        token=TOKEN,
        event="workflow_dispatch",
        payload={},
        variables={"GITHUB_API_URL": github.url, "WRONG_TOKEN": WRONG_TOKEN, "APP_KEY": one_line},
    )


@pytest.fixture(scope="module")
def fork(
    tmp_path_factory: pytest.TempPathFactory,
    hub: RegistryServer,
    private: RegistryServer,
) -> Iterator[tuple[Job, GitHubServer]]:
    """A job on a stranger's pull request, in a workflow that has secrets all the same."""
    runner = prepare(tmp_path_factory.mktemp("fork"), hub, private)
    with GitHubServer() as server:
        job = runner.run(
            FORK,
            token=TOKEN,
            event="pull_request_target",
            payload={
                "repository": {"full_name": REPOSITORY},
                "pull_request": {"head": {"repo": {"full_name": "mallory/shop"}}},
            },
            variables={"GITHUB_API_URL": server.url, "HUB_USER": USERNAME, "HUB_PASSWORD": PASSWORD},
        )
        yield job, server


def test_a_scan_lists_the_images_in_the_summary(own: Job) -> None:
    assert own.outcome("scanned") == "success"
    assert own.output("scanned", "exit-code") == 0
    assert "Summary - ### pinbot scan\n\n**3 image references**: 0 pinned, 3 unpinned, 0 skipped." in own.log


def test_a_dry_run_succeeds_and_tells_that_there_is_something_to_change(own: Job) -> None:
    assert own.outcome("checked") == "success"
    assert own.output("checked", "exit-code") == 10
    assert own.output("checked", "updates") == [UPDATE]
    assert own.output("checked", "changed-files") == []
    assert f"docker.io/library/alpine:3.22 is {DIGEST} now, and has no digest here" in own.log


def test_a_python_that_is_unfit_is_refused_with_what_to_do(own: Job) -> None:
    assert own.outcome("unfit") == "failure"
    assert "Python 3.11 or newer with venv is needed; add actions/setup-python" in own.log


def test_a_wrong_input_is_named(own: Job) -> None:
    assert own.outcome("mistyped") == "failure"
    assert own.output("mistyped", "exit-code") == 2
    assert own.output("mistyped", "updates") == []
    assert "dry-run: expected true or false, not 'perhaps'" in own.log


def test_an_image_that_is_not_there_fails_the_step_and_leaves_the_others(own: Job) -> None:
    assert own.outcome("lost") == "failure"
    assert own.output("lost", "exit-code") == 1
    assert [entry["image"] for entry in own.output("lost", "updates")] == ["docker.io/library/alpine:3.22"]
    assert "docker.io/library/nosuch:1" in own.log


def test_inputs_are_data_and_never_shell_or_options(own: Job) -> None:
    assert own.output("literal", "exit-code") == 1
    assert not (own.results / "injected").exists()
    assert "Usage:" not in own.log


def test_credentials_of_docker_login_are_used(own: Job) -> None:
    assert own.output("private", "exit-code") == 10
    assert own.output("private", "updates") == [UPDATE]


def test_a_wrong_token_is_told_as_such(own: Job) -> None:
    assert own.outcome("denied") == "failure"
    assert own.output("denied", "exit-code") == 1
    assert own.output("denied", "pull-requests") == []
    assert "GitHub says: Bad credentials: the token is wrong or has expired" in own.log


def test_a_pull_request_is_opened_once(own: Job, github: GitHubServer) -> None:
    repository = github.repositories[REPOSITORY]
    assert [entry["action"] for entry in own.output("opened", "pull-requests")] == ["opened"]
    assert [entry["action"] for entry in own.output("found", "pull-requests")] == ["unchanged"]
    [pull] = repository.pulls.values()
    proposed = repository.files(pull.head)["Dockerfile"]
    assert proposed == f"FROM alpine:3.22@{DIGEST}\nRUN true\n".encode()
    assert sorted(pull.labels) == ["base images", "security"]
    assert f"Pull request opened: {own.output('opened', 'pull-requests')[0]['url']}" in own.log


def test_as_an_app_it_works_wherever_the_app_is_installed(own: Job, github: GitHubServer) -> None:
    assert own.outcome("many") == "success"
    pulls = own.output("many", "pull-requests")
    assert [(pull["repository"], pull["action"]) for pull in pulls] == [
        ("acme/cart", "opened"),
        ("ada/site", "opened"),
    ]
    assert [entry["repository"] for entry in own.output("many", "updates")] == ["acme/cart", "ada/site"]
    assert github.repositories["ada/site"].pulls[1].user == "pinbot[bot]"
    assert "**2 repositories**: 2 done; 2 images to change" in own.log
    assert "| `acme/cart` | to change | 1 to change | opened: " in own.log


def test_without_a_pull_request_the_working_tree_is_changed(own: Job) -> None:
    assert own.output("written", "changed-files") == ["Dockerfile"]
    changed = [line for line in own.diff.splitlines() if line[:1] in "+-"]
    assert changed == [
        "--- a/Dockerfile",
        "+++ b/Dockerfile",
        "-FROM alpine:3.22",
        f"+FROM alpine:3.22@{DIGEST}",
    ]


def test_nothing_is_imported_from_the_repository(own: Job) -> None:
    assert not (own.results / "hijacked").exists()


def test_tokens_and_passwords_stay_out_of_the_log(own: Job, fork: tuple[Job, GitHubServer]) -> None:
    for job in (own, fork[0]):
        assert TOKEN not in job.log
        assert PASSWORD not in job.log
        assert keys()[0].splitlines()[1] not in job.log


def test_on_a_fork_no_credential_is_in_reach(fork: tuple[Job, GitHubServer]) -> None:
    job, _ = fork
    assert job.output("variables", "exit-code") == 1
    assert job.output("keychain", "exit-code") == 1
    assert "the variable HUB_USER is empty or not set" in job.log
    assert job.log.count("title=pinbot%3A access-denied") == 2
    assert "Registries are asked without credentials, since the files may be a stranger's." in job.log


def test_on_a_fork_nothing_is_built_written_or_proposed(fork: tuple[Job, GitHubServer]) -> None:
    job, server = fork
    assert "Files that may be a stranger's are not test-built" in job.log
    assert job.diff == ""
    assert server.requests == []
