import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.errors import ImageError
from pinbot.image.packages import os_release
from pinbot.model.image import Distribution

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
