"""I11: secrets in config and files. What they say is in no finding."""

import pytest

from tests.audit.images import ANY, ERROR, NOTE, WARNING, elf, file, folder, image, look, told
from tests.support.secrets import KEY, TOKENS, WORD

TOKEN = "ghp_" + WORD[:36]


def test_a_good_image_holds_no_secret() -> None:
    assert told("I11", image()) == []


@pytest.mark.parametrize(
    ("config", "severity", "message"),
    [
        ({"env": (("A", "1"), ("B", f"x {TOKEN}"))}, ERROR, "the variable 'B' holds a token of GitHub"),
        ({"labels": (("b", TOKEN),)}, ERROR, "the label 'b' holds a token of GitHub"),
        ({"cmd": ("--token", TOKEN)}, ERROR, "the command holds a token of GitHub"),
        (
            {"env": (("URL", "postgres://a:hunter2@db"),)},
            WARNING,
            "the variable 'URL' holds a URL with a password",
        ),
        (
            {"env": (("DB_PASSWORD", "hunter2"),)},
            WARNING,
            "the variable 'DB_PASSWORD' has a value, and is named as a secret",
        ),
    ],
)
def test_a_secret_in_the_config_is_told_by_its_place(
    config: dict[str, object], severity: str, message: str
) -> None:
    assert told("I11", image(**config)) == [(severity, None, message)]


@pytest.mark.parametrize(
    ("path", "text", "what"),
    [
        ("root/.netrc", "machine a\nlogin b\npassword hunter2", "a password for a host, in line 3"),
        ("app/.npmrc", "//r.example/:_authToken=hunter2", "a token for a registry of packages, in line 1"),
        ("root/.pypirc", "[pypi]\npassword = hunter2", "a password for a registry of packages, in line 2"),
        (
            "root/.docker/config.json",
            '{"auths":{"x":{"auth":"aHVudGVyMg"}}}',
            "credentials of registries, in line 1",
        ),
        ("root/.git-credentials", "https://a:hunter2@example.org", "a password for a git host, in line 1"),
        ("app/.git/config", "url = https://a:hunter2@example.org", "a password for a git host, in line 1"),
        ("root/.aws/credentials", "[x]\naws_secret_access_key = hunter2", "a secret key of AWS, in line 2"),
        (
            "root/.cargo/credentials.toml",
            '[registry]\ntoken = "hunter2"',
            "a token of a crate registry, in line 2",
        ),
        ("root/.kube/config", "users:\n- token: hunter2", None),
        ("root/.kube/config", "user:\n  token: hunter2", "credentials of a cluster, in line 2"),
        ("root/.pgpass", "# host\ndb:5432:a:b:hunter2", "a password for a database, in line 2"),
        ("root/.vault-token", "hunter2", "a token of Vault, in line 1"),
        ("app/.npmrc", "//r.example/:_authToken=${NPM_TOKEN}", None),
        ("root/.docker/config.json", '{"credsStore": "pass"}', None),
        ("etc/netrc", "password hunter2", None),
    ],
)
def test_files_that_keep_secrets_are_known_by_name_and_content(
    path: str, text: str, what: str | None
) -> None:
    audit = look("I11", image(file(path, text)))
    found = [(f.severity, f.path, f.message) for f in audit.findings if f.path == path]
    assert found == ([] if what is None else [(ERROR, path, f"'/{path}' holds {what}")])
    assert "hunter2" not in repr(audit)


@pytest.mark.parametrize("token", TOKENS, ids=TOKENS.values())
def test_no_token_is_ever_shown(token: str) -> None:
    text = f"{KEY.format('', '')}token: {token}"
    audit = look("I11", image(file("app/x", text), env=(("A", token),), labels=(("b", token),), cmd=(token,)))
    assert len(audit.findings) == 5
    shown = repr(audit)
    assert token[-12:] not in shown
    assert KEY.split("\n")[1][:20] not in shown


def test_a_key_is_told_with_its_line_and_one_in_a_binary_without() -> None:
    text = "a\n" + KEY.format("RSA ", "")
    message = "'/app/key.pem' holds a private key, in line 2"
    assert told("I11", image(file("app/key.pem", text))) == [(ERROR, "app/key.pem", message)]
    program = file("app/app", elf() + TOKEN.encode() + b"\0", 0o555)
    message = "'/app/app' holds a token of GitHub"
    assert told("I11", image(program)) == [(ERROR, "app/app", message)]


def test_of_many_alike_in_one_file_one_is_told() -> None:
    assert len(told("I11", image(file("app/x", f"{TOKEN}\n{TOKEN}\n")))) == 1


@pytest.mark.parametrize("path", ["usr/lib/python3/test/key.pem", "app/testdata/key.pem", "srv/docs/x/key"])
def test_what_is_there_to_be_tried_out_is_a_note(path: str) -> None:
    message = f"'/{path}' holds a private key, in line 1"
    assert told("I11", image(file(path, KEY.format("", "")), profile=ANY)) == [(NOTE, path, message)]


def test_a_repository_and_settings_that_were_copied_along_are_warnings() -> None:
    git = (folder("app/.git"), file("app/.git/HEAD", "ref: refs/heads/main\n"))
    message = "'/app/.git' is a git repository, with all that was ever in it"
    assert told("I11", image(*git)) == [(WARNING, "app/.git", message)]
    message = "'/app/.env' is named as a file of settings that are not meant for images"
    assert told("I11", image(file("app/.env", "A=1"))) == [(WARNING, "app/.env", message)]
    assert told("I11", image(file("app/.env.example", "A=1"))) == []


def test_what_is_too_large_to_be_searched_is_said() -> None:
    large = file("app/data", b"x" * 2**21)
    (entry,) = look("I11", image(large)).unchecked
    assert entry.reason == "1 file could not be searched: too large, or too much in all"
    assert look("I11", image(large, profile=ANY)).unchecked == ()
