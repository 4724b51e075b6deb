"""What is buildah's alone: its stores, its access to registries, what separates it from the machine."""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from pinbot.build.namespaces import Reach, Separation
from pinbot.build.store import LONGEST_AGE_SECONDS
from pinbot.config import Mirror, Network, RegistrySettings
from pinbot.errors import BuilderError
from pinbot.model.build import BuiltImage
from pinbot.model.manifest import OCI_INDEX
from tests.build.conftest import Bench, program, without
from tests.build.test_builders import asking, assert_nothing_is_left
from tests.support.images import alpine
from tests.support.oci import Pusher
from tests.support.registry import PASSWORD, USERNAME, RegistryServer
from tests.support.registry_link import LinkProxy
from tests.support.registry_tls import Authority

pytestmark = pytest.mark.needs("base-images", "buildah")


def test_credentials_open_a_registry_and_stay_out_of_the_steps(buildah: Bench) -> None:
    with RegistryServer(htpasswd=True) as guarded:
        pusher = Pusher(guarded.base_url, auth=guarded.auth)
        pusher.image("private/base", "1", alpine()[0])
        pusher.close()
        settings = RegistrySettings(name=guarded.host, username_variable="NAME", password_variable="WORD")
        keyed = replace(buildah.seeing(NAME=USERNAME, WORD=PASSWORD), registries=(settings,))
        image = keyed.build(
            f"FROM {guarded.host}/private/base:1\n"
            "RUN env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null; echo seen\n"
        )
    assert isinstance(image, BuiltImage), keyed.log
    assert "seen" in keyed.log
    assert PASSWORD not in keyed.log


def test_a_client_certificate_opens_a_registry(buildah: Bench, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    cert, key = map(str, authority.client)
    with RegistryServer(tls=authority.pair, client_ca=authority.ca) as strict:
        pusher = Pusher(strict.base_url, verify=authority.context)
        pusher.image("base", "1", alpine()[0])
        pusher.close()
        settings = RegistrySettings(name=strict.host, authorities=(str(authority.ca),), cert=cert, key=key)
        dockerfile = f"FROM {strict.host}/base:1\nRUN cat /etc/os-release\n"
        without = replace(buildah, registries=(replace(settings, cert=None, key=None),))
        assert not isinstance(without.build(dockerfile), BuiltImage)
        assert "tls: bad certificate" in without.log
        image = replace(buildah, registries=(settings,)).build(dockerfile)
        assert isinstance(image, BuiltImage), buildah.log


def test_a_mirror_serves_digests_and_no_tags(
    buildah: Bench, registry: RegistryServer, tmp_path: Path
) -> None:
    own = buildah.seeing(XDG_CACHE_HOME=str(tmp_path / "cache"))
    with LinkProxy(registry.host) as mirror:
        (settings,) = own.registries
        mirrored = replace(own, registries=(replace(settings, mirrors=(Mirror(location=mirror.host),)),))
        assert isinstance(mirrored.build("FROM alpine:3.22\nRUN true\n"), BuiltImage)
        assert mirror.requests == []
        answer = httpx.head(
            f"{registry.base_url}/v2/library/alpine/manifests/3.22",
            headers={"Accept": OCI_INDEX},
            trust_env=False,
        )
        digest = answer.headers["Docker-Content-Digest"]
        assert isinstance(mirrored.build(f"FROM alpine:3.22@{digest}\nRUN true\n"), BuiltImage)
        assert any(digest in request.target for request in mirror.requests)


def test_without_slirp4netns_a_step_shares_the_machines_network_and_that_is_said(
    buildah: Bench, registry: RegistryServer, tmp_path: Path
) -> None:
    # It also shows that the step which must not get through else would.
    sharing = buildah.seeing(**without({"slirp4netns"}, tmp_path / "bin"))
    image = sharing.build(f"FROM alpine:3.22\n{asking(registry)}\n")
    assert isinstance(image, BuiltImage), sharing.log
    assert image.caveats == (
        "steps reach what listens on the machine's loopback: slirp4netns is not installed",
    )


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


def test_what_a_killed_pinbot_left_in_a_store_is_cleared_by_the_next_build(
    buildah: Bench, tmp_path: Path
) -> None:
    own = buildah.seeing(XDG_CACHE_HOME=str(tmp_path / "cache"))
    own.kill_when("it began", "FROM alpine:3.22\nRUN echo it began; sleep 43002\n")
    assert (tmp_path / "cache" / "pinbot" / "buildah" / "store-0" / "work").exists()
    assert isinstance(own.build("FROM alpine:3.22\nRUN true\n"), BuiltImage)
    assert_nothing_is_left(own)


@pytest.mark.parametrize(
    ("log", "message"),
    [
        ("Error: kernel does not support overlay fs", "buildah 1.28.2 cannot build here: Error: kernel"),
        (
            "STEP 1/1: FROM alpine\nError: writing blob: no space left on device",
            "buildah 1.28.2 cannot build here: Error: writing blob: no space left",
        ),
    ],
)
def test_trouble_of_the_machine_is_no_failed_build(
    buildah: Bench, tmp_path: Path, log: str, message: str
) -> None:
    script = f'[ "$1" = --version ] && {{ echo buildah version 1.28.2; exit; }}\necho "{log}"\nexit 125\n'
    troubled = buildah.seeing(**program(tmp_path / "bin", "buildah", script), XDG_CACHE_HOME=str(tmp_path))
    with pytest.raises(BuilderError, match=message):
        troubled.build("FROM alpine:3.22\n")


def test_a_store_that_cannot_be_cleared_is_to_be_deleted(buildah: Bench, tmp_path: Path) -> None:
    store = tmp_path / "pinbot" / "buildah" / "store-0"
    store.mkdir(parents=True)
    (store / "root").write_text("no folder")
    with pytest.raises(BuilderError, match="buildah containers failed") as caught:
        buildah.seeing(XDG_CACHE_HOME=str(tmp_path)).build("FROM alpine:3.22\n")
    assert str(store) in caught.value.hint


@pytest.mark.parametrize("reach", Reach)
def test_ordinary_users_get_a_user_namespace_of_their_own(reach: Reach, tmp_path: Path) -> None:
    separation = Separation(processes=True, reach=reach)
    os.seteuid(65534)
    try:
        words = separation.command(tmp_path, steps=True)
    finally:
        os.seteuid(0)
    assert words[0] == "unshare"
    assert {"--pid", "--user", "--map-root-user", "--map-auto"} < set(words)
    assert words.count("--user") == 1
    assert "_CONTAINERS_ROOTLESS_UID=65534" in words
    assert "--user" not in separation.command(tmp_path, steps=True)


@pytest.mark.parametrize("driver", [pytest.param("podman", marks=pytest.mark.needs("podman")), "buildah"])
def test_what_is_warned_of_is_not_taken_for_what_is_listed(
    request: pytest.FixtureRequest, tmp_path: Path, driver: str
) -> None:
    bench: Bench = request.getfixturevalue(driver)
    warning = 'time="now" level=warning msg="Using cgroups-v1 which is deprecated"'
    script = f"echo '{warning}' >&2\nexec {shutil.which(driver)} \"$@\"\n"
    warned = bench.seeing(**program(tmp_path / "bin", driver, script), XDG_CACHE_HOME=str(tmp_path / "cache"))
    for _ in range(2):
        assert isinstance(warned.build("FROM alpine:3.22\nRUN true\n"), BuiltImage), warned.log
