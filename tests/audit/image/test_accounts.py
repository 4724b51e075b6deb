"""Whom the User of a config means, as moby's `user.GetExecUser` decides it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.audit.image import accounts
from pinbot.audit.image.accounts import Account, Identity, Malformed, Nobody, identify
from pinbot.errors import ImageError
from pinbot.image.files import Files
from tests.audit.images import file, files, folder, link

PASSWD = """root:x:0:0:root:/root:/bin/sh
# a comment: 1:2
app:x:10001:10002:app:/app:/sbin/nologin

42:x:77:78::/:/sbin/nologin
twin:x:500:500::/:/bin/sh
twin:x:501:501::/:/bin/sh
"""
GROUP = "root:x:0:root\nwheel:x:10:root,app\napps:x:10002:app\ndata:x:33:other,app\n"
KNOWN = files([file("etc/passwd", PASSWD), file("etc/group", GROUP)])
EMPTY = Files({})


@pytest.mark.parametrize(
    ("user", "who"),
    [
        ("", Identity(uid=0, gid=0, groups=frozenset({10}), name="root")),
        ("root", Identity(uid=0, gid=0, groups=frozenset({10}), name="root")),
        ("0", Identity(uid=0, gid=0, groups=frozenset({10}), name="root")),
        ("0:0", Identity(uid=0, gid=0, name="root")),
        ("app", Identity(uid=10001, gid=10002, groups=frozenset({10, 33}), name="app")),
        ("10001", Identity(uid=10001, gid=10002, groups=frozenset({10, 33}), name="app")),
        ("app:", Identity(uid=10001, gid=10002, groups=frozenset({10, 33}), name="app")),
        ("app:data", Identity(uid=10001, gid=33, name="app")),
        ("10001:5", Identity(uid=10001, gid=5, name="app")),
        ("7000", Identity(uid=7000, gid=0)),
        ("7000:7001", Identity(uid=7000, gid=7001)),
        ("42", Identity(uid=42, gid=0)),
        ("twin", Identity(uid=500, gid=500, name="twin")),
        ("501", Identity(uid=501, gid=501, name="twin")),
        ("2147483647", Identity(uid=2147483647, gid=0)),
        ("+8", Identity(uid=8, gid=0)),
        (":33", Identity(uid=0, gid=33, name="root")),
    ],
)
def test_a_user_is_found_by_name_or_id(user: str, who: Identity) -> None:
    assert identify(user, KNOWN) == who


@pytest.mark.parametrize(
    ("user", "reason"),
    [
        ("web", "there is no user 'web' in /etc/passwd of the image"),
        ("app:web", "there is no group 'web' in /etc/group of the image"),
        ("2147483648", "the id 2147483648 is not between 0 and 2147483647"),
        ("-1", "the id -1 is not between 0 and 2147483647"),
        ("app:4294967296", "the id 4294967296 is not between 0 and 2147483647"),
        ("9" * 5000, f"the id {'9' * 40} is not between 0 and 2147483647"),
    ],
)
def test_a_user_that_is_nobody_says_why(user: str, reason: str) -> None:
    assert identify(user, KNOWN) == Nobody(reason)


def test_without_passwd_only_numbers_mean_somebody() -> None:
    assert identify("10001:10001", EMPTY) == Identity(uid=10001, gid=10001)
    assert identify("", EMPTY) == Identity(uid=0, gid=0)
    assert identify("root", EMPTY) == Nobody("there is no user 'root' in /etc/passwd of the image")


def test_passwd_is_found_through_links() -> None:
    there = files([link("etc", "usr/etc"), folder("usr/etc"), file("usr/etc/passwd", PASSWD)])
    assert identify("app", there) == Identity(uid=10001, gid=10002, name="app")


def test_a_passwd_that_cannot_be_read_is_not_taken_for_an_empty_one() -> None:
    with pytest.raises(ImageError, match="/etc/passwd"):
        identify("app", files([folder("etc/passwd")]))


@pytest.mark.parametrize(
    "line", ["app", "app:x:1:1::/", "app:x:1:1::/:/bin/sh:", "app:x:a:1::/:", ":x:1:1:::"]
)
def test_a_malformed_line_names_nobody(line: str) -> None:
    there = files([file("etc/passwd", f"{line}\nok:x:5:5::/:/bin/sh\r\n")])
    assert list(accounts.accounts(there)) == [
        Malformed(line=1),
        Account(line=2, name="ok", password="x", uid=5, gid=5, home="/", shell="/bin/sh"),
    ]


@given(st.binary(), st.binary(), st.text())
def test_any_files_and_any_user_give_an_answer(passwd: bytes, group: bytes, user: str) -> None:
    there = files([file("etc/passwd", passwd), file("etc/group", group), file("etc/shadow", group)])
    assert isinstance(identify(user, there), Identity | Nobody)
    assert all(name for _, name in accounts.without_password(there))
