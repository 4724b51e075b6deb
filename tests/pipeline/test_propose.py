from dataclasses import replace
from pathlib import Path

from pinbot.errors import SyntaxProblem
from pinbot.model.occurrence import EditPlace, Kind, Occurrence, Position, SourceFile, Span, Status
from pinbot.model.plan import FileChange, Plan, Skip, Update, UpdateKind, Version
from pinbot.model.reference import Digest, ImageReference
from pinbot.model.report import UpdateReport
from pinbot.pipeline.propose import BRANCH, proposal_of, title_of
from pinbot.worktree.tree import Tree

OLD, NEW = Digest("sha256", "0" * 64), Digest("sha256", "1" * 64)


def update(image: str, kind: UpdateKind = UpdateKind.DIGEST, file: str = "Dockerfile") -> Update:
    reference = ImageReference.parse(image)
    occurrence = Occurrence(
        file=file,
        position=Position(1, 6),
        span=Span(5, 5 + len(image)),
        kind=Kind.FROM,
        raw=image,
        image=reference,
        status=Status.UNPINNED,
        place=EditPlace(
            span=Span(5, 5 + len(image)), position=Position(1, 6), digest=Span(5 + len(image), 5 + len(image))
        ),
    )
    old = None if kind is UpdateKind.PIN else OLD
    return Update(
        image=reference.tagged,
        kind=kind,
        old=Version(tag=reference.tag, digest=old),
        new=Version(tag=reference.tag, digest=NEW),
        occurrences=(occurrence,),
    )


def change(path: Path) -> FileChange:
    source = SourceFile(path=str(path), data=b"FROM alpine:3.22\n")
    return FileChange(source=source, edits=(), after=b"FROM alpine:3.22@...\n")


def test_the_title_names_the_one_image() -> None:
    assert title_of((update("alpine:3.22"),)) == "Update alpine:3.22 to 111111111111"
    assert title_of((update("ghcr.io/a/b:1", UpdateKind.PIN),)) == "Pin ghcr.io/a/b:1 to 111111111111"


def test_the_title_counts_several_images() -> None:
    pin, move = update("alpine:3.22", UpdateKind.PIN), update("rust:alpine")
    assert title_of((pin, pin)) == "Pin 2 base images"
    assert title_of((pin, move, move)) == "Pin 1 and update 2 base images"


def test_a_proposal_holds_paths_from_the_root_and_both_contents(tmp_path: Path) -> None:
    (tmp_path / "svc").mkdir()
    file = tmp_path / "svc" / "Dockerfile"
    file.write_bytes(b"FROM alpine:3.22\n")
    one = change(file)
    error = SyntaxProblem("unknown instruction: FOO", file=str(tmp_path / "bad"), line=2, column=1)
    skip = Skip(image="$X", file=str(tmp_path / "odd"), line=3, reason="there is no ARG X")
    plan = Plan(
        updates=(update("alpine:3.22", file=str(file)),), changes=(one,), errors=(error,), skips=(skip,)
    )
    proposal = proposal_of(
        UpdateReport(plan=plan), tree=Tree(root=tmp_path.resolve()), base="main", labels=("deps",)
    )
    assert (proposal.branch, proposal.base, proposal.labels) == (BRANCH, "main", ("deps",))
    [proposed] = proposal.files
    assert (proposed.path, proposed.before, proposed.after) == ("svc/Dockerfile", one.source.data, one.after)
    assert "`svc/Dockerfile:1`" in proposal.body
    assert "`bad:2:1`" in proposal.body
    assert "`odd:3`" in proposal.body
    assert str(tmp_path) not in proposal.body


def test_a_file_whose_build_failed_is_no_part_of_the_proposal(tmp_path: Path) -> None:
    good, bad = tmp_path / "a", tmp_path / "b"
    good.touch()
    bad.touch()
    report = UpdateReport(
        plan=Plan(
            updates=(update("alpine:3.22", file=str(good)), update("rust:alpine", file=str(bad))),
            changes=(change(good), change(bad)),
        ),
        held=(str(bad),),
    )
    proposal = proposal_of(report, tree=Tree(root=tmp_path.resolve()), base=None, labels=())
    assert [file.path for file in proposal.files] == ["a"]
    assert proposal.title == "Update alpine:3.22 to 111111111111"
    assert "`rust:alpine`" not in proposal.body


def test_a_body_names_no_place_that_stays_as_it_is(tmp_path: Path) -> None:
    good, bad = tmp_path / "good", tmp_path / "bad"
    good.touch()
    bad.touch()
    both = update("alpine:3.22", file=str(good))
    both = replace(both, occurrences=both.occurrences + update("alpine:3.22", file=str(bad)).occurrences)
    report = UpdateReport(
        plan=Plan(updates=(both,), changes=(change(good), change(bad))),
        held=(str(bad),),
    )
    body = proposal_of(report, tree=Tree(root=tmp_path.resolve()), base=None, labels=()).body
    assert "good:1`" in body
    assert "bad:1`" not in body
