"""Stand-ins for the base images of the examples, made here and pushed by HTTP: no Docker Hub is needed.

`alpine` is busybox with the files that people copy out of Alpine, and an `apk` that adds nothing but says
what apk says. `rust:alpine` is that plus a `cargo` whose `build` puts a ready binary where cargo would,
compiled from the example's own source by this machine's toolchain. A higher `revision` stands for a later
release upstream.
"""

import hashlib
import os
import shutil
import subprocess
import zoneinfo
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import certifi

from tests.support.crates import stand_ins
from tests.support.oci import Entry, Image, Pusher, layer
from tests.support.parts import CACHE, TOOLCHAIN

BUSYBOX = Path("/bin/busybox")
EXAMPLE = Path(__file__).parents[2] / "examples" / "rust-scratch"
ZONES = ("UTC", "America/New_York", "Asia/Tokyo", "Europe/Zurich")
NEW_ZONE = "America/Coyhaique"
"""Came with tzdata 2025b; here with the second revision."""

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_PASSWD = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/sbin/nologin\n"
_GROUP = "root:x:0:root\nnobody:x:65534:\n"

_APK = r"""#!/bin/sh
# Knows the packages below, as if their files were there already; says what apk says.
known=" ca-certificates file gcc git lld mailcap make musl-dev pkgconf tzdata "
[ "$1" = update ] && { echo "OK: 25405 distinct packages available"; exit 0; }
[ "$1" = add ] || [ "$1" = upgrade ] || { echo "apk: unknown command '$1'" >&2; exit 1; }
shift
for word; do
    case "$word" in
        -*) continue ;;
    esac
    name="${word%%[=<>~@]*}"
    case "$known" in
        *" $name "*) echo "Installing $name" ;;
        *)
            echo "ERROR: unable to select packages:" >&2
            echo "  $name (no such package):" >&2
            exit 1
            ;;
    esac
done
echo "OK: 9 MiB in 21 packages"
"""

# Debian builds busybox without its adduser and addgroup; these take the options that Dockerfiles use.
_ADDGROUP = r"""#!/bin/sh
gid=1000
while [ $# -gt 1 ]; do
    case "$1" in
        -g) gid="$2"; shift ;;
        -S) [ "$gid" = 1000 ] && gid=101 ;;
    esac
    shift
done
grep -q "^$1:" /etc/group && { echo "addgroup: group '$1' in use" >&2; exit 1; }
echo "$1:x:$gid:" >> /etc/group
"""
_ADDUSER = r"""#!/bin/sh
uid=1000 group= home= shell=/bin/sh gecos="Linux User,,,"
while [ $# -gt 1 ]; do
    case "$1" in
        -u) uid="$2"; shift ;;
        -G) group="$2"; shift ;;
        -h) home="$2"; shift ;;
        -s) shell="$2"; shift ;;
        -g) gecos="$2"; shift ;;
        -S) [ "$uid" = 1000 ] && uid=100 ;;
    esac
    shift
done
grep -q "^$1:" /etc/passwd && { echo "adduser: user '$1' in use" >&2; exit 1; }
[ -n "$group" ] || { group="$1"; grep -q "^$1:" /etc/group || echo "$1:x:$uid:" >> /etc/group; }
gid="$(grep "^$group:" /etc/group | cut -d: -f3)"
[ -n "$gid" ] || { echo "adduser: unknown group $group" >&2; exit 1; }
echo "$1:x:$uid:$gid:$gecos:${home:-/home/$1}:$shell" >> /etc/passwd
"""

_CARGO = r"""#!/bin/sh
# `cargo build`, as far as a Dockerfile sees it: the binary was compiled before.
[ "$1" = --version ] && { echo "cargo 1.90.@REVISION@ (stand-in)"; exit 0; }
[ "$1" = build ] || { echo "error: no such command: \`$1\`" >&2; exit 101; }
shift
profile=debug target=
while [ $# -gt 0 ]; do
    case "$1" in
        --release) profile=release ;;
        --target) target="$2/"; shift ;;
        --target=*) target="${1#--target=}/" ;;
    esac
    shift
done
[ -f Cargo.toml ] || { echo "error: could not find \`Cargo.toml\` in \`$PWD\`" >&2; exit 101; }
name="$(sed -n 's/^name = "\(.*\)"/\1/p' Cargo.toml | head -n 1)"
[ -f src/main.rs ] || { echo "error: can't find bin \`$name\` at path \`src/main.rs\`" >&2; exit 101; }
echo "   Compiling $name ($PWD)" >&2
mkdir -p "target/$target$profile"
cp /usr/local/lib/ready-binary "target/$target$profile/$name"
echo "    Finished \`$profile\` profile" >&2
"""
_COMPILING_CARGO = r"""#!/bin/sh
# In rust:alpine musl is what cargo compiles for unless told otherwise. Here it has to be told, and then puts
# programs elsewhere.
[ "$1" = build ] || exec /usr/bin/cargo "$@"
shift
target=x86_64-unknown-linux-musl
/usr/bin/cargo build --target $target "$@" || exit
for profile in debug release; do
    mkdir -p target/$profile
    find target/$target/$profile -maxdepth 1 -type f -perm -100 -exec cp {} target/$profile/ \;
done 2>/dev/null
"""
_COMPILING_CONFIG = """[source.crates-io]
replace-with = "stand-ins"
[source.stand-ins]
directory = "/crates"
"""
_RUSTC = """#!/bin/sh
echo "rustc 1.90.@REVISION@ (stand-in)"
"""


def _package(name: str, version: str) -> str:
    return f"P:{name}\nV:{version}\nA:x86_64\nT:{name}\n\n"


def _release(revision: int) -> bytes:
    return (
        f'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.22.{revision}\nPRETTY_NAME="Alpine Linux v3.22"\n'
    ).encode()


def _zone(name: str) -> bytes:
    for folder in zoneinfo.TZPATH:
        path = Path(folder, name)
        if path.is_file():
            return path.read_bytes()
    raise FileNotFoundError(f"no compiled time zone {name}: apt-get install tzdata")


def _new_zone(revision: int) -> Iterable[Entry]:
    if revision > 1:
        yield Entry(name=f"usr/share/zoneinfo/{NEW_ZONE}", data=_zone("America/Santiago"))


def _folders(*names: str, mode: int = 0o755) -> Iterable[Entry]:
    return (Entry(name=name, mode=mode) for name in names)


def _script(name: str, text: str) -> Entry:
    return Entry(name=name, data=text.encode(), mode=0o755)


@cache
def _system() -> tuple[Entry, ...]:
    """What stays the same from revision to revision."""
    applets = subprocess.run([BUSYBOX, "--list-full"], check=True, capture_output=True, text=True).stdout
    return (
        *_folders("bin", "dev", "etc", "etc/ssl", "etc/ssl/certs", "home", "lib", "lib/apk", "lib/apk/db"),
        *_folders("proc", "root", "run", "sbin", "sys", "usr", "usr/bin", "usr/sbin", "usr/share", "var"),
        *_folders(
            "usr/share/zoneinfo",
            *sorted({f"usr/share/zoneinfo/{z.split('/')[0]}" for z in ZONES if "/" in z}),
        ),
        *_folders("tmp", mode=0o1777),
        Entry(name="bin/busybox", data=BUSYBOX.read_bytes(), mode=0o755),
        *(
            Entry(name=applet, link="/bin/busybox", mode=0o777)
            for applet in applets.split()
            if applet.startswith(("bin/", "sbin/", "usr/bin/", "usr/sbin/")) and applet != "bin/busybox"
        ),
        _script("sbin/apk", _APK),
        _script("usr/sbin/addgroup", _ADDGROUP),
        _script("usr/sbin/adduser", _ADDUSER),
        Entry(name="etc/passwd", data=_PASSWD.encode()),
        Entry(name="etc/group", data=_GROUP.encode()),
        Entry(name="etc/nsswitch.conf", data=b"hosts: files dns\n"),
        Entry(name="etc/mime.types", data=b"text/html\t\t\thtml htm\napplication/json\t\tjson\n"),
        Entry(name="etc/ssl/certs/ca-certificates.crt", data=certifi.contents().encode()),
        *(Entry(name=f"usr/share/zoneinfo/{zone}", data=_zone(zone)) for zone in ZONES),
    )


def alpine(revision: int = 1) -> tuple[Image, ...]:
    """For amd64 an image that works; for arm64 one that is only there to be listed."""
    packages = "".join(
        (
            _package("alpine-baselayout-data", "3.7.0-r0"),
            _package("busybox", f"1.37.0-r{18 + revision}"),
            _package("ca-certificates", "20260413-r0"),
            _package("musl", f"1.2.5-r{9 + revision}"),
            _package("tzdata", "2025a-r0" if revision == 1 else "2025b-r0"),
        )
    )
    changing = (
        Entry(name="etc/os-release", data=_release(revision)),
        Entry(name="lib/apk/db/installed", data=packages.encode()),
        *_new_zone(revision),
    )
    config = {"Env": [f"PATH={_PATH}"], "Cmd": ["/bin/sh"], "WorkingDir": "/"}
    created = f"2026-01-{revision:02}T00:00:00Z"
    return (
        Image(layers=(layer((*_system(), *changing)),), config=config, created=created),
        Image(
            layers=(layer((*_folders("etc"), changing[0])),),
            config=config,
            architecture="arm64",
            created=created,
        ),
    )


def rust_alpine(binary: bytes, revision: int = 1) -> tuple[Image, ...]:
    """Alpine with a toolchain whose `cargo build` gives `binary`, a static executable for amd64."""

    def tool(name: str, text: str) -> Entry:
        return _script(f"usr/local/cargo/bin/{name}", text.replace("@REVISION@", str(revision)))

    toolchain = layer(
        (
            *_folders("usr", "usr/local", "usr/local/cargo", "usr/local/cargo/bin", "usr/local/lib"),
            tool("cargo", _CARGO),
            tool("rustc", _RUSTC),
            Entry(name="usr/local/lib/ready-binary", data=binary, mode=0o755),
        )
    )
    config = {
        "Env": [f"PATH=/usr/local/cargo/bin:{_PATH}", f"RUST_VERSION=1.90.{revision}"],
        "Cmd": ["/bin/sh"],
        "WorkingDir": "/",
    }
    amd64, arm64 = alpine(revision)
    return (
        Image(layers=(*amd64.layers, toolchain), config=config, created=amd64.created),
        Image(layers=arm64.layers, config=config, architecture="arm64", created=arm64.created),
    )


def compiling_rust_alpine(lock: Path, crates: Path) -> Image:
    """Alpine with a toolchain that compiles, for musl, programs with the crates of a lock file.

    `crates` is a folder that may be written.
    """
    stand_ins(lock, crates)
    made = sorted(path for path in crates.rglob("*") if path.is_file())
    small, _ = alpine()
    return Image(
        layers=(
            *small.layers,
            TOOLCHAIN.read_bytes(),
            layer(
                (
                    *_folders("usr/local", "usr/local/cargo", "usr/local/cargo/bin"),
                    _script("usr/local/cargo/bin/cargo", _COMPILING_CARGO),
                    Entry(name="usr/local/cargo/config.toml", data=_COMPILING_CONFIG.encode()),
                    *(
                        Entry(name=f"crates/{path.relative_to(crates)}", data=path.read_bytes())
                        for path in made
                    ),
                )
            ),
        ),
        config={
            "Env": [f"PATH=/usr/local/cargo/bin:{_PATH}", "CARGO_HOME=/usr/local/cargo"],
            "Cmd": ["/bin/sh"],
            "WorkingDir": "/",
        },
        created="2026-01-01T00:00:00Z",
    )


def push_base_images(base_url: str, revision: int = 1) -> dict[str, str]:
    """Make `alpine`, `alpine:3.22` and `rust:alpine` of a registry mean `revision`.

    Returns:
        The digest of each index that was pushed, by `repository:tag`.
    """
    small = alpine(revision)
    pusher = Pusher(base_url)
    try:
        return {
            "library/alpine:latest": pusher.index("library/alpine", "latest", small),
            "library/alpine:3.22": pusher.index("library/alpine", "3.22", small),
            "library/rust:alpine": pusher.index(
                "library/rust", "alpine", rust_alpine(example_binary().read_bytes(), revision)
            ),
        }
    finally:
        pusher.close()


def example_binary() -> Path:
    """The example's service as one static executable, compiled at most once for each state of its source."""
    sources = (EXAMPLE / "Cargo.toml", EXAMPLE / "Cargo.lock", *sorted((EXAMPLE / "src").glob("*.rs")))
    key = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    binary = CACHE / "rust-scratch" / key
    if not binary.exists():
        compile_example(binary)
    return binary


def compile_example(out: Path) -> None:
    """Compile the example with this machine's cargo, for this machine, without any dynamic library."""
    cargo = shutil.which("cargo")
    if cargo is None:
        raise FileNotFoundError("cargo is needed to compile the example: apt-get install cargo")
    target = CACHE / "rust-scratch" / "target"
    version = subprocess.run([cargo, "-vV"], check=True, capture_output=True, text=True).stdout
    host = next(line.removeprefix("host: ") for line in version.splitlines() if line.startswith("host: "))
    subprocess.run(
        [
            *(cargo, "build", "--release", "--locked", "--offline", "--target", host, "--target-dir", target),
            *stand_ins(EXAMPLE / "Cargo.lock", CACHE / "rust-scratch" / "crates"),
        ],
        check=True,
        cwd=EXAMPLE,
        env={**os.environ, "RUSTFLAGS": "-C target-feature=+crt-static"},
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = out.with_suffix(f".{os.getpid()}")
    shutil.copy2(target / host / "release" / "rust-scratch", fresh)
    fresh.replace(out)
