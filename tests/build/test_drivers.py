import asyncio
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from pinbot.build.drivers import choose
from pinbot.config import BuildSettings, Driver, Network
from pinbot.errors import BuilderError
from pinbot.model.build import BuildRequest, BuiltImage
from tests.build.conftest import TARGET, program
from tests.build.test_layout import IMAGE, LAYERS, write_archive
from tests.support.builders import DockerDaemon
from tests.support.layouts import write_layout
from tests.support.oci import to_json
from tests.support.parts import DOCKER

DOCKER_ONLY = BuildSettings(driver=Driver.DOCKER)
BUILDAH_ONLY = BuildSettings(driver=Driver.BUILDAH)


def chosen(environ: dict[str, str], settings: BuildSettings | None = None) -> str:
    return asyncio.run(choose(settings or BuildSettings(), environ=environ)).name


def refusal(environ: dict[str, str], settings: BuildSettings | None = None) -> BuilderError:
    with pytest.raises(BuilderError) as caught:
        chosen(environ, settings)
    return caught.value


def test_without_any_builder_it_is_said_of_each_why(tmp_path: Path) -> None:
    error = refusal({"PATH": str(tmp_path)})
    assert error.message == (
        "there is no builder for test builds: docker is not installed; "
        "buildah is not installed; podman is not installed"
    )
    assert error.hint == "install docker with buildx; or install buildah; or install podman"


def test_the_one_builder_that_is_wanted_speaks_for_itself(tmp_path: Path) -> None:
    assert refusal({"PATH": str(tmp_path)}, DOCKER_ONLY).message == "docker is not installed"


def test_a_client_that_cannot_build_with_buildkit_says_what_it_lacks(tmp_path: Path) -> None:
    environ = program(
        tmp_path / "bin",
        "docker",
        '[ "$1" = --version ] && { echo "Docker version 28.2.2, build e6534b4"; exit 0; }\n'
        'echo "docker: unknown command: docker $1" >&2; exit 1\n',
    )
    error = refusal(environ, DOCKER_ONLY)
    assert error.message == "docker's client 28.2.2 has no buildx, without which it cannot use BuildKit"
    assert "PINBOT_DOCKER" in error.hint


def test_what_only_looks_like_docker_is_not_taken_for_it(tmp_path: Path) -> None:
    environ = program(tmp_path / "bin", "docker", "echo podman version 4.3.1\n")
    assert "is not docker's client" in refusal(environ, DOCKER_ONLY).message


def test_a_client_that_is_named_must_be_there(tmp_path: Path) -> None:
    error = refusal({"PATH": os.environ["PATH"], "PINBOT_DOCKER": str(tmp_path / "gone")}, DOCKER_ONLY)
    assert "PINBOT_DOCKER names" in error.message
    assert "is no program" in error.message


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("exit 1", "buildah does not start: "),
        (
            "echo 'error while loading shared libraries'; exit 127",
            "buildah does not start: error while loading",
        ),
    ],
)
def test_a_buildah_that_does_not_start_is_said_not_to(tmp_path: Path, script: str, message: str) -> None:
    error = refusal(program(tmp_path / "bin", "buildah", script), BUILDAH_ONLY)
    assert error.message.startswith(message)


def test_without_namespaces_a_build_cannot_be_kept_off_the_network(tmp_path: Path) -> None:
    environ = program(tmp_path / "bin", "buildah", "echo buildah version 1.28.2")
    program(tmp_path / "bin", "unshare", "echo 'unshare failed: Operation not permitted' >&2; exit 1")
    assert chosen(environ, BUILDAH_ONLY) == "buildah"
    error = refusal(environ, replace(BUILDAH_ONLY, network=Network.NONE))
    assert error.message == (
        "steps cannot be kept off the network here: unshare failed: Operation not permitted"
    )
    assert "build.network" in error.hint


def test_without_util_linux_a_build_cannot_be_kept_off_the_network(tmp_path: Path) -> None:
    program(tmp_path, "buildah", "echo buildah version 1.28.2")
    (tmp_path / "sh").symlink_to(shutil.which("sh") or "")
    error = refusal({"PATH": str(tmp_path)}, replace(BUILDAH_ONLY, network=Network.NONE))
    assert error.message.endswith("unshare is not installed")


@pytest.mark.needs("dockerd")
def test_a_daemon_that_is_not_there_is_said_not_to_answer(tmp_path: Path) -> None:
    environ = {
        "PATH": os.environ["PATH"],
        "PINBOT_DOCKER": DOCKER,
        "DOCKER_HOST": f"unix://{tmp_path}/none",
    }
    error = refusal(environ, DOCKER_ONLY)
    assert error.message.startswith("docker's daemon does not answer: Cannot connect")
    assert "DOCKER_HOST" in error.hint


@pytest.mark.needs("base-images", "dockerd")
def test_docker_comes_first_because_dockerfiles_are_written_for_it(daemon: DockerDaemon) -> None:
    assert chosen({"PATH": os.environ["PATH"], **daemon.environ}) == "docker"


@pytest.mark.needs("buildah")
def test_buildah_is_taken_where_docker_cannot_be_used(tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "PINBOT_DOCKER": str(tmp_path / "gone")}
    assert chosen(environ) == "buildah"


def test_a_client_with_buildx_builds_by_it_and_loads_the_image(tmp_path: Path) -> None:
    # The daemon of this client keeps images in a store of its own, so that it writes no layouts.
    names = ["one.tar", "two.tar"]
    listing = to_json([{"Config": "c.json", "Layers": names}])
    write_archive(
        tmp_path / "saved.tar",
        {**dict(zip(names, LAYERS, strict=True)), "c.json": IMAGE.config_bytes, "manifest.json": listing},
    )
    environ = program(
        tmp_path / "bin",
        "docker",
        f"""echo "$@" >> {tmp_path}/record
case "$1" in
    --version) echo "Docker version 28.2.2, build e6534b4" ;;
    version) echo 28.2.2 ;;
    save) cp {tmp_path}/saved.tar "$3" ;;
esac
""",
    )
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "Dockerfile").write_text("FROM scratch\n")

    async def build() -> object:
        builder = await choose(DOCKER_ONLY, environ=environ)
        return await builder.build(
            BuildRequest(target=TARGET, root=tree, image=tmp_path / "image"), on_line=print
        )

    image = asyncio.run(build())
    assert isinstance(image, BuiltImage)
    assert image.builder == "docker 28.2.2, buildx of an unknown version"
    assert image.size == sum(len(blob) for blob in LAYERS)
    record = (tmp_path / "record").read_text().splitlines()
    tag = record[5].split()[4]
    assert record[5] == (
        f"buildx build --load --tag {tag} --progress plain --pull --file {tree}/Dockerfile {tree}"
    )
    assert record[6].endswith(f"image.tar {tag}")
    assert record[7:] == [f"image rm {tag}"]


def test_a_builder_of_buildx_own_writes_the_layout(tmp_path: Path) -> None:
    # Such a builder comes from Docker Hub: this client keeps a record, and writes a layout made here.
    write_layout(tmp_path / "made", IMAGE)
    environ = program(
        tmp_path / "bin",
        "docker",
        f"""echo "$@" >> {tmp_path}/record
case "$1 $2" in
    "--version "*) echo "Docker version 28.2.2, build e6534b4" ;;
    "version "*) echo 28.2.2 ;;
    "buildx version") echo github.com/docker/buildx v0.24.0 d0e5e86 ;;
    "buildx inspect") printf "Name: own\\nDriver: docker-container\\n" ;;
    "info "*) echo nothing ;;
    "buildx build") cp -r {tmp_path}/made {tmp_path}/a,b ;;
esac
""",
    )
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "Dockerfile").write_text("FROM scratch\n")
    settings = replace(DOCKER_ONLY, network=Network.NONE, memory=1 << 30, disk=1 << 30)

    async def build() -> object:
        builder = await choose(settings, environ=environ)
        request = BuildRequest(target=TARGET, root=tree, image=tmp_path / "a,b")
        return await builder.build(request, on_line=print)

    image = asyncio.run(build())
    assert isinstance(image, BuiltImage)
    assert image.builder == "docker 28.2.2, buildx 0.24.0"
    assert image.caveats == (
        "memory not limited: this builder takes no control groups",
        "disk not limited: docker's daemon is on another machine",
    )
    *_, last = (tmp_path / "record").read_text().splitlines()
    assert last == (
        "buildx build --provenance false "
        f'--output type=oci,tar=false,"dest={tmp_path}/a,b",compression=gzip,force-compression=true,'
        "rewrite-timestamp=true --build-arg SOURCE_DATE_EPOCH=0 --progress plain --pull --network none "
        f"--file {tree}/Dockerfile {tree}"
    )
