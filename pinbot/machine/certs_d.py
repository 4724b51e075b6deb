"""certs.d, as docker and podman read it: a folder for each `host[:port]`, with the certificates for it.

`*.crt` are authorities to trust, `NAME.cert` with `NAME.key` is what to show (containers-certs.d(5)).
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pinbot.errors import ConfigError
from pinbot.machine.folders import entries
from pinbot.model.reference import is_registry_host


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """What one folder holds, as paths; files are read only when they are used."""

    authorities: tuple[str, ...]
    cert: str | None
    key: str | None


def read(folders: Iterable[Path]) -> dict[str, Certificates]:
    """The certificates for each host; of several folders for one host the first counts, as in podman.

    A folder that this user may not read is passed over, as by docker and podman.

    Raises:
        ConfigError: a certificate without its key, or a key without its certificate.
    """
    found: dict[str, Certificates] = {}
    for folder in folders:
        for host in entries(folder):
            if is_registry_host(host.name) and host.name not in found and os.path.isdir(host):  # noqa: PTH112 - never raises
                found[host.name] = _of_host(host)
    return found


def _of_host(folder: Path) -> Certificates:
    files = entries(folder)
    pairs = {
        suffix: {file.stem: file for file in files if file.suffix == suffix} for suffix in (".cert", ".key")
    }
    for suffix, other in ((".cert", ".key"), (".key", ".cert")):
        for stem, file in pairs[suffix].items():
            if stem not in pairs[other]:
                raise ConfigError(
                    f"stands without {stem}{other}",
                    hint="put both into that folder, or neither",
                    file=str(file),
                )
    first = min(pairs[".cert"], default=None)
    return Certificates(
        authorities=tuple(str(file) for file in files if file.suffix == ".crt"),
        cert=str(pairs[".cert"][first]) if first is not None else None,
        key=str(pairs[".key"][first]) if first is not None else None,
    )
