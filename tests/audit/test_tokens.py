"""Secrets are recognised by their shape; text about them is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.audit import tokens
from pinbot.audit.tokens import Secret
from pinbot.tokenshapes import SHAPES
from tests.support.secrets import KEY, TOKENS, URLS


def found(text: str) -> list[Secret]:
    return list(tokens.find(text.encode()))


def test_there_is_a_token_here_for_each_beginning() -> None:
    known = [prefix for shape in SHAPES for prefix in shape.prefixes]
    assert [prefix for prefix in known if not any(token.startswith(prefix) for token in TOKENS)] == []


@pytest.mark.parametrize(("token", "kind"), TOKENS.items(), ids=TOKENS.values())
def test_a_token_is_known_wherever_it_stands(token: str, kind: str) -> None:
    for text in (token, f"token={token}\n", f'{{"token":"{token}"}}', f"\0\xff{token}\0"):
        assert found(text) == [Secret(kind, 1)]
    assert found(f"\n\n{token}\n{token}") == [Secret(kind, 3)]


@pytest.mark.parametrize("token", TOKENS)
def test_what_is_too_short_or_part_of_a_longer_word_is_none(token: str) -> None:
    assert found(token[:-1][:20]) == []
    assert found(f"x{token}") == []


@pytest.mark.parametrize(
    "text",
    [
        "AKIA" + "IOSFODNN7EXAMPLE",
        "ghp_" + "x" * 36,
        "npm_" + "abc" * 12,
        "the prefix ghp_ is for tokens, npm_ and AKIA, too",
    ],
)
def test_samples_in_documentation_are_none(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize("kind", ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "])
def test_a_private_key_is_known_by_what_follows_its_first_line(kind: str) -> None:
    assert found("x\n" + KEY.format(kind, "")) == [Secret("a private key", 2)]
    assert found(KEY.format(kind, "").replace("\n", "\r\n")) == [Secret("a private key", 1)]
    assert found('{"key": "' + KEY.format(kind, "").replace("\n", r"\n")) == [Secret("a private key", 1)]


def test_headers_may_stand_in_a_key() -> None:
    first, rest = KEY.format("RSA ", "").split("\n", 1)
    headers = "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0123\n\n"
    assert found(f"{first}\n{headers}{rest}") == [Secret("a private key", 1)]
    first, rest = KEY.format("PGP ", " BLOCK").split("\n", 1)
    assert found(f"{first}\nVersion: 1\n\n{rest}") == [Secret("a private key", 1)]


def test_the_words_alone_as_they_are_in_every_tls_library_are_no_key() -> None:
    assert found("-----BEGIN RSA PRIVATE KEY-----\0-----BEGIN PRIVATE KEY-----\n") == []
    assert found("-----BEGIN PUBLIC KEY-----\n" + KEY.split("\n")[1]) == []


@pytest.mark.parametrize(
    ("name", "value", "is_one"),
    [
        ("DB_PASSWORD", "hunter2", True),
        ("API_KEY", "abc", True),
        ("secret", "s3cr3t", True),
        ("SECRET_KEY", "x1y2", True),
        ("GITHUB_TOKEN", "abc", True),
        ("DB_PASSWORD", "", False),
        ("DB_PASSWORD", "${DB_PASSWORD}", False),
        ("DB_PASSWORD", "<password>", False),
        ("DB_PASSWORD", "****", False),
        ("DB_PASSWORD_FILE", "/run/secrets/db", False),
        ("TOKEN", "/var/run/token", False),
        ("USE_TOKEN", "true", False),
        ("GPG_KEY", "7169605F62C751356D054A26A821E680E5FA6305", False),
        ("TOKENIZER", "words", False),
        ("PATH", "/bin", False),
    ],
)
def test_a_variable_is_known_by_its_name_if_it_has_a_value(name: str, value: str, is_one: bool) -> None:  # noqa: FBT001
    assert tokens.is_named_secret(name, value) is is_one


@pytest.mark.parametrize(
    ("text", "has_one"),
    [
        *((url, True) for url in URLS),
        ("postgres://app@db/app", False),
        ("postgres://app:${PASSWORD}@db/app", False),
        ("http://host:80/a@b", False),
        ("https://user:<password>@host", False),
    ],
)
def test_a_password_in_a_url_is_seen(text: str, has_one: bool) -> None:  # noqa: FBT001
    assert tokens.has_password(text) is has_one


@given(st.binary())
def test_any_bytes_can_be_searched(data: bytes) -> None:
    assert all(secret.line >= 1 for secret in tokens.find(data))


@pytest.mark.parametrize(
    "word", [b"cio ", b"glpat-", b"-----BEGIN RSA PRIVATE KEY-----\na: b\n", b" ghp_abcdefgh"]
)
def test_a_file_that_was_made_to_take_time_takes_little(word: bytes) -> None:
    data = word * (8_000_000 // len(word))
    assert list(tokens.find(data)) == []
    assert not tokens.has_password("://a" * 500_000)
