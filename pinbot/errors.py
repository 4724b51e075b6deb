"""Everything that can go wrong, as one tree.

    PinbotError                    exit  code in JSON
    ├── UsageError                    2  usage
    │   ├── ConfigError               2  config
    │   └── Several                   2  usage           many at once, each an error of its own
    ├── NothingToDo                   3  nothing-to-do
    ├── SourceError                   1  source          a file cannot be read, parsed or written
    │   ├── SyntaxProblem             1  syntax          a Dockerfile that BuildKit would refuse too
    │   └── StaleEdit                 1  stale-edit      what is to be replaced is not there
    ├── InvalidReference              1  invalid-reference
    ├── RegistryError                 1  registry
    │   ├── NotFound                  1  not-found       the registry says: there is no such image
    │   ├── AccessDenied              1  access-denied   the registry says: not for you
    │   ├── Unreachable               1  unreachable     the registry could not be asked
    │   ├── Untrustworthy             1  untrustworthy   the registry's answer contradicts itself
    │   └── Unsupported               1  unsupported     what is there is no image that builders pull
    ├── ImageError                1  image           an image, or a part of it, cannot be looked into
    │   └── Mismatch              1  mismatch        a part of an image is not the one that it names
    ├── VulnerabilityError            1  vulnerabilities  the database of vulnerabilities cannot be asked
    ├── BuilderError                  1  builder         no builder, or one that cannot do this build
    └── ForgeError                    1  forge
        ├── ForgeDenied               1  forge-denied    a token that is wrong or may not do this
        └── ForgeConflict             1  forge-conflict  the repository is not as it was planned on

"Absent", "denied" and "could not ask" are three different answers; none of them means "up to date".
A test build that does not succeed is no error but a value, `FailedBuild`; the run then ends with 11.
"""

from collections.abc import Sequence
from typing import ClassVar, Self


class PinbotError(Exception):
    """Something that stops pinbot, or stops it for one image, file or pull request.

    Attributes:
        message: what happened, in one sentence without a final full stop.
        hint: what to do next, in one sentence; may be empty where nothing can be done.
        file: the file concerned, as a path that the user would type.
        line: the line in it, from 1.
        column: the character in that line, from 1.
        image: the image concerned, as a whole reference.
        excerpt: source text to show below the message, e.g. a line and a caret under it.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1

    def __init__(
        self,
        message: str,
        *,
        hint: str = "",
        file: str | None = None,
        line: int | None = None,
        column: int | None = None,
        image: str | None = None,
        excerpt: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.file = file
        self.line = line
        self.column = column
        self.image = image
        self.excerpt = excerpt

    def at(self, *, file: str, line: int | None = None, column: int | None = None) -> Self:
        """Say where in the user's files the trouble lies, when the raiser could not know; returns itself."""
        self.file, self.line, self.column = file, line, column
        return self

    @property
    def where(self) -> str:
        """`file:line:column` as far as it is known, or nothing."""
        return ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)

    def __str__(self) -> str:
        image = self.image if self.image and self.image not in self.message else ""
        text = ": ".join(part for part in (self.where, image, self.message) if part)
        return f"{text} ({self.hint})" if self.hint else text


class UsageError(PinbotError):
    """The command line asks for something that cannot be."""

    code = "usage"
    exit_code = 2


class ConfigError(UsageError):
    """The configuration file, or a variable that stands in for it, is wrong."""

    code = "config"


class Several(UsageError):
    """Several mistakes in one place, so that all can be mended at once."""

    def __init__(self, errors: Sequence[UsageError]) -> None:
        super().__init__("; ".join(str(error) for error in errors))
        self.errors = tuple(errors)


class NothingToDo(PinbotError):
    """No file held an image reference that was to be looked at."""

    code = "nothing-to-do"
    exit_code = 3


class SourceError(PinbotError):
    """A file cannot be read, parsed or written."""

    code = "source"


class SyntaxProblem(SourceError):
    """A file that its own tool would refuse, with the place and the reason."""

    code = "syntax"


class StaleEdit(SourceError):
    """The bytes to be replaced are not those that were found when the file was read."""

    code = "stale-edit"


class InvalidReference(PinbotError):
    """A text that is no image reference, digest or platform."""

    code = "invalid-reference"


class RegistryError(PinbotError):
    """A registry could not give what was asked."""

    code = "registry"


class NotFound(RegistryError):
    """The registry answered that there is no such image."""

    code = "not-found"


class AccessDenied(RegistryError):
    """The registry answered that these credentials may not read the image."""

    code = "access-denied"


class Unreachable(RegistryError):
    """The registry did not answer, or only with a failure of its own.

    Attributes:
        again_in: seconds after which it may go well, where the registry has served others; None where there
            is no reason to think so.
    """

    code = "unreachable"

    again_in: float | None = None


class Untrustworthy(RegistryError):
    """The registry's answer is malformed or contradicts itself."""

    code = "untrustworthy"


class Unsupported(RegistryError):
    """What the registry has under this name is no image that builders could pull."""

    code = "unsupported"


class ImageError(PinbotError):
    """An image in a file or folder, or a layer of any image, cannot be looked into."""

    code = "image"


class Mismatch(ImageError):
    """A part of an image is not the one that its manifest or its config names by digest, size or count."""

    code = "mismatch"


class VulnerabilityError(PinbotError):
    """The database of vulnerabilities does not answer, or not sensibly; all else goes on without it."""

    code = "vulnerabilities"


class BuilderError(PinbotError):
    """There is no builder, or the one there is cannot do this build: not a fault of the update."""

    code = "builder"


class ForgeError(PinbotError):
    """GitHub could not do what was asked.

    Attributes:
        for_all: it would be so with every repository that is asked for with the same token, so that there is
            no use in asking on.
    """

    code = "forge"
    for_all = False

    def about_all(self) -> Self:
        """Say that every repository of the same token is concerned; returns itself."""
        self.for_all = True
        return self


class ForgeDenied(ForgeError):
    """The token is wrong, or may not do this."""

    code = "forge-denied"


class ForgeConflict(ForgeError):
    """The repository on the forge is not in the state that the plan was made on."""

    code = "forge-conflict"
