"""Which updates share a pull request, and what its branch is called."""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pinbot.model.plan import Update, UpdateKind, updates_within
from pinbot.model.proposal import PREFIX
from pinbot.model.proposing import Grouping

_LONGEST = 60
_ODD = re.compile(r"[^a-z0-9.]+|\.{2,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Updates that are proposed together, from one branch."""

    branch: str
    updates: tuple[Update, ...]

    @property
    def urgent(self) -> bool:
        """Whether a build is broken without it."""
        return any(update.kind is UpdateKind.REPAIR for update in self.updates)


def groups(
    updates: Iterable[Update], grouping: Grouping, naming: Callable[[str], str] = str
) -> tuple[Group, ...]:
    """Share the updates out among pull requests: what is urgent comes first, then by the name of the branch.

    Args:
        updates: all of them.
        grouping: what holds where no rule names a group.
        naming: the path of a file from the root of its repository, which the branch is called after.
    """
    shared: dict[str, list[Update]] = {}
    for update in updates:
        if update.treatment.group is not None:
            shared.setdefault(f"{PREFIX}{update.treatment.group}", []).append(update)
        elif grouping is Grouping.ALL:
            shared.setdefault(f"{PREFIX}images", []).append(update)
        elif grouping is Grouping.IMAGE:
            shared.setdefault(_branch(update.image.familiar), []).append(update)
        else:
            for file in update.files:
                shared.setdefault(_branch(naming(file)), []).extend(updates_within((update,), {file}))
    made = (Group(branch=branch, updates=tuple(ones)) for branch, ones in shared.items())
    return tuple(sorted(made, key=lambda group: (not group.urgent, group.branch)))


def _branch(name: str) -> str:
    """A name that git takes, that people recognise, and that no other name has.

    The hash sets apart what differs only in characters that do not go into it, and ends it in a letter or
    digit (git-check-ref-format(1) has rules for what a name may end in).
    """
    slug = _ODD.sub("-", name.lower()).strip("-.")[:_LONGEST] or "image"
    return f"{PREFIX}{slug}-{hashlib.sha256(name.encode(errors='surrogatepass')).hexdigest()[:6]}"
