"""In whose name to ask: the places where docker, podman and pinbot's configuration keep credentials.

Sources: docker's config.json (docs.docker.com, `docker login`), containers-auth.json(5), and the protocol of
docker-credential-helpers.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pinbot.config import RegistrySettings
from pinbot.errors import AccessDenied
from pinbot.model.reference import DOCKER_HUB
from pinbot.registry.auth.helpers import HelperProblem, Helpers, Login

_HUB_KEY = "https://index.docker.io/v1/"
_HUB_HOSTS = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_IDENTITY_USER = "<token>"
_HELPER_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A user and a secret; printing it shows where it came from, never the secret.

    `identity_token` tells that the secret is an OAuth2 refresh token, which only a token server takes.
    """

    username: str
    secret: str = field(repr=False)
    source: str
    identity_token: bool = False

    @property
    def basic(self) -> str:
        """The value of an Authorization header (RFC 7617)."""
        pair = f"{self.username}:{self.secret}".encode()
        return "Basic " + base64.b64encode(pair).decode("ascii")


class CredentialStore(Protocol):
    """Where the client looks credentials up."""

    async def find(self, settings: RegistrySettings, repository: str) -> Credential | None:
        """The credential for a repository of a registry; None means: ask anonymously.

        Raises:
            AccessDenied: the configuration promises a credential that is not there.
        """
        ...

    @property
    def problems(self) -> tuple[str, ...]:
        """What was wrong with the places that were looked at; worth telling when access is denied."""
        ...


class Anonymous:
    """A store without credentials."""

    problems: tuple[str, ...] = ()

    async def find(self, settings: RegistrySettings, repository: str) -> Credential | None:  # noqa: ARG002 - the port's names
        """Nothing, ever."""
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Store:
    """One file's content: keys are normalised to `host[:port][/path]`."""

    source: str
    entries: Mapping[str, Credential]
    helpers: Mapping[str, str]
    default_helper: str | None


class Keychain:
    """The credentials of the user who runs pinbot.

    The first place that has one for a registry wins:

    1. the variables that pinbot.yaml names for it;
    2. `DOCKER_AUTH_CONFIG`, a config.json as a variable;
    3. the file that `REGISTRY_AUTH_FILE` names;
    4. `$XDG_RUNTIME_DIR/containers/auth.json`, `$XDG_CONFIG_HOME/containers/auth.json` (podman);
    5. `$DOCKER_CONFIG/config.json` or `~/.docker/config.json` (docker);
    6. on GitHub Actions, `GITHUB_TOKEN` for ghcr.io.

    Within a file: a helper for that registry, the helper for all, then what is written in the file.
    """

    def __init__(
        self, environ: Mapping[str, str], home: Path, *, helper_seconds: float = _HELPER_SECONDS
    ) -> None:
        self._environ = environ
        self._home = home
        self._problems: list[str] = []
        self._stores: tuple[_Store, ...] | None = None
        self._helpers = Helpers(environ, seconds=helper_seconds)

    @property
    def problems(self) -> tuple[str, ...]:
        """Files and helpers that could not be used, in words for the user."""
        return tuple(dict.fromkeys(self._problems))

    async def find(self, settings: RegistrySettings, repository: str) -> Credential | None:
        """See `CredentialStore.find`."""
        explicit = self._explicit(settings)
        if explicit is not None:
            return explicit
        if self._stores is None:
            self._stores = tuple(self._read_all())
        # What was given for a registry must not go to another host that stands in for it.
        host = settings.authority
        for store in self._stores:
            found = await self._find_in(store, host, repository)
            if found is not None:
                return found
        # It is worth more than an image: never in clear text.
        return self._of_actions() if host == "ghcr.io" and not settings.insecure else None

    def _explicit(self, settings: RegistrySettings) -> Credential | None:
        names = settings.username_variable, settings.password_variable
        if names == (None, None):
            return None
        if None in names:
            raise AccessDenied(
                f"{settings.name} has a variable for only one of user and password",
                hint="name both under `registries` in pinbot.yaml",
            )
        values = [self._environ.get(name or "", "") for name in names]
        for name, value in zip(names, values, strict=True):
            if not value:
                raise AccessDenied(
                    f"there are no credentials for {settings.name}: the variable {name} is empty or not set",
                    hint=f"set {name}, or take it out of pinbot.yaml",
                )
        return Credential(username=values[0], secret=values[1], source=f"variable {names[1]}")

    async def _find_in(self, store: _Store, host: str, repository: str) -> Credential | None:
        keys = list(_keys(host, repository))
        helper, server = store.default_helper, keys[-1]
        for key in keys:
            if key in store.helpers:
                helper, server = store.helpers[key], key
                break
        if helper is not None:
            server = _HUB_KEY if server == DOCKER_HUB else server
            match await self._helpers.get(helper, server):
                case HelperProblem(text):
                    self._problems.append(f"{text} ({store.source})")
                case Login() as login:
                    return Credential(
                        username=login.username,
                        secret=login.secret,
                        source=f"docker-credential-{helper} ({store.source})",
                        identity_token=login.username == _IDENTITY_USER,
                    )
                case None:
                    pass
        return next((store.entries[key] for key in keys if key in store.entries), None)

    def _of_actions(self) -> Credential | None:
        token = self._environ.get("GITHUB_TOKEN")
        if not token or self._environ.get("GITHUB_ACTIONS") != "true":
            return None
        user = self._environ.get("GITHUB_ACTOR") or "x-access-token"
        return Credential(username=user, secret=token, source="variable GITHUB_TOKEN")

    def _read_all(self) -> Iterator[_Store]:
        content = self._environ.get("DOCKER_AUTH_CONFIG")
        if content:
            yield from self._parse("variable DOCKER_AUTH_CONFIG", content)
        for path in dict.fromkeys(self._paths()):
            try:
                content = path.read_text(encoding="utf-8")
            except (FileNotFoundError, NotADirectoryError):
                continue
            except (OSError, UnicodeDecodeError) as error:
                self._problems.append(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}")
                continue
            yield from self._parse(str(path), content)

    def _paths(self) -> Iterator[Path]:
        environ = self._environ
        if named := environ.get("REGISTRY_AUTH_FILE"):
            yield Path(named)
        if runtime := environ.get("XDG_RUNTIME_DIR"):
            yield Path(runtime, "containers", "auth.json")
        yield Path(environ.get("XDG_CONFIG_HOME") or self._home / ".config", "containers", "auth.json")
        yield Path(environ.get("DOCKER_CONFIG") or self._home / ".docker", "config.json")

    def _parse(self, source: str, content: str) -> Iterator[_Store]:
        try:
            document = json.loads(content)
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            self._problems.append(f"{source} is no JSON object, as docker's config.json is")
            return
        entries: dict[str, Credential] = {}
        for key, entry in _mapping(document, "auths").items():
            credential = self._credential(source, key, entry)
            if credential is not None:
                entries.setdefault(_normalised(key), credential)
        helpers = {
            _normalised(key): name
            for key, name in _mapping(document, "credHelpers").items()
            if isinstance(name, str) and name
        }
        default = document.get("credsStore")
        yield _Store(
            source=source,
            entries=entries,
            helpers=helpers,
            default_helper=default if isinstance(default, str) and default else None,
        )

    def _credential(self, source: str, key: str, entry: Any) -> Credential | None:
        """Read one entry of `auths`; docker leaves empty ones where a helper has the secret."""
        if not isinstance(entry, dict) or not entry:
            return None
        username, secret = entry.get("username"), entry.get("password")
        if isinstance(entry.get("auth"), str) and entry["auth"]:
            try:
                pair = base64.b64decode(entry["auth"], validate=True).decode("utf-8")
            except ValueError:
                self._problems.append(f"{source}: `auth` of {key} is not base64 of user:password")
                return None
            username, _, secret = pair.rstrip("\0").partition(":")
        token = entry.get("identitytoken")
        if isinstance(token, str) and token:
            return Credential(
                username=username or _IDENTITY_USER, secret=token, source=source, identity_token=True
            )
        if isinstance(username, str) and isinstance(secret, str) and username and secret:
            return Credential(
                username=username, secret=secret, source=source, identity_token=username == _IDENTITY_USER
            )
        return None


def _mapping(document: dict[str, Any], name: str) -> dict[str, Any]:
    value = document.get(name)
    return value if isinstance(value, dict) else {}


def _normalised(key: str) -> str:
    """`host[:port][/path]` of a key, which may be a URL with the version of docker's first API."""
    for scheme in ("https://", "http://"):
        key = key.removeprefix(scheme)
    host, slash, path = key.strip("/").partition("/")
    if path in {"v1", "v2"}:
        slash = path = ""
    return f"{DOCKER_HUB if host in _HUB_HOSTS else host}{slash}{path}"


def _keys(host: str, repository: str) -> Iterator[str]:
    """The keys that fit a repository, the longest path first and the host alone last."""
    host = _normalised(host)
    parts = repository.split("/")
    for length in range(len(parts), 0, -1):
        yield "/".join((host, *parts[:length]))
    yield host
