"""`pinbot update --repo` and `--owner` as a user runs them: GitHub's stand-in, a real registry, real git."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.support.github.contract import OpenApiContract
from tests.support.github.server import GitHubServer
from tests.support.oci import Image, Pusher
from tests.support.project import Project, Run
from tests.support.registry import RegistryServer

pytestmark = pytest.mark.needs("docker-registry", "git")

TOKEN = "ghs_TheTokenOfAnInstallation"
PERSONAL = "ghp_TheTokenOfAda"
SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs" / "schema" / "pinbot-v1.json").read_text(encoding="utf-8")
)
DOCKERFILE = b"FROM alpine:3.22\n"


class Bot:
    """A folder with the bot's own pinbot.yaml, and the forge that it works on."""

    def __init__(self, home: Project, github: GitHubServer, registry: RegistryServer) -> None:
        self.home = home
        self.github = github
        self.registry = registry

    def add(self, name: str, files: dict[str, bytes] | None = None) -> None:
        self.github.create_repository(f"acme/{name}", files=files or {"Dockerfile": DOCKERFILE})

    def update(self, *arguments: str, token: str = TOKEN, **environment: str) -> Run:
        self.github.forget_requests()
        environment |= {"GITHUB_TOKEN": token, "GITHUB_API_URL": self.github.url}
        return self.home.pinbot("update", *arguments, env=environment)

    def document(self, *arguments: str, **environment: str) -> dict[str, dict[str, object]]:
        """The entries of the JSON document by repository; it is held against the schema."""
        run = self.update("--format", "json", *arguments, **environment)
        Draft202012Validator(SCHEMA).validate(run.json)
        return {entry["repository"]: entry | {"code": run.code} for entry in run.json["repositories"]}

    @property
    def asked(self) -> list[str]:
        return [str(request) for request in self.github.requests]


@pytest.fixture
def bot(
    project: Project, hub: RegistryServer, contract: OpenApiContract | None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Bot]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with GitHubServer(contract=contract) as github:
        github.add_token(TOKEN)
        github.add_token(PERSONAL, login="ada", kind="classic")
        github.organisations.add("acme")
        yield Bot(project, github, hub)
        assert github.problems == []


def test_each_repository_gets_its_pull_request_and_nothing_is_cloned(bot: Bot) -> None:
    for name in ("shop", "cart"):
        bot.add(name, {"docker/Dockerfile": DOCKERFILE, "README.md": b"FROM nothing\n"})
    run = bot.update("--repo", "acme/shop", "--repo", "ACME/cart", "--repo", "acme/shop", "--pull-request")
    assert run.code == 0, run.err
    for name in ("shop", "cart"):
        repo = bot.github.repositories[f"acme/{name}"]
        (pull,) = repo.pulls.values()
        assert b"FROM alpine:3.22@sha256:" in repo.files(pull.head)["docker/Dockerfile"]
    assert [line.split()[0] for line in run.text.splitlines()] == ["REPOSITORY", "acme/shop", "acme/cart"]
    assert "proposed" in run.text
    assert "#1 opened" in run.text
    assert not any(".git/" in request for request in bot.asked)


def test_a_repository_that_is_named_by_its_old_name_too_is_worked_on_once(bot: Bot) -> None:
    bot.add("shop")
    bot.github.forget_requests()
    moved = {"Location": f"{bot.github.url}/repos/acme/shop"}
    bot.github.faults.garble(2, b'{"message": "Moved Permanently"}', status=301, headers=moved)
    environment = {"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": bot.github.url}
    arguments = ("--owner=acme", "--repo=acme/old", "--pull-request", "--format=json")
    run = bot.home.pinbot("update", *arguments, env=environment)
    assert run.err.splitlines() == ["Working on repositories (2)"]  # and nothing of the library's
    old, shop = run.json["repositories"]
    assert (old["repository"], old["reason"]) == (
        "acme/old",
        "it is called acme/shop by now, which is worked on already",
    )
    assert [pull["action"] for pull in shop["pull_requests"]] == ["opened"]
    assert bot.asked.count("GET /repos/acme/shop/branches/main") == 2  # to list its files, and to propose


def test_requests_count_however_a_name_is_written(bot: Bot) -> None:
    bot.add("shop")
    entry = bot.document("--repo=ACME/Shop", "--dry-run")["acme/shop"]
    assert entry["calls"] == len(bot.asked)


def test_who_is_asked_to_slow_down_for_long_asks_nothing_more(bot: Bot) -> None:
    names = [f"app{number}" for number in range(20)]
    for name in names:
        bot.add(name)
    bot.github.forget_requests()
    bot.github.faults.secondary_limit(1, seconds=600, times=99)
    environment = {"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": bot.github.url}
    run = bot.home.pinbot("update", *(f"--repo=acme/{name}" for name in names), "--dry-run", env=environment)
    assert run.code == 1
    assert run.err.count("GitHub asks to slow down and to wait 600 seconds") == len(names)
    assert len(bot.asked) <= 8  # those that were at work already


def test_who_is_asked_to_slow_down_while_proposing_asks_nothing_more(bot: Bot) -> None:
    names = [f"app{number}" for number in range(20)]
    for name in names:
        bot.add(name)
    arguments = [f"--repo=acme/{name}" for name in names]
    bot.update(*arguments, "--dry-run")
    looked = len(bot.asked)
    bot.github.forget_requests()
    bot.github.faults.secondary_limit(looked, seconds=600, times=999)
    environment = {"GITHUB_TOKEN": TOKEN, "GITHUB_API_URL": bot.github.url}
    run = bot.home.pinbot("update", *arguments, "--pull-request", env=environment)
    assert run.code == 1
    assert len(bot.asked) <= looked + 8


def test_an_image_of_many_repositories_is_resolved_once(bot: Bot, pusher: Pusher) -> None:
    pusher.image("library/shared", "1", Image())
    for number in range(12):
        bot.add(f"app{number}", {"Dockerfile": b"FROM shared:1\n"})
    assert bot.update("--owner", "acme", "--dry-run").code == 10
    asked = [request.method for request in bot.registry.requests if "/library/shared/man" in request.path]
    assert asked == ["PUT", "HEAD"]


def test_a_run_with_nothing_to_do_reads_no_file_again(bot: Bot) -> None:
    digest = bot.home.pinbot("resolve", "alpine:3.22").text.strip().partition("@")[2]
    bot.add("shop", {"Dockerfile": f"FROM alpine:3.22@{digest}\n".encode()})
    first = bot.document("--owner", "acme", "--pull-request")["acme/shop"]
    assert (first["status"], first["current"], first["updates"]) == ("done", 1, [])
    second = bot.document("--owner", "acme", "--pull-request")["acme/shop"]
    assert second["calls"] == len(bot.asked) - 1  # beside the list of repositories
    assert not any("/git/blobs/" in request for request in bot.asked)
    assert bot.github.writes == []


NOTHING_TO_DO = ["GET branches/main", "GET contents/ledger.json", "GET pulls"]


def asked_about(bot: Bot, name: str) -> list[str]:
    """The requests about a repository, short."""
    return [one.replace(f"/repos/{name}/", "") for one in bot.asked if f"/repos/{name}/" in one]


@pytest.mark.parametrize("pinned", [True, False], ids=["none open", "a pull request open"])
def test_a_repository_in_which_nothing_is_to_be_done_costs_three_requests(bot: Bot, *, pinned: bool) -> None:
    digest = bot.home.pinbot("resolve", "alpine:3.22").text.strip().partition("@")[2]
    bot.add("shop", {"Dockerfile": f"FROM alpine:3.22@{digest}\n".encode() if pinned else DOCKERFILE})
    bot.update("--owner", "acme", "--pull-request")
    assert len(bot.github.repositories["acme/shop"].open_pulls()) == (0 if pinned else 1)
    entry = bot.document("--owner", "acme", "--pull-request")["acme/shop"]
    assert asked_about(bot, "acme/shop") == NOTHING_TO_DO
    assert entry["calls"] == 3


def spent(bot: Bot, *, token: str) -> int:
    """How much of the quota a run takes; each request is sent all the same."""
    before = bot.github.remaining
    assert bot.update("--owner", "acme", "--pull-request", token=token).code == 0
    assert asked_about(bot, "acme/shop")[:3] == NOTHING_TO_DO
    return before - bot.github.remaining


def test_what_did_not_change_since_the_last_run_costs_nothing_of_the_quota(bot: Bot) -> None:
    bot.add("shop")
    repo = bot.github.repositories["acme/shop"]
    bot.update("--owner", "acme", "--pull-request", token=PERSONAL)
    assert spent(bot, token=PERSONAL) == 3  # the pull request, the ledger and the branch are new
    assert spent(bot, token=PERSONAL) == 0
    repo.pulls[1].title = "Changed by hand"
    assert spent(bot, token=PERSONAL) == 1
    assert spent(bot, token=PERSONAL) == 0


def test_answers_to_a_token_that_ends_with_the_run_are_not_kept(bot: Bot) -> None:
    bot.add("shop")
    for _ in range(2):
        bot.update("--owner", "acme", "--pull-request")
    assert spent(bot, token=TOKEN) == 4
    assert not list(bot.home.root.glob(".cache/pinbot/github/*/*"))


def test_answers_are_nobody_elses_and_hold_no_token(bot: Bot) -> None:
    bot.add("shop")
    for _ in range(2):
        bot.update("--owner", "acme", "--pull-request", token=PERSONAL)
    kept = [path for path in bot.home.root.glob(".cache/pinbot/github/*/*") if path.is_file()]
    assert kept
    assert {path.stat().st_mode & 0o077 for path in kept} == {0}
    assert not any(PERSONAL.encode() in path.read_bytes() for path in kept)
    bot.github.add_token("ghp_OfBob", login="bob", kind="classic")
    assert spent(bot, token="ghp_OfBob") == 4


def test_an_answer_that_was_damaged_on_disk_is_asked_for_anew(bot: Bot) -> None:
    bot.add("shop")
    for _ in range(2):
        bot.update("--owner", "acme", "--pull-request", token=PERSONAL)
    for path in bot.home.root.glob(".cache/pinbot/github/*/*"):
        path.write_bytes(path.read_bytes()[:-3] + b"???")
    assert spent(bot, token=PERSONAL) == 4
    assert spent(bot, token=PERSONAL) == 0


def test_the_first_run_and_one_after_a_push_list_the_files(bot: Bot) -> None:
    bot.add("shop", {"README.md": b"hello\n"})
    for _ in range(2):
        bot.update("--owner", "acme", "--pull-request")
        repo = bot.github.repositories["acme/shop"]
        tree = repo.git.commit(repo.head("main") or "").tree
        assert asked_about(bot, "acme/shop") == ["GET branches/main", f"GET git/trees/{tree}", "GET pulls"]
        bot.update("--owner", "acme", "--pull-request")
        assert asked_about(bot, "acme/shop") == ["GET branches/main", "GET pulls"]
        repo.push("main", {"README.md": b"hello again\n"})


def test_a_list_of_files_that_was_damaged_on_disk_is_asked_for_again(bot: Bot) -> None:
    bot.add("shop")
    before = bot.document("--owner", "acme", "--dry-run")["acme/shop"]
    kept = [path for path in bot.home.root.glob(".cache/pinbot/images/*/*") if path.is_file()]
    assert kept
    for path in kept:
        path.write_bytes(path.read_bytes()[:-3] + b"???")
    after = bot.document("--owner", "acme", "--dry-run")["acme/shop"]
    assert after["updates"] == before["updates"] != []
    assert any("/git/trees/" in request for request in bot.asked)


def test_a_base_that_moved_since_is_proposed_to_in_the_next_run(bot: Bot) -> None:
    bot.add("shop")
    bot.update("--owner", "acme", "--pull-request")
    repo = bot.github.repositories["acme/shop"]
    moved = repo.push("main", {"README.md": b"hello\n"})
    assert bot.document("--owner", "acme", "--pull-request")["acme/shop"]["updates"]
    assert repo.git.commit(repo.head(repo.pulls[1].head) or "").parents == (moved,)


def test_what_goes_wrong_in_one_repository_does_not_stop_the_others(bot: Bot) -> None:
    bot.add("shop")
    bot.add("lost", {"Dockerfile": b"FROM nosuch:1\n"})
    bot.add("wrong", {"Dockerfile": DOCKERFILE, ".github/pinbot.yaml": b"cooldwn: 3d\ngroup: all\n"})
    found = bot.document("--owner", "acme", "--repo", "acme/nosuch", "--pull-request")
    assert {name: entry["status"] for name, entry in found.items()} == {
        "acme/nosuch": "failed",
        "acme/shop": "done",
        "acme/lost": "failed",
        "acme/wrong": "failed",
    }
    assert found["acme/shop"]["code"] == 1
    assert len(bot.github.repositories["acme/shop"].pulls) == 1
    errors = found["acme/wrong"]["errors"]
    assert [(error["file"], error["line"]) for error in errors] == [  # type: ignore[attr-defined]
        (".github/pinbot.yaml", 1),
        (".github/pinbot.yaml", 2),
    ]
    assert bot.update("--owner", "acme", "--dry-run").err.count("acme/wrong: error: ") == 2


def test_repositories_that_cannot_be_changed_are_left_out_with_the_reason(bot: Bot) -> None:
    bot.add("shop", {"README.md": b"hello\n"})
    bot.github.create_repository("acme/empty")
    bot.add("old")
    bot.add("copy")
    bot.github.repositories["acme/old"].archived = True
    bot.github.repositories["acme/copy"].fork = True
    found = bot.document("--owner", "acme", "--dry-run")
    assert {name: entry["reason"] for name, entry in found.items()} == {
        "acme/shop": "no file in it holds an image reference",
        "acme/empty": "it is empty",
        "acme/old": "it is archived",
        "acme/copy": "it is a fork; one that is meant is named by --repo",
    }
    assert found["acme/old"]["code"] == 3
    assert bot.document("--repo", "acme/copy", "--dry-run")["acme/copy"]["status"] == "done"


def test_the_repositories_of_an_owner_are_listed_page_by_page(bot: Bot) -> None:
    for number in range(101):
        bot.github.create_repository(f"acme/app{number}")
    assert len(bot.document("--owner", "acme", "--dry-run")) == 101
    assert bot.asked.count("GET /installation/repositories") == 2


@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        ("acme", ["GET /orgs/acme/repos"]),
        ("ada", ["GET /orgs/ada/repos", "GET /user", "GET /user/repos"]),
        ("bob", ["GET /orgs/bob/repos", "GET /user", "GET /users/bob/repos"]),
    ],
)
def test_a_personal_token_finds_the_repositories_of_organisations_and_people(
    bot: Bot, owner: str, expected: list[str]
) -> None:
    for name in ("acme", "ada", "bob"):
        bot.github.create_repository(f"{name}/shop", files={"Dockerfile": DOCKERFILE}).private = name == "ada"
    found = bot.document("--owner", owner, "--dry-run", token=PERSONAL)
    assert list(found) == [f"{owner}/shop"]
    assert [request for request in bot.asked if not request.startswith("GET /repos/")] == expected


def test_a_repositorys_own_configuration_holds_for_it_alone(bot: Bot) -> None:
    bot.add("shop", {"Dockerfile": DOCKERFILE, "pinbot.yaml": b"exclude: ['*']\n"})
    bot.add(
        "cart",
        {"odd.txt": DOCKERFILE, "pinbot.yaml": b"include: ['odd.txt']\npull_requests: {labels: [x]}\n"},
    )
    found = bot.document("--owner", "acme", "--pull-request")
    assert found["acme/shop"]["status"] == "skipped"
    assert found["acme/cart"]["updates"]
    assert bot.github.repositories["acme/cart"].pulls[1].labels == ["x"]


def test_a_repository_does_not_say_where_the_bot_connects_to_or_as_whom(bot: Bot) -> None:
    hostile = (
        "registries:\n"
        f"  docker.io: {{location: {bot.registry.host}/other, insecure: true,\n"
        "    username_variable: NAME, password_variable: SECRET}\n"
        f"  {bot.registry.host}: {{insecure: true}}\n"
        "vulnerabilities: {enabled: true, url: 'http://127.0.0.1:1/osv'}\n"
        "build: {network: default, timeout: 24h, driver: docker}\n"
    )
    dockerfile = f"FROM alpine:3.22\nFROM {bot.registry.host}/library/alpine:3.22\n".encode()
    bot.add("shop", {"Dockerfile": dockerfile, "pinbot.yaml": hostile.encode()})
    before = len(bot.registry.requests)
    entry = bot.document("--owner", "acme", "--dry-run", NAME="me", SECRET="hidden")["acme/shop"]
    assert entry["notes"] == [
        "pinbot.yaml: registries is the bot's to say, and is left out",
        "pinbot.yaml: vulnerabilities is the bot's to say, and is left out",
        "pinbot.yaml: build (but for its targets) is the bot's to say, and is left out",
    ]
    assert [update["image"] for update in entry["updates"]] == [  # type: ignore[attr-defined]
        "docker.io/library/alpine:3.22"
    ]
    (error,) = entry["errors"]  # type: ignore[misc]
    assert error["code"] == "untrustworthy"
    assert "nobody here named it" in error["message"]
    assert {request.path for request in bot.registry.requests[before:]} <= {
        "/v2/",
        "/v2/library/alpine/manifests/3.22",
    }


def test_a_link_is_read_as_the_file_that_it_leads_to(bot: Bot) -> None:
    repo = bot.github.create_repository("acme/shop", files={"docker/base": DOCKERFILE})
    links = {
        "Dockerfile": b"docker/base",
        "a/Dockerfile": b"../docker/base",
        "b/Dockerfile": b"../../etc/passwd",
    }
    repo.push("main", links, links=links)
    entry = bot.document("--repo", "acme/shop", "--pull-request")["acme/shop"]
    assert [place["file"] for place in entry["updates"][0]["locations"]] == ["docker/base"]  # type: ignore[index]
    changed = repo.files(repo.pulls[1].head)
    assert changed["docker/base"].startswith(b"FROM alpine:3.22@sha256:")
    assert changed["Dockerfile"] == b"docker/base"


def test_files_are_changed_whatever_they_are_called(bot: Bot) -> None:
    names = [
        "-v.Dockerfile",
        'new\nline "q".Dockerfile',
        "a b/\xfc 'q'.Dockerfile",
        "%41?#&/$(id)`.Dockerfile",
    ]
    repo = bot.github.create_repository("acme/shop", files=dict.fromkeys(names, DOCKERFILE))
    links = {"loop/Dockerfile": b"Dockerfile", "folder/Dockerfile": b"../a b", "gone/Dockerfile": b"nowhere"}
    repo.push("main", links, links=links)
    entry = bot.document("--repo", "acme/shop", "--pull-request")["acme/shop"]
    assert [place["file"] for place in entry["updates"][0]["locations"]] == sorted(names)  # type: ignore[index]
    changed = repo.files(repo.pulls[1].head)
    assert {name for name in names if changed[name].startswith(b"FROM alpine:3.22@sha256:")} == set(names)
    assert {name: changed[name] for name in links} == links
    text = bot.update("--repo", "acme/shop", "--dry-run").text
    assert len(text.splitlines()) == 2


def test_a_file_that_is_too_large_is_told_and_not_read(bot: Bot) -> None:
    bot.add("shop", {"Dockerfile": DOCKERFILE, "big/Dockerfile": b"#" * (1024 * 1024 + 1)})
    entry = bot.document("--repo", "acme/shop", "--dry-run")["acme/shop"]
    assert [error["file"] for error in entry["errors"]] == ["big/Dockerfile"]  # type: ignore[attr-defined]
    assert len(entry["updates"]) == 1  # type: ignore[arg-type]


def test_a_listing_that_github_cuts_short_is_not_taken_for_the_whole(bot: Bot) -> None:
    bot.add("shop", {"Dockerfile": DOCKERFILE, "x": b"", "y": b""})
    bot.github.repositories["acme/shop"].tree_limit = 2
    entry = bot.document("--repo", "acme/shop", "--pull-request")["acme/shop"]
    assert entry["status"] == "failed"
    assert "updates" not in entry


def test_a_token_that_is_wrong_is_tried_by_those_that_are_on_their_way_and_no_more(bot: Bot) -> None:
    for number in range(20):
        bot.add(f"app{number}")
    names = [f"--repo=acme/app{number}" for number in range(20)]
    run = bot.update(*names, "--pull-request", token="ghs_wrong")
    assert run.code == 1
    assert run.err.count("the token is wrong or has expired") == 20
    assert len(bot.asked) <= 8


@pytest.mark.parametrize(
    ("lacking", "could_not", "needs"),
    [
        ("contents", "could not store files in acme/shop", "contents: write"),
        ("pull_requests", "could not open a pull request from ", "pull-requests: write"),
    ],
)
def test_a_token_that_may_not_write_is_told_what_it_lacks(
    bot: Bot, lacking: str, could_not: str, needs: str
) -> None:
    bot.add("shop")
    permissions = {"contents": "write", "pull_requests": "write"} | {lacking: "read"}
    bot.github.add_token("ghs_few", permissions=permissions)
    run = bot.update("--repo", "acme/shop", "--pull-request", token="ghs_few")
    assert run.code == 1
    assert could_not in run.err
    assert "GitHub says: Resource not accessible by integration" in run.err
    assert f"give the token the permission {needs}" in run.err
    assert "ghs_few" not in run.text + run.err
    assert bot.github.repositories["acme/shop"].pulls == {}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--repo", "acme"], "a repository is named as owner/name"),
        (["--owner", "acme/shop"], "an owner is named without a slash"),
        (["--repo", "acme/.."], "a repository is named as owner/name"),
        (["--repo", "acme/shop"], "add --pull-request, or --dry-run"),
        (["--repo", "acme/shop", "--dry-run", "folder"], "PATH cannot be given"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_asked(
    bot: Bot, arguments: list[str], words: str
) -> None:
    run = bot.update(*arguments)
    assert run.code == 2
    assert words in run.err
    assert bot.asked == []


@pytest.mark.needs("buildah", "base-images")
def test_a_test_build_is_made_from_a_checkout_that_holds_no_secret(
    bot: Bot, registry: RegistryServer, cache: Path, tmp_path: Path
) -> None:
    bot.home.write("pinbot.yaml", "")
    bot.home.use_registry(registry.host)
    spy = b"FROM alpine:3.22\nCOPY . /all\nRUN test -x /all/run.sh && test ! -e /all/.git\n"
    repo = bot.github.create_repository("acme/shop", files={"Dockerfile": spy})
    repo.push("main", {"run.sh": b"true\n"}, executable=["run.sh"])
    repo.private = True
    seen = tmp_path / "seen"
    git = tmp_path / "bin" / "git"
    git.parent.mkdir()
    git.write_text(f'#!/bin/sh\necho "$@" >> {seen}\nexec /usr/bin/git "$@"\n')
    git.chmod(0o755)
    environment = {"PATH": f"{git.parent}:/usr/bin:/bin:/usr/sbin:/sbin", "XDG_CACHE_HOME": str(cache)}
    entry = bot.document(
        "--repo", "acme/shop", "--pull-request", "--build", "--builder=buildah", **environment
    )["acme/shop"]
    assert entry["status"] == "done", entry
    assert [build["ok"] for build in entry["builds"]] == [True]  # type: ignore[attr-defined]
    assert "fetch" in seen.read_text()
    assert TOKEN not in seen.read_text()
    assert len(repo.pulls) == 1
