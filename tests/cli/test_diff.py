from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.comparison.bench import Bench, apk, image
from tests.render.test_json import check
from tests.support import local_images
from tests.support.images import alpine
from tests.support.oci import Entry, Image, Pusher, digest_of
from tests.support.osv import OsvServer, record
from tests.support.project import Project, pinbot
from tests.support.registry import RegistryServer
from tests.support.secrets import TOKENS, WORD

pytestmark = pytest.mark.needs("docker-registry", "busybox")


@pytest.fixture(scope="module", autouse=True)
def _images(hub: RegistryServer) -> None:
    pusher = Pusher(hub.base_url)
    for revision in (1, 2):
        pusher.index("library/changing", str(revision), alpine(revision))
    pusher.close()


def test_changed_packages_are_told(project: Project) -> None:
    run = project.pinbot("diff", "changing:1", "changing:2")
    assert run.code == 10
    lines = run.text.splitlines()
    assert "packages: 3 upgraded, of 5" in lines
    assert "tzdata   apk        upgraded  2025a-r0    2025b-r0" in lines
    assert lines[-1].endswith("(100%) in 8 requests")


def test_the_document_follows_the_schema(project: Project) -> None:
    run = project.pinbot("diff", "--all-platforms", "changing:1", "changing:2", "--format", "json")
    assert run.code == 10
    told = check(run.json)["comparison"]
    assert told["in_use"] == ["linux/amd64", "linux/arm64"]
    first, second = told["platforms"]
    assert [change["new"] for change in first["packages"]["changes"]] == [
        "1.37.0-r20",
        "1.2.5-r11",
        "2025b-r0",
    ]
    assert second["packages"] is None
    assert second["unread"][0]["part"] == "packages"


def test_markdown_is_written_where_it_is_wanted(project: Project) -> None:
    run = project.pinbot("diff", "changing:1", "changing:2", "--format", "markdown")
    assert run.code == 10
    assert run.text.startswith("### `changing:1` → `changing:2`\n")
    assert "| `tzdata` | apk | upgraded | `2025a-r0` | `2025b-r0` |" in run.text


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_no_token_is_shown_whole_in_any_form(project: Project, pusher: Pusher, form: str) -> None:
    labels = {f"label-{number}": token for number, token in enumerate(TOKENS)}
    claims = {f"org.opencontainers.image.{name}": next(iter(TOKENS)) for name in ("revision", "version")}
    config = {"Labels": labels | claims, "User": "hvs." + WORD[:95]}
    pusher.image("library/careless", "1", Image(layers=image([]).layers, config={"User": "app"}))
    pusher.image("library/careless", "2", Image(layers=image([]).layers, config=config))
    run = project.pinbot("diff", "careless:1", "careless:2", "--format", form, env={"COLUMNS": "400"})
    assert run.code == 10, run.err
    assert [token for token in TOKENS if token[:20] in run.text + run.err] == []
    assert "label-0" in run.text
    assert ("hvs.\\u2026" if form == "json" else "hvs.…") in run.text


def test_the_same_image_under_two_tags_ends_with_0(project: Project) -> None:
    run = project.pinbot("diff", "alpine:3.22", "alpine:latest")
    assert run.code == 0
    assert "Both are the same image." in run.text


def test_a_platform_that_did_not_change_ends_with_0(project: Project, pusher: Pusher) -> None:
    amd64, old = alpine(1)
    new = image([Entry(name="etc/new", data=b"")], architecture="arm64")
    pusher.index("library/half", "1", [amd64, old])
    pusher.index("library/half", "2", [amd64, new])
    assert project.pinbot("diff", "half:1", "half:2").code == 0
    assert project.pinbot("diff", "--platform", "linux/arm64", "half:1", "half:2").code == 10


def test_images_on_disk_are_compared_without_any_registry(tmp_path: Path) -> None:
    old, new = image([apk(musl="1-r0")]), image([apk(musl="1-r1")])
    local_images.write_folder(tmp_path / "old", local_images.layout(old))
    local_images.write_archive(tmp_path / "new.tar", local_images.saved(new))
    run = pinbot("diff", "oci:old", "docker-archive:new.tar", cwd=tmp_path)
    assert run.code == 10, run.err
    assert "musl     apk        upgraded  1-r0  1-r1" in run.text.splitlines()


def test_a_second_run_asks_for_little_but_the_names(project: Project, hub: RegistryServer) -> None:
    environment = {"XDG_CACHE_HOME": str(project.root.parent / "cache")}
    project.pinbot("diff", "changing:1", "changing:2", env=environment)
    before = len(hub.requests)
    run = project.pinbot("diff", "changing:1", "changing:2", env=environment)
    assert run.code == 10
    asked = [exchange.path.removeprefix("/v2/library/changing/") for exchange in hub.requests[before:]]
    assert sorted(path for path in asked if path != "/v2/") == ["manifests/1", "manifests/2"]


def test_a_platform_that_cannot_be_compared_is_an_error_and_the_rest_is_told(tmp_path: Path) -> None:
    for name, versions in (("old", ("1-r0", "1-r0")), ("new", ("1-r1", "1-r1"))):
        both = [
            image([apk(musl=version)], architecture=architecture)
            for version, architecture in zip(versions, ("amd64", "arm64"), strict=True)
        ]
        Bench(tmp_path / name).write(both)
    (missing,) = [
        path for path in (tmp_path / "new").glob("**/*") if path.name == digest_of(both[1].manifest)[7:]
    ]
    missing.unlink()
    run = pinbot("diff", "--all-platforms", "--format", "json", "oci:old/2", "oci:new/2", cwd=tmp_path)
    assert run.code == 1
    assert [diff["platform"] for diff in check(run.json)["comparison"]["platforms"]] == ["linux/amd64"]
    (error,) = run.json["errors"]
    assert error["message"].startswith("linux/arm64: ")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("changing:1", "nowhere:1"), 1, "docker.io/library/nowhere:1: "),
        (("--platform", "linux/s390x", "changing:1", "changing:2"), 1, "there is no image for linux/s390x"),
        (("--platform", "arm64", "changing:1", "changing:2"), 2, "--platform: 'arm64' is not a platform"),
        (("--platform", "linux/arm64", "--all-platforms", "a", "b"), 2, "contradict each other"),
        (("oci:nothing", "changing:1"), 2, "there is no nothing"),
        (("--osv-url", "ftp://x", "a", "b"), 2, "--osv-url: 'ftp://x' is no address"),
    ],
)
def test_what_cannot_be_compared_is_an_error(
    project: Project, arguments: tuple[str, ...], code: int, message: str
) -> None:
    run = project.pinbot("diff", *arguments)
    assert run.code == code
    assert message in run.err
    assert run.text == ""


@pytest.fixture
def osv() -> Iterator[OsvServer]:
    with OsvServer(
        record("CVE-2026-1", ("Alpine:v3.22", "musl", ["1.2.5-r10"], "1.2.5-r11"), summary="an overflow"),
        record("CVE-2026-2", ("Alpine:v3.22", "busybox", ["1.37.0-r20"], None)),
    ) as server:
        yield server


@pytest.mark.needs("osv-schema")
def test_vulnerabilities_are_looked_up_where_that_is_wanted(project: Project, osv: OsvServer) -> None:
    arguments = ("diff", "changing:1", "changing:2", "--osv-url", osv.url)
    assert "known vulnerabilities" not in project.pinbot(*arguments).text
    assert osv.requests == []
    run = project.pinbot(*arguments, "--vulnerabilities")
    assert run.code == 10
    assert "known vulnerabilities: 1 fixed, 1 new, 0 remain" in run.text.splitlines()
    assert "CVE-2026-1     fixed           musl 1.2.5-r10      an overflow" in run.text.splitlines()
    document = check(project.pinbot(*arguments, "--vulnerabilities", "--format", "json").json)
    (platform,) = document["comparison"]["platforms"]
    assert [one["id"] for one in platform["vulnerabilities"]["new"]] == ["CVE-2026-2"]
    text = project.pinbot(*arguments, "--vulnerabilities", "--format", "markdown").text
    assert "| `CVE-2026-1` | fixed |  | `musl 1.2.5-r10` | `an overflow` |" in text


@pytest.mark.needs("osv-schema")
def test_a_lookup_that_fails_is_told_and_changes_nothing_else(project: Project, osv: OsvServer) -> None:
    osv.faults = [400]
    run = project.pinbot("diff", "changing:1", "changing:2", "--osv-url", osv.url, "--vulnerabilities")
    assert run.code == 10
    assert "packages: 3 upgraded, of 5" in run.text
    assert "not known: vulnerabilities: the vulnerability database at" in run.text
