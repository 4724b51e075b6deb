"""What this machine says of registries, for all tools, put under what pinbot.yaml says."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from pinbot.config import Config, RegistrySettings
from pinbot.errors import ConfigError
from pinbot.machine import certs_d, registries_conf
from pinbot.machine.certs_d import Certificates
from pinbot.machine.folders import entries

_LARGEST = 1024 * 1024
_CONTAINERS = Path("etc", "containers")


def beneath(config: Config, environ: Mapping[str, str], home: Path, *, root: Path = Path("/")) -> Config:
    """The configuration, with what this machine says of registries where it says nothing itself.

    Of two entries with the same name that of `config` counts, whole; but what the machine blocks stays
    blocked, since anybody can propose a change to a file in a repository. Certificates that the machine
    keeps for a host are used by every entry that has none of its own.

    Args:
        config: what pinbot.yaml says.
        environ: with CONTAINERS_REGISTRIES_CONF, if it is set.
        home: the user's folder.
        root: the folder that holds `etc`.

    Raises:
        ConfigError: a file cannot be read or holds a mistake.
    """
    known = {settings.name: settings for settings in _of_files(environ, home, root)}
    machine = Config(registries=tuple(known.values()))
    known |= {settings.name: _allowed(machine, settings) for settings in config.registries}
    certificates = certs_d.read(
        (
            home / ".config" / "containers" / "certs.d",
            root / _CONTAINERS / "certs.d",
            root / "etc" / "docker" / "certs.d",
        )
    )
    named = replace(config, registries=tuple(known.values()))
    for host in certificates:
        if host not in known:
            known[host] = named.registry(host).named(host)
    return replace(config, registries=tuple(_with(certificates, settings) for settings in known.values()))


def _of_files(environ: Mapping[str, str], home: Path, root: Path) -> Iterator[RegistrySettings]:
    """All entries, a later one in place of an earlier one with the same name."""
    users, systems = home / ".config" / "containers", root / _CONTAINERS
    named = environ.get("CONTAINERS_REGISTRIES_CONF")
    if named:
        yield from registries_conf.parse(_text_of(Path(named)), named)
    else:
        yield from _parse(folder / "registries.conf" for folder in _first(users, systems))
    for folder in (systems, users):
        drop_ins = entries(folder / "registries.conf.d")
        yield from _parse(file for file in drop_ins if file.suffix == ".conf")


def _allowed(machine: Config, settings: RegistrySettings) -> RegistrySettings:
    there = machine.registry(settings.name)
    return replace(settings, blocked=True, source=there.source) if there.blocked else settings


def _first(*folders: Path) -> tuple[Path, ...]:
    # Not Path.exists, which fails for a home that this user may not enter.
    return next(((folder,) for folder in folders if os.path.exists(folder / "registries.conf")), ())  # noqa: PTH110


def _parse(files: Iterable[Path]) -> Iterator[RegistrySettings]:
    for file in files:
        yield from registries_conf.parse(_text_of(file), str(file))


def _text_of(file: Path) -> str:
    try:
        if file.exists() and not file.is_file() and not file.is_dir():
            raise ConfigError("is no regular file", hint="is this the right file?", file=str(file))
        with file.open("rb") as stream:
            data = stream.read(_LARGEST + 1)
        if len(data) > _LARGEST:
            raise ConfigError("is larger than 1 MiB", hint="is this the right file?", file=str(file))
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        raise ConfigError(
            f"cannot be read: {error.strerror}", hint="mend its permissions or name another", file=str(file)
        ) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise ConfigError("is not UTF-8 text", hint="save it as UTF-8", file=str(file), line=line) from error


def _with(certificates: Mapping[str, Certificates], settings: RegistrySettings) -> RegistrySettings:
    found = certificates.get(settings.authority) or certificates.get(settings.host)
    if found is None or settings.insecure:
        return settings
    own = settings.cert is not None
    return replace(
        settings,
        authorities=found.authorities if settings.ca is None else (),
        cert=settings.cert if own else found.cert,
        key=settings.key if own else found.key,
    )
