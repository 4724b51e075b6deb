"""The main job on real parts, without Docker Hub or GitHub: `make demo`.

A real registry serves stand-ins for `rust:alpine` and `alpine`. pinbot pins the example service to their
digests and builds it, the tags then move upstream, and pinbot proposes the move as a pull request on a
stand-in for GitHub that keeps its state in a real git repository.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown
from rich.panel import Panel

from tests.support.github.server import GitHubServer
from tests.support.github.state import Repository
from tests.support.images import push_base_images
from tests.support.registry import RegistryServer

EXAMPLE = Path(__file__).parents[1] / "examples" / "rust-scratch"
REPOSITORY = "acme/rust-scratch"
TOKEN = "the-token-of-the-demo"

WIDTH = 110
console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)


def main() -> None:
    started = time.monotonic()
    with RegistryServer() as registry, tempfile.TemporaryDirectory(prefix="pinbot-demo-") as folder:
        say(f"A registry is up on {registry.host}; it stands in for Docker Hub.")
        push_base_images(registry.base_url, revision=1)
        home = Path(folder)
        project = _project(home, registry.host)
        pinbot = Pinbot(project, home / "pinbot.yaml")

        chapter("What is there: nothing is pinned")
        pinbot("scan")

        chapter("Pin it, once the pinned Dockerfile has been built")
        pinbot("update", "--build")
        git(project, "commit", "--quiet", "--all", "--message", "Pin base images")

        chapter("Run again: nothing to do")
        pinbot("update", "--build")

        chapter("The tags move upstream")
        for image, digest in push_base_images(registry.base_url, revision=2).items():
            say(f"{image} is now {digest[:19]}…")

        with GitHubServer() as github:
            say(f"A stand-in for GitHub is up on {github.url}.")
            github.add_token(TOKEN)
            repository = github.create_repository(REPOSITORY, from_directory=project)
            environment = {
                "GITHUB_TOKEN": TOKEN,
                "GITHUB_REPOSITORY": REPOSITORY,
                "GITHUB_API_URL": github.url,
            }

            chapter("Propose the move, once it has been built")
            pinbot("update", "--build", "--pull-request", **environment)
            _show_pull_request(repository)

            chapter("Run again: the pull request is as it should be")
            pinbot("update", "--build", "--pull-request", **environment)
    say(f"\nDone in {time.monotonic() - started:.0f} s. Everything that was started has been stopped.")


def _project(home: Path, registry: str) -> Path:
    """The example as a repository of its own, and a configuration that knows where Docker Hub is today."""
    project = home / "rust-scratch"
    shutil.copytree(EXAMPLE, project, ignore=shutil.ignore_patterns("target"))
    (home / "pinbot.yaml").write_text(
        f"registries:\n  docker.io:\n    location: {registry}\n    insecure: true\n"
    )
    git(project, "init", "--quiet", "--initial-branch", "main")
    git(project, "config", "user.name", "Demo")
    git(project, "config", "user.email", "demo@example.org")
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", "A small service")
    return project


def _show_pull_request(repository: Repository) -> None:
    pull = next(pull for pull in repository.open_pulls() if "rust" in pull.head)
    say(f"\nPull request #{pull.number}, as it is rendered:")
    console.print(Panel(Markdown(_for_terminals(pull.body or "")), title=pull.title, width=WIDTH))
    say("What its branch changes:")
    console.print(repository.git.text("diff", "--stat", f"{pull.base}...{pull.head}"), markup=False)
    console.print(repository.git.text("log", "-1", pull.head), markup=False, style="dim")


def _for_terminals(body: str) -> str:
    """The body with headings where GitHub shows parts to unfold, which terminals cannot."""
    return re.sub(r"<details><summary>(.*?)</summary>", r"#### \1", body).replace("</details>", "")


class Pinbot:
    """Runs the command as a person would, and shows it."""

    def __init__(self, project: Path, config: Path) -> None:
        self._project = project
        self._config = config

    def __call__(self, *arguments: str, **environment: str) -> None:
        console.print(f"\n[bold green]$[/] [bold]pinbot {' '.join(arguments)}[/]")
        sys.stdout.flush()
        code = subprocess.run(
            [sys.executable, "-m", "pinbot", *arguments],
            cwd=self._project,
            env={**os.environ, "PINBOT_CONFIG": str(self._config), **environment},
            check=False,
        ).returncode
        if code:
            sys.exit(f"pinbot ended with {code}")


def git(project: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=project, check=True)


def chapter(title: str) -> None:
    console.print()
    console.rule(f"[bold]{title}", align="left")


def say(text: str) -> None:
    console.print(text, style="dim", markup=False)


if __name__ == "__main__":
    main()
