"""`pinbot build` with a real builder: what builds, what does not, and what the audit says of it."""

import json
from pathlib import Path

import pytest

from tests.support.images import push_base_images
from tests.support.project import Project, Run
from tests.support.registry import RegistryServer

pytestmark = [pytest.mark.needs("docker-registry"), pytest.mark.needs("buildah")]

GOOD = """\
FROM alpine:3.22 AS files
RUN mkdir -p /rootfs/data && echo hello > /rootfs/data/greeting && chmod -R a=rX /rootfs
FROM scratch
COPY --from=files /rootfs /
COPY --from=files /bin/busybox /app
USER 10001:10001
WORKDIR /data
ENTRYPOINT ["/app", "cat", "greeting"]
"""


@pytest.fixture
def project(tmp_path: Path, registry: RegistryServer) -> Project:
    push_base_images(registry.base_url, revision=1)
    project = Project(tmp_path / "project")
    project.use_registry(registry.host)
    return project


def build(project: Project, cache: Path, *arguments: str) -> Run:
    return project.pinbot(
        "build", *arguments, env={"PINBOT_BUILDER": "buildah", "XDG_CACHE_HOME": str(cache)}
    )


def test_what_builds_is_audited_and_nothing_is_kept(project: Project, cache: Path) -> None:
    project.write("Dockerfile", GOOD)
    run = build(project, cache, "--format", "json")
    assert run.code == 0, run.err
    [built] = run.json["builds"]
    assert (built["ok"], built["before"], built["after"]["result"]) == (True, None, "built")
    audit = built["audit"]["report"]
    assert (audit["passed"], audit["profile"], built["audit"]["changes"]) == (True, "scratch", None)
    assert {"I1", "I2", "I15"} <= set(audit["kept"])
    assert "D1" in {finding["rule"] for finding in audit["findings"]}
    assert project.read("Dockerfile").decode() == GOOD


def test_an_error_of_the_audit_ends_with_11_and_a_comment_switches_it_off(
    project: Project, cache: Path
) -> None:
    bad = GOOD.replace("chmod -R a=rX", "chmod -R 700")
    project.write("Dockerfile", bad)
    run = build(project, cache)
    assert run.code == 11
    assert "Dockerfile does not pass the audit" in run.text
    assert "I2" in run.text
    project.configure("audit:\n  ignore: [I2, I4]\n")
    assert build(project, cache).code == 0


def test_what_does_not_build_is_told_with_its_step_and_the_others_are_built(
    project: Project, cache: Path
) -> None:
    project.write("a/Dockerfile", "FROM alpine:3.22\nRUN echo almost && exit 3\n")
    project.write("b/Dockerfile", GOOD)
    run = build(project, cache)
    assert run.code == 11
    assert "a/Dockerfile failed at: RUN echo almost && exit 3" in run.text
    assert "b/Dockerfile passes the audit" in run.text


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("RUN true\n", ":1:1", "no build stage in current context: RUN stands before the first FROM"),
        ("ARG A=1\nRUN true\nFROM alpine:3.22\n", ":2:1", "RUN stands before the first FROM"),
        ("# a comment\nARG A=1\n", ":2:1", "no stages to build: there is no FROM in it"),
        ("# a comment\n", "", "no stages to build: there is no FROM in it"),
        ("", "", "no stages to build: there is no FROM in it"),
    ],
    ids=["no FROM", "a late FROM", "an ARG alone", "a comment alone", "nothing"],
)
def test_where_there_is_nothing_to_build_it_is_told_before_a_builder_starts(
    project: Project, cache: Path, text: str, place: str, message: str
) -> None:
    project.write("a/Dockerfile", text)
    run = build(project, cache)
    assert run.code == 1
    assert f"error: a/Dockerfile{place}: " in run.text
    assert message in run.text
    assert "hint: begin with FROM" in run.text
    assert "buildah" not in run.text + run.err


def test_a_file_without_a_stage_does_not_stop_the_others(project: Project, cache: Path) -> None:
    project.write("a/Dockerfile", "RUN true\n")
    project.write("b/Dockerfile", GOOD)
    run = build(project, cache)
    assert run.code == 1
    assert "b/Dockerfile passes the audit" in run.text


def test_the_configured_targets_are_built_and_held_to_their_size(project: Project, cache: Path) -> None:
    project.write("Dockerfile", GOOD)
    project.write("other/Dockerfile", "FROM nowhere.invalid/x\n")
    project.configure("build:\n  targets:\n    - dockerfile: Dockerfile\n      max_size: 1kB\n")
    run = build(project, cache, "--format", "github")
    assert run.code == 11
    assert "::error title=pinbot I12%3A Dockerfile::" in run.text
    assert "::warning title=pinbot D1%3A Dockerfile,file=Dockerfile,line=1,col=6::" in run.text


@pytest.mark.needs("podman")
def test_what_was_built_is_started_where_the_configuration_says_so(project: Project, cache: Path) -> None:
    project.write("Dockerfile", GOOD)
    project.configure("audit:\n  start: true\n")
    run = build(project, cache, "--format", "json")
    findings = run.json["builds"][0]["audit"]["report"]["findings"]
    (started,) = [found for found in findings if found["rule"] == "B13"]
    assert started["message"] == "it ends with status 127: 'app: applet not found'"


def test_findings_are_told_in_sarif(project: Project, cache: Path) -> None:
    project.write("Dockerfile", GOOD)
    [run] = json.loads(build(project, cache, "--format", "sarif").text)["runs"]
    assert "D1" in {result["ruleId"] for result in run["results"]}


def test_what_cannot_be_built_is_told_once(project: Project) -> None:
    project.write("Dockerfile", GOOD)
    run = build(project, Path("/dev/null"))
    assert run.code == 1
    assert (run.text + run.err).count("the cache for builds cannot be written") == 1


def test_a_dockerfile_can_be_named(project: Project, cache: Path) -> None:
    project.write("a/Dockerfile", "FROM nowhere.invalid/x\n")
    project.write("b/Dockerfile", GOOD)
    assert build(project, cache, "b/Dockerfile").code == 0


def test_a_target_that_is_not_there_is_told_as_update_does(project: Project, cache: Path) -> None:
    project.write("Dockerfile", GOOD)
    project.configure("build:\n  targets:\n    - dockerfile: Dockerfle\n")
    run = build(project, cache)
    assert run.code == 2
    assert "build.targets names Dockerfle, and there is no such file in " in run.err


def test_where_there_is_nothing_to_build_that_is_told(project: Project, cache: Path) -> None:
    run = build(project, cache)
    assert run.code == 3
    assert "no file holds an image reference" in run.err
