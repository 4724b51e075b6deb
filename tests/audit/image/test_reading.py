"""I2: what the user of the container cannot open. Right modes, seen from each class of users."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.audit.image.access import Want, gather, may
from pinbot.audit.image.accounts import Identity
from pinbot.model.image import Entry, EntryKind
from tests.audit.images import (
    ANY,
    BUNDLE,
    ERROR,
    PROGRAM,
    WARNING,
    ZURICH,
    elf,
    file,
    folder,
    image,
    link,
    look,
    told,
)

ZONES = "usr/share/zoneinfo"


def test_an_octal_chmod_that_takes_the_x_of_folders_hides_what_is_in_them() -> None:
    """What `COPY --chmod=444 /usr/share/zoneinfo` of a common recipe makes."""
    at = image(folder(ZONES, 0o444), folder(f"{ZONES}/Europe", 0o444))
    (finding,) = look("I2", at).findings
    assert (finding.severity, finding.path) == (ERROR, ZONES)
    assert finding.message == (
        "'/usr/share/zoneinfo' (mode 0444, owner 0:0) cannot be searched by uid 10001, "
        "so 5 names in it cannot be opened"
    )
    assert finding.remedy == "give folders the x bit: chmod -R a+X, and COPY them without --chmod"


def test_a_parent_that_cannot_be_searched_is_told_once() -> None:
    """What `COPY --chmod=444 ca.crt /etc/ssl/certs/` makes of new parents with Docker 28.1 and later."""
    at = image(folder("etc/ssl", 0o444), folder("etc/ssl/certs", 0o444))
    assert told("I2", at) == [
        (
            ERROR,
            "etc/ssl",
            (
                "'/etc/ssl' (mode 0444, owner 0:0) cannot be searched by uid 10001, "
                "so 2 names in it cannot be opened"
            ),
        )
    ]


@pytest.mark.parametrize("path", [BUNDLE.name, "etc/passwd", "etc/nsswitch.conf", "etc/mime.types", ZURICH])
def test_a_file_that_programs_look_for_must_be_readable(path: str) -> None:
    at = image(file(path, mode=0o440))
    message = f"'/{path}' (mode 0440, owner 0:0) cannot be read by uid 10001"
    assert told("I2", at) == [(ERROR, path, message)]


@pytest.mark.parametrize(
    ("mode", "owner", "fine"),
    [
        (0o004, {}, True),
        (0o440, {}, False),
        (0o040, {"gid": 10001}, True),
        (0o040, {"gid": 33}, True),
        (0o040, {"gid": 34}, False),
        (0o400, {"uid": 10001}, True),
        (0o044, {"uid": 10001, "gid": 10001}, False),
        (0o404, {"gid": 10001}, False),
    ],
)
def test_the_first_class_that_fits_decides(mode: int, owner: dict[str, int], fine: bool) -> None:  # noqa: FBT001
    members = file("etc/group", "app:x:10001:\ndata:x:33:web,app\n")
    at = image(members, file("app/data", mode=mode, **owner), user="10001")
    assert (told("I2", at) == []) is fine


def test_supplementary_groups_do_not_count_where_a_group_is_named() -> None:
    members = file("etc/group", "app:x:10001:\ndata:x:33:app\n")
    data = file("app/data", mode=0o040, gid=33)
    assert told("I2", image(members, data, user="app:app")) == [
        (WARNING, "app/data", "'/app/data' (mode 0040, owner 0:33) cannot be read by uid 10001")
    ]


def test_a_program_that_nobody_can_execute_is_left_to_another_rule() -> None:
    assert told("I2", image(file("app/app", elf(), 0o444))) == []


def test_root_may_all_but_execute_what_nobody_may() -> None:
    root = Identity(uid=0, gid=0)
    closed = Entry(path="x", kind=EntryKind.FILE, mode=0)
    assert may(root, closed, Want.READ | Want.WRITE)
    assert not may(root, closed, Want.EXECUTE)
    assert may(root, replace(closed, mode=0o100), Want.EXECUTE)
    assert may(root, replace(closed, kind=EntryKind.DIRECTORY), Want.EXECUTE)


def test_a_program_must_be_executable_but_need_not_be_readable() -> None:
    assert told("I2", image(file("app/app", elf(), 0o111))) == []
    assert told("I2", image(file("app/app", elf(), 0o500))) == [
        (ERROR, "app/app", "'/app/app' (mode 0500, owner 0:0) cannot be executed by uid 10001")
    ]


def test_a_script_is_also_read_and_its_interpreter_executed() -> None:
    script = file("app/app", "#!/bin/run -x\n", 0o111)
    assert told("I2", image(script, file("bin/run", elf(), 0o544))) == [
        (ERROR, "app/app", "'/app/app' (mode 0111, owner 0:0) cannot be executed by uid 10001"),
        (ERROR, "bin/run", "'/bin/run' (mode 0544, owner 0:0) cannot be executed by uid 10001"),
    ]


def test_the_way_through_links_counts() -> None:
    changed = (link("etc/ssl/cert.pem", "/private/bundle"), folder("private", 0o700), file("private/bundle"))
    assert told("I2", image(*changed)) == [
        (
            ERROR,
            "private",
            (
                "'/private' (mode 0700, owner 0:0) cannot be searched by uid 10001, "
                "so 2 names in it cannot be opened"
            ),
        )
    ]


def test_a_working_directory_must_be_searchable_even_if_it_is_empty() -> None:
    message = "'/work' (mode 0700, owner 0:0) cannot be searched by uid 10001"
    assert told("I2", image(folder("work", 0o700), working_dir="/work")) == [(ERROR, "work", message)]


def test_what_variables_name_is_needed() -> None:
    at = image(file("ca.pem", mode=0o400), env=(("SSL_CERT_FILE", "/ca.pem"),), profile=ANY)
    assert told("I2", at) == [
        (ERROR, "ca.pem", "'/ca.pem' (mode 0400, owner 0:0) cannot be read by uid 10001")
    ]


def test_what_is_shipped_in_scratch_is_a_warning_and_elsewhere_only_in_the_working_directory() -> None:
    changed = (file("opt/data", mode=0o400), file("app/data", mode=0o400))
    app, opt = (
        (WARNING, path, f"'/{path}' (mode 0400, owner 0:0) cannot be read by uid 10001")
        for path in ("app/data", "opt/data")
    )
    assert told("I2", image(*changed)) == [app, opt]
    assert told("I2", image(*changed, profile=ANY)) == [app]
    assert told("I2", image(*changed, profile=ANY, working_dir="/")) == []


def test_a_link_to_nothing_is_a_warning_but_not_one_to_what_the_runtime_brings() -> None:
    changed = (
        link("etc/mtab", "/proc/mounts"),
        link("var/log/out", "/dev/stdout"),
        link("app/data", "../gone"),
        file("etc/shadow", mode=0o400),
        file("run/secret", mode=0o400),
    )
    message = "'/app/data' is a link to what is not in the image"
    assert told("I2", image(*changed)) == [(WARNING, "app/data", message)]


def test_hundreds_of_files_are_told_of_in_a_few_places() -> None:
    many = [file(f"{ZONES}/{area}/{number}", mode=0o400) for area in "abcdefg" for number in range(90)]
    assert told("I2", image(*many)) == [
        (
            ERROR,
            ZONES,
            (
                "'/usr/share/zoneinfo/a/0' (mode 0400, owner 0:0) cannot be read by uid 10001; "
                "629 more below '/usr/share/zoneinfo' likewise"
            ),
        )
    ]


def test_many_folders_are_told_of_in_a_few_places() -> None:
    """What buildah makes of `COPY --chmod=444 /usr/share/zoneinfo`: the folders within lose their x."""
    many = [
        entry for area in "abcdefg" for entry in (folder(f"{ZONES}/{area}", 0o444), file(f"{ZONES}/{area}/x"))
    ]
    assert told("I2", image(*many)) == [
        (
            ERROR,
            ZONES,
            (
                "'/usr/share/zoneinfo/a' (mode 0444, owner 0:0) cannot be searched by uid 10001, "
                "and 6 more folders below '/usr/share/zoneinfo', so 7 names in them cannot be opened"
            ),
        )
    ]


def test_root_may_open_everything_and_who_is_nobody_cannot_be_judged() -> None:
    closed = file(PROGRAM.name, elf(), 0o400)
    assert [entry.reason for entry in look("I2", image(closed, user="0")).inapplicable] == [
        "the container runs as root, who may open everything"
    ]
    assert [entry.reason for entry in look("I2", image(closed, user="web")).unchecked] == [
        "there is no user 'web' in /etc/passwd of the image"
    ]


PATHS = st.lists(st.sampled_from("abc"), min_size=1, max_size=6).map("/".join)


@given(st.sets(PATHS, max_size=60), st.integers(1, 5))
def test_gathering_loses_no_path_and_keeps_to_the_limit(paths: set[str], most: int) -> None:
    places = gather(paths, most)
    assert len(places) <= most
    assert sorted(path for members in places.values() for path in members) == sorted(paths)
    for place, members in places.items():
        assert all(path == place or not place or path.startswith(f"{place}/") for path in members)
    if len(paths) <= most:
        assert set(places) == paths
