"""The line to GitHub: where it leads, and where it ends.

PyGithub's own connections follow redirects in a way that loses what was asked; these stop there.
"""

import json
import logging
from typing import Any
from urllib.parse import urlsplit

import github
import requests
from github.Requester import HTTPRequestsConnectionClass, HTTPSRequestsConnectionClass

from pinbot.errors import UsageError
from pinbot.forge.github.errors import MOVED

TIMEOUT = 15  # seconds; GitHub itself gives up after ten
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

github.set_log_level(logging.WARNING)  # it tells of redirects on standard error, as the server words them


def line(api_url: str) -> HTTPRequestsConnectionClass | HTTPSRequestsConnectionClass:
    """What requests are sent over."""
    parts = urlsplit(api_url)
    kind = HTTPSRequestsConnectionClass if parts.scheme == "https" else HTTPRequestsConnectionClass
    made = kind(str(parts.hostname), parts.port, timeout=TIMEOUT)
    made.session.hooks["response"].append(_stop_at_move)
    return made


def _stop_at_move(answer: requests.Response, *_: Any, **__: Any) -> None:
    """Take a redirect for a refusal, unless it leads to the same question.

    PyGithub follows one without the query, so that a file of another branch would be read, or the first pull
    requests of any kind; and one that GitHub answers to a change, not at all. One to another host is left to
    it: it refuses that, and the address of the API is what is wrong then.

    Raises:
        GithubException: what was asked for has moved.
    """
    asked, host = answer.request, urlsplit(answer.headers.get("location", "")).hostname
    address = urlsplit(asked.url or "")
    if answer.status_code in MOVED and host == address.hostname and (asked.method != "GET" or address.query):
        raise github.GithubException(answer.status_code, details(answer.text), dict(answer.headers))


def details(text: str) -> Any:
    """What a refusal says, of which not all are GitHub's own."""
    try:
        return json.loads(text)
    except ValueError:
        return {}


def check_address(api_url: str) -> str:
    """The host of the API, for messages. A token must not travel in clear text."""
    try:
        parts = urlsplit(api_url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
        parts = urlsplit("")
    plain = parts.scheme == "http" and host in _LOOPBACK
    if not host or not (parts.scheme == "https" or plain) or parts.username or parts.query or parts.fragment:
        shown = api_url.rpartition("@")[2]  # what stands before may be a password
        raise UsageError(
            f"{shown!r} is no address of a GitHub API",
            hint="it looks like https://api.github.com or https://HOST/api/v3; http is for this machine only",
        )
    return host if port is None else f"{host}:{port}"
