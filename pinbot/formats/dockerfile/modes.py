"""What `--chmod` says: an octal number, or clauses like `u=rwX,go=rX` (chmod(1)).

BuildKit gives an octal mode to files and directories alike; a symbolic one changes the mode that each has in
the place that it is copied from (dispatchCopy in dockerfile2llb, and github.com/tonistiigi/dchapes-mode).
"""

import re
from dataclasses import dataclass

_CLASSES = {"u": 6, "g": 3, "o": 0}
_CLAUSE = re.compile(r"([ugoa]*)((?:[-+=](?:[rwxXst]*|[ugo]))+)\Z")
_ACTION = re.compile(r"([-+=])([rwxXst]*|[ugo])(?=[-+=]|\Z)")
_OCTAL = re.compile(r"[0-7]+\Z")
_LARGEST = 0o7777
_SETUID, _SETGID, _STICKY = 0o4000, 0o2000, 0o1000
_ANY_X = 0o111


@dataclass(frozen=True, slots=True)
class Chmod:
    """A mode, or a change of modes.

    Attributes:
        octal: the mode that everything gets; None where modes are changed.
        clauses: for each change its classes (`u`, `g`, `o`), its sign and its permissions, in order.
    """

    octal: int | None
    clauses: tuple[tuple[str, str, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Chmod | None":
        """Read the value of `--chmod`; None for one that BuildKit refuses."""
        if _OCTAL.match(text):
            mode = int(text, 8)
            return cls(mode) if mode <= _LARGEST else None
        clauses: list[tuple[str, str, str]] = []
        for clause in text.split(","):
            found = _CLAUSE.match(clause)
            if found is None:
                return None
            who = "ugo" if "a" in found[1] or not found[1] else found[1]
            clauses += [(who, sign, permissions) for sign, permissions in _ACTION.findall(found[2])]
        return cls(None, tuple(clauses))

    def of(self, mode: int, *, directory: bool) -> int:
        """The mode of a file or a directory that has `mode` where it is copied from."""
        if self.octal is not None:
            return self.octal
        for who, sign, permissions in self.clauses:
            mask, bits = _bits(who, permissions, mode, directory=directory)
            match sign:
                case "+":
                    mode |= bits
                case "-":
                    mode &= ~bits
                case _:
                    mode = mode & ~mask | bits
        return mode


def _bits(who: str, permissions: str, mode: int, *, directory: bool) -> tuple[int, int]:
    """The bits that the classes have at all, and those that are meant of them."""
    mask = sum(0o7 << _CLASSES[one] for one in set(who))
    mask |= sum(bit for one, bit in (("u", _SETUID), ("g", _SETGID), ("o", _STICKY)) if one in who)
    if permissions in _CLASSES:
        copied = mode >> _CLASSES[permissions] & 0o7
    else:
        may_run = "x" in permissions or ("X" in permissions and (directory or bool(mode & _ANY_X)))
        copied = ("r" in permissions) << 2 | ("w" in permissions) << 1 | may_run
    bits = sum(copied << _CLASSES[one] for one in set(who))
    if "s" in permissions:
        bits |= mask & (_SETUID | _SETGID)
    if "t" in permissions:
        bits |= mask & _STICKY
    return mask, bits
