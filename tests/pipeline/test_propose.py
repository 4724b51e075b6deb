import asyncio
import re
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pytest

from pinbot.errors import SyntaxProblem, Unreachable
from pinbot.formats.dockerfile.references import references
from pinbot.model.occurrence import SourceFile
from pinbot.model.plan import Plan, Skip, Update, UpdateKind, Version, Wait
from pinbot.model.proposing import Grouping, PullRequestSettings, Schedule
from pinbot.model.reference import Digest
from pinbot.model.report import UpdateReport
from pinbot.model.treatment import Treatment
from pinbot.pipeline.plan import change_files
from pinbot.pipeline.proposal import Terms, title_of
from pinbot.pipeline.propose import Proposer
from pinbot.worktree.tree import Tree
from tests.forge.support import REPOSITORY, TOKEN, client
from tests.support.github.contract import OpenApiContract
from tests.support.github.server import GitHubServer
from tests.support.github.state import Repository

pytestmark = pytest.mark.needs("git")
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)  # a Tuesday

OLD, NEW, NEWER = (Digest("sha256", digit * 64) for digit in "012")


class Place:
    """A checkout and its repository on the forge."""

    def __init__(self, root: Path, github: GitHubServer, files: dict[str, str]) -> None:
        self.root = root
        self.github = github
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        self.repo: Repository = github.create_repository(
            REPOSITORY, files={path: text.encode() for path, text in files.items()}
        )

    def update(
        self, path: str, number: int = 0, kind: UpdateKind = UpdateKind.DIGEST, new: Digest = NEW, **more: Any
    ) -> Update:
        """The update of the image in one of the FROM lines of a file."""
        data = (self.root / path).read_bytes()
        occurrence = references(SourceFile(path=str(self.root / path), data=data))[number]
        assert occurrence.image is not None
        return Update(
            image=occurrence.image.tagged,
            kind=kind,
            old=Version(tag=occurrence.image.tag, digest=None if kind is UpdateKind.PIN else OLD),
            new=Version(tag=occurrence.image.tag, digest=new),
            occurrences=(occurrence,),
            **more,
        )

    def report(self, *updates: Update, **plan: Any) -> UpdateReport:
        paths = dict.fromkeys(file for update in updates for file in update.files)
        sources = [SourceFile(path=path, data=Path(path).read_bytes()) for path in paths]
        changes, errors = change_files(sources, updates)
        assert errors == ()
        return UpdateReport(plan=Plan(updates=updates, changes=changes, sources=tuple(sources), **plan))

    def propose(
        self, report: UpdateReport, *, now: datetime = NOON, held: tuple[str, ...] = (), **terms: Any
    ) -> UpdateReport:
        """One whole run; the files in `held` do not build."""

        async def prepare(part: UpdateReport) -> UpdateReport:
            here = {change.path for change in part.plan.changes}
            return replace(part, held=tuple(path for path in held if path in here))

        settings = PullRequestSettings(**{name: terms.pop(name) for name in list(terms) if name in _SETTINGS})
        proposer = Proposer(
            client(self.github),
            Tree(root=self.root.resolve()),
            Terms(settings=settings, **terms),
            prepare,
            now,
        )
        return asyncio.run(proposer.propose(report))

    @property
    def open(self) -> dict[str, str]:
        """Titles of the open pull requests by their branches, without the hash at the end of most."""
        return {re.sub("-[0-9a-f]{6}$", "", pull.head): pull.title for pull in self.repo.open_pulls()}

    def body(self, number: int = 1) -> str:
        return self.repo.pulls[number].body or ""


_SETTINGS = {field.name for field in fields(PullRequestSettings)}


@pytest.fixture
def github(contract: OpenApiContract | None) -> Iterator[GitHubServer]:
    with GitHubServer(contract=contract) as server:
        server.add_token(TOKEN)
        yield server
        assert server.problems == []


FILES = {
    "Dockerfile": "FROM alpine:3.22\nFROM rust:alpine\n",
    "svc/Dockerfile": "FROM alpine:3.22\nRUN true\n",
}


@pytest.fixture
def place(tmp_path: Path, github: GitHubServer) -> Place:
    return Place(tmp_path, github, FILES)


def test_a_title_of_ones_own_is_that_of_the_commit_too(place: Place) -> None:
    report = place.report(place.update("Dockerfile", 1))
    place.propose(report, title="build(deps): {title} [base]")
    (title,) = place.open.values()
    assert title == "build(deps): update rust:alpine to 111111111111 [base]"
    (pull,) = place.repo.open_pulls()
    assert place.repo.git.text("log", "-1", "--format=%s", pull.head) == title
    assert [one.action for one in place.propose(report, title="{title}").pull_requests] == ["updated"]
    assert list(place.open.values()) == ["Update rust:alpine to 111111111111"]


def test_the_title_names_the_one_image_or_counts_them(place: Place) -> None:
    pin = place.update("Dockerfile", kind=UpdateKind.PIN)
    move = place.update("Dockerfile", 1)
    repair = place.update("Dockerfile", 1, UpdateKind.REPAIR)
    assert title_of((pin,)) == "Pin alpine:3.22 to 111111111111"
    assert title_of((move,)) == "Update rust:alpine to 111111111111"
    assert title_of((repair,)) == "Repair rust:alpine to 111111111111"
    assert title_of((pin, pin)) == "Pin 2 base images"
    assert title_of((pin, move, move)) == "Pin 1 and update 2 base images"


def test_each_image_has_a_pull_request_of_its_own(place: Place) -> None:
    report = place.report(place.update("Dockerfile"), place.update("Dockerfile", 1))
    done = place.propose(report, labels=("deps",), base="main")
    assert [pull.action for pull in done.pull_requests] == ["opened", "opened"]
    assert place.open == {
        "pinbot/alpine-3.22": "Update alpine:3.22 to 111111111111",
        "pinbot/rust-alpine": "Update rust:alpine to 111111111111",
    }
    for pull in place.repo.open_pulls():
        proposed = place.repo.files(pull.head)
        assert proposed["Dockerfile"].count(b"@sha256:") == 1
        assert proposed["svc/Dockerfile"] == FILES["svc/Dockerfile"].encode()
        assert pull.labels == ["deps"]


def test_all_can_share_one_and_rules_can_name_another(place: Place) -> None:
    treatment = Treatment(group="tools", labels=("tools",))
    report = place.report(
        place.update("Dockerfile"),
        place.update("Dockerfile", 1, treatment=treatment),
        place.update("svc/Dockerfile"),
    )
    place.propose(report, group=Grouping.ALL, labels=("deps",))
    assert place.open == {
        "pinbot/images": "Update 2 base images",
        "pinbot/tools": "Update rust:alpine to 111111111111",
    }
    labels = {pull.head: pull.labels for pull in place.repo.open_pulls()}
    assert labels == {"pinbot/images": ["deps"], "pinbot/tools": ["deps", "tools"]}


def test_each_file_can_have_one(place: Place) -> None:
    both = place.update("Dockerfile")
    both = replace(both, occurrences=both.occurrences + place.update("svc/Dockerfile").occurrences)
    place.propose(place.report(both, place.update("Dockerfile", 1)), group=Grouping.FILE)
    assert place.open == {
        "pinbot/dockerfile": "Update 2 base images",
        "pinbot/svc-dockerfile": "Update alpine:3.22 to 111111111111",
    }


def test_a_body_names_paths_from_the_root(place: Place) -> None:
    error = SyntaxProblem("unknown instruction: FOO", file=str(place.root / "bad"), line=2, column=1)
    skip = Skip(image="$X", file=str(place.root / "odd"), line=3, reason="there is no ARG X")
    place.propose(place.report(place.update("svc/Dockerfile"), errors=(error,), skips=(skip,)))
    assert "`svc/Dockerfile:1`" in place.body()
    assert "`bad:2:1`" in place.body()
    assert "`odd:3`" in place.body()
    assert str(place.root) not in place.body()


def test_a_file_whose_build_failed_is_no_part_of_it(place: Place) -> None:
    both = place.update("Dockerfile")
    both = replace(both, occurrences=both.occurrences + place.update("svc/Dockerfile").occurrences)
    bad = str(place.root / "Dockerfile")
    done = place.propose(place.report(both), held=(bad,))
    assert done.held == (bad,)
    (pull,) = place.repo.open_pulls()
    assert place.repo.files(pull.head)["Dockerfile"] == FILES["Dockerfile"].encode()
    assert "svc/Dockerfile:1`" in place.body()
    assert "`Dockerfile:1`" not in place.body()


def test_where_nothing_builds_nothing_is_proposed_and_the_others_are(place: Place) -> None:
    report = place.report(place.update("Dockerfile", 1), place.update("svc/Dockerfile"))
    done = place.propose(report, held=(str(place.root / "Dockerfile"),))
    assert list(place.open) == ["pinbot/alpine-3.22"]
    assert done.held == (str(place.root / "Dockerfile"),)


def test_nothing_to_do_takes_two_requests_however_many_are_open(place: Place) -> None:
    report = place.report(place.update("Dockerfile"), place.update("Dockerfile", 1))
    place.propose(report)
    place.github.forget_requests()
    done = place.propose(report)
    assert [pull.action for pull in done.pull_requests] == ["unchanged", "unchanged"]
    assert place.github.writes == []
    assert len(place.github.requests) == 2


def test_what_was_closed_unmerged_stays_closed_until_the_next_digest(place: Place) -> None:
    report = place.report(place.update("Dockerfile", 1))
    place.propose(report)
    place.repo.close(1)
    done = place.propose(report)
    (wait,) = done.plan.waits
    assert wait.reason == "pull request #1 with this digest was closed without a merge"
    assert place.open == {}
    place.propose(place.report(place.update("Dockerfile", 1, new=NEWER)))
    assert place.open == {"pinbot/rust-alpine": "Update rust:alpine to 222222222222"}


def test_what_nothing_asks_for_any_more_is_closed_with_a_word(place: Place) -> None:
    place.propose(place.report(place.update("Dockerfile"), place.update("Dockerfile", 1)))
    (alpine, rust) = place.repo.open_pulls()
    if "rust" in alpine.head:
        alpine, rust = rust, alpine
    done = place.propose(place.report(place.update("Dockerfile", 1)))
    assert {pull.number: pull.action for pull in done.pull_requests} == {
        alpine.number: "closed",
        rust.number: "unchanged",
    }
    assert list(place.open) == ["pinbot/rust-alpine"]
    assert place.repo.comments[alpine.number] == [
        "There is nothing left to change here: what it proposed is on the base branch, or no longer there."
    ]
    assert place.repo.head(alpine.head) is None
    # It was not people who turned it down.
    again = place.propose(place.report(place.update("Dockerfile")))
    assert [pull.action for pull in again.pull_requests] == ["opened", "closed"]


def test_other_grouping_closes_those_of_before(place: Place) -> None:
    report = place.report(place.update("Dockerfile"), place.update("Dockerfile", 1))
    place.propose(report)
    place.propose(report, group=Grouping.ALL)
    assert list(place.open) == ["pinbot/images"]
    told = {text for texts in place.repo.comments.values() for text in texts}
    assert told == {"Its images are now part of another pull request of pinbot's."}


@pytest.mark.parametrize("why", ["part", "error", "waiting", "people"])
def test_what_may_still_be_asked_for_is_not_closed(place: Place, why: str) -> None:
    update = place.update("Dockerfile", 1)
    place.propose(place.report(update))
    (pull,) = place.repo.open_pulls()
    if why == "people":
        place.repo.push(pull.head, {"NOTES": b"mine"})
    empty: dict[str, Any] = {
        "error": {"errors": (Unreachable("the registry did not answer"),)},
        "waiting": {"waits": (Wait(update=place.update("Dockerfile", 1, new=NEWER), reason="too new"),)},
    }.get(why, {})
    done = place.propose(place.report(**empty), whole=why != "part")
    assert len(place.open) == 1
    if why == "people":
        assert [pull.action for pull in done.pull_requests] == ["left-alone"]


def test_a_branch_that_people_work_on_is_not_built_again(place: Place) -> None:
    report = place.report(place.update("Dockerfile", 1))
    place.propose(report)
    (pull,) = place.repo.open_pulls()
    place.repo.push(pull.head, {"NOTES": b"mine"})
    head = place.repo.head(pull.head)
    done = place.propose(report, held=(str(place.root / "Dockerfile"),))
    assert (done.held, [made.action for made in done.pull_requests]) == ((), ["left-alone"])
    assert place.repo.head(pull.head) == head


@pytest.mark.parametrize("setting", ["limit", "per_run"])
def test_no_more_are_opened_than_allowed_and_what_is_urgent_goes_first(place: Place, setting: str) -> None:
    report = place.report(place.update("Dockerfile"), place.update("Dockerfile", 1, UpdateKind.REPAIR))
    done = place.propose(report, **{setting: 1})
    assert list(place.open) == ["pinbot/rust-alpine"]
    (wait,) = done.plan.waits
    assert re.match("1 pull request (is|was) ", wait.reason)
    assert [update.image.repository for update in done.plan.updates] == ["library/rust"]
    (pull,) = place.repo.open_pulls()
    (change,) = done.plan.changes
    assert change.after == place.repo.files(pull.head)["Dockerfile"]
    assert wait.until is None


def test_the_next_run_opens_what_one_run_was_not_allowed_to(place: Place) -> None:
    report = place.report(place.update("Dockerfile"), place.update("Dockerfile", 1))
    place.propose(report, per_run=1)
    place.propose(report, per_run=1)
    assert len(place.open) == 2


def test_a_repair_asks_neither_for_the_time_nor_for_how_many_are_open(place: Place) -> None:
    at_night = Schedule(start=time(22), end=time(6))
    report = place.report(place.update("Dockerfile", kind=UpdateKind.REPAIR), place.update("Dockerfile", 1))
    done = place.propose(report, schedule=at_night)
    assert list(place.open) == ["pinbot/alpine-3.22"]
    (wait,) = done.plan.waits
    assert wait.until == datetime(2026, 11, 24, 22, tzinfo=UTC)


def test_outside_of_the_schedule_open_ones_are_updated(place: Place) -> None:
    place.propose(place.report(place.update("Dockerfile")))
    done = place.propose(
        place.report(place.update("Dockerfile", new=NEWER)), schedule=Schedule(days=frozenset({5, 6}))
    )
    assert [pull.action for pull in done.pull_requests] == ["updated"]


def test_what_is_not_ripe_is_a_draft(place: Place) -> None:
    place.propose(place.report(place.update("Dockerfile", ripe=NOON)))
    (pull,) = place.repo.open_pulls()
    assert pull.draft


def test_a_pull_request_that_fails_does_not_keep_the_others(place: Place) -> None:
    report = place.report(place.update("Dockerfile"), place.update("svc/Dockerfile", new=NEWER))
    place.repo.push("main", {"svc/Dockerfile": b"FROM busybox\n"})
    done = place.propose(report, group=Grouping.FILE)
    assert [error.file for error in done.errors] == ["svc/Dockerfile"]
    assert list(place.open) == ["pinbot/dockerfile"]
