"""Control groups: what holds the steps of a build to memory, processors and a number of processes.

Sources: cgroups(7); the kernel's admin-guide, cgroup-v2.rst and cgroup-v1. Only root, or a user whose session
delegates its part of the tree, can make them; elsewhere the steps are not limited, and that is said.
"""

import os
import re
import signal
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path, PurePosixPath
from typing import Self

from pinbot.config import BuildSettings
from pinbot.model.build import Limit

MOST_PROCESSES = 4096
_KEYS = {"memory": "memory", "cpu": "cpus", "pids": "processes"}
_PERIOD = 100_000
_KILL_SECONDS = 5.0
_PREFIX = "pinbot-"
_PATIENCE = 0.01
# The initial name space of control groups: what PROC_CGROUP_INIT_INO of the kernel's proc_ns.h says.
_INITIAL = "cgroup:[4026531835]"
# Where in its group the builder is, and where its steps: in version 2, no process may be beside a group.
_BUILDER, _STEPS = "builder", "steps"
# What a builder says of a step that was killed.
_KILLED = re.compile(r"exit (?:status|code):? 137|signal: killed|exited on killed")
# Enters the groups whose files come first, then becomes the command after `--`.
_ENTER = 'until [ "$1" = -- ]; do echo $$ > "$1" || exit 125; shift; done; shift; exec "$@"'


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """A mounted tree of control groups.

    Attributes:
        controllers: what it can limit; of version 2, where each group says so itself, nothing.
        unified: whether it is of version 2.
        own: the group of this process, from the root of the tree.
    """

    mount: Path
    controllers: frozenset[str]
    unified: bool
    own: PurePosixPath

    @classmethod
    def all(cls, proc: Path = Path("/proc/self")) -> tuple[Self, ...]:
        """Those that this process sees."""
        own: dict[frozenset[str], PurePosixPath] = {}
        for line in _read(proc / "cgroup").splitlines():
            _, names, group = line.split(":", 2)
            own[frozenset(names.split(",")) - {""}] = PurePosixPath(group)
        found = []
        for line in _read(proc / "mounts").splitlines():
            _, mount, kind, options = line.split(" ")[:4]
            unified = kind == "cgroup2"
            if unified or kind == "cgroup":
                named = frozenset() if unified else frozenset(options.split(","))
                controllers = next((names for names in own if names and names <= named), frozenset())
                path = own.get(controllers, PurePosixPath("/"))
                found.append(cls(Path(mount), controllers, unified, path))
        return tuple(found)

    def limit(self, name: PurePosixPath, wanted: Mapping[str, int]) -> set[str]:
        """Make a group, and write into it what of `wanted` this tree can hold; returns which that is."""
        folder = self.mount / name.relative_to("/")
        usable = set(wanted)
        if not self.unified:
            usable &= self.controllers
        if not usable:
            return set()
        with suppress(OSError):
            folder.mkdir(exist_ok=True)
            if self.unified:
                (folder / _BUILDER).mkdir(exist_ok=True)
                for parent, controller in product((folder.parent, folder), usable):
                    with suppress(OSError):
                        (parent / "cgroup.subtree_control").write_text(f"+{controller}")
        return {controller for controller in usable if self._write(folder, controller, wanted[controller])}

    def _write(self, folder: Path, controller: str, amount: int) -> bool:
        files: dict[str, int | str]
        match controller, self.unified:
            case "memory", True:
                files = {"memory.max": amount, "memory.swap.max": 0}
            case "memory", False:
                files = {"memory.limit_in_bytes": amount, "memory.memsw.limit_in_bytes": amount}
            case "cpu", True:
                files = {"cpu.max": f"{amount} {_PERIOD}"}
            case "cpu", False:
                files = {"cpu.cfs_period_us": _PERIOD, "cpu.cfs_quota_us": amount}
            case _:
                files = {"pids.max": amount}
        try:
            for name, value in files.items():
                # Swap is counted only where the kernel does so.
                if (folder / name).exists() or not ("swap" in name or "memsw" in name):
                    (folder / name).write_text(str(value))
        except OSError:
            return False
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlGroup:
    """A group for one build.

    Attributes:
        name: its path from the root of each tree; None where none could be made.
        folders: what it is in each tree that holds it.
        entrances: where a process is to be written to be in it.
        held: which controllers hold it.
        caveats: what was wanted and is not held, and why.
    """

    name: PurePosixPath | None
    folders: tuple[Path, ...]
    entrances: tuple[Path, ...]
    held: frozenset[str]
    caveats: tuple[str, ...]

    @property
    def entrance(self) -> tuple[str | Path, ...]:
        """The command in front of one that is to run in the group."""
        return ("sh", "-c", _ENTER, "sh", *self.entrances, "--") if self.entrances else ()

    @property
    def steps(self) -> str | None:
        """The group for containers, from the root of each tree."""
        return None if self.name is None else str(self.name / _STEPS)

    def exceeded(self, tail: Sequence[str]) -> Limit | None:
        """Which limit the steps of a failed build met, as far as that can be known.

        Args:
            tail: the end of the log, which tells of a step that was killed: events of a group that is gone
                are not counted any more, and that all memory was in use once means little.
        """
        killed = any(map(_KILLED.search, tail))
        for folder in self.folders:
            if any(_count(folder / name, "oom_kill") for name in ("memory.events", "memory.oom_control")):
                return Limit.MEMORY
            if killed and _is_reached(folder / "memory.max_usage_in_bytes", "memory.limit_in_bytes"):
                return Limit.MEMORY
            if _count(folder / "pids.events", "max") or _is_reached(folder / "pids.peak", "pids.max"):
                return Limit.PROCESSES
        return None

    def kill(self) -> None:
        """Kill everything in the group, also what left its process group and session."""
        deadline = time.monotonic() + _KILL_SECONDS
        for folder in self.folders:
            with suppress(OSError):
                (folder / "pids.max").write_text("0")  # else what forks for ever may stay ahead
        while (pids := self._pids()) and time.monotonic() < deadline:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(_PATIENCE)

    def _pids(self) -> set[int]:
        files = (file for folder in self.folders for file in folder.rglob("cgroup.procs"))
        return {int(pid) for file in files for pid in _read(file).split() if pid != "0"}


@contextmanager
def control_group(settings: BuildSettings, *, usable: bool = True) -> Iterator[ControlGroup]:
    """A group that is held to the limits, as far as that can be had; gone afterwards, with all in it.

    Args:
        settings: the limits.
        usable: whether the builder has a use for one.
    """
    trees = Hierarchy.all() if usable else ()
    _sweep(trees)
    group = _make(settings, trees)
    try:
        yield group
    finally:
        group.kill()
        if group.name is not None:
            _remove(group.name, trees)


def holds_memory() -> bool:
    """Whether steps can be limited here."""
    with control_group(BuildSettings(memory=1 << 30)) as group:
        return {"memory", "pids"} <= group.held


def is_initial() -> bool:
    """Whether names of groups mean here what they mean to a daemon outside of containers."""
    with suppress(OSError):
        return str(Path("/proc/self/ns/cgroup").readlink()) == _INITIAL
    return False


def _make(settings: BuildSettings, trees: tuple[Hierarchy, ...]) -> ControlGroup:
    wanted = {"pids": settings.processes or MOST_PROCESSES}
    if settings.memory is not None:
        wanted["memory"] = settings.memory
    if settings.cpus is not None:
        wanted["cpu"] = int(settings.cpus * _PERIOD)
    name = f"{_PREFIX}{os.getpid()}-{uuid.uuid4().hex[:8]}"
    # The root is root's. A user's session may have been given the tree that its own group is in.
    for parent in dict.fromkeys((PurePosixPath("/"), *(tree.own.parent for tree in trees))):
        place = parent / name
        held = {controller: tree for tree in trees for controller in tree.limit(place, wanted)}
        if "pids" in held:
            break
        _remove(place, trees)
    else:
        place, held = None, {}
    places = () if place is None else (tree.mount / place.relative_to("/") for tree in held.values())
    folders = tuple(dict.fromkeys(places))
    asked = {"memory": settings.memory, "cpu": settings.cpus, "pids": settings.processes}
    lacking = [_KEYS[controller] for controller in asked if asked[controller] and controller not in held]
    why = "no control group can be made for it here" if trees else "this builder takes no control groups"
    return ControlGroup(
        name=place,
        folders=folders,
        entrances=tuple(_entrance(folder) for folder in folders),
        held=frozenset(held),
        caveats=(f"{', '.join(lacking)} not limited: {why}",) if lacking else (),
    )


def _entrance(folder: Path) -> Path:
    inner = folder / _BUILDER
    return (inner if inner.exists() else folder) / "cgroup.procs"


def _sweep(trees: tuple[Hierarchy, ...]) -> None:
    """Remove the groups of a pinbot that was killed; the kernel keeps those that are in use."""
    for tree in trees:
        for parent in {tree.mount, tree.mount / tree.own.parent.relative_to("/")}:
            for folder in parent.glob(f"{_PREFIX}[0-9]*-*"):
                owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
                if not Path("/proc", owner).exists():
                    _remove_folders(folder)


def _remove(name: PurePosixPath, trees: tuple[Hierarchy, ...]) -> None:
    """Remove the group from every tree: a daemon makes it where we had no use for it."""
    deadline = time.monotonic() + _KILL_SECONDS
    folders = [tree.mount / name.relative_to("/") for tree in trees]
    for folder in folders:
        while not _remove_folders(folder) and time.monotonic() < deadline:
            time.sleep(_PATIENCE)


def _remove_folders(top: Path) -> bool:
    """Remove groups from the innermost outwards; whether none is left."""
    for folder, _, _ in os.walk(top, topdown=False):
        with suppress(OSError):
            os.rmdir(folder)  # noqa: PTH106  os.walk gives text
    return not top.exists()


def _count(file: Path, key: str) -> int:
    """The number after a word in a file of the kernel's."""
    pairs = (line.split() for line in _read(file).splitlines())
    return next((int(pair[1]) for pair in pairs if pair[:1] == [key]), 0)


def _is_reached(most: Path, limit: str) -> bool:
    """Whether the most that ever was is as much as there may be."""
    numbers = [_read(file).strip() for file in (most, most.with_name(limit))]
    return all(map(str.isdigit, numbers)) and int(numbers[0]) >= int(numbers[1])


def _read(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""
