"""Lists of repositories: an organisation's, a person's, the token's own, an app's installation's."""

from typing import Any

from tests.support.github.answers import Json
from tests.support.github.routes import Call, Refused
from tests.support.github.routes import _route as route
from tests.support.github.state import Repository


@route("GET", "/orgs/{org}/repos")
def _of_organisation(call: Call) -> tuple[int, Any]:
    if call.values["org"].lower() not in call.organisations:
        raise Refused(404, "Not Found")
    return 200, _page(call, _visible(call, call.values["org"]))


@route("GET", "/users/{user}/repos")
def _of_person(call: Call) -> tuple[int, Any]:
    found = [repo for repo in _visible(call, call.values["user"]) if not repo.private]
    if not found and call.values["user"] != call.token.login:
        raise Refused(404, "Not Found")
    return 200, _page(call, found)


@route("GET", "/user/repos")
def _own(call: Call) -> tuple[int, Any]:
    return 200, _page(call, _visible(call, call.token.login))


@route("GET", "/installation/repositories")
def _of_installation(call: Call) -> tuple[int, Any]:
    if call.token.kind != "app":
        raise Refused(403, "You must authenticate with an installation access token.")
    found = _visible(call)
    return 200, {"total_count": len(found), "repositories": _page(call, found)}


def _visible(call: Call, owner: str | None = None) -> list[Repository]:
    return [
        repo
        for repo in call.repositories.values()
        if call.token.sees(repo.full_name)
        if owner is None or repo.owner.lower() == owner.lower()
        if not repo.private or call.token.may("contents", "read")
    ]


def _page(call: Call, found: list[Repository]) -> list[Json]:
    size, page = min(int(call.query.get("per_page", 30)), 100), int(call.query.get("page", 1))
    return [call.answers.repository(repo) for repo in found[size * (page - 1) : size * page]]
