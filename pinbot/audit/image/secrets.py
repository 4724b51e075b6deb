"""The image rule about secrets. None of them is ever shown."""

import re
from collections.abc import Iterator

from pinbot.audit import tokens
from pinbot.audit.check import Check, NotChecked, Problem, Remark
from pinbot.audit.image import keeping
from pinbot.audit.image.access import count, quoted
from pinbot.audit.image.subject import ImageSubject
from pinbot.model.finding import Profile, Rule, Severity
from pinbot.model.image import Entry, EntryKind

_HARMLESS = frozenset(
    {"test", "tests", "testing", "testdata", "fixtures", "doc", "docs", "example", "examples"}
)
"""Folders whose keys and tokens are likely to be open to everybody anyway."""

# Files by the end of their path, a sign in them of a secret, and what it is.
_KNOWN = tuple(
    (re.compile(rf"(?:.*/)?{path}", re.DOTALL), re.compile(sign, re.IGNORECASE | re.MULTILINE), what)
    for path, sign, what in (
        (r"[._]netrc", rb"\bpassword[ \t]+\S", "a password for a host"),
        (
            r"\.npmrc",
            rb"_(?:authToken|auth|password)[ \t]*=[ \t]*(?!\$\{)\S",
            "a token for a registry of packages",
        ),
        (r"\.pypirc", rb"^[ \t]*password[ \t]*[=:][ \t]*\S", "a password for a registry of packages"),
        (r"\.docker/config\.json", rb'"(?:auth|identitytoken)"\s*:\s*"[^"]', "credentials of registries"),
        (r"\.git-credentials", rb"://[^/\s:@]+:[^/\s@]+@", "a password for a git host"),
        (r"\.git/config", rb"://[^/\s:@]+:[^/\s@]+@", "a password for a git host"),
        (r"\.aws/credentials", rb"aws_secret_access_key[ \t]*=[ \t]*\S", "a secret key of AWS"),
        (r"\.cargo/credentials(?:\.toml)?", rb"^[ \t]*token[ \t]*=[ \t]*\S", "a token of a crate registry"),
        (r"\.gem/credentials", rb"api_key:[ \t]*\S", "a key for a registry of packages"),
        (r"\.composer/auth\.json", rb'"[^"]+"\s*:\s*"[^"]', "credentials of package registries"),
        (
            r"\.kube/config",
            rb"^[ \t]*(?:token|client-key-data|password):[ \t]*\S",
            "credentials of a cluster",
        ),
        (r"\.config/gh/hosts\.yml", rb"oauth_token:[ \t]*\S", "a token of GitHub"),
        (r"\.pgpass", rb"^[^#:\n]+:[^:\n]*:[^:\n]*:[^:\n]*:\S", "a password for a database"),
        (r"\.my\.cnf", rb"^[ \t]*password[ \t]*=[ \t]*\S", "a password for a database"),
        (r"\.vault-token", rb"\S", "a token of Vault"),
        (r"\.terraform\.d/credentials\.tfrc\.json", rb'"token"\s*:\s*"[^"]', "a token of Terraform"),
    )
)
_ENVIRONMENT_FILE = re.compile(r"(?:.*/)?\.env(?:\.[^/]*)?", re.DOTALL)
_SAMPLE = (".example", ".sample", ".template", ".dist")


def _secrets(image: ImageSubject) -> Iterator[Remark]:
    yield from _config(image)
    unread = 0
    for entry in image.files:
        if entry.kind is EntryKind.DIRECTORY and entry.path.rpartition("/")[2] == ".git":
            yield Problem(
                message=f"{quoted(entry.path)} is a git repository, with all that was ever in it",
                path=entry.path,
                severity=Severity.WARNING,
                remedy="name .git in .dockerignore",
            )
        elif entry.kind is EntryKind.FILE and entry.size:
            content = image.files.content(entry.path)
            if content is not None:
                yield from _file(entry, content)
            elif image.profile is Profile.SCRATCH or keeping.is_wanted(entry):
                unread += 1
    if unread:
        yield NotChecked(f"{count(unread, 'file')} could not be searched: too large, or too much in all")


def _config(image: ImageSubject) -> Iterator[Remark]:
    for name, value in image.config.env:
        found = _first(value)
        if found is not None:
            yield Problem(message=f"the variable {name!r} holds {found.kind}")
        elif tokens.has_password(value):
            yield Problem(
                message=f"the variable {name!r} holds a URL with a password", severity=Severity.WARNING
            )
        elif tokens.is_named_secret(name, value):
            yield Problem(
                message=f"the variable {name!r} has a value, and is named as a secret",
                severity=Severity.WARNING,
            )
    for name, value in image.config.labels:
        if (found := _first(value)) is not None:
            yield Problem(message=f"the label {name!r} holds {found.kind}")
    if (found := _first(" ".join(image.config.command))) is not None:
        yield Problem(message=f"the command holds {found.kind}")


def _file(entry: Entry, content: bytes) -> Iterator[Remark]:
    severity = Severity.NOTE if _HARMLESS & set(entry.path.split("/")[:-1]) else Severity.ERROR
    told: set[str] = set()
    for pattern, sign, what in _KNOWN:
        match = sign.search(content) if pattern.fullmatch(entry.path) else None
        if match is not None:
            told.add(what)
            line = content.count(b"\n", 0, match.start()) + 1
            yield Problem(
                message=f"{quoted(entry.path)} holds {what}, in line {line}",
                path=entry.path,
                severity=severity,
            )
    for secret in tokens.find(content):
        if secret.kind not in told:
            told.add(secret.kind)
            where = f", in line {secret.line}" if b"\0" not in content else ""
            yield Problem(
                message=f"{quoted(entry.path)} holds {secret.kind}{where}", path=entry.path, severity=severity
            )
    if not told and _ENVIRONMENT_FILE.fullmatch(entry.path) and not entry.path.endswith(_SAMPLE):
        yield Problem(
            message=f"{quoted(entry.path)} is named as a file of settings that are not meant for images",
            path=entry.path,
            severity=Severity.WARNING,
            remedy="name .env in .dockerignore",
        )


def _first(text: str) -> tokens.Secret | None:
    return next(tokens.find(text.encode("utf-8", "surrogateescape")), None)


CHECKS: tuple[Check[ImageSubject], ...] = (
    Check(
        rule=Rule(
            id="I11",
            title="a secret is in the image",
            severity=Severity.ERROR,
            why="Whoever can pull the image has it, and deleting it in a later layer takes it out of sight "
            "alone.",
            remedy="revoke it, then build without it: RUN --mount=type=secret, and give it to the container "
            "at run time",
            source="https://docs.docker.com/build/building/secrets/",
            wrong="COPY .npmrc /app/.npmrc\nRUN npm ci",
            right="RUN --mount=type=secret,id=npmrc,target=/app/.npmrc npm ci",
        ),
        look=_secrets,
    ),
)
