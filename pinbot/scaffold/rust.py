"""A Rust service in an image from scratch: what `pinbot init --rust NAME` writes beside its own files."""

import re

from pinbot.errors import UsageError
from pinbot.model.occurrence import SourceFile
from pinbot.scaffold.templates import render

_TEMPLATES = {
    "Dockerfile": "Dockerfile",
    ".dockerignore": "dockerignore",
    ".gitignore": "gitignore",
    ".cargo/config.toml": "cargo-config.toml",
    "Cargo.toml": "Cargo.toml",
    "Cargo.lock": "Cargo.lock",
    "src/main.rs": "src/main.rs",
    "src/health.rs": "src/health.rs",
    "src/http.rs": "src/http.rs",
}
"""Each file's path and its template, renamed where tools would take it for the real thing."""

_LONGEST = 64
_NAME = re.compile(rf"[A-Za-z][A-Za-z0-9_-]{{0,{_LONGEST - 1}}}")
_KEYWORDS = (
    "abstract as async await become box break const continue crate do dyn else enum extern false final fn "
    "for if impl in let loop macro match mod move mut override priv pub ref return self static struct super "
    "trait true try type typeof unsafe unsized use virtual where while yield"
)
_TAKEN = frozenset(_KEYWORDS.split()) | {"build", "deps", "examples", "incremental", "test"}
_LIBRARIES = frozenset({"alloc", "core", "proc-macro", "proc_macro", "std"})


def check_name(name: str) -> None:
    """Refuse what `cargo new` and crates.io refuse as the name of a package with a binary.

    Raises:
        UsageError: with the reason.
    """
    hint = "write it like my-service"
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name of a Cargo package: that is a letter, and up to {_LONGEST - 1} more "
            "letters, digits, hyphens and underscores, all of them ASCII",
            hint=hint,
        )
    if name in _TAKEN:
        raise UsageError(f"Cargo takes no package with the name {name!r}", hint=hint)
    if name in _LIBRARIES | _locked():
        raise UsageError(f"{name!r} is the name of a library that is used in the project", hint=hint)


def _locked() -> set[str]:
    return set(re.findall(r'^name = "([a-z].*)"$', render("rust/Cargo.lock"), re.MULTILINE))


def project(name: str) -> tuple[SourceFile, ...]:
    """Every file of the project, with its path below the project's folder.

    Raises:
        UsageError: the name is not that of a Cargo package.
    """
    check_name(name)
    texts = {path: render(f"rust/{template}", {"NAME": name}) for path, template in _TEMPLATES.items()}
    texts["Cargo.lock"] = _in_order(texts["Cargo.lock"])
    return tuple(SourceFile(path=path, data=text.encode()) for path, text in texts.items())


def _in_order(lock: str) -> str:
    """A lock file with its packages ordered by name, as Cargo writes it: `--locked` allows no other order."""
    head, *packages = lock.split("[[package]]\n")
    return "[[package]]\n".join([head, *(f"{text.strip()}\n\n" for text in sorted(packages))]).rstrip() + "\n"
