import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.audit import tokens
from pinbot.comparison.settings import changes
from pinbot.model.comparison import Setting, SettingChange, Value
from pinbot.model.image import ImageConfig
from pinbot.model.reference import Platform
from pinbot.tokenshapes import SHAPES, Shape
from tests.support.secrets import KEY, TOKENS, URLS

CONFIG = ImageConfig(
    platform=Platform("linux", "amd64"),
    user="nobody",
    entrypoint=("/bin/app",),
    cmd=("serve",),
    env=(("PATH", "/bin"), ("LANG", "C")),
    working_dir="/srv",
    exposed_ports=("80/tcp",),
    volumes=("/data",),
    stop_signal="SIGTERM",
    labels=(("vendor", "us"),),
    created="2026-01-01T00:00:00Z",
)


def one(setting: Setting, old: Value, new: Value, name: str = "", *, secret: bool = False) -> SettingChange:
    return SettingChange(setting=setting, name=name, old=old, new=new, secret=secret)


@pytest.mark.parametrize(
    ("new", "change"),
    [
        (
            replace(CONFIG, entrypoint=("/bin/sh", "-c")),
            one(Setting.ENTRYPOINT, ("/bin/app",), ("/bin/sh", "-c")),
        ),
        (replace(CONFIG, cmd=()), one(Setting.CMD, ("serve",), None)),
        (replace(CONFIG, user=""), one(Setting.USER, "nobody", None)),
        (replace(CONFIG, working_dir="/"), one(Setting.WORKDIR, "/srv", "/")),
        (replace(CONFIG, stop_signal=None), one(Setting.STOP_SIGNAL, "SIGTERM", None)),
        (replace(CONFIG, exposed_ports=("80/tcp", "443/tcp")), one(Setting.PORT, None, "443/tcp")),
        (replace(CONFIG, volumes=()), one(Setting.VOLUME, "/data", None)),
        (replace(CONFIG, labels=(("vendor", ""),)), one(Setting.LABEL, "us", "", "vendor")),
        (replace(CONFIG, env=CONFIG.env[:1]), one(Setting.ENV, "C", None, "LANG")),
        (
            replace(CONFIG, platform=Platform("linux", "arm64")),
            one(Setting.PLATFORM, "linux/amd64", "linux/arm64"),
        ),
    ],
)
def test_each_part_of_the_config_that_changes_is_told(new: ImageConfig, change: SettingChange) -> None:
    assert changes(CONFIG, new) == (change,)


def test_order_repetition_and_date_are_no_change_of_the_config() -> None:
    env = (("LANG", "de"), *reversed(CONFIG.env))
    assert changes(CONFIG, replace(CONFIG, env=env, created="2026-02-02T00:00:00Z", diff_ids=())) == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DB_PASSWORD", "correct horse battery staple"),
        ("github.token", "0123456789abcdef0123"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        ("SOMETHING", "ghp_16C7e42F292c6912E7710c838347Ae178B4a"),
        ("DATABASE_URL", "postgres://app:hunter22@db/app"),
        ("KEY", "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA"),
        ("KEY", "-----BEGIN ED25519 PRIVATE KEY-----\nMIIEpAIBAAKCAQEA"),
        ("PREFIXED", "hvs_ghp_16C7e42F292c6912E7710c838347Ae178B4a"),
    ],
)
def test_what_looks_like_a_secret_is_cut(name: str, value: str) -> None:
    (change,) = changes(CONFIG, replace(CONFIG, env=(*CONFIG.env, (name, value))))
    assert change == one(Setting.ENV, None, f"{value[:4]}…", name, secret=True)


@pytest.mark.parametrize("value", [*TOKENS, *(f"with {token}" for token in TOKENS), *URLS])
def test_what_the_audit_knows_is_cut_wherever_it_stands(value: str) -> None:
    assert next(tokens.find(value.encode()), None) or tokens.has_password(value)
    new = replace(
        CONFIG,
        user=value,
        entrypoint=("run", f"-H:{value}"),
        cmd=(value,),
        working_dir=value,
        stop_signal=value,
        exposed_ports=(value,),
        volumes=(value,),
        env=(("ADDRESS", value),),
        labels=(("note", value),),
    )
    told = [change for change in changes(CONFIG, new) if change.new is not None]
    assert {change.setting for change in told} == {*Setting} - {Setting.PLATFORM}
    assert all(change.secret for change in told)
    assert value not in repr(told)


@given(st.sampled_from(SHAPES), st.data())
def test_all_that_has_the_shape_of_a_token_is_cut(shape: Shape, data: st.DataObject) -> None:
    start = data.draw(st.sampled_from(shape.prefixes))
    value = start + data.draw(st.from_regex(re.compile(shape.rest, re.ASCII), fullmatch=True))
    (change,) = changes(CONFIG, replace(CONFIG, labels=(*CONFIG.labels, ("note", value))))
    assert change == one(Setting.LABEL, None, f"{value[:4]}…", "note", secret=True)


def test_a_key_that_is_a_word_of_a_command_is_cut() -> None:
    (change,) = changes(CONFIG, replace(CONFIG, cmd=("sign", "--with", KEY.format("", ""))))
    assert change.new == ("sign", "--with", "----…")


def test_a_short_secret_is_not_shown_at_all_and_its_change_is_told_all_the_same() -> None:
    old, new = (replace(CONFIG, env=(("PASSWORD", value),)) for value in ("hunter2", "hunter3"))
    assert changes(old, new) == (one(Setting.ENV, "…", "…", "PASSWORD", secret=True),)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GPG_KEY", "7169605F62C751356D054A26A821E680E5FA6305"),
        ("PYTHON_SHA256", "5ae03e308260164baba39921fdb4dbf8e6d03d8235a939d4582b33f0b5e46a83"),
        ("PASSENGER_VERSION", "6.0.1"),
        ("AUTHORS", "somebody"),
        ("HOMEPAGE", "https://example.org/path"),
        ("PASSWORD", ""),
    ],
)
def test_what_is_no_secret_is_shown_whole(name: str, value: str) -> None:
    (change,) = changes(CONFIG, replace(CONFIG, env=(*CONFIG.env, (name, value))))
    assert change == one(Setting.ENV, None, value, name)


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (("run", "--password=hunter2"), ("run", "--password=…")),
        (("env", "API_TOKEN=0123456789abcdef", "run"), ("env", "API_TOKEN=0123…", "run")),
        (("run", "--db-password", "hunter2", "--port", "80"), ("run", "--db-password", "…", "--port", "80")),
        (("run", "--token", "--verbose", "x"), ("run", "--token", "--verbose", "x")),
        (("run", "https://ada:hunter2@example.org/"), ("run", "http…")),
        (("run", "--token-file=/run/secrets/t", "pass"), ("run", "--token-file=…", "pass")),
    ],
)
def test_what_looks_like_a_secret_in_a_command_is_cut(words: tuple[str, ...], shown: tuple[str, ...]) -> None:
    (change,) = changes(CONFIG, replace(CONFIG, cmd=words))
    assert change.new == shown
    assert change.secret == (words != shown)


def test_a_secret_in_a_command_that_changes_is_a_change() -> None:
    before, after = (replace(CONFIG, cmd=("--password", secret)) for secret in ("hunter1", "hunter2"))
    (change,) = changes(before, after)
    assert change.old == change.new == ("--password", "…")
