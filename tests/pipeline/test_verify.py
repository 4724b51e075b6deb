"""The order of things around a builder; the builders themselves are tested in tests/build and tests/e2e."""

import asyncio
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pinbot.errors import BuilderError
from pinbot.model.build import BuildOutcome, BuildRequest, BuildTarget, BuiltImage, FailedBuild
from pinbot.model.occurrence import SourceFile
from pinbot.model.plan import FileChange, Plan
from pinbot.model.reference import Digest
from pinbot.model.report import UpdateReport
from pinbot.pipeline.verify import Verifier, targets_of
from pinbot.render.progress import Quiet
from pinbot.worktree.tree import Tree
from tests.support.project import Project

OLD, NEW = b"FROM old\n", b"FROM new\n"


class Recorder:
    """A builder that notes what it is given, and answers as it was told for each content of a Dockerfile."""

    name = "recorder"

    def __init__(self, answers: dict[bytes, BuildOutcome | BuilderError]) -> None:
        self._answers = answers
        self.seen: list[tuple[str, bytes]] = []
        self.images: list[Path] = []
        self.reuses: list[bool] = []

    async def build(self, request: BuildRequest, *, on_line: Callable[[str], None]) -> BuildOutcome:
        on_line("STEP 1/1: FROM")
        content = (request.root / request.target.dockerfile).read_bytes()
        self.seen.append((request.target.dockerfile, content))
        (request.root / request.target.dockerfile).write_bytes(b"a builder that spoils its context")
        request.image.mkdir()
        self.images.append(request.image)
        self.reuses.append(request.reuse)
        answer = self._answers[content]
        if isinstance(answer, BuilderError):
            raise answer
        return answer


def built(size: int) -> BuiltImage:
    return BuiltImage(
        digest=Digest("sha256", "a" * 64), size=size, layers=1, seconds=1.0, builder="recorder 1"
    )


def failed(step: str) -> FailedBuild:
    return FailedBuild(step=step, tail=("boom",), seconds=1.0, builder="recorder 1")


def verify(recorder: Recorder, root: Path, change: FileChange, *configured: BuildTarget) -> UpdateReport:
    async def choose() -> Recorder:
        return recorder

    verifier = Verifier(choose, targets=configured)
    report = UpdateReport(plan=Plan(changes=(change,)))
    return asyncio.run(verifier.verify(report, Tree.around(root), Quiet()))


def run(
    root: Path, answers: dict[bytes, BuildOutcome | BuilderError], *configured: BuildTarget
) -> tuple[UpdateReport, Recorder]:
    file = root / "svc" / "Dockerfile"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(OLD)
    recorder = Recorder(answers)
    change = FileChange(source=SourceFile(path=str(file), data=OLD), edits=(), after=NEW)
    verification = verify(recorder, root, change, *configured)
    assert file.read_bytes() == OLD
    return verification, recorder


def test_a_target_is_built_as_it_is_and_with_the_new_text(tmp_path: Path) -> None:
    verification, recorder = run(tmp_path, {OLD: built(10), NEW: built(12)})
    assert recorder.seen == [("svc/Dockerfile", OLD), ("svc/Dockerfile", NEW)]
    [verdict] = verification.verdicts
    assert (verdict.before, verdict.after, verdict.good) == (built(10), built(12), True)
    assert verification.held == ()


def test_each_image_has_a_place_of_its_own_outside_of_the_tree_and_goes(tmp_path: Path) -> None:
    _, recorder = run(tmp_path, {OLD: built(10), NEW: built(12)})
    assert len(set(recorder.images)) == 2
    for image in recorder.images:
        assert not image.is_relative_to(tmp_path)
        assert not image.exists()


@pytest.mark.needs("git")
def test_a_dockerfile_that_git_ignores_is_built_as_it_is_too(tmp_path: Path) -> None:
    project = Project(tmp_path, {".gitignore": "Dockerfile\n"})
    _, recorder = run(project.root, {OLD: built(10), NEW: built(12)})
    assert recorder.seen == [("svc/Dockerfile", OLD), ("svc/Dockerfile", NEW)]


def test_a_file_whose_build_fails_is_held(tmp_path: Path) -> None:
    verification, _ = run(tmp_path, {OLD: built(10), NEW: failed("RUN make")})
    [verdict] = verification.verdicts
    assert not verdict.good
    assert verification.held == (str(tmp_path / "svc" / "Dockerfile"),)


def test_a_build_that_was_broken_before_is_told_apart(tmp_path: Path) -> None:
    verification, _ = run(tmp_path, {OLD: failed("RUN make"), NEW: failed("RUN make")})
    [verdict] = verification.verdicts
    assert verdict.before is None
    assert verdict.before_problem == "failed at RUN make"


def test_a_builder_that_cannot_build_says_nothing_about_the_update_but_holds_it(tmp_path: Path) -> None:
    too_old = BuilderError("too old for heredocs")
    verification, _ = run(tmp_path, {OLD: too_old, NEW: too_old})
    [verdict] = verification.verdicts
    assert verdict.after is too_old
    assert verdict.before_problem == "too old for heredocs"
    assert len(verification.held) == 1


def test_no_room_for_a_copy_of_the_tree_holds_the_update(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    verification, recorder = run(tmp_path, {})
    [verdict] = verification.verdicts
    assert isinstance(verdict.after, BuilderError)
    assert "TMPDIR" in verdict.after.hint
    assert (recorder.seen, len(verification.held)) == ([], 1)


def test_configured_targets_take_the_place_of_the_default_one(tmp_path: Path) -> None:
    one = BuildTarget(dockerfile="svc/Dockerfile", context=".", stage="a")
    two = BuildTarget(dockerfile="svc/Dockerfile", context=".", stage="b")
    other = BuildTarget(dockerfile="other/Dockerfile", context=".")
    verification, _ = run(tmp_path, {OLD: built(1), NEW: built(1)}, one, two, other)
    assert [verdict.target for verdict in verification.verdicts] == [one, two]


def test_without_configuration_a_dockerfile_is_built_in_its_own_folder(tmp_path: Path) -> None:
    assert targets_of(["svc/Dockerfile", "Dockerfile"], (), Tree.around(tmp_path)) == (
        BuildTarget(dockerfile="svc/Dockerfile", context="svc"),
        BuildTarget(dockerfile="Dockerfile", context="."),
    )


def test_without_configuration_the_root_is_the_context_where_it_alone_has_a_dockerignore(
    tmp_path: Path,
) -> None:
    (tmp_path / ".dockerignore").touch()
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / ".dockerignore").touch()
    assert targets_of(["svc/Dockerfile", "own/Dockerfile", "Dockerfile"], (), Tree.around(tmp_path)) == (
        BuildTarget(dockerfile="svc/Dockerfile", context="."),
        BuildTarget(dockerfile="own/Dockerfile", context="own"),
        BuildTarget(dockerfile="Dockerfile", context="."),
    )


@pytest.mark.parametrize(
    ("old", "reuse"),
    [
        (b"FROM old\n", False),
        (b"FROM old@sha256:" + b"a" * 64 + b"\n", True),
        (b"FROM old@sha256:" + b"a" * 64 + b"\nCOPY --from=other:1 /a /b\n", False),
        (b"ARG IMAGE\nFROM $IMAGE\n", False),
        (b"FROM scratch\n", True),
        (b"NO DOCKERFILE\n", False),
    ],
)
def test_an_earlier_baseline_will_do_only_where_all_images_are_named_by_digest(
    tmp_path: Path, *, old: bytes, reuse: bool
) -> None:
    file = tmp_path / "Dockerfile"
    file.write_bytes(old)
    recorder = Recorder({old: built(1), NEW: built(1)})
    change = FileChange(source=SourceFile(path=str(file), data=old), edits=(), after=NEW)
    verify(recorder, tmp_path, change)
    assert recorder.reuses == [reuse, False]
