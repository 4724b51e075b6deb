"""Linux namespaces, by the tools of util-linux: what separates a build without a daemon from this machine."""

import os
from collections.abc import Mapping

from pinbot.build import process
from pinbot.errors import BuilderError

_TRY_SECONDS = 60.0


def command(*, closed: bool) -> tuple[str, ...]:
    """The command that makes buildah process 1 of a world of its own, if wanted without a network.

    When it goes, its children and mounts go, whatever they do.
    """
    words = (
        *("unshare", "--pid", "--fork", "--mount-proc", "--kill-child"),
        *(("--net",) if closed else ()),
    )
    if os.geteuid() == 0:
        return words
    # Anybody else needs a user namespace, with the ids that /etc/subuid grants; buildah is told of it in the
    # way of `buildah unshare`.
    told = {"USERNS_CONFIGURED": "done", "ROOTLESS_UID": os.geteuid(), "ROOTLESS_GID": os.getegid()}
    return (
        *(*words, "--user", "--map-root-user", "--map-auto"),
        *("env", *(f"_CONTAINERS_{name}={value}" for name, value in told.items())),
    )


async def usable(env: Mapping[str, str], *, closed: bool) -> bool:
    """Whether namespaces can be had here; without them a build still works, but not off the network.

    Raises:
        BuilderError: the network is to be closed, and cannot be.
    """
    if not process.is_there("unshare", env):
        why = "util-linux is not installed"
    else:
        tried = await process.run((*command(closed=closed), "true"), env=env, limit=_TRY_SECONDS)
        if tried.good:
            return True
        why = " ".join(tried.tail)[:200]
    if closed:
        raise BuilderError(
            f"buildah cannot keep a build off the network here: {why}",
            hint="build as root, use docker, or set build.network to default",
        )
    return False
