"""pinbot.yaml: what it can say, and that every mistake is found at once and at its place."""

import io
import os
import re
import threading
import tracemalloc
from datetime import time
from pathlib import Path

import pytest

from pinbot.config import (
    AuditSettings,
    BuildSettings,
    Config,
    Driver,
    Mirror,
    Network,
    RegistrySettings,
    VulnerabilitySettings,
)
from pinbot.configfile.load import load
from pinbot.errors import ConfigError, Several
from pinbot.model.build import BuildTarget
from pinbot.model.finding import Profile
from pinbot.model.proposing import Grouping, MergeMethod, PullRequestSettings, Schedule
from pinbot.model.reference import Platform
from pinbot.model.treatment import CooldownMode, Digests, Reach, Treatment
from pinbot.policy import Policy, Rule
from pinbot.render.console import console, errors
from tests.support.schema import editor_sees, schema_takes

DAY = 86400.0
PAGE = (Path(__file__).parents[1] / "docs" / "configuration.md").read_text(encoding="utf-8")


def read(folder: Path, text: str | bytes) -> Config:
    path = folder / "pinbot.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    config = load(path)
    assert schema_takes(text)
    return config


def refused(folder: Path, text: str | bytes) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        read(folder, text)
    assert caught.value.file == str(folder / "pinbot.yaml")
    return caught.value


def mistakes(folder: Path, text: str) -> list[tuple[int | None, int | None, str]]:
    found = refusals(folder, text)
    assert editor_sees(text, [message for _, _, message in found])
    return found


def refusals(folder: Path, text: str) -> list[tuple[int | None, int | None, str]]:
    with pytest.raises(Several) as caught:
        read(folder, text)
    for error in caught.value.errors:
        assert isinstance(error, ConfigError)
        assert error.hint
        assert error.file == str(folder / "pinbot.yaml")
    return [(error.line, error.column, error.message) for error in caught.value.errors]


def test_the_complete_example_in_the_page_is_read(tmp_path: Path) -> None:
    example, *others = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert [bool(read(tmp_path, other).policy.rules) for other in others] == [True]
    assert read(tmp_path, example) == Config(
        registries=(
            RegistrySettings(
                name="docker.io",
                location="mirror.example.com:5000",
                username_variable="MIRROR_USER",
                password_variable="MIRROR_PASSWORD",
            ),
            RegistrySettings(name="registry.example.com", ca="/etc/ssl/certs/example-ca.pem"),
            RegistrySettings(name="192.0.2.7:5000", insecure=True),
            RegistrySettings(name="quay.io", mirrors=(Mirror(location="cache.example.com/quay"),)),
        ),
        build=BuildSettings(
            driver=Driver.BUILDAH,
            network=Network.NONE,
            timeout=1200.0,
            memory=2 * 1024**3,
            targets=(
                BuildTarget(dockerfile="Dockerfile", context=".", audit=Profile.SCRATCH, max_size=9_000_000),
                *(
                    BuildTarget(
                        dockerfile="services/api/Dockerfile",
                        context="services",
                        stage="runtime",
                        platform=platform,
                        args=(("VERSION", "1.10"), ("FEATURES", "jemalloc tls")),
                    )
                    for platform in ("linux/amd64", "linux/arm64")
                ),
            ),
        ),
        audit=AuditSettings(profile=Profile.SCRATCH, max_size=12_000_000, ignore=("I13",)),
        policy=Policy(
            exclude=("vendor/", "/third_party/"),
            standard=Treatment(cooldown=3 * DAY),
            rules=(
                Rule(images=("postgres",), ignore="the operator pins it (pinbot.yaml)"),
                Rule(images=("ghcr.io/acme/*",), cooldown=0.0),
                Rule(paths=("/services/edge/",), platforms=(Platform("linux", "arm64"),), labels=("edge",)),
            ),
        ),
    )


def test_the_mistakes_in_the_page_look_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pinbot.yaml").write_text("build:\n  drivr: docker\n  timeout: soon\n", encoding="utf-8")
    with pytest.raises(Several) as caught:
        load(Path("pinbot.yaml"))
    stream = io.StringIO()
    errors(console(stream, colour=False), [caught.value])
    assert f"```text\n{stream.getvalue()}```" in PAGE


@pytest.mark.parametrize(
    "text", ["", "\n", "# only a comment\n", "---\n", "{}", "build:\nregistries:\n", "build:\n  targets:\n"]
)
def test_what_is_left_out_has_its_default(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == Config()


def test_windows_line_ends_and_a_byte_order_mark_do_no_harm(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbfbuild:\r\n  timeout: 90\r\n").build.timeout == 90.0


def test_mirrors_are_read_in_their_order(tmp_path: Path) -> None:
    (settings,) = read(
        tmp_path,
        "registries:\n  docker.io:\n    follow_private: true\n    mirror:\n"
        "      - location: a.example.com/hub\n"
        "      - {location: '[::1]:5000', insecure: true, authoritative: true}\n",
    ).registries
    assert settings == RegistrySettings(
        name="docker.io",
        follow_private=True,
        mirrors=(
            Mirror(location="a.example.com/hub"),
            Mirror(location="[::1]:5000", insecure=True, authoritative=True),
        ),
    )


def test_a_mirror_needs_a_place(tmp_path: Path) -> None:
    assert mistakes(
        tmp_path,
        "registries:\n  docker.io:\n    mirror:\n      - insecure: true\n      - location: https://m\n"
        "      - m.example.com\n      -\n  quay.io:\n    mirror: m.example.com\n",
    ) == [
        (4, 9, "a mirror needs a location"),
        (5, 19, "'https://m' is not host, host:port or host/path"),
        (6, 9, "expected `key: value` lines here"),
        (7, 8, "a mirror needs a location"),
        (9, 13, "expected a list"),
    ]


def test_the_context_is_the_folder_of_the_dockerfile(tmp_path: Path) -> None:
    (target,) = read(tmp_path, "build: {targets: [{dockerfile: ./a/b/Dockerfile}]}").build.targets
    assert (target.dockerfile, target.context) == ("a/b/Dockerfile", "a/b")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("1.5 h", 5400), ("0.5m", 30), ('"2m"', 120), ("24h", 86400)],
)
def test_durations(tmp_path: Path, text: str, seconds: float) -> None:
    assert read(tmp_path, f"build: {{timeout: {text}}}").build.timeout == seconds


@pytest.mark.parametrize(
    "text",
    ["0", "-1", "1d", "1h30m", "12:30", "1_000", "0x10", "1e3", ".inf", "24.1h", "9" * 400, "true", "[1]"],
)
def test_what_is_no_duration(tmp_path: Path, text: str) -> None:
    ((line, column, message),) = mistakes(tmp_path, f"build:\n  timeout: {text}\n")
    assert (line, column) == (2, 12)
    assert message.startswith("expected a duration like 90s, 10m or 1h")


def test_limits_of_a_build(tmp_path: Path) -> None:
    settings = read(tmp_path, "build: {memory: 512M, cpus: 0.5, processes: 100, disk: 1.5GB}").build
    assert (settings.memory, settings.cpus, settings.processes, settings.disk) == (
        512 * 1024**2,
        0.5,
        100,
        1_500_000_000,
    )
    assert read(tmp_path, "build: {memory: 2GiB, disk: 2g}").build.disk == 2 * 1024**3


def test_mistakes_in_limits_and_in_targets(tmp_path: Path) -> None:
    text = """\
build:
  memory: lots
  cpus: -1
  processes: 1.5
  disk: 0
  targets:
    - dockerfile: D
      platform: [linux/amd64, arm]
      audit: none
      max_size: 9M
    - dockerfile: D
      platform: []
"""
    assert mistakes(tmp_path, text) == [
        (2, 11, "expected a size like 15MB or 800kB, not 'lots'"),
        (3, 9, "expected a number of processors like 1.5, not '-1'"),
        (4, 14, "expected a whole number"),
        (5, 9, "expected a size like 15MB or 800kB, not '0'"),
        (8, 31, "'arm' is not one platform like linux/amd64"),
        (9, 14, "expected one of scratch, any, not 'none'"),
        (10, 17, "expected a size like 15MB or 800kB, not '9M'"),
        (12, 17, "expected a text"),
    ]
    assert mistakes(tmp_path, "build: {cpus: [1], processes: 0}") == [
        (1, 15, "expected a number of processors like 1.5"),
        (1, 31, "expected a number of processes like 512, not '0'"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "no",
        "yes",
        "true",
        "1_000",
        "12:30",
        "0644",
        "1.10",
        "1e3",
        "0x1F",
        "2020-01-01",
        "+1",
        ".5",
        "a: b"[0],
    ],
)
@pytest.mark.parametrize("directive", ["", "%YAML 1.1\n---\n"])
@pytest.mark.filterwarnings("ignore::ruamel.yaml.error.MantissaNoDotYAML1_1Warning")
def test_an_argument_is_the_text_that_stands_there(tmp_path: Path, text: str, directive: str) -> None:
    document = f"{directive}build:\n  targets:\n    - dockerfile: D\n      args:\n        KEY: {text}\n"
    assert read(tmp_path, document).build.targets[0].args == (("KEY", text),)


def test_an_argument_may_be_empty_or_of_several_lines(tmp_path: Path) -> None:
    document = 'build: {targets: [{dockerfile: D, args: {A: "", B: "x\\ny"}}]}'
    assert read(tmp_path, document).build.targets[0].args == (("A", ""), ("B", "x\ny"))


def test_aliases_are_what_they_stand_for(tmp_path: Path) -> None:
    document = """
build:
  targets:
    - dockerfile: a/Dockerfile
      args: &same {V: 1}
    - dockerfile: b/Dockerfile
      args: *same
"""
    assert [target.args for target in read(tmp_path, document).build.targets] == [(("V", "1"),)] * 2


def test_every_mistake_is_told_at_once_and_in_order(tmp_path: Path) -> None:
    text = """\
registry: {}
registries:
  foo: {}
  index.docker.io: {}
  ghcr.io:
    location: https://ghcr.io/v2
    insecure: maybe
    username_variable: USER
  quay.io: 5
  5: {}
  UP CASE: {}
build:
  driver: podmann
  network: host
  timeout: soon
  targets:
    - context: .
    - dockerfile: /etc/Dockerfile
      context: ../..
      stage: 2
      platform: linux/amd64,linux/arm64
      args:
        NAME=1: x
        LIST: [1]
        EMPTY:
    - Dockerfile
    -
"""
    assert mistakes(tmp_path, text) == [
        (1, 1, "unknown key 'registry'"),
        (3, 3, "'foo' is not a registry"),
        (4, 3, "references call 'index.docker.io' docker.io"),
        (6, 15, "'https://ghcr.io/v2' is not host, host:port or host/path"),
        (7, 15, "expected one of true, false, not 'maybe'"),
        (8, 24, "username_variable stands without password_variable"),
        (9, 12, "expected `key: value` lines here"),
        (10, 3, "expected a text, not '5'"),
        (11, 3, "'UP CASE' is not a registry"),
        (13, 11, "expected one of auto, docker, buildah, podman, not 'podmann'"),
        (14, 12, "expected one of default, none, not 'host'"),
        (15, 12, "expected a duration like 90s, 10m or 1h, not 'soon'"),
        (17, 7, "a target needs a dockerfile"),
        (18, 19, "'/etc/Dockerfile' leads out of the repository"),
        (19, 16, "'../..' leads out of the repository"),
        (20, 14, "expected a text, not '2'"),
        (21, 17, "'linux/amd64,linux/arm64' is not one platform like linux/amd64"),
        (23, 9, "'NAME=1' is not the name of a variable"),
        (24, 15, "expected a text"),
        (25, 9, "expected a text after it"),
        (26, 7, "expected `key: value` lines here"),
        (27, 6, "a target needs a dockerfile"),
    ]


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("registrys", "did you mean 'registries'?"),
        ("xyz", "allowed here: registries, build"),
        ("<<", "allowed"),
    ],
)
def test_an_unknown_key_tells_what_was_probably_meant(tmp_path: Path, key: str, hint: str) -> None:
    with pytest.raises(Several) as caught:
        read(tmp_path, f"{key}: {{}}\n")
    assert hint in caught.value.errors[0].hint


def test_a_key_that_stands_twice_is_a_mistake_at_its_second_place(tmp_path: Path) -> None:
    text = "build:\n  timeout: 1\n  timeout: 2\nregistries:\n  a.io: {}\n  a.io: {}\nbuild: {}\n"
    assert mistakes(tmp_path, text) == [
        (3, 3, "'timeout' stands in line 2 already"),
        (6, 3, "'a.io' stands in line 5 already"),
        (7, 1, "'build' stands in line 1 already"),
    ]


def test_vulnerabilities_are_looked_up_only_where_it_is_wanted(tmp_path: Path) -> None:
    assert not read(tmp_path, "build: {}\n").vulnerabilities.enabled
    wanted = read(tmp_path, "vulnerabilities:\n  enabled: true\n").vulnerabilities
    assert wanted == VulnerabilitySettings(enabled=True, url="https://api.osv.dev")
    own = read(tmp_path, "vulnerabilities:\n  url: https://osv.example.com:8443/api\n").vulnerabilities
    assert own == VulnerabilitySettings(enabled=False, url="https://osv.example.com:8443/api")


@pytest.mark.parametrize(
    "url",
    ["api.osv.dev", "ftp://api.osv.dev", "https://user:secret@api.osv.dev", "https://a.b/?key=1", "https://"],
)
def test_the_address_of_a_vulnerability_database_is_a_plain_one(tmp_path: Path, url: str) -> None:
    ((line, column, message),) = mistakes(tmp_path, f"vulnerabilities:\n  url: {url}\n")
    assert (line, column) == (2, 8)
    assert message.endswith("is not an address like https://api.osv.dev")


def test_mistakes_in_what_images_are_held_to(tmp_path: Path) -> None:
    text = "audit:\n  profile: small\n  max_size: big\n  ignore: [I12, D05, {I: 1}]\n"
    assert mistakes(tmp_path, text) == [
        (2, 12, "expected one of scratch, any, not 'small'"),
        (3, 13, "expected a size like 15MB or 800kB, not 'big'"),
        (4, 17, "'D05' is not the id of a rule, like I12"),
        (4, 22, "expected a text"),
    ]
    assert mistakes(tmp_path, "audit:\n  max_size: []\n  ignore: I12") == [
        (2, 13, "expected a size like 15MB or 800kB"),
        (3, 11, "expected a list"),
    ]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0h", 0), ("90m", 5400), ("1.5d", 1.5 * DAY), ("2 w", 14 * DAY), ("366d", 366 * DAY)],
)
def test_times_to_wait(tmp_path: Path, text: str, seconds: float) -> None:
    assert read(tmp_path, f"cooldown: {text}").policy.standard.cooldown == seconds


@pytest.mark.parametrize("text", ["3", "0", "3s", "-1d", "367d", "1d12h", "[1d]", "soon", "9" * 400 + "d"])
def test_what_is_no_time_to_wait(tmp_path: Path, text: str) -> None:
    ((line, column, message),) = mistakes(tmp_path, f"settle: {text}\n")
    assert (line, column) == (1, 9)
    assert message.startswith("expected a time like 90m, 12h, 3d or 0h")


def test_everything_that_a_rule_can_say(tmp_path: Path) -> None:
    text = """\
rules:
- images: [rust, node]
  paths: [a/, b/]
  ignore: false
  tags: minor
  versions: ">=3.18,!=3.21"
  digests: keep
  cooldown: 1d
  cooldown_mode: warn
  settle: 2h
  interval: 1w
  platforms: [linux/amd64, linux/arm/v7]
  group: languages
  labels: [deps, needs review]
  reviewers: [ada]
- ignore: true
"""
    assert read(tmp_path, text).policy.rules == (
        Rule(
            images=("rust", "node"),
            paths=("a/", "b/"),
            tags=Reach.MINOR,
            versions=">=3.18,!=3.21",
            digests=Digests.KEEP,
            cooldown=DAY,
            cooldown_mode=CooldownMode.WARN,
            settle=7200.0,
            interval=7 * DAY,
            platforms=(Platform("linux", "amd64"), Platform("linux", "arm", "v7")),
            group="languages",
            labels=("deps", "needs review"),
            reviewers=("ada",),
        ),
        Rule(ignore="a rule in pinbot.yaml says to leave it alone"),
    )


def test_mistakes_in_rules(tmp_path: Path) -> None:
    text = f"""\
include: Dockerfile
exclude: ["!keep/"]
cooldown_mode: wait
tags: all
versions: 4
rules:
- image: rust
  platforms: [amd64]
  group: a b
  labels: [{"x" * 51}, 5]
  reviewers: ["@ada"]
  ignore: [x]
  versions: "~=4"
- rust
"""
    assert mistakes(tmp_path, text) == [
        (1, 10, "expected a list"),
        (2, 11, "'!keep/' takes back what no pattern says"),
        (3, 16, "expected one of hold, warn, off, not 'wait'"),
        (4, 7, "expected one of keep, patch, minor, major, not 'all'"),
        (5, 11, "expected a text, not '4'"),
        (7, 3, "unknown key 'image'"),
        (8, 15, "'amd64' is not a platform"),
        (9, 10, "'a b' is not a name like rust or base-images"),
        (10, 12, f"{'x' * 51!r} is too long for a label"),
        (10, 65, "expected a text, not '5'"),
        (11, 15, "'@ada' is not the name of a user"),
        (12, 11, "expected a text"),
        (13, 13, "'~=4' is not a limit like <4 or >=3.18,!=3.21"),
        (14, 3, "expected `key: value` lines here"),
    ]


@pytest.mark.parametrize("word", ["no", "No", "off", '"yes"', "y"])
def test_what_yaml_took_for_true_or_false_once_is_no_reason(tmp_path: Path, word: str) -> None:
    text = f"rules:\n- images: [rust]\n  ignore: {word}\n"
    said = word.strip('"').lower()
    assert mistakes(tmp_path, text) == [(3, 11, f"{said!r} is neither true nor false, and no reason")]


@pytest.mark.parametrize("group", ["a..b", "base.lock", "base."])
def test_a_group_is_part_of_the_name_of_a_branch(tmp_path: Path, group: str) -> None:
    text = f"rules:\n- images: [rust]\n  group: {group}\n"
    assert mistakes(tmp_path, text) == [(3, 10, f"{group!r} is not a name like rust or base-images")]


def test_everything_that_can_be_said_of_pull_requests(tmp_path: Path) -> None:
    text = """\
pull_requests:
  group: file
  limit: 3
  per_run: 0
  schedule:
    days: [mon, sun]
    from: 6:30
    to: 24:00
    zone: Europe/Berlin
  title: "build(deps): {title}"
  labels: [deps]
  reviewers: [ada]
  team_reviewers: [platform]
  assignees: [grace]
  draft: true
  auto_merge: squash
  dashboard: true
"""
    assert read(tmp_path, text).pull_requests == PullRequestSettings(
        group=Grouping.FILE,
        limit=3,
        per_run=None,
        schedule=Schedule(days=frozenset({0, 6}), start=time(6, 30), end=time.min, zone="Europe/Berlin"),
        title="build(deps): {title}",
        labels=("deps",),
        reviewers=("ada",),
        team_reviewers=("platform",),
        assignees=("grace",),
        draft=True,
        auto_merge=MergeMethod.SQUASH,
        dashboard=True,
    )


def test_words_may_be_written_in_capitals(tmp_path: Path) -> None:
    file = tmp_path / "pinbot.yaml"
    file.write_text("build: {driver: Docker}\npull_requests: {draft: TRUE, schedule: {days: [SUN]}}\n")
    assert load(file) == Config(
        build=BuildSettings(driver=Driver.DOCKER),
        pull_requests=PullRequestSettings(draft=True, schedule=Schedule(days=frozenset({6}))),
    )


def test_mistakes_about_pull_requests(tmp_path: Path) -> None:
    text = """\
pull_requests:
  group: each
  limit: many
  per_run: -1
  schedule: {days: [monday], from: 25:00, to: [1], zone: Mars/Base, at: 5}
  team_reviewers: [Acme/x]
  draft: perhaps
  auto_merge: yes
  title: "chore: {name}"
"""
    assert mistakes(tmp_path, text) == [
        (2, 10, "expected one of all, image, file, not 'each'"),
        (3, 10, "expected a whole number, not 'many'"),
        (4, 12, "expected a whole number, not '-1'"),
        (5, 21, "expected one of mon, tue, wed, thu, fri, sat, sun, not 'monday'"),
        (5, 36, "expected a time of the day like 6:30, not '25:00'"),
        (5, 47, "expected a time of the day like 6:30"),
        (5, 58, "'Mars/Base' is no time zone"),
        (5, 69, "unknown key 'at'"),
        (6, 20, "'Acme/x' is not the name of a team as in its address"),
        (7, 10, "expected one of true, false, not 'perhaps'"),
        (8, 15, "expected one of merge, squash, rebase, not 'yes'"),
        (9, 10, "'chore: {name}' is not one line with {title} in it"),
    ]


def test_targets_are_a_list(tmp_path: Path) -> None:
    assert mistakes(tmp_path, "build:\n  targets:\n    dockerfile: D\n") == [(3, 5, "expected a list")]


@pytest.mark.parametrize("text", ["- a\n", "a text\n", "42\n", "? [a]\n: b\n", "!tag x\n"])
def test_a_document_that_is_no_mapping_of_texts(tmp_path: Path, text: str) -> None:
    assert len(mistakes(tmp_path, text)) == 1


@pytest.mark.parametrize("key", ["ca", "location", "username_variable"])
@pytest.mark.parametrize("value", ["1", "true", "1.5", "2020-01-01", "[a]", "{a: b}", '""', "!x y"])
def test_what_is_no_text_where_one_is_expected(tmp_path: Path, key: str, value: str) -> None:
    told = [message for _, _, message in mistakes(tmp_path, f"registries: {{a.io: {{{key}: {value}}}}}")]
    assert told[0].startswith("expected a text")


@pytest.mark.parametrize("text", [r'"a\0b"', r'"a\ud800"'])
def test_text_that_no_program_can_be_given(tmp_path: Path, text: str) -> None:
    document = (
        f"build:\n  targets:\n    - dockerfile: {text}\n    - dockerfile: D\n      args: {{A: {text}}}\n"
    )
    assert [(line, column) for line, column, _ in mistakes(tmp_path, document)] == [(3, 19), (5, 17)]


@pytest.mark.parametrize(
    ("text", "line", "column", "problem"),
    [
        ("a: b: c\n", 1, 5, "mapping values are not allowed here"),
        ("build:\n\ttimeout: 1\n", 2, 1, "found character '\\t' that cannot start any token"),
        ("a: [b\n", 2, 1, "expected ',' or ']'"),
        ("a: 1\n---\nb: 2\n", 2, 1, "but found another document"),
        ("a: *nothing\n", 1, 4, "found undefined alias"),
        ("%YAML 3.1\n---\na: b\n", 1, 1, "found incompatible YAML document"),
        ("a: \x07\n", None, None, "unacceptable character #x0007"),
    ],
)
def test_broken_yaml_is_told_with_its_place(
    tmp_path: Path, text: str, line: int | None, column: int | None, problem: str
) -> None:
    error = refused(tmp_path, text)
    assert (error.line, error.column) == (line, column)
    assert error.message.startswith(f"is not valid YAML: {problem}")
    assert "\n" not in error.message


def test_text_that_is_not_utf_8_is_told_with_its_line(tmp_path: Path) -> None:
    error = refused(tmp_path, b"# fine\nbuild: {}\n# caf\xe9\n")
    assert (error.message, error.line) == ("is not UTF-8 text", 3)
    assert refused(tmp_path, "build: {}".encode("utf-16")).message == "is not UTF-8 text"


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load(tmp_path / "missing.yaml")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path)


def test_a_file_without_end_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, "# \n" * 50_000).message == "more than 128 KiB of configuration"
    with pytest.raises(ConfigError, match="more than 128 KiB"):
        load(Path("/dev/zero"))


def test_a_configuration_may_come_through_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=("build: {timeout: 5}",))
    writer.start()
    assert load(pipe).build.timeout == 5.0
    writer.join()


def test_aliases_that_multiply_take_no_room(tmp_path: Path) -> None:
    bomb = "a: &a0 [x]\n" + "".join(f"b{n}: &a{n + 1} [{', '.join([f'*a{n}'] * 9)}]\n" for n in range(20))
    tracemalloc.start()
    try:
        assert len(refusals(tmp_path, f"{bomb}build: {{targets: *a20}}\n")) == 21 + 9
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_an_alias_to_itself_ends(tmp_path: Path) -> None:
    assert refusals(tmp_path, "build: &b\n  targets: &t\n    - *t\n    - *b\n")


@pytest.mark.parametrize("text", ["[" * 20_000, "{a: " * 20_000, "- " * 20_000])
def test_endless_nesting_is_refused(tmp_path: Path, text: str) -> None:
    assert refused(tmp_path, text).message == "is nested too deeply"


def test_a_long_value_is_cut_in_the_message(tmp_path: Path) -> None:
    ((_, _, message),) = mistakes(tmp_path, f"build: {{driver: {'x' * 5000}}}")
    assert len(message) < 200


BOTS_OWN = [
    *("GITHUB_TOKEN", "GH_TOKEN", "ACTIONS_RUNTIME_TOKEN"),
    *("INPUT_TOKEN", "PINBOT_GITHUB_TOKEN", "PINBOT_APP_KEY"),
]


@pytest.mark.parametrize("variable", BOTS_OWN)
@pytest.mark.parametrize(
    "where",
    [
        "evil.example: {",
        "ghcr.io: {location: evil.example, ",
        "ghcr.io: {insecure: true, ",
        "ghcr.io.evil.example: {",
    ],
)
@pytest.mark.parametrize(
    "keys", [("username_variable", "password_variable"), ("password_variable", "username_variable")]
)
def test_a_token_of_the_bot_cannot_be_sent_elsewhere(
    tmp_path: Path, where: str, variable: str, keys: tuple[str, str]
) -> None:
    ((_, _, message),) = mistakes(tmp_path, f"registries: {{{where}{keys[0]}: {variable}, {keys[1]}: OWN}}}}")
    assert message.startswith(f"{variable} may hold a secret of the bot")


def test_github_s_own_registry_may_be_given_its_token(tmp_path: Path) -> None:
    text = "registries: {ghcr.io: {username_variable: GITHUB_ACTOR, password_variable: GITHUB_TOKEN}}"
    assert read(tmp_path, text).registries[0].password_variable == "GITHUB_TOKEN"


def test_a_registry_has_its_settings_or_the_defaults() -> None:
    mirror = RegistrySettings(name="docker.io", location="mirror.example.com")
    config = Config(registries=(mirror,))
    assert config.registry("docker.io").host == "mirror.example.com"
    assert config.registry("ghcr.io") == RegistrySettings(name="ghcr.io")
    assert Config().registry("docker.io").host == "registry-1.docker.io"


def test_a_certificate_is_looked_for_beside_the_configuration(tmp_path: Path) -> None:
    file = tmp_path / "pinbot.yaml"
    file.write_text("registries:\n  ghcr.io:\n    ca: certs/own.pem\n")
    assert load(file).registry("ghcr.io").ca == str(tmp_path / "certs" / "own.pem")


def test_a_registry_can_be_named_by_a_longer_prefix(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        "registries:\n  docker.io: {location: hub.example.com}\n"
        "  docker.io/library: {location: mirror.example.com:5000/official}\n",
    )
    official = config.registry("docker.io/library/alpine")
    assert (official.host, official.path_of("docker.io/library/alpine")) == (
        "mirror.example.com:5000",
        "official/alpine",
    )
    assert config.registry("docker.io/librarything/x").host == "hub.example.com"
    assert config.registry("docker.io").source == f"{tmp_path / 'pinbot.yaml'}:2"
    (mistake,) = mistakes(tmp_path, "registries:\n  index.docker.io/library: {}\n")
    assert mistake == (2, 3, "references call 'index.docker.io/library' docker.io/library")


def test_a_client_certificate_is_beside_the_file_and_has_a_key(tmp_path: Path) -> None:
    settings = read(tmp_path, "registries:\n  ghcr.io: {cert: c.pem, key: /k.pem}\n").registry("ghcr.io")
    assert (settings.cert, settings.key) == (str(tmp_path / "c.pem"), "/k.pem")
    assert mistakes(tmp_path, "registries:\n  ghcr.io:\n    key: k.pem\n") == [
        (3, 10, "key stands without cert")
    ]
