"""GitHub's runner for the Action: `act` takes the real `action.yml` through a workflow, on this machine."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.action_python import wheelhouse
from tests.support.parts import ACT
from tests.support.project import ROOT, Project

_WORKFLOW = """\
name: Base images
on: [workflow_dispatch, pull_request, pull_request_target]
jobs:
  pinbot:
    runs-on: ubuntu-latest
    env:
      PYTHONPATH: ${{ github.workspace }}
    steps:
      - uses: actions/checkout@v7
%s
      - if: always()
        env:
          STEPS: ${{ toJSON(steps) }}
        run: |
          printf '%%s' "$STEPS" > "$RESULTS/steps.json"
          git diff > "$RESULTS/diff"
"""


@dataclass(frozen=True, kw_only=True)
class Job:
    """What a job left behind. `diff` is of the working tree, at the end."""

    log: str
    results: Path
    diff: str
    steps: Mapping[str, Any]

    def outcome(self, step: str) -> str:
        return str(self.steps[step]["outcome"])

    def output(self, step: str, name: str) -> Any:
        return json.loads(self.steps[step]["outputs"][name])


class Runner:
    """Runs workflows in a repository that holds the Action in `pinbot-action/`; all in one folder."""

    def __init__(self, folder: Path, *, repository: str, files: Mapping[str, str | bytes]) -> None:
        self.home = folder / "home"
        self.results = folder / "results"
        self.results.mkdir(parents=True)
        self.project = Project(folder / "work", files)
        self.project.git("remote", "add", "origin", f"https://github.com/{repository}.git")
        for name in ("action", "pinbot", "requirements"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, self.project.root / "pinbot-action" / name, ignore=ignored)
        self.project.write("pinbot-action/action.yml", (ROOT / "action.yml").read_bytes())

    def run(
        self, steps: str, *, token: str, event: str, payload: Mapping[str, Any], variables: Mapping[str, str]
    ) -> Job:
        """Run the steps as one job, started by `event` with that payload."""
        log = self.run_workflow(_WORKFLOW % steps, token, event, payload, variables)
        said = self.results / "steps.json"
        assert said.exists(), log
        return Job(
            log=log,
            results=self.results,
            diff=(self.results / "diff").read_text(),
            steps=json.loads(said.read_text()),
        )

    def run_workflow(
        self, text: str, token: str, event: str, payload: Mapping[str, Any], variables: Mapping[str, str]
    ) -> str:
        """Run a whole workflow, started by `event` with that payload; gives the log."""
        self.project.write(".github/workflows/images.yml", text)
        self.project.write("event.json", json.dumps(payload))
        self.project.commit()
        settings = {
            "RESULTS": str(self.results),
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(wheelhouse()),
            "NO_PROXY": "127.0.0.1",
            **variables,
        }
        done = subprocess.run(
            [
                *(ACT, event, "--eventpath", "event.json", "--no-cache-server"),
                # Secrets are not masked, so that the log shows whether the Action itself keeps them.
                *("--platform", "ubuntu-latest=-self-hosted", "--insecure-secrets"),
                *("--secret", f"GITHUB_TOKEN={token}"),
                *(word for name, value in settings.items() for word in ("--env", f"{name}={value}")),
            ],
            cwd=self.project.root,
            env={"PATH": f"{ACT.parent}:{os.environ['PATH']}", "HOME": str(self.home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        return done.stdout
