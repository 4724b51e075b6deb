"""I3, I4 and I14: the program, the folder and the processor that a container starts with."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.image import elf_machine
from pinbot.image.files import Files
from pinbot.model.reference import Platform
from tests.audit.images import ANY, ERROR, NOTE, PROGRAM, WARNING, elf, file, folder, image, link, look, told

PATH = (("PATH", "/opt:/app"),)


@pytest.mark.parametrize(
    "config",
    [
        {"entrypoint": ("/app/app",)},
        {"entrypoint": ("app/app",), "working_dir": "/"},
        {"entrypoint": ("./app",), "working_dir": "/app"},
        {"entrypoint": ("../app/app",), "working_dir": "/etc"},
        {"entrypoint": (), "cmd": ("/app/app", "sh")},
        {"entrypoint": ("app", "sh"), "env": PATH},
        {"entrypoint": ("app",), "env": (("PATH", ":/nowhere"),), "working_dir": "/app"},
    ],
)
def test_a_program_is_found_as_runc_finds_it(config: dict[str, object]) -> None:
    assert told("I3", image(**config)) == []


def test_without_a_path_the_usual_folders_are_searched() -> None:
    assert told("I3", image(file("usr/local/bin/app", mode=0o555), entrypoint=("app",))) == []


def test_in_path_what_cannot_be_executed_is_passed_over() -> None:
    assert told("I3", image(file("opt/app"), entrypoint=("app",), env=PATH)) == []


@pytest.mark.parametrize(
    ("config", "path", "message"),
    [
        ({"entrypoint": ("/app/gone",)}, "app/gone", "'/app/gone' is not in the image"),
        ({"entrypoint": ("app",)}, None, "'app' is not in any folder of PATH"),
        ({"entrypoint": ("/app",)}, "app", "'/app' is a directory"),
        (
            {"entrypoint": ("/etc/passwd",)},
            "etc/passwd",
            "'/etc/passwd' (mode 0444, owner 0:0) cannot be executed by anybody",
        ),
        (
            {"entrypoint": ("passwd",), "env": (("PATH", "/etc"),)},
            "etc/passwd",
            "'/etc/passwd' (mode 0444, owner 0:0) cannot be executed by anybody",
        ),
    ],
)
def test_a_program_that_is_not_there_or_is_none(
    config: dict[str, object], path: str | None, message: str
) -> None:
    assert told("I3", image(**config)) == [(ERROR, path, message)]


def test_a_link_to_the_program_is_followed_and_one_to_nothing_is_missing() -> None:
    assert told("I3", image(link("start", "app/app"), entrypoint=("/start",))) == []
    gone = image(link("start", "app/gone"), entrypoint=("/start",))
    assert told("I3", gone) == [(ERROR, "start", "'/start' is not in the image")]


def test_an_image_that_starts_nothing() -> None:
    message = "neither Entrypoint nor Cmd is set, so a container starts only with a command"
    assert told("I3", image(entrypoint=())) == [(ERROR, None, message)]
    assert told("I3", image(entrypoint=(), profile=ANY)) == [(NOTE, None, message)]


@pytest.mark.parametrize(
    "config", [{"entrypoint": ("/bin/sh", "-c", "/app/app")}, {"entrypoint": (), "cmd": ("/bin/sh",)}]
)
def test_a_shell_is_an_error_in_scratch(config: dict[str, object]) -> None:
    at = image(file("bin/sh", elf(), 0o555), **config)
    assert told("I3", at) == [(ERROR, None, "the container starts the shell '/bin/sh'")]


@pytest.mark.parametrize(
    ("command", "fine"),
    [
        (("/bin/sh",), True),
        (("/bin/sh", "-c", "exec /app/app"), True),
        (("/bin/sh", "-c", "/app/app"), False),
        (("/bin/sh", "-ec", "/app/app"), False),
        (("/bin/sh", "/start.sh"), True),
    ],
)
def test_elsewhere_a_shell_must_not_stand_between_the_runtime_and_the_program(
    command: tuple[str, ...],
    fine: bool,  # noqa: FBT001
) -> None:
    at = image(file("bin/sh", elf(), 0o555), entrypoint=(), cmd=command, profile=ANY)
    message = "the container starts the shell '/bin/sh', which hands no signal on to what it runs"
    assert told("I3", at) == ([] if fine else [(WARNING, None, message)])


@pytest.mark.parametrize(
    ("first", "told_of"),
    [
        ("#!/app/app -x", None),
        ("#! /app/app", None),
        ("#!/usr/bin/env sh", "a script for '/usr/bin/env', which is not in the image"),
        ("#!/app/app\r", "a script for '/app/app', whose line ends in a carriage return"),
        ("no script", None),
    ],
)
def test_a_script_needs_its_interpreter(first: str, told_of: str | None) -> None:
    found = told("I3", image(file("start", f"{first}\nexit\n", 0o555), entrypoint=("/start",)))
    assert found == ([] if told_of is None else [(ERROR, "start", f"'/start' is {told_of}")])


@pytest.mark.parametrize("rule", ["I3", "I14"])
def test_a_program_whose_content_was_not_kept_is_unchecked(rule: str) -> None:
    at = image()
    (entry,) = look(rule, replace(at, files=Files({entry.path: entry for entry in at.files}))).unchecked
    assert entry.reason == "'/app/app' could not be looked into"


def test_a_working_directory_is_there_and_nothing_is_written_to_it() -> None:
    assert told("I4", image()) == []
    assert told("I4", image(folder("app", 0o755))) == []


@pytest.mark.parametrize(
    ("mode", "owner"), [(0o755, {"uid": 10001}), (0o775, {"gid": 10001}), (0o777, {}), (0o1777, {})]
)
def test_a_working_directory_that_the_user_can_write_to_is_a_warning_in_scratch(
    mode: int, owner: dict[str, int]
) -> None:
    at = image(folder("app", mode, **owner))
    ids = f"{owner.get('uid', 0)}:{owner.get('gid', 0)}"
    assert told("I4", at) == [
        (WARNING, "app", f"'/app' (mode {mode:04o}, owner {ids}) can be written by uid 10001")
    ]
    assert told("I4", image(folder("app", mode, **owner), profile=ANY)) == []


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("", (NOTE, None, "no WorkingDir is set, so it is the root")),
        ("/", (NOTE, None, "no WorkingDir is set, so it is the root")),
        ("app", (ERROR, None, "WorkingDir 'app' is no absolute path")),
        (
            "/gone",
            (WARNING, "gone", "'/gone' is not in the image; a runtime with a read-only root cannot make it"),
        ),
        ("/etc/passwd", (ERROR, "etc/passwd", "'/etc/passwd' is a file")),
    ],
)
def test_a_working_directory_that_is_none(written: str, found: tuple[object, ...]) -> None:
    assert told("I4", image(working_dir=written)) == [found]


@pytest.mark.parametrize(
    ("content", "architecture"),
    [
        (elf(62), "amd64"),
        (elf(183), "arm64"),
        (elf(40, 32), "arm"),
        (elf(3, 32), "386"),
        (elf(243), "riscv64"),
        (elf(21), "ppc64le"),
        (elf(22, little=False), "s390x"),
        (elf(62, 32), "machine 62 of 32 bits"),
        (elf(4242), "machine 4242 of 64 bits"),
        (b"#!/bin/sh", None),
        (b"\x7fELF", None),
        (b"", None),
    ],
)
def test_the_head_of_a_binary_tells_its_architecture(content: bytes, architecture: str | None) -> None:
    assert elf_machine.architecture(content) == architecture


@given(st.binary(max_size=40))
def test_any_head_has_an_answer(tail: bytes) -> None:
    assert isinstance(elf_machine.architecture(b"\x7fELF" + tail), str | None)


def test_a_binary_for_another_processor_is_an_error() -> None:
    message = "'/app/app' is for arm64, and the image for amd64"
    assert told("I14", image(file("app/app", elf(183), 0o555))) == [(ERROR, "app/app", message)]
    assert told("I14", image(platform=Platform("linux", "arm64"))) == [
        (ERROR, "app/app", "'/app/app' is for amd64, and the image for arm64")
    ]


def test_names_of_architectures_are_compared_as_they_are_meant() -> None:
    assert told("I14", image(platform=Platform("linux", "x86_64"))) == []
    arm = file("app/app", elf(183), 0o555)
    assert told("I14", image(arm, platform=Platform("linux", "arm64", "v8"))) == []


def test_a_binary_that_only_some_kernels_run_is_a_warning() -> None:
    message = "'/app/app' is for 386, which not every amd64 kernel runs"
    assert told("I14", image(file("app/app", elf(3, 32), 0o555))) == [(WARNING, "app/app", message)]


def test_in_scratch_every_program_is_looked_at_and_elsewhere_the_one_that_is_started() -> None:
    other = file("opt/other", elf(183), 0o555)
    message = "'/opt/other' is for arm64, and the image for amd64"
    assert told("I14", image(other)) == [(ERROR, "opt/other", message)]
    assert told("I14", image(other, profile=ANY)) == []


def test_where_there_is_no_architecture_or_no_binary_nothing_is_compared() -> None:
    (entry,) = look("I14", image(platform=None)).unchecked
    assert entry.reason == "the config names no architecture"
    (entry,) = look("I14", image(without=(PROGRAM.name,))).inapplicable
    assert entry.reason == "no ELF binary was found"
