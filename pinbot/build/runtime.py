"""Which OCI runtime can hold the steps of a build here.

In a container of a runtime, a step sees a root, devices and processes of its own. In a mere chroot, it is
root beside the machine's devices, and can walk out. Sources: runtime-spec 1.0, config.md; crun(1), runc(8).
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from pinbot.build import process

RUNTIMES = ("crun", "runc")
_TRY_SECONDS = 60.0
_SYSTEM = ("/usr", "/bin", "/lib", "/lib64")


async def usable(env: Mapping[str, str], apart: Sequence[str | Path], folder: Path) -> tuple[str | None, str]:
    """The first runtime that can start a container.

    Args:
        env: what it will see.
        apart: the command in front of it.
        folder: a private one, to try in.

    Returns:
        The runtime, or None and why there is none.
    """
    problems = []
    for name in RUNTIMES:
        if not process.is_there(name, env):
            problems.append(f"{name} is not installed")
            continue
        bundle = folder / name
        (bundle / "rootfs").mkdir(parents=True)
        (bundle / "config.json").write_text(json.dumps(_container()))
        words = ("--root", bundle / "state", "run", "--bundle", bundle, f"pinbot-{uuid.uuid4().hex}")
        tried = await process.run((*apart, name, *words), env=env, limit=_TRY_SECONDS)
        if tried.good:
            return name, ""
        problems.append(f"{name}: {' '.join(tried.tail)[:200]}")
    return None, "; ".join(problems)


def _container() -> dict[str, object]:
    """A container that shows a part of this machine, and does nothing in it."""
    shown = [
        {"destination": place, "source": place, "type": "bind", "options": ["rbind", "ro"]}
        for place in _SYSTEM
        if Path(place).exists()
    ]
    return {
        "ociVersion": "1.0.0",
        "process": {
            "args": ["true"],
            "cwd": "/",
            "env": ["PATH=/usr/bin:/bin"],
            "user": {"uid": 0, "gid": 0},
        },
        "root": {"path": "rootfs"},
        "mounts": [{"destination": "/proc", "source": "proc", "type": "proc"}, *shown],
        "linux": {"namespaces": [{"type": kind} for kind in ("pid", "mount", "ipc", "uts")]},
    }
