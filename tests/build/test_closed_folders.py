"""A common recipe that builds green and breaks at run time, really run; and the same mended.

`COPY --chmod=444` of a folder closes the folders in it: without the x bit, only root opens what lies there.
"""

import pytest

from pinbot.model.build import BuiltImage
from pinbot.model.inspection import Inspection
from tests.audit.dockerfiles import message
from tests.build.conftest import Bench
from tests.build.inspecting import inspected_and_started
from tests.support.toolchain import compiled

# As a service does it: read the file of the time zone, or give up.
READER = r"""
#include <stdio.h>
#include <stdlib.h>
int main(void) {
    char path[256], magic[5] = "";
    snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", getenv("TZ"));
    FILE *file = fopen(path, "r");
    if (!file) { perror(path); return 1; }
    printf("%s begins with %.4s\n", path, fgets(magic, sizeof magic, file));
    return 0;
}
"""
CLOSED = """FROM alpine AS files
FROM scratch
COPY --from=files --chmod=444 /usr/share/zoneinfo /usr/share/zoneinfo
"""
OPEN = """FROM alpine AS files
RUN mkdir -p /rootfs/usr/share && cp -R /usr/share/zoneinfo /rootfs/usr/share/ \\
 && find /rootfs -type d -exec chmod 555 '{}' + && find /rootfs -type f -exec chmod 444 '{}' +
FROM scratch
COPY --from=files /rootfs/ /
"""
REST = """COPY --chmod=555 reader /app/reader
WORKDIR /app
USER 10001:10001
ENV TZ=Europe/Zurich
ENTRYPOINT ["/app/reader"]
"""
ZONE = "/usr/share/zoneinfo/Europe/Zurich"


@pytest.fixture(
    params=[
        pytest.param("buildah", marks=pytest.mark.needs("base-images", "buildah", "podman", "gcc")),
        pytest.param("docker", marks=pytest.mark.needs("base-images", "dockerd", "podman", "gcc")),
        pytest.param("buildx", marks=pytest.mark.needs("base-images", "buildx", "podman", "gcc")),
    ]
)
def bench(request: pytest.FixtureRequest) -> Bench:
    made: Bench = request.getfixturevalue(request.param)
    (made.tree / "reader").write_bytes(compiled("-static", source=READER))
    return made


def built_and_started(bench: Bench, dockerfile: str) -> Inspection:
    image = bench.build(dockerfile)
    assert isinstance(image, BuiltImage), bench.log
    return inspected_and_started(bench)


def test_folders_without_the_x_bit_build_green_and_break_for_the_user(bench: Bench) -> None:
    found = built_and_started(bench, CLOSED + REST)
    told = {(one.rule, one.message) for one in found.audit.findings}
    denied = f"{ZONE}: Permission denied"
    assert ("B13", f"it ends with status 1, and was denied something: {denied!r}") in told
    assert any(rule == "I2" and "cannot be searched by uid 10001" in text for rule, text in told)
    assert message("D9", CLOSED + REST) == (
        "--chmod=444 also goes to the directories in /usr/share/zoneinfo: "
        "user 10001:10001 can open nothing there"
    )


def test_with_open_folders_the_same_program_reads_its_time_zone(bench: Bench) -> None:
    found = built_and_started(bench, OPEN + REST)
    assert {"B13", "I2"} <= set(found.audit.kept)
