"""registries.conf, as containers-registries.conf(5) describes it, and what is wrong with some."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.config import Config, Mirror, RegistrySettings
from pinbot.errors import ConfigError
from pinbot.machine.registries_conf import parse

FULL = """\
# comment
unqualified-search-registries = ["example.com"]
short-name-mode = "enforcing"

[[registry]]
prefix = "docker.io/library"
location = "mirror.example.com:5000/hub"
insecure = true

[[registry.mirror]]
location = "127.0.0.1:5001"
insecure = true
pull-from-mirror = "tag-only"

[[registry.mirror]]
location = "other.example.com/hub"

[aliases]
"fedora" = "registry.fedoraproject.org/fedora"

[[registry]]
location = "bad.example.com"
blocked = true
"""


def settings(text: str) -> tuple[RegistrySettings, ...]:
    return parse(text, "r.conf")


def refusal(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        settings(text)
    assert caught.value.file == "r.conf"
    assert caught.value.hint
    return caught.value


def test_every_table_is_read_and_knows_its_place() -> None:
    first, second = settings(FULL)
    assert first == RegistrySettings(
        name="docker.io/library",
        location="mirror.example.com:5000/hub",
        insecure=True,
        mirrors=(
            Mirror(location="127.0.0.1:5001", insecure=True),
            Mirror(location="other.example.com/hub"),
        ),
    )
    assert second == RegistrySettings(name="bad.example.com", blocked=True)
    assert (first.source, second.source) == ("r.conf:5", "r.conf:21")


def test_tables_in_line_are_read_too() -> None:
    (found,) = settings('registry = [{prefix = "a.io", location = "b.io"}]')
    assert found == RegistrySettings(name="a.io", location="b.io")
    assert found.source == "r.conf"


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", 'unqualified-search-registries = ["docker.io"]\n', "registry = []"]
)
def test_a_file_without_registries_says_nothing(text: str) -> None:
    assert settings(text) == ()


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[[registry]\n", 1, "is not valid TOML"),
        ('a = 1\n\n[[registry]]\nlocation = "x\n', 4, "is not valid TOML"),
        ("a = " + "[" * 5000, None, "is nested too deeply"),
        ('\n[registries.search]\nregistries = ["docker.io"]\n', 2, "version 1"),
        ("registry = 5\n", None, "`registry` is no list of tables"),
        ("registry = [5]\n", None, "`registry` is no list of tables"),
        ("[[registry]]\ninsecure = true\n", 1, "needs a prefix or a location"),
        ('[[registry]]\nprefix = "a.io/b"\n', 2, "there is no location for this prefix"),
        ("[[registry]]\n\nlocation = 5\n", 3, "`location` is no text"),
        ('[[registry]]\nlocation = "a.io"\ninsecure = "yes"\n', 3, "`insecure` is neither true nor false"),
        ('[[registry]]\nlocation = "https://a.io"\n', 2, "'https://a.io' is not host[:port][/path]"),
        ('[[registry]]\nlocation = "a.io/"\n', 2, "'a.io/' is not host[:port][/path]"),
        ('[[registry]]\nlocation = "a.io/Up"\n', 2, "'a.io/Up' is not host[:port][/path]"),
        ('[[registry]]\nlocation = "a.io/b c"\n', 2, "'a.io/b c' is not host[:port][/path]"),
        ('[[registry]]\nlocation = "a.io/../x?y"\n', 2, "is not host[:port][/path]"),
        ('[[registry]]\nlocation = "a.io"\nmirror = 5\n', 3, "`mirror` is no list of tables"),
        (
            '[[registry]]\nlocation = "a.io"\n[[registry]]\nlocation = "b.io"\n[[registry.mirror]]\n',
            5,
            "a mirror needs a location",
        ),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, line: int | None, words: str) -> None:
    error = refusal(text)
    assert error.line == line
    assert words in error.message


@given(st.text(st.sampled_from("[]registy.mo =\n\"ab5{},'#*/:"), max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ConfigError):
        assert all(found.name for found in settings(text))


def test_a_wildcard_stands_for_every_host_below() -> None:
    config = Config(
        registries=settings('[[registry]]\nprefix = "*.example.com"\ninsecure = true\nblocked = true\n')
    )
    found = config.registry("a.b.example.com:5000/x")
    assert (found.name, found.host, found.blocked) == ("a.b.example.com:5000",) * 2 + (True,)
    assert found.path_of("a.b.example.com:5000/x") == "x"
    assert not config.registry("example.com/x").blocked
    assert not config.registry("badexample.com/x").blocked
    assert not config.registry("docker.io/a.example.com/x").blocked


@pytest.mark.parametrize("suffix", [":latest", f"@sha256:{'0' * 64}"])
def test_an_entry_for_one_image_is_kept_and_means_no_other(suffix: str) -> None:
    found = settings(f'[[registry]]\nprefix = "a.io:5000/b{suffix}"\nlocation = "c.io/b{suffix}"\n')
    assert [entry.name for entry in found] == [f"a.io:5000/b{suffix}"]
    assert Config(registries=found).registry("a.io:5000/b") == RegistrySettings(name="a.io:5000")


def test_a_wildcard_can_be_for_one_path_and_lead_elsewhere() -> None:
    config = Config(registries=settings('[[registry]]\nprefix = "*.io/team"\nlocation = "q.example.com/t"\n'))
    assert config.registry("quay.io/team/app").path_of("quay.io/team/app") == "t/app"
    assert config.registry("quay.io/other/app").host == "quay.io"
