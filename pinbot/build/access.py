"""What buildah and podman are told of registries: where they are, whom to trust, and as whom to come.

Everything is written into one private folder, which is the HOME of one build and goes away with it. RUN steps
see the root of their container only. Sources: containers-registries.conf(5), containers-auth.json(5) and
containers-certs.d(5).
"""

import base64
import json
import re
import shutil
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pinbot.config import RegistrySettings
from pinbot.errors import BuilderError
from pinbot.model.reference import DOCKER_HUB, ImageReference

_HOST_ALIASES = Path("/etc/containers/registries.conf.d")
# Plain http on this machine needs nobody's leave, as in docker and in pinbot's own requests.
_LOOPBACK = ("127.0.0.1", "[::1]", "localhost")
_IS_LOOPBACK = re.compile(r"(?:127(?:\.\d+){3}|\[::1\]|localhost)(?::\d+)?")


def grant(
    folder: Path,
    registries: Iterable[RegistrySettings],
    environ: Mapping[str, str],
    *,
    host_aliases: Path = _HOST_ALIASES,
) -> dict[str, str]:
    """Write the files for one build.

    Args:
        folder: where to write them.
        registries: where registries are, and how they are trusted.
        environ: where credentials are found.
        host_aliases: the folder with this machine's short names.

    Returns:
        The variables that make the builder read them; its HOME has to be the folder.

    Raises:
        BuilderError: docker's config.json or a certificate cannot be read, or nothing can be written.
    """
    known = tuple(registries)
    conf, auth = folder / "registries.conf", folder / "auth.json"
    own = folder / ".config" / "containers"
    credentials = _credentials(known, environ)
    try:
        # A name without a registry means Docker Hub, as everywhere in Dockerfiles.
        conf.write_text(f"unqualified-search-registries = [{_quoted(DOCKER_HUB)}]\n")
        # Read last: this machine's drop-ins, which are among `registries`, must not win over pinbot.yaml.
        drop_ins = own / "registries.conf.d"
        drop_ins.mkdir(parents=True, exist_ok=True)
        (drop_ins / "pinbot.conf").write_text(f"{_registries_conf(known)}\n{_aliases(host_aliases)}")
        auth.touch(mode=0o600)
        auth.write_text(json.dumps(credentials))
    except OSError as error:
        raise BuilderError(f"the builder cannot be told of registries: {error}") from error
    for settings in known:
        for host in {settings.authority, settings.host}:  # Docker Hub has two names, and tools differ
            _trust(own / "certs.d" / host, settings)
    return {"CONTAINERS_REGISTRIES_CONF": str(conf), "REGISTRY_AUTH_FILE": str(auth)}


def docker_config(environ: Mapping[str, str]) -> Path | None:
    """The folder of docker's config.json, if this user has one."""
    if "DOCKER_CONFIG" in environ:
        return Path(environ["DOCKER_CONFIG"])
    folder = Path(environ["HOME"], ".docker") if "HOME" in environ else None
    return folder if folder is not None and folder.is_dir() else None


def _registries_conf(registries: tuple[RegistrySettings, ...]) -> str:
    parts = []
    for settings in registries:
        table = ["[[registry]]", f"prefix = {_quoted(settings.name)}"]
        if not settings.place.startswith("*."):
            table.append(f"location = {_quoted(settings.place)}")
        # Tags are the registry's own to explain: other mirrors may lag behind what was resolved.
        flags = {
            "insecure": settings.insecure
            or (_is_loopback(settings.authority) and not settings.has_certificates),
            "blocked": settings.blocked,
            "mirror-by-digest-only": not all(mirror.authoritative for mirror in settings.mirrors),
        }
        table.extend(f"{name} = {_flag(value)}" for name, value in flags.items())
        for mirror in settings.mirrors:
            insecure = mirror.insecure or _is_loopback(mirror.location.partition("/")[0])
            table += [
                "[[registry.mirror]]",
                f"location = {_quoted(mirror.location)}",
                f"insecure = {_flag(insecure)}",
            ]
        parts.append("\n".join((*table, "")))
    named = {settings.name for settings in registries}
    parts.extend(
        f"[[registry]]\nlocation = {_quoted(host)}\ninsecure = true\n"
        for host in _LOOPBACK
        if host not in named
    )
    return "\n".join(parts)


def _aliases(folder: Path) -> str:
    """Undo the short names of this machine.

    Distributions let `fedora` or `centos` mean registries of their own. A Dockerfile means Docker Hub's, and
    so does pinbot when it looks digests up; no option leaves those files out.
    """
    names: set[str] = set()
    for file in sorted(folder.glob("*.conf")):
        try:
            names.update(tomllib.loads(file.read_text()).get("aliases", {}))
        except (OSError, ValueError):
            continue  # the builder reads it too, and says what is wrong with it
    whole = {name: ImageReference.parse(name).name for name in sorted(names)}
    return "\n".join(("[aliases]", *(f"{_quoted(name)} = {_quoted(whole[name])}" for name in whole), ""))


def _credentials(registries: tuple[RegistrySettings, ...], environ: Mapping[str, str]) -> dict[str, Any]:
    """What docker's config.json knows, and above it what pinbot.yaml takes from variables."""
    folder = docker_config(environ)
    file = folder / "config.json" if folder is not None else None
    try:
        config = json.loads(file.read_bytes()) if file is not None and file.exists() else {}
        auths: dict[str, Any] = dict(config.get("auths", {}))
        helpers = dict(config.get("credHelpers", {}))
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise BuilderError(
            f"{file} cannot be read: {error}", hint="mend it, or name another folder in DOCKER_CONFIG"
        ) from error
    for settings in registries:
        username = environ.get(settings.username_variable or "")
        password = environ.get(settings.password_variable or "")
        if username and password:
            # Only for the place that is asked: not for the name that it stands for, which is another's.
            auths[settings.place] = {"auth": base64.b64encode(f"{username}:{password}".encode()).decode()}
    return {"auths": auths, "credHelpers": helpers}


def _trust(folder: Path, settings: RegistrySettings) -> None:
    """Lay a registry's certificates where buildah looks for those of its host."""
    authorities = (settings.ca,) if settings.ca is not None else settings.authorities
    files = {f"ca{number or ''}.crt": file for number, file in enumerate(authorities)}
    if settings.cert is not None and settings.key is not None:
        files |= {"client.cert": settings.cert, "client.key": settings.key}
    try:
        for name, file in files.items():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.copyfile(file, folder / name)
    except OSError as error:
        raise BuilderError(f"the certificates for {settings.authority} cannot be read: {error}") from error


def _is_loopback(host: str) -> bool:
    return _IS_LOOPBACK.fullmatch(host) is not None


def _flag(value: bool) -> str:  # noqa: FBT001 - it is the whole of it
    return str(value).lower()


def _quoted(text: str) -> str:
    """A TOML basic string; JSON's are a subset of them."""
    return json.dumps(text)
