"""`pinbot audit` as a user runs it, on images wherever they lie."""

import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft4Validator

from tests.audit.images import PROGRAM, but, elf, file, folder, link
from tests.support import local_images
from tests.support.oci import Entry, Image, Pusher, layer, to_json
from tests.support.parts import SARIF
from tests.support.project import Project, pinbot
from tests.support.registry import RegistryServer
from tests.support.toolchain import specimen

CONFIG = {
    "User": "10001:10001",
    "Entrypoint": ["/app/app"],
    "WorkingDir": "/app",
    "Env": ["TZ=Europe/Zurich"],
}


def made(*entries: Entry, architecture: str = "amd64", **config: object) -> Image:
    """The good image, with entries changed."""
    return Image(layers=(layer(but(*entries)),), config={**CONFIG, **config}, architecture=architecture)


GOOD_IMAGE = made()
BAD_IMAGE = made(folder("usr/share/zoneinfo", 0o444), User="root")
ALPINE = made(
    file("bin/busybox", elf(), 0o755), link("bin/sh", "busybox"), file("lib/apk/db/installed", "P:a\nV:1\n")
)


@pytest.fixture
def here(tmp_path: Path) -> Path:
    local_images.write_folder(tmp_path / "good", local_images.layout(GOOD_IMAGE))
    local_images.write_folder(tmp_path / "bad", local_images.layout(BAD_IMAGE))
    return tmp_path


def test_a_good_image_passes(here: Path) -> None:
    # Its program is nothing but a head, which the rules about binaries have something to say about.
    run = pinbot("audit", "oci:good", "--ignore=B2", "--ignore=B3", "--ignore=B12", cwd=here)
    assert run.code == 0
    assert run.text.splitlines()[0] == "oci:good passes the audit: no findings"


@pytest.mark.needs("specimens")
def test_the_binary_is_told_with_its_digest_and_how_it_was_made(here: Path) -> None:
    program = specimen("uvx")
    local_images.write_folder(here / "uvx", local_images.layout(made(replace(PROGRAM, data=program))))
    run = pinbot("audit", "oci:uvx", "--ignore", "B8", cwd=here)
    assert run.code == 0
    lines = run.text.splitlines()
    assert lines[0] == "oci:uvx passes the audit: no findings"
    row = next(line.split() for line in lines if line.startswith("/app/app"))
    assert row[1:8] == ["yes", "yes", "full", "yes", "yes", "musl", "musl"]
    assert row[-1] == hashlib.sha256(program).hexdigest()


def test_rules_about_binaries_do_not_apply_where_there_is_none(here: Path) -> None:
    local_images.write_folder(here / "data", local_images.layout(made(file("app/app", "data", 0o444))))
    run = pinbot("audit", "oci:data", "--format=json", cwd=here)
    without = {entry["rule"]: entry["reason"] for entry in run.json["inapplicable"]}
    assert without["B1"] == without["B12"] == "the image starts no ELF binary"
    assert without["B13"] == "the image was not started: --start does"


@pytest.mark.needs("specimens", "podman")
def test_an_image_is_started_when_that_is_asked_for(here: Path) -> None:
    program = replace(PROGRAM, data=specimen("uvx"))
    dies = made(program, Entrypoint=["/app/app", "--version"])
    closed = made(replace(program, mode=0o444), Entrypoint=["/app/app"])
    for name, image in (("dies", dies), ("closed", closed)):
        local_images.write_folder(here / name, local_images.layout(image))
    run = pinbot("audit", "oci:dies", "--start", "--ignore=B8", cwd=here)
    assert run.code == 0
    # uvx is a front of uv, which is not there.
    assert "note     B13  it ends with status 2: 'error: Could not find the `uv` binary" in run.text
    run = pinbot("audit", "oci:closed", "--start", cwd=here)
    assert run.code == 11
    refused = 'the container does not start: exec: "/app/app": permission denied'
    assert f"error    B13  {refused}" in run.text


def test_a_bad_image_fails_with_what_to_mend(here: Path) -> None:
    run = pinbot("audit", "oci:bad", cwd=here)
    assert run.code == 11
    lines = run.text.splitlines()
    assert lines[0].startswith("oci:bad does not pass the audit: 1 error")
    assert "error    I1   User is 'root', and there is no user 'root' in /etc/passwd of the image" in lines
    assert "  I2   there is no user 'root' in /etc/passwd of the image" in lines
    assert run.err == "Looking into the image\n"


def test_what_an_octal_chmod_hides_is_found(here: Path) -> None:
    closed = made(folder("usr/share/zoneinfo", 0o444))
    local_images.write_folder(here / "closed", local_images.layout(closed))
    run = pinbot("audit", "oci:closed", "--format", "json", cwd=here)
    assert run.code == 11
    assert [
        (f["rule"], f["severity"], f["path"]) for f in run.json["findings"] if f["severity"] == "error"
    ] == [("I2", "error", "/usr/share/zoneinfo")]
    assert run.json["passed"] is False


@pytest.mark.parametrize("kind", ["oci-archive", "docker-archive", "docker-archive of old"])
def test_archives_are_looked_into_as_layouts_are(here: Path, kind: str) -> None:
    transport = kind.split(maxsplit=1)[0]
    image = local_images.layout(BAD_IMAGE)
    if transport == "docker-archive":
        image = local_images.saved(BAD_IMAGE, old=kind != transport)
    local_images.write_archive(here / "image.tar", image)
    ours = pinbot("audit", f"{transport}:image.tar", "--format", "json", cwd=here)
    theirs = pinbot("audit", "oci:bad", "--format", "json", cwd=here)
    assert (ours.code, ours.json["findings"]) == (11, theirs.json["findings"])


@pytest.fixture(scope="module")
def registry() -> Iterator[RegistryServer]:
    with RegistryServer() as server:
        pusher = Pusher(server.base_url)
        pusher.index("app", "1", [GOOD_IMAGE, made(architecture="arm64")])
        pusher.close()
        yield server


@pytest.mark.needs("docker-registry")
def test_an_image_in_a_registry_is_looked_into_for_one_platform(
    registry: RegistryServer, tmp_path: Path
) -> None:
    project = Project(tmp_path)
    image = f"{registry.host}/app:1"
    run = project.pinbot("audit", image, "--format", "json")
    assert (run.code, run.json["image"]["platform"]) == (0, "linux/amd64")
    run = project.pinbot("audit", image, "--platform", "linux/arm64", "--format", "json")
    assert (run.code, run.json["image"]["platform"]) == (11, "linux/arm64")
    assert [f["message"] for f in run.json["findings"] if f["rule"] == "I14"] == [
        "'/app/app' is for amd64, and the image for arm64"
    ]
    run = project.pinbot("audit", image, "--platform", "linux/riscv64")
    assert run.code == 1
    assert "there is no image for linux/riscv64" in run.err


def test_a_shell_belongs_to_an_image_with_a_system_but_not_to_one_that_is_meant_to_be_scratch(
    here: Path,
) -> None:
    local_images.write_folder(here / "alpine", local_images.layout(ALPINE))
    run = pinbot("audit", "oci:alpine", "--format", "json", cwd=here)
    assert (run.code, run.json["profile"]) == (0, "any")
    assert {"rule": "I5", "reason": "it is for the profile scratch"} in run.json["inapplicable"]
    run = pinbot("audit", "oci:alpine", "--profile", "scratch", "--format", "json", cwd=here)
    assert (run.code, run.json["profile"]) == (11, "scratch")
    assert [f["path"] for f in run.json["findings"] if f["rule"] == "I5"] == [
        "/bin/busybox",
        "/lib/apk/db/installed",
    ]


def test_options_count_more_than_the_configuration_and_rules_that_are_switched_off_add_up(here: Path) -> None:
    (here / "pinbot.yaml").write_text("audit:\n  profile: any\n  max_size: 1kB\n  ignore: [I1]\n")
    run = pinbot("audit", "oci:bad", "--format", "json", cwd=here)
    assert (run.code, run.json["profile"], run.json["image"]["max_size"]) == (11, "any", 1000)
    assert [f["rule"] for f in run.json["findings"] if f["severity"] == "error"] == ["I12"]
    assert run.json["ignored"] == ["I1"]
    run = pinbot("audit", "oci:bad", "--format", "json", "--ignore", "I12", cwd=here)
    assert (run.code, run.json["ignored"]) == (0, ["I1", "I12"])
    run = pinbot(
        "audit", "oci:bad", "--profile", "scratch", "--max-size", "1MB", "--format", "json", cwd=here
    )
    assert (run.json["profile"], run.json["image"]["max_size"]) == ("scratch", 1_000_000)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("oci:bad", "--ignore", "I99"), "there is no rule 'I99'"),
        (("oci:bad", "--max-size", "large"), "--max-size: 'large' is not a size"),
        (("oci:bad", "--platform", "arm64"), "--platform: 'arm64' is not a platform"),
        (("oci:bad", "--profile", "small"), "Invalid value for '--profile'"),
        (("oci:gone",), "there is no gone"),
        (("./bad",), "is a path, and no image in a registry"),
    ],
)
def test_wrong_usage_is_told(here: Path, arguments: tuple[str, ...], words: str) -> None:
    run = pinbot("audit", *arguments, cwd=here)
    assert (run.code, run.out) == (2, b"")
    assert words in run.err


def test_a_rule_in_the_configuration_that_there_is_not_is_told(here: Path) -> None:
    (here / "pinbot.yaml").write_text("audit:\n  ignore: [D99]\n")
    run = pinbot("audit", "oci:good", cwd=here)
    assert run.code == 2
    assert "there is no rule 'D99'" in run.err


def test_an_image_that_cannot_be_read_is_an_error_and_no_finding(here: Path) -> None:
    (blob,) = (
        path for path in (here / "bad/blobs/sha256").iterdir() if path.read_bytes() == BAD_IMAGE.layers[0]
    )
    blob.unlink()
    run = pinbot("audit", "oci:bad", "--format", "json", cwd=here)
    assert run.code == 1
    assert [error["code"] for error in run.json["errors"]] == ["image"]


def test_an_image_for_another_system_is_refused(here: Path) -> None:
    windows = replace(GOOD_IMAGE, os="windows")
    local_images.write_folder(here / "windows", local_images.layout(windows))
    run = pinbot("audit", "oci:windows", cwd=here)
    assert run.code == 1
    assert "the image is for windows/amd64, and pinbot's rules are for Linux" in run.err


def spoilt(folder: Path, image: Image, blob: bytes, instead: bytes) -> None:
    """A layout in which one blob is another than its name says."""
    files = local_images.layout(image)
    (name,) = (name for name, data in files.items() if data == blob)
    local_images.write_folder(folder, {**files, name: instead})


def lying(*diff_ids: str) -> Image:
    """An image whose config tells of other layers than its manifest."""

    class Lying(Image):
        @property
        def config_bytes(self) -> bytes:
            document = json.loads(super().config_bytes)
            document["rootfs"]["diff_ids"] = diff_ids
            return to_json(document)

    return Lying(layers=GOOD_IMAGE.layers, config=CONFIG)


def test_a_part_that_is_not_the_one_that_is_named_is_a_finding_and_nothing_else_is_judged(here: Path) -> None:
    blob = GOOD_IMAGE.layers[0]
    spoilt(here / "spoilt", GOOD_IMAGE, blob, blob[:-1] + b"x")
    spoilt(here / "short", GOOD_IMAGE, blob, gzip.compress(b""))
    other = "sha256:" + "0" * 64
    local_images.write_folder(here / "lying", local_images.layout(lying(other)))
    local_images.write_folder(here / "more", local_images.layout(lying(other, other)))
    for name, words in (
        ("spoilt", "has the digest sha256:"),
        ("short", "bytes, where the manifest says"),
        ("lying", "is not the one that the config names"),
        ("more", "the config tells of 2 layers, the manifest of 1"),
    ):
        run = pinbot("audit", f"oci:{name}", "--format", "json", cwd=here)
        assert run.code == 11, run.err
        (finding,) = run.json["findings"]
        assert finding["rule"] == "I15"
        assert words in finding["message"]
        assert {entry["rule"] for entry in run.json["unchecked"]} >= {"I1", "I2", "I11", "B7"}
        assert run.json["kept"] == []


@pytest.mark.needs("sarif-schema")
def test_sarif_is_written_whole_and_follows_the_official_schema(here: Path) -> None:
    run = pinbot("audit", "oci:bad", "--format", "sarif", cwd=here)
    assert run.code == 11
    Draft4Validator(json.loads(SARIF.read_bytes())).validate(run.json)
    (log,) = run.json["runs"]
    assert "I1" in {result["ruleId"] for result in log["results"]}
    assert "I2" in {
        entry["associatedRule"]["id"] for entry in log["invocations"][0]["toolExecutionNotifications"]
    }


def test_annotations_are_written_for_github(here: Path) -> None:
    run = pinbot("audit", "oci:bad", "--format", "github", cwd=here)
    assert run.code == 11
    assert run.text.splitlines()[0].startswith("::error title=pinbot I1%3A oci%3Abad::User is 'root', and ")


def test_no_name_in_an_image_reaches_the_terminal_or_a_workflow_as_it_is(here: Path) -> None:
    evil = "app/\x1b]0;x\x07\n::error::x\u202e"
    image = made(file(evil, mode=0o666), file("etc/passwd", "\x1b[2J::1:1::/:/bin/sh\n"), User="\x1b[31mme")
    local_images.write_folder(here / "evil", local_images.layout(image))
    for style in ("text", "github", "sarif", "json"):
        run = pinbot("audit", "oci:evil", "--format", style, cwd=here)
        assert run.code == 11
        assert all(letter.isprintable() or letter == "\n" for letter in run.text)
        assert not any(line.startswith("::error::") for line in run.text.splitlines())


def test_help_has_examples(here: Path) -> None:
    run = pinbot("audit", "--help", cwd=here)
    assert run.code == 0
    assert "pinbot audit --max-size 12MB oci:build/app" in run.text
