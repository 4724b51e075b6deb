"""The orderings agree with the tools that own them, on versions made up to meet in the corners."""

import shutil
import subprocess
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from pinbot.image.versions.compare import compare
from pinbot.model.image import Ecosystem, VersionChange
from tests.image.versions.strategies import versions

DPKG_BATCH = """
while read -r old new; do
    if dpkg --compare-versions "$old" lt "$new"; then echo upgrade
    elif dpkg --compare-versions "$old" eq "$new"; then echo same
    else echo downgrade; fi
done
"""

RPM_BATCH = """%{lua:
local names = { [-1] = "upgrade", [0] = "same", [1] = "downgrade" }
for line in io.lines("PAIRS") do
    local old, new = line:match("(.*) (.*)")
    print(names[rpm.vercmp(old, new)] .. string.char(10))
end}"""


def pairs(ecosystem: Ecosystem, count: int) -> list[tuple[str, str]]:
    """Each of some versions with each other one."""
    made: list[str] = []

    @settings(
        max_examples=count, derandomize=True, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(versions(ecosystem))
    def make(version: str) -> None:
        made.append(version)

    make()
    return list(combinations(made, 2))


def compared(ecosystem: Ecosystem, made: list[tuple[str, str]]) -> list[tuple[str, str, VersionChange]]:
    return [(old, new, compare(ecosystem, old, new)) for old, new in made]


def told(made: list[tuple[str, str]], output: str) -> list[tuple[str, str, VersionChange]]:
    answers = [VersionChange(line) for line in output.split()]
    return [(old, new, answer) for (old, new), answer in zip(made, answers, strict=True)]


@pytest.mark.needs("dpkg")
def test_dpkg_orders_versions_in_the_same_way() -> None:
    made = pairs(Ecosystem.DPKG, 32)
    lines = "".join(f"{old} {new}\n" for old, new in made)
    answer = subprocess.run(["sh", "-c", DPKG_BATCH], input=lines, capture_output=True, text=True, check=True)
    assert compared(Ecosystem.DPKG, made) == told(made, answer.stdout)


@pytest.mark.needs("rpm")
def test_rpm_orders_versions_in_the_same_way(tmp_path: Path) -> None:
    made = pairs(Ecosystem.RPM, 150)
    file = tmp_path / "pairs"
    file.write_text("".join(f"{old} {new}\n" for old, new in made))
    command = [shutil.which("rpm") or "rpm", "--eval", RPM_BATCH.replace("PAIRS", str(file))]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert compared(Ecosystem.RPM, made) == told(made, answer.stdout)
