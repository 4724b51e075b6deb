"""A Rust service in an image from scratch: what `pinbot init --rust NAME` writes beside its own files."""

import re
import tomllib
from pathlib import PurePosixPath

from pinbot.errors import UsageError
from pinbot.model.setup import Draft
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

_INSTEAD = {
    "Cargo.lock": ("Cargo.toml",),
    "src/main.rs": ("Cargo.toml",),
    "src/health.rs": ("Cargo.toml", "src/main.rs"),
    "src/http.rs": ("Cargo.toml", "src/main.rs"),
    ".cargo/config.toml": (".cargo/config",),
}
_ADVICE = {
    "Cargo.toml": "let its release profile have strip = true, lto = true, codegen-units = 1 and "
    'panic = "abort", and the package tikv-jemallocator where target_env is musl',
    "Cargo.lock": "cargo generate-lockfile writes it, and the Dockerfile copies it",
    "src/main.rs": "let tikv_jemallocator::Jemalloc be the #[global_allocator] where target_env is musl",
    ".cargo/config.toml": "let it have rustflags -C target-feature=+crt-static -C link-arg=-fuse-ld=lld "
    "where target_env is musl",
    "Dockerfile": "let it end in FROM scratch and keep the rules; pinbot pin adds the digests",
}

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


def project(name: str, *, folder: str = "") -> tuple[Draft, ...]:
    """Every file of the project; where there is a package already, its own are left alone.

    Args:
        name: of the package.
        folder: of the project, from the root of the repository.

    Raises:
        UsageError: the name is not that of a Cargo package.
    """
    check_name(name)
    texts = {path: render(f"rust/{template}", {"NAME": name}) for path, template in _TEMPLATES.items()}
    texts["Cargo.lock"] = _in_order(texts["Cargo.lock"])

    def place(path: str) -> str:
        return str(PurePosixPath(folder, path))

    return tuple(
        Draft(
            path=place(path),
            data=text.encode(),
            instead=tuple(place(other) for other in _INSTEAD.get(path, ())),
            advice=_ADVICE.get(path, ""),
        )
        for path, text in texts.items()
    )


def check_package(manifest: bytes, name: str) -> None:
    """See that a Cargo.toml that is there already is that of the package.

    Raises:
        UsageError: it is of another one, or of none.
    """
    try:
        package = tomllib.loads(manifest.decode()).get("package")
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"Cargo.toml cannot be read: {error}", hint="mend it first") from error
    found = package.get("name") if isinstance(package, dict) else None
    if found is None:
        raise UsageError("Cargo.toml names no package", hint="run it in the folder of the package")
    if found != name:
        raise UsageError(f"Cargo.toml names the package {found!r}", hint=f"give --rust {found}")


def _in_order(lock: str) -> str:
    """A lock file with its packages ordered by name, as Cargo writes it: `--locked` allows no other order."""
    head, *packages = lock.split("[[package]]\n")
    return "[[package]]\n".join([head, *(f"{text.strip()}\n\n" for text in sorted(packages))]).rstrip() + "\n"
