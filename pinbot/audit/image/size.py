"""Image rules about bytes: how many there are, and how many are there for nothing."""

from collections.abc import Iterable, Iterator

from pinbot.audit.check import Check, DoesNotApply, Problem, Remark
from pinbot.audit.image.access import MOST_PLACES, count, quoted
from pinbot.audit.image.subject import ImageSubject
from pinbot.model.finding import Profile, Rule, Severity
from pinbot.model.image import Entry

_MEGABYTE = 1_000_000
_WORTH_TELLING = 100_000


def _over_budget(image: ImageSubject) -> Iterator[Remark]:
    budget = image.budget
    if budget is None:
        yield DoesNotApply("there is no max_size")
        return
    size = image.manifest.compressed_size
    if size > budget:
        yield Problem(
            message=f"the layers have {_megabytes(size)} compressed, {_megabytes(size - budget)} more than "
            f"the {_megabytes(budget)} allowed",
            severity=Severity.ERROR if image.max_size is not None else Severity.WARNING,
        )


def _for_nothing(image: ImageSubject) -> Iterator[Remark]:
    wasted: dict[str, list[Entry]] = {}
    for entry in image.files.hidden:
        wasted.setdefault(entry.path, []).append(entry)
    large = [(_total(entries), path) for path, entries in wasted.items() if _total(entries) >= _WORTH_TELLING]
    severity = Severity.WARNING if image.profile is Profile.SCRATCH else Severity.NOTE
    for size, path in sorted(large, reverse=True)[:MOST_PLACES]:
        last = image.files.get(path)
        layers = sorted({entry.layer for entry in wasted[path]})
        where = ", ".join(map(str, layers))
        fate = f"hidden by layer {last.layer}" if last else "removed by a later layer"
        yield Problem(
            message=f"{quoted(path)} is in layer {where}, and {fate}: {_megabytes(size)} for nothing",
            path=path,
            severity=severity,
        )
    rest = [size for size, _ in sorted(large, reverse=True)[MOST_PLACES:]]
    if rest:
        more = f"{count(len(rest), 'more file')} are hidden by layers above them"
        yield Problem(message=f"{more}: {_megabytes(sum(rest))} for nothing", severity=severity)


def _total(entries: Iterable[Entry]) -> int:
    return sum(entry.size for entry in entries)


def _megabytes(size: int) -> str:
    return f"{size / _MEGABYTE:.2f} MB"


CHECKS: tuple[Check[ImageSubject], ...] = (
    Check(
        rule=Rule(
            id="I12",
            title="the image is larger than its budget",
            severity=Severity.ERROR,
            why="Every node pulls these bytes before it can start a container, and what made the image grow "
            "is easier to find on the day it happened.",
            remedy="look for what was copied and is not needed, or raise max_size if it may be so large",
            source="https://github.com/opencontainers/image-spec/blob/v1.1.1/manifest.md",
            wrong="FROM scratch\nCOPY --from=build /src /src",
            right="FROM scratch\nCOPY --from=build /src/target/release/app /app/app",
        ),
        look=_over_budget,
    ),
    Check(
        rule=Rule(
            id="I13",
            title="the same path is in several layers",
            severity=Severity.WARNING,
            why="Every copy is stored and pulled, but only the last one is seen: also a file that a later "
            "instruction removes, or gives another mode or owner, is there in full.",
            remedy="make it once: COPY with --chmod and --chown, or RUN that removes what it made itself",
            source="https://github.com/opencontainers/image-spec/blob/v1.1.1/layer.md",
            wrong="COPY app /app\nRUN chmod 555 /app",
            right="COPY --chmod=555 app /app",
        ),
        look=_for_nothing,
    ),
)
