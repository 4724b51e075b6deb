"""What holds for all Dockerfile rules: examples, comments that spare, stages, and hostile files."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.audit import catalog
from pinbot.errors import PinbotError, SyntaxProblem, UsageError
from pinbot.model.finding import Profile, Rule, Severity
from pinbot.scaffold.rust import project
from tests.audit.dockerfiles import DIGEST, Case, audit, message, places, subject, unchecked
from tests.formats.dockerfile.strategies import dockerfiles, soups

RULES = [check.rule for check in catalog.DOCKERFILE]

each_rule = pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])


def test_the_rules_are_there_without_a_gap() -> None:
    assert [rule.id for rule in RULES] == [f"D{number}" for number in range(1, 18)]


@each_rule
def test_the_wrong_example_of_a_rule_breaks_it_and_the_right_one_does_not(rule: Rule) -> None:
    assert rule.id in {finding.rule for finding in audit(rule.wrong).findings}
    result = audit(rule.right)
    assert rule.id not in {finding.rule for finding in result.findings}
    assert rule.id in result.kept or rule.id in {entry.rule for entry in result.inapplicable}


@each_rule
def test_a_finding_is_no_worse_than_its_rule(rule: Rule) -> None:
    found = [finding.severity for finding in audit(rule.wrong).findings if finding.rule == rule.id]
    assert all(severity.rank >= rule.severity.rank for severity in found)


def test_a_new_project_has_nothing_but_images_to_pin() -> None:
    (dockerfile,) = [file.data for file in project("hello") if file.path == "Dockerfile"]
    result = audit(dockerfile)
    assert result.profile is Profile.SCRATCH
    assert {finding.rule for finding in result.findings} == {"D1"}
    assert result.ignored == ("D12",)
    pinned = dockerfile.replace(b"rust:alpine", b"rust:alpine@" + DIGEST.encode())
    pinned = pinned.replace(b"FROM alpine", b"FROM alpine:latest@" + DIGEST.encode())
    result = audit(pinned)
    assert result.findings == ()
    assert [entry.rule for entry in result.unchecked] == ["D16"]


# Comments


@pytest.mark.parametrize(
    "comment",
    [
        "# pinbot: ignore D12",
        "# pinbot: ignore D11, D12",
        "# pinbot: ignore D12,D11",
        "#pinbot:ignore D11 D12",
        "# Known. pinbot: ignore D12: the newest is meant",
        "  # pinbot: ignore D12 - as above",
        "# pinbot: ignore D12\n# and another line",
        "# pinbot: ignore D12\r",
    ],
)
def test_a_comment_above_an_instruction_spares_it_the_rules_that_it_names(comment: str) -> None:
    text = f"FROM alpine\n{comment}\nRUN apk add --no-cache curl\nRUN apk add --no-cache jq\n"
    assert len(places("D12", text)) == 1
    assert message("D12", text) == "apk add takes the newest version of jq"
    assert audit(text).ignored == ("D12",)


@pytest.mark.parametrize(
    "comment",
    [
        "# pinbot: ignore",
        "# pinbot: ignore D1",
        "# pinbot: ignore D120",
        "# pinbot: ignore D12x",
        "# pinbot: ignored D12",
        "# pinbot: ignore D12\n",
        "# ignore D12",
    ],
)
def test_other_comments_spare_nothing(comment: str) -> None:
    text = f"FROM alpine\n{comment}\nRUN apk add --no-cache curl\n"
    assert len(places("D12", text)) == 1
    assert audit(text).ignored == ()


def test_a_comment_spares_all_of_an_instruction_and_one_inside_of_it_the_line_below() -> None:
    whole = "FROM alpine\n# pinbot: ignore D12\nRUN true \\\n && apk add --no-cache curl\n"
    assert places("D12", whole) == []
    inside = (
        "FROM alpine\nRUN apk add --no-cache jq \\\n# pinbot: ignore D12\n && apk add --no-cache curl \\\n"
        " && apk add --no-cache git\n"
    )
    assert places("D12", inside) == ["2:24 note", "5:24 note"]


def test_a_comment_at_the_head_is_for_the_first_instruction_and_ignore_file_for_all() -> None:
    body = "FROM alpine\nRUN apk add --no-cache curl\n"
    assert places("D12", f"# pinbot: ignore D12\n{body}") == ["3:24 note"]
    assert places("D12", f"# pinbot: ignore-file D12: a sandbox\n\n{body}") == []
    assert places("D1", f"# pinbot: ignore-file D12\n{body}") == ["2:6 warning"]
    assert places("D12", f"{body}# pinbot: ignore-file D12\n") == ["2:24 note"]


def test_ids_in_a_comment_leave_references_alone() -> None:
    (occurrence,) = subject("# pinbot: ignore D1\nFROM alpine\n").occurrences
    assert occurrence.reason is None
    assert places("D1", "# pinbot: ignore D1\nFROM alpine\n") == []


def test_a_reference_that_is_to_be_left_alone_is_spared_the_rules_about_references() -> None:
    text = f"# pinbot: ignore\nFROM alpine@{DIGEST} AS a\n# pinbot: ignore\nFROM alpine\n"
    assert places("D1", text) == []
    assert places("D2", text) == []
    assert {"D1", "D2"} <= set(audit(text).ignored)


# Stages


def test_the_last_stage_makes_the_image_unless_another_is_named() -> None:
    text = 'FROM scratch AS app\nCMD ["/a"]\nFROM alpine AS test\nUSER 1\n'
    assert places("D4", text) == []
    for target in ("app", "APP", "0"):
        assert places("D4", Case(text=text, target=target)) == ["1:1 error"]
        assert subject(text, target).profile is Profile.SCRATCH
    with pytest.raises(UsageError, match="no stage 'nil'") as caught:
        subject(text, "nil")
    assert caught.value.hint == "the stages: app, test"


def test_a_stage_on_a_stage_is_what_that_one_is() -> None:
    text = 'FROM scratch AS base\nUSER 1\nWORKDIR /app\nFROM base\nCMD ["/a"]\n'
    assert subject(text).profile is Profile.SCRATCH
    assert places("D4", text) == []
    assert places("D5", text) == []


def test_a_system_that_is_unpacked_on_scratch_is_no_image_for_one_program() -> None:
    text = "FROM scratch\nADD alpine-minirootfs-3.22-x86_64.tar.gz /\nCMD sh\n"
    assert subject(text).profile is Profile.ANY
    assert places("D6", text) == []
    assert subject("FROM scratch\nADD app.tar.gz /app/\n").profile is Profile.SCRATCH
    assert subject("FROM scratch\nADD https://x.example/a.tar.gz /\n").profile is Profile.SCRATCH


def test_what_a_build_argument_decides_is_not_checked() -> None:
    text = 'ARG BASE\nFROM $BASE\nCMD ["/a"]\n'
    assert unchecked("D3", text) == ["$BASE is not known without build arguments"]
    assert "the base image may set one" in unchecked("D4", text)[0]
    assert unchecked("D1", text) == ["$BASE is no image that is known here: ARG BASE (line 1) has no default"]
    assert audit(text).findings == ()


def test_a_build_argument_that_must_be_given_is_not_known() -> None:
    assert unchecked("D3", "ARG BASE\nFROM ${BASE:?missing}\n") == [
        "${BASE:?missing} needs a build argument: BASE: missing"
    ]


def test_a_default_of_an_argument_counts() -> None:
    assert places("D3", "ARG BASE=alpine\nFROM $BASE\n") == ["2:6 note"]
    assert places("D3", "ARG BASE=scratch\nFROM $BASE\n") == []
    assert places("D3", "FROM scratch AS build-amd64\nFROM build-$TARGETARCH\n") == []


def test_stages_that_are_not_built_for_the_target_are_left_alone() -> None:
    text = "FROM rust:alpine AS lint\nRUN cargo build\nFROM rust:alpine AS build\nFROM scratch\n"
    assert places("D13", text) == []
    for using in ("COPY --from=lint /a /a", "RUN --mount=from=lint,target=/x ls", "COPY --from=0 /a /a"):
        assert places("D13", f"{text}{using}\n") == ["2:11 warning"]


# Hostile files


def test_a_file_that_buildkit_refuses_is_an_error_with_its_place() -> None:
    with pytest.raises(SyntaxProblem) as caught:
        subject("FROM alpine\nUSER\n")
    assert (caught.value.file, caught.value.line) == ("Dockerfile", 2)


@pytest.mark.parametrize("text", ["", "# nothing\n", "\n\n", "ARG A=1\n"])
def test_a_file_without_stages_is_an_error(text: str) -> None:
    with pytest.raises(SyntaxProblem):
        subject(text)


@pytest.mark.parametrize("head", ["// syntax=example.org/own:1\n", '{"syntax": "example.org/own:1"}'])
def test_a_file_in_another_language_is_not_judged(head: str) -> None:
    with pytest.raises(SyntaxProblem, match="knows the language of this file"):
        subject(f"{head}")


@pytest.mark.parametrize("text", ["FROM {{ base }}\n", "FROM a:%%VERSION%%\nRUN x\n"])
def test_a_template_is_not_judged(text: str) -> None:
    with pytest.raises(SyntaxProblem):
        subject(text)


@given(st.one_of(dockerfiles().map(lambda written: written.data), soups.map(str.encode)))
def test_any_dockerfile_can_be_judged_and_every_finding_has_its_place(data: bytes) -> None:
    try:
        result = audit(data)
    except PinbotError:
        return
    lines = data.count(b"\n") + 1
    for finding in result.findings:
        assert finding.line is not None
        assert 1 <= finding.line <= lines
        assert finding.column is not None
        assert finding.severity in Severity


@given(
    st.lists(
        st.sampled_from(
            [
                "FROM scratch",
                "FROM alpine AS files",
                "FROM files",
                "COPY --from=files --chmod=$M / .",
                "COPY --chmod=u+s,g=u a b/ c",
                "ADD --link --chmod=444 <<E /x/y",
                "E",
                "RUN cargo \\",
                "  build $(apk add x",
                "RUN <<E",
                "WORKDIR $W/../..",
                "ARG M=444",
                "ENV W=/a TOKEN=$M",
                "USER $U:0",
                'CMD ["a"]',
                "HEALTHCHECK CMD a",
                "ONBUILD COPY --chmod=777 a b",
                'SHELL ["x"]',
                "# pinbot: ignore D9, D8",
            ]
        ),
        max_size=12,
    )
)
def test_any_order_of_instructions_can_be_judged(lines: list[str]) -> None:
    with suppress(PinbotError):
        audit("\n".join(["FROM scratch AS files", *lines]) + "\n")
