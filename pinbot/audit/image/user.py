"""Image rules about users: as whom a container runs, and who else could."""

from collections import Counter
from collections.abc import Iterator

from pinbot.audit.check import Check, DoesNotApply, Problem, Remark
from pinbot.audit.image import accounts
from pinbot.audit.image.access import quoted
from pinbot.audit.image.accounts import Account, Group, Malformed, Nobody
from pinbot.audit.image.subject import ImageSubject
from pinbot.image.files import Files
from pinbot.model.finding import Profile, Rule, Severity

_NO_LOGIN = frozenset({"nologin", "false", "sync", "halt", "shutdown", "null"})
_HIDDEN_OR_LOCKED = ("x", "*", "!")


def _user(image: ImageSubject) -> Iterator[Remark]:
    user = image.config.user
    who = accounts.identify(user, image.files)
    if isinstance(who, Nobody):
        yield Problem(
            message=f"User is {user!r}, and {who.reason}",
            remedy="copy the passwd and group that name it, or write its ids: USER 10001:10001",
        )
        return
    if who.is_root:
        yield Problem(
            message=f"User is {user!r}, which is root" if user else "no User is set, so it is root",
            severity=Severity.ERROR if image.profile is Profile.SCRATCH else Severity.WARNING,
        )
        return
    name, _, group = user.partition(":")
    if not name.isdigit():
        yield Problem(
            message=f"User is the name {name!r}, which Kubernetes cannot verify with runAsNonRoot",
            severity=Severity.NOTE,
            remedy=f"write its ids: USER {who.uid}:{who.gid}",
        )
    if not group and who.name is None and who.gid == 0:
        yield Problem(
            message=f"uid {who.uid} is not in /{accounts.PASSWD} of the image, so its group is 0, root's",
            severity=Severity.NOTE,
            remedy=f"name a group, too: USER {who.uid}:{who.uid}",
        )


def _accounts(image: ImageSubject) -> Iterator[Remark]:
    files = image.files
    if not any(map(files.resolve, (accounts.PASSWD, accounts.GROUP, accounts.SHADOW))):
        yield DoesNotApply(f"the image has neither /{accounts.PASSWD} nor /{accounts.GROUP}")
        return
    yield from _passwd(files, image.profile)
    yield from _group(files)
    for line, name in accounts.without_password(files):
        yield Problem(message=f"{name!r} has an empty password in line {line}", path=accounts.SHADOW)


def _passwd(files: Files, profile: Profile) -> Iterator[Remark]:
    lines = list(accounts.accounts(files))
    yield from _malformed(lines, accounts.PASSWD)
    known = [line for line in lines if isinstance(line, Account)]
    yield from _twice("name", [repr(account.name) for account in known], accounts.PASSWD)
    yield from _twice("uid", [str(account.uid) for account in known], accounts.PASSWD)
    for account in known:
        if not account.password:
            yield Problem(
                message=f"{account.name!r} has an empty password in line {account.line}",
                path=accounts.PASSWD,
            )
        elif not account.password.startswith(_HIDDEN_OR_LOCKED):
            yield Problem(
                message=f"the password hash of {account.name!r} is in line {account.line}, for all to read",
                path=accounts.PASSWD,
                severity=Severity.WARNING,
            )
        if account.uid == 0 and account.name != "root":
            message = f"{account.name!r} has uid 0, so it is another root"
            yield Problem(message=message, path=accounts.PASSWD, severity=Severity.WARNING)
    logins = [account.name for account in known if account.shell.rpartition("/")[2] not in _NO_LOGIN]
    if logins and profile is Profile.SCRATCH:
        yield Problem(
            message=f"{', '.join(map(repr, logins))} could log in with a shell",
            path=accounts.PASSWD,
            severity=Severity.NOTE,
            remedy="end their lines with /sbin/nologin, and leave out accounts that nothing runs as",
        )


def _group(files: Files) -> Iterator[Remark]:
    lines = list(accounts.groups(files))
    yield from _malformed(lines, accounts.GROUP)
    known = [line for line in lines if isinstance(line, Group)]
    yield from _twice("name", [repr(group.name) for group in known], accounts.GROUP)
    yield from _twice("gid", [str(group.gid) for group in known], accounts.GROUP)


def _malformed(lines: list[Account | Malformed] | list[Group | Malformed], path: str) -> Iterator[Remark]:
    for line in lines:
        if isinstance(line, Malformed):
            message = f"line {line.line} of {quoted(path)} is malformed"
            yield Problem(message=message, path=path, severity=Severity.WARNING)


def _twice(what: str, values: list[str], path: str) -> Iterator[Remark]:
    for value, times in Counter(values).items():
        if times > 1:
            message = f"the {what} {value} is there {times} times; the first one counts"
            yield Problem(message=message, path=path, severity=Severity.WARNING)


CHECKS: tuple[Check[ImageSubject], ...] = (
    Check(
        rule=Rule(
            id="I1",
            title="the container runs as root, or as a user that the image does not know",
            severity=Severity.ERROR,
            why="Whoever breaks out of a process that is root is root on the node. A user that cannot be "
            "looked up in the image keeps the container from starting.",
            remedy="run as a user of its own, by number: USER 10001:10001",
            source="https://docs.docker.com/reference/dockerfile/#user",
            wrong='FROM scratch\nCOPY --from=build /app /app\nENTRYPOINT ["/app"]',
            right='FROM scratch\nCOPY --from=build /app /app\nUSER 10001:10001\nENTRYPOINT ["/app"]',
        ),
        look=_user,
    ),
    Check(
        rule=Rule(
            id="I7",
            title="passwd, group or shadow let in more people than meant",
            severity=Severity.ERROR,
            why="An empty password is no password. Of two lines for one name or id only the first counts, "
            "and lookups pass over a malformed line, so a process runs as somebody else than the file seems "
            "to say.",
            remedy="write the few lines that the image needs anew, each with x for the password",
            source="https://man7.org/linux/man-pages/man5/passwd.5.html",
            wrong="echo 'app::10001:10001::/app:/bin/sh' > /rootfs/etc/passwd",
            right="echo 'app:x:10001:10001::/app:/sbin/nologin' > /rootfs/etc/passwd",
        ),
        look=_accounts,
    ),
)
