import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.errors import ImageError
from pinbot.image.packages import dpkg
from pinbot.model.image import Ecosystem, Package

PLACE = "var/lib/dpkg/status"
LIBC = b"""Package: libc6
Status: install ok installed
Priority: optional
Section: libs
Maintainer: GNU Libc Maintainers <debian-glibc@lists.debian.org>
Architecture: amd64
Multi-Arch: same
Source: glibc
Version: 2.36-9+deb12u9
Conffiles:
 /etc/ld.so.conf.d/x86_64-linux-gnu.conf d4e7a7b88a71b5ffd9e2644e71a0cfab
Description: GNU C Library: Shared libraries
 Contains the standard libraries. Some text: with a colon.
 .
 Version: 0 is no field here.
"""
BASH = b"Package: bash\nStatus: install ok installed\nArchitecture: amd64\nVersion: 5.2.15-2+b7\n"


def package(name: str, version: str, source: str, *, source_version: str = "", place: str = PLACE) -> Package:
    return Package(
        ecosystem=Ecosystem.DPKG,
        name=name,
        version=version,
        architecture="amd64",
        source=source,
        source_version=source_version,
        place=place,
    )


def names(data: bytes) -> list[str]:
    return [one.name for one in dpkg.parse_status(data, PLACE)]


def test_every_package_is_told_with_its_source_in_the_order_of_the_database() -> None:
    rebuilt = BASH + b"Source: bash (5.2.15-2)\n"
    assert dpkg.parse_status(LIBC + b"\n" + rebuilt + b"\n", PLACE) == (
        package("libc6", "2.36-9+deb12u9", "glibc"),
        package("bash", "5.2.15-2+b7", "bash", source_version="5.2.15-2"),
    )


def test_a_package_that_names_no_source_is_its_own() -> None:
    assert dpkg.parse_status(BASH, PLACE) == (package("bash", "5.2.15-2+b7", "bash"),)


@pytest.mark.parametrize(
    ("status", "there"),
    [
        (b"install ok installed", True),
        (b"hold ok installed", True),
        (b"deinstall ok installed", True),  # it is to go, but has not gone yet
        (b"install reinstreq installed", True),
        (b"install ok unpacked", True),
        (b"install ok half-configured", True),
        (b"install ok triggers-awaited", True),
        (b"install ok triggers-pending", True),
        (b"install reinstreq half-installed", False),
        (b"deinstall ok config-files", False),
        (b"purge ok not-installed", False),
        (b"unknown ok not-installed", False),
    ],
)
def test_only_packages_whose_files_are_there_are_told(status: bytes, *, there: bool) -> None:
    assert names(BASH.replace(b"install ok installed", status)) == ["bash"] * there


def test_what_is_only_wanted_has_no_status_and_needs_no_version() -> None:
    assert names(b"Package: vim\n\n" + BASH) == ["bash"]
    assert names(b"Package: vim\nStatus: purge ok not-installed\n\n" + BASH) == ["bash"]


def test_the_same_package_for_two_architectures_is_there_twice_and_a_later_stanza_replaces_an_earlier() -> (
    None
):
    foreign = LIBC.replace(b"amd64", b"i386")
    newer = LIBC.replace(b"u9", b"u10")
    removed = LIBC.replace(b"ok installed", b"ok config-files")
    told = dpkg.parse_status(b"\n".join([LIBC, foreign, newer]), PLACE)
    assert [(one.architecture, one.version) for one in told] == [
        ("i386", "2.36-9+deb12u9"),
        ("amd64", "2.36-9+deb12u10"),
    ]
    assert names(LIBC + b"\n" + removed) == []


def test_names_of_fields_are_read_in_any_case_and_values_with_spaces_around_them() -> None:
    assert dpkg.parse_status(BASH.replace(b"Version: ", b"VERSION :\t ").replace(b"b7", b"b7  "), PLACE) == (
        package("bash", "5.2.15-2+b7", "bash"),
    )


def test_a_file_of_its_own_needs_no_status() -> None:
    control = LIBC.replace(b"Status: install ok installed\n", b"")
    place = "var/lib/dpkg/status.d/libc6"
    assert dpkg.parse_part(control, place) == (package("libc6", "2.36-9+deb12u9", "glibc", place=place),)
    assert dpkg.parse_part(LIBC, place) == dpkg.parse_part(control, place)
    assert dpkg.parse_part(LIBC.replace(b"ok installed", b"ok config-files"), place) == ()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (BASH.rstrip(), "cut off in line 4"),
        (BASH.replace(b"Version", b"Ver-sion"), "the stanza in line 1, names no version"),
        (b"\n\n" + BASH.replace(b"Package", b"Pack"), "the stanza in line 3, names no package"),
        (BASH.replace(b"install ok installed", b"installed"), "status that dpkg does not know"),
        (BASH.replace(b"install ok installed", b"install ok there"), "status that dpkg does not know"),
        (BASH + b"version: 6\n", "line 5, gives a field a second time"),
        (BASH + b"Source: a (1) b\n", "a source that is none"),
        (b" \n" + BASH, "line 1, goes on with a field that never began"),
        (b"no field at all\n", "line 1, is no field"),
        (b": value\n", "line 1, is no field"),
        (BASH.replace(b"bash", b"b\x00sh"), "cannot be one"),
        (BASH.replace(b"5.2", b"\xe2\x80\xae5.2"), "cannot be one"),
    ],
)
def test_what_dpkg_would_not_read_is_refused_with_its_place(data: bytes, said: str) -> None:
    with pytest.raises(ImageError) as caught:
        dpkg.parse_status(data, PLACE)
    assert said in str(caught.value)
    assert PLACE in str(caught.value)


@given(st.binary() | st.lists(st.sampled_from([*LIBC.splitlines(keepends=True), b"\n"])).map(b"".join))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for parse in (dpkg.parse_status, dpkg.parse_part):
        try:
            packages = parse(data, PLACE)
        except ImageError:
            continue
        assert all(one.name.isprintable() and one.version.isprintable() for one in packages)


FORMAT = "${Package} ${Version} ${Architecture} ${source:Package} ${source:Version} ${db:Status-Status}\n"


@pytest.mark.needs("dpkg")
def test_dpkg_itself_tells_the_same_of_this_machine() -> None:
    folder = Path("/var/lib/dpkg")
    command = ["dpkg-query", f"--admindir={folder}", "--show", f"--showformat={FORMAT}"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    told = {
        (one.name, one.version, one.architecture, one.source, one.source_version or one.version, "installed")
        for one in dpkg.parse_status((folder / "status").read_bytes(), PLACE)
    }
    assert told == {tuple(line.split(" ")) for line in lines if line.endswith(" installed")}
    assert len(told) > 50


@pytest.mark.needs("dpkg")
def test_dpkg_itself_tells_the_same_of_every_state(tmp_path: Path) -> None:
    there = ["installed", "unpacked", "half-configured"]
    gone = ["half-installed", "config-files", "not-installed"]
    status = b"\n".join(
        BASH.replace(b"Package: bash", f"Package: in-{state}".encode())
        .replace(b"ok installed", f"ok {state}".encode())
        .replace(b"Arch", b"Maintainer: m\nDescription: d\nArch")
        for state in there + gone
    )
    (tmp_path / "status").write_bytes(status)
    command = [
        "dpkg-query",
        f"--admindir={tmp_path}",
        "--show",
        "--showformat=${Package} ${db:Status-Status}\n",
    ]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert sorted(names(status)) == sorted(name for name, state in map(str.split, lines) if state in there)
