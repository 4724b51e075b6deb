"""What buildah and podman are called and how they differ; podman builds with buildah's own code.

Sources: the manual pages of buildah and podman, and of their `build`, `push`, `containers` and `ps`.
"""

import re
import resource
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One command line.

    Attributes:
        program: the command, which is also the driver's name.
        version: what it says to `--version`.
        build: the words that build, with their options.
        pull: the words that pull.
        push: the words that write an image to another place, with its layers compressed.
        names: the template that lists images by name and tag.
        containers: the words that list what a build left working in a store, as ids.
        remove: the words that remove these.
        notes: what it keeps in its root that is of one run, and that the next would take offence at.
        longest_scratch: how long the path of a folder for temporary files may be.
    """

    program: str
    version: re.Pattern[str]
    build: tuple[str, ...]
    pull: tuple[str, ...]
    push: tuple[str, ...]
    names: str
    containers: tuple[str, ...]
    remove: tuple[str, ...]
    notes: tuple[str, ...] = ()
    longest_scratch: int | None = None

    def isolation(self, runtime: str | None, group: str | None) -> tuple[str, ...]:
        """The options of a build that say how steps run.

        Args:
            runtime: the OCI runtime; None for a chroot.
            group: the control group for containers.
        """
        if runtime is None:
            return ("--isolation", "chroot")
        return (
            *("--isolation", "oci", "--network", "host"),  # the network that the builder sees
            # Newer ones ask for more than this process may have, and the runtime then refuses.
            *("--ulimit", f"nofile={_files()}", "--ulimit", f"nproc={_processes()}"),
            *(("--runtime", runtime) if self is BUILDAH else ()),
            *(("--cgroup-parent", group) if group is not None else ()),
        )

    def state(self, root: Path, run: Path, runtime: str | None) -> tuple[str | Path, ...]:
        """The options that keep all state in folders of pinbot's.

        Args:
            root: where images and layers are kept.
            runtime: the OCI runtime, if one is used.
            run: for one build: mounts live as long as their namespace, so their state must not live longer
                either.
        """
        own = ("--root", root, "--runroot", run / "run")
        if self is PODMAN:
            # Else libpod's own state lies in the machine's, and systemd is asked for control groups.
            chosen = ("--runtime", runtime) if runtime else ()
            return (*own, "--tmpdir", run / "libpod", "--cgroup-manager", "cgroupfs", *chosen)
        return own


def _files() -> str:
    return _limits(resource.RLIMIT_NOFILE)


def _processes() -> str:
    return _limits(resource.RLIMIT_NPROC)


def _limits(kind: int) -> str:
    """The limits of this process, as `soft:hard`."""
    return ":".join(
        "-1" if limit == resource.RLIM_INFINITY else str(limit) for limit in resource.getrlimit(kind)
    )


_RETRIES = ("--retry", "2", "--retry-delay", "1s")

BUILDAH = Dialect(
    program="buildah",
    version=re.compile(r"buildah version (?P<version>\S+)"),
    build=("bud", *_RETRIES),
    pull=("pull", *_RETRIES),
    push=("push", "--disable-compression=false"),
    names="{{.Name}}:{{.Tag}}",
    containers=("containers", "--all", "--quiet"),
    remove=("rm",),
)
PODMAN = Dialect(
    program="podman",
    version=re.compile(r"podman version (?P<version>\S+)"),
    build=("build", *_RETRIES),
    pull=("pull",),
    push=("push",),
    names="{{.Repository}}:{{.Tag}}",
    containers=("ps", "--all", "--external", "--quiet"),
    remove=("rm", "--force"),
    notes=("libpod", "db.sql"),
    longest_scratch=30,  # with what comes behind it, it takes 50 characters
)
