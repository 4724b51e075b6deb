"""What holds for every builder, shown with the real ones."""

import asyncio
import io
import json
import tarfile
import time
from dataclasses import replace
from pathlib import Path

import pytest

from pinbot.build.drivers import choose
from pinbot.config import Network
from pinbot.errors import BuilderError
from pinbot.model.build import BuildRequest, BuildTarget, BuiltImage, FailedBuild
from tests.build.conftest import TARGET, Bench, column, is_limited
from tests.support.layouts import read_strictly
from tests.support.registry import RegistryServer

GOOD = """\
FROM alpine:3.22 AS files
RUN mkdir /rootfs && echo hello > /rootfs/hello
FROM scratch
COPY --from=files /rootfs/ /
USER 10001
"""


def processes_with(argument: str) -> list[str]:
    """Command lines of the living processes with this argument."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_text().split("\0") if folder.name.isdigit() else []
        except OSError:
            continue
        if any(argument in word.split() for word in words):
            found.append(" ".join(words))
    return found


def asking(registry: RegistryServer) -> str:
    """An instruction that succeeds where the registry can be reached."""
    host, port = registry.host.split(":")
    return f"RUN printf 'GET /v2/ HTTP/1.0\\r\\n\\r\\n' | nc -w 5 {host} {port} | grep -q '200 OK'"


def assert_nothing_is_left(bench: Bench) -> None:
    """No temporary file, mount or container."""
    assert list(Path(bench.environ["TMPDIR"]).iterdir()) == []
    if bench.daemon is not None:
        assert bench.daemon.docker("ps", "--all", "--quiet") == ""
        assert bench.daemon.docker("images", "--quiet", "pinbot-test-build") == ""
        return
    cache = Path(bench.environ["XDG_CACHE_HOME"])
    assert str(cache) not in Path("/proc/self/mounts").read_text()
    for store in (cache / "pinbot" / bench.driver).iterdir():
        assert sorted(path.name for path in store.iterdir()) == ["born", "lock", "root"]
        assert json.loads((store / "root" / "overlay-containers" / "containers.json").read_text()) == []


def test_a_good_build_gives_an_image_with_its_size_and_layers(bench: Bench) -> None:
    image = bench.build(GOOD)
    assert isinstance(image, BuiltImage), bench.log
    assert image.layers == 1
    assert 80 < image.size < 300
    layout = read_strictly(bench.image)
    assert layout.digest == str(image.digest)
    assert sum(layer["size"] for layer in layout.manifest["layers"]) == image.size
    assert layout.config["config"]["User"] == "10001"
    with tarfile.open(fileobj=io.BytesIO(layout.layers[0])) as layer:
        hello = layer.extractfile("hello")
        assert hello is not None
        assert hello.read() == b"hello\n"
    assert image.seconds > 0
    assert image.builder.startswith(f"{bench.driver} ")
    assert "hello > /rootfs/hello" in bench.log
    assert_nothing_is_left(bench)


def test_equal_trees_in_different_places_give_equal_images(bench: Bench, tmp_path: Path) -> None:
    dockerfile = "FROM alpine:3.22\nCOPY data /data\nRUN wc -c < /data > /count\n"
    (bench.tree / "data").write_text("some data")
    before = bench.build(dockerfile)
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "data").write_text("some data")
    after = replace(bench, tree=copy).build(dockerfile)
    assert isinstance(before, BuiltImage)
    assert isinstance(after, BuiltImage)
    assert (after.digest, after.size, after.layers) == (before.digest, before.size, before.layers)


def test_the_size_follows_what_is_in_the_image(family: Bench) -> None:
    (family.tree / "noise").write_bytes(bytes(range(256)) * 4000)
    small = family.build("FROM scratch\nCOPY Dockerfile /\n")
    large = family.build("FROM scratch\nCOPY Dockerfile /\nCOPY noise /\n")
    assert isinstance(small, BuiltImage)
    assert isinstance(large, BuiltImage)
    assert (small.layers, large.layers) == (1, 2)
    assert small.size + 1000 < large.size < 1_024_000


def test_a_failing_step_is_named_and_the_end_of_its_log_kept(bench: Bench) -> None:
    failed = bench.build(
        "FROM alpine:3.22 AS build\n"
        "RUN for i in $(seq 100); do echo line $i; done && printf '\\033[31mred\\033[0m\\n' && exit 3\n"
        "FROM scratch\nCOPY --from=build /x /x\n"
    )
    assert isinstance(failed, FailedBuild)
    assert failed.step.startswith("RUN for i in $(seq 100)")
    assert failed.limit is None
    assert len(failed.tail) <= 40
    text = "\n".join(failed.tail)
    assert "line 100" in text
    assert "red" in text
    assert "\x1b" not in text
    assert not bench.image.exists()
    assert_nothing_is_left(bench)


def test_a_copy_of_what_is_not_there_fails_at_that_step(family: Bench) -> None:
    failed = family.build("FROM scratch\nCOPY nothing /\n")
    assert isinstance(failed, FailedBuild)
    assert failed.step == "COPY nothing /"


def test_target_arguments_and_platform_reach_the_builder(family: Bench) -> None:
    image = family.build(
        "ARG TAG\nFROM alpine:${TAG} AS first\nARG NAME\nARG TARGETARCH\n"
        'RUN echo "hello $NAME on $TARGETARCH"\nFROM first\nRUN exit 1\n',
        stage="first",
        platform="linux/amd64",
        args=(("TAG", "3.22"), ("NAME", "a b=c")),
    )
    assert isinstance(image, BuiltImage), family.log
    assert "hello a b=c on amd64" in family.log


def test_a_stage_that_is_not_there_is_a_failed_build(family: Bench) -> None:
    failed = family.build(GOOD, stage="nope")
    assert isinstance(failed, FailedBuild)
    assert "nope" in failed.tail[-1]


@pytest.mark.parametrize(
    ("image", "message"),
    [
        ("{host}/library/alpine:gone", "not found|manifest unknown"),
        ("{host}/library/alpine@sha256:" + "0" * 64, "not found|manifest unknown"),
        ("127.0.0.1:1/library/alpine:3.22", "connection refused"),
    ],
)
def test_an_image_that_cannot_be_pulled_fails_at_its_from_with_the_registrys_words(
    family: Bench, registry: RegistryServer, image: str, message: str
) -> None:
    named = image.format(host=registry.host)
    failed = family.build(f"FROM {named}\nRUN true\n")
    assert isinstance(failed, FailedBuild)
    assert failed.step == f"FROM {named}"
    assert any(word in failed.tail[-1] for word in message.split("|"))


def test_cancelling_leaves_nothing_behind(bench: Bench) -> None:
    bench.cancel_when("it began", "FROM alpine:3.22\nRUN sleep 42002 & echo it began; sleep 42002\n")
    assert processes_with("42002") == []
    assert_nothing_is_left(bench)


def test_when_pinbot_is_killed_the_build_ends_with_it(bench: Bench) -> None:
    bench.kill_when("it began", "FROM alpine:3.22\nRUN echo it began; sleep 42003; sleep 42003\n")
    deadline = time.monotonic() + 30
    while processes_with("42003") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes_with("42003") == []


def test_without_the_network_a_step_reaches_nobody(bench: Bench, registry: RegistryServer) -> None:
    closed = bench.having(network=Network.NONE)
    image = closed.build(
        "FROM alpine:3.22\n"
        f"{asking(registry)} && echo result: reached || echo result: closed\n"
        "RUN ip -o link | grep -v ' lo:' || echo result: only lo; true\n"
    )
    assert isinstance(image, BuiltImage), closed.log
    printed = [line[line.index("result: ") :] for line in closed.lines if "result: " in line]
    assert [line for line in printed if line in ("result: reached", "result: closed")] == ["result: closed"]
    assert "result: only lo" in printed


def test_without_the_network_all_images_of_a_dockerfile_are_pulled_beforehand(
    bench: Bench, registry: RegistryServer
) -> None:
    closed = bench.having(network=Network.NONE)
    image = closed.build(
        f"FROM {registry.host}/library/alpine:latest AS one\nRUN true\n"
        "FROM alpine:3.22\nCOPY --from=one /etc/os-release /one\n"
        f"COPY --from={registry.host}/library/rust:alpine /usr/local/cargo/bin/cargo /cargo\n"
    )
    assert isinstance(image, BuiltImage), closed.log
    failed = closed.build(f"FROM {registry.host}/library/alpine:absent\n")
    assert isinstance(failed, FailedBuild)
    assert failed.step == f"FROM {registry.host}/library/alpine:absent"


@pytest.mark.parametrize(
    ("dockerfile", "feature"),
    [
        ("FROM alpine:3.22\nRUN <<EOF\necho hello\nEOF\n", "heredocs"),
        ("FROM alpine:3.22\nCOPY --link Dockerfile /\n", "--link"),
        ("FROM alpine:3.22\nCOPY --chmod=u=rx,go= Dockerfile /\n", "symbolic modes in --chmod"),
    ],
)
def test_a_dockerfile_that_is_newer_than_the_builder_is_no_failed_build(
    family: Bench, dockerfile: str, feature: str
) -> None:
    with pytest.raises(BuilderError, match=f"is too old for .*{feature}") as caught:
        family.build(dockerfile)
    assert caught.value.file == "Dockerfile"
    assert "newer" in caught.value.hint


@pytest.mark.needs("base-images", "dockerd")
def test_an_image_that_docker_cannot_save_is_no_failed_build(docker: Bench) -> None:
    with pytest.raises(BuilderError, match=r"docker cannot save the image: .*empty export"):
        docker.build("FROM scratch\n")


def test_a_builder_can_do_what_the_page_says(bench: Bench) -> None:
    async def ask() -> dict[str, str]:
        builder = await choose(bench.settings, bench.registries, environ=bench.environ)
        return {each.name: "yes" if each.able else "no" for each in await builder.capabilities()}

    limits = "yes" if is_limited(bench) else "no"
    assert asyncio.run(ask()) == {**column("What a builder can do", bench), "limits": limits}
    assert_nothing_is_left(bench)


def test_two_builds_at_once_do_not_disturb_each_other(family: Bench, tmp_path: Path) -> None:
    requests: list[BuildRequest] = []
    for name in ("one", "two"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "Dockerfile").write_text(f"FROM alpine:3.22\nRUN sleep 1; echo {name} > /name\n")
        requests.append(family.asking(folder))

    async def both() -> list[object]:
        return list(await asyncio.gather(*(family.run(request, family.lines.append) for request in requests)))

    one, two = asyncio.run(both())
    assert isinstance(one, BuiltImage), family.log
    assert isinstance(two, BuiltImage), family.log
    assert one.digest != two.digest


@pytest.mark.parametrize(
    ("target", "message"),
    [
        (replace(TARGET, dockerfile="no/Dockerfile"), "no/Dockerfile: there is no such Dockerfile"),
        (replace(TARGET, context="nowhere"), "its build context nowhere is no folder"),
    ],
)
def test_a_target_that_is_not_there_is_said_to_be_so(
    family: Bench, target: BuildTarget, message: str
) -> None:
    with pytest.raises(BuilderError, match=message):
        asyncio.run(family.run(replace(family.request(GOOD), target=target), print))
