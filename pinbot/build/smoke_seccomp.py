"""A tighter seccomp profile for podman: without what makes containers in a container.

Podman's own lets a process make namespaces and mounts, so that podman runs in podman. A user namespace gives
capabilities, and with them much of the kernel to attack; docker's profile allows none of this either.
Sources: containers-seccomp.json(5), "Significant syscalls blocked by the default profile" of docker's manual.
"""

import json
from pathlib import Path
from typing import Any

_PROFILES = (Path("/etc/containers/seccomp.json"), Path("/usr/share/containers/seccomp.json"))
_WITHHELD = frozenset(
    {
        *("clone", "clone3", "unshare", "setns"),
        *("mount", "mount_setattr", "move_mount", "open_tree", "pivot_root", "umount", "umount2"),
        *("fsconfig", "fsmount", "fsopen", "fspick"),
        *("add_key", "keyctl", "request_key", "ptrace", "userfaultfd"),
    }
)
_NEW_USER = 0x10000000
# Threads and processes, but no user namespace. The flags of clone3 cannot be seen; without it, libraries do.
_CLONE = {
    "names": ["clone"],
    "action": "SCMP_ACT_ALLOW",
    "args": [{"index": 0, "value": _NEW_USER, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}],
}


def write(file: Path, profiles: tuple[Path, ...] = _PROFILES) -> bool:
    """Write the profile that this machine has for podman, less what is withheld; false if it has none."""
    for path in profiles:
        try:
            profile = json.loads(path.read_bytes())
            profile["syscalls"] = [*map(_less, profile["syscalls"]), _CLONE]
            file.write_text(json.dumps(profile))
        except (OSError, ValueError, KeyError, TypeError):
            continue
        return True
    return False


def _less(rule: dict[str, Any]) -> dict[str, Any]:
    if rule["action"] != "SCMP_ACT_ALLOW":
        return rule
    return {**rule, "names": [name for name in rule["names"] if name not in _WITHHELD]}
