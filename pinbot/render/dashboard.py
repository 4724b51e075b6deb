"""Values to the issue that tells of everything, and the ticks in it back to values.

Whatever comes from files, registries and builders is untrusted: it stands in code spans only. What a check
box stands for is written in a hidden comment beside it; anybody who may edit the issue could write there what
they like, so it is read as carefully as anything else.
"""

import re
from collections.abc import Callable, Iterable, Iterator

from pinbot.errors import InvalidReference, PinbotError
from pinbot.model.ledger import Ledger
from pinbot.model.notice import Wishes
from pinbot.model.plan import Wait
from pinbot.model.proposal import PREFIX, OwnPull, Subject
from pinbot.model.reference import Digest, is_tag
from pinbot.model.report import UpdateReport
from pinbot.render.gfm import code
from pinbot.render.printable import moment

Naming = Callable[[str], str]
"""How a reader of the issue calls a file of the report."""

_ROOM = 10_000
"""Characters of one section; there are six of them, and GitHub takes 65,536 in all."""

_MOST_IMAGES = 5
_TICK = re.compile(r"^- \[[xX]\] <!-- pinbot-(again|now|rebuild): (\S{1,1000}) -->", re.MULTILINE)
_PLAIN = re.compile(r"[A-Za-z0-9._/:@+-]+")


def dashboard(report: UpdateReport, ledger: Ledger, *, naming: Naming = str) -> str:
    """What is pinned, proposed, waiting, held, rejected and failing, as this run found it."""
    waits = report.plan.waits
    rejected = [wait for wait in waits if _is_rejected(wait, ledger)]
    waiting = [wait for wait in waits if not _is_rejected(wait, ledger)]
    sections = (
        ("Open pull requests", "Tick one to have it built and written anew.", map(_pull, report.open_pulls)),
        ("Waiting", "Tick one to have it proposed now.", map(_waiting, waiting)),
        ("Turned down", "Tick one to have it proposed again.", map(_rejected, rejected)),
        (
            "Not built",
            "Their test builds did not succeed.",
            (f"- {code(naming(one))}" for one in report.held),
        ),
        ("Failing", "These could not be handled.", (_failing(one, naming) for one in report.all_errors)),
        (
            "Left alone",
            "pinbot does not touch these.",
            (
                f"- {code(f'{naming(skip.file)}:{skip.line}')}: {code(skip.reason)}"
                for skip in report.plan.skips
            ),
        ),
    )
    parts = [_first_line(report)]
    for title, what, lines in sections:
        parts += _section(title, what, lines)
    return "\n\n".join(parts) + "\n"


def wishes(body: str) -> Wishes:
    """What is ticked in a dashboard; what makes no sense is left out."""
    found: dict[str, set[str]] = {"again": set(), "now": set(), "rebuild": set()}
    for wish, text in _TICK.findall(body):
        found[wish].add(text)
    return Wishes(
        again=frozenset(_subjects(found["again"])),
        now=frozenset(_subjects(found["now"])),
        rebuild=frozenset(branch for branch in found["rebuild"] if branch.startswith(PREFIX)),
    )


def _subjects(texts: Iterable[str]) -> Iterator[Subject]:
    for text in texts:
        image, _, version = text.partition("@")
        digest, _, tag = version.partition("@")
        if _PLAIN.fullmatch(image) and (not tag or is_tag(tag)):
            try:
                yield Subject(image=image, digest=Digest.parse(digest), tag=tag)
            except InvalidReference:
                continue


def _first_line(report: UpdateReport) -> str:
    count = report.plan.current
    pinned = f"**{count}** reference{' is' if count == 1 else 's are'} pinned and up to date"
    return f"Base images of this repository: {pinned}. What is ticked here, the next run of pinbot sees to."


def _section(title: str, what: str, lines: Iterable[str]) -> Iterator[str]:
    """A section with as many lines as there is room for; nothing where there are none."""
    kept: list[str] = []
    room, more = _ROOM, 0
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            more += 1
        else:
            kept.append(line)
    if not kept:
        return
    yield f"### {title}"
    yield what
    yield "\n".join(kept)
    if more:
        yield f"and {more} more"


def _box(wish: str, key: str) -> str:
    """A check box, where what it stands for can be written into a comment."""
    return f"- [ ] <!-- pinbot-{wish}: {key} -->" if _PLAIN.fullmatch(key) else "-"


def _pull(pull: OwnPull) -> str:
    images = [
        f"{code(subject.image.removeprefix('docker.io/library/'))}"
        f" to {code(_version(subject.digest.short, subject.tag))}"
        for subject in pull.subjects[:_MOST_IMAGES]
    ]
    more = len(pull.subjects) - len(images)
    told = ", ".join((*images, *([f"{more} more"] if more else []))) or code(pull.branch)
    return f"{_box('rebuild', pull.branch)} #{pull.number}: {told}"


def _waiting(wait: Wait) -> str:
    until = f", until {moment(wait.until)}" if wait.until else ""
    return f"{_box('now', _key(wait))} {_moves(wait)}: {code(wait.reason)}{until}"


def _rejected(wait: Wait) -> str:
    return f"{_box('again', _key(wait))} {_moves(wait)}: {wait.reason}"


def _moves(wait: Wait) -> str:
    update = wait.update
    digest = update.new.digest.short if update.new.digest else ""
    return f"{code(update.image.familiar)} to {code(_version(digest, update.new_tag))}"


def _version(digest: str, tag: str) -> str:
    return f"{tag}@{digest}" if tag else digest


def _key(wait: Wait) -> str:
    update = wait.update
    return "@".join(filter(None, (str(update.image), str(update.new.digest), update.new_tag)))


def _is_rejected(wait: Wait, ledger: Ledger) -> bool:
    digest = wait.update.new.digest
    return digest is not None and bool(ledger.rejected(str(wait.update.image), digest, wait.update.new_tag))


def _failing(error: PinbotError, naming: Naming) -> str:
    where = naming(error.file) + error.where.removeprefix(error.file) if error.file else error.image or ""
    place = f"{code(where)}: " if where else ""
    return f"- {place}{code(error.message)}"
