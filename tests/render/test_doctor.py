"""The tables of `pinbot doctor`."""

import io
from dataclasses import replace
from pathlib import Path

import pytest

from pinbot.errors import BuilderError
from pinbot.model.diagnosis import Access, BuilderFinding, Diagnosis, ForgeFinding, RegistryFinding
from pinbot.model.exchange import Quota
from pinbot.render import console
from pinbot.render.doctor import doctor
from tests.render.values import HOSTILE

PAGE = (Path(__file__).parents[2] / "docs" / "registries.md").read_text(encoding="utf-8")


def shown(found: Diagnosis) -> str:
    stream = io.StringIO()
    doctor(console.console(stream, colour=False), found)
    return stream.getvalue()


def diagnosis(*registries: RegistryFinding) -> Diagnosis:
    missing = BuilderError("docker is not installed", hint="install docker")
    return Diagnosis(
        registries=registries,
        builders=(
            BuilderFinding(driver="docker", problem=missing),
            BuilderFinding(driver="buildah", version="buildah 1.28.2", used=True),
        ),
        git="git version 2.39.5",
        forge=ForgeFinding(token="GITHUB_TOKEN", repository="acme/service"),
        needs_builder=True,
    )


def test_the_example_in_the_page_looks_so() -> None:
    hub = Access(
        address="https://registry-1.docker.io",
        version="HTTP/2",
        scheme="bearer",
        realm="auth.docker.io",
        credentials="/home/ada/.docker/config.json",
        quota=Quota(remaining=76, limit=200, seconds=21600),
    )
    github = Access(address="https://ghcr.io", version="HTTP/2", scheme="bearer", realm="ghcr.io")
    found = diagnosis(
        RegistryFinding(name="docker.io", access=hub, images=2),
        RegistryFinding(name="ghcr.io", access=github, images=1, failed=1),
    )
    assert f"$ pinbot doctor\n{shown(found)}error: " in PAGE


def test_without_registries_there_is_no_table_of_them() -> None:
    assert shown(diagnosis()).startswith("BUILDER  STATE")


def test_what_is_missing_is_told() -> None:
    found = Diagnosis(
        registries=(RegistryFinding(name="bad.io", access=None, images=1, failed=1),),
        builders=(BuilderFinding(driver="buildah", version="buildah 1", wanted=False),),
        git=None,
        forge=ForgeFinding(token=None, repository="a/b"),
        needs_builder=False,
    )
    text = shown(found)
    assert "not asked" in text
    assert "buildah 1, not configured" in text
    assert "missing  not installed; all files are looked at" in text
    assert "missing  no token: set GITHUB_TOKEN, repository a/b" in text


@pytest.mark.parametrize(
    ("forge", "expected"),
    [
        (
            ForgeFinding(token="GITHUB_TOKEN", repository=None),
            "missing token from GITHUB_TOKEN, no GITHUB_REPOSITORY",
        ),
        (
            ForgeFinding(token="PINBOT_APP_KEY", repository=None, app="1"),
            "ready app 1 with the key from PINBOT_APP_KEY, wherever it is installed",
        ),
        (ForgeFinding(token=None, repository=None, app="1"), "missing app 1 with no key"),
    ],
)
def test_an_app_needs_no_repository(forge: ForgeFinding, expected: str) -> None:
    assert expected in " ".join(shown(replace(diagnosis(), forge=forge)).split())


def test_a_certificate_is_told_beside_the_credentials() -> None:
    access = Access(address="https://r.io", version="HTTP/2", scheme="basic", certificate="/c.pem")
    assert "Basic   /c.pem, anonymous" in shown(
        diagnosis(RegistryFinding(name="r.io", access=access, images=1))
    )


def test_nothing_from_outside_moves_the_cursor() -> None:
    for text in HOSTILE:
        access = Access(address=text, version=text, scheme="bearer", realm=text, credentials=text)
        lines = shown(diagnosis(RegistryFinding(name=text, access=access, images=1)))
        assert "\x1b" not in lines
        assert lines.count("\n") == shown(diagnosis()).count("\n") + 3
