"""I5 and I6: what an intruder could use."""

import pytest

from tests.audit.images import ANY, ERROR, NOTE, WARNING, elf, file, folder, image, link, look, told

ROOTED = "owner 0:0"
OWNED = "is not owned by root, so a process of its owner can change it whatever its mode"


def test_a_shell_is_told_of_once_with_all_its_names() -> None:
    at = image(file("bin/busybox", elf(), 0o755), link("bin/sh", "busybox"), link("bin/ls", "busybox"))
    message = "'/bin/busybox' is a shell, also by the name of '/bin/sh'"
    assert told("I5", at) == [(ERROR, "bin/busybox", message)]


def test_a_shell_by_a_link_to_another_name_is_one() -> None:
    at = image(file("usr/libexec/dash-0.5", elf(), 0o755), link("usr/bin/sh", "../libexec/dash-0.5"))
    message = "'/usr/libexec/dash-0.5' is a shell, also by the name of '/usr/bin/sh'"
    assert told("I5", at) == [(ERROR, "usr/libexec/dash-0.5", message)]


@pytest.mark.parametrize("path", ["lib/apk/db/installed", "usr/lib/apk/db/installed", "var/lib/dpkg/status"])
def test_the_database_of_a_package_manager_is_dead_weight(path: str) -> None:
    message = f"'/{path}' is the database of a package manager"
    assert told("I5", image(file(path))) == [(ERROR, path, message)]


def test_shared_libraries_are_told_of_in_a_few_places() -> None:
    one = image(file("lib/ld-musl-x86_64.so.1"))
    assert told("I5", one) == [
        (WARNING, "lib/ld-musl-x86_64.so.1", "'/lib/ld-musl-x86_64.so.1' is a shared library")
    ]
    many = image(*(file(f"usr/lib/lib{name}.so.{number}.2") for name in "abc" for number in range(3)))
    assert told("I5", many) == [(WARNING, "usr/lib", "'/usr/lib' holds 9 shared libraries")]


@pytest.mark.parametrize(
    "path", ["etc/bash", "app/sh", "usr/share/app.so.txt", "etc/ld.so.conf", "lib/soname.so.d/x"]
)
def test_names_that_look_alike_are_none_of_these(path: str) -> None:
    assert told("I5", image(file(path))) == []


def test_what_belongs_to_a_system_is_right_where_there_is_one() -> None:
    at = image(file("bin/sh", elf(), 0o755), file("lib/apk/db/installed"), file("lib/a.so"), profile=ANY)
    (entry,) = look("I5", at).inapplicable
    assert entry.reason == "it is for the profile scratch"


@pytest.mark.parametrize("bit", [0o4000, 0o2000, 0o6000])
def test_setuid_and_setgid_files_are_errors_in_scratch_and_notes_elsewhere(bit: int) -> None:
    su = file("app/su", elf(), 0o555 | bit)
    rights = f"(mode {0o555 | bit:04o}, owner 0:0)"
    message = f"'/app/su' {rights} takes the rights of its owner or group when it is executed"
    assert told("I6", image(su)) == [(ERROR, "app/su", message)]
    assert told("I6", image(su, profile=ANY)) == [(NOTE, "app/su", message)]


def test_a_setgid_folder_gives_no_rights() -> None:
    assert told("I6", image(folder("app", 0o2755))) == []


@pytest.mark.parametrize(
    ("mode", "what"), [(0o666, "everybody"), (0o646, "everybody"), (0o664, "its group"), (0o460, "its group")]
)
def test_what_others_can_write_is_a_warning(mode: int, what: str) -> None:
    data = file("app/data", mode=mode)
    found = [(WARNING, "app/data", f"'/app/data' (mode {mode:04o}, owner 0:0) can be written by {what}")]
    assert told("I6", image(data)) == found
    assert told("I6", image(data, profile=ANY)) == (found if what == "everybody" else [])


def test_a_folder_that_everybody_can_write_to_may_be_sticky() -> None:
    assert told("I6", image(folder("tmp", 0o1777))) == []
    assert told("I6", image(folder("tmp", 0o1775))) == []
    message = "'/tmp' (mode 0777, owner 0:0) can be written by everybody"
    assert told("I6", image(folder("tmp", 0o777))) == [(WARNING, "tmp", message)]


def test_the_mode_of_a_link_means_nothing() -> None:
    assert told("I6", image(link("bin/app", "/app/app"))) == []


def test_what_root_does_not_own_is_a_warning_in_scratch() -> None:
    own = file("app/app", elf(), 0o555, uid=10001, gid=10001)
    message = f"'/app/app' (mode 0555, owner 10001:10001) {OWNED}"
    assert told("I6", image(own)) == [(WARNING, "app/app", message)]
    assert told("I6", image(own, profile=ANY)) == []


def test_a_tree_that_was_given_away_is_told_of_in_a_few_places() -> None:
    own = [folder("srv", uid=1), *(file(f"srv/{number}", uid=1) for number in range(100))]
    message = f"'/srv' (mode 0555, owner 1:0) {OWNED}; so it is with 100 more below '/srv'"
    assert told("I6", image(*own)) == [(WARNING, "srv", message)]


def test_a_volume_is_there_to_be_written_to() -> None:
    data = (folder("data", 0o777, uid=10001), file("data/x", mode=0o666, uid=10001))
    assert told("I6", image(*data, volumes=("/data",))) == []
    assert len(told("I6", image(*data, volumes=("/dat",)))) == 4


def test_file_capabilities_are_a_warning_in_scratch_and_a_note_elsewhere() -> None:
    ping = file("app/ping", elf(), 0o555, pax={"SCHILY.xattr.security.capability": "\x01"})
    message = f"'/app/ping' (mode 0555, {ROOTED}) carries file capabilities, which give it rights of root"
    assert told("I6", image(ping)) == [(WARNING, "app/ping", message)]
    assert told("I6", image(ping, profile=ANY)) == [(NOTE, "app/ping", message)]
