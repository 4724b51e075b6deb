"""I1 and I7: as whom a container runs, and who else could."""

import pytest

from tests.audit.images import ANY, ERROR, GROUP, NOTE, PASSWD, SCRATCH, WARNING, file, image, look, told


@pytest.mark.parametrize("user", ["10001:10001", "10001", "10001:0"])
def test_ids_that_are_not_root_are_right(user: str) -> None:
    assert told("I1", image(user=user)) == []


@pytest.mark.parametrize("user", ["root", "0", "0:0", "0:10001", "root:app"])
def test_root_is_an_error_in_scratch_and_a_warning_elsewhere(user: str) -> None:
    root = file("etc/passwd", "root:x:0:0::/:/sbin/nologin\n")
    message = f"User is {user!r}, which is root"
    assert told("I1", image(root, user=user)) == [(ERROR, None, message)]
    assert told("I1", image(root, user=user, profile=ANY)) == [(WARNING, None, message)]


def test_a_user_by_another_name_with_uid_0_is_root() -> None:
    toor = file("etc/passwd", "toor:x:0:0::/:/sbin/nologin\n")
    assert told("I1", image(toor, user="toor")) == [(ERROR, None, "User is 'toor', which is root")]


def test_no_user_is_root() -> None:
    assert told("I1", image(user="")) == [(ERROR, None, "no User is set, so it is root")]


@pytest.mark.parametrize(
    ("user", "reason"),
    [
        ("web", "there is no user 'web' in /etc/passwd of the image"),
        ("10001:web", "there is no group 'web' in /etc/group of the image"),
        ("4294967295", "the id 4294967295 is not between 0 and 2147483647"),
    ],
)
def test_a_user_that_is_nobody_is_an_error(user: str, reason: str) -> None:
    for profile in (SCRATCH, ANY):
        at = image(user=user, profile=profile)
        assert told("I1", at) == [(ERROR, None, f"User is {user!r}, and {reason}")]


def test_a_name_is_noted_since_kubernetes_cannot_verify_it() -> None:
    message = "User is the name 'app', which Kubernetes cannot verify with runAsNonRoot"
    (finding,) = look("I1", image(user="app")).findings
    assert (finding.severity, finding.message) == (NOTE, message)
    assert finding.remedy == "write its ids: USER 10001:10001"


def test_a_uid_that_falls_into_the_group_of_root_is_noted() -> None:
    assert told("I1", image(user="7000")) == [
        (NOTE, None, "uid 7000 is not in /etc/passwd of the image, so its group is 0, root's")
    ]
    assert told("I1", image(user="7000:7000")) == []


def test_a_good_passwd_and_group_let_nobody_in() -> None:
    assert told("I7", image()) == []


@pytest.mark.parametrize(
    ("line", "told_of"),
    [
        ("app::10001:10001::/:/sbin/nologin", [(ERROR, "'app' has an empty password in line 1")]),
        (
            "app:$6$abc$def:10001:10001::/:/sbin/nologin",
            [(WARNING, "the password hash of 'app' is in line 1, for all to read")],
        ),
        ("app:!:10001:10001::/:/bin/false", []),
        ("app:x:10001:10001::/:/bin/sh", [(NOTE, "'app' could log in with a shell")]),
        ("app:x:10001:10001::/:", [(NOTE, "'app' could log in with a shell")]),
        ("app:x:10001", [(WARNING, "line 1 of '/etc/passwd' is malformed")]),
        ("toor:x:0:0::/:/sbin/nologin", [(WARNING, "'toor' has uid 0, so it is another root")]),
        (
            "a:x:5:5::/:/sbin/nologin\nb:x:5:6::/:/sbin/nologin",
            [(WARNING, "the uid 5 is there 2 times; the first one counts")],
        ),
        (
            "a:x:5:5::/:/sbin/nologin\na:x:6:6::/:/sbin/nologin",
            [(WARNING, "the name 'a' is there 2 times; the first one counts")],
        ),
    ],
)
def test_what_is_wrong_with_passwd(line: str, told_of: list[tuple[str, str]]) -> None:
    at = image(file("etc/passwd", line))
    assert told("I7", at) == [(severity, "etc/passwd", message) for severity, message in told_of]


def test_a_login_shell_is_none_of_the_rule_s_business_in_an_image_with_a_system() -> None:
    assert told("I7", image(file("etc/passwd", "a:x:5:5::/:/bin/sh"), profile=ANY)) == []


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("app:x:5:\nweb:x:5:", "the gid 5 is there 2 times; the first one counts"),
        ("app:x:5:\napp:x:6:", "the name 'app' is there 2 times; the first one counts"),
        ("app:x:five:", "line 1 of '/etc/group' is malformed"),
    ],
)
def test_what_is_wrong_with_group(lines: str, message: str) -> None:
    assert told("I7", image(file("etc/group", lines))) == [(WARNING, "etc/group", message)]


def test_an_empty_password_in_shadow_is_an_error() -> None:
    shadow = file("etc/shadow", "root:::0:::::\napp:!::0:::::\n", 0o400)
    message = "'root' has an empty password in line 1"
    assert told("I7", image(shadow, profile=ANY)) == [(ERROR, "etc/shadow", message)]


def test_an_image_without_accounts_has_nothing_to_say() -> None:
    audit = look("I7", image(without=(PASSWD.name, GROUP.name)))
    assert [entry.reason for entry in audit.inapplicable] == [
        "the image has neither /etc/passwd nor /etc/group"
    ]
