"""The operations of GitHub's REST API that the fake knows, each as a function of the call."""

import base64
import binascii
import posixpath
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.support.github.answers import DOCUMENTATION, Answers, Json
from tests.support.github.git import CommitObject, Signature
from tests.support.github.state import Issue, Label, Now, Pull, Repository, Status, Token

_LONGEST_BODY = 65536
_LONGEST_TITLE = 256
_LONGEST_DESCRIPTION = 140


class Refused(Exception):
    """GitHub's no: a status, its words, and for a failed validation the details."""

    def __init__(
        self, status: int, message: str, *errors: Json, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self.body: Json = {"message": message, "documentation_url": DOCUMENTATION, "status": str(status)}
        if errors:
            self.body["errors"] = list(errors)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request, past authentication; `repo` is the repository in its path."""

    answers: Answers
    token: Token
    now: Now
    query: Mapping[str, str]
    body: Any
    values: Mapping[str, str]
    repositories: Mapping[str, Repository]
    organisations: Collection[str]
    repo: Repository = field(default=None)  # type: ignore[assignment]  # set for all paths below /repos


Handler = Callable[[Call], tuple[int, Any]]


@dataclass(frozen=True, kw_only=True)
class Route:
    method: str
    pattern: re.Pattern[str]
    permission: str
    level: str
    handler: Handler


ROUTES: list[Route] = []


def _route(method: str, path: str, permission: str = "metadata", level: str = "read") -> Any:
    """Register a handler; `{name...}` in the path may hold slashes."""
    pattern = re.sub(r"\\\{(\w+)\\\.\\\.\\\.\\\}", r"(?P<\1>.+)", re.escape(path))
    pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", pattern)

    def register(handler: Handler) -> Handler:
        ROUTES.append(
            Route(
                method=method,
                pattern=re.compile(pattern),
                permission=permission,
                level=level,
                handler=handler,
            )
        )
        return handler

    return register


def _invalid(resource: str, field_name: str, code: str = "invalid") -> Refused:
    return Refused(422, "Validation Failed", {"resource": resource, "field": field_name, "code": code})


def _said(resource: str, message: str) -> Refused:
    return Refused(422, "Validation Failed", {"resource": resource, "code": "custom", "message": message})


# The token and its owner


@_route("GET", "/user")
def _user(call: Call) -> tuple[int, Any]:
    return 200, call.answers.public_user(call.token.login)


@_route("GET", "/repos/{owner}/{name}")
def _repository(call: Call) -> tuple[int, Any]:
    return 200, call.answers.full_repository(call.repo)


# Git data


@_route("GET", "/repos/{owner}/{name}/branches/{branch...}", "contents")
def _branch(call: Call) -> tuple[int, Any]:
    sha = call.repo.head(call.values["branch"])
    if sha is None:
        raise Refused(404, "Branch not found")
    return 200, call.answers.branch(call.repo, call.values["branch"], call.repo.git.commit(sha))


@_route("GET", "/repos/{owner}/{name}/git/ref/{ref...}", "contents")
def _get_ref(call: Call) -> tuple[int, Any]:
    _not_empty(call)
    name = f"refs/{call.values['ref']}"
    sha = call.repo.git.ref(name)
    if sha is None:
        raise Refused(404, "Not Found")
    return 200, call.answers.ref(call.repo, name, sha)


@_route("GET", "/repos/{owner}/{name}/git/matching-refs/{ref...}", "contents")
def _matching_refs(call: Call) -> tuple[int, Any]:
    _not_empty(call)
    found = call.repo.git.refs(f"refs/{call.values['ref']}")
    return 200, [call.answers.ref(call.repo, name, sha) for name, sha in found.items()]


@_route("POST", "/repos/{owner}/{name}/git/refs", "contents", "write")
def _create_ref(call: Call) -> tuple[int, Any]:
    _not_empty(call)
    name, sha = call.body["ref"], call.body["sha"]
    if not name.startswith("refs/") or name.count("/") < 2:
        raise Refused(422, "Reference name must start with 'refs/' and have at least two slashes")
    if call.repo.git.type_of(sha) is None:
        raise Refused(422, "Object does not exist")
    refs = call.repo.git.refs("refs/")
    if name in refs:
        raise Refused(422, "Reference already exists")
    if any(name.startswith(f"{ref}/") or ref.startswith(f"{name}/") for ref in refs):
        raise Refused(422, "Reference update failed")
    _set_ref(call, name, sha)
    return 201, call.answers.ref(call.repo, name, sha)


@_route("PATCH", "/repos/{owner}/{name}/git/refs/{ref...}", "contents", "write")
def _update_ref(call: Call) -> tuple[int, Any]:
    _not_empty(call)
    name, sha = f"refs/{call.values['ref']}", call.body["sha"]
    old = call.repo.git.ref(name)
    if old is None:
        raise Refused(422, "Reference does not exist")
    if call.repo.git.type_of(sha) is None:
        raise Refused(422, "Object does not exist")
    if not call.body.get("force", False) and not call.repo.git.is_ancestor(old, sha):
        raise Refused(422, "Update is not a fast forward")
    _set_ref(call, name, sha)
    return 200, call.answers.ref(call.repo, name, sha)


@_route("DELETE", "/repos/{owner}/{name}/git/refs/{ref...}", "contents", "write")
def _delete_ref(call: Call) -> tuple[int, Any]:
    name = f"refs/{call.values['ref']}"
    if call.repo.git.ref(name) is None:
        raise Refused(422, "Reference does not exist")
    if name.startswith("refs/heads/"):
        call.repo.delete_branch(name.removeprefix("refs/heads/"))
    else:
        call.repo.git.delete_ref(name)
    return 204, None


@_route("GET", "/repos/{owner}/{name}/git/trees/{tree...}", "contents")
def _get_tree(call: Call) -> tuple[int, Any]:
    _not_empty(call)
    sha = call.values["tree"]
    kind = call.repo.git.type_of(sha)
    if kind not in ("tree", "commit"):
        raise Refused(404, "Not Found")
    tree = call.repo.git.commit(sha).tree if kind == "commit" else sha
    return 200, call.answers.tree(call.repo, tree, recursive="recursive" in call.query)


@_route("POST", "/repos/{owner}/{name}/git/trees", "contents", "write")
def _create_tree(call: Call) -> tuple[int, Any]:
    _not_empty(call)
    git, base = call.repo.git, call.body.get("base_tree")
    if base is not None and git.type_of(base) not in ("tree", "commit"):
        raise Refused(422, "base_tree is not a valid tree oid")
    changes = []
    for entry in call.body["tree"]:
        if "sha" in entry and "content" in entry:
            raise Refused(422, "Cannot supply both 'sha' and 'content'")
        if entry["path"].startswith("/") or ".." in entry["path"].split("/") or not entry["path"]:
            raise Refused(422, "tree.path contains a malformed path component")
        sha = git.write_blob(entry["content"].encode()) if "content" in entry else entry.get("sha")
        if sha is not None and git.type_of(sha) != entry.get("type", "blob"):
            raise Refused(422, f"tree.sha {sha} is not a valid {entry.get('type', 'blob')}")
        changes.append((entry["mode"], entry["path"], sha))
    return 201, call.answers.tree(call.repo, git.write_tree(base, changes), recursive=False)


@_route("GET", "/repos/{owner}/{name}/git/blobs/{sha}", "contents")
def _get_blob(call: Call) -> tuple[int, Any]:
    if call.repo.git.type_of(call.values["sha"]) != "blob":
        raise Refused(404, "Not Found")
    return 200, call.answers.blob(call.repo, call.values["sha"])


@_route("POST", "/repos/{owner}/{name}/git/blobs", "contents", "write")
def _create_blob(call: Call) -> tuple[int, Any]:
    _not_empty(call)
    content = call.body["content"]
    if call.body.get("encoding", "utf-8") == "base64":
        try:
            data = base64.b64decode(content, validate=True)
        except binascii.Error:
            raise Refused(422, "content is not valid Base64") from None
    else:
        data = content.encode()
    return 201, call.answers.short_blob(call.repo, call.repo.git.write_blob(data))


@_route("GET", "/repos/{owner}/{name}/git/commits/{sha}", "contents")
def _get_commit(call: Call) -> tuple[int, Any]:
    return 200, call.answers.git_commit(call.repo, _commit(call, call.values["sha"]))


@_route("POST", "/repos/{owner}/{name}/git/commits", "contents", "write")
def _create_commit(call: Call) -> tuple[int, Any]:
    _not_empty(call)
    git = call.repo.git
    if git.type_of(call.body["tree"]) != "tree":
        raise Refused(422, "Tree SHA does not exist")
    for parent in call.body.get("parents", []):
        if git.type_of(parent) != "commit":
            raise Refused(422, "Parent SHA does not exist or is not a commit object")
    author = _signature(call, "author")
    if "author" in call.body or "committer" in call.body or call.token.kind != "app":
        committer = _signature(call, "committer" if "committer" in call.body else "author")
    else:
        committer = Signature(name="GitHub", email="noreply@github.com", date=author.date)
    sha = git.write_commit(
        tree=call.body["tree"],
        parents=call.body.get("parents", []),
        message=call.body["message"],
        author=author,
        committer=committer,
    )
    return 201, call.answers.git_commit(call.repo, git.commit(sha))


def _signature(call: Call, name: str) -> Signature:
    given = call.body.get(name, {})
    login = call.token.login
    return Signature(
        name=given.get("name", login),
        email=given.get("email", f"{login}@users.noreply.github.com"),
        date=given.get("date", call.now()),
    )


def _commit(call: Call, sha: str) -> CommitObject:
    _not_empty(call)
    if call.repo.git.type_of(sha) != "commit":
        raise Refused(404, "Not Found")
    return call.repo.git.commit(sha)


def _set_ref(call: Call, name: str, sha: str) -> None:
    if name.startswith("refs/heads/"):
        call.repo.set_head(name.removeprefix("refs/heads/"), sha)
    else:
        call.repo.git.set_ref(name, sha)


def _not_empty(call: Call) -> None:
    if call.repo.empty:
        raise Refused(409, "Git Repository is empty.")


# Pull requests


@_route("GET", "/repos/{owner}/{name}/pulls", "pull_requests")
def _list_pulls(call: Call) -> tuple[int, Any]:
    state, head, base = (call.query.get(name) for name in ("state", "head", "base"))
    pulls = [
        pull
        for pull in reversed(call.repo.pulls.values())
        if state == "all" or pull.state == (state or "open")
        # GitHub takes a head that is not `owner:branch` for no filter at all.
        if head is None or ":" not in head or head == f"{(pull.fork or call.repo).owner}:{pull.head}"
        if base is None or pull.base == base
    ]
    size, page = int(call.query.get("per_page", 30)), int(call.query.get("page", 1))
    return 200, [call.answers.pull(call.repo, pull) for pull in pulls[size * (page - 1) : size * page]]


@_route("GET", "/repos/{owner}/{name}/pulls/{number}", "pull_requests")
def _get_pull(call: Call) -> tuple[int, Any]:
    return 200, call.answers.full_pull(call.repo, _pull(call))


@_route("POST", "/repos/{owner}/{name}/pulls", "pull_requests", "write")
def _create_pull(call: Call) -> tuple[int, Any]:
    if not call.token.may_open_pulls:
        raise Refused(403, "GitHub Actions is not permitted to create or approve pull requests.")
    repo, title, base = call.repo, call.body.get("title", ""), call.body["base"]
    head = call.body["head"].removeprefix(f"{repo.owner}:")
    if not title.strip():
        raise _invalid("PullRequest", "title", "missing_field")
    _check_texts(title, call.body.get("body"))
    for name, branch in (("head", head), ("base", base)):
        if repo.head(branch) is None:
            raise _invalid("PullRequest", name)
    if any((pull.fork, pull.head, pull.base) == (None, head, base) for pull in repo.open_pulls()):
        raise _said("PullRequest", f"A pull request already exists for {repo.owner}:{head}.")
    if repo.git.count(f"refs/heads/{base}..refs/heads/{head}") == 0:
        raise _said("PullRequest", f"No commits between {base} and {head}")
    if repo.git.merge_base(f"refs/heads/{base}", f"refs/heads/{head}") is None:
        raise _said("PullRequest", f"The {head} branch has no history in common with {base}")
    pull = repo.new_pull(
        user=call.token.login,
        title=title.strip(),
        body=call.body.get("body"),
        head=head,
        base=base,
        draft=call.body.get("draft", False),
    )
    return 201, call.answers.full_pull(repo, pull)


@_route("PATCH", "/repos/{owner}/{name}/pulls/{number}", "pull_requests", "write")
def _edit_pull(call: Call) -> tuple[int, Any]:
    pull = _pull(call)
    _check_texts(call.body.get("title", pull.title), call.body.get("body"))
    if call.body.get("state") == "closed" and pull.state == "open":
        call.repo.close(pull.number)
    pull.title = call.body.get("title", pull.title).strip()
    pull.body = call.body.get("body", pull.body)
    pull.base = call.body.get("base", pull.base)
    pull.updated_at = call.now()
    return 200, call.answers.full_pull(call.repo, pull)


def _check_texts(title: str, body: str | None) -> None:
    if len(title) > _LONGEST_TITLE:
        raise _said("PullRequest", "title is too long (maximum is 256 characters)")
    if body is not None and len(body) > _LONGEST_BODY:
        raise _said("PullRequest", "body is too long (maximum is 65536 characters)")


def _pull(call: Call) -> Pull:
    number = call.values["number"]
    pull = call.repo.pulls.get(int(number)) if number.isdigit() else None
    if pull is None:
        raise Refused(404, "Not Found")
    return pull


# Labels


@_route("GET", "/repos/{owner}/{name}/labels/{label}", "metadata")
def _get_label(call: Call) -> tuple[int, Any]:
    label = call.repo.labels.get(call.values["label"].lower())
    if label is None:
        raise Refused(404, "Not Found")
    return 200, call.answers.label(call.repo, label)


@_route("POST", "/repos/{owner}/{name}/labels", "issues", "write")
def _create_label(call: Call) -> tuple[int, Any]:
    name = call.body["name"]
    if name.lower() in call.repo.labels:
        raise _invalid("Label", "name", "already_exists")
    label = call.repo.new_label(
        name, color=call.body.get("color", "ededed"), description=call.body.get("description", "")
    )
    return 201, call.answers.label(call.repo, label)


@_route("POST", "/repos/{owner}/{name}/issues/{number}/labels", "pull_requests", "write")
def _add_labels(call: Call) -> tuple[int, Any]:
    pull = _pull(call)
    known = {name.lower() for name in pull.labels}
    for name in call.body["labels"]:
        label = call.repo.labels.get(name.lower()) or _label_on_the_fly(call, name)
        if label.name.lower() not in known:
            pull.labels.append(label.name)
    return 200, [call.answers.label(call.repo, call.repo.labels[name.lower()]) for name in pull.labels]


@_route("POST", "/repos/{owner}/{name}/issues/{number}/comments", "pull_requests", "write")
def _comment(call: Call) -> tuple[int, Any]:
    pull = _pull(call)
    texts = call.repo.comments.setdefault(pull.number, [])
    texts.append(call.body["body"])
    return 201, call.answers.comment(call.repo, pull, len(texts), user=call.token.login, when=call.now())


@_route("GET", "/repos/{owner}/{name}/issues/{number}/comments", "pull_requests")
def _comments(call: Call) -> tuple[int, Any]:
    pull = _pull(call)
    count = len(call.repo.comments.get(pull.number, ()))
    return 200, [
        call.answers.comment(call.repo, pull, number, user=call.token.login, when=pull.created_at)
        for number in range(1, count + 1)
    ]


# People


@_route("POST", "/repos/{owner}/{name}/pulls/{number}/requested_reviewers", "pull_requests", "write")
def _request_reviewers(call: Call) -> tuple[int, Any]:
    pull, repo = _pull(call), call.repo
    people, teams = call.body.get("reviewers", []), call.body.get("team_reviewers", [])
    if pull.user in people:
        raise Refused(422, "Review cannot be requested from pull request author.")
    if not repo.collaborators.issuperset(people) or not repo.teams.issuperset(teams):
        raise Refused(
            422,
            "Reviews may only be requested from collaborators. One or more of the users or teams you "
            f"specified is not a collaborator of the {repo.full_name} repository.",
        )
    pull.reviewers += [name for name in people if name not in pull.reviewers]
    pull.teams += [name for name in teams if name not in pull.teams]
    return 201, call.answers.pull(repo, pull)


@_route("POST", "/repos/{owner}/{name}/issues/{number}/assignees", "pull_requests", "write")
def _assign(call: Call) -> tuple[int, Any]:
    pull = _pull(call)
    # GitHub leaves out, without a word, whoever cannot be assigned.
    pull.assignees += [
        name
        for name in call.body["assignees"]
        if name in call.repo.collaborators and name not in pull.assignees
    ]
    return 201, call.answers.pull_as_issue(call.repo, pull)


# Commit statuses, contents, issues


@_route("POST", "/repos/{owner}/{name}/statuses/{sha}", "statuses", "write")
def _set_status(call: Call) -> tuple[int, Any]:
    sha = call.values["sha"]
    if call.repo.git.type_of(sha) != "commit":
        raise Refused(422, f"No commit found for SHA: {sha}")
    if len(call.body.get("description") or "") > _LONGEST_DESCRIPTION:
        raise _said("Status", "description is too long (maximum is 140 characters)")
    status = Status(
        id=call.repo.new_id(),
        sha=sha,
        state=call.body["state"],
        context=call.body.get("context", "default"),
        description=call.body.get("description") or "",
        created_at=call.now(),
        user=call.token.login,
    )
    call.repo.statuses.append(status)
    return 201, call.answers.status(call.repo, status)


@_route("GET", "/repos/{owner}/{name}/contents/{path...}", "contents")
def _contents(call: Call) -> tuple[int, Any]:
    git, ref = call.repo.git, call.query.get("ref", call.repo.default_branch)
    commit = next(
        (found for name in (ref, f"refs/heads/{ref}", f"refs/tags/{ref}") if (found := git.ref(name))), None
    )
    if commit is None:
        raise Refused(404, f"No commit found for the ref {ref}")
    path = call.values["path"]
    entries = {one.path: one for one in git.tree(commit, recursive=True)}
    entry = entries.get(path)
    if entry is None or entry.type == "commit":
        raise Refused(404, "Not Found")
    if entry.type == "tree":
        return 200, call.answers.folder(call.repo, path, ref, entry.sha)
    if (
        entry.mode == "120000"
    ):  # the file that it leads to is shown in its place, if it is one of the repository
        target = entries.get(posixpath.normpath(f"{path}/../{git.blob(entry.sha).decode()}"))
        if target is None or not target.mode.startswith("100"):
            return 200, call.answers.link(call.repo, path, ref, entry.sha)
        return 200, call.answers.file(call.repo, path, ref, target.sha)
    return 200, call.answers.file(call.repo, path, ref, entry.sha)


@_route("GET", "/repos/{owner}/{name}/issues", "issues")
def _list_issues(call: Call) -> tuple[int, Any]:
    repo, state = call.repo, call.query.get("state", "open")
    entries = [
        *((issue.number, issue.state, call.answers.issue(repo, issue)) for issue in repo.issues.values()),
        *((pull.number, pull.state, call.answers.pull_as_issue(repo, pull)) for pull in repo.pulls.values()),
    ]
    entries = sorted((one for one in entries if state in ("all", one[1])), key=lambda one: -one[0])
    size, page = int(call.query.get("per_page", 30)), int(call.query.get("page", 1))
    return 200, [shown for _, _, shown in entries[size * (page - 1) : size * page]]


@_route("GET", "/repos/{owner}/{name}/issues/{number}", "issues")
def _get_issue(call: Call) -> tuple[int, Any]:
    _has_issues(call)
    return 200, call.answers.issue(call.repo, _issue(call))


@_route("POST", "/repos/{owner}/{name}/issues", "issues", "write")
def _create_issue(call: Call) -> tuple[int, Any]:
    _has_issues(call)
    if len(call.body.get("body") or "") > _LONGEST_BODY:
        raise _said("Issue", "body is too long (maximum is 65536 characters)")
    association = "NONE" if call.token.kind == "app" else "COLLABORATOR"
    issue = call.repo.new_issue(
        user=call.token.login,
        title=call.body["title"],
        body=call.body.get("body") or "",
        association=association,
    )
    return 201, call.answers.issue(call.repo, issue)


@_route("PATCH", "/repos/{owner}/{name}/issues/{number}", "issues", "write")
def _edit_issue(call: Call) -> tuple[int, Any]:
    issue = _issue(call)
    if len(call.body.get("body") or "") > _LONGEST_BODY:
        raise _said("Issue", "body is too long (maximum is 65536 characters)")
    issue.body = call.body.get("body", issue.body)
    issue.state = call.body.get("state", issue.state)
    issue.updated_at = call.now()
    issue.edits += 1
    return 200, call.answers.issue(call.repo, issue)


def _has_issues(call: Call) -> None:
    if not call.repo.has_issues:
        raise Refused(410, "Issues has been disabled in this repository.")


def _issue(call: Call) -> Issue:
    number = call.values["number"]
    issue = call.repo.issues.get(int(number)) if number.isdigit() else None
    if issue is None:
        raise Refused(404, "Not Found")
    return issue


def _label_on_the_fly(call: Call, name: str) -> Label:
    """GitHub makes a label that it does not know, if the token may do that."""
    if not call.token.may("issues", "write"):
        raise Refused(403, "You do not have permission to create labels on this repository.")
    if len(name) > 50:
        raise _said("Label", "name is too long (maximum is 50 characters)")
    return call.repo.new_label(name)
