"""How pinbot knows its own commits again, and what they were made for, from the commit message alone.

The last line of the message is a git trailer:

    Pinbot-Seal: <tree> <fingerprint>

`tree` is the tree of the very commit that carries it, so a commit that somebody amended, rebased or
cherry-picked no longer matches its own message: the seal is broken and the commit is theirs. `fingerprint`
stands for the proposal, so that a branch that holds it already is recognised without reading a single file.
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
