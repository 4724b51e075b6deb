"""The logs are those of the real builders, shortened."""

import pytest

from pinbot.build.log import BuildahLog, BuildKitLog, newer_than_builder


def test_buildahs_last_step_is_the_one_that_was_reached() -> None:
    log = BuildahLog()
    assert log.step == ""
    lines = (
        "[1/2] STEP 1/2: FROM rust:alpine AS build",
        "Trying to pull docker.io/library/rust:alpine...",
        "[1/2] STEP 2/2: RUN cargo build --release",
        "   Compiling app v0.1.0",
        'Error: building at STEP "RUN cargo build --release": while running runtime: exit status 101',
    )
    assert [log.feed(line) for line in lines] == [
        "[stage 1/2, step 1/2] FROM rust:alpine AS build",
        "[stage 1/2, step 1/2] Trying to pull docker.io/library/rust:alpine...",
        "[stage 1/2, step 2/2] RUN cargo build --release",
        "[stage 1/2, step 2/2]    Compiling app v0.1.0",
        f"[stage 1/2, step 2/2] {lines[-1]}",
    ]
    assert log.step == "RUN cargo build --release"
    assert log.absent is None


@pytest.mark.parametrize(
    ("line", "image"),
    [
        ("Error: creating build container: alpine:3.22: image not known", "alpine:3.22"),
        ("Error: COPY --from=ghcr.io/x/y:1: no stage or image found with that name", "ghcr.io/x/y:1"),
        (
            (
                'Error: building at STEP "RUN --mount=from=alpine:3 true": '
                "type=bind,from=alpine:3,target=/y from=alpine:3: no stage or image found with that name"
            ),
            "alpine:3",
        ),
    ],
)
def test_buildah_names_the_image_that_it_lacks(line: str, image: str) -> None:
    log = BuildahLog()
    log.feed(line)
    assert log.absent == image


def test_a_dockerfile_of_one_stage_has_steps_alone() -> None:
    assert BuildahLog().feed("STEP 2/5: RUN make") == "[step 2/5] RUN make"
    assert BuildKitLog().feed("#6 [2/5] RUN make") == "[step 2/5] RUN make"


def test_buildkits_lines_are_led_by_the_step_that_printed_them() -> None:
    log = BuildKitLog()
    lines = (
        "#1 [internal] load build definition from Dockerfile",
        "#6 [files 2/3] RUN apk add --no-cache ca-certificates",
        "#10 [build 2/6] RUN cargo build",
        "#6 0.538 fetch https://example.com",
        "#10 ...",
        "#6 DONE 1.3s",
    )
    assert [log.feed(line) for line in lines] == [
        lines[0],
        "[files, step 2/3] RUN apk add --no-cache ca-certificates",
        "[build, step 2/6] RUN cargo build",
        "[files, step 2/3] fetch https://example.com",
        "[build, step 2/6] ...",
        "[files, step 2/3] DONE 1.3s",
    ]


def test_buildkits_failed_step_is_found_among_those_that_run_side_by_side() -> None:
    log = BuildKitLog()
    for line in (
        "#1 [internal] load build definition from Dockerfile",
        "#1 transferring dockerfile: 31B done",
        "#1 DONE 0.0s",
        "#6 [files 2/3] RUN apk add --no-cache ca-certificates",
        "#10 [build 2/6] RUN cargo build",
        "#10 ...",
        "#6 [files 2/3] RUN apk add --no-cache ca-certificates",
        "#6 0.538 #7 [files 3/3] RUN this is only printed",
        "#6 ERROR: executor failed running [/bin/sh -c apk add --no-cache ca-certificates]: exit code: 1",
        "#10 CANCELED",
    ):
        log.feed(line)
    assert log.step == "RUN apk add --no-cache ca-certificates"


def test_while_nothing_failed_the_step_is_the_last_that_still_runs() -> None:
    log = BuildKitLog()
    assert log.step == ""
    for line in ("#4 [1/3] FROM docker.io/library/alpine", "#5 [2/3] RUN sleep 9", "#4 DONE 0.1s"):
        log.feed(line)
    assert log.step == "RUN sleep 9"
    log.feed("#5 CANCELED")
    assert log.step == "RUN sleep 9"


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("[internal] load metadata for docker.io/library/alpine:nope", "FROM docker.io/library/alpine:nope"),
        ("resolve image config for docker.io/docker/dockerfile:1", "# syntax=docker.io/docker/dockerfile:1"),
        (
            "resolve image config for docker-image://docker.io/docker/dockerfile:1",
            "# syntax=docker.io/docker/dockerfile:1",
        ),
    ],
)
def test_an_image_that_cannot_be_had_points_to_the_line_that_names_it(name: str, step: str) -> None:
    log = BuildKitLog()
    log.feed(f"#3 {name}")
    log.feed("#3 ERROR: failed to do request: connection refused")
    assert log.step == step


HEREDOC = b"FROM alpine\nRUN <<EOF\necho hello\nEOF\n"
PARSE_ERROR = (
    "failed to solve with frontend dockerfile.v0: failed to create LLB definition: dockerfile parse error"
)


@pytest.mark.parametrize(
    ("line", "dockerfile", "feature"),
    [
        (f"{PARSE_ERROR} line 2: Unknown flag: link", b"", "--link"),
        (
            "ERROR: failed to solve: dockerfile parse error on line 2: unknown flag: --parents",
            b"",
            "--parents",
        ),
        (
            (
                'Error: building at STEP "COPY --from=a --link busybox /bin/sh": COPY only supports the '
                "--chmod=<permissions> --chown=<uid:gid> and the --from=<image|stage> flags"
            ),
            b"",
            "COPY --link",
        ),
        (
            'Error: building at STEP "COPY --link --from=files /rootfs/ /": COPY --link is not supported',
            b"",
            "COPY --link",
        ),
        (
            (
                'Error: building at STEP "RUN --mount=type=cache,target=/x --network=none echo hi": '
                "RUN only supports the --mount flag"
            ),
            b"",
            "RUN --network",
        ),
        (
            'Error: building at STEP "COPY --chmod=u=rwx,go=rx a /b": Error parsing chmod u=rwx,go=rx',
            b"",
            "symbolic modes in --chmod",
        ),
        (f"{PARSE_ERROR} line 3: unknown instruction: ECHO", HEREDOC, "heredocs"),
        ('Error: building at STEP "ECHO ": Build error: Unknown instruction: "ECHO"', HEREDOC, "heredocs"),
        (
            (
                'Error: building at STEP "COPY <<EOF /x": checking on sources under "/c": copier: '
                'stat: "/<<EOF": no such file or directory'
            ),
            b"FROM scratch\nCOPY <<EOF /x\nhello\nEOF\n",
            "heredocs",
        ),
    ],
)
def test_what_is_newer_than_the_builder_is_named(line: str, dockerfile: bytes, feature: str) -> None:
    assert newer_than_builder(("other", line), dockerfile) == feature


@pytest.mark.parametrize(
    "line",
    [
        f"{PARSE_ERROR} line 2: Unknown flag: lnik",
        f"{PARSE_ERROR} line 2: unknown instruction: COPPY",
        'Error: building at STEP "COPY --form=a b /c": COPY only supports the --chmod=<permissions> flags',
        'Error: building at STEP "COPY --chmod=9z a /b": Error parsing chmod 9z',
        "a tool in a RUN step says: unknown flag: --link",
        'Error: building at STEP "COPY nope /x": copier: stat: "/nope": no such file or directory',
    ],
)
def test_what_no_builder_would_take_is_not_blamed_on_its_age(line: str) -> None:
    assert newer_than_builder((line,), b"FROM alpine\nCOPPY a b\n") is None


def test_what_a_step_printed_earlier_is_no_complaint_of_the_builder() -> None:
    tail = ("Error: unknown flag: --link", "more", "and", "Error: building at STEP: exit status 1")
    assert newer_than_builder(tail, HEREDOC) is None
