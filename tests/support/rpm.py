"""Databases of rpm, made and read by rpm itself."""

import subprocess
from pathlib import Path

FORMAT = r"%{NAME} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE} %{ARCH} %{SOURCERPM}\n"


class RpmDatabase:
    """A database in a folder of its own, and what rpm says of it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "db"
        self._work = folder
        self._rpm("--initdb")

    def install(self, spec: str) -> None:
        """Build a spec without files, and enter its packages as if they were unpacked."""
        work = self._work / str(len(list(self._work.iterdir())))
        work.mkdir()
        (work / "tiny.spec").write_text(spec)
        command = [
            "rpmbuild",
            "-bb",
            "--target",
            "noarch",
            "--define",
            f"_topdir {work}",
            str(work / "tiny.spec"),
        ]
        subprocess.run(command, check=True, capture_output=True)
        built = sorted(map(str, work.glob("RPMS/*/*.rpm")))
        self._rpm("--install", "--justdb", "--nodeps", "--noscripts", "--oldpackage", *built)

    def erase(self, name: str) -> None:
        self._rpm("--erase", "--justdb", "--nodeps", "--noscripts", name)

    def list(self) -> set[tuple[str, ...]]:
        """Name, version, architecture and source package of each, as `rpm -qa` tells them."""
        lines = self._rpm("--query", "--all", "--queryformat", FORMAT).splitlines()
        return {tuple(line.split(" ")) for line in lines}

    def files(self, place: str) -> dict[str, bytes]:
        """Database and log, as an image would have them whose database lies in `place`."""
        return {
            place + suffix: (self.folder / f"rpmdb.sqlite{suffix}").read_bytes() for suffix in ("", "-wal")
        }

    def _rpm(self, *words: str) -> str:
        command = ["rpm", "--dbpath", str(self.folder), "--define", "_db_backend sqlite", *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout
