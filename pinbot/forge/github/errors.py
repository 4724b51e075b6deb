"""What GitHub's refusals and silences mean: the only place that turns foreign exceptions into pinbot's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

from github import BadAttributeException, GithubException
from requests.exceptions import RequestException, SSLError

from pinbot.errors import ForgeConflict, ForgeDenied, ForgeError

# Beside its own exceptions PyGithub lets through those of requests, and meets an answer that it does not know
# with an assertion, a RuntimeError (redirects) or a ValueError (JSON). KeyError, TypeError and AttributeError
# come from reading an answer that lacks what GitHub's API promises.
FOREIGN = (
    GithubException,
    BadAttributeException,
    RequestException,
    AssertionError,
    RuntimeError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
)

MOVED = frozenset(
    {HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT}
)
"""What GitHub answers under the old name of a repository."""

LONGEST_WAIT = 120.0
_ATTEMPTS = 4
_SECONDARY_WAIT = 60.0
_PERMISSIONS = (
    "https://docs.github.com/rest/authentication/permissions-required-for-fine-grained-personal-access-tokens"
)

_NOT_PERMISSIONS = {
    "not permitted to create or approve pull requests": "switch on Settings > Actions > General > "
    '"Allow GitHub Actions to create and approve pull requests", or use the token of an app',
    "archived": "an archived repository cannot be changed",
    "SAML enforcement": "authorize the token for single sign-on of the organisation, or use an app",
    "IP allow list": "have the address of this machine allowed by the organisation, or run where one is",
    "access blocked": "GitHub has closed it: leave it out, or ask GitHub's support",
}
"""What a refusal (403) says that is about no permission of the token, and what helps."""

_CLOSED: Mapping[int, str] = {
    HTTPStatus.GONE: "switch it on in Settings > General > Features of the repository, or do without "
    "(`dashboard: false`)",
    HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS: "GitHub has closed it: leave it out, or ask GitHub's support",
}
"""What is not there on purpose, and what helps."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was being done, for messages: "could not {doing} {target}", and the permission that it takes."""

    doing: str
    needs: str
    target: str
    host: str


def is_refusal(error: BaseException, status: int, words: str) -> bool:
    """Whether GitHub answered with that status, and those words among its own."""
    return isinstance(error, GithubException) and error.status == status and words in _said(error)


def _said(error: GithubException) -> str:
    """GitHub's own words: its message and the details of a failed validation, in one line."""
    data = error.data if isinstance(error.data, dict) else {}
    parts = [str(data.get("message") or "")]
    errors = data.get("errors")
    parts += [_detail(item) for item in errors] if isinstance(errors, list) else []
    return _clean("; ".join(part for part in parts if part))


def _detail(item: object) -> str:
    if not isinstance(item, dict):
        return str(item)
    if item.get("message"):
        return str(item["message"])
    return " ".join(str(item[key]) for key in ("resource", "field", "code") if item.get(key))


def pause_before_retry(error: BaseException, attempt: int) -> float | None:
    """Seconds after which the same request may be sent again, having failed `attempt` times; None: never.

    Every request that pinbot sends may be sent twice, because each step of the life cycle may.
    """
    if attempt >= _ATTEMPTS:
        return None
    if isinstance(error, RequestException):
        return None if isinstance(error, SSLError) else float(2 ** (attempt - 1))
    if not isinstance(error, GithubException) or _exhausted_until(error) is not None:
        return None
    if _is_secondary_limit(error):
        return _retry_after(error) or _SECONDARY_WAIT
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _retry_after(error) or float(2 ** (attempt - 1))
    return None


def explain(error: BaseException, request: Request) -> ForgeError:
    """The error to raise instead."""
    could_not = f"could not {request.doing} {request.target}"
    if isinstance(error, RequestException):
        return ForgeError(
            f"{could_not}: {request.host} could not be asked: {_reason(error)}",
            hint="check the network, the proxy settings and the address of the API",
        )
    if not isinstance(error, GithubException):
        return ForgeError(
            f"{could_not}: what {request.host} answers is not GitHub's API ({type(error).__name__})",
            hint="check the address of the API: for GitHub Enterprise Server it ends in /api/v3",
        )
    words = _said(error) or "no reason given"
    if error.status in MOVED:
        return ForgeError(
            f"{could_not}: it has another name by now (GitHub says: {words})",
            hint="name it as its page on GitHub does now",
        )
    if (reset := _exhausted_until(error)) is not None:
        return ForgeError(
            f"{could_not}: the token's request quota is used up until {reset}",
            hint="run again after that time, or use another token",
        ).about_all()
    if _is_secondary_limit(error):
        seconds = _retry_after(error) or _SECONDARY_WAIT
        return ForgeError(
            f"{could_not}: GitHub asks to slow down and to wait {seconds:.0f} seconds",
            hint="run again later, and not at the same minute as other jobs of this token",
        ).about_all()
    if error.status == HTTPStatus.UNAUTHORIZED:
        return ForgeDenied(
            f"{could_not}: GitHub says: {words}: the token is wrong or has expired",
            hint="give a valid token in GITHUB_TOKEN",
        ).about_all()
    if error.status == HTTPStatus.FORBIDDEN and "nstallation" in words and "suspended" in words:
        return ForgeDenied(
            f"{could_not}: GitHub says: {words}",
            hint="who installed the app can end that, in the settings of the account",
        ).about_all()
    if error.status == HTTPStatus.FORBIDDEN:
        return ForgeDenied(f"{could_not}: GitHub says: {words}", hint=_permission_hint(error, words, request))
    if error.status == HTTPStatus.NOT_FOUND:
        return ForgeDenied(
            f"{could_not}: it does not exist, or the token may not do this (GitHub says: {words})",
            hint=f"check the repository's name, and give the token the permission {request.needs}",
        )
    if error.status == HTTPStatus.CONFLICT:
        return ForgeConflict(
            f"{could_not}: GitHub says: {words}",
            hint="push a first commit" if "empty" in words else "run again",
        )
    if error.status == HTTPStatus.UNPROCESSABLE_ENTITY:
        return ForgeError(
            f"{could_not}: GitHub refuses it: {words}",
            hint="check the rules of the repository for branches and pull requests",
        )
    if error.status in _CLOSED:
        return ForgeError(f"{could_not}: GitHub says: {words}", hint=_CLOSED[error.status])
    return ForgeError(
        f"{could_not}: {request.host} could not be asked: it answered {error.status} ({words})",
        hint="see https://www.githubstatus.com and run again later",
    )


def refused(errors: list[object], request: Request) -> ForgeError:
    """The error for a mutation that GraphQL carried out with errors alone."""
    words = _clean("; ".join(_detail(item) for item in errors)) or "no reason given"
    could_not = f"could not {request.doing} {request.target}: GitHub says: {words}"
    if any(isinstance(item, dict) and item.get("type") == "FORBIDDEN" for item in errors):
        return ForgeDenied(could_not, hint=f"give the token the permission {request.needs}")
    if "uto merge is not allowed" in words or "uto-merge is not allowed" in words:
        return ForgeError(could_not, hint='switch on Settings > General > Pull Requests > "Allow auto-merge"')
    if "clean status" in words:
        return ForgeError(could_not, hint="nothing is asked for before a merge: protect the base branch")
    return ForgeError(could_not, hint="check the rules of the repository for branches and pull requests")


def _permission_hint(error: GithubException, words: str, request: Request) -> str:
    for said, hint in _NOT_PERMISSIONS.items():
        if said in words:
            return hint
    accepted = _headers(error).get("x-accepted-github-permissions", "").replace("=", ": ").replace("_", "-")
    return f"give the token the permission {accepted or request.needs}; see {_PERMISSIONS}"


def _headers(error: GithubException) -> Mapping[str, str]:
    return {name.lower(): str(value) for name, value in (error.headers or {}).items()}


def _exhausted_until(error: GithubException) -> str | None:
    """When the primary rate limit resets, if it is what stopped the request."""
    headers = _headers(error)
    if (
        error.status not in (HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS)
        or headers.get("x-ratelimit-remaining") != "0"
        or "retry-after" in headers
    ):
        return None
    try:
        reset = datetime.fromtimestamp(int(headers["x-ratelimit-reset"]), UTC)
    except (KeyError, ValueError, OverflowError, OSError):
        return "an unknown time"
    return f"{reset:%Y-%m-%d %H:%M:%S} UTC"


def _is_secondary_limit(error: GithubException) -> bool:
    """Per GitHub's "Rate limits for the REST API": 403 or 429, with Retry-After or words that say so."""
    if error.status == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    return error.status == HTTPStatus.FORBIDDEN and (
        _retry_after(error) is not None or "secondary rate limit" in _said(error).lower()
    )


def _retry_after(error: GithubException) -> float | None:
    value = _headers(error).get("retry-after", "")
    return float(value) if value.isascii() and value.isdigit() else None


def _reason(error: BaseException) -> str:
    """The innermost cause, which names the trouble; the outer ones name objects of the libraries."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return _clean(getattr(error, "strerror", None) or str(error) or type(error).__name__)


def _clean(words: str) -> str:
    """What comes from outside, made fit for one line of a message."""
    return "".join(char if char.isprintable() else " " for char in words).strip()[:500]
