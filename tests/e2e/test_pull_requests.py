"""The life of pull requests from the first run to the last, and what can go wrong on the way."""

import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from pinbot.errors import ForgeError
from pinbot.model.proposing import MergeMethod
from pinbot.model.report import UpdateReport
from tests.support.app_keys import keys
from tests.support.github.server import GitHubServer
from tests.support.oci import Image
from tests.support.registry import RegistryServer
from tests.support.shop import TOKEN, Shop

pytestmark = pytest.mark.needs("docker-registry", "git")

STORY = Path(__file__).with_name("pull_requests_story.txt")
DOCKERFILE = "FROM alpine:3.22 AS files\nRUN true\n\n\nFROM busybox:1.37\nRUN true\n"


@pytest.fixture(scope="module")
def hub() -> Iterator[RegistryServer]:
    with RegistryServer() as server:
        yield server


OpenShop = Callable[..., Shop]


@pytest.fixture
def open_shop(hub: RegistryServer, github: GitHubServer, tmp_path: Path) -> Iterator[OpenShop]:
    """Makes repositories, each with a name of its own; closes what they opened."""
    shops: list[Shop] = []

    def make(files: Mapping[str, str], **settings: Any) -> Shop:
        number = len(shops)
        shops.append(
            Shop(tmp_path / f"shop{number}", hub, github, files, name=f"acme/shop{number}", **settings)
        )
        return shops[-1]

    yield make
    for shop in shops:
        shop.pusher.close()


class Teller:
    """Writes down what happens, one line each."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def run(self) -> UpdateReport:
        self.shop.github.forget_requests()
        report = self.shop.run()
        assert report.all_errors == ()
        told = [f"#{pull.number} {pull.action}" for pull in report.pull_requests]
        told += [f"{wait.update.image.familiar} waits: {wait.reason}" for wait in report.plan.waits]
        self.say(f"  pinbot: {'; '.join(told) or 'nothing to do'} ({report.requests} requests)")
        return report

    def open_ones(self) -> None:
        for pull in self.shop.repo.open_pulls():
            self.say(f"    #{pull.number} {self.shop.named(pull.title)}")

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def test_the_whole_story(open_shop: OpenShop) -> None:
    shop = open_shop({"Dockerfile": DOCKERFILE}, dashboard=True)
    repo, tell = shop.repo, Teller(shop)
    shop.push("alpine:3.22", "ALPINE-1")
    shop.push("busybox:1.37", "BUSYBOX-1")

    tell.say("A repository with two base images, not pinned.")
    tell.run()
    tell.open_ones()
    tell.run()

    tell.say("The tag alpine:3.22 moves.")
    shop.push("alpine:3.22", "ALPINE-2")
    tell.run()
    tell.open_ones()

    tell.say("Ada pushes to the branch of #1, and the tag moves again.")
    alpine = repo.pulls[1]
    by_hand = repo.push(alpine.head, {"NOTES": b"by hand\n"})
    shop.push("alpine:3.22", "ALPINE-3")
    tell.run()
    tell.say(f"    said on #1: {repo.comments[1][0].partition(',')[0]}")
    tell.run()
    assert (repo.head(alpine.head), len(repo.comments[1])) == (by_hand, 1)

    tell.say("Bob closes #2 without a merge.")
    repo.close(2)
    tell.run()
    tell.run()
    assert [pull.number for pull in repo.open_pulls()] == [1]

    tell.say("The tag busybox:1.37 moves.")
    shop.push("busybox:1.37", "BUSYBOX-2")
    tell.run()
    tell.open_ones()

    tell.say("Somebody changes the line of busybox on main.")
    repo.push("main", {"Dockerfile": DOCKERFILE.replace("37\n", "37 AS run\n").encode()})
    busybox = shop.open_pull("busybox")
    assert repo.git.mergeable("refs/heads/main", busybox.head_sha) is None
    tell.run()
    assert repo.git.mergeable("refs/heads/main", busybox.head_sha) is not None

    tell.say(f"#{busybox.number} is merged.")
    repo.merge(busybox.number)
    tell.run()
    assert repo.head(busybox.head) is None
    tell.run()

    tell.say("#1 is merged, with Ada's commit.")
    repo.merge(1)
    tell.run()
    tell.open_ones()

    tell.say("Bob closes that one, too. Ada ticks it on the dashboard.")
    repo.close(shop.open_pull("alpine").number)
    tell.run()
    for line in shop.named(shop.dashboard.body).splitlines():
        tell.say(f"    | {line}".rstrip())
    shop.tick("again", "alpine")
    tell.run()
    tell.open_ones()
    tell.run()

    print(f"\n{tell.text}")  # noqa: T201 - `pytest -s` tells the story
    assert tell.text + "\n" == STORY.read_text()
    assert repo.git.text("fsck", "--strict", "--no-dangling") == ""


# A run that is killed

EXTRAS: dict[str, Any] = {
    "labels": ("dependencies",),
    "reviewers": ("ada",),
    "team_reviewers": ("platform",),
    "assignees": ("bob",),
    "auto_merge": MergeMethod.SQUASH,
    "dashboard": True,
}
ONE = "FROM alpine:3.22\nRUN true\n"


def opening(shop: Shop) -> None:
    shop.push("alpine:3.22", "FIRST")


def updating(shop: Shop) -> None:
    opening(shop)
    shop.run()
    shop.push("alpine:3.22", "SECOND")


def closing(shop: Shop) -> None:
    opening(shop)
    shop.run()
    shop.repo.push("main", {"Dockerfile": b"FROM scratch\n"})


def merged(shop: Shop) -> None:
    opening(shop)
    shop.run()
    shop.repo.merge(1)


def turned_down(shop: Shop) -> None:
    opening(shop)
    shop.run()
    shop.repo.close(1)


def wished_again(shop: Shop) -> None:
    turned_down(shop)
    shop.run()
    shop.tick("again", "alpine")


def assert_right(shop: Shop, scene: Callable[[Shop], None]) -> None:
    """Everything is as one run that nobody killed would have left it."""
    open_ones = shop.repo.open_pulls()
    expected = {opening: [1], updating: [1], wished_again: [3]}.get(scene, [])
    assert [pull.number for pull in open_ones] == expected
    for pull in open_ones:
        content = "SECOND" if scene is updating else "FIRST"
        assert shop.named(pull.title) == f"Pin alpine:3.22 to {content}"
        assert content in shop.named(shop.repo.files(pull.head)["Dockerfile"].decode())
        assert (pull.labels, pull.reviewers, pull.teams) == (["dependencies"], ["ada"], ["platform"])
        assert (pull.assignees, pull.auto_merge) == (["bob"], "SQUASH")
        assert shop.repo.git.count(f"refs/heads/main..refs/heads/{pull.head}") == 1
        assert f"#{pull.number}: `alpine:3.22`" in shop.dashboard.body
    branch = shop.repo.pulls[1].head
    if scene in (merged, closing):
        assert shop.repo.head(branch) is None
    if scene is turned_down:
        assert "### Turned down" in shop.dashboard.body
    assert [one.branch for one in shop.ledger.pulls] == [branch]
    assert shop.ledger.pulls[0].settled is (scene in (merged, closing, turned_down))
    assert shop.ledger.dashboard == shop.dashboard.number
    assert "[x]" not in shop.dashboard.body


@pytest.mark.slow
@pytest.mark.parametrize("scene", [opening, updating, closing, merged, turned_down, wished_again])
def test_a_run_that_is_killed_after_any_request_is_completed_by_the_next_ones(
    open_shop: OpenShop, github: GitHubServer, scene: Callable[[Shop], None]
) -> None:
    """Before a request it is as after the one before it: the forge knows no difference."""
    whole = open_shop({"Dockerfile": ONE}, **EXTRAS)
    scene(whole)
    github.forget_requests()
    whole.run()
    count = len(github.requests)
    table = [f"{scene.__name__}: {count} requests"]
    for number in range(1, count + 1):
        shop = open_shop({"Dockerfile": ONE}, **EXTRAS)
        scene(shop)
        github.forget_requests()
        github.faults.kill(number, answered=True)
        with suppress(ForgeError):  # where the ledger could not be read, nothing was begun
            shop.run()
        killed = github.requests[number - 1]
        github.forget_requests()
        runs = 0
        while not runs or github.writes:
            github.forget_requests()
            shop.run()
            runs += 1
            assert runs <= 3
        assert_right(shop, scene)
        assert len(github.requests) <= 4
        table.append(
            f"  {number:2} {killed.method:6} {killed.path.partition(shop.name)[2]:40} {runs - 1} runs"
        )
    print("\n" + "\n".join(table))  # noqa: T201 - `pytest -s` shows the table


# Runs at the same time


@pytest.mark.slow
def test_two_runs_at_the_same_time_make_one_pull_request_fifty_times(open_shop: OpenShop) -> None:
    for _ in range(50):
        shop = open_shop({"Dockerfile": ONE}, **EXTRAS)
        opening(shop)
        shop.check_out()
        runs = [threading.Thread(target=shop.run, kwargs={"fresh": False}) for _ in range(2)]
        for run in runs:
            run.start()
        for run in runs:
            run.join()
        assert list(shop.repo.pulls) in ([1], [2])
        assert len([issue for issue in shop.repo.issues.values() if issue.state == "open"]) == 1
        shop.run()
        (pull,) = shop.repo.open_pulls()
        assert (pull.labels, pull.reviewers, pull.assignees) == (["dependencies"], ["ada"], ["bob"])
        assert [one.number for one in shop.ledger.pulls] == [pull.number]


# What it costs


def test_a_run_sends_no_more_requests_than_it_needs(open_shop: OpenShop, github: GitHubServer) -> None:
    shop = open_shop({"Dockerfile": ONE})

    def cost() -> tuple[int, int]:
        github.forget_requests()
        report = shop.run()
        assert report.requests == len(github.requests)
        return len(github.requests), len(github.writes)

    opening(shop)
    assert cost() == (17, 7), "opening, and the first ledger"
    assert cost() == (3, 0), "nothing to do, with a pull request open"
    shop.push("alpine:3.22", "SECOND")
    assert cost() == (12, 4), "updating"
    shop.repo.merge(1)
    assert cost() == (11, 4), "settling what was merged"
    assert cost() == (2, 0), "nothing to do, with none open"


# Content of strangers


HOSTILE = "a|b`<img src=x>@ada #1 ![x](http:--evil.example).Dockerfile"


def outside_of_code(markdown: str) -> str:
    """What GitHub reads as Markdown: all but code and hidden comments."""
    markdown = re.sub(r"^(`{3,})text\n.*?^\1$", "", markdown, flags=re.DOTALL | re.MULTILINE)
    markdown = re.sub(r"(?<!`)(`+)(?!`).*?(?<!`)\1(?!`)", "", markdown)
    return re.sub(r"<!-- .*? -->", "", markdown)


def test_strange_file_names_and_troubles_stand_in_code_alone(open_shop: OpenShop) -> None:
    files = {
        HOSTILE: ONE,
        f"x/{HOSTILE}": "FROM no-such-image:1\n",
        f"y/{HOSTILE}": "FROM $UNKNOWN\n",
    }
    shop = open_shop(files, dashboard=True)
    opening(shop)
    shop.run()
    (pull,) = shop.repo.open_pulls()
    for text in (pull.body or "", shop.dashboard.body):
        assert len(text) < 65_536
        assert "@ada" in text
        for bad in ("@ada", "<img", "![x]", "evil"):
            assert bad not in outside_of_code(text)
    assert b"@sha256:" in shop.repo.files(pull.head)[HOSTILE]


def test_a_thousand_troubles_fit_into_a_dashboard(open_shop: OpenShop) -> None:
    files = {f"svc{number:04}/Dockerfile": "FROM $UNKNOWN\n" * 3 for number in range(400)}
    shop = open_shop({"Dockerfile": ONE} | files, dashboard=True)
    opening(shop)
    shop.run()
    assert 8_000 < len(shop.dashboard.body) < 65_536
    assert re.search(r"^and \d+ more$", shop.dashboard.body, re.MULTILINE)


def test_a_stranger_cannot_make_the_dashboard(open_shop: OpenShop) -> None:
    shop = open_shop({"Dockerfile": ONE}, dashboard=True)
    opening(shop)
    theirs = "<!-- pinbot-dashboard -->\n- [x] <!-- pinbot-rebuild: pinbot/alpine-3.22-16bb83 -->\n"
    stranger = shop.repo.new_issue(user="mallory", title="Help", body=theirs)
    shop.run()
    assert stranger.body == theirs
    assert [issue.user for issue in shop.repo.issues.values()] == ["mallory", "pinbot[bot]"]


# The dashboard


def test_a_wish_not_to_wait_is_granted_and_holds(open_shop: OpenShop) -> None:
    shop = open_shop({"Dockerfile": ONE}, dashboard=True, rules="cooldown: 3d\n")
    old = shop.push("alpine:3.22", "OLD")
    shop.push("alpine:3.22", "NEW")
    shop.repo.push("main", {"Dockerfile": f"FROM alpine:3.22@{old}\n".encode()})
    shop.run()
    assert shop.repo.pulls == {}
    assert "`first seen just now`, until 2026-11-27 12:00 UTC" in shop.dashboard.body
    shop.tick("now", "alpine")
    shop.run()
    assert shop.named(shop.open_pull("alpine").title) == "Update alpine:3.22 to NEW"
    shop.wait(minutes=10)
    shop.repo.push("main", {"README.md": b"# Moved\n"})
    report = shop.run()
    assert [pull.action for pull in report.pull_requests] == ["updated"]


def test_a_cooldown_that_ends_opens_the_pull_request_without_a_wish(open_shop: OpenShop) -> None:
    shop = open_shop({"Dockerfile": ONE}, rules="cooldown: 3d\n")
    old = shop.push("alpine:3.22", "OLD")
    shop.push("alpine:3.22", "NEW")
    shop.repo.push("main", {"Dockerfile": f"FROM alpine:3.22@{old}\n".encode()})
    shop.run()
    shop.wait(days=2)
    assert len(shop.run().plan.waits) == 1
    shop.wait(days=1, minutes=1)
    assert [pull.action for pull in shop.run().pull_requests] == ["opened"]


def test_an_image_with_an_interval_is_looked_after_while_it_rests(open_shop: OpenShop) -> None:
    shop = open_shop({"Dockerfile": ONE}, rules="interval: 7d\n")
    old = shop.push("alpine:3.22", "OLD")
    shop.push("alpine:3.22", "NEW")
    shop.repo.push("main", {"Dockerfile": f"FROM alpine:3.22@{old}\n".encode()})
    shop.run()
    shop.wait(hours=1)
    shop.repo.push("main", {"README.md": b"# Moved\n"})
    assert [pull.action for pull in shop.run().pull_requests] == ["updated"], "rebuilt on its base"
    shop.wait(hours=1)
    shop.push("alpine:3.22", "NEWER")
    assert [wait.reason for wait in shop.run().plan.waits] == ["the image last moved on 2026-11-24"]
    assert shop.named(shop.open_pull("alpine").title) == "Update alpine:3.22 to NEW"


def test_a_pull_request_is_built_anew_where_that_is_ticked(open_shop: OpenShop) -> None:
    shop = open_shop({"Dockerfile": ONE}, dashboard=True)
    opening(shop)
    shop.run()
    shop.repo.pulls[1].body = (shop.repo.pulls[1].body or "") + "\nbroken"
    shop.tick("rebuild", "alpine")
    assert [pull.action for pull in shop.run().pull_requests] == ["updated"]
    assert "broken" not in (shop.repo.pulls[1].body or "")
    assert "[x]" not in shop.dashboard.body


def test_a_dashboard_that_cannot_be_had_keeps_no_pull_request(open_shop: OpenShop) -> None:
    shop = open_shop({"Dockerfile": ONE}, dashboard=True)
    shop.repo.has_issues = False
    opening(shop)
    report = shop.run()
    assert [pull.action for pull in report.pull_requests] == ["opened"]
    (error,) = report.errors
    assert "Issues has been disabled in this repository" in error.message


# As a user runs it


def environment(shop: Shop, **more: str) -> dict[str, str]:
    return {
        "PINBOT_REPOSITORY": shop.name,
        "PINBOT_API_URL": shop.github.url,
        "NO_PROXY": "127.0.0.1",
        **more,
    }


def test_an_app_does_it_from_the_command_line(
    open_shop: OpenShop, github: GitHubServer, tmp_path: Path
) -> None:
    private, public = keys()
    shop = open_shop({"Dockerfile": ONE})
    github.add_app("1234", public, repositories=(shop.name,))
    opening(shop)
    shop.check_out()
    key = tmp_path / "key.pem"
    key.write_text(private)
    app = environment(shop, PINBOT_APP_ID="1234", PINBOT_APP_KEY_FILE=str(key))
    run = shop.project.pinbot("update", "--pull-request", env=app)
    assert run.code == 0, run.err
    assert "pull request opened: " in run.err
    assert "requests to GitHub" in run.err
    assert [pull.user for pull in shop.repo.open_pulls()] == ["pinbot[bot]"]
    assert "PRIVATE KEY" not in run.text + run.err
    doctor = shop.project.pinbot("doctor", env=app)
    assert f"app 1234 with the key from PINBOT_APP_KEY_FILE, repository {shop.name}" in " ".join(
        doctor.text.split()
    )


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "GitHub App, and there is no key for it"),
        ({"PINBOT_APP_KEY_FILE": "/nowhere/key.pem"}, "/nowhere/key.pem, which cannot be read"),
        ({"PINBOT_APP_KEY": "not a key"}, "private key of the GitHub App cannot be read"),
    ],
)
def test_an_app_without_its_key_is_told_before_anything_is_done(
    open_shop: OpenShop, variables: dict[str, str], said: str
) -> None:
    shop = open_shop({"Dockerfile": ONE})
    shop.check_out()
    run = shop.project.pinbot(
        "update", "--pull-request", env=environment(shop, PINBOT_APP_ID="1234", **variables)
    )
    assert run.code == 2
    assert said in " ".join(run.err.split())
    assert "PINBOT_APP_KEY" in run.err
    assert shop.github.requests == []


def test_a_label_of_a_megabyte_and_hostile_ones_stay_in_code(open_shop: OpenShop) -> None:
    shop = open_shop({"Dockerfile": ONE})
    evil = "a|b`<img src=x>` @ada #1 ![x](http://evil.example) -->\n# Title\n<script>"

    def image(number: int) -> Image:
        labels = {
            evil: f"{evil}{number}",
            "org.opencontainers.image.version": f"{number}{evil}",
            "org.opencontainers.image.source": f"https://evil.example/{number}{evil}",
            "large": f"{number}" + "@ada <img src=x> " * 60_000,
        }
        return Image(config={"Labels": labels})

    old = shop.pusher.image("library/alpine", "3.22", image(1))
    shop.pusher.image("library/alpine", "3.22", image(2))
    shop.repo.push("main", {"Dockerfile": f"FROM alpine:3.22@{old}\n".encode()})
    shop.check_out()
    run = shop.project.pinbot("update", "--pull-request", env=environment(shop, GITHUB_TOKEN=TOKEN))
    assert run.code == 0, run.err
    (pull,) = shop.repo.open_pulls()
    body = pull.body or ""
    assert "### What changed" in body
    assert len(body) < 65_536
    for bad in ("@ada", "<img", "![x]", "evil", "<script>", "# Title"):
        assert bad not in outside_of_code(body)
