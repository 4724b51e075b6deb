import base64
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from pinbot.build.access import docker_config, grant
from pinbot.config import Mirror, RegistrySettings
from pinbot.errors import BuilderError


def registries_conf(folder: Path, *settings: RegistrySettings) -> dict[str, Any]:
    grant(folder, settings, {})
    return tomllib.loads((folder / ".config/containers/registries.conf.d/pinbot.conf").read_text())


def credentials(folder: Path, environ: dict[str, str], *settings: RegistrySettings) -> dict[str, Any]:
    grant(folder, settings, environ)
    return json.loads((folder / "auth.json").read_text())


def encoded(pair: str) -> dict[str, str]:
    return {"auth": base64.b64encode(pair.encode()).decode()}


def test_a_registry_is_where_its_settings_say(tmp_path: Path) -> None:
    conf = registries_conf(
        tmp_path,
        RegistrySettings(name="docker.io", location="mirror.example.com:5000"),
        RegistrySettings(name="old.example.com", insecure=True),
    )
    plain = {"blocked": False, "mirror-by-digest-only": False}
    assert conf["registry"][:2] == [
        {"prefix": "docker.io", "location": "mirror.example.com:5000", "insecure": False, **plain},
        {"prefix": "old.example.com", "location": "old.example.com", "insecure": True, **plain},
    ]
    main = tomllib.loads((tmp_path / "registries.conf").read_text())
    assert main == {"unqualified-search-registries": ["docker.io"]}


def test_mirrors_wildcards_and_blocks_are_passed_on(tmp_path: Path) -> None:
    conf = registries_conf(
        tmp_path,
        RegistrySettings(
            name="docker.io/library",
            location="quay.io/x",
            mirrors=(Mirror(location="m.example.com/hub"), Mirror(location="127.0.0.1:5000")),
        ),
        RegistrySettings(name="*.example.org", blocked=True),
    )
    assert conf["registry"][:2] == [
        {
            "prefix": "docker.io/library",
            "location": "quay.io/x",
            "insecure": False,
            "blocked": False,
            "mirror-by-digest-only": True,
            "mirror": [
                {"location": "m.example.com/hub", "insecure": False},
                {"location": "127.0.0.1:5000", "insecure": True},
            ],
        },
        {"prefix": "*.example.org", "insecure": False, "blocked": True, "mirror-by-digest-only": False},
    ]


def test_plain_http_is_for_this_machine_alone(tmp_path: Path) -> None:
    conf = registries_conf(tmp_path, RegistrySettings(name="docker.io", location="127.0.0.1:5000"))
    insecure = {entry["location"] for entry in conf["registry"] if entry["insecure"]}
    assert insecure == {"127.0.0.1:5000", "127.0.0.1", "[::1]", "localhost"}


def test_short_names_mean_docker_hub_whatever_the_distribution_says(tmp_path: Path) -> None:
    host = tmp_path / "registries.conf.d"
    host.mkdir()
    (host / "shortnames.conf").write_text(
        '[aliases]\n"fedora" = "registry.fedoraproject.org/fedora"\n"grafana/agent" = "quay.io/g/agent"\n'
    )
    (host / "broken.conf").write_text("[aliases\n")
    work = tmp_path / "work"
    work.mkdir()
    grant(work, (), {}, host_aliases=host)
    drop_in = work / ".config/containers/registries.conf.d/pinbot.conf"
    assert tomllib.loads(drop_in.read_text())["aliases"] == {
        "fedora": "docker.io/library/fedora",
        "grafana/agent": "docker.io/grafana/agent",
    }


def test_credentials_come_from_dockers_config_and_above_it_from_variables(tmp_path: Path) -> None:
    config = tmp_path / ".docker"
    config.mkdir()
    known = {"ghcr.io": encoded("octo:cat"), "quay.io": encoded("a:b")}
    (config / "config.json").write_text(
        json.dumps({"auths": known, "credHelpers": {"x.io": "pass"}, "psFormat": "table"})
    )
    environ = {"HOME": str(tmp_path), "USER_OF_QUAY": "robot", "TOKEN_OF_QUAY": "s:3cret"}
    settings = RegistrySettings(
        name="quay.io",
        location="cache.example.com",
        username_variable="USER_OF_QUAY",
        password_variable="TOKEN_OF_QUAY",
    )
    work = tmp_path / "work"
    work.mkdir()
    assert credentials(work, environ, settings) == {
        "auths": {
            "ghcr.io": encoded("octo:cat"),
            "quay.io": encoded("a:b"),
            "cache.example.com": encoded("robot:s:3cret"),
        },
        "credHelpers": {"x.io": "pass"},
    }
    assert (work / "auth.json").stat().st_mode & 0o777 == 0o600


def test_nobodys_credentials_are_offered_to_another(tmp_path: Path) -> None:
    environ = {"U": "me", "P": "secret", "HOME": str(tmp_path)}
    named = {"username_variable": "U", "password_variable": "P"}
    registries = (
        RegistrySettings(name="docker.io/library", location="cache.example.com/hub", **named),
        RegistrySettings(name="quay.io", mirrors=(Mirror(location="m.example.com"),), **named),
    )
    found = credentials(tmp_path, environ, *registries)["auths"]
    assert found == {"cache.example.com/hub": encoded("me:secret"), "quay.io": encoded("me:secret")}


def test_a_mirror_serves_tags_only_where_every_one_is_said_to_know_them(tmp_path: Path) -> None:
    knows, may_lag = Mirror(location="a.example.com", authoritative=True), Mirror(location="b.example.com")
    for mirrors, by_digest_only in (((knows,), False), ((knows, may_lag), True), ((may_lag,), True)):
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        conf = registries_conf(folder, RegistrySettings(name="docker.io", mirrors=mirrors))
        assert conf["registry"][0]["mirror-by-digest-only"] is by_digest_only


def test_without_credentials_nothing_is_offered(tmp_path: Path) -> None:
    named = RegistrySettings(name="quay.io", username_variable="ABSENT", password_variable="ABSENT")
    assert credentials(tmp_path, {"HOME": str(tmp_path)}, named) == {"auths": {}, "credHelpers": {}}


def test_dockers_config_is_where_its_variable_says(tmp_path: Path) -> None:
    assert docker_config({"DOCKER_CONFIG": "/elsewhere", "HOME": str(tmp_path)}) == Path("/elsewhere")
    assert docker_config({"HOME": str(tmp_path)}) is None
    assert docker_config({}) is None


def test_a_broken_config_of_docker_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{nothing")
    with pytest.raises(BuilderError, match=r"config\.json cannot be read") as caught:
        grant(tmp_path, (), {"DOCKER_CONFIG": str(tmp_path)})
    assert "DOCKER_CONFIG" in caught.value.hint


def test_authorities_are_laid_where_the_registry_is(tmp_path: Path) -> None:
    (tmp_path / "own.pem").write_text("a certificate")
    settings = RegistrySettings(name="docker.io", location="mirror:5000", ca=str(tmp_path / "own.pem"))
    grant(tmp_path, (settings,), {})
    laid = tmp_path / ".config" / "containers" / "certs.d" / "mirror:5000" / "ca.crt"
    assert laid.read_text() == "a certificate"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(BuilderError, match="the builder cannot be told of registries"):
        grant(tmp_path / "gone", (), {})


def test_authorities_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(BuilderError, match=r"certificates for quay\.io cannot be read.*gone\.pem"):
        grant(tmp_path, (RegistrySettings(name="quay.io", ca=str(tmp_path / "gone.pem")),), {})


def test_client_certificates_and_all_authorities_are_laid_there_too(tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("a.crt", "b.crt", "me.cert", "me.key")}
    for name, file in files.items():
        file.write_text(name)
    settings = RegistrySettings(
        name="r.example.com/team",
        authorities=(str(files["a.crt"]), str(files["b.crt"])),
        cert=str(files["me.cert"]),
        key=str(files["me.key"]),
    )
    work = tmp_path / "work"
    work.mkdir()
    grant(work, (settings,), {})
    laid = work / ".config" / "containers" / "certs.d" / "r.example.com"
    assert {file.name: file.read_text() for file in laid.iterdir()} == {
        "ca.crt": "a.crt",
        "ca1.crt": "b.crt",
        "client.cert": "me.cert",
        "client.key": "me.key",
    }
