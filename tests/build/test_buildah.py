"""What is buildah's alone: its stores, its access to registries, what separates it from the machine."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pinbot.build.store import LONGEST_AGE_SECONDS
from pinbot.config import Network, RegistrySettings
from pinbot.model.build import BuiltImage
from tests.build.conftest import Bench
from tests.build.test_builders import asking, assert_nothing_is_left, processes_with
from tests.support.images import alpine
from tests.support.oci import Pusher
from tests.support.registry import PASSWORD, USERNAME, RegistryServer

pytestmark = pytest.mark.needs("docker-registry", "busybox", "buildah")


def test_credentials_open_a_registry_and_stay_out_of_the_steps(buildah: Bench) -> None:
    with RegistryServer(htpasswd=True) as guarded:
        pusher = Pusher(guarded.base_url, auth=guarded.auth)
        pusher.image("private/base", "1", alpine()[0])
        pusher.close()
        settings = RegistrySettings(name=guarded.host, username_variable="NAME", password_variable="WORD")
        keyed = Bench(
            driver=buildah.driver,
            environ={**buildah.environ, "NAME": USERNAME, "WORD": PASSWORD},
            registries=(settings,),
            tree=buildah.tree,
        )
        image = keyed.build(
            f"FROM {guarded.host}/private/base:1\n"
            "RUN env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null; echo seen\n"
        )
    assert isinstance(image, BuiltImage), keyed.log
    assert "seen" in keyed.log
    assert PASSWORD not in keyed.log


def test_with_the_network_a_step_shares_that_of_the_machine(buildah: Bench, registry: RegistryServer) -> None:
    # Known and documented; it also shows that the step which must not get through else would.
    image = buildah.build(f"FROM alpine:3.22\n{asking(registry)}\n")
    assert isinstance(image, BuiltImage), buildah.log


def test_without_the_network_a_tag_does_not_mean_what_it_meant_in_an_earlier_run(
    buildah: Bench, tmp_path: Path
) -> None:
    closed = buildah.having(network=Network.NONE).seeing(XDG_CACHE_HOME=str(tmp_path / "cache"))
    with RegistryServer() as own:
        dockerfile = f"FROM {own.host}/moving:tag\nRUN cat /etc/os-release\n"
        pusher = Pusher(own.base_url)
        for revision in (1, 2):
            pusher.index("moving", "tag", alpine(revision))
            assert isinstance(closed.build(dockerfile), BuiltImage)
            assert f"VERSION_ID=3.22.{revision}" in closed.log
        pusher.close()


def test_layers_are_kept_for_the_next_build_until_they_are_old(buildah: Bench, tmp_path: Path) -> None:
    own = buildah.seeing(XDG_CACHE_HOME=str(tmp_path / "cache"))
    dockerfile = "FROM alpine:3.22\nRUN cat /proc/sys/kernel/random/uuid > /when\n"
    first = own.build(dockerfile)
    again = own.build(dockerfile)
    assert isinstance(first, BuiltImage)
    assert isinstance(again, BuiltImage)
    assert again.digest == first.digest

    born = tmp_path / "cache" / "pinbot" / "buildah" / "store-0" / "born"
    long_ago = born.stat().st_mtime - LONGEST_AGE_SECONDS - 1
    os.utime(born, (long_ago, long_ago))
    later = own.build(dockerfile)
    assert isinstance(later, BuiltImage)
    assert later.digest != first.digest
    assert born.stat().st_mtime > long_ago + LONGEST_AGE_SECONDS


def test_when_pinbot_is_killed_the_build_dies_and_the_next_one_clears_up(
    buildah: Bench, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    own = buildah.seeing(XDG_CACHE_HOME=str(tmp_path / "cache"))
    step = "RUN echo it began; sleep 43001; sleep 43001"
    own.request(f"FROM alpine:3.22\n{step}\n")
    script = (
        "import asyncio, os, sys\n"
        "from pathlib import Path\n"
        "from pinbot.build.drivers import choose\n"
        "from pinbot.config import BuildSettings, Driver, RegistrySettings\n"
        "from pinbot.model.build import BuildRequest, BuildTarget\n"
        "async def main():\n"
        "    hub = RegistrySettings(name='docker.io', location=sys.argv[2])\n"
        "    builder = await choose(BuildSettings(driver=Driver.BUILDAH), (hub,), environ=os.environ)\n"
        "    target = BuildTarget(dockerfile='Dockerfile', context='.')\n"
        "    await builder.build(BuildRequest(target=target, root=Path(sys.argv[1])), on_line=print)\n"
        "asyncio.run(main())\n"
    )
    location = own.registries[0].location
    assert location is not None
    with subprocess.Popen(
        [sys.executable, "-u", "-c", script, own.tree, location],
        env=own.environ,
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        text=True,
    ) as pinbot:
        assert pinbot.stdout is not None
        assert "it began\n" in iter(pinbot.stdout.readline, "")
        pinbot.kill()
    deadline = time.monotonic() + 20
    while processes_with("43001") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes_with("43001") == []
    store = tmp_path / "cache" / "pinbot" / "buildah" / "store-0"
    assert (store / "work").exists()
    assert isinstance(own.build("FROM alpine:3.22\nRUN true\n"), BuiltImage)
    assert_nothing_is_left(own, request)


def test_a_build_that_is_waited_for_in_vain_does_not_hide_that_it_was_cancelled(buildah: Bench) -> None:
    async def scenario() -> None:
        task = asyncio.create_task(
            buildah.builder.build(buildah.request("FROM alpine:3.22\nRUN true\n"), on_line=print)
        )
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scenario())
