"""One job builds, another proposes by what that came to: each change is judged by a build of just that."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pinbot.errors import BuilderError
from pinbot.formats.dockerfile.references import references
from pinbot.model.build import BuildOutcome, BuildRequest, BuildTarget, BuiltImage, FailedBuild, Verdict
from pinbot.model.occurrence import SourceFile
from pinbot.model.plan import Plan, Update, UpdateKind, Version, Wait
from pinbot.model.proposing import Grouping
from pinbot.model.reference import Digest, ImageReference
from pinbot.model.report import UpdateReport
from pinbot.model.treatment import Treatment
from pinbot.pipeline.grouping import groups
from pinbot.pipeline.parts import part_of
from pinbot.pipeline.plan import change_files
from pinbot.pipeline.recall import MOVED, UNKNOWN, Recall
from pinbot.pipeline.rehearse import Rehearsal
from pinbot.pipeline.verify import Verifier
from pinbot.render.progress import Quiet
from pinbot.verdictfile import document
from pinbot.worktree.tree import Tree

OLD, NEW, NEWER = (Digest("sha256", digit * 64) for digit in "012")
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
FILES = {
    "a/Dockerfile": "FROM alpine:3.22\nFROM rust:alpine\n",
    "b/Dockerfile": "FROM alpine:3.22\nRUN true\n",
}


class Builder:
    """Builds what does not say that it is broken, and remembers what it was."""

    name, version = "fake", "fake 1"

    def __init__(self, broken: Callable[[str, str], bool]) -> None:
        self._broken = broken
        self.built: list[tuple[str, str]] = []

    async def build(self, request: BuildRequest, *, on_line: Callable[[str], None]) -> BuildOutcome:
        on_line("STEP 1")
        path = request.target.dockerfile
        content = (request.root / path).read_text()
        self.built.append((path, content))
        if "cannot" in content:
            raise BuilderError("too old for heredocs", hint="use a newer one")
        if self._broken(path, content):
            return FailedBuild(step="RUN false", tail=("boom",), seconds=1.0, builder="fake 1")
        return BuiltImage(digest=NEW, size=len(content), layers=1, seconds=1.0, builder="fake 1")

    async def capabilities(self) -> tuple[()]:
        return ()


class Repository:
    """A checkout, as both jobs see it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.targets: tuple[BuildTarget, ...] = ()
        for path, text in FILES.items():
            self.write(path, text)

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    @property
    def tree(self) -> Tree:
        return Tree(root=self.root.resolve())

    def report(self, **digests: Digest) -> UpdateReport:
        """A run in which the tags of these images mean these digests."""
        sources = tuple(
            SourceFile(path=str(self.root / path), data=(self.root / path).read_bytes()) for path in FILES
        )
        updates: dict[str, Update] = {}
        for occurrence in (one for source in sources for one in references(source)):
            assert occurrence.image is not None
            name = _name(occurrence.image)
            if name not in digests:
                continue
            before = updates.get(name)
            updates[name] = Update(
                image=occurrence.image.tagged,
                kind=UpdateKind.PIN,
                old=Version(tag=occurrence.image.tag, digest=None),
                new=Version(tag=occurrence.image.tag, digest=digests[name]),
                occurrences=(*(before.occurrences if before else ()), occurrence),
            )
        changes, _ = change_files(sources, updates.values())
        return UpdateReport(plan=Plan(updates=tuple(updates.values()), changes=changes, sources=sources))

    def build(
        self,
        report: UpdateReport,
        grouping: Grouping = Grouping.IMAGE,
        *,
        broken: Callable[[str, str], bool] = lambda *_: False,
    ) -> tuple[UpdateReport, list[tuple[str, str]]]:
        """What the first job does: the report, and what was built."""
        builder = Builder(broken)

        async def choose() -> Builder:
            return builder

        rehearsal = Rehearsal(Verifier(choose, targets=self.targets), grouping)
        return asyncio.run(rehearsal.verify(report, self.tree, Quiet())), builder.built

    def recall(
        self, report: UpdateReport, verdicts: tuple[Verdict, ...], grouping: Grouping = Grouping.IMAGE
    ) -> dict[str, UpdateReport]:
        """What the second job knows of each of its pull requests, by the file or the first image in it."""
        recall = Recall(document.from_bytes(document.to_bytes(verdicts)), targets=self.targets)
        parts: dict[str, UpdateReport] = {}
        for group in groups(report.plan.updates, grouping, self.tree.name):
            first = group.updates[0]
            name = first.files[0] if grouping is Grouping.FILE else _name(first.image)
            part = part_of(report, group.updates)
            parts[name] = asyncio.run(recall.verify(part, self.tree, Quiet()))
        return parts

    def names(self, paths: tuple[str, ...]) -> list[str]:
        return [self.tree.relative(path) for path in paths]


def _name(image: ImageReference) -> str:
    return image.repository.rpartition("/")[2]


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


def passed(part: UpdateReport, repository: Repository) -> list[str]:
    return repository.names(tuple(change.path for change in part.passed))


def reasons(part: UpdateReport) -> list[str]:
    return [wait.reason for wait in part.plan.waits]


def test_a_file_is_built_once_for_each_pull_request_with_what_that_one_changes(
    repository: Repository,
) -> None:
    _, built = repository.build(repository.report(alpine=NEW, rust=NEW))
    after = [(path, text.count("@sha256:")) for path, text in built[1::2]]
    assert sorted(after) == [("a/Dockerfile", 1), ("a/Dockerfile", 1), ("b/Dockerfile", 1)]
    assert {text for path, text in built if path == "a/Dockerfile"} == {
        FILES["a/Dockerfile"],
        f"FROM alpine:3.22@{NEW}\nFROM rust:alpine\n",
        f"FROM alpine:3.22\nFROM rust:alpine@{NEW}\n",
    }


@pytest.mark.parametrize("grouping", Grouping)
def test_what_was_built_passes_with_its_verdict(repository: Repository, grouping: Grouping) -> None:
    report = repository.report(alpine=NEW, rust=NEW)
    done, _ = repository.build(report, grouping)
    parts = repository.recall(report, done.verdicts, grouping)
    for part in parts.values():
        assert (part.held, part.plan.waits) == ((), ())
        assert part.passed == part.plan.changes
        assert [verdict.earlier for verdict in part.verdicts] == [True] * len(part.plan.changes)
    assert sum(len(part.verdicts) for part in parts.values()) == len(done.verdicts)


def test_what_did_not_build_is_held_with_its_log_and_holds_no_other(repository: Repository) -> None:
    report = repository.report(alpine=NEW)
    done, _ = repository.build(report, broken=lambda path, text: path == "b/Dockerfile" and "@" in text)
    assert repository.names(done.held) == ["b/Dockerfile"]
    part = repository.recall(report, done.verdicts)["alpine"]
    assert repository.names(part.held) == ["b/Dockerfile"]
    assert passed(part, repository) == ["a/Dockerfile"]
    (failed,) = (one.after for one in part.verdicts if isinstance(one.after, FailedBuild))
    assert (failed.step, failed.tail) == ("RUN false", ("boom",))


def test_what_no_builder_could_try_is_held(repository: Repository) -> None:
    repository.write("b/Dockerfile", "FROM alpine:3.22\nRUN cannot\n")
    report = repository.report(alpine=NEW)
    done, _ = repository.build(report)
    part = repository.recall(report, done.verdicts)["alpine"]
    assert repository.names(part.held) == ["b/Dockerfile"]
    (problem,) = (one.after for one in part.verdicts if isinstance(one.after, BuilderError))
    assert problem.message == "too old for heredocs"


def test_a_tag_that_moved_on_waits_and_keeps_no_other(repository: Repository) -> None:
    done, _ = repository.build(repository.report(alpine=NEW, rust=NEW))
    parts = repository.recall(repository.report(alpine=NEW, rust=NEWER), done.verdicts)
    assert passed(parts["alpine"], repository) == ["a/Dockerfile", "b/Dockerfile"]
    assert (passed(parts["rust"], repository), reasons(parts["rust"])) == ([], [MOVED])
    assert parts["rust"].verdicts == ()
    assert parts["rust"].held == ()


def test_within_one_pull_request_what_moved_on_waits_alone(repository: Repository) -> None:
    done, _ = repository.build(repository.report(alpine=NEW, rust=NEW), Grouping.ALL)
    report = repository.report(alpine=NEW, rust=NEWER)
    part = repository.recall(report, done.verdicts, Grouping.ALL)["alpine"]
    assert passed(part, repository) == ["b/Dockerfile"]
    assert reasons(part) == [MOVED, MOVED]  # both images of a/Dockerfile
    assert {wait.update.files for wait in part.plan.waits} == {(str(repository.root / "a/Dockerfile"),)}
    assert [update.files for update in part.plan.updates] == [(str(repository.root / "b/Dockerfile"),)]


def test_another_group_than_was_built_is_not_known(repository: Repository) -> None:
    report = repository.report(alpine=NEW, rust=NEW)
    done, _ = repository.build(report, Grouping.IMAGE)
    part = repository.recall(report, done.verdicts, Grouping.ALL)["alpine"]
    assert passed(part, repository) == ["b/Dockerfile"]
    assert reasons(part) == [MOVED, MOVED]


def test_a_file_that_was_another_when_it_was_built_waits(repository: Repository) -> None:
    done, _ = repository.build(repository.report(rust=NEW))
    repository.write("a/Dockerfile", FILES["a/Dockerfile"] + "RUN rm -rf /\n")
    part = repository.recall(repository.report(rust=NEW), done.verdicts)["rust"]
    assert (passed(part, repository), reasons(part)) == ([], [MOVED])


def test_a_tree_that_was_another_when_it_was_built_waits(repository: Repository) -> None:
    done, _ = repository.build(repository.report(alpine=NEW))
    repository.write("a/Dockerfile", "FROM alpine:3.22\n")
    part = repository.recall(repository.report(alpine=NEW), done.verdicts)["alpine"]
    assert passed(part, repository) == []  # the build of b may have seen a, as it was


def test_a_target_that_was_not_built_waits(repository: Repository) -> None:
    report = repository.report(alpine=NEW)
    done, _ = repository.build(report)
    repository.targets = (BuildTarget(dockerfile="a/Dockerfile", context="a", stage="other"),)
    part = repository.recall(report, done.verdicts)["alpine"]
    assert (passed(part, repository), reasons(part)) == (["b/Dockerfile"], [UNKNOWN])
    part = repository.recall(report, ())["alpine"]
    assert (passed(part, repository), reasons(part)) == ([], [UNKNOWN])


def test_all_targets_of_a_dockerfile_have_to_have_passed(repository: Repository) -> None:
    one, two = (BuildTarget(dockerfile="a/Dockerfile", context=".", stage=stage) for stage in "xy")
    repository.targets = (one, two)
    report = repository.report(rust=NEW)
    done, _ = repository.build(report)
    assert [verdict.target for verdict in done.verdicts] == [one, two]
    assert passed(repository.recall(report, done.verdicts)["rust"], repository) == ["a/Dockerfile"]
    assert reasons(repository.recall(report, done.verdicts[:1])["rust"]) == [UNKNOWN]


def test_of_two_verdicts_on_one_change_the_worse_counts(repository: Repository) -> None:
    report = repository.report(rust=NEW)
    good, _ = repository.build(report)
    bad, _ = repository.build(report, broken=lambda *_: True)
    for verdicts in (good.verdicts + bad.verdicts, bad.verdicts + good.verdicts):
        part = repository.recall(report, verdicts)["rust"]
        assert repository.names(part.held) == ["a/Dockerfile"]


def test_no_verdict_has_another_digest_proposed(repository: Repository) -> None:
    forged, _ = repository.build(repository.report(rust=Digest("sha256", "e" * 64)))
    report = repository.report(rust=NEW)
    part = repository.recall(report, forged.verdicts)["rust"]
    assert (passed(part, repository), part.verdicts) == ([], ())


def later(report: UpdateReport, *waits: Wait) -> UpdateReport:
    """The report of a job that cannot make any of its updates yet, and has these to wait for."""
    return replace(report, plan=replace(report.plan, updates=(), changes=(), waits=waits))


def test_what_waits_for_time_alone_is_built_for_when_it_has_come(repository: Repository) -> None:
    ripe = repository.report(alpine=NEW, rust=NEW)
    alpine, rust = ripe.plan.updates
    waits = (Wait(update=alpine, reason="seen just now", until=NOON), Wait(update=rust, reason="turned down"))
    done, built = repository.build(later(ripe, *waits))
    assert sorted({path for path, _ in built}) == ["a/Dockerfile", "b/Dockerfile"]
    assert done.plan.waits == waits
    parts = repository.recall(ripe, done.verdicts)
    assert passed(parts["alpine"], repository) == ["a/Dockerfile", "b/Dockerfile"]
    assert reasons(parts["rust"]) == [MOVED]


def test_what_waits_and_does_not_build_holds_nothing_that_is_due(repository: Repository) -> None:
    both = repository.report(alpine=NEW, rust=NEW)
    _, rust = both.plan.updates
    due = repository.report(alpine=NEW)
    report = replace(due, plan=replace(due.plan, waits=(Wait(update=rust, reason="young", until=NOON),)))
    done, _ = repository.build(report, broken=lambda _, text: f"rust:alpine@{NEW}" in text)
    assert done.held == ()
    assert passed(done, repository) == ["a/Dockerfile", "b/Dockerfile"]
    parts = repository.recall(both, done.verdicts)
    assert parts["alpine"].held == ()
    assert repository.names(parts["rust"].held) == ["a/Dockerfile"]  # once it is due, it is held


def test_of_several_that_wait_for_one_pull_request_each_is_built_alone_too(repository: Repository) -> None:
    both = repository.report(alpine=NEW, rust=NEW)
    waits = tuple(Wait(update=one, reason="young", until=NOON) for one in both.plan.updates)
    done, _ = repository.build(later(both, *waits), Grouping.ALL)
    for ripe in (repository.report(alpine=NEW), repository.report(rust=NEW), both):
        (part,) = repository.recall(ripe, done.verdicts, Grouping.ALL).values()
        assert reasons(part) == []
        assert len(part.passed) == len(ripe.plan.changes)


def test_a_newer_tag_and_the_digest_of_the_old_one_are_both_built(repository: Repository) -> None:
    digest = repository.report(alpine=NEW)
    (move,) = digest.plan.updates
    newer = replace(move, kind=UpdateKind.TAG, new=Version(tag="3.23", digest=NEWER))
    changes, errors = change_files(digest.plan.sources, (newer,))
    assert errors == ()
    tag = replace(digest, plan=replace(digest.plan, updates=(newer,), changes=changes))
    waits = tuple(Wait(update=one, reason="seen just now", until=NOON) for one in (move, newer))
    young = later(digest, *waits)
    half = replace(digest, plan=replace(digest.plan, waits=waits[1:]))
    for report, count in ((young, 4), (half, 4), (digest, 2), (tag, 2)):
        done, built = repository.build(report)
        assert len(built) == 2 * count  # each before and after, nothing twice
        for proposed, known in ((digest, report is not tag), (tag, report is not digest)):
            part = repository.recall(proposed, done.verdicts)["alpine"]
            assert bool(part.passed) == known


def test_a_rule_that_names_a_group_is_kept_to(repository: Repository) -> None:
    report = repository.report(alpine=NEW, rust=NEW)
    together = tuple(replace(one, treatment=Treatment(group="both")) for one in report.plan.updates)
    report = replace(report, plan=replace(report.plan, updates=together))
    done, built = repository.build(report)
    assert max(text.count("@sha256:") for _, text in built) == 2
    assert passed(repository.recall(report, done.verdicts)["alpine"], repository) == list(FILES)
