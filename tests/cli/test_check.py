"""`pinbot check` as a user runs it: what is not as it should be, and nothing changed."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft4Validator

from pinbot.audit import pins
from pinbot.model.check import PinRule
from tests.cli.conftest import image
from tests.support.oci import OCI_INDEX, Image, Pusher, digest_of, to_json
from tests.support.parts import SARIF
from tests.support.project import Project
from tests.support.registry import RegistryServer

pytestmark = pytest.mark.needs("docker-registry")

PAGE = Path(__file__).parents[2] / "docs" / "check.md"
GONE = "sha256:" + "0" * 64


@pytest.fixture
def moved(project: Project, pusher: Pusher) -> dict[str, str]:
    """A repository in which each rule has something to say but the last, and the digests by what they are."""
    tags = {
        "outdated": pusher.image("library/drifting", "1", image("old")),
        "now": pusher.image("library/drifting", "1", image("new")),
        "index": pusher.index("library/several", "1", [image("amd"), Image(architecture="arm64")]),
        "single": digest_of(image("amd").manifest),
        "version": pusher.image("library/versioned", "1.0", image("one")),
        "newer": pusher.image("library/versioned", "1.2", image("two")),
    }
    project.configure("rules:\n- images: [versioned]\n  tags: minor\n")
    project.write(
        "Dockerfile",
        f"FROM alpine:3.22\n"
        f"FROM drifting:1@{tags['outdated']}\n"
        f"FROM drifting:1@{GONE}\n"
        f"FROM several:1@{tags['single']}\n"
        f"FROM versioned:1.0@{tags['version']}\n"
        f"FROM several@{tags['index']}\n"
        f"FROM several@{GONE}\n"
        f"FROM several:1@{tags['index']}\n"
        f"FROM $UNKNOWN\n",
    )
    return tags


def test_every_kind_of_finding_at_its_line(project: Project, moved: dict[str, str]) -> None:
    before = project.read("Dockerfile")
    run = project.pinbot("check", "--format", "json")
    assert run.code == 10
    assert project.read("Dockerfile") == before
    found = [(one["line"], one["rule"], one["severity"], one["fix"]) for one in run.json["findings"]]
    alpine = project.pinbot("resolve", "alpine:3.22").text.strip().partition("@")[2]
    assert found == [
        (1, "unpinned", "warning", f"alpine:3.22@{alpine}"),
        (2, "outdated", "warning", f"drifting:1@{moved['now']}"),
        (3, "gone", "error", f"drifting:1@{moved['now']}"),
        (4, "one-platform", "warning", f"several:1@{moved['index']}"),
        (5, "newer-tag", "warning", f"versioned:1.2@{moved['newer']}"),
        (6, "untagged", "note", None),
        (7, "gone", "error", None),
    ]
    assert (run.json["current"], [skip["line"] for skip in run.json["skipped"]]) == (1, [9])
    assert run.json["errors"] == []


def test_what_update_makes_of_it_leaves_nothing_to_find(project: Project, moved: dict[str, str]) -> None:
    text = project.read("Dockerfile").decode().splitlines(keepends=True)
    project.write("Dockerfile", "".join(text[:5]))
    assert project.pinbot("check").code == 10
    assert project.pinbot("update").code == 0
    run = project.pinbot("check")
    assert (run.code, run.text) == (0, "")
    assert "0 findings, 5 up to date." in run.err
    assert moved["newer"] in project.read("Dockerfile").decode()


def test_people_see_where_what_and_what_to_do(project: Project, moved: dict[str, str]) -> None:
    run = project.pinbot("check", "--only", "drifting:*")
    old, now = (moved[name].removeprefix("sha256:")[:12] for name in ("outdated", "now"))
    assert [" ".join(line.split()) for line in run.text.splitlines()] == [
        "WHERE FINDING WHAT MEND",
        f"Dockerfile:2:6 outdated drifting:1 is {now} now, and {old} is pinned run pinbot update",
        "Dockerfile:3:6 gone the registry no longer has 000000000000 of drifting:1 run pinbot update",
    ]
    assert "2 findings, 0 up to date, 1 skipped." in run.err


def test_an_index_that_lost_an_image_is_found_with_platforms(project: Project, pusher: Pusher) -> None:
    there, gone = image("there"), Image(architecture="s390x")
    pusher.image("library/halved", digest_of(there.manifest), there)
    pusher.image("library/halved", digest_of(gone.manifest), gone)
    children = [
        {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": digest_of(one.manifest),
            "size": len(one.manifest),
            "platform": {"os": "linux", "architecture": one.architecture},
        }
        for one in (there, gone)
    ]
    body = to_json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": children})
    digest = pusher.manifest("library/halved", "1", body, OCI_INDEX)
    pusher.delete("library/halved", digest_of(gone.manifest))
    project.write("Dockerfile", f"FROM halved:1@{digest}\n")
    assert project.pinbot("check").code == 0
    run = project.pinbot("check", "--platforms", "--format", "json")
    assert run.code == 10
    (found,) = run.json["findings"]
    assert (found["rule"], found["severity"]) == ("incomplete", "error")
    assert found["message"].endswith("names an image for linux/s390x, which is gone")
    project.write("Dockerfile", f"FROM --platform=linux/amd64 halved:1@{digest}\n")
    assert project.pinbot("check", "--platforms").code == 0


def children(pusher: Pusher, repository: str, *those: tuple[Image, str, dict[str, str]]) -> str:
    """An index under the tag 1, of what runs on that architecture of that system."""
    for one, _, _ in those:
        pusher.image(repository, digest_of(one.manifest), one)
    manifests = [
        {
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": digest_of(one.manifest),
            "size": len(one.manifest),
            "platform": {"architecture": architecture, **system},
        }
        for one, architecture, system in those
    ]
    body = to_json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests})
    return pusher.manifest(repository, "1", body, OCI_INDEX)


def test_an_attestation_is_no_second_platform(project: Project, pusher: Pusher) -> None:
    single = pusher.image("library/attested", "1", image("old"))
    new, attestation = image("new"), image("attestation")
    index = children(
        pusher,
        "library/attested",
        (new, "amd64", {"os": "linux"}),
        (attestation, "unknown", {"os": "unknown"}),
    )
    project.write("Dockerfile", f"FROM attested:1@{single}\n")
    (found,) = project.pinbot("check", "--format", "json").json["findings"]
    assert (found["rule"], found["fix"]) == ("outdated", f"attested:1@{index}")


def test_versions_of_one_system_are_told_as_one_platform(project: Project, pusher: Pusher) -> None:
    one, two = image("one"), image("two")
    versions = [{"os": "windows", "os.version": f"10.0.{number}"} for number in (1, 2)]
    index = children(pusher, "library/windows", (one, "amd64", versions[0]), (two, "amd64", versions[1]))
    for gone in (one, two):
        pusher.delete("library/windows", digest_of(gone.manifest))
    project.write("Dockerfile", f"FROM windows:1@{index}\n")
    (found,) = project.pinbot("check", "--platforms", "--format", "json").json["findings"]
    assert "names an image for windows/amd64, which is gone" in found["message"]


def test_what_has_no_digest_and_a_newer_tag_is_told_as_both(project: Project, moved: dict[str, str]) -> None:
    project.write("Dockerfile", "FROM versioned:1.0\n")
    run = project.pinbot("check", "--format", "json")
    fix = f"versioned:1.2@{moved['newer']}"
    assert [(one["rule"], one["fix"]) for one in run.json["findings"]] == [
        ("newer-tag", fix),
        ("unpinned", fix),
    ]


def test_what_update_cannot_mend_says_so(project: Project, hub: RegistryServer) -> None:
    del hub
    project.write("Dockerfile", f"FROM alpine@{GONE}\n")
    (found,) = project.pinbot("check", "--format", "json").json["findings"]
    assert (found["rule"], found["remedy"]) == (
        "gone",
        "write the tag before the digest, and run pinbot update",
    )


def test_what_waits_is_worth_knowing_and_no_reason_to_fail(project: Project, moved: dict[str, str]) -> None:
    project.configure("cooldown: 3d\n")
    project.write("Dockerfile", f"FROM drifting:1@{moved['outdated']}\n")
    run = project.pinbot("check", "--format", "json")
    assert run.code == 0
    (found,) = run.json["findings"]
    assert (found["rule"], found["severity"], run.json["current"]) == ("waiting", "note", 0)
    assert "and waits: first seen just now, until " in found["message"]


def test_what_could_not_be_asked_is_an_error_and_not_up_to_date(project: Project) -> None:
    nobody = "127.0.0.1:1"
    project.write(
        "Dockerfile",
        f"FROM {nobody}/b:1@{GONE}\nFROM {nobody}/c@{GONE}\nFROM alpine:3.22\nFROM {nobody}/c@{GONE}\n",
    )
    run = project.pinbot("check", "--format", "json")
    assert run.code == 1
    assert [(error["code"], error["line"]) for error in run.json["errors"]] == [
        ("unreachable", 1),
        ("unreachable", 2),
    ]
    again = project.pinbot("check", "--platforms", "--format", "json")
    assert [error["line"] for error in again.json["errors"]] == [1, 2], "each is told once"
    assert (run.json["current"], [one["rule"] for one in run.json["findings"]]) == (0, ["unpinned"])


@pytest.mark.usefixtures("moved")
def test_annotations_of_a_workflow_run(project: Project) -> None:
    run = project.pinbot("check", "--format", "github", "--only", "alpine:*")
    assert run.text == (
        "::warning title=pinbot%3A unpinned,file=Dockerfile,line=1,col=6::"
        "alpine:3.22 has no digest. To mend it: run pinbot pin\n"
    )


@pytest.mark.needs("sarif-schema")
@pytest.mark.usefixtures("moved")
def test_a_log_in_sarif(project: Project) -> None:
    run = project.pinbot("check", "--format", "sarif")
    assert run.code == 10
    Draft4Validator(json.loads(SARIF.read_bytes())).validate(run.json)
    (log,) = run.json["runs"]
    assert [rule["id"] for rule in log["tool"]["driver"]["rules"]] == [str(rule) for rule in PinRule]
    assert log["results"][2]["ruleId"] == "gone"
    place = log["results"][2]["locations"][0]["physicalLocation"]
    assert (place["artifactLocation"]["uri"], place["region"]["startLine"]) == ("Dockerfile", 3)


def test_a_folder_without_images_is_nothing_to_work_on(project: Project, hub: RegistryServer) -> None:
    del hub
    project.write("README", "text")
    assert project.pinbot("check").code == 3


def test_the_page_tells_every_rule() -> None:
    page = PAGE.read_text(encoding="utf-8")
    for rule, text in pins.RULES.items():
        assert f"| `{rule}` | {text.severity} | {text.title} |" in page


@pytest.mark.needs("sarif-schema")
def test_code_scanning_knows_a_finding_again_when_the_tag_has_moved_once_more(
    project: Project, pusher: Pusher
) -> None:
    old = pusher.image("library/restless", "1", image("first"))
    project.write("Dockerfile", f"FROM restless:1@{old}\n")
    prints: set[str] = set()
    for content in ("second", "third"):
        pusher.image("library/restless", "1", image(content))
        (result,) = project.pinbot("check", "--format", "sarif").json["runs"][0]["results"]
        prints.add(result["partialFingerprints"]["pinbotFinding/v1"])
    assert len(prints) == 1
