"""The project that `init --rust` writes: names, files, and that cargo takes them as they are."""

import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.errors import UsageError
from pinbot.scaffold.rust import check_name, project
from tests.support.crates import stand_ins
from tests.support.images import EXAMPLE

CARGO = shutil.which("cargo") or "cargo"


def write(name: str, folder: Path) -> Path:
    for file in project(name):
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.data)
    return folder


def test_the_example_is_what_is_written_for_its_name() -> None:
    for file in project("rust-scratch"):
        assert (EXAMPLE / file.path).read_bytes() == file.data, (
            f"run pinbot init --rust rust-scratch for {file.path}"
        )


def test_the_name_stands_wherever_it_is_needed_and_no_marker_is_left() -> None:
    files = {file.path: file.data.decode() for file in project("my_service")}
    assert 'ENTRYPOINT ["/app/my_service"]' in files["Dockerfile"]
    assert "/src/target/release/my_service /app/my_service\n" in files["Dockerfile"]
    assert tomllib.loads(files["Cargo.toml"])["package"]["name"] == "my_service"
    assert not [path for path, text in files.items() if "@NAME@" in text]


def test_the_release_is_small_and_stops_where_it_panics() -> None:
    files = {file.path: file.data.decode() for file in project("hello")}
    assert tomllib.loads(files["Cargo.toml"])["profile"]["release"] == {
        "opt-level": 3,
        "lto": True,
        "codegen-units": 1,
        "panic": "abort",
        "strip": True,
    }


@given(st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,63}", fullmatch=True))
def test_packages_stand_in_the_order_of_their_names_as_cargo_writes_them(name: str) -> None:
    try:
        files = {file.path: file.data.decode() for file in project(name)}
    except UsageError:
        return
    names = [package["name"] for package in tomllib.loads(files["Cargo.lock"])["package"]]
    assert names == sorted(names)
    assert name in names


@pytest.mark.parametrize("name", ["a", "hello", "my-service", "my_service2", "Hello", "x" * 64])
def test_a_name_that_cargo_takes_is_taken(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "9lives",
        "-x",
        "_x",
        "a b",
        "a.b",
        "a/b",
        "../x",
        "@NAME@",
        "grüezi",
        "x" * 65,
        "a\n",
        'a"',
        "$(id)",
    ],
)
def test_a_name_with_other_characters_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="is no name of a Cargo package"):
        check_name(name)


@pytest.mark.needs("base-images")
@pytest.mark.parametrize("name", ["test", "build", "deps", "self", "async", "fn"])
def test_a_name_that_cargo_refuses_is_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    cargo = subprocess.run(
        [CARGO, "init", "--name", name, "x"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert cargo.returncode != 0
    assert f"`{name}`" in cargo.stderr
    with pytest.raises(UsageError, match="Cargo takes no package"):
        check_name(name)


@pytest.mark.parametrize("name", ["std", "core", "libc", "cc", "tikv-jemallocator"])
def test_the_name_of_a_library_in_use_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="library"):
        check_name(name)


@pytest.mark.needs("base-images")
@pytest.mark.parametrize("name", ["aa", "zz-service"])
def test_cargo_takes_the_lock_file_as_it_is_and_the_tests_of_the_project_pass(
    name: str, tmp_path: Path
) -> None:
    folder = write(name, tmp_path / "project")
    done = subprocess.run(
        [CARGO, "test", "--locked", "--offline", *stand_ins(folder / "Cargo.lock", tmp_path / "crates")],
        cwd=folder,
        env={**os.environ, "CARGO_TARGET_DIR": str(tmp_path / "target")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "test result: ok. " in done.stdout
