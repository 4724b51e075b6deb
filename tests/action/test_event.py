import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from action.event import Event, read
from action.inputs import Inputs
from tests.support.project import Project

OWN = Event()
PULL_REQUEST = Event(pull_request=True)
FORK = Event(pull_request=True, fork=True)
EVERYTHING = Inputs(build=True, pull_request=True, token="secret", app_id="1", app_key="secret")


def pull_request(head: Any) -> dict[str, Any]:
    return {"repository": {"full_name": "acme/shop"}, "pull_request": {"head": {"repo": head}}}


def workflow_run(head: str) -> dict[str, Any]:
    return {
        "repository": {"full_name": "acme/shop"},
        "workflow_run": {"head_repository": {"full_name": head}},
    }


@pytest.mark.parametrize(
    ("name", "payload", "expected"),
    [
        ("schedule", {}, OWN),
        ("workflow_dispatch", {}, OWN),
        ("push", {}, OWN),
        ("pull_request", pull_request({"full_name": "acme/shop"}), PULL_REQUEST),
        ("pull_request", pull_request({"full_name": "mallory/shop"}), FORK),
        ("pull_request_target", pull_request({"full_name": "mallory/shop"}), FORK),
        ("pull_request_review", pull_request({"full_name": "mallory/shop"}), FORK),
        ("pull_request", pull_request(None), FORK),  # the fork was deleted
        ("pull_request", {}, FORK),
        ("pull_request", [], FORK),
        ("pull_request", pull_request({"full_name": None}) | {"repository": {"full_name": None}}, FORK),
        ("workflow_run", workflow_run("acme/shop"), OWN),
        ("workflow_run", workflow_run("mallory/shop"), Event(fork=True)),
        ("workflow_run", {}, Event(fork=True)),
    ],
)
def test_who_may_have_written_the_files(name: str, payload: Any, expected: Event, tmp_path: Path) -> None:
    file = tmp_path / "event.json"
    file.write_text(json.dumps(payload))
    assert read({"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(file)}) == expected


@pytest.mark.needs("git")
@pytest.mark.parametrize("name", ["issue_comment", "issues", "discussion_comment"])
def test_what_anybody_can_bring_about_is_trusted_on_the_commit_that_it_names_alone(
    name: str, tmp_path: Path
) -> None:
    project = Project(tmp_path, {"Dockerfile": "FROM alpine\n"})
    project.git("add", "--all")
    project.git("commit", "--quiet", "--message", "first")
    head = project.git("rev-parse", "HEAD").strip()
    variables = {"GITHUB_EVENT_NAME": name, "GITHUB_WORKSPACE": str(tmp_path), "PATH": os.environ["PATH"]}
    assert read({**variables, "GITHUB_SHA": head}) == OWN
    assert read({**variables, "GITHUB_SHA": "0" * 40}) == Event(fork=True)
    assert read(variables) == Event(fork=True)
    assert read({**variables, "GITHUB_SHA": head, "GITHUB_WORKSPACE": "/no/such"}) == Event(fork=True)
    assert read({**variables, "GITHUB_SHA": head, "PATH": "/no/such"}) == Event(fork=True)


@pytest.mark.parametrize("path", [None, "no/such/file", "/"])
def test_a_pull_request_without_a_payload_is_a_strangers(path: str | None) -> None:
    variables = {"GITHUB_EVENT_NAME": "pull_request"} | ({"GITHUB_EVENT_PATH": path} if path else {})
    assert read(variables) == FORK


def test_on_a_branch_of_its_own_everything_may_be_done() -> None:
    assert OWN.restrict(EVERYTHING) == (EVERYTHING, ())


def test_a_pull_request_of_the_repository_itself_is_checked_and_may_be_built() -> None:
    allowed, notes = PULL_REQUEST.restrict(EVERYTHING)
    assert allowed == replace(EVERYTHING, dry_run=True, pull_request=False)
    assert notes == ("On a pull request pinbot only checks: nothing is written or proposed.",)


@pytest.mark.parametrize("asked", [EVERYTHING, replace(EVERYTHING, build=None)])
def test_of_a_fork_nothing_is_built_and_no_token_is_held(asked: Inputs) -> None:
    allowed, notes = FORK.restrict(asked)
    assert allowed == Inputs(dry_run=True, build=False)
    assert len(notes) == 3


def test_verdicts_change_nothing_about_what_a_fork_may() -> None:
    allowed, notes = FORK.restrict(replace(EVERYTHING, build=None, verdicts=b"forged"))
    assert allowed == Inputs(dry_run=True, build=False, verdicts=b"forged")
    assert len(notes) == 3
    built = replace(EVERYTHING, dry_run=True, save_verdicts=True)
    assert FORK.restrict(built)[0] == Inputs(dry_run=True, build=False)


def test_of_a_fork_the_files_are_checked_and_no_other_repository(tmp_path: Path) -> None:
    asked = replace(EVERYTHING, repositories=("acme/cart",), owners=("acme",), installed=True)
    allowed, notes = FORK.restrict(asked)
    assert allowed == Inputs(dry_run=True, build=False)
    assert "Other repositories are left alone, since the files may be a stranger's." in notes
    assert FORK.environment({"PATH": "/bin"}, asked.secrets, home=tmp_path) == {
        "PATH": "/bin",
        "HOME": str(tmp_path),
    }


@pytest.mark.parametrize("command", ["scan", "check"])
def test_what_only_looks_at_a_fork_needs_no_restriction_but_of_the_token(command: str) -> None:
    allowed, notes = FORK.restrict(Inputs(command=command, token="secret"))
    assert allowed == Inputs(command=command)
    assert notes == ("Registries are asked without credentials, since the files may be a stranger's.",)


def test_what_was_restricted_already_is_not_told() -> None:
    assert PULL_REQUEST.restrict(Inputs(dry_run=True)) == (Inputs(dry_run=True), ())


def test_pinbot_sees_the_environment_with_the_token_that_was_given(tmp_path: Path) -> None:
    environ = {
        "PATH": "/bin",
        "HOME": "/root",
        "HUB_PASSWORD": "p",
        "INPUT_TOKEN": "t",
        "GITHUB_TOKEN": "other",
        "PINBOT_GITHUB_TOKEN": "another",
        "PINBOT_APP_ID": "2",
        "PINBOT_APP_KEY": "another",
        "PINBOT_APP_KEY_FILE": "/root/key.pem",
        "INPUT_APP_PRIVATE_KEY": "key",
    }
    seen = {"PATH": "/bin", "HOME": "/root", "HUB_PASSWORD": "p"}
    secrets = {"GITHUB_TOKEN": "t", "PINBOT_APP_ID": "1", "PINBOT_APP_KEY": "key"}
    assert OWN.environment(environ, secrets, home=tmp_path) == seen | secrets
    assert OWN.environment(environ, {}, home=tmp_path) == seen


def test_of_a_fork_it_sees_nothing_secret(tmp_path: Path) -> None:
    environ = {
        "PATH": "/bin",
        "https_proxy": "http://proxy:3128",
        "HOME": "/root",
        "DOCKER_CONFIG": "/root/.docker",
        "REGISTRY_AUTH_FILE": "/root/auth.json",
        "HUB_PASSWORD": "p",
        "GITHUB_TOKEN": "t",
        "PINBOT_APP_KEY": "key",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "t",
    }
    seen = FORK.environment(environ, {"GITHUB_TOKEN": "t", "PINBOT_APP_KEY": "key"}, home=tmp_path)
    assert seen == {"PATH": "/bin", "https_proxy": "http://proxy:3128", "HOME": str(tmp_path)}
