"""What a change of an image means for its audit. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from pinbot.model.finding import Audit, Finding
from pinbot.model.image import Entry
from pinbot.model.inspection import Changes, Difference, Inspection, Turn

_MOST_NAMES = 3


def compare(before: Audit, after: Audit) -> Changes:
    """Tell what is new from what was there before; see `Finding.identity` for which findings are the same.

    Both audits are taken to be by the same rules. Each finding of `after` is in `new`, `same` or `unsure`;
    each of `before` that is not the same as one of these is in `gone` or `unsure`.
    """
    left: defaultdict[tuple[str, ...], list[Finding]] = defaultdict(list)
    for finding in before.findings:
        left[finding.identity].append(finding)
    unchecked = _unchecked(before)
    new: list[Finding] = []
    same: list[Finding] = []
    unsure: list[Finding] = []
    for finding in after.findings:
        earlier = left[finding.identity]
        if earlier:
            worse = finding.severity.rank < earlier.pop(0).severity.rank
            (new if worse else same).append(finding)
        else:
            (unsure if finding.rule in unchecked else new).append(finding)
    unchecked = _unchecked(after)
    gone = sorted((one for rest in left.values() for one in rest), key=before.findings.index)
    unsure += [finding for finding in gone if finding.rule in unchecked]
    return Changes(
        new=tuple(new),
        gone=tuple(finding for finding in gone if finding.rule not in unchecked),
        same=tuple(same),
        unsure=tuple(unsure),
    )


def difference(before: Inspection, after: Inspection) -> Difference:
    """Tell what a change did to an image; both inspections are taken to be by the same rules."""
    old = {entry.path: entry for entry in before.entries}
    new = {entry.path: entry for entry in after.entries}
    return Difference(
        findings=compare(before.audit, after.audit),
        facts=tuple(_facts(before, after)),
        added=tuple(entry for path, entry in new.items() if path not in old),
        removed=tuple(entry for path, entry in old.items() if path not in new),
        altered=tuple(
            (old[path], entry)
            for path, entry in new.items()
            if path in old and _access(old[path]) != _access(entry)
        ),
    )


def _access(entry: Entry) -> tuple[object, ...]:
    return entry.kind, entry.mode, entry.uid, entry.gid, entry.link, entry.capabilities


def _facts(before: Inspection, after: Inspection) -> Iterator[Turn]:
    facts = zip(_told(before), _told(after), strict=True)
    for (name, old), (_, new) in facts:
        if old != new:
            yield Turn(name=name, before=old, after=new)
    left, there = set(before.certificates), set(after.certificates)
    if left != there:
        yield Turn(
            name="CA certificates",
            before=_counted(before.certificates, left - there, "gone"),
            after=_counted(after.certificates, there - left, "new"),
        )


def _told(found: Inspection) -> tuple[tuple[str, str], ...]:
    """How an image is started and made, in the same order for every image."""
    config = found.config
    traits = {trait.name: str(trait.value) for one in found.programs[:1] for trait in one.binary.traits}
    made = ("static", "PIE", "RELRO", "NX", "stripped", "libc", "allocator", "rustc", "linker")
    return (
        ("starts", " ".join(config.command)),
        ("as", config.user),
        ("in", config.working_dir),
        *((name, traits.get(name, "")) for name in made),
        ("time zones", found.tzdata),
    )


def _counted(certificates: Sequence[str], names: set[str], what: str) -> str:
    if not names:
        return str(len(certificates))
    shown = ", ".join(sorted(names)[:_MOST_NAMES])
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"{len(certificates)} ({what}: {shown}{more})"


def _unchecked(audit: Audit) -> set[str]:
    return {entry.rule for entry in audit.unchecked}
