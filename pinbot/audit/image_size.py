"""Image rules about bytes: how many there are, and how many are there for nothing."""

from collections.abc import Iterator

from pinbot.audit.check import Check, DoesNotApply, Problem, Remark
from pinbot.audit.subject import ImageSubject
from pinbot.model.finding import Rule, Severity

_MEGABYTE = 1_000_000


def _over_budget(image: ImageSubject) -> Iterator[Remark]:
    if image.max_size is None:
        yield DoesNotApply("there is no max_size")
        return
    size = image.manifest.compressed_size
    if size > image.max_size:
        yield Problem(
            message=f"the layers have {_megabytes(size)} compressed, {_megabytes(size - image.max_size)} "
            f"more than the {_megabytes(image.max_size)} allowed"
        )


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
)
