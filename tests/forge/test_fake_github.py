"""What the other tests rest on: the stand-in for GitHub must refuse and remember as GitHub does."""

import base64
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.forge.support import BRANCH, FILES, NEW, OLD, REPOSITORY, TOKEN, propose
from tests.support import parts
from tests.support.github.contract import OpenApiContract
from tests.support.github.server import GitHubServer
from tests.support.github.state import Repository

pytestmark = [pytest.mark.needs("git"), pytest.mark.needs("openapi")]

HERE = f"/repos/{REPOSITORY}"


@pytest.fixture
def http(github: GitHubServer, repo: Repository) -> Iterator[httpx.Client]:
    assert repo.full_name == REPOSITORY
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(base_url=github.url, headers=headers, trust_env=False) as client:
        yield client


def ok(response: httpx.Response) -> Any:
    assert response.is_success, response.text
    return response.json()


def test_every_reading_operation_answers_as_described(http: httpx.Client, github: GitHubServer) -> None:
    propose(github)
    main = ok(http.get(f"{HERE}/git/ref/heads/main"))["object"]["sha"]
    tree = ok(http.get(f"{HERE}/git/commits/{main}"))["tree"]["sha"]
    entries = ok(http.get(f"{HERE}/git/trees/{tree}", params={"recursive": "1"}))["tree"]
    blob = next(entry["sha"] for entry in entries if entry["path"] == "web/Dockerfile")

    assert ok(http.get(f"{HERE}/git/blobs/{blob}"))["size"] == len(OLD)
    assert [entry["path"] for entry in entries] == ["Dockerfile", "README.md", "web", "web/Dockerfile"]
    assert ok(http.get("/user"))["login"] == "pinbot[bot]"
    assert ok(http.get("/rate_limit"))["rate"]["limit"] == 5000
    assert ok(http.get(HERE))["default_branch"] == "main"
    refs = ok(http.get(f"{HERE}/git/matching-refs/heads/pin"))
    assert [ref["ref"] for ref in refs] == [f"refs/heads/{BRANCH}"]
    assert ok(http.get(f"{HERE}/pulls/1"))["commits"] == 1
    assert ok(http.get(f"{HERE}/branches/{BRANCH}"))["commit"]["commit"]["verification"]["verified"]
    assert ok(http.post(f"{HERE}/labels", json={"name": "x", "color": "ff0000"}))["color"] == "ff0000"
    assert ok(http.get(f"{HERE}/labels/X"))["name"] == "x"


def test_contents_show_what_stands_at_a_path(http: httpx.Client, repo: Repository) -> None:
    links = {"in": b"web/Dockerfile", "out": b"../Dockerfile", "loop": b"loop"}
    repo.push("main", links, links=links)

    def shown(path: str) -> Any:
        return ok(http.get(f"{HERE}/contents/{path}"))

    assert [(entry["type"], entry["path"]) for entry in shown("web")] == [("file", "web/Dockerfile")]
    assert (shown("in")["type"], base64.b64decode(shown("in")["content"])) == ("file", OLD)
    assert {name: (shown(name)["type"], shown(name)["target"]) for name in ("out", "loop")} == {
        "out": ("symlink", "../Dockerfile"),
        "loop": ("symlink", "loop"),
    }


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("GET", "/branches/gone", None, 404, "Branch not found"),
        ("GET", "/git/ref/heads/gone", None, 404, "Not Found"),
        ("GET", f"/git/trees/{'a' * 40}", None, 404, "Not Found"),
        ("GET", f"/git/blobs/{'a' * 40}", None, 404, "Not Found"),
        ("GET", f"/git/commits/{'a' * 40}", None, 404, "Not Found"),
        ("GET", "/pulls/7", None, 404, "Not Found"),
        ("GET", "/labels/gone", None, 404, "Not Found"),
        ("POST", "/git/refs", {"ref": "refs/heads/main", "sha": "HEAD"}, 422, "Reference already exists"),
        ("POST", "/git/refs", {"ref": "refs/heads/new", "sha": "a" * 40}, 422, "Object does not exist"),
        ("POST", "/git/refs", {"ref": "refs/heads/main/x", "sha": "HEAD"}, 422, "Reference update failed"),
        ("POST", "/git/refs", {"ref": "main", "sha": "HEAD"}, 422, "must start with 'refs/'"),
        ("PATCH", "/git/refs/heads/gone", {"sha": "HEAD"}, 422, "Reference does not exist"),
        ("PATCH", "/git/refs/heads/main", {"sha": "SIDE"}, 422, "Update is not a fast forward"),
        ("PATCH", "/git/refs/heads/main", {"sha": "a" * 40}, 422, "Object does not exist"),
        ("DELETE", "/git/refs/heads/gone", None, 422, "Reference does not exist"),
        ("POST", "/git/blobs", {"content": "%", "encoding": "base64"}, 422, "not valid Base64"),
        ("POST", "/git/trees", {"tree": [], "base_tree": "a" * 40}, 422, "not a valid tree"),
        (
            "POST",
            "/git/trees",
            {"tree": [{"path": "../x", "mode": "100644", "type": "blob", "content": ""}]},
            422,
            "malformed path",
        ),
        (
            "POST",
            "/git/trees",
            {"tree": [{"path": "x", "mode": "100644", "type": "blob", "sha": "a" * 40}]},
            422,
            "is not a valid blob",
        ),
        ("POST", "/git/commits", {"message": "m", "tree": "a" * 40}, 422, "Tree SHA does not exist"),
        ("POST", "/pulls", {"head": "main", "base": "main", "title": "t"}, 422, "No commits between"),
        ("POST", "/pulls", {"head": "gone", "base": "main", "title": "t"}, 422, "Validation Failed"),
        ("POST", "/pulls", {"head": "main", "base": "gone", "title": "t"}, 422, "Validation Failed"),
    ],
)
def test_refusals_are_worded_as_githubs(
    http: httpx.Client, repo: Repository, *, method: str, path: str, body: Any, status: int, words: str
) -> None:
    side = repo.push("side", {"x": b"x"})
    repo.push("main", {"y": b"y"})
    names = {"HEAD": repo.head("main"), "SIDE": side}
    if isinstance(body, dict) and "sha" in body:
        body = {**body, "sha": names.get(body["sha"], body["sha"])}

    response = http.request(method, HERE + path, json=body)

    assert response.status_code == status
    assert words in response.text


def test_an_empty_repository_has_no_git_data(http: httpx.Client, github: GitHubServer) -> None:
    github.create_repository("acme/empty")

    response = http.get("/repos/acme/empty/git/ref/heads/main")

    assert (response.status_code, response.json()["message"]) == (409, "Git Repository is empty.")


def test_a_known_etag_is_answered_by_304(http: httpx.Client) -> None:
    first = http.get(f"{HERE}/git/ref/heads/main")
    again = http.get(f"{HERE}/git/ref/heads/main", headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.content) == (304, b"")


def test_an_update_by_force_moves_the_pull_request(http: httpx.Client, repo: Repository) -> None:
    one, two = repo.push("one", {"x": b"1"}), repo.push("two", {"x": b"2"})
    pull = ok(http.post(f"{HERE}/pulls", json={"head": "one", "base": "main", "title": "t"}))
    assert pull["head"]["sha"] == one

    ok(http.patch(f"{HERE}/git/refs/heads/one", json={"sha": two, "force": True}))

    assert ok(http.get(f"{HERE}/pulls/1"))["head"]["sha"] == two


def test_a_second_pull_request_for_a_branch_is_refused(http: httpx.Client, repo: Repository) -> None:
    repo.push("one", {"x": b"1"})
    wanted = {"head": "one", "base": "main", "title": "t"}
    ok(http.post(f"{HERE}/pulls", json=wanted))

    response = http.post(f"{HERE}/pulls", json=wanted)

    assert response.status_code == 422
    assert response.json()["errors"] == [
        {
            "resource": "PullRequest",
            "code": "custom",
            "message": "A pull request already exists for acme:one.",
        }
    ]


def test_pull_requests_are_listed_by_head_base_and_state(http: httpx.Client, repo: Repository) -> None:
    repo.push("dev", {"d": b"d"})
    for head, base in (("one", "main"), ("two", "dev"), ("three", "main")):
        repo.push(head, {head: b"x"})
        ok(http.post(f"{HERE}/pulls", json={"head": head, "base": base, "title": head}))
    repo.close(3)

    def numbers(**query: str) -> list[int]:
        return [pull["number"] for pull in ok(http.get(f"{HERE}/pulls", params=query))]

    assert numbers() == [2, 1]
    assert numbers(state="all") == [3, 2, 1]
    assert numbers(state="closed") == [3]
    assert numbers(head="acme:one") == [1]
    assert numbers(head="eve:one") == []
    assert numbers(base="dev") == [2]
    assert numbers(state="all", per_page="2", page="2") == [1]


def test_merging_conflicting_and_deleting_show_in_the_pull_request(
    http: httpx.Client, repo: Repository
) -> None:
    for head, data in (("one", b"1"), ("two", b"2"), ("three", b"3")):
        repo.push(head, {"README.md": data})
        ok(http.post(f"{HERE}/pulls", json={"head": head, "base": "main", "title": head}))
    repo.merge(1)
    repo.delete_branch("three")

    merged, conflict, closed = (ok(http.get(f"{HERE}/pulls/{number}")) for number in (1, 2, 3))

    assert (merged["state"], merged["merged"]) == ("closed", True)
    assert (conflict["state"], conflict["mergeable"]) == ("open", False)
    assert (closed["state"], closed["merged"]) == ("closed", False)
    assert (
        ok(http.request("GET", f"{HERE}/git/ref/heads/main"))["object"]["sha"] == merged["merge_commit_sha"]
    )
    with pytest.raises(ValueError, match="conflicts with main"):
        repo.merge(2)


def test_a_repository_is_made_from_a_directory(github: GitHubServer, tmp_path: Any) -> None:
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "Dockerfile").write_bytes(OLD)
    (tmp_path / "run.sh").write_bytes(b"#!/bin/sh\n")
    (tmp_path / "run.sh").chmod(0o755)
    (tmp_path / "link").symlink_to("run.sh")

    repo = github.create_repository("acme/copy", from_directory=tmp_path)

    entries = {entry.path: entry.mode for entry in repo.git.tree("main", recursive=True)}
    assert entries == {"link": "120000", "run.sh": "100755", "web": "040000", "web/Dockerfile": "100644"}
    assert repo.files("main")["web/Dockerfile"] == OLD


# The contract


@pytest.fixture
def described() -> OpenApiContract:
    return OpenApiContract.load(parts.OPENAPI)


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "problem"),
    [
        ("GET", "/pulls", {"state": "merged"}, None, "query state"),
        ("GET", "/pulls", {"stat": "open"}, None, "unknown query parameter 'stat'"),
        ("GET", "/pulls", {"per_page": "many"}, None, "query per_page"),
        ("GET", "/pulls", {}, {"x": 1}, "a body where none is described"),
        ("POST", "/pulls", {}, None, "the body is missing"),
        ("POST", "/pulls", {}, {"title": "t", "head": "h"}, "'base' is a required property"),
        ("POST", "/git/refs", {}, {"ref": "refs/heads/x", "sha": 1}, "is not of type 'string'"),
        ("POST", "/issues/1/labels", {}, ["x"], "is not valid under any of the given schemas"),
        ("PATCH", "/git/refs/heads/a/b", {}, {"sha": "a", "force": "yes"}, "is not of type 'boolean'"),
    ],
)
def test_a_request_that_is_not_described_is_a_problem(
    described: OpenApiContract, *, method: str, path: str, query: dict[str, str], body: Any, problem: str
) -> None:
    operation = described.operation(method, HERE + path)

    assert operation is not None
    assert any(problem in found for found in described.request_problems(operation, query, body))


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (200, {"sha": "a"}, "'tree' is a required property"),
        (200, {"sha": 1, "tree": [], "truncated": False}, "is not of type 'string'"),
        (200, None, "without a body"),
        (418, {}, "status 418 is not described"),
        (404, {"message": 5}, "is not of type 'string'"),
        (503, {"message": 5}, "is not of type 'string'"),
    ],
)
def test_an_answer_that_is_not_described_is_a_problem(
    described: OpenApiContract, status: int, body: Any, problem: str
) -> None:
    operation = described.operation("GET", f"{HERE}/git/trees/abc")

    assert operation is not None
    assert any(problem in found for found in described.response_problems(operation, status, body))


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/git/ref/heads/a/b", "/repos/{owner}/{repo}/git/ref/{ref}"),
        ("/branches/a/b", "/repos/{owner}/{repo}/branches/{branch}"),
        ("/branches/a/protection", "/repos/{owner}/{repo}/branches/{branch}/protection"),
        ("/pulls/1", "/repos/{owner}/{repo}/pulls/{pull_number}"),
        ("/labels/a%2Fb", "/repos/{owner}/{repo}/labels/{name}"),
        ("/nothing", None),
    ],
)
def test_paths_find_their_operation(described: OpenApiContract, path: str, template: str | None) -> None:
    operation = described.operation("GET", HERE + path)

    assert (operation.template if operation else None) == template


def test_a_breach_shows_in_the_servers_problems(described: OpenApiContract) -> None:
    with GitHubServer(contract=described) as server:
        server.add_token(TOKEN)
        server.create_repository(REPOSITORY, files={**FILES, "Dockerfile": NEW})
        headers = {"Authorization": f"token {TOKEN}"}
        httpx.get(f"{server.url}{HERE}/pulls", params={"stat": "open"}, headers=headers, trust_env=False)
        httpx.get(f"{server.url}{HERE}/nothing", headers=headers, trust_env=False)

        assert server.problems == [
            "GET /repos/{owner}/{repo}/pulls: unknown query parameter 'stat'",
            "GET /repos/acme/shop/nothing: no such operation",
        ]
