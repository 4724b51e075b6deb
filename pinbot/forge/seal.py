"""How pinbot knows its own commits again, and what they were made for.

The last line of the message is a git trailer:

    Pinbot-Seal: <tree> <fingerprint>

`tree` is the tree of the very commit that carries it, so a commit that somebody amended, rebased or
cherry-picked no longer matches its own message: the seal is broken and the commit is theirs. `fingerprint`
stands for the proposal, so that a branch that holds it already is recognised without reading a file.

The body of the pull request carries the fingerprint too: a run that is killed after it moved the branch
leaves a body that tells of another proposal, and the mark shows it.
"""

import hashlib
import json
import re
from dataclasses import dataclass

from pinbot.model.proposal import Proposal

_TRAILER = re.compile(r"^Pinbot-Seal: ([0-9a-f]{40,64}) ([0-9a-f]{16})[ \t\r]*$", re.MULTILINE)
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


def marked(body: str, proposal: Proposal) -> str:
    """The body with a mark, invisible when rendered, that tells which proposal it was written for."""
    return f"{body.rstrip()}\n\n{mark(proposal)}\n"


def mark(proposal: Proposal) -> str:
    """The mark of a proposal in the body of its pull request."""
    return f"<!-- pinbot-proposal: {fingerprint(proposal)} -->"


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
