"""The few mutations of GitHub's GraphQL API that pinbot sends, with GitHub's words where it refuses."""

import re
from collections.abc import Iterable
from typing import Any

from tests.support.github.answers import node_id
from tests.support.github.routes import Refused
from tests.support.github.state import Pull, Repository, Token

_MUTATION = re.compile(
    r"mutation\(\$input: (\w+)Input!\) \{ (\w+)\(input: \$input\) \{ clientMutationId \} \}"
)


def answer(body: Any, token: Token, repositories: Iterable[Repository]) -> tuple[int, Any]:
    """GraphQL answers 200 to whatever it understands; its refusals are in `errors`."""
    asked = _MUTATION.fullmatch(body["query"])
    if asked is None or asked[1].lower() != asked[2].lower():
        return 200, {"errors": [{"message": "Parse error", "type": "PARSE"}]}
    name, given = asked[2], body["variables"]["input"]
    found = [
        (repo, pull)
        for repo in repositories
        for pull in repo.pulls.values()
        if node_id("PullRequest", pull.id) == given["pullRequestId"]
    ]
    if not found or not token.may("contents", "read"):
        return _refused(name, "NOT_FOUND", f"Could not resolve to a node with the global id of '{given}'")
    if not token.may("pull_requests", "write"):
        return _refused(name, "FORBIDDEN", "Resource not accessible by integration")
    trouble = _MUTATIONS[name](*found[0], given)
    return _refused(name, "UNPROCESSABLE", trouble) if trouble else (200, {"data": {name: {}}})


def _refused(name: str, kind: str, message: str) -> tuple[int, Any]:
    return 200, {"data": {name: None}, "errors": [{"type": kind, "path": [name], "message": message}]}


def _enable_auto_merge(repo: Repository, pull: Pull, given: Any) -> str:
    if not repo.allows_auto_merge:
        return "Auto merge is not allowed for this repository"
    if pull.draft:
        return "Pull request is in draft"
    if not repo.requires_checks:
        return "Pull request Pull request is in clean status"
    if given["mergeMethod"] not in ("MERGE", "SQUASH", "REBASE"):
        raise Refused(400, "invalid value for PullRequestMergeMethod")
    pull.auto_merge = given["mergeMethod"]
    return ""


def _mark_ready(repo: Repository, pull: Pull, given: Any) -> str:
    del repo, given
    pull.draft = False
    return ""


_MUTATIONS = {
    "enablePullRequestAutoMerge": _enable_auto_merge,
    "markPullRequestReadyForReview": _mark_ready,
}
