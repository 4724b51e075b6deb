"""Which files hold image references, and who reads each."""

import re
from dataclasses import dataclass
from typing import Protocol

from pinbot.errors import SourceError
from pinbot.formats.dockerfile import references as dockerfile
from pinbot.model.occurrence import Occurrence, SourceFile


class Format(Protocol):
    """A kind of file that names images."""

    @property
    def name(self) -> str:
        """For people and JSON, e.g. `dockerfile`."""
        ...

    def claims(self, name: str) -> bool:
        """Whether a file of this name (without folders) is of this kind."""
        ...

    def references(self, source: SourceFile) -> tuple[Occurrence, ...]:
        """Every image reference, in the order of the file; bytes in, values out.

        Raises:
            SourceError: the file cannot be read as this format.
        """
        ...


@dataclass(frozen=True, slots=True)
class DockerfileFormat:
    """Dockerfiles, which Podman calls Containerfiles.

    `Dockerfile`, `Dockerfile.*`, `*.Dockerfile`, `Containerfile*`, with `-` or `_` for the dot too, in
    any case. Not what lies beside them and is never built: `Dockerfile.dockerignore` (BuildKit's ignore file
    for one Dockerfile), notes, data, backups; nor program code such as `dockerfile_test.go`, while a
    `Dockerfile.go` is taken for the Dockerfile of a Go program.
    """

    name: str = "dockerfile"

    def claims(self, name: str) -> bool:
        """Whether a file of this name is a Dockerfile."""
        return bool(_NAME.fullmatch(name)) and not _BESIDE.search(name) and not _CODE.match(name)

    def references(self, source: SourceFile) -> tuple[Occurrence, ...]:
        """Every image that BuildKit would pull for the file.

        Raises:
            SyntaxProblem: BuildKit would refuse it.
            SourceError: it is no text.
        """
        if b"\0" in source.data:
            line = source.data.count(b"\n", 0, source.data.index(b"\0")) + 1
            raise SourceError(
                "this is no text: it holds a NUL byte",
                hint="if it is a Dockerfile, save it as UTF-8; if not, leave it out of the search",
                file=source.path,
                line=line,
            )
        return dockerfile.references(source)


# A name may hold any character but a slash, line ends included.
_NAME = re.compile(
    r"dockerfile(?:[._-].+)?|containerfile.*|.+\.(?:docker|container)file", re.IGNORECASE | re.DOTALL
)
_BESIDE = re.compile(
    r"(?:\.(?:dockerignore|containerignore|md|markdown|rst|txt|adoc|html|json|ya?ml|toml|lock|sh|vim|lua"
    r"|patch|diff|sha256|asc|sig|bak|orig|rej|swp|swo|tmp)|~)\Z",
    re.IGNORECASE,
)
_CODE = re.compile(
    r"[a-z].*\.(?:go|py|pyi|js|mjs|ts|tsx|rb|rs|java|kt|cs|c|cc|cpp|h|php|pl|ex|exs|scala)\Z", re.DOTALL
)

DOCKERFILE = DockerfileFormat()
FORMATS: tuple[Format, ...] = (DOCKERFILE,)


def format_of(path: str) -> Format | None:
    """The format that claims a path by its file name; None for a file that holds no references.

    A file that a user names is read as a Dockerfile when this finds nothing: `format_of(path) or DOCKERFILE`.
    """
    name = path.rpartition("/")[2]
    return next((each for each in FORMATS if each.claims(name)), None)
