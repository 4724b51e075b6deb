"""Values to render, each with the least that a test must say."""

import io
from collections.abc import Sequence

from pinbot.errors import PinbotError
from pinbot.model.build import BuildTarget, BuiltImage, FailedBuild, Limit, Verdict
from pinbot.model.inspection import Difference, Inspection
from pinbot.model.occurrence import EditPlace, Kind, Occurrence, Position, SourceFile, Span, Status
from pinbot.model.plan import FileChange, Skip, Update, UpdateKind, Version
from pinbot.model.reference import Digest, ImageReference

OLD = Digest("sha256", "1" * 64)
NEW = Digest("sha256", "2" * 64)
ALPINE = ImageReference.parse("alpine:3.22")


class Screen(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def occurrence(
    file: str = "Dockerfile", line: int = 1, *, raw: str = "alpine:3.22", reason: str | None = None
) -> Occurrence:
    start, end = 5, 5 + len(raw)
    return Occurrence(
        file=file,
        position=Position(line, 6),
        span=Span(start, end),
        kind=Kind.FROM,
        raw=raw,
        image=None if reason is not None else ALPINE,
        status=Status.SKIPPED if reason is not None else Status.UNPINNED,
        reason=reason,
        place=None
        if reason is not None
        else EditPlace(span=Span(start, end), position=Position(line, 6), digest=Span(end, end)),
    )


def pin(*files: str, image: str = "alpine:3.22", kind: UpdateKind = UpdateKind.PIN) -> Update:
    return Update(
        image=ImageReference.parse(image),
        kind=kind,
        old=Version(tag="3.22", digest=None if kind is UpdateKind.PIN else OLD),
        new=Version(tag="3.22", digest=NEW),
        occurrences=tuple(occurrence(file) for file in files or ("Dockerfile",)),
    )


def move(*files: str, image: str = "alpine:3.22") -> Update:
    return pin(*files, image=image, kind=UpdateKind.DIGEST)


def change(path: str = "Dockerfile", before: bytes = b"a\n", after: bytes = b"b\n") -> FileChange:
    return FileChange(source=SourceFile(path=path, data=before), edits=(), after=after)


def skip(file: str = "Dockerfile", reason: str = "it says so") -> Skip:
    return Skip(image="busybox", file=file, line=3, reason=reason)


def built(size: int = 12_000_000) -> BuiltImage:
    return BuiltImage(digest=NEW, size=size, layers=3, seconds=4.25, builder="buildah 1.28.2")


def failed(
    *tail: str, step: str = "RUN make", builder: str = "buildah 1.28.2", limit: Limit | None = None
) -> FailedBuild:
    return FailedBuild(step=step, tail=tail, seconds=1.5, builder=builder, limit=limit)


def verdict(
    after: BuiltImage | FailedBuild | PinbotError | None = None,
    *,
    dockerfile: str = "Dockerfile",
    stage: str | None = None,
    before: BuiltImage | None = None,
    problem: str | None = None,
    inspection: Inspection | PinbotError | None = None,
    difference: Difference | None = None,
) -> Verdict:
    return Verdict(
        target=BuildTarget(dockerfile=dockerfile, context=".", stage=stage),
        after=after or built(),
        before=before,
        before_problem=problem,
        inspection=inspection,
        difference=difference,
    )


HOSTILE: Sequence[str] = (
    "\x1b[2J\x1b]0;title\x07",
    "line\nbreak\r\n",
    "\u202egpj.exe",
    "\u2066hidden\u2069\u200b",
    "\u2028paragraph\u2029\x85",
    "\x9b31m",
    "\udcff\udc80",
    "tab\there",
    "`code` ``more`` ```",
    "| a | b |\\| c \\\\|",
    "</details><script>alert(1)</script><!-- -->",
    "@octocat #1 https://evil.example [x](y) ![i](z) **b** :tada:",
    "[red]markup[/red] :smile:",
    " leading and trailing ",
    "\\",
    "`",
    "",
)
"""What files, registries and logs may hold."""
