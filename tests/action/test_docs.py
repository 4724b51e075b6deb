"""What docs/action.md says is what action.yml has, and its workflows pass the linter that ours pass."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.support.actionlint import complaints
from tests.support.project import ROOT

DOCS = (ROOT / "docs" / "action.md").read_text()
ACTION: dict[str, Any] = YAML(typ="safe").load(ROOT / "action.yml")
BLOCKS = [block.replace("COMMIT", "0" * 40) for block in re.findall(r"```yaml\n(.*?)```", DOCS, re.DOTALL)]
WORKFLOWS = [block for block in BLOCKS if block.startswith("name:")]
ZIZMOR = Path(sys.executable).with_name("zizmor")


def section(title: str) -> str:
    return DOCS.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def rows(title: str) -> list[list[str]]:
    lines = re.findall(r"^\| (`.*) \|$", section(title), re.MULTILINE)
    return [[cell.strip() for cell in line.split("|")] for line in lines]


def test_every_input_is_described_with_its_default() -> None:
    defaults = {
        f"`{name}`": f"`{value['default']}`" if "default" in value else ""
        for name, value in ACTION["inputs"].items()
    }
    assert {row[0]: row[1] for row in rows("Inputs")} == defaults


def test_every_output_is_described() -> None:
    assert [row[0] for row in rows("Outputs")] == [f"`{name}`" for name in ACTION["outputs"]]


def test_every_input_reaches_the_program_in_a_variable_of_its_own() -> None:
    *_, run = ACTION["runs"]["steps"]
    passed = {
        f"INPUT_{name.upper().replace('-', '_')}": f"${{{{ inputs.{name} }}}}"
        for name in ACTION["inputs"]
        if name != "python"
    }
    assert {name: value for name, value in run["env"].items() if name != "PYTHON"} == passed


def test_no_script_holds_an_expression() -> None:
    assert not [step["name"] for step in ACTION["runs"]["steps"] if "${{" in step["run"]]


def uses(document: Any) -> list[dict[str, Any]]:
    """Every step in a piece of YAML that uses pinbot."""
    if isinstance(document, dict):
        found = [document] if str(document.get("uses", "")).startswith("pinbot/") else []
        return found + [step for value in document.values() for step in uses(value)]
    return [step for item in document for step in uses(item)] if isinstance(document, list) else []


def test_the_examples_use_inputs_that_exist() -> None:
    steps = [step for block in BLOCKS for step in uses(YAML(typ="safe").load(block))]
    assert len(steps) == len(re.findall(r"uses: pinbot/pinbot@", DOCS))
    assert {name for step in steps for name in step["with"]} <= set(ACTION["inputs"])


@pytest.mark.parametrize("number", range(len(WORKFLOWS)))
def test_the_workflows_are_secure(number: int, tmp_path: Path) -> None:
    file = tmp_path / ".github" / "workflows" / "images.yml"
    file.parent.mkdir(parents=True)
    file.write_text(WORKFLOWS[number])
    done = subprocess.run([ZIZMOR, "--offline", "--quiet", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.needs("actionlint")
@pytest.mark.parametrize("number", range(len(WORKFLOWS)))
def test_actionlint_has_nothing_against_the_workflows(number: int, tmp_path: Path) -> None:
    file = tmp_path / "images.yml"
    file.write_text(WORKFLOWS[number])
    assert complaints(file) == []
