"""The inputs of the Action, as they come in environment variables, and the command line that they mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from action.packing import unpack

PREFIX = "INPUT_"
"""`action.yml` passes each input in a variable: the prefix and its name in capitals, `_` for `-`."""

COMMANDS = ("scan", "check", "pin", "update")


READING = ("scan", "check")
"""Those that change nothing, and build nothing."""


class BadInput(Exception):
    """An input has a value that it cannot have; the message says which and what is expected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What the workflow's author asked for. None leaves it to pinbot and pinbot.yaml.

    Attributes:
        verdicts: the document that another job made of its builds, as it came from there; None for none. One
            that is empty is there all the same, or whoever forges it could have this job make the builds.
        save_verdicts: whether another job may want one of these builds.
    """

    command: str = "update"
    paths: tuple[str, ...] = (".",)
    only: tuple[str, ...] = ()
    dry_run: bool = False
    build: bool | None = None
    builder: str = ""
    explain: bool | None = None
    vulnerabilities: bool | None = None
    pull_request: bool = False
    base: str = ""
    labels: tuple[str, ...] = ()
    repositories: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    installed: bool = False
    verdicts: bytes | None = None
    save_verdicts: bool = False
    config: str = ""
    token: str = field(default="", repr=False)
    app_id: str = ""
    app_key: str = field(default="", repr=False)

    @property
    def many(self) -> bool:
        """Whether it is about repositories on GitHub instead of the files that are checked out here."""
        return bool(self.repositories or self.owners or self.installed)

    @property
    def secrets(self) -> dict[str, str]:
        """What pinbot gets in variables, since everybody on a machine sees arguments."""
        values = {"GITHUB_TOKEN": self.token, "PINBOT_APP_ID": self.app_id, "PINBOT_APP_KEY": self.app_key}
        return {name: value for name, value in values.items() if value}

    @property
    def arguments(self) -> list[str]:
        """What follows `pinbot`; a value never reads as an option, whatever it begins with."""
        return [
            self.command,
            "--format=json",
            *([f"--config={self.config}"] if self.config else ()),
            *(["--dry-run"] if self.dry_run else ()),
            *(f"--only={glob}" for glob in self.only),
            *_switch("build", self.build),
            *([f"--builder={self.builder}"] if self.builder else ()),
            *_switch("explain", self.explain),
            *_switch("vulnerabilities", self.vulnerabilities),
            *(["--pull-request"] if self.pull_request else ()),
            *([f"--base={self.base}"] if self.base else ()),
            *(f"--label={label}" for label in self.labels),
            *(f"--repo={name}" for name in self.repositories),
            *(f"--owner={name}" for name in self.owners),
            *(["--installed"] if self.installed else ()),
            "--",
            *(() if self.many and self.paths == (".",) else self.paths),
        ]


def read(environ: Mapping[str, str]) -> Inputs:
    """The inputs in the environment; those that are empty keep their defaults.

    Raises:
        BadInput: a value that the input cannot have.
    """
    command = _text(environ, "command") or "update"
    if command not in COMMANDS:
        raise BadInput(f"command: expected one of {', '.join(COMMANDS)}, not {command!r}")
    dry_run, build = _flag(environ, "dry-run") or False, _flag(environ, "build")
    if _text(environ, "app-private-key") and not _text(environ, "app-id"):
        raise BadInput("app-private-key: there is no app-id that it belongs to")
    return Inputs(
        command=command,
        paths=_lines(environ, "paths") or (".",),
        only=_lines(environ, "only"),
        dry_run=dry_run,
        build=build,
        builder=_text(environ, "builder"),
        explain=_flag(environ, "explain"),
        vulnerabilities=_flag(environ, "vulnerabilities"),
        pull_request=_flag(environ, "pull-request") or False,
        base=_text(environ, "base"),
        labels=_lines(environ, "labels"),
        repositories=_lines(environ, "repositories"),
        owners=_lines(environ, "owners"),
        installed=_flag(environ, "installed") or False,
        verdicts=_verdicts(environ),
        save_verdicts=command == "update" and dry_run and build is True,
        config=_text(environ, "config"),
        token=_text(environ, "token"),
        app_id=_text(environ, "app-id"),
        app_key=_text(environ, "app-private-key"),
    )


def _verdicts(environ: Mapping[str, str]) -> bytes | None:
    if not environ.get(f"{PREFIX}VERDICTS"):
        return None
    try:
        return unpack(_text(environ, "verdicts"))
    except ValueError as error:
        raise BadInput(
            f"verdicts: expected the output of that name of a job with `build` and `dry-run`: {error}"
        ) from error


def _switch(name: str, on: bool | None) -> tuple[str, ...]:  # noqa: FBT001 - the value of the switch
    return () if on is None else (f"--{name}" if on else f"--no-{name}",)


def _text(environ: Mapping[str, str], name: str) -> str:
    return environ.get(PREFIX + name.upper().replace("-", "_"), "").strip()


def _lines(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    lines = (line.strip() for line in _text(environ, name).splitlines())
    return tuple(line for line in lines if line)


def _flag(environ: Mapping[str, str], name: str) -> bool | None:
    text = _text(environ, name)
    known = {"": None, "true": True, "false": False}
    if text.lower() not in known:
        raise BadInput(f"{name}: expected true or false, not {text!r}")
    return known[text.lower()]
