"""What started the workflow, and what must not happen because of it."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from action.inputs import PREFIX, READING, Inputs

_SECRETS = (
    "GITHUB_TOKEN",
    "PINBOT_GITHUB_TOKEN",
    "PINBOT_APP_ID",
    "PINBOT_APP_KEY",
    "PINBOT_APP_KEY_FILE",
)

# What a run on a stranger's files may see: how to find programs and the network, and nothing secret.
_HARMLESS = (
    "PATH",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    *(
        case(name)
        for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
        for case in (str.lower, str.upper)
    ),
)


_BY_ANYBODY = frozenset({"issue_comment", "issues", "discussion", "discussion_comment"})
"""Events that a stranger can bring about, with all secrets of the repository in reach of the workflow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Why the workflow runs.

    Attributes:
        pull_request: it was a pull request, of whomever: its files are no branch to propose changes to.
        fork: the files may come from another repository, so from a stranger. A workflow that runs on
            `pull_request_target` or `workflow_run` has secrets all the same.
    """

    pull_request: bool = False
    fork: bool = False

    def restrict(self, inputs: Inputs) -> tuple[Inputs, tuple[str, ...]]:
        """What may be done of what was asked for, and in words what may not."""
        notes: list[str] = []
        changes = inputs.command not in READING
        if (self.pull_request or self.fork) and changes:
            if not inputs.dry_run:
                notes.append("On a pull request pinbot only checks: nothing is written or proposed.")
            inputs = replace(inputs, dry_run=True, pull_request=False)
        if self.fork:
            if changes and inputs.build is not False:
                notes.append(
                    "Files that may be a stranger's are not test-built, so that no secret is in their reach."
                )
                inputs = replace(inputs, build=False, save_verdicts=False)
            if inputs.many:
                notes.append("Other repositories are left alone, since the files may be a stranger's.")
                inputs = replace(inputs, repositories=(), owners=(), installed=False)
            notes.append("Registries are asked without credentials, since the files may be a stranger's.")
            inputs = replace(inputs, token="", app_id="", app_key="")
        return inputs, tuple(notes)

    def environment(
        self, environ: Mapping[str, str], secrets: Mapping[str, str], *, home: Path
    ) -> dict[str, str]:
        """The variables that pinbot gets to see; `home` is an empty folder, for where nobody's will do.

        Whom it speaks to GitHub as is what the inputs say, in `secrets`, and nothing that is around.

        A pinbot.yaml may name any variable as a password and any host to send it to, so that of a fork is
        read where there is none.
        """
        if self.fork:
            seen = {name: environ[name] for name in _HARMLESS if name in environ}
            return {**seen, "HOME": str(home)}
        seen = {
            name: value
            for name, value in environ.items()
            if not name.startswith(PREFIX) and name not in _SECRETS
        }
        return {**seen, **secrets}


def read(environ: Mapping[str, str]) -> Event:
    """The event of this run; one whose payload cannot be understood is taken for the worst it may be."""
    name = environ.get("GITHUB_EVENT_NAME", "")
    if name in _BY_ANYBODY:
        return Event(fork=not _is_default_branch(environ))
    pull_request = name.startswith("pull_request")
    if not pull_request and name != "workflow_run":
        return Event()
    try:
        payload = json.loads(Path(environ["GITHUB_EVENT_PATH"]).read_bytes())
        head = _head(payload, name)
        here = payload["repository"]["full_name"]
    except (KeyError, TypeError, ValueError, OSError):
        return Event(pull_request=pull_request, fork=True)
    return Event(pull_request=pull_request, fork=not isinstance(here, str) or head != here)


def _is_default_branch(environ: Mapping[str, str]) -> bool:
    """Whether what is checked out is the commit that such an event runs on, and no pull request's head."""
    try:
        done = subprocess.run(
            ["git", "-c", "safe.directory=*", "rev-parse", "HEAD"],  # noqa: S607 - git is found on PATH by design
            cwd=environ["GITHUB_WORKSPACE"],
            env={name: environ[name] for name in ("PATH",) if name in environ},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
        )
    except (KeyError, OSError, ValueError, subprocess.SubprocessError):
        return False
    return done.stdout.strip() == environ.get("GITHUB_SHA")


def _head(payload: Any, name: str) -> Any:
    """Full name of the repository that the files may come from; of one that is deleted there is none."""
    if name == "workflow_run":
        return payload["workflow_run"]["head_repository"]["full_name"]
    return payload["pull_request"]["head"]["repo"]["full_name"]
