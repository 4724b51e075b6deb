"""D4 to D7: how a container of the image starts."""

import pytest

from tests.audit.dockerfiles import audit, message, places, unchecked

START = 'CMD ["/app"]\n'


def inapplicable(text: str) -> set[str]:
    return {entry.rule for entry in audit(text).inapplicable}


# D4


@pytest.mark.parametrize(
    "user",
    ["root", "0", "0:0", "root:root", "root:app", "0:10001", "00", '"0"', "$UID", "${UID:-1}", "$UID:$GID"],
)
def test_root_is_found_in_any_spelling(user: str) -> None:
    text = f"FROM scratch\nARG UID=0 GID=5\n{START}USER {user}\n"
    assert places("D4", text) == ["4:6 error"]


@pytest.mark.parametrize(
    "user", ["10001", "10001:0", "app", "app:root", "rooted", "1000:1000", "$APP", "${NONE:-7}", "000001"]
)
def test_others_are_not_root(user: str) -> None:
    text = f"FROM scratch\nARG APP=10001\n{START}USER {user}\n"
    assert places("D4", text) == []


def test_the_last_user_counts_also_that_of_a_stage_below() -> None:
    assert places("D4", f"FROM alpine AS a\nUSER root\nUSER app\n{START}") == []
    assert places("D4", f"FROM alpine AS a\nUSER app\nFROM a\nUSER root\n{START}") == ["4:6 error"]
    assert places("D4", f"FROM alpine AS a\nUSER app\nFROM a\n{START}") == []
    assert places("D4", f"FROM alpine AS a\nUSER app\nFROM scratch\n{START}") == ["3:1 error"]


def test_no_user_is_root_on_scratch_and_what_the_image_says_elsewhere() -> None:
    assert places("D4", f"FROM scratch\n{START}") == ["1:1 error"]
    assert places("D4", f"FROM debian:13\n{START}") == ["1:1 warning"]
    assert "debian:13, which is root in most images" in message("D4", f"FROM debian:13\n{START}")


@pytest.mark.parametrize(
    "image",
    [
        *("gcr.io/distroless/static:nonroot", "nginxinc/nginx-unprivileged:1", "docker:28-dind-rootless"),
        "mcr.microsoft.com/windows/nanoserver:ltsc2025",
    ],
)
def test_an_image_that_is_named_for_its_user_is_trusted(image: str) -> None:
    assert places("D4", f"FROM {image}\n{START}") == []


def test_an_image_on_scratch_that_starts_nothing_needs_no_user_and_no_folder() -> None:
    text = "FROM alpine AS a\nRUN x\nFROM scratch\nCOPY --from=a /out /\n"
    assert {"D4", "D5", "D6"} <= inapplicable(text)


def test_a_user_that_only_the_command_line_knows_is_not_checked() -> None:
    text = f"FROM scratch\nARG UID\n{START}USER $UID\n"
    assert unchecked("D4", text) == ["UID is not known: the ARG has no default"]
    text = f"FROM mcr.example/dotnet:10\n{START}USER $APP_UID\n"
    assert unchecked("D4", text) == ["APP_UID is set nowhere here, and perhaps by mcr.example/dotnet:10"]
    text = f"FROM scratch\nARG TARGETARCH\nENV U=$TARGETARCH\n{START}USER $U\n"
    assert "platform to platform" in unchecked("D4", text)[0]


# D5


def test_a_missing_folder_is_found_on_scratch_alone() -> None:
    assert places("D5", f"FROM scratch\n{START}") == ["1:1 warning"]
    assert places("D5", f"FROM alpine\n{START}") == []


@pytest.mark.parametrize(("folder", "column"), [("app", 9), ("./app", 9), ("$NAME", 9), ("'app dir'", 9)])
def test_a_relative_folder_is_found(folder: str, column: int) -> None:
    text = f"FROM alpine\nARG NAME=app\nWORKDIR {folder}\n{START}"
    assert places("D5", text) == [f"3:{column} warning"]
    assert message("D5", text).endswith("is relative to what alpine sets")


@pytest.mark.parametrize("folder", ["/app", "/", "$ROOT", "/$UNKNOWN/x", "C:\\\\app", "c:/app"])
def test_an_absolute_folder_is_right(folder: str) -> None:
    assert places("D5", f"FROM alpine\nARG ROOT=/srv\nWORKDIR {folder}\n{START}") == []


def test_only_the_first_folder_has_to_be_absolute() -> None:
    assert places("D5", f"FROM alpine AS a\nWORKDIR /srv\nFROM a\nWORKDIR app\n{START}") == []
    text = f"FROM scratch\nWORKDIR app\nWORKDIR /srv\n{START}"
    assert message("D5", text) == "WORKDIR app is relative to /"


def test_a_folder_that_begins_with_an_unknown_variable_is_not_checked() -> None:
    text = f"FROM alpine\nWORKDIR $SRC/app\n{START}"
    assert unchecked("D5", text) == ["SRC is set nowhere here, and perhaps by alpine"]


# D6


@pytest.mark.parametrize(
    "line", ["ENTRYPOINT /app", "CMD /app --serve", "CMD ['/app']", "HEALTHCHECK CMD /app", "CMD [/app]"]
)
def test_a_shell_form_on_scratch_is_found(line: str) -> None:
    text = f"FROM scratch\nCOPY app /app\n{line}\n"
    assert places("D6", text) == ["3:1 error"]
    assert message("D6", text).endswith("is in shell form and needs /bin/sh, which scratch has not")


@pytest.mark.parametrize(
    "line",
    ['ENTRYPOINT ["/app"]', 'CMD [ "/app", "x" ]', "HEALTHCHECK NONE", 'HEALTHCHECK --retries=1 CMD ["/a"]'],
)
def test_an_exec_form_needs_no_shell(line: str) -> None:
    assert places("D6", f"FROM scratch\n{line}\n") == []


def test_only_what_counts_in_the_end_is_judged() -> None:
    assert places("D6", 'FROM scratch\nCMD a\nCMD ["a"]\n') == []
    assert places("D6", 'FROM scratch AS a\nCMD a\nFROM a\nCMD ["a"]\n') == []


@pytest.mark.parametrize(
    "copy",
    [
        "COPY --from=busybox /bin/sh /bin/sh",
        "COPY rootfs/ /",
        "COPY . /",
        "ADD system /",
        'SHELL ["/b/sh", "-c"]',
    ],
)
def test_where_a_shell_may_have_been_copied_it_is_a_warning(copy: str) -> None:
    text = f"FROM scratch\n{copy}\nCMD /app\n"
    assert places("D6", text) == ["3:1 warning"]
    assert places("D6", text.replace("FROM scratch", "FROM alpine")) == []


# D7


def test_a_run_on_scratch_is_found_in_every_stage_that_is_built() -> None:
    text = "FROM scratch AS files\nRUN mkdir /x\nFROM alpine\nCOPY --from=files /x /x\n"
    assert places("D7", text) == ["2:1 error"]
    assert "D7" in inapplicable("FROM scratch AS unused\nRUN x\nFROM alpine\nRUN x\n")


def test_a_run_in_exec_form_starts_what_was_copied() -> None:
    assert places("D7", 'FROM scratch\nCOPY app /app\nRUN ["/app", "--init"]\n') == []


def test_a_shell_that_may_be_there_makes_it_a_note() -> None:
    for bringing in ("COPY --from=busybox /bin /bin", "ADD rootfs.tar /"):
        assert places("D7", f"FROM scratch\n{bringing}\nRUN x\n") == ["3:1 note"]
    assert places("D7", "FROM scratch\nRUN --mount=from=busybox,target=/bin x\n") == ["2:1 note"]
    assert places("D7", "FROM scratch\nRUN x\nCOPY --from=busybox /bin /bin\n") == ["2:1 error"]
