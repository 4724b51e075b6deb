"""The audit of images that a real builder made."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from pinbot.build.drivers import choose
from pinbot.config import BuildSettings, Driver, RegistrySettings
from pinbot.model.build import BuildRequest, BuildTarget, BuiltImage
from tests.support.images import EXAMPLE
from tests.support.project import Run, pinbot
from tests.support.registry import RegistryServer

pytestmark = pytest.mark.needs("base-images", "buildah")

Audited = Callable[[Path], Run]


@pytest.fixture
def audited(registry: RegistryServer, cache: Path, tmp_path: Path) -> Audited:
    """Builds what is in a folder, and audits it as scratch."""

    async def build(root: Path) -> None:
        builder = await choose(
            BuildSettings(driver=Driver.BUILDAH),
            [RegistrySettings(name="docker.io", location=registry.host, insecure=True)],
            environ={"PATH": os.environ["PATH"], "XDG_CACHE_HOME": str(cache)},
        )
        lines: list[str] = []
        target = BuildTarget(dockerfile="Dockerfile", context=".")
        request = BuildRequest(target=target, root=root, image=tmp_path / "image")
        assert isinstance(await builder.build(request, on_line=lines.append), BuiltImage), "\n".join(lines)

    def run(root: Path) -> Run:
        asyncio.run(build(root))
        return pinbot("audit", "--profile", "scratch", "--format", "json", "oci:image", cwd=tmp_path)

    return run


def test_the_example_passes(audited: Audited) -> None:
    run = audited(EXAMPLE)
    assert run.code == 0, run.text
    found = {(f["rule"], f["severity"]) for f in run.json["findings"] if not f["rule"].startswith("B")}
    assert found == set()
    assert [entry["rule"] for entry in run.json["unchecked"]] == []
    assert [binary["path"] for binary in run.json["binaries"]] == ["/app/rust-scratch"]


def test_a_common_recipe_that_builds_green_is_found_to_break(audited: Audited, tmp_path: Path) -> None:
    root = tmp_path / "recipe"
    root.mkdir()
    (root / "Dockerfile").write_text(
        "FROM alpine AS files\n"
        "FROM scratch\n"
        "COPY --from=files --chmod=444 /usr/share/zoneinfo /usr/share/zoneinfo\n"
        "COPY --from=files --chmod=444 /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/\n"
        "COPY --from=files --chmod=555 /bin/busybox /app\n"
        "USER 10001:10001\n"
        'ENTRYPOINT ["/app"]\n'
    )
    run = audited(root)
    assert run.code == 11
    closed = [f for f in run.json["findings"] if f["rule"] == "I2"]
    # Buildah gives the mode to the folders within the one that is copied.
    assert {(f["severity"], f["path"]) for f in closed} == {
        ("error", f"/usr/share/zoneinfo/{area}") for area in ("America", "Asia", "Europe")
    }
    assert "(mode 0444, owner 0:0) cannot be searched by uid 10001" in closed[0]["message"]
