"""The documents, held against their schema and against the examples in docs/json.md."""

import asyncio
import json as stdlib_json
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from pinbot.audit import pins
from pinbot.errors import (
    AccessDenied,
    BuilderError,
    ConfigError,
    ImageError,
    NotFound,
    NothingToDo,
    PinbotError,
    Several,
    Unreachable,
)
from pinbot.model.build import Limit
from pinbot.model.check import CheckReport, PinRule
from pinbot.model.comparison import Alarm, Caution, Move, Setting, SettingChange, Source
from pinbot.model.diagnosis import (
    Access,
    BuilderFinding,
    Capability,
    Diagnosis,
    ForgeFinding,
    RegistryFinding,
)
from pinbot.model.exchange import Quota
from pinbot.model.fleet import FleetReport, RepositoryReport
from pinbot.model.image import ImageConfig
from pinbot.model.manifest import OCI_INDEX
from pinbot.model.occurrence import SourceFile
from pinbot.model.plan import Plan, Resolution, Skip, TagList, Wait
from pinbot.model.proposal import PullRequest, PullRequestAction
from pinbot.model.reference import Digest, ImageReference, Platform
from pinbot.model.report import UpdateReport
from pinbot.model.setup import DraftOutcome, DraftStatus, SetupReport
from pinbot.pipeline.plan import make_plan
from pinbot.pipeline.scan import scan
from pinbot.policy import Policy
from pinbot.render import fleet, json, setup
from pinbot.render.audit import json as audit_json
from pinbot.render.check import document as check_document
from pinbot.render.progress import Quiet
from pinbot.worktree.search import Found
from tests.render.audit.values import DIFFERENCE, INSPECTION, hostile
from tests.render.comparison.values import (
    ARM64,
    comparison,
    everything,
    explained,
    origin,
    package,
    platform_diff,
)
from tests.render.values import (
    ALPINE,
    HOSTILE,
    NEW,
    built,
    change,
    failed,
    move,
    occurrence,
    pin,
    skip,
    verdict,
)

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "json.md").read_text(encoding="utf-8")
SCHEMA = stdlib_json.loads((DOCS / "schema" / "pinbot-v1.json").read_text(encoding="utf-8"))

ALPINE_NOW = Digest("sha256", "4bcff63911fcb4448bd4fdacec207030997caf25e9bea4045fa6c8c44de311d1")
RUST_NOW = Digest("sha256", "9e0f1ba1b4f51d6b0d8aa5fbb2b65c2b0e2bbb9d2e0ce1cf4a1a0d1bd3d0a1f0")


def closed(schema: Any) -> Any:
    """The schema without room for keys that it does not describe."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    copy = {key: closed(value) for key, value in schema.items()}
    if "required" in copy and "properties" in copy and copy.get("title") is None:
        copy["additionalProperties"] = False
    return copy


VALIDATOR = Draft202012Validator(closed(SCHEMA))


def check(document: json.Document) -> json.Document:
    """The document as a reader gets it, once it is seen to follow the schema."""
    parsed: json.Document = stdlib_json.loads(json.dumps(document))
    VALIDATOR.validate(parsed)
    return parsed


def example(heading: str, language: str) -> str:
    """The code block in this language under a heading of the page."""
    section = PAGE.split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    blocks: list[str] = re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)
    (block,) = blocks
    return block


class Registry:
    """Knows two images."""

    async def resolve(self, image: ImageReference) -> Resolution:
        known = {"library/alpine": ALPINE_NOW, "library/rust": RUST_NOW}
        if image.repository not in known:
            raise NotFound("there is no such image", hint="mend its name or tag", image=str(image))
        return Resolution(image=image, digest=known[image.repository], media_type=OCI_INDEX)


def example_file() -> SourceFile:
    return SourceFile(path="Dockerfile", data=example("The file of the examples", "dockerfile").encode())


def scan_example() -> json.Document:
    found = scan([example_file()])
    return json.scan(found.occurrences, found.errors)


def check_example() -> json.Document:
    found = scan([example_file()])
    rust, alpine, other = found.occurrences
    old = f"{rust.image}@{RUST_NOW}"
    gone = pins.found(
        replace(rust, image=ImageReference.parse(old)),
        PinRule.GONE,
        "the registry no longer has 9e0f1ba1b4f5 of rust:alpine",
        fix=f"rust:alpine@{ALPINE_NOW}",
    )
    unpinned = pins.found(
        alpine, PinRule.UNPINNED, "alpine:3.22 has no digest", fix=f"alpine:3.22@{ALPINE_NOW}"
    )
    left = Skip(image=other.raw, file=other.file, line=other.position.line, reason=other.reason or "")
    return check_document(CheckReport(findings=(gone, unpinned), skips=(left,), current=3))


def resolve_example() -> json.Document:
    resolution = Resolution(
        image=ALPINE,
        digest=ALPINE_NOW,
        media_type=OCI_INDEX,
        platforms=(Platform("linux", "amd64"), Platform("linux", "arm", "v7")),
    )
    image = ImageReference.parse("alpine:9")
    return json.resolve(
        [resolution],
        [
            NotFound(
                "docker.io has no tag 9 in library/alpine",
                hint="check the name and the tag",
                image=str(image),
            )
        ],
    )


def tags_example() -> json.Document:
    return json.tags([TagList(repository="docker.io/library/alpine", tags=("3.9", "3.22", "edge"))], [])


def update_example() -> json.Document:
    found = Found(sources=(example_file(),), errors=())
    plan = asyncio.run(make_plan(found, Registry(), Policy(), Quiet()))
    report = UpdateReport(
        plan=plan,
        verdicts=(verdict(built(11_250_000), before=built(11_240_000)),),
        pull_requests=(
            PullRequest(
                number=12, url="https://github.com/acme/service/pull/12", action=PullRequestAction.OPENED
            ),
        ),
        requests=16,
    )
    return json.update("update", report, build=True, pull_request=True)


def fleet_example() -> json.Document:
    shop = RepositoryReport(
        name="acme/shop",
        report=UpdateReport(plan=Plan(current=2)),
        notes=("pinbot.yaml: registries is the bot's to say, and is left out",),
        seconds=0.412,
        calls=3,
    )
    attic = RepositoryReport(name="acme/attic", skipped="it is archived")
    report = FleetReport(repositories=(shop, attic), seconds=0.83, calls=4)
    return fleet.document(report, build=False, pull_request=True, explain=False)


def diff_example() -> json.Document:
    return json.diff(
        comparison(
            platform_diff(
                package("busybox", old="1.37.0-r18", new="1.37.0-r19"),
                package("musl", Move.DOWNGRADED, "1.2.5-r10", "1.2.5-r9"),
                of=origin(Source.SAME),
                distribution="Alpine Linux v3.22",
                settings=(
                    SettingChange(setting=Setting.ENV, name="API_TOKEN", old=None, new="ghp_…", secret=True),
                ),
                cautions=(
                    Caution(
                        alarm=Alarm.OLDER_PACKAGES,
                        message="a package goes back to an older version: musl 1.2.5-r10 to 1.2.5-r9",
                    ),
                ),
            ),
            elsewhere=(ARM64,),
        )
    )


def doctor_example() -> json.Document:
    refused = AccessDenied(
        "ghcr.io denies anonymous access to acme/base",
        hint="check the name; if it is private, `docker login ghcr.io` or set credentials in pinbot.yaml",
        image="ghcr.io/acme/base:1",
    )
    hub = Access(
        address="https://registry-1.docker.io",
        version="HTTP/2",
        scheme="bearer",
        realm="auth.docker.io",
        credentials="/home/ada/.docker/config.json",
        quota=Quota(remaining=76, limit=200, seconds=21600),
    )
    github = Access(address="https://ghcr.io", version="HTTP/2", scheme="bearer", realm="ghcr.io")
    return json.doctor(
        Diagnosis(
            registries=(
                RegistryFinding(name="docker.io", access=hub, images=2),
                RegistryFinding(name="ghcr.io", access=github, images=1, failed=1, problems=(refused,)),
            ),
            builders=(
                BuilderFinding(
                    driver="docker", problem=BuilderError("docker is not installed", hint="install docker")
                ),
                BuilderFinding(
                    driver="buildah",
                    version="buildah 1.28.2",
                    used=True,
                    capabilities=(Capability(name="heredocs", able=False),),
                ),
            ),
            git="git version 2.39.5",
            forge=ForgeFinding(token="GITHUB_TOKEN", repository="acme/service"),
            needs_builder=False,
        )
    )


def audit_example() -> json.Document:
    return json.envelope("audit", (), **audit_json.inspection(INSPECTION))


def init_example() -> json.Document:
    pinned = ImageReference.parse("rust:alpine").with_digest(
        Digest.parse("sha256:4bcff63911fcb4448bd4fdacec207030997caf25e9bea4045fa6c8c44de311d1")
    )
    return setup.document(
        SetupReport(
            files=(
                DraftOutcome(path="pinbot.yaml", status=DraftStatus.WRITTEN),
                DraftOutcome(
                    path="Cargo.lock",
                    status=DraftStatus.LEFT_OUT,
                    note="Cargo.toml is there: "
                    "cargo generate-lockfile writes it, and the Dockerfile copies it",
                ),
            ),
            pinned=(pinned,),
            unpinned=(Unreachable("the registry did not answer", image="docker.io/library/alpine:latest"),),
            action="pinbot/pinbot@3d3c42e5aac5ba805825da76410c181273ba90b1 # v0.1.0",
        )
    )


def failed_example() -> json.Document:
    mistakes = [
        ConfigError(
            "unknown key 'registry'", hint="did you mean 'registries'?", file="pinbot.yaml", line=1, column=1
        )
    ]
    return json.envelope("update", [Several(mistakes)])


@pytest.mark.parametrize(
    ("heading", "make"),
    [
        ("scan", scan_example),
        ("check", check_example),
        ("resolve", resolve_example),
        ("resolve --tags", tags_example),
        ("pin and update", update_example),
        ("update in many repositories", fleet_example),
        ("diff", diff_example),
        ("audit", audit_example),
        ("init", init_example),
        ("doctor", doctor_example),
        ("A run that fails", failed_example),
    ],
)
def test_the_examples_in_the_page_are_what_is_really_written(heading: str, make: Any) -> None:
    document = make()
    check(document)
    assert json.dumps(document) == example(heading, "json").rstrip("\n")


def test_every_key_in_the_schema_is_told_in_the_page() -> None:
    keys = {
        key for definition in (SCHEMA, *SCHEMA["$defs"].values()) for key in definition.get("properties", {})
    }
    assert {key for key in keys if not re.search(rf'[`"]{key}[`"]', PAGE)} == set()


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_every_document_follows_the_schema() -> None:
    report = UpdateReport(
        plan=Plan(
            updates=(pin(), move()),
            waits=(Wait(update=move(), reason="too new"),),
            skips=(skip(),),
            changes=(change(),),
            errors=(NotFound("x"),),
        ),
        verdicts=(
            verdict(),
            verdict(failed("a", "b"), problem="failed"),
            verdict(failed(limit=Limit.TIME)),
            verdict(BuilderError("too old", hint="renew it")),
            verdict(inspection=INSPECTION),
            verdict(inspection=INSPECTION, difference=DIFFERENCE),
            verdict(inspection=ImageError("it cannot be read")),
        ),
        explanations=(
            explained(everything("text", count=2, platforms=2)),
            explained(comparison(same=(ARM64,))),
            explained(NotFound("gone")),
        ),
        held=("Dockerfile",),
        written=("other",),
        errors=(PinbotError("late"),),
    )
    for command in ("pin", "update"):
        for build in (True, False):
            document = check(json.update(command, report, build=build, pull_request=build, explain=build))
            asked_for = ("builds", "held", "pull_requests", "explanations")
            assert [key in document for key in asked_for] == [build] * len(asked_for)
    check(json.scan([occurrence(), occurrence(reason="odd")], [PinbotError("x")]))
    check(json.resolve([Resolution(image=ALPINE, digest=NEW, media_type=OCI_INDEX)], []))
    for name in HOSTILE:
        found = replace(INSPECTION, audit=hostile(name), programs=(), budget=None, config=ImageConfig())
        check(json.envelope("audit", (), **audit_json.inspection(found)))
    check(json.build(report.verdicts))
    check(json.envelope("scan", [NothingToDo("no file holds an image reference")]))


@pytest.mark.parametrize(
    "document",
    [
        {"schema": "pinbot/v1", "command": "scan", "errors": []},
        {"schema": "pinbot/v2", "command": "scan", "references": [], "errors": []},
        {"schema": "pinbot/v1", "command": "scan", "references": [{}], "errors": []},
        {"schema": "pinbot/v1", "command": "update", "images": [], "errors": []},
        {"schema": "pinbot/v1", "command": "resolve", "repositories": [{"repository": "x"}], "errors": []},
        {"schema": "pinbot/v1", "command": "scan", "references": [], "errors": [{"code": "x"}]},
        {"schema": "pinbot/v1", "command": "diff", "comparison": {}, "errors": []},
        {"schema": "pinbot/v1", "command": "doctor", "registries": [], "errors": []},
    ],
)
def test_the_schema_refuses_what_is_no_such_document(document: json.Document) -> None:
    assert not Draft202012Validator(SCHEMA).is_valid(document)


def test_several_mistakes_are_errors_of_their_own() -> None:
    several = Several([ConfigError("one", file="p", line=1, column=2), ConfigError("two")])
    errors = check(json.envelope("scan", [several]))["errors"]
    assert [(error["code"], error["message"], error["line"]) for error in errors] == [
        ("config", "one", 1),
        ("config", "two", None),
    ]


def test_an_undecodable_name_survives_the_way_through_json() -> None:
    path = os.fsdecode(b"caf\xe9/Dockerfile")
    text = json.dumps(json.scan([occurrence(path)], []))
    assert text.isascii()
    assert os.fsencode(stdlib_json.loads(text)["references"][0]["file"]) == b"caf\xe9/Dockerfile"


@given(st.one_of(st.text(st.characters(exclude_categories=()), max_size=20), st.sampled_from(HOSTILE)))
def test_any_text_makes_a_valid_document_and_comes_back(text: str) -> None:
    document = check(
        json.scan([occurrence(text, raw=text, reason=text)], [PinbotError(text, hint=text, file=text)])
    )
    assert document["references"][0]["raw"] == text
    assert document["errors"][0]["message"] == text
    told = check(json.diff(everything(text)))["comparison"]
    assert told["old"]["name"].startswith(text)
    assert told["platforms"][0]["packages"]["changes"][0]["old"] == text
