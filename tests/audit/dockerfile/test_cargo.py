"""D13 and D14: how Cargo builds."""

import pytest

from tests.audit.dockerfiles import audit, message, places, unchecked


def inapplicable(text: str) -> set[str]:
    return {entry.rule for entry in audit(text).inapplicable}


# D13


@pytest.mark.parametrize(
    ("run", "place"),
    [
        ("cargo build", "2:11"),
        ("cargo b -r", "2:11"),
        ("cargo build --release -- --locked", "2:11"),
        ("cargo +nightly build", "2:20"),
        ("cargo auditable build --release", "2:21"),
        ("cargo -v -Z x build", "2:19"),
        ("cargo --config build.jobs=1 build", "2:33"),
        ("RUSTFLAGS='-C x' cargo build", "2:28"),
        ("env RUSTFLAGS=x cargo build", "2:27"),
        ("cd x && cargo fetch && cargo build", "2:34"),
        ("/root/.cargo/bin/cargo build", "2:28"),
        ("cargo \\\n    build \\\n    --release", "3:5"),
        ("<<EOF\n  cargo build\nEOF", "3:9"),
        ("<<-'EOF' bash -e\n\tcd /src\n\tcargo build\nEOF", "4:8"),
        ("bash -euo pipefail -c 'cargo build --release'", "2:34"),
        ('["cargo", "build"]', "2:16"),
        ("--mount=type=cache,target=/t cargo build", "2:40"),
        ("timeout 600 cargo build", "2:23"),
        ("sudo -u rust cargo build", "2:24"),
        ("for x in a b; do cargo build -p $x; done", "2:28"),
        ("cargo build --target $(cat target)", "2:11"),
        ("cargo build --features=$FEATURES -p $P", "2:11"),
        ("cargo install ripgrep", "2:11"),
        ("cargo rustc -- -C target-feature=+crt-static", "2:11"),
        ("cargo zigbuild", "2:11"),
        ("cross build", "2:11"),
        ("cargo build --features locked", "2:11"),
    ],
)
def test_a_build_that_is_not_locked_is_found(run: str, place: str) -> None:
    text = f"FROM rust:alpine\nRUN {run}\n"
    assert places("D13", text) == [f"{place} warning"]


@pytest.mark.parametrize(
    "run",
    [
        "cargo build --locked",
        "cargo build --release --frozen",
        "cargo --locked build",
        "cargo +1.90 --frozen b",
        "cargo auditable build --locked",
        "cargo install --locked ripgrep",
        "cargo install --list",
        "cargo build --help",
        "cargo --version",
        "cargo test",
        "cargo fetch",
        "cargo chef prepare",
        "cargo build $FLAGS",
        "echo cargo build",
        "cargo",
        "echo 'cargo build'",
        "git clone x && make",
        "<<EOF cat > build.sh\ncargo build\nEOF",
        "<<EOF\n#!/usr/bin/env python3\ncargo build\nEOF",
    ],
)
def test_a_locked_build_and_what_is_no_build_are_not(run: str) -> None:
    text = f'FROM rust:alpine\nENV FLAGS="--release --locked"\nRUN {run}\n'
    assert places("D13", text) == []


def test_each_build_is_told_for_what_it_is() -> None:
    assert message("D13", "FROM rust\nRUN cargo install x\n") == (
        "cargo install takes the newest dependencies, and not those that the crate was published with"
    )
    for run in ("cargo build", "cargo install --path ."):
        assert message("D13", f"FROM rust\nRUN {run}\n").endswith(
            "may take other dependencies than Cargo.lock names, and change it"
        )


def test_cooking_for_the_cache_alone_is_a_note() -> None:
    assert places("D13", "FROM rust\nRUN cargo chef cook --release\n") == ["2:16 note"]
    assert places("D13", "FROM rust\nRUN cargo chef cook --locked\n") == []


def test_options_that_only_a_variable_knows_are_not_checked() -> None:
    for word in ("$ARGS", "${ARGS}", '"$@"', "$(cat args)"):
        assert unchecked("D13", f"FROM rust\nRUN cargo build {word}\n") == [
            f"{word.strip(chr(34))} may hold --locked"
        ]
    assert places("D13", "FROM scratch\nARG A=-r\nRUN cargo build $A\n") == ["3:11 warning"]


def test_powershell_is_not_read_as_a_shell() -> None:
    text = 'FROM rust\nSHELL ["powershell", "-Command"]\nRUN cargo build\n'
    assert places("D13", text) == []
    assert places("D13", text.replace('"powershell", "-Command"', '"/bin/bash", "-ec"')) == ["3:11 warning"]


# D14


def scratch(
    build: str = "RUN cargo build --locked", base: str = "rust:1.90", source: str = "/target/release/app"
) -> str:
    return f'FROM {base} AS build\n{build}\nFROM scratch\nCOPY --from=build {source} /app\nCMD ["/app"]\n'


def test_a_dynamic_binary_for_scratch_is_found() -> None:
    assert places("D14", scratch()) == ["2:11 error"]
    assert message("D14", scratch()) == (
        "nothing here asks for a static binary, and on rust:1.90 Cargo makes a dynamic one"
    )
    assert places("D14", scratch("RUN apk add cargo\nRUN cargo build", base="alpine:3.22")) == ["3:11 error"]
    assert places("D14", scratch("RUN cargo build --target x86_64-unknown-linux-gnu")) == ["2:11 error"]
    added = "RUN rustup target add x86_64-unknown-linux-musl && cargo build"
    assert places("D14", scratch(added)) == ["2:58 error"]


@pytest.mark.parametrize(
    "build",
    [
        "RUN cargo build --target x86_64-unknown-linux-musl",
        "RUN cargo build --target=aarch64-unknown-linux-musl",
        "ARG TARGET=x86_64-unknown-linux-musl\nRUN cargo build --target $TARGET",
        "ENV CARGO_BUILD_TARGET=x86_64-unknown-linux-musl\nRUN cargo build",
        'ENV RUSTFLAGS="-C target-feature=+crt-static"\nRUN cargo build',
        "RUN RUSTFLAGS='-C target-feature=+crt-static' cargo build",
        "RUN export RUSTFLAGS='-C target-feature=+crt-static' && cargo build",
        "RUN cargo rustc --release -- -C target-feature=+crt-static",
        "RUN cargo build --target wasm32-wasip1",
        "RUN make",
    ],
)
def test_a_static_target_can_be_asked_for_in_many_ways(build: str) -> None:
    assert places("D14", scratch(build)) == []


@pytest.mark.parametrize(
    "base",
    [
        *("rust:alpine", "rust:1.90-alpine3.22", "docker.io/library/rust:alpine", "clux/muslrust:stable"),
        *("ekidd/rust-musl-builder", "lukemathwalker/cargo-chef:latest-rust-alpine", "x.io/rust:1-alpine"),
    ],
)
def test_images_with_a_musl_toolchain_make_static_binaries(base: str) -> None:
    assert places("D14", scratch(base=base)) == []


def test_where_the_files_come_from_tells_the_target() -> None:
    assert places("D14", scratch(source="/target/x86_64-unknown-linux-musl/release/app")) == []


def test_taking_crt_static_away_is_found_anywhere() -> None:
    build = 'ENV RUSTFLAGS="-C target-feature=-crt-static"\nRUN cargo build'
    assert places("D14", scratch(build, base="rust:alpine")) == ["3:11 error"]


@pytest.mark.parametrize("copy", ["COPY . .", "COPY .cargo .cargo", "COPY .cargo/config.toml .cargo/"])
def test_where_a_configuration_may_be_copied_it_is_a_warning(copy: str) -> None:
    text = scratch(f"{copy}\nRUN cargo build")
    assert places("D14", text) == ["3:11 warning"]
    assert message("D14", text).endswith("unless .cargo/config.toml says otherwise")


def test_other_images_and_other_stages_can_be_dynamic() -> None:
    text = "FROM rust AS build\nRUN cargo build\nFROM debian\nCOPY --from=build /a /a\n"
    assert places("D14", text) == []
    text = "FROM rust AS build\nRUN cargo build\nFROM scratch\nCOPY a /a\n"
    assert "D14" in inapplicable(text)


def test_a_base_that_is_not_known_is_not_checked() -> None:
    text = "ARG RUST\n" + scratch(base="$RUST")
    assert unchecked("D14", text) == ["$RUST is not known without build arguments"]
    assert unchecked("D14", scratch("RUN cargo build --target $(cat target)")) == [
        "$(cat target) is not known"
    ]


@pytest.mark.parametrize(
    ("line", "place"),
    [
        ('ENV RUSTFLAGS="-C target-cpu=native"', "2:19"),
        ("RUN RUSTFLAGS='-C target-cpu=native' cargo build --locked", "2:19"),
        ("RUN cargo rustc --locked -- -C target-cpu=native", "2:32"),
        ("ARG RUSTFLAGS=-Ctarget-cpu=native", "2:17"),
    ],
)
def test_a_binary_for_this_machine_alone_is_found_in_any_image(line: str, place: str) -> None:
    assert places("D14", f"FROM rust:alpine\n{line}\n") == [f"{place} warning"]
    assert places("D14", f"FROM rust:alpine\n{line.replace('native', 'x86-64-v2')}\n") == []
