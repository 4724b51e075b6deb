"""GitHub's JSON: how what is remembered is shown (the schemas of its OpenAPI description)."""

import base64
from typing import Any

from tests.support.github.git import CommitObject, Signature
from tests.support.github.state import App, Installation, Issue, Label, Pull, Repository, Status

Json = dict[str, Any]
LARGEST_CONTENT = 1_000_000
DOCUMENTATION = "https://docs.github.com/rest"

_REPOSITORY_URLS = {
    "archive_url": "/{archive_format}{/ref}",
    "assignees_url": "/assignees{/user}",
    "blobs_url": "/git/blobs{/sha}",
    "branches_url": "/branches{/branch}",
    "collaborators_url": "/collaborators{/collaborator}",
    "comments_url": "/comments{/number}",
    "commits_url": "/commits{/sha}",
    "compare_url": "/compare/{base}...{head}",
    "contents_url": "/contents/{+path}",
    "contributors_url": "/contributors",
    "deployments_url": "/deployments",
    "downloads_url": "/downloads",
    "events_url": "/events",
    "forks_url": "/forks",
    "git_commits_url": "/git/commits{/sha}",
    "git_refs_url": "/git/refs{/sha}",
    "git_tags_url": "/git/tags{/sha}",
    "hooks_url": "/hooks",
    "issue_comment_url": "/issues/comments{/number}",
    "issue_events_url": "/issues/events{/number}",
    "issues_url": "/issues{/number}",
    "keys_url": "/keys{/key_id}",
    "labels_url": "/labels{/name}",
    "languages_url": "/languages",
    "merges_url": "/merges",
    "milestones_url": "/milestones{/number}",
    "notifications_url": "/notifications{?since,all,participating}",
    "pulls_url": "/pulls{/number}",
    "releases_url": "/releases{/id}",
    "stargazers_url": "/stargazers",
    "statuses_url": "/statuses/{sha}",
    "subscribers_url": "/subscribers",
    "subscription_url": "/subscription",
    "tags_url": "/tags",
    "teams_url": "/teams",
    "trees_url": "/git/trees{/sha}",
}

_USER_URLS = {
    "followers_url": "/followers",
    "following_url": "/following{/other_user}",
    "gists_url": "/gists{/gist_id}",
    "starred_url": "/starred{/owner}{/repo}",
    "subscriptions_url": "/subscriptions",
    "organizations_url": "/orgs",
    "repos_url": "/repos",
    "events_url": "/events{/privacy}",
    "received_events_url": "/received_events",
}


def node_id(kind: str, number: object) -> str:
    return base64.b64encode(f"{kind}:{number}".encode()).decode()


class Answers:
    """Everything that has addresses in it; `api` is the address of the API, `web` that of the pages."""

    def __init__(self, api: str, web: str) -> None:
        self._api = api
        self._web = web

    def user(self, login: str) -> Json:
        number = 1 + sum(login.encode())
        url = f"{self._api}/users/{login}"
        return {
            "login": login,
            "id": number,
            "node_id": node_id("User", number),
            "avatar_url": f"{self._web}/avatars/{login}",
            "gravatar_id": "",
            "url": url,
            "html_url": f"{self._web}/{login}",
            **{name: url + tail for name, tail in _USER_URLS.items()},
            "type": "Bot" if login.endswith("[bot]") else "User",
            "site_admin": False,
        }

    def public_user(self, login: str) -> Json:
        return {
            **self.user(login),
            "user_view_type": "public",
            **dict.fromkeys(("name", "company", "location", "email", "hireable", "bio")),
            "blog": "",
            **dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0),
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z",
        }

    def repository(self, repo: Repository) -> Json:
        url, page = self._url(repo), self._page(repo)
        open_count = len(repo.open_pulls())
        return {
            "id": repo.id,
            "node_id": node_id("Repository", repo.id),
            "name": repo.name,
            "full_name": repo.full_name,
            "owner": self.user(repo.owner),
            "private": repo.private,
            "html_url": page,
            "description": None,
            "fork": repo.fork,
            "url": url,
            **{name: url + tail for name, tail in _REPOSITORY_URLS.items()},
            "clone_url": f"{page}.git",
            "git_url": f"git://github.invalid/{repo.full_name}.git",
            "ssh_url": f"git@github.invalid:{repo.full_name}.git",
            "svn_url": page,
            "mirror_url": None,
            "homepage": None,
            "language": None,
            "license": None,
            "default_branch": repo.default_branch,
            **dict.fromkeys(("forks", "forks_count", "stargazers_count", "watchers", "watchers_count"), 0),
            "open_issues": open_count,
            "open_issues_count": open_count,
            "size": 0 if repo.empty else 1,
            "archived": repo.archived,
            "disabled": False,
            **dict.fromkeys(("has_issues", "has_projects", "has_wiki", "has_downloads"), True),
            **dict.fromkeys(("has_pages", "has_discussions"), False),
            "pushed_at": repo.created_at,
            "created_at": repo.created_at,
            "updated_at": repo.created_at,
        }

    def full_repository(self, repo: Repository) -> Json:
        return {**self.repository(repo), "network_count": 0, "subscribers_count": 0}

    def ref(self, repo: Repository, name: str, sha: str) -> Json:
        return {
            "ref": name,
            "node_id": node_id("Ref", name),
            "url": f"{self._url(repo)}/git/{name}",
            "object": {"type": "commit", "sha": sha, "url": f"{self._url(repo)}/git/commits/{sha}"},
        }

    def tree(self, repo: Repository, sha: str, *, recursive: bool) -> Json:
        entries = repo.git.tree(sha, recursive=recursive)
        url = f"{self._url(repo)}/git"
        return {
            "sha": sha,
            "url": f"{url}/trees/{sha}",
            "tree": [
                {
                    "path": entry.path,
                    "mode": entry.mode,
                    "type": entry.type,
                    "sha": entry.sha,
                    **({} if entry.size is None else {"size": entry.size}),
                    **({} if entry.type == "commit" else {"url": f"{url}/{entry.type}s/{entry.sha}"}),
                }
                for entry in entries[: repo.tree_limit]
            ],
            "truncated": recursive and len(entries) > repo.tree_limit,
        }

    def short_blob(self, repo: Repository, sha: str) -> Json:
        return {"sha": sha, "url": f"{self._url(repo)}/git/blobs/{sha}"}

    def blob(self, repo: Repository, sha: str) -> Json:
        data = repo.git.blob(sha)
        return {
            **self.short_blob(repo, sha),
            "node_id": node_id("Blob", sha),
            "size": len(data),
            "content": base64.encodebytes(data).decode(),
            "encoding": "base64",
        }

    def git_commit(self, repo: Repository, commit: CommitObject) -> Json:
        url = f"{self._url(repo)}/git"
        return {
            "sha": commit.sha,
            "node_id": node_id("Commit", commit.sha),
            "url": f"{url}/commits/{commit.sha}",
            "html_url": f"{self._page(repo)}/commit/{commit.sha}",
            **self._commit_facts(repo, commit),
            "parents": self._parents(repo, commit, f"{url}/commits"),
        }

    def commit(self, repo: Repository, commit: CommitObject) -> Json:
        url = f"{self._url(repo)}/commits"
        return {
            "sha": commit.sha,
            "node_id": node_id("Commit", commit.sha),
            "url": f"{url}/{commit.sha}",
            "html_url": f"{self._page(repo)}/commit/{commit.sha}",
            "comments_url": f"{url}/{commit.sha}/comments",
            "commit": {
                **self._commit_facts(repo, commit),
                "url": f"{self._url(repo)}/git/commits/{commit.sha}",
                "comment_count": 0,
            },
            "author": None,
            "committer": None,
            "parents": self._parents(repo, commit, url),
        }

    def _commit_facts(self, repo: Repository, commit: CommitObject) -> Json:
        # GitHub signs what an app commits through the API without naming an author.
        verified = commit.committer.name == "GitHub"
        return {
            "author": _signature(commit.author),
            "committer": _signature(commit.committer),
            "tree": {"sha": commit.tree, "url": f"{self._url(repo)}/git/trees/{commit.tree}"},
            "message": commit.message,
            "verification": {
                "verified": verified,
                "reason": "valid" if verified else "unsigned",
                "signature": None,
                "payload": None,
                "verified_at": commit.committer.date if verified else None,
            },
        }

    def _parents(self, repo: Repository, commit: CommitObject, url: str) -> list[Json]:
        return [
            {"sha": sha, "url": f"{url}/{sha}", "html_url": f"{self._page(repo)}/commit/{sha}"}
            for sha in commit.parents
        ]

    def branch(self, repo: Repository, name: str, commit: CommitObject) -> Json:
        url = f"{self._url(repo)}/branches/{name}"
        return {
            "name": name,
            "commit": self.commit(repo, commit),
            "_links": {"self": url, "html": f"{self._page(repo)}/tree/{name}"},
            "protected": False,
            "protection": {
                "enabled": False,
                "required_status_checks": {"enforcement_level": "off", "contexts": [], "checks": []},
            },
            "protection_url": f"{url}/protection",
        }

    def label(self, repo: Repository, label: Label) -> Json:
        return {
            "id": label.id,
            "node_id": node_id("Label", label.id),
            "url": f"{self._url(repo)}/labels/{label.name}",
            "name": label.name,
            "color": label.color,
            "default": False,
            "description": label.description,
        }

    def comment(self, repo: Repository, pull: Pull, number: int, *, user: str, when: str) -> Json:
        """The comment of that number on a pull request."""
        url, identity = self._url(repo), pull.id * 1000 + number
        return {
            "id": identity,
            "node_id": node_id("IssueComment", identity),
            "url": f"{url}/issues/comments/{identity}",
            "html_url": f"{self._page(repo)}/pull/{pull.number}#issuecomment-{identity}",
            "issue_url": f"{url}/issues/{pull.number}",
            "body": repo.comments[pull.number][number - 1],
            "user": self.user(user),
            "created_at": when,
            "updated_at": when,
            "author_association": "NONE",
        }

    def team(self, repo: Repository, slug: str) -> Json:
        url = f"{self._api}/organizations/1/team/{sum(slug.encode())}"
        return {
            "id": sum(slug.encode()),
            "node_id": node_id("Team", slug),
            "name": slug,
            "slug": slug,
            "description": None,
            "privacy": "closed",
            "permission": "push",
            "notification_setting": "notifications_enabled",
            "url": url,
            "html_url": f"{self._web}/orgs/{repo.owner}/teams/{slug}",
            "members_url": f"{url}/members{{/member}}",
            "repositories_url": f"{url}/repos",
            "type": "organization",
            "organization_id": 1,
            "parent": None,
        }

    def issue(self, repo: Repository, issue: Issue) -> Json:
        return {
            **self._issue(repo, issue.number, "issues"),
            "id": issue.id,
            "node_id": node_id("Issue", issue.id),
            "title": issue.title,
            "body": issue.body,
            "state": issue.state,
            "user": self.user(issue.user),
            "author_association": issue.association,
            "created_at": issue.created_at,
            "updated_at": issue.updated_at,
            "assignees": [],
            "labels": [],
        }

    def pull_as_issue(self, repo: Repository, pull: Pull) -> Json:
        """A pull request in the list of issues."""
        mine, page = f"{self._url(repo)}/pulls/{pull.number}", f"{self._page(repo)}/pull/{pull.number}"
        return {
            **self._issue(repo, pull.number, "pull"),
            "id": pull.id,
            "node_id": node_id("PullRequest", pull.id),
            "title": pull.title,
            "body": pull.body,
            "state": pull.state,
            "user": self.user(pull.user),
            "author_association": "CONTRIBUTOR",
            "created_at": pull.created_at,
            "updated_at": pull.updated_at,
            "assignees": [self.user(name) for name in pull.assignees],
            "labels": [self.label(repo, repo.labels[name.lower()]) for name in pull.labels],
            "pull_request": {
                "url": mine,
                "html_url": page,
                "diff_url": f"{page}.diff",
                "patch_url": f"{page}.patch",
                "merged_at": pull.merged_at,
            },
        }

    def _issue(self, repo: Repository, number: int, kind: str) -> Json:
        url = f"{self._url(repo)}/issues/{number}"
        return {
            "number": number,
            "url": url,
            "repository_url": self._url(repo),
            "labels_url": f"{url}/labels{{/name}}",
            "comments_url": f"{url}/comments",
            "events_url": f"{url}/events",
            "html_url": f"{self._page(repo)}/{kind}/{number}",
            "assignee": None,
            "milestone": None,
            "locked": False,
            "comments": len(repo.comments.get(number, ())),
            "closed_at": None,
            "closed_by": None,
        }

    def status(self, repo: Repository, status: Status) -> Json:
        return {
            "id": status.id,
            "node_id": node_id("Status", status.id),
            "url": f"{self._url(repo)}/statuses/{status.sha}",
            "avatar_url": None,
            "state": status.state,
            "context": status.context,
            "description": status.description,
            "target_url": None,
            "created_at": status.created_at,
            "updated_at": status.created_at,
            "creator": self.user(status.user),
        }

    def file(self, repo: Repository, path: str, ref: str, sha: str) -> Json:
        """A file, as the contents API shows it: one of more than a megabyte without its content."""
        data = repo.git.blob(sha)
        small = len(data) <= LARGEST_CONTENT
        return {
            **self._content(repo, path, ref, kind="file", sha=sha, size=len(data)),
            "encoding": "base64" if small else "none",
            "content": base64.encodebytes(data).decode() if small else "",
        }

    def link(self, repo: Repository, path: str, ref: str, sha: str) -> Json:
        """A symbolic link that leads to no file of the repository."""
        target = repo.git.blob(sha)
        shown = self._content(repo, path, ref, kind="symlink", sha=sha, size=len(target))
        return {**shown, "target": target.decode()}

    def folder(self, repo: Repository, path: str, ref: str, tree: str) -> list[Json]:
        """What is in a folder."""
        kinds = {"120000": "symlink", "040000": "dir", "160000": "submodule"}
        return [
            self._content(
                repo,
                f"{path}/{entry.path}",
                ref,
                kind=kinds.get(entry.mode, "file"),
                sha=entry.sha,
                size=entry.size or 0,
            )
            for entry in repo.git.tree(tree)
        ]

    def _content(self, repo: Repository, path: str, ref: str, *, kind: str, sha: str, size: int) -> Json:
        """What the contents API says of anything that stands at a path."""
        url = f"{self._url(repo)}/contents/{path}?ref={ref}"
        page = f"{self._page(repo)}/{'tree' if kind == 'dir' else 'blob'}/{ref}/{path}"
        data = f"{self._url(repo)}/git/{'trees' if kind == 'dir' else 'blobs'}/{sha}"
        return {
            "type": kind,
            "name": path.rpartition("/")[2],
            "path": path,
            "sha": sha,
            "size": size,
            "url": url,
            "html_url": page,
            "git_url": data,
            "download_url": None if kind == "dir" else f"{self._web}/raw/{repo.full_name}/{ref}/{path}",
            "_links": {"self": url, "git": data, "html": page},
        }

    def installation(self, app: App, found: Installation) -> Json:
        url = f"{self._api}/app/installations/{found.number}"
        return {
            "id": found.number,
            "account": self.user(found.account),
            "access_tokens_url": f"{url}/access_tokens",
            "repositories_url": f"{self._api}/installation/repositories",
            "html_url": f"{self._web}/organizations/{found.account}/settings/installations/{found.number}",
            "app_id": int(app.number),
            "app_slug": app.slug,
            "client_id": f"Iv1.{app.number}",
            "target_id": 1,
            "target_type": "Organization",
            "permissions": dict(found.permissions),
            "events": [],
            "repository_selection": "selected",
            "single_file_name": None,
            "suspended_at": "2026-01-01T00:00:00Z" if found.suspended else None,
            "suspended_by": None,
            "created_at": "2026-01-01T00:00:00Z",
            "updated_at": "2026-01-01T00:00:00Z",
        }

    def pull(self, repo: Repository, pull: Pull) -> Json:
        """As in lists: `pull-request-simple`."""
        url, page = self._url(repo), f"{self._page(repo)}/pull/{pull.number}"
        issue = f"{url}/issues/{pull.number}"
        mine = f"{url}/pulls/{pull.number}"
        links = {
            "self": mine,
            "html": page,
            "issue": issue,
            "comments": f"{issue}/comments",
            "review_comments": f"{mine}/comments",
            "review_comment": f"{url}/pulls/comments{{/number}}",
            "commits": f"{mine}/commits",
            "statuses": f"{url}/statuses/{pull.head_sha}",
        }
        return {
            "id": pull.id,
            "node_id": node_id("PullRequest", pull.id),
            "number": pull.number,
            "url": mine,
            "html_url": page,
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
            "issue_url": issue,
            "comments_url": links["comments"],
            "commits_url": links["commits"],
            "review_comments_url": links["review_comments"],
            "review_comment_url": links["review_comment"],
            "statuses_url": links["statuses"],
            "state": pull.state,
            "locked": False,
            "draft": pull.draft,
            "title": pull.title,
            "body": pull.body,
            "user": self.user(pull.user),
            "labels": [self.label(repo, repo.labels[name.lower()]) for name in pull.labels],
            "milestone": None,
            "assignee": None,
            "assignees": [self.user(name) for name in pull.assignees],
            "requested_reviewers": [self.user(name) for name in pull.reviewers],
            "requested_teams": [self.team(repo, name) for name in pull.teams],
            "created_at": pull.created_at,
            "updated_at": pull.updated_at,
            "closed_at": pull.closed_at,
            "merged_at": pull.merged_at,
            "merge_commit_sha": pull.merge_commit,
            "head": self._side(pull.fork or repo, pull.head, pull.head_sha),
            "base": self._side(repo, pull.base, pull.base_sha),
            "author_association": "CONTRIBUTOR",
            "auto_merge": None
            if pull.auto_merge is None
            else {
                "enabled_by": self.user(pull.user),
                "merge_method": pull.auto_merge.lower(),
                "commit_title": pull.title,
                "commit_message": "",
            },
            "_links": {name: {"href": href} for name, href in links.items()},
        }

    def full_pull(self, repo: Repository, pull: Pull) -> Json:
        """As on its own: `pull-request`."""
        base = repo.head(pull.base) or pull.base_sha
        mergeable = not pull.merged and repo.git.mergeable(base, pull.head_sha) is not None
        return {
            **self.pull(repo, pull),
            "merged": pull.merged,
            "mergeable": mergeable if pull.state == "open" else None,
            "mergeable_state": "clean" if mergeable else "dirty",
            "merged_by": self.user("ada") if pull.merged else None,
            "maintainer_can_modify": False,
            "commits": repo.git.count(f"{base}..{pull.head_sha}"),
            **dict.fromkeys(("additions", "deletions", "comments", "review_comments"), 0),
            "changed_files": len(
                repo.git.text("diff", "--name-only", pull.base_sha, pull.head_sha).splitlines()
            ),
        }

    def _side(self, repo: Repository, branch: str, sha: str) -> Json:
        return {
            "label": f"{repo.owner}:{branch}",
            "ref": branch,
            "sha": sha,
            "user": self.user(repo.owner),
            "repo": self.repository(repo),
        }

    def _url(self, repo: Repository) -> str:
        return f"{self._api}/repos/{repo.full_name}"

    def _page(self, repo: Repository) -> str:
        return f"{self._web}/{repo.full_name}"


def _signature(who: Signature) -> Json:
    return {"name": who.name, "email": who.email, "date": who.date}


def rate_limit(limit: int, remaining: int, reset: int) -> Json:
    rate = {"limit": limit, "used": limit - remaining, "remaining": remaining, "reset": reset}
    return {"resources": {"core": rate, "search": rate}, "rate": rate}
