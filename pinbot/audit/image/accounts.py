"""Who a container runs as: `/etc/passwd` and `/etc/group` of the image, read as runtimes read them.

Sources: passwd(5), group(5), shadow(5); OCI image-spec 1.1, config.md, `User`; moby/sys, `user.GetExecUser`.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pinbot.errors import ImageError
from pinbot.image.files import Files

PASSWD, GROUP, SHADOW = "etc/passwd", "etc/group", "etc/shadow"
LARGEST_ID = 2**31 - 1
"""Runtimes refuse larger ones."""

_NUMBER = re.compile(r"[+-]?[0-9]+")
_PASSWD_FIELDS, _GROUP_FIELDS, _FIELD = 7, 4, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A line of passwd."""

    line: int
    name: str
    password: str
    uid: int
    gid: int
    home: str
    shell: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A line of group."""

    line: int
    name: str
    password: str
    gid: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Malformed:
    """A line that lookups pass over, so that what it names does not exist."""

    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """As whom a process runs.

    Attributes:
        name: None where the uid has no line in passwd.
        groups: the supplementary ones, without `gid`.
    """

    uid: int
    gid: int
    groups: frozenset[int] = frozenset()
    name: str | None = None

    @property
    def is_root(self) -> bool:
        """Whether permissions do not bind it."""
        return self.uid == 0

    def __str__(self) -> str:
        return f"uid {self.uid}"


@dataclass(frozen=True, slots=True)
class Nobody:
    """Why a user means nobody in this image, so that no container of it starts."""

    reason: str


def accounts(files: Files) -> Iterator[Account | Malformed]:
    """The lines of passwd; none where there is no such file.

    Raises:
        ImageError: the file is there and cannot be read.
    """
    for line, fields in _lines(files, PASSWD):
        uid, gid = _id(fields[2:3]), _id(fields[3:4])
        if len(fields) != _PASSWD_FIELDS or not fields[0] or uid is None or gid is None:
            yield Malformed(line=line)
        else:
            name, password, _, _, _, home, shell = fields
            yield Account(line=line, name=name, password=password, uid=uid, gid=gid, home=home, shell=shell)


def groups(files: Files) -> Iterator[Group | Malformed]:
    """The lines of group; none where there is no such file.

    Raises:
        ImageError: the file is there and cannot be read.
    """
    for line, fields in _lines(files, GROUP):
        gid = _id(fields[2:3])
        if len(fields) != _GROUP_FIELDS or not fields[0] or gid is None:
            yield Malformed(line=line)
        else:
            members = tuple(member for member in fields[3].split(",") if member)
            yield Group(line=line, name=fields[0], password=fields[1], gid=gid, members=members)


def without_password(files: Files) -> Iterator[tuple[int, str]]:
    """Line and name of accounts whose password in shadow is empty: anybody may be them.

    Raises:
        ImageError: the file is there and cannot be read.
    """
    for line, fields in _lines(files, SHADOW):
        if len(fields) >= _FIELD and fields[0] and not fields[1]:
            yield line, fields[0]


def identify(user: str, files: Files) -> Identity | Nobody:
    """Whom the `User` of a config means: `user`, `uid`, `user:group`, `uid:gid` or a mix; empty is root.

    What is a number is an id, even if somebody has it for a name. A uid without a line in passwd has group 0.
    Supplementary groups count only where no group is named.

    Raises:
        ImageError: passwd or group cannot be read.
    """
    who, colon, which = user.partition(":")
    known = [entry for entry in accounts(files) if isinstance(entry, Account)]
    account = _find_account(who, known)
    if isinstance(account, Nobody):
        return account
    uid, gid, name = account
    if not colon or not which:
        called = name or who
        extra = {group.gid for group in groups(files) if isinstance(group, Group) and called in group.members}
        return Identity(uid=uid, gid=gid, groups=frozenset(extra - {gid}), name=name)
    group = _find_group(which, files)
    return group if isinstance(group, Nobody) else Identity(uid=uid, gid=group, name=name)


def _find_account(who: str, known: list[Account]) -> tuple[int, int, str | None] | Nobody:
    """Uid, gid and name."""
    if not who:
        root = next((account for account in known if account.uid == 0), None)
        return (0, root.gid, root.name) if root else (0, 0, None)
    number = _number(who)
    if isinstance(number, Nobody):
        return number
    for account in known:
        if account.name == who if number is None else account.uid == number:
            return account.uid, account.gid, account.name
    if number is None:
        return Nobody(f"there is no user {who!r} in /{PASSWD} of the image")
    return number, 0, None


def _find_group(which: str, files: Files) -> int | Nobody:
    number = _number(which)
    if number is not None:
        return number
    for group in groups(files):
        if isinstance(group, Group) and group.name == which:
            return group.gid
    return Nobody(f"there is no group {which!r} in /{GROUP} of the image")


def _number(text: str) -> int | Nobody | None:
    """An id; None where the text is a name."""
    if not _NUMBER.fullmatch(text):
        return None
    if len(text) > len(str(LARGEST_ID)) + 1 or not 0 <= int(text) <= LARGEST_ID:
        return Nobody(f"the id {text[:40]} is not between 0 and {LARGEST_ID}")
    return int(text)


def _id(fields: list[str]) -> int | None:
    """The number in a field of passwd or group."""
    number = _number(fields[0]) if fields else None
    return number if isinstance(number, int) else None


def _lines(files: Files, path: str) -> Iterator[tuple[int, list[str]]]:
    """Number and fields of each line; comments and empty lines are left out."""
    if files.resolve(path) is None:
        return
    data = files.content(path)
    if data is None:
        raise ImageError(f"/{path} of the image is no file that can be read")
    for number, text in enumerate(data.decode("utf-8", "surrogateescape").split("\n"), 1):
        if text.strip() and not text.startswith("#"):
            yield number, text.rstrip("\r").split(":")
