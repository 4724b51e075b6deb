"""Linux namespaces, by the tools of util-linux: what separates a build without a daemon from this machine."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto
from pathlib import Path

from pinbot.build import process, runtime
from pinbot.config import Network
from pinbot.errors import BuilderError

_TRY_SECONDS = 60.0
_OWN_WORLD = ("unshare", "--pid", "--fork", "--mount-proc", "--kill-child")

# slirp4netns(1): a network in user mode, which reaches what this machine reaches, but not its loopback. It
# has sockets of the machine's, so it stays out of the PID namespace; it goes with the last writer of `leave`.
_USER_MODE = """
set -e
folder=$1
shift
rm -f "$folder/net" "$folder/ready" "$folder/leave"
: > "$folder/net"
mkfifo "$folder/ready" "$folder/leave"
unshare --net="$folder/net" true
slirp4netns --configure --mtu=65520 --disable-host-loopback --enable-sandbox --enable-seccomp \
    --netns-type=path --exit-fd=4 --ready-fd=3 "$folder/net" tap0 \
    4< "$folder/leave" 3> "$folder/ready" > "$folder/slirp.log" 2>&1 &
exec 5> "$folder/leave"
if [ "$(cat "$folder/ready")" != 1 ]; then
    cat "$folder/slirp.log" >&2
    exit 125
fi
echo 'nameserver 10.0.2.3' > "$folder/resolv.conf"
exec nsenter --net="$folder/net" unshare --mount \
    sh -c 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"' sh "$folder/resolv.conf" "$@"
"""


class Reach(Enum):
    """What of the network the steps get."""

    NOTHING = auto()
    OUTSIDE = auto()
    """What this machine reaches, by a network of their own: its loopback is out of sight."""
    MACHINE = auto()
    """The machine's own network, its loopback included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Separation:
    """How far steps can be kept apart from this machine.

    Attributes:
        processes: whether the builder gets PID and mount namespaces of its own.
        runtime: the OCI runtime that steps run under; None for a chroot, which they can leave.
        reach: what the steps reach.
        caveats: what they are not kept from, and why.
    """

    processes: bool
    runtime: str | None = None
    reach: Reach
    caveats: tuple[str, ...] = ()

    def command(self, folder: Path, *, steps: bool) -> tuple[str | Path, ...]:
        """The command in front of the builder, which makes it process 1 of a world of its own.

        When it goes, its children and mounts go, whatever they do.

        Args:
            folder: a private one, for this build alone.
            steps: whether it will run steps, for which the network is not that of the machine.
        """
        if not self.processes:
            return ()
        if steps and self.reach is Reach.OUTSIDE:
            return ("unshare", "--mount", *_as_root(), "sh", "-c", _USER_MODE, "sh", folder, *_OWN_WORLD)
        return _own_world(closed=steps and self.reach is Reach.NOTHING)


async def separation(env: Mapping[str, str], network: Network, folder: Path) -> Separation:
    """How steps are kept apart here; they can be built without, but not off the network.

    Args:
        env: what the builder will see.
        network: which network is wanted for the steps.
        folder: a private one, to try in.

    Raises:
        BuilderError: the network is to be closed, and cannot be.
    """
    closed = network is Network.NONE
    try:
        await _try(_own_world(closed=closed), env, needs="unshare")
    except _Lacking as why:
        if closed:
            raise BuilderError(
                f"steps cannot be kept off the network here: {why}",
                hint="build as root, use docker, or set build.network to default",
            ) from None
        caveat = f"steps are not kept apart from this machine: {why}"
        return Separation(processes=False, reach=Reach.MACHINE, caveats=(caveat,))
    name, why_not = await runtime.usable(env, _own_world(closed=True), folder)
    apart = Separation(
        processes=True,
        runtime=name,
        reach=Reach.NOTHING if closed else Reach.OUTSIDE,
        caveats=() if name else (f"steps can leave their chroot and act as root: {why_not}",),
    )
    if closed:
        return apart
    try:
        await _try(apart.command(folder, steps=True), env, needs="slirp4netns")
    except _Lacking as why:
        caveat = f"steps reach what listens on the machine's loopback: {why}"
        return replace(apart, reach=Reach.MACHINE, caveats=(*apart.caveats, caveat))
    return apart


class _Lacking(Exception):
    """Why something is not to be had here."""


async def _try(command: tuple[str | Path, ...], env: Mapping[str, str], *, needs: str) -> None:
    if not process.is_there(needs, env):
        raise _Lacking(f"{needs} is not installed")
    tried = await process.run((*command, "true"), env=env, limit=_TRY_SECONDS)
    if not tried.good:
        raise _Lacking(" ".join(tried.tail)[:200])


def _own_world(*, closed: bool) -> tuple[str, ...]:
    return (*_OWN_WORLD, *(("--net",) if closed else ()), *_as_root())


def _as_root() -> tuple[str, ...]:
    """What goes on the command line of `unshare` for those who are not root.

    They need a user namespace, with the ids that /etc/subuid grants; buildah and podman are told of it in the
    way of `buildah unshare`.
    """
    if os.geteuid() == 0:
        return ()
    told = {"USERNS_CONFIGURED": "done", "ROOTLESS_UID": os.geteuid(), "ROOTLESS_GID": os.getegid()}
    return (
        *("--user", "--map-root-user", "--map-auto"),
        *("env", *(f"_CONTAINERS_{name}={value}" for name, value in told.items())),
    )
