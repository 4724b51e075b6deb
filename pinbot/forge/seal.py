"""How pinbot knows its own commits again, and what they were made for.

The last line of the message is a git trailer:

    Pinbot-Seal: <tree> <fingerprint>

`tree` is the tree of the very commit that carries it, so a commit that somebody amended, rebased or
cherry-picked no longer matches its own message: the seal is broken and the commit is theirs. `fingerprint`
stands for the proposal, so that a branch that holds it already is recognised without reading a file.

The body of the pull request carries the fingerprint too, with base and commit: by these the list of pull
requests tells alone that nothing is to be done. A run that is killed after it moved the branch leaves a body
that tells of another proposal, and the mark shows it.
"""

import hashlib
import json
import re
from dataclasses import dataclass

from pinbot.errors import InvalidReference
from pinbot.model.proposal import Proposal, Subject
from pinbot.model.reference import Digest, is_tag

_TRAILER = re.compile(r"^Pinbot-Seal: ([0-9a-f]{40,64}) ([0-9a-f]{16})[ \t\r]*$", re.MULTILINE)
_MARK = re.compile(r"<!-- pinbot-proposal: ([0-9a-f]{16} [0-9a-f]{40,64} [0-9a-f]{40,64}(?: waiting)?) -->")
_UNFINISHED = "<!-- pinbot-proposal: unfinished -->"
_LEFT = re.compile(r"\n*<!-- pinbot-left: ([0-9a-f]{40,64}) -->")
_WAITING = " waiting"
_SUBJECTS = re.compile(r"<!-- pinbot: (\{[^\n]*\}) -->")
_TRAILERS_ONLY = re.compile(r"(?:[A-Za-z0-9-]+: .+\n)*[A-Za-z0-9-]+: .+")


@dataclass(frozen=True, slots=True)
class Seal:
    """What a sealed commit says of itself: its tree, and the fingerprint of the proposal it was made for."""

    tree: str
    fingerprint: str


def blob_id(data: bytes) -> str:
    """The name git gives to a file's content (gitformat-pack(5), git-hash-object(1))."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def fingerprint(proposal: Proposal) -> str:
    """Sixteen hexadecimal digits that change when the commit for this proposal would be another one."""
    files = sorted((file.path, blob_id(file.before), blob_id(file.after)) for file in proposal.files)
    return hashlib.sha256(json.dumps([proposal.message, files]).encode()).hexdigest()[:16]


def mark(proposal: Proposal, *, base: str, head: str) -> str:
    """What the body of a pull request was written for: the proposal, the base, the one commit."""
    waiting = _WAITING if proposal.ripe else ""
    return f"{fingerprint(proposal)} {base} {head}{waiting}"


def is_waiting(mark: str) -> bool:
    """Whether a mark is that of digests that were not seen for long enough."""
    return mark.endswith(_WAITING)


def marked_head(mark: str) -> str:
    """The commit that a mark names; empty if there is no mark."""
    return mark.removesuffix(_WAITING).rpartition(" ")[2]


def unfinished(body: str) -> str:
    """The body with a mark that says: not everything about this pull request was done."""
    return f"{body.rstrip()}\n\n{_UNFINISHED}\n"


def is_unfinished(body: str) -> bool:
    """Whether a run was killed after it had opened the pull request, before it had done everything."""
    return _UNFINISHED in body


def left(body: str, head: str) -> str:
    """The body with a mark that says: these commits are people's, and that was told."""
    return f"{_LEFT.sub('', body).rstrip()}\n\n<!-- pinbot-left: {head} -->\n"


def read_left(body: str) -> str:
    """The commit at which a pull request was last left to people; empty if it never was."""
    found = _LEFT.findall(body)
    return found[-1] if found else ""


def marked(body: str, mark: str) -> str:
    """The body with the mark at its end, invisible when rendered."""
    return f"{body.rstrip()}\n\n<!-- pinbot-proposal: {mark} -->\n"


def read_mark(body: str) -> str:
    """The mark in a body, the last one if there are several; empty if there is none."""
    found = _MARK.findall(body)
    return found[-1] if found else ""


def read_subjects(body: str) -> tuple[Subject, ...]:
    """Which images a body says that it moves, and to what; whatever makes no sense is left out."""
    subjects: dict[Subject, None] = {}
    for text in _SUBJECTS.findall(body):
        try:
            entries = json.loads(text)["updates"]
            for entry in entries:
                digest, tag = Digest.parse(str(entry["digest"])), str(entry.get("tag", ""))
                if tag and not is_tag(tag):
                    continue
                subjects[Subject(image=str(entry["image"]), digest=digest, tag=tag)] = None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, InvalidReference):
            continue
    return tuple(subjects)


def without_subjects(body: str) -> str:
    """The body without what `read_subjects` finds."""
    return _SUBJECTS.sub("", body).strip()


def seal(message: str, seal: Seal) -> str:
    """The message with the seal as its last trailer, next to trailers that it may have already."""
    text = message.strip()
    subject, _, last_paragraph = text.rpartition("\n\n")
    gap = "\n" if subject and _TRAILERS_ONLY.fullmatch(last_paragraph) else "\n\n"
    return f"{text}{gap}Pinbot-Seal: {seal.tree} {seal.fingerprint}\n"


def read_seal(message: str) -> Seal | None:
    """The seal in a commit message, the last one if there are several; None if there is none."""
    found = _TRAILER.findall(message)
    return Seal(*found[-1]) if found else None
