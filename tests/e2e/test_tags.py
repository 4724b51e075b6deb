"""Tags that move: from the list of tags in a real registry to files and pull requests."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.github.server import GitHubServer
from tests.support.registry import RegistryServer
from tests.support.shop import Shop

pytestmark = pytest.mark.needs("docker-registry", "git")

DOCKERFILE = "FROM alpine:3.20 AS files\nRUN true\n"


@pytest.fixture
def registry() -> Iterator[RegistryServer]:
    with RegistryServer() as server:
        yield server


class Tags(Shop):
    """A shop in which tags move, and what is on main and proposed there."""

    def dockerfile(self, branch: str = "main") -> str:
        return self.named(self.repo.files(branch)["Dockerfile"].decode()).partition("\n")[0]

    def open(self) -> dict[str, str]:
        """Titles of the open pull requests, and the first line that each would make."""
        return {self.named(pull.title): self.dockerfile(pull.head) for pull in self.repo.open_pulls()}

    def close(self) -> int:
        (pull,) = self.repo.open_pulls()
        self.repo.close(pull.number)
        return pull.number

    def merge(self) -> None:
        (pull,) = self.repo.open_pulls()
        self.repo.merge(pull.number)


Open = Callable[..., Tags]


@pytest.fixture
def opened(tmp_path: Path, registry: RegistryServer, github: GitHubServer) -> Iterator[Open]:
    """Opens the one shop of a test, by its rules and the text of its Dockerfile."""
    shops: list[Tags] = []

    def make(rules: str, text: str = DOCKERFILE) -> Tags:
        shops.append(Tags(tmp_path, registry, github, {"Dockerfile": text}, rules=rules, dashboard=True))
        shops[-1].push("alpine:3.20", "OLD")
        return shops[-1]

    yield make
    for shop in shops:
        shop.pusher.close()


def test_tag_and_digest_move_in_one_pull_request(opened: Open) -> None:
    it = opened("tags: minor\n")
    it.run()
    assert it.open() == {"Pin alpine:3.20 to OLD": "FROM alpine:3.20@OLD AS files"}
    it.merge()

    for tag in ("3.21", "3.23_rc1", "4.0", "edge", "3.22.1"):
        it.push(f"alpine:{tag}", tag)
    it.push("alpine:3.22", "NEW")
    it.run()
    assert it.open() == {"Update alpine:3.20 to 3.22": "FROM alpine:3.22@NEW AS files"}
    (pull,) = it.repo.open_pulls()
    assert "This moves 1 base image to a newer tag." in (pull.body or "")
    it.github.forget_requests()
    it.run()
    assert it.github.writes == [], "it is as it should be"

    it.push("alpine:3.23", "NEWER")
    it.run()
    assert it.open() == {"Update alpine:3.20 to 3.23": "FROM alpine:3.23@NEWER AS files"}
    assert [one.number for one in it.repo.open_pulls()] == [pull.number]
    it.merge()
    it.run()
    assert it.open() == {}
    it.push("alpine:3.23", "NEWEST")
    it.run()
    assert it.open() == {"Update alpine:3.23 to NEWEST": "FROM alpine:3.23@NEWEST AS files"}


def test_what_has_no_digest_yet_gets_the_newest_tag_at_once(opened: Open) -> None:
    it = opened("tags: minor\n")
    it.push("alpine:3.22", "NEW")
    it.run()
    assert it.open() == {"Update alpine:3.20 to 3.22": "FROM alpine:3.22@NEW AS files"}


def test_a_tag_that_was_turned_down_stays_so_whatever_it_comes_to_mean(opened: Open) -> None:
    it = opened("tags: minor\n")
    it.run()
    it.merge()
    it.push("alpine:3.22", "NEW")
    it.run()
    number = it.close()
    it.run()
    it.push("alpine:3.22", "OTHER")
    report = it.run()
    assert it.open() == {}
    (wait,) = report.plan.waits
    assert wait.reason == f"pull request #{number} with the tag 3.22 was closed without a merge"

    it.push("alpine:3.20", "MOVED")
    it.run()
    assert it.open() == {"Update alpine:3.20 to MOVED": "FROM alpine:3.20@MOVED AS files"}
    it.push("alpine:3.23", "NEXT")
    it.run()
    assert it.open() == {"Update alpine:3.20 to 3.23": "FROM alpine:3.23@NEXT AS files"}


def test_a_young_tag_cools_down_while_the_old_one_is_followed(opened: Open) -> None:
    it = opened("tags: minor\ncooldown: 3d\n")
    it.run()
    it.merge()
    it.run()
    it.push("alpine:3.22", "NEW")
    report = it.run()
    assert it.open() == {}
    assert [wait.update.new_tag for wait in report.plan.waits] == ["3.22"]
    assert report.plan.current == 0, "what waits is not up to date"

    it.push("alpine:3.20", "MOVED")
    it.run()
    it.wait(days=2)
    assert it.run().plan.updates == ()
    it.wait(days=1)
    it.run()
    assert it.open() == {"Update alpine:3.20 to 3.22": "FROM alpine:3.22@NEW AS files"}


def test_digests_that_are_to_be_kept_move_with_the_tag_alone(opened: Open) -> None:
    it = opened("tags: patch\ndigests: keep\n")
    it.run()
    it.merge()
    it.push("alpine:3.20", "MOVED")
    report = it.run()
    assert (it.open(), report.plan.current) == ({}, 1)


def test_a_digest_that_is_gone_is_repaired_under_its_own_tag(opened: Open) -> None:
    gone = f"FROM alpine:3.20@sha256:{'0' * 64} AS files\n"
    it = opened("tags: minor\ndigests: keep\ncooldown: 3d\n", gone)
    it.push("alpine:3.22", "NEW")
    it.run()
    assert it.open() == {"Repair alpine:3.20 to OLD": "FROM alpine:3.20@OLD AS files"}


def test_a_tag_that_has_no_place_is_told_and_left(opened: Open) -> None:
    it = opened("tags: minor\n")
    old = it.push("alpine:3.20", "OLD")
    it.push("alpine:3.22", "NEW")
    it.repo.push("main", {"Dockerfile": f"ARG D={old}\nFROM alpine:3.20@$D\n".encode()})
    report = it.run()
    assert it.open() == {}
    (skip,) = report.plan.skips
    assert (skip.line, skip.reason.partition(",")[0]) == (2, "the tag 3.22 is newer")
    assert report.plan.current == 0, "what has a newer tag is not up to date"


def test_a_digest_waits_only_where_no_newer_tag_takes_its_place(opened: Open) -> None:
    it = opened("tags: minor\ncooldown: 3d\n")
    old = it.push("alpine:3.20", "OLD")
    it.push("alpine:3.22", "NEW")
    text = f"ARG D={old}\nFROM alpine:3.20@{old}\nFROM alpine:3.20@$D\n"
    it.repo.push("main", {"Dockerfile": text.encode()})
    it.run()
    it.wait(days=3)
    it.push("alpine:3.20", "MOVED")
    report = it.run()
    waiting = [
        (place.position.line, wait.update.new_tag)
        for wait in report.plan.waits
        for place in wait.update.occurrences
    ]
    assert waiting == [(3, "")]


def test_by_hand_tags_move_in_the_file_and_pin_moves_none(opened: Open) -> None:
    it = opened("rules:\n- images: ['alpine:*']\n  tags: minor\n")
    new = it.push("alpine:3.22", "NEW")
    it.check_out()
    assert it.project.pinbot("pin").code == 0
    assert b"3.20@" in it.project.read("Dockerfile")
    run = it.project.pinbot("update", "--format", "json")
    assert it.project.read("Dockerfile").decode() == DOCKERFILE.replace("3.20", f"3.22@{new}")
    (update,) = run.json["updates"]
    assert (update["kind"], update["old"]["tag"], update["new"]) == (
        "tag",
        "3.20",
        {"tag": "3.22", "digest": new},
    )


def test_a_registry_that_lists_no_tags_is_told_and_the_digest_moves_all_the_same(opened: Open) -> None:
    it = opened("tags: minor\n", "FROM alpine:3.20\nFROM no-such-image:1.2\n")
    report = it.run()
    assert it.open() == {"Pin alpine:3.20 to OLD": "FROM alpine:3.20@OLD"}
    assert {error.image for error in report.all_errors} == {"docker.io/library/no-such-image:1.2"}
    assert report.plan.current == 0


def test_the_dashboard_has_a_box_for_a_tag_that_waits_and_for_one_that_was_turned_down(opened: Open) -> None:
    it = opened("tags: minor\ncooldown: 3d\n")
    it.run()
    it.merge()
    it.push("alpine:3.22", "NEW")
    it.run()
    it.tick("now", "3.22@")
    it.run()
    assert list(it.open()) == ["Update alpine:3.20 to 3.22"]
    it.close()
    it.run()
    assert it.open() == {}
    it.tick("again", "3.22@")
    it.run()
    assert list(it.open()) == ["Update alpine:3.20 to 3.22"]
    assert "to `3.22@NEW`" in it.named(it.dashboard.body)


def test_a_digest_that_was_turned_down_stays_so_when_a_tag_that_means_it_is_as_well(opened: Open) -> None:
    it = opened("tags: minor\n")
    it.run()
    it.merge()
    for tag in ("3.20", "3.22"):
        it.push(f"alpine:{tag}", "NEW")
        it.run()
        it.close()
        it.run()
    assert it.open() == {}
    it.run()
    assert it.open() == {}


def test_the_interval_holds_for_an_image_whatever_its_tag_is_by_now(opened: Open) -> None:
    it = opened("tags: minor\ninterval: 7d\n")
    it.run()
    it.merge()
    it.wait(days=7)
    it.push("alpine:3.21", "NEW")
    it.run()
    it.wait(days=1)
    it.push("alpine:3.22", "NEWER")
    it.run()
    assert it.open() == {"Update alpine:3.20 to 3.21": "FROM alpine:3.21@NEW AS files"}
    it.merge()
    it.run()
    assert it.open() == {}
    it.wait(days=6)
    it.run()
    assert it.open() == {"Update alpine:3.21 to 3.22": "FROM alpine:3.22@NEWER AS files"}


def test_what_is_on_the_base_already_is_closed_though_a_tag_was_turned_down(opened: Open) -> None:
    it = opened("tags: minor\n")
    it.run()
    it.merge()
    it.push("alpine:3.22", "NEW")
    it.run()
    it.close()
    it.run()
    moved = it.push("alpine:3.20", "MOVED")
    it.run()
    assert it.open() == {"Update alpine:3.20 to MOVED": "FROM alpine:3.20@MOVED AS files"}
    it.repo.push("main", {"Dockerfile": DOCKERFILE.replace("3.20", f"3.20@{moved}").encode()})
    it.run()
    assert it.open() == {}


def test_a_tag_that_is_proposed_stays_while_a_newer_one_waits_and_the_old_ones_digest_moves(
    opened: Open,
) -> None:
    it = opened("tags: minor\ncooldown: 3d\n")
    it.run()
    it.merge()
    it.push("alpine:3.21", "NEW")
    it.run()
    it.wait(days=3)
    it.run()
    it.push("alpine:3.20", "MOVED")
    it.run()
    it.wait(days=3)
    it.push("alpine:3.22", "NEWER")
    it.run()
    assert it.open() == {"Update alpine:3.20 to 3.21": "FROM alpine:3.21@NEW AS files"}
    it.wait(days=3)
    it.run()
    assert it.open() == {"Update alpine:3.20 to 3.22": "FROM alpine:3.22@NEWER AS files"}
