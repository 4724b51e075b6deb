"""Where programs look for what they need of a system; paths in an image, from its root."""

from collections.abc import Iterator

from pinbot.image.files import Files
from pinbot.model.image import EntryKind, ImageConfig

CA_BUNDLES = (
    "etc/ssl/certs/ca-certificates.crt",  # Debian, Alpine
    "etc/ssl/cert.pem",  # Alpine, OpenBSD
    "etc/pki/tls/certs/ca-bundle.crt",  # Fedora
    "etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Red Hat
    "etc/ssl/ca-bundle.pem",  # SUSE
    "etc/pki/tls/cacert.pem",
)
"""In the order in which Go's crypto/x509 and Rust's openssl-probe try them, more or less."""

ZONEINFO = "usr/share/zoneinfo"
LOCALTIME = "etc/localtime"
NSSWITCH, MIME_TYPES = "etc/nsswitch.conf", "etc/mime.types"

READ_BY_LIBRARIES = (
    "etc/passwd",
    "etc/group",
    NSSWITCH,
    MIME_TYPES,
    "etc/services",
    "etc/protocols",
    LOCALTIME,
    *CA_BUNDLES,
)

SHELLS = frozenset(
    {"sh", "ash", "bash", "dash", "zsh", "ksh", "mksh", "csh", "tcsh", "fish", "busybox", "toybox"}
)

PACKAGE_DATABASES = (
    "lib/apk/db/installed",
    "usr/lib/apk/db/installed",
    "var/lib/dpkg/status",
    "var/lib/dpkg/status.d",
    "var/lib/rpm",
    "usr/lib/sysimage/rpm",
    "var/lib/pacman/local",
)

_OF_THE_RUNTIME = ("proc", "sys", "dev", "run", "var/run")
"""Folders that a container finds filled by others than the image."""

_PROGRAM_FOLDERS = frozenset({"bin", "sbin"})


def shells(files: Files) -> Iterator[str]:
    """Paths of shells, those that are links included."""
    for entry in files:
        folder, _, name = entry.path.rpartition("/")
        if name in SHELLS and folder.rpartition("/")[2] in _PROGRAM_FOLDERS:
            target = files.resolve(entry.path)
            if target is not None and target.kind is EntryKind.FILE:
                yield entry.path


def package_databases(files: Files) -> Iterator[str]:
    """Paths of the databases of package managers."""
    return (path for path in PACKAGE_DATABASES if files.resolve(path) is not None)


def variable(config: ImageConfig, name: str) -> str:
    """The value of an environment variable; empty where it is not set. Of several the last counts."""
    return dict(config.env).get(name, "")


def is_of_the_runtime(path: str) -> bool:
    """Whether a container finds something else there than the image has, like `proc/mounts`, `dev/stdout`."""
    return any(path == folder or path.startswith(f"{folder}/") for folder in _OF_THE_RUNTIME)
