"""Static programs as others ship them, in images from scratch: what the audit finds, and that they start."""

import pytest

from pinbot.model.build import BuiltImage
from pinbot.model.finding import Severity
from tests.build.conftest import Bench
from tests.build.inspecting import inspected_and_started
from tests.support.toolchain import specimen

pytestmark = pytest.mark.needs("specimens", "buildah", "docker-registry", "podman")

DOCKERFILE = """FROM scratch
COPY --chmod=555 program /app/program
WORKDIR /app
USER 10001:10001
ENTRYPOINT ["/app/program", "--version"]
"""


@pytest.mark.parametrize(
    ("name", "megabytes", "broken"),
    [
        ("ruff", (9, 12), {"B11": Severity.NOTE}),
        ("uv", (17, 21), {"I12": Severity.WARNING}),
        ("uvx", (0, 1), {"B8": Severity.WARNING, "B13": Severity.NOTE}),
    ],
)
def test_a_static_program_in_an_image_from_scratch(
    buildah: Bench, name: str, megabytes: tuple[int, int], broken: dict[str, Severity]
) -> None:
    (buildah.tree / "program").write_bytes(specimen(name))
    image = buildah.build(DOCKERFILE)
    assert isinstance(image, BuiltImage), buildah.log
    assert megabytes[0] < image.size / 1e6 < megabytes[1]
    found = inspected_and_started(buildah)
    assert found.audit.passed
    # There are no certificates and no accounts in it.
    told = {one.rule: one.severity for one in found.audit.findings if one.rule not in ("I7", "I8")}
    assert told == broken
    (program,) = found.programs
    assert program.binary.static
    assert program.binary.rustc == "1.100.0"
