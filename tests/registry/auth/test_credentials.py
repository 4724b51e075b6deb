"""Where credentials come from: variables, files of docker and podman, helpers."""

import asyncio
import base64
import json
import os
import sys
from pathlib import Path

import pytest

from pinbot.config import RegistrySettings
from pinbot.errors import AccessDenied
from pinbot.registry.auth.credentials import Anonymous, Credential, Keychain
from tests.support.oci import to_json

HUB = "https://index.docker.io/v1/"


def auth(user: str, secret: str = "secret") -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{secret}".encode()).decode()}


class Home:
    """A user's home with its variables."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}
        self.keychain: Keychain | None = None

    def write(self, path: str, document: object) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(document if isinstance(document, bytes) else to_json(document))

    def helper(self, name: str, script: str) -> None:
        """A credential helper in Python; `server` is what it is asked for."""
        target = self.folder / "bin" / f"docker-credential-{name}"
        target.parent.mkdir(exist_ok=True)
        log = self.folder / "helper.log"
        target.write_text(
            f"#!{sys.executable}\nimport json, sys\nserver = sys.stdin.read()\n"
            f"open({str(log)!r}, 'a').write(' '.join([*sys.argv[1:], server]) + '\\n')\n{script}\n"
        )
        target.chmod(0o755)

    @property
    def helped(self) -> list[str]:
        log = self.folder / "helper.log"
        return log.read_text().splitlines() if log.exists() else []

    def find(
        self, registry: str, repository: str = "owner/name", **settings: str | bool
    ) -> Credential | None:
        self.keychain = Keychain(self.environ, self.folder)
        named = RegistrySettings(name=registry, **settings)  # type: ignore[arg-type]
        return asyncio.run(self.keychain.find(named, repository))

    def user(self, registry: str, repository: str = "owner/name") -> str | None:
        found = self.find(registry, repository)
        return found and found.username

    @property
    def problems(self) -> tuple[str, ...]:
        assert self.keychain is not None
        return self.keychain.problems


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_nobody_has_credentials_in_an_empty_home(home: Home) -> None:
    assert home.find("ghcr.io") is None
    assert home.problems == ()
    assert asyncio.run(Anonymous().find(RegistrySettings(name="ghcr.io"), "x")) is None


def test_a_credential_is_shown_without_its_secret() -> None:
    shown = repr(Credential(username="alice", secret="wonderland", source="a file"))
    assert "alice" in shown
    assert "a file" in shown
    assert "wonderland" not in shown


def test_each_place_comes_before_the_next(home: Home) -> None:
    places = {
        "variable": None,
        "named.json": "REGISTRY_AUTH_FILE",
        "run/containers/auth.json": "XDG_RUNTIME_DIR",
        "config/containers/auth.json": "XDG_CONFIG_HOME",
        "docker/config.json": "DOCKER_CONFIG",
    }
    home.environ |= {
        "DOCKER_AUTH_CONFIG": json.dumps({"auths": {"ghcr.io": auth("variable")}}),
        "REGISTRY_AUTH_FILE": str(home.folder / "named.json"),
        "XDG_RUNTIME_DIR": str(home.folder / "run"),
        "XDG_CONFIG_HOME": str(home.folder / "config"),
        "DOCKER_CONFIG": str(home.folder / "docker"),
    }
    for place, variable in places.items():
        if variable is not None:
            home.write(place, {"auths": {"ghcr.io": auth(place)}})
    seen = []
    for place, variable in places.items():
        found = home.find("ghcr.io")
        assert found is not None
        seen.append(found.username)
        if variable is None:
            assert found.source == "variable DOCKER_AUTH_CONFIG"
            del home.environ["DOCKER_AUTH_CONFIG"]
        else:
            assert found.source == str(home.folder / place)
            (home.folder / place).unlink()
    assert seen == list(places)
    assert home.find("ghcr.io") is None


def test_the_usual_folders_are_below_home(home: Home) -> None:
    home.write(".docker/config.json", {"auths": {"ghcr.io": auth("docker")}})
    assert home.user("ghcr.io") == "docker"
    home.write(".config/containers/auth.json", {"auths": {"ghcr.io": auth("podman")}})
    assert home.user("ghcr.io") == "podman"


def test_variables_that_the_configuration_names_come_first(home: Home) -> None:
    home.write(".docker/config.json", {"auths": {"ghcr.io": auth("docker")}})
    home.environ |= {"BOT": "robot", "TOKEN": "secret"}
    found = home.find("ghcr.io", username_variable="BOT", password_variable="TOKEN")
    assert found == Credential(username="robot", secret="secret", source="variable TOKEN")


@pytest.mark.parametrize(
    ("environ", "settings", "words"),
    [
        ({"BOT": "robot"}, {"username_variable": "BOT", "password_variable": "TOKEN"}, "variable TOKEN"),
        (
            {"BOT": "", "TOKEN": "x"},
            {"username_variable": "BOT", "password_variable": "TOKEN"},
            "variable BOT",
        ),
        ({"TOKEN": "x"}, {"password_variable": "TOKEN"}, "only one of user and password"),
    ],
)
def test_a_credential_that_is_promised_and_missing_is_an_error(
    home: Home, environ: dict[str, str], settings: dict[str, str], words: str
) -> None:
    home.environ |= environ
    with pytest.raises(AccessDenied, match=words) as caught:
        home.find("ghcr.io", **settings)
    assert caught.value.hint


@pytest.mark.parametrize(
    "key", [HUB, "index.docker.io", "https://index.docker.io/v1", "docker.io", "registry-1.docker.io"]
)
def test_docker_hub_has_many_names(home: Home, key: str) -> None:
    home.write(".docker/config.json", {"auths": {key: auth("hub")}})
    assert home.user("docker.io", "library/alpine") == "hub"
    assert home.user("ghcr.io") is None


@pytest.mark.parametrize(
    "key", ["host:5000", "http://host:5000", "https://host:5000/", "https://host:5000/v2/"]
)
def test_keys_may_be_urls(home: Home, key: str) -> None:
    home.write(".docker/config.json", {"auths": {key: auth("me")}})
    assert home.user("host:5000") == "me"
    assert home.user("host") is None
    assert home.user("host:5001") is None


def test_the_longest_path_wins(home: Home) -> None:
    home.write(
        ".config/containers/auth.json",
        {"auths": {"q.io": auth("all"), "q.io/a": auth("a"), "q.io/a/b": auth("b"), "q.io/a/b/c": auth("c")}},
    )
    assert home.user("q.io", "a/b/c") == "c"
    assert home.user("q.io", "a/b") == "b"
    assert home.user("q.io", "a/bc") == "a"
    assert home.user("q.io", "other") == "all"


def test_a_path_is_not_part_of_a_host(home: Home) -> None:
    home.write(".docker/config.json", {"auths": {"q.io/a": auth("a")}})
    assert home.user("q.io", "b") is None
    assert home.user("q.i", "o/a") is None


def test_credentials_of_a_registry_do_not_go_to_a_location_that_stands_in_for_it(home: Home) -> None:
    home.write(".docker/config.json", {"auths": {HUB: auth("hub"), "mirror:5000": auth("mirror")}})
    assert home.find("docker.io", location="other:5000") is None
    found = home.find("docker.io", location="mirror:5000")
    assert found is not None
    assert found.username == "mirror"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"username": "me", "password": "secret"}, ("me", "secret", False)),
        (auth("me", "with:colon"), ("me", "with:colon", False)),
        (auth("me", "ünï"), ("me", "ünï", False)),
        (auth("me") | {"identitytoken": "refresh"}, ("me", "refresh", True)),
        ({"identitytoken": "refresh"}, ("<token>", "refresh", True)),
        (auth("<token>", "refresh"), ("<token>", "refresh", True)),
        ({}, None),
        ({"auth": ""}, None),
        ({"auth": base64.b64encode(b"no colon").decode()}, None),
        ("text", None),
    ],
)
def test_an_entry_has_many_forms(home: Home, entry: object, expected: tuple[str, str, bool] | None) -> None:
    home.write(".docker/config.json", {"auths": {"ghcr.io": entry}})
    found = home.find("ghcr.io")
    assert (found and (found.username, found.secret, found.identity_token)) == expected


def test_basic_is_base64_of_user_and_secret() -> None:
    found = Credential(username="me", secret="ünï:x", source="")
    assert base64.b64decode(found.basic.removeprefix("Basic ")).decode() == "me:ünï:x"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "is no JSON object"),
        (b"[]", "is no JSON object"),
        (b"[" * 100_000, "is no JSON object"),
        (b"\xff\xfe", "cannot be read"),
        ({"auths": {"ghcr.io": {"auth": "§§"}}}, "`auth` of ghcr.io is not base64"),
        ({"auths": {"ghcr.io": {"auth": base64.b64encode(b"\xff").decode()}}}, "is not base64"),
        ({"credsStore": "missing"}, "no program 'docker-credential-missing'"),
        ({"credsStore": "../../evil"}, "no program 'docker-credential-../../evil'"),
    ],
)
def test_a_place_that_cannot_be_used_is_passed_over_and_told(home: Home, content: object, words: str) -> None:
    home.write(".config/containers/auth.json", content)
    home.write(".docker/config.json", {"auths": {"ghcr.io": auth("docker")}})
    assert home.user("ghcr.io") == "docker"
    (problem,) = home.problems
    assert words in problem
    assert str(home.folder / ".config/containers/auth.json") in problem


@pytest.mark.parametrize("document", [{"auths": []}, {"credHelpers": "x"}, {"credsStore": 5}, {}])
def test_parts_of_another_kind_are_as_if_they_were_not_there(home: Home, document: object) -> None:
    home.write(".docker/config.json", document)
    assert home.find("ghcr.io") is None


def test_a_folder_in_the_place_of_a_file_is_told(home: Home) -> None:
    (home.folder / ".docker" / "config.json").mkdir(parents=True)
    assert home.find("ghcr.io") is None
    assert "cannot be read: Is a directory" in home.problems[0]


def test_actions_brings_a_token_for_its_own_registry(home: Home) -> None:
    home.environ |= {"GITHUB_ACTIONS": "true", "GITHUB_TOKEN": "t", "GITHUB_ACTOR": "octocat"}
    assert home.find("ghcr.io") == Credential(username="octocat", secret="t", source="variable GITHUB_TOKEN")
    assert home.find("docker.io") is None
    assert home.find("ghcr.io", location="mirror") is None
    assert home.find("ghcr.io", insecure=True) is None
    home.write(".docker/config.json", {"auths": {"ghcr.io": auth("me")}})
    assert home.user("ghcr.io") == "me"
    (home.folder / ".docker/config.json").unlink()
    del home.environ["GITHUB_ACTIONS"]
    assert home.find("ghcr.io") is None


GIVES = "print(json.dumps({'ServerURL': server, 'Username': 'helped', 'Secret': 'secret of ' + server}))"


def test_a_helper_is_asked_for_the_server(home: Home) -> None:
    home.helper("store", GIVES)
    home.write(".docker/config.json", {"credsStore": "store", "auths": {"ghcr.io": {}}})
    assert home.find("ghcr.io") == Credential(
        username="helped",
        secret="secret of ghcr.io",
        source=f"docker-credential-store ({home.folder / '.docker/config.json'})",
    )
    assert home.find("docker.io") is not None
    assert home.helped == ["get ghcr.io", f"get {HUB}"]


def test_a_helper_for_one_registry_comes_before_the_one_for_all(home: Home) -> None:
    home.helper("store", GIVES)
    home.helper("own", GIVES.replace("helped", "own"))
    home.write(".docker/config.json", {"credsStore": "store", "credHelpers": {"ghcr.io": "own"}})
    assert home.user("ghcr.io") == "own"
    assert home.user("quay.io") == "helped"


def test_what_a_helper_does_not_know_is_looked_for_in_the_file(home: Home) -> None:
    home.helper("store", "print('credentials not found in native keychain'); sys.exit(1)")
    home.write(".docker/config.json", {"credsStore": "store", "auths": {"ghcr.io": auth("file")}})
    assert home.user("ghcr.io") == "file"
    assert home.problems == ()


def test_a_helper_may_give_an_identity_token(home: Home) -> None:
    home.helper("store", GIVES.replace("helped", "<token>"))
    home.write(".docker/config.json", {"credsStore": "store"})
    found = home.find("ghcr.io")
    assert found is not None
    assert found.identity_token


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("print('secret'); sys.exit(3)", "failed with status 3"),
        ("print('secret')", "did not answer as a credential helper does"),
        ("print('[]')", "did not answer as a credential helper does"),
        ('print(\'{"Username": 1, "Secret": 2}\')', "did not answer as a credential helper does"),
    ],
)
def test_a_helper_that_fails_is_told_without_its_output(home: Home, script: str, words: str) -> None:
    home.helper("store", script)
    home.write(".docker/config.json", {"credsStore": "store"})
    assert home.find("ghcr.io") is None
    (problem,) = home.problems
    assert words in problem
    assert "'secret'" not in problem


def test_a_helper_that_is_no_program_is_told(home: Home) -> None:
    home.write("bin/docker-credential-store", b"\x7fnot a program")
    (home.folder / "bin/docker-credential-store").chmod(0o755)
    home.write(".docker/config.json", {"credsStore": "store"})
    assert home.find("ghcr.io") is None
    assert "cannot be run" in home.problems[0]


def test_a_helper_that_hangs_is_stopped(home: Home) -> None:
    home.helper("store", "import time; time.sleep(600)")
    home.write(".docker/config.json", {"credsStore": "store"})
    keychain = Keychain(home.environ, home.folder, helper_seconds=0.5)
    assert asyncio.run(keychain.find(RegistrySettings(name="ghcr.io"), "x")) is None
    assert "did not answer within 0.5 seconds" in keychain.problems[0]


def test_many_repositories_ask_a_helper_once(home: Home) -> None:
    home.helper("store", GIVES)
    home.write(".docker/config.json", {"credsStore": "store"})
    keychain = Keychain(home.environ, home.folder)

    async def work() -> list[Credential | None]:
        settings = RegistrySettings(name="ghcr.io")
        return await asyncio.gather(*(keychain.find(settings, f"r{number}") for number in range(20)))

    assert len(set(asyncio.run(work()))) == 1
    assert home.helped == ["get ghcr.io"]
