"""What the Action and the container image are made of, without asking PyPI each time: wheels, a base image.

`python:3.13-alpine` is the stand-in for Alpine with this machine's Python and git in it, where the official
image has its own.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

from tests.support.images import alpine
from tests.support.oci import Entry, Image, layer
from tests.support.parts import CACHE
from tests.support.project import ROOT

LOCK = ROOT / "requirements" / "runtime.txt"

_LEFT_OUT = frozenset({"__pycache__", "site-packages", "test", "tests", "idlelib", "tkinter", "turtledemo"})
_BASE = os.path.realpath(sys._base_executable)


def wheelhouse() -> Path:
    """A folder with the wheels that the lock names for this Python, downloaded at most once for each lock."""
    key = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:16]
    folder = CACHE / "wheels" / key
    if not folder.exists():
        fresh = folder.with_suffix(f".{os.getpid()}")
        pip = (sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check")
        lock = ("--require-hashes", "--only-binary", ":all:", "--requirement", LOCK)
        subprocess.run([*pip, *lock, "--dest", fresh], check=True)
        try:
            fresh.rename(folder)
        except OSError:  # another process was faster
            shutil.rmtree(fresh)
    return folder


@cache
def python_alpine() -> Image:
    """The base image, for this machine's architecture alone."""
    return Image(layers=(*alpine()[0].layers, layer(_entries())), config=alpine()[0].config)


def _entries() -> Iterator[Entry]:
    stdlib, packages = (Path(_ask(f"sysconfig.get_path({name!r})")) for name in ("stdlib", "purelib"))
    git = Path(os.path.realpath(str(shutil.which("git"))))
    pip = Path(_ask("os.path.dirname(pip.__file__)", python=sys.executable, module="pip"))
    files = {path: path for path in (Path(_BASE), git, *_tree(stdlib))}
    files |= {packages / "pip" / path.relative_to(pip): path for path in _tree(pip)}
    extensions = (*(stdlib / "lib-dynload").glob("*.so"), *_installed("_cffi_backend", "cryptography"))
    files |= {path: path for path in _libraries((Path(_BASE), git, *extensions))}
    folders = {parent for path in files for parent in path.parents} - {Path("/")}
    known = {Path("/", entry) for entry in ("bin", "lib", "usr", "usr/bin", "etc")}
    yield from (Entry(name=_name(folder), mode=0o755) for folder in sorted(folders - known))
    for path, source in sorted(files.items()):
        yield Entry(name=_name(path), data=source.read_bytes(), mode=source.stat().st_mode & 0o755)
    yield Entry(name="usr/local/bin", mode=0o755)
    for name in ("python", "python3"):
        yield Entry(name=f"usr/local/bin/{name}", link=_BASE, mode=0o777)


def _installed(*names: str) -> Iterator[Path]:
    """Extension modules of packages in the lock: wheels rely on glibc's libraries being there."""
    packages = Path(sysconfig.get_path("platlib"))
    for name in names:
        yield from (*packages.glob(f"{name}*.so"), *packages.glob(f"{name}/**/*.so"))


def _tree(folder: Path) -> Iterator[Path]:
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in _LEFT_OUT and not name.startswith("config-")]
        yield from (Path(root, name) for name in names)


def _libraries(binaries: Iterable[Path]) -> set[Path]:
    """Paths of the shared libraries that the binaries load, as the loader will look for them."""
    said = subprocess.run(["ldd", *binaries], check=True, capture_output=True, text=True).stdout
    return {Path(path) for path in re.findall(r"^\t(?:\S+ => )?(/\S+) \(0x", said, re.MULTILINE)}


def _name(path: Path) -> str:
    return path.as_posix().lstrip("/")


def _ask(expression: str, *, python: str = _BASE, module: str = "sysconfig") -> str:
    program = f"import os, {module}; print({expression})"
    done = subprocess.run([python, "-I", "-c", program], check=True, capture_output=True, text=True)
    return done.stdout.strip()
