"""--chmod: octal modes, and symbolic ones held against the machine's own chmod."""

import stat
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pinbot.formats.dockerfile.modes import Chmod


@pytest.mark.parametrize(("text", "mode"), [("755", 0o755), ("0644", 0o644), ("0", 0), ("7777", 0o7777)])
def test_an_octal_mode_is_that_of_everything(text: str, mode: int) -> None:
    chmod = Chmod.parse(text)
    assert chmod is not None
    assert chmod.of(0o111, directory=False) == mode
    assert chmod.of(0o755, directory=True) == mode


@pytest.mark.parametrize(
    "text", ["", "8", "10000", "0x1", "u", "u+q", "x", "+r,", "u+rw x", "rw", "-1", "u=go"]
)
def test_other_texts_are_none(text: str) -> None:
    assert Chmod.parse(text) is None


@pytest.mark.parametrize(
    ("text", "file", "folder"),
    [
        ("u=rwX,go=rX", 0o644, 0o755),
        ("+x", 0o755, 0o755),
        ("a-x", 0o644, 0o644),
        ("g=u", 0o664, 0o775),
        ("o=", 0o640, 0o750),
        ("u+s", 0o4644, 0o4755),
        ("+t", 0o1644, 0o1755),
        ("u+r-w", 0o444, 0o555),
        ("u=rw,g+w,o-r", 0o660, 0o671),
    ],
)
def test_a_symbolic_mode_changes_what_is_there(text: str, file: int, folder: int) -> None:
    chmod = Chmod.parse(text)
    assert chmod is not None
    assert oct(chmod.of(0o644, directory=False)) == oct(file)
    assert oct(chmod.of(0o755, directory=True)) == oct(folder)


CLAUSES = st.lists(
    st.tuples(
        st.sampled_from(["u", "g", "o", "a", "ug", "go", "ugo"]),
        st.sampled_from(["+", "-", "="]),
        st.sampled_from(["", "r", "w", "x", "X", "rw", "rX", "rwx", "t", "u", "g", "o"]),
    ).map("".join),
    min_size=1,
    max_size=4,
).map(",".join)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(clauses=CLAUSES, mode=st.sampled_from([0o644, 0o600, 0o755, 0o551]), directory=st.booleans())
def test_it_does_what_the_machine_does(tmp_path: Path, clauses: str, mode: int, *, directory: bool) -> None:
    path = tmp_path / ("folder" if directory else "file")
    path.mkdir(exist_ok=True) if directory else path.touch()
    path.chmod(mode)
    subprocess.run(["chmod", clauses, path], check=True)
    expected = stat.S_IMODE(path.stat().st_mode)
    chmod = Chmod.parse(clauses)
    assert chmod is not None
    assert oct(chmod.of(mode, directory=directory)) == oct(expected)
