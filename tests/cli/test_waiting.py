"""When a reference moves, and when it waits: cooldown, noise, dead pins and rules."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import image
from tests.support.hub import HubServer, tag
from tests.support.oci import OCI_INDEX, Image, Pusher, digest_of, to_json
from tests.support.project import Project
from tests.support.registry import RegistryServer

pytestmark = pytest.mark.needs("docker-registry")

GONE = "sha256:" + "0" * 64


def multi(*names: str, **of_platform: str) -> list[Image]:
    """An index for these architectures; `of_platform` gives one of them other content."""
    return [
        Image(layers=image(of_platform.get(name, "same")).layers, architecture=name, config={"Labels": {}})
        for name in names
    ]


def annotated(pusher: Pusher, repository: str, tag: str, digest: str, note: str) -> str:
    """The index with other bytes and the same images."""
    http = pusher._http.get(f"/v2/{repository}/manifests/{digest}", headers={"Accept": OCI_INDEX})
    body = to_json({**http.json(), "annotations": {"note": note}})
    assert digest_of(body) != digest
    return pusher.manifest(repository, tag, body, OCI_INDEX)


def ledger(project: Project) -> Path:
    return project.root / ".local" / "state" / "pinbot" / "ledger.json"


def make_older(project: Project, **age: float) -> None:
    """Have the ledger say that everything was seen so much earlier."""
    document = json.loads(ledger(project).read_text())
    shifted = datetime.now(UTC) - timedelta(**age)
    for digests in document["sightings"].values():
        for digest in digests:
            digests[digest] = shifted.strftime("%Y-%m-%dT%H:%M:%SZ")
    document["moves"] = {name: shifted.strftime("%Y-%m-%dT%H:%M:%SZ") for name in document["moves"]}
    ledger(project).write_text(json.dumps(document))


def test_a_new_digest_waits_until_it_was_seen_for_long_enough(project: Project, pusher: Pusher) -> None:
    project.configure("cooldown: 3d\n")
    old = pusher.image("library/cool", "1", image("old"))
    new = pusher.image("library/cool", "1", image("new"))
    project.write("Dockerfile", f"FROM cool:1@{old}\n")

    first = project.pinbot("update")
    assert first.code == 0
    assert "1 waiting" in first.err
    assert f"waiting: cool:1 to {new[7:19]}: first seen just now, until " in first.err
    assert project.read("Dockerfile").decode() == f"FROM cool:1@{old}\n"

    make_older(project, days=2.5)
    second = project.pinbot("update", "--format", "json")
    (waiting,) = second.json["waiting"]
    assert waiting["reason"] == "first seen 2 days ago"
    assert (waiting["old"]["digest"], waiting["new"]["digest"]) == (old, new)
    assert waiting["until"] > waiting["seen"]
    assert second.json["updates"] == []

    make_older(project, days=3.1)
    assert project.pinbot("update").code == 0
    assert project.read("Dockerfile").decode() == f"FROM cool:1@{new}\n"


def test_a_digest_that_waits_costs_no_pull_after_the_first_run(
    project: Project, pusher: Pusher, hub: RegistryServer
) -> None:
    project.configure("cooldown: 3d\n")
    old = pusher.image("library/patient", "1", image("old"))
    new = pusher.image("library/patient", "1", image("new"))
    project.write("Dockerfile", f"FROM patient:1@{old}\n")
    before = len(hub.requests)

    def asked() -> list[str]:
        """What the next run asks for, by the names that are in use here."""
        nonlocal before
        project.pinbot("update")
        requests, before = hub.requests[before:], len(hub.requests)
        names = {"1": "tag", old: "old", new: "new"}
        return sorted(
            f"{one.method} {names[one.path.rpartition('/')[2]]}"
            for one in requests
            if "/manifests/" in one.path
        )

    assert asked() == ["GET new", "GET old", "HEAD tag"]
    assert asked() == ["HEAD old", "HEAD tag"]
    make_older(project, days=4)
    assert asked() == ["HEAD old", "HEAD tag"]
    assert project.read("Dockerfile").decode() == f"FROM patient:1@{new}\n"
    assert asked() == ["HEAD tag"]


def test_a_digest_that_is_gone_while_another_waits_is_repaired(project: Project, pusher: Pusher) -> None:
    project.configure("cooldown: 3d\n")
    old = pusher.image("library/leaving", "1", image("old"))
    new = pusher.image("library/leaving", "1", image("new"))
    project.write("Dockerfile", f"FROM leaving:1@{old}\n")
    assert "1 waiting" in project.pinbot("update").err  # and both are known here from now on
    pusher.delete("library/leaving", old)
    run = project.pinbot("update", "--format", "json")
    assert [update["kind"] for update in run.json["updates"]] == ["repair"]
    assert project.read("Dockerfile").decode() == f"FROM leaving:1@{new}\n"


def test_each_digest_starts_its_own_wait(project: Project, pusher: Pusher) -> None:
    project.configure("cooldown: 3d\n")
    old = pusher.image("library/restless", "1", image("old"))
    project.write("Dockerfile", f"FROM restless:1@{old}\n")
    pusher.image("library/restless", "1", image("newer"))
    project.pinbot("update")
    make_older(project, days=9)
    pusher.image("library/restless", "1", image("newest"))

    assert "first seen just now" in project.pinbot("update").err


def test_a_first_pin_does_not_wait(project: Project, pusher: Pusher) -> None:
    project.configure("cooldown: 3d\n")
    digest = pusher.image("library/fresh", "1", image("fresh"))
    project.write("Dockerfile", "FROM fresh:1\n")
    assert project.pinbot("update").code == 0
    assert project.read("Dockerfile").decode() == f"FROM fresh:1@{digest}\n"


def test_a_digest_that_is_gone_is_repaired_at_once(project: Project, pusher: Pusher) -> None:
    project.configure("cooldown: 3d\n")
    new = pusher.image("library/dead", "1", image("alive"))
    project.write("Dockerfile", f"FROM dead:1@{GONE}\n")
    run = project.pinbot("update", "--format", "json")
    assert [update["kind"] for update in run.json["updates"]] == ["repair"]
    assert project.read("Dockerfile").decode() == f"FROM dead:1@{new}\n"


def test_a_rule_may_take_the_cooldown_off(project: Project, pusher: Pusher) -> None:
    project.configure("cooldown: 3d\nrules:\n- images: ['own:*']\n  cooldown: 0h\n")
    old = pusher.image("library/own", "1", image("old"))
    new = pusher.image("library/own", "1", image("new"))
    project.write("Dockerfile", f"FROM own:1@{old}\n")
    project.pinbot("update")
    assert project.read("Dockerfile").decode() == f"FROM own:1@{new}\n"


def test_an_image_does_not_move_more_often_than_its_interval(project: Project, pusher: Pusher) -> None:
    project.configure("interval: 7d\n")
    old = pusher.image("library/often", "1", image("old"))
    new = pusher.image("library/often", "1", image("new"))
    project.write("Dockerfile", f"FROM often:1@{old}\n")
    project.pinbot("update")
    assert project.read("Dockerfile").decode() == f"FROM often:1@{new}\n"
    newer = pusher.image("library/often", "1", image("newer"))
    assert "the image last moved on" in project.pinbot("update").err
    make_older(project, days=8)
    project.pinbot("update")
    assert project.read("Dockerfile").decode() == f"FROM often:1@{newer}\n"


def test_an_image_whose_file_could_not_be_written_has_not_moved(project: Project, pusher: Pusher) -> None:
    project.configure("interval: 7d\n")
    old = pusher.image("library/stuck", "1", image("old"))
    pusher.image("library/stuck", "1", image("new"))
    pusher.image("library/free", "1", image("new"))
    file = project.write("a/Dockerfile", f"FROM stuck:1@{old}\n")
    project.write("b/Dockerfile", f"FROM free:1@{old}\n")
    file.chmod(0o444)
    run = project.pinbot("update", unprivileged=True)
    assert (run.code, "a/Dockerfile: is read-only" in run.err) == (1, True)
    file.chmod(0o644)
    new = pusher.image("library/stuck", "1", image("newer"))
    project.pinbot("update")
    assert file.read_text() == f"FROM stuck:1@{new}\n"


def test_where_no_platform_changed_nothing_is_changed(project: Project, pusher: Pusher) -> None:
    old = pusher.index("library/quiet", "1", multi("amd64", "arm64"))
    annotated(pusher, "library/quiet", "1", old, "rebuilt")
    project.write("Dockerfile", f"FROM quiet:1@{old}\n")
    run = project.pinbot("update")
    assert "nothing has changed for linux/amd64, linux/arm64" in run.err
    assert project.read("Dockerfile").decode() == f"FROM quiet:1@{old}\n"


@pytest.mark.parametrize("how", ["rule", "file"])
def test_a_change_of_a_platform_that_is_not_in_use_is_none(
    project: Project, pusher: Pusher, how: str
) -> None:
    old = pusher.index("library/partly", "1", multi("amd64", "arm64"))
    new = pusher.index("library/partly", "1", multi("amd64", "arm64", arm64="other"))
    platform = "--platform=linux/amd64 " if how == "file" else ""
    project.write("Dockerfile", f"FROM {platform}partly:1@{old}\n")
    if how == "rule":
        project.configure("rules:\n- images: [partly]\n  platforms: [linux/amd64]\n")
    assert "nothing has changed for linux/amd64\n" in project.pinbot("update").err
    project.write("Dockerfile", f"FROM --platform=linux/arm64 partly:1@{old}\n")
    if how == "file":
        project.pinbot("update")
        assert project.read("Dockerfile").decode() == f"FROM --platform=linux/arm64 partly:1@{new}\n"


def test_an_index_that_lost_a_platform_may_still_be_filling(project: Project, pusher: Pusher) -> None:
    old = pusher.index("library/filling", "1", multi("amd64", "arm64"))
    half = pusher.index("library/filling", "1", multi("amd64", amd64="new"))
    project.write("Dockerfile", f"FROM filling:1@{old}\n")
    run = project.pinbot("update")
    assert "linux/arm64 is missing in it, and may still be on its way" in run.err
    assert project.read("Dockerfile").decode() == f"FROM filling:1@{old}\n"
    project.configure("settle: 0h\n")
    project.pinbot("update")
    assert project.read("Dockerfile").decode() == f"FROM filling:1@{half}\n"


def test_an_index_that_stays_without_a_platform_is_taken_in_the_end(project: Project, pusher: Pusher) -> None:
    old = pusher.index("library/shrunk", "1", multi("amd64", "arm64"))
    half = pusher.index("library/shrunk", "1", multi("amd64", amd64="new"))
    project.write("Dockerfile", f"FROM shrunk:1@{old}\n")
    project.pinbot("update")
    make_older(project, hours=2)
    project.pinbot("update")
    assert project.read("Dockerfile").decode() == f"FROM shrunk:1@{half}\n"


def test_a_dry_run_remembers_nothing(project: Project, pusher: Pusher) -> None:
    project.configure("cooldown: 3d\n")
    old = pusher.image("library/dry", "1", image("old"))
    pusher.image("library/dry", "1", image("new"))
    project.write("Dockerfile", f"FROM dry:1@{old}\n")
    run = project.pinbot("update", "--dry-run")
    assert (run.code, run.out) == (0, b"")
    assert not ledger(project).exists()


def test_a_damaged_ledger_is_told_and_left_alone(project: Project, pusher: Pusher) -> None:
    project.configure("cooldown: 3d\n")
    old = pusher.image("library/damaged", "1", image("old"))
    pusher.image("library/damaged", "1", image("new"))
    project.write("Dockerfile", f"FROM damaged:1@{old}\n")
    ledger(project).parent.mkdir(parents=True)
    ledger(project).write_text("{}")
    run = project.pinbot("update")
    assert run.code == 1
    assert "ledger.json: is no ledger of pinbot's" in run.err
    assert ledger(project).read_text() == "{}"
    assert project.read("Dockerfile").decode() == f"FROM damaged:1@{old}\n"


def test_a_ledger_that_cannot_be_read_stops_nothing_where_no_rule_asks_for_it(
    project: Project, pusher: Pusher
) -> None:
    old = pusher.image("library/carefree", "1", image("old"))
    new = pusher.image("library/carefree", "1", image("new"))
    project.write("Dockerfile", f"FROM carefree:1@{old}\n")
    nowhere = {"XDG_STATE_HOME": "/dev/null"}
    run = project.pinbot("update", "--dry-run", env=nowhere)
    assert (run.code, new in run.text) == (10, True)

    project.configure("rules: [{images: [carefree], cooldown: 3d}]\n")
    asked = project.pinbot("update", env=nowhere)
    assert asked.code == 1
    assert (
        "/dev/null/pinbot/ledger.json: cannot be read: Not a directory\n  hint: let XDG_STATE_HOME"
        in asked.err
    )
    assert project.read("Dockerfile").decode() == f"FROM carefree:1@{old}\n"


def test_what_a_wrong_clock_wrote_holds_nothing_for_ever(project: Project, pusher: Pusher) -> None:
    project.configure("cooldown: 1h\ninterval: 1h\n")
    old = pusher.image("library/doctor", "1", image("old"))
    new = pusher.image("library/doctor", "1", image("new"))
    project.write("Dockerfile", f"FROM doctor:1@{old}\n")
    far = "9999-12-31T23:59:59Z"
    name = "docker.io/library/doctor:1"
    written = {"schema": "pinbot-ledger/v1", "sightings": {name: {new: far}}, "moves": {name: far}}
    ledger(project).parent.mkdir(parents=True)
    ledger(project).write_text(json.dumps(written))
    assert "first seen just now, until " in project.pinbot("update").err
    assert json.loads(ledger(project).read_text())["sightings"][name][new] < far


def test_a_platform_that_neither_image_is_for_tells_nothing(project: Project, pusher: Pusher) -> None:
    project.configure("platforms: [linux/s390x]\n")
    old = pusher.index("library/elsewhere", "1", multi("amd64"))
    new = pusher.index("library/elsewhere", "1", multi("amd64", amd64="new"))
    project.write("Dockerfile", f"FROM elsewhere:1@{old}\n")
    project.pinbot("update")
    assert project.read("Dockerfile").decode() == f"FROM elsewhere:1@{new}\n"


def test_rules_say_what_is_left_alone_and_which_files_are_looked_at(project: Project) -> None:
    project.configure(
        "include: ['*.image', Dockerfile]\nexclude: [old/]\n"
        "rules:\n- images: [busybox]\n  ignore: pinned by the platform team\n",
    )
    project.write("Dockerfile", "FROM busybox\n")
    project.write("app.image", "FROM alpine:3.22\n")
    project.write("old/Dockerfile", "FROM alpine:3.22\n")
    project.write("web.Dockerfile", "FROM alpine:3.22\n")
    scanned = project.pinbot("scan", "--format", "json").json["references"]
    assert {reference["file"] for reference in scanned} == {"Dockerfile", "app.image"}
    run = project.pinbot("update")
    assert "busybox:latest: pinned by the platform team (pinbot.yaml)" in run.err
    assert b"@sha256:" in project.read("app.image")
    assert project.read("Dockerfile") == b"FROM busybox\n"
    assert project.read("old/Dockerfile") == project.read("web.Dockerfile") == b"FROM alpine:3.22\n"
    assert project.pinbot("scan", "old/Dockerfile").code == 0


TRUST = "cooldown: 3d\nrules:\n- images: [aged]\n  trust_registry_dates: true\n"


def days_ago(days: float) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat()


def test_a_date_that_is_trusted_shortens_the_wait(project: Project, pusher: Pusher) -> None:
    project.configure(TRUST)
    old = pusher.image("library/aged", "1", image("old"))
    new = pusher.image("library/aged", "1", image("new"))
    project.write("Dockerfile", f"FROM aged:1@{old}\n")
    with HubServer({"library/aged:1": tag(new, days_ago(2))}) as hub:
        env = {"PINBOT_HUB_URL": hub.address}
        waiting = project.pinbot("update", env=env)
        assert "first seen just now, pushed 2 days ago as Docker Hub says, until " in waiting.err
        assert project.read("Dockerfile").decode() == f"FROM aged:1@{old}\n"

        hub.tags["library/aged:1"] = tag(new, days_ago(4))
        (update,) = project.pinbot("update", "--format", "json", env=env).json["updates"]
        assert update["pushed"]["source"] == "Docker Hub"
        assert update["pushed"]["time"] < update["seen"]
        assert project.read("Dockerfile").decode() == f"FROM aged:1@{new}\n"


def test_a_date_of_another_digest_or_in_the_future_shortens_nothing(project: Project, pusher: Pusher) -> None:
    project.configure(TRUST)
    old = pusher.image("library/aged", "1", image("old"))
    new = pusher.image("library/aged", "1", image("new"))
    project.write("Dockerfile", f"FROM aged:1@{old}\n")
    with HubServer({"library/aged:1": tag(old, days_ago(9))}) as hub:
        env = {"PINBOT_HUB_URL": hub.address}
        run = project.pinbot("update", "-v", env=env)
        assert (run.code, "1 waiting" in run.err) == (0, True)
        assert "aged:1: no date from Docker Hub: what it says is not about this digest" in run.err
        assert "no date" not in project.pinbot("update", env=env).err
        hub.tags["library/aged:1"] = tag(new, days_ago(-9))
        make_older(project, days=2)
        (waiting,) = project.pinbot("update", "--format", "json", env=env).json["waiting"]
        made = datetime.fromisoformat(waiting["until"]) - datetime.fromisoformat(waiting["seen"])
        assert made == timedelta(days=3)


def test_docker_hub_is_asked_only_where_that_is_wanted_and_of_use(project: Project, pusher: Pusher) -> None:
    project.configure(TRUST)
    names = ("aged", "young")
    for name in names:
        old = pusher.image(f"library/{name}", "1", image("old"))
        project.write(f"{name}/Dockerfile", f"FROM {name}:1@{old}\n")
    project.write("Dockerfile", "FROM alpine:3.22\n")
    pusher.image("library/young", "1", image("new"))
    with HubServer() as hub:
        env = {"PINBOT_HUB_URL": hub.address}
        project.pinbot("update", env=env)  # aged has not moved, young is not trusted, alpine is a first pin
        pusher.image("library/aged", "1", image("newer"))
        assert hub.requests == []
        project.pinbot("update", env=env)
        make_older(project, days=4)
        project.pinbot("update", env=env)
        assert len(hub.requests) == 1


def test_an_address_of_docker_hub_that_is_none_is_told(project: Project) -> None:
    project.write("Dockerfile", "FROM alpine:3.22\n")
    run = project.pinbot("update", env={"PINBOT_HUB_URL": "hub"})
    assert run.code == 2
    assert "PINBOT_HUB_URL is no address" in run.err


def test_an_image_for_one_platform_in_the_place_of_an_index_may_not_be_all(
    project: Project, pusher: Pusher
) -> None:
    old = pusher.index("library/alone", "1", multi("amd64", "arm64"))
    pusher.image("library/alone", "1", Image())
    project.write("Dockerfile", f"FROM alone:1@{old}\n")
    run = project.pinbot("update")
    lacking = "all but one of linux/amd64, linux/arm64 is missing in it"
    assert f"{lacking}, and may still be on its way" in run.err
    project.write("Dockerfile", f"FROM --platform=linux/amd64 alone:1@{old}\n")
    assert "1 image to change" in project.pinbot("update").err


@pytest.mark.parametrize("pinned", [True, False])
@pytest.mark.parametrize("platforms", [0, 1])
def test_a_newer_tag_waits_while_it_lacks_a_platform_that_the_old_one_has(
    project: Project, pusher: Pusher, platforms: int, *, pinned: bool
) -> None:
    name = f"halves-{platforms}-{pinned}".lower()
    old = pusher.index(f"library/{name}", "1.0", multi("amd64", "arm64"))
    if platforms:
        pusher.index(f"library/{name}", "1.1", multi("amd64"))
    else:
        pusher.image(f"library/{name}", "1.1", Image())
    project.configure("tags: minor\n")
    project.write("Dockerfile", f"FROM {name}:1.0{f'@{old}' if pinned else ''}\n")
    assert "is missing in it" in project.pinbot("update").err
    assert project.read("Dockerfile").decode() == f"FROM {name}:1.0@{old}\n"
    pusher.index(f"library/{name}", "1.1", multi("amd64", "arm64", "s390x"))
    project.pinbot("update")
    assert project.read("Dockerfile").startswith(f"FROM {name}:1.1@".encode())
