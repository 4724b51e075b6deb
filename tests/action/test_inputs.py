import base64
import subprocess
import sys
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from action.inputs import READING, BadInput, Inputs, read
from action.packing import pack
from tests.support.project import ROOT


def test_without_inputs_the_current_folder_is_updated() -> None:
    assert read({}) == Inputs()
    assert Inputs().arguments == ["update", "--format=json", "--", "."]


def test_every_input_reaches_the_command_line() -> None:
    inputs = read(
        {
            "INPUT_COMMAND": "update",
            "INPUT_PATHS": "Dockerfile\n\n  services \n",
            "INPUT_ONLY": "rust:*\nalpine",
            "INPUT_DRY_RUN": "true",
            "INPUT_BUILD": "false",
            "INPUT_BUILDER": "buildah",
            "INPUT_EXPLAIN": "false",
            "INPUT_VULNERABILITIES": "true",
            "INPUT_PULL_REQUEST": "True",
            "INPUT_BASE": "develop",
            "INPUT_LABELS": "base images\nsecurity",
            "INPUT_CONFIG": "ci/pinbot.yaml",
            "INPUT_TOKEN": "secret",
            "INPUT_APP_ID": "1234",
            "INPUT_APP_PRIVATE_KEY": "-----BEGIN\nsecret\n",
        }
    )
    assert inputs.arguments == [
        *(
            "update",
            "--format=json",
            "--config=ci/pinbot.yaml",
            "--dry-run",
            "--only=rust:*",
            "--only=alpine",
        ),
        *("--no-build", "--builder=buildah", "--no-explain", "--vulnerabilities"),
        *("--pull-request", "--base=develop", "--label=base images"),
        *("--label=security", "--", "Dockerfile", "services"),
    ]
    assert inputs.secrets == {
        "GITHUB_TOKEN": "secret",
        "PINBOT_APP_ID": "1234",
        "PINBOT_APP_KEY": "-----BEGIN\nsecret",
    }
    assert "secret" not in repr(inputs)


def test_many_repositories_take_the_place_of_the_files_here() -> None:
    inputs = read(
        {"INPUT_PATHS": ".", "INPUT_REPOSITORIES": "acme/shop\nacme/cart", "INPUT_OWNERS": "umbrella"}
    )
    assert inputs.arguments == [
        *("update", "--format=json", "--repo=acme/shop", "--repo=acme/cart", "--owner=umbrella", "--")
    ]
    assert read({"INPUT_INSTALLED": "true"}).arguments == ["update", "--format=json", "--installed", "--"]


def test_what_cannot_go_together_is_left_to_pinbot_to_refuse() -> None:
    assert read({"INPUT_PATHS": "web", "INPUT_OWNERS": "acme"}).arguments[-2:] == ["--", "web"]


def test_a_build_may_be_left_to_the_configuration() -> None:
    assert [read({"INPUT_BUILD": text}).build for text in ("", "true", "FALSE")] == [None, True, False]


def test_a_dry_run_that_builds_does_so_for_another_job() -> None:
    asked = {"INPUT_DRY_RUN": "true", "INPUT_BUILD": "true"}
    assert read(asked).save_verdicts
    for other in ({"INPUT_BUILD": ""}, {"INPUT_DRY_RUN": "false"}, {"INPUT_COMMAND": "pin"}):
        assert not read({**asked, **other}).save_verdicts


def test_verdicts_come_as_another_job_packed_them() -> None:
    text, _ = pack({"schema": "any", "builds": []})
    assert read({"INPUT_VERDICTS": f"{text}\n"}).verdicts == b'{"schema":"any","builds":[]}'
    assert read({"INPUT_VERDICTS": ""}).verdicts is None


@pytest.mark.parametrize("forged", ["passed", " ", "\n"])
def test_what_is_no_output_of_another_job_is_not_taken_for_no_verdicts(forged: str) -> None:
    with pytest.raises(BadInput, match="verdicts: expected the output of that name"):
        read({"INPUT_VERDICTS": forged})


def test_an_empty_document_is_not_taken_for_no_verdicts() -> None:
    nothing = base64.b64encode(zlib.compress(b"")).decode()
    assert read({"INPUT_VERDICTS": nothing}).verdicts == b""


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("INPUT_COMMAND", "upgrade", "command: expected one of scan, check, pin, update, not 'upgrade'"),
        ("INPUT_DRY_RUN", "yes", "dry-run: expected true or false, not 'yes'"),
        ("INPUT_BUILD", "1", "build: expected true or false, not '1'"),
        ("INPUT_INSTALLED", "all", "installed: expected true or false, not 'all'"),
        ("INPUT_APP_PRIVATE_KEY", "key", "app-private-key: there is no app-id that it belongs to"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_expected(variable: str, value: str, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        read({variable: value})
    assert str(caught.value) == message


@given(st.text(alphabet="-=abc \n"))
def test_no_value_becomes_an_option_of_its_own(text: str) -> None:
    names = ("PATHS", "ONLY", "BUILDER", "BASE", "LABELS", "REPOSITORIES", "OWNERS", "CONFIG", "TOKEN")
    arguments = read({f"INPUT_{name}": text for name in names}).arguments
    options = arguments[1 : arguments.index("--")]
    known = (
        *("--format=", "--only=", "--builder=", "--base="),
        *("--label=", "--repo=", "--owner=", "--config="),
    )
    assert all(option.startswith(known) for option in options)


@pytest.mark.parametrize("command", ["update", "pin", "check", "scan"])
def test_pinbot_knows_the_options(command: str) -> None:
    more: dict[str, Any] = {"dry_run": True, "build": False, "builder": "auto"}
    if command in READING:
        more = {}
    if command != "scan":
        more["only"] = ("a",)
    inputs = Inputs(command=command, paths=("no/such/file",), **more)
    done = subprocess.run(
        [sys.executable, "-m", "pinbot", *inputs.arguments], cwd=ROOT, capture_output=True, check=False
    )
    assert done.returncode == 1, done.stderr
    assert b"no/such/file" in done.stdout
