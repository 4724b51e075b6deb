"""`pinbot doctor`, before real registries of every kind."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.render.test_json import check
from tests.support.github.contract import OpenApiContract
from tests.support.github.server import GitHubServer
from tests.support.oci import Pusher
from tests.support.project import Project, Run
from tests.support.registry import PASSWORD, USERNAME, RegistryServer, free_port
from tests.support.registry_link import Fault, LinkProxy
from tests.support.registry_tls import Authority
from tests.support.registry_token import TokenServer

pytestmark = pytest.mark.needs("docker-registry")

NOBODY = {"GITHUB_TOKEN": "", "GITHUB_REPOSITORY": ""}
LOGIN = {"HUB_USER": USERNAME, "HUB_WORD": PASSWORD}
VARIABLES = "    username_variable: HUB_USER\n    password_variable: HUB_WORD\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "project")


@pytest.fixture(scope="module")
def basic() -> Iterator[RegistryServer]:
    with RegistryServer(htpasswd=True) as server:
        push(server)
        yield server


def push(server: RegistryServer, authority: Authority | None = None) -> None:
    verify = authority.context if authority else True
    pusher = Pusher(server.base_url, auth=server.auth, verify=verify)  # type: ignore[arg-type]
    pusher.index("team/app", "1", [])
    pusher.close()


def doctor(project: Project, *servers: str, env: Mapping[str, str] = NOBODY, config: str = "") -> Run:
    project.write("Dockerfile", "".join(f"FROM {host}/team/app:1\n" for host in servers))
    if config:
        project.write("pinbot.yaml", config)
    return project.pinbot("doctor", "--format", "json", env=env)


def test_an_open_registry_is_well(project: Project) -> None:
    with RegistryServer() as server:
        push(server)
        run = doctor(project, server.host)
        shown = project.pinbot("doctor", env={"GITHUB_TOKEN": "ghs_secret"})
    document = check(run.json)
    assert run.code == 0
    assert document["registries"] == [
        {
            "name": server.host,
            "images": 1,
            "failed": 0,
            "reachable": True,
            "address": server.base_url,
            "http_version": "HTTP/1.1",
            "scheme": None,
            "realm": None,
            "credentials": None,
            "certificate": None,
            "source": None,
            "quota": None,
            "mend": None,
        }
    ]
    assert document["github"] == {
        "token_variable": None,
        "app": None,
        "repository": None,
        "asked": False,
        "problem": None,
        "note": "",
    }
    assert document["git"].startswith("git version ")
    assert shown.code == 0
    registry = next(line for line in shown.text.splitlines() if line.startswith(server.host))
    assert registry.split() == [server.host, "1", server.base_url, "HTTP/1.1", "none"]
    assert "missing  token from GITHUB_TOKEN, no GITHUB_REPOSITORY" in shown.text
    assert "ghs_secret" not in shown.text + shown.err


def test_basic_with_the_right_login_is_well_and_keeps_it_secret(
    project: Project, basic: RegistryServer
) -> None:
    config = f'registries:\n  "{basic.host}":\n{VARIABLES}'
    run = doctor(project, basic.host, env=LOGIN, config=config)
    (registry,) = check(run.json)["registries"]
    assert run.code == 0
    assert (registry["scheme"], registry["credentials"]) == ("basic", "variable HUB_WORD")
    assert registry["source"].endswith("pinbot.yaml:2")
    shown = project.pinbot("doctor", env=LOGIN)
    assert "Basic" in shown.text
    assert "variable HUB_WORD" in shown.text
    for text in (run.text, run.err, shown.text, shown.err):
        assert PASSWORD not in text


@pytest.mark.parametrize(
    ("env", "credentials", "words"),
    [
        (NOBODY, None, "denies anonymous access"),
        (
            {"DOCKER_AUTH_CONFIG": '{"auths": {"HOST": {"auth": "bWU6c2VzYW1l"}}}'},
            "DOCKER_AUTH_CONFIG",
            "denies me",
        ),
    ],
)
def test_basic_without_the_right_login_is_told_with_what_to_mend(
    project: Project, basic: RegistryServer, env: dict[str, str], credentials: str | None, words: str
) -> None:
    env = {name: value.replace("HOST", basic.host) for name, value in env.items()}
    run = doctor(project, basic.host, env=env)
    (registry,) = check(run.json)["registries"]
    assert run.code == 1
    assert registry["reachable"]
    assert registry["failed"] == 1
    assert registry["scheme"] == "basic"
    assert registry["credentials"] == (credentials and f"variable {credentials}")
    assert words in run.json["errors"][0]["message"]
    assert registry["mend"] == run.json["errors"][0]["hint"]
    assert "sesame" not in run.text + run.err


def test_bearer_is_told_with_its_realm(project: Project, tmp_path: Path) -> None:
    storage = tmp_path / "storage"
    with RegistryServer(storage=storage) as server:
        push(server)
    with TokenServer() as tokens, RegistryServer(auth=tokens.section, storage=storage) as server:
        run = doctor(project, server.host)
        shown = project.pinbot("doctor").text
    (registry,) = check(run.json)["registries"]
    assert run.code == 0
    assert (registry["scheme"], registry["realm"]) == ("bearer", f"127.0.0.1:{tokens.port}")
    assert f"Bearer from 127.0.0.1:{tokens.port}  anonymous" in shown


def test_a_client_certificate_is_told_and_one_that_is_missing_too(project: Project, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with RegistryServer(tls=authority.pair, client_ca=authority.ca) as server:
        push(server, authority)
        # What the user keeps for other tools is found: no word of it in pinbot.yaml.
        folder = project.root / ".config" / "containers" / "certs.d" / server.host
        folder.mkdir(parents=True)
        (folder / "ca.crt").write_bytes(authority.ca.read_bytes())
        without = doctor(project, server.host)
        (folder / "me.cert").write_bytes(authority.client[0].read_bytes())
        (folder / "me.key").write_bytes(authority.client[1].read_bytes())
        run = doctor(project, server.host)
    (registry,) = check(run.json)["registries"]
    assert run.code == 0
    assert registry["address"] == server.base_url
    assert registry["certificate"] == str(folder / "me.cert")
    assert without.code == 1
    assert not without.json["registries"][0]["reachable"]
    assert "`cert` and `key`" in without.json["registries"][0]["mend"]


def test_what_is_left_of_a_limit_is_told(project: Project) -> None:
    headers = {"ratelimit-limit": "100;w=21600", "ratelimit-remaining": "76;w=21600"}
    with RegistryServer() as server:
        push(server)
        with LinkProxy(server.host, faults=lambda _: Fault(headers=headers)) as link:
            run = doctor(project, link.host)
            shown = project.pinbot("doctor").text
            resolved = project.pinbot("resolve", "-v", f"{link.host}/team/app:1")
            updated = project.pinbot("update", "-v", "--dry-run")
    assert check(run.json)["registries"][0]["quota"] == {"remaining": 76, "limit": 100, "seconds": 21600}
    assert "76 of 100 pulls left in 6 h" in shown
    for verbose in (resolved, updated):
        assert verbose.err.splitlines()[-1] == f"{link.host}: 76 of 100 pulls left in 6 h"
    assert " ms, 76 of 100 pulls left in 6 h" in resolved.err


def test_a_registry_that_is_down_and_one_that_is_blocked_are_told(project: Project, tmp_path: Path) -> None:
    down = f"127.0.0.1:{free_port()}"
    conf = tmp_path / "own.conf"
    conf.write_text('[[registry]]\nlocation = "bad.example.com"\nblocked = true\n')
    env = {"CONTAINERS_REGISTRIES_CONF": str(conf)}
    run = doctor(project, down, "bad.example.com", env=env)
    first, second = check(run.json)["registries"]
    assert run.code == 1
    assert (first["name"], first["reachable"], first["address"]) == (down, False, f"http://{down}")
    assert first["mend"] == "is the registry running, and is its port right?"
    assert (second["name"], second["reachable"], second["address"]) == ("bad.example.com", False, None)
    assert second["mend"] == f"it is {conf}:1 that says so"
    shown = project.pinbot("doctor", env=env)
    assert "bad.example.com is blocked on this machine" in shown.err
    assert "not asked" in shown.text


def test_a_broken_file_of_the_machine_ends_the_run_with_its_place(project: Project, tmp_path: Path) -> None:
    conf = tmp_path / "own.conf"
    conf.write_text("[[registry]\n")
    run = doctor(project, "ghcr.io", env={"CONTAINERS_REGISTRIES_CONF": str(conf)})
    assert run.code == 2
    assert check(run.json)["errors"][0]["code"] == "config"
    assert f"{conf}:1:" in run.err
    assert "Traceback" not in run.err


def test_a_home_that_may_not_be_entered_is_passed_over(project: Project, tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".config" / "containers" / "certs.d" / "r.io").mkdir(parents=True)
    for mode in (0o000, 0o400):
        for folder in (home / ".config" / "containers" / "certs.d", home):
            home.chmod(0o700)
            folder.chmod(mode)
            run = project.pinbot("doctor", env={"HOME": str(home)}, unprivileged=True)
            home.chmod(0o700)
            folder.chmod(0o700)
            assert (run.code, run.err) == (0, "")


def test_a_folder_without_references_can_be_looked_at(project: Project) -> None:
    run = project.pinbot("doctor", env={"PATH": "/nowhere"})
    assert run.code == 0
    assert "git            missing" in run.text
    assert "docker         missing" in run.text or "docker   missing" in run.text


@pytest.mark.needs("git")
def test_github_is_asked_as_whom_and_about_what_the_variables_say(
    project: Project, contract: OpenApiContract | None
) -> None:
    project.write("Dockerfile", "FROM scratch\n")
    with GitHubServer(contract=contract) as github:
        github.create_repository("acme/shop", files={"Dockerfile": b"FROM scratch\n"})
        github.add_token("ghs_OfTheWorkflow")
        env = {
            "GITHUB_API_URL": github.url,
            "GITHUB_TOKEN": "ghs_OfTheWorkflow",
            "GITHUB_REPOSITORY": "acme/shop",
            "GITHUB_ACTIONS": "true",
            "NO_PROXY": "127.0.0.1",
        }
        well = project.pinbot("doctor", env=env)
        wrong = project.pinbot("doctor", env={**env, "GITHUB_TOKEN": "ghs_wrong"})
        document = check(project.pinbot("doctor", "--format", "json", env=env).json)
        assert github.problems == []
    assert (well.code, wrong.code) == (0, 0), "update does without GitHub"
    assert "ready token from GITHUB_TOKEN, repository acme/shop" in " ".join(well.text.split())
    assert "start no workflows" in well.text
    assert document["github"]["asked"] is True
    assert document["github"]["note"].endswith("PINBOT_APP_ID and PINBOT_APP_KEY")
    (line,) = [line for line in wrong.text.splitlines() if line.startswith("pull requests  failed")]
    assert "the token is" in line
    assert "ghs_" not in line
