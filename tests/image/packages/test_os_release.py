import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.errors import ImageError
from pinbot.image.packages import os_release
from pinbot.model.image import Distribution, Ecosystem, Package

PLACE = "etc/os-release"


@pytest.mark.parametrize(
    ("data", "distribution"),
    [
        (
            b'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.20.3\nPRETTY_NAME="Alpine Linux v3.20"\n',
            Distribution(id="alpine", version="3.20.3", name="Alpine Linux v3.20"),
        ),
        (
            b'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nVERSION_ID="12"\nID=debian\n',
            Distribution(id="debian", version="12", name="Debian GNU/Linux 12 (bookworm)"),
        ),
        (
            b'NAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.4"\n',
            Distribution(id="rocky", version="9.4", like=("rhel", "centos", "fedora")),
        ),
        (b'ID=\'debian\'\nPRETTY_NAME="a \\"b\\" \\$c"\n', Distribution(id="debian", name='a "b" $c')),
        (b"# comment\n\n  ID=void  \n", Distribution(id="void")),
        (b"ID=one\nID=two\n", Distribution(id="two")),
        (b"ID=alpine\r\nVERSION_ID=3.20\r\n", Distribution(id="alpine", version="3.20")),
        (b"", Distribution(id="linux")),
        (b"ID=a b\nVERSION_ID=$(reboot)\n", Distribution(id="linux")),
        (
            b"ID=..\\..\nVERSION_ID='1 2'\nPRETTY_NAME='\x1b[31mred'\n",
            Distribution(id="linux", name="[31mred"),
        ),
        (b"ID=\xff\xfe\nID_LIKE='debian \xff'\n", Distribution(id="linux", like=("debian",))),
    ],
)
def test_the_distribution_is_told_as_a_shell_would_read_it(data: bytes, distribution: Distribution) -> None:
    assert os_release.parse(data, PLACE) == distribution


def test_a_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(ImageError, match="etc/os-release has 65,537 bytes"):
        os_release.parse(b"#" * (os_release.LIMIT + 1), PLACE)


@given(st.binary() | st.text(alphabet="ID=\"'\\ \n$a").map(str.encode))
def test_any_bytes_are_read(data: bytes) -> None:
    distribution = os_release.parse(data, PLACE)
    assert distribution.id
    assert distribution.name.isprintable()


@pytest.mark.parametrize(
    ("ecosystem", "name", "version", "distribution"),
    [
        (Ecosystem.APK, "alpine-release", "3.20.3-r0", Distribution(id="alpine", version="3.20.3")),
        (Ecosystem.APK, "alpine-release", "3.21.0_alpha20240923-r0", None),
        (Ecosystem.APK, "wolfi-baselayout", "20230201-r16", Distribution(id="wolfi", version="20230201")),
        (Ecosystem.DPKG, "base-files", "12.4+deb12u5", Distribution(id="debian", version="12")),
        (Ecosystem.DPKG, "base-files", "13.8", Distribution(id="debian", version="13")),
        (Ecosystem.DPKG, "base-files", "13ubuntu10.1", None),
        (Ecosystem.RPM, "rocky-release", "9.4-1.7.el9", Distribution(id="rocky", version="9.4")),
        (Ecosystem.RPM, "almalinux-release", "9.4-2.el9", Distribution(id="almalinux", version="9.4")),
        (Ecosystem.GO, "base-files", "12", None),
        (Ecosystem.DPKG, "bash", "5.2", None),
    ],
)
def test_the_package_that_brings_the_file_stands_in_for_it(
    ecosystem: Ecosystem, name: str, version: str, distribution: Distribution | None
) -> None:
    other = Package(ecosystem=Ecosystem.DPKG, name="adduser", version="3.134")
    package = Package(ecosystem=ecosystem, name=name, version=version)
    assert os_release.implied_by([other, package]) == distribution
