"""Verdicts to keep: one with everything that there can be, and any that there may be."""

from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from pinbot.errors import BuilderError, ImageError, PinbotError
from pinbot.model.binary import Allocator, Binary, Libc, Relro
from pinbot.model.build import BuildTarget, BuiltImage, ChangedFile, FailedBuild, Limit, Verdict
from pinbot.model.finding import Audit, Finding, Profile, Severity, Unchecked
from pinbot.model.image import Entry, EntryKind, ImageConfig
from pinbot.model.inspection import Changes, Difference, Inspection, Program, Turn
from pinbot.model.reference import Digest, Platform
from tests.render.audit.values import DIFFERENCE, INSPECTION

OLD, NEW = Digest("sha256", "1" * 64), Digest("sha256", "2" * 64)
FILES = (ChangedFile(path="svc/Dockerfile", before=OLD, after=NEW),)
TARGET = BuildTarget(
    dockerfile="svc/Dockerfile",
    context=".",
    stage="release",
    platform="linux/amd64",
    args=(("PROFILE", "release"),),
    audit=Profile.SCRATCH,
    max_size=12_000_000,
)
IMAGE = BuiltImage(
    digest=NEW, size=9_000_000, layers=3, seconds=4.25, builder="buildah 1.28.2", caveats=("no limits",)
)
FAILED = FailedBuild(
    step="RUN make",
    tail=("make: no rule",),
    seconds=1.5,
    builder="buildah 1.28.2",
    limit=Limit.MEMORY,
    caveats=("no limits",),
)
GOOD = Verdict(
    target=TARGET,
    after=IMAGE,
    before=replace(IMAGE, digest=OLD, age=60.0),
    inspection=INSPECTION,
    difference=replace(DIFFERENCE, findings=replace(DIFFERENCE.findings, new=())),
    files=FILES,
)
WORSE = replace(GOOD, difference=DIFFERENCE)
BROKEN = Verdict(target=TARGET, after=FAILED, before_problem="failed at RUN make", files=FILES)
UNTRIED = replace(BROKEN, after=BuilderError("too old for heredocs", hint="use a newer one"))
UNSEEN = replace(GOOD, inspection=ImageError("it is too large", hint="leave something out"), difference=None)
ALL = (GOOD, WORSE, BROKEN, UNTRIED, UNSEEN)


def plain(verdict: Verdict) -> tuple[Any, ...]:
    """The same, to be compared by: an exception is equal to itself alone."""
    told = (
        (type(one), one.message, one.hint) if isinstance(one, PinbotError) else one
        for one in (verdict.after, verdict.inspection)
    )
    return replace(verdict, after=IMAGE, inspection=None), *told


def verdicts() -> st.SearchStrategy[Verdict]:
    """Any verdict that is kept as it is."""
    texts = st.text(st.characters(codec=None), max_size=12)
    counts = st.integers(0, 2**53 - 1)
    seconds = st.integers(0, 10**9).map(lambda number: number / 1000)
    digests = st.sampled_from([OLD, NEW, Digest("sha512", "a" * 128)])
    paths = st.text(st.characters(codec=None, exclude_characters="\0/."), min_size=1, max_size=9)
    errors = (st.builds(kind, texts, hint=texts) for kind in (BuilderError, ImageError))
    not_built, not_audited = errors

    def tuples(kind: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
        return st.lists(kind, max_size=2).map(tuple)

    def maybe(kind: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        return st.none() | kind

    built = st.builds(
        BuiltImage,
        digest=digests,
        size=counts,
        layers=counts,
        seconds=seconds,
        builder=texts,
        caveats=tuples(texts),
        age=maybe(seconds),
    )
    failed = st.builds(
        FailedBuild,
        step=texts,
        tail=tuples(texts),
        seconds=seconds,
        builder=texts,
        limit=maybe(st.sampled_from(Limit)),
        caveats=tuples(texts),
    )
    rules = st.sampled_from(["D9", "I10", "B5"])
    findings = tuples(
        st.builds(
            Finding,
            rule=rules,
            severity=st.sampled_from(Severity),
            message=texts,
            remedy=texts,
            file=maybe(texts),
            line=maybe(counts),
            column=maybe(counts),
            path=maybe(texts),
        )
    )
    unchecked = tuples(st.builds(Unchecked, rule=rules, reason=texts))
    binary = st.builds(
        Binary,
        digest=digests,
        size=counts,
        architecture=texts,
        program=st.booleans(),
        interpreter=texts,
        needed=tuples(texts),
        run_path=st.just(()),
        position_independent=st.booleans(),
        relro=st.sampled_from(Relro),
        executable_stack=st.booleans(),
        writable_code=st.booleans(),
        symbol_bytes=counts,
        libc=maybe(st.sampled_from(Libc)),
        allocator=maybe(st.sampled_from(Allocator)),
        comments=tuples(texts),
        go=st.booleans(),
    )
    inspection = st.builds(
        Inspection,
        audit=st.builds(
            Audit,
            subject=texts,
            profile=st.sampled_from(Profile),
            findings=findings,
            kept=tuples(rules),
            unchecked=unchecked,
            inapplicable=unchecked,
            ignored=tuples(rules),
        ),
        digest=digests,
        config=st.builds(
            ImageConfig,
            platform=maybe(st.sampled_from([Platform("linux", "arm", "v7"), Platform("linux", "amd64")])),
            user=texts,
            entrypoint=tuples(texts),
            cmd=tuples(texts),
            working_dir=texts,
        ),
        size=counts,
        layers=counts,
        budget=maybe(counts),
        programs=tuples(st.builds(Program, path=texts, binary=binary)),
    )
    entries = st.builds(
        Entry,
        path=texts,
        kind=st.sampled_from(EntryKind),
        mode=counts,
        uid=counts,
        gid=counts,
        capabilities=st.booleans(),
    )
    difference = st.builds(
        Difference,
        findings=st.builds(Changes, new=findings, gone=findings, same=findings, unsure=findings),
        facts=tuples(st.builds(Turn, name=texts, before=texts, after=texts)),
        added=tuples(entries),
        removed=tuples(entries),
        altered=tuples(st.tuples(entries, entries)),
        more=counts,
    )
    return st.builds(
        Verdict,
        target=st.builds(
            BuildTarget,
            dockerfile=paths,
            context=paths,
            stage=maybe(texts),
            platform=maybe(texts),
            args=tuples(st.tuples(texts, texts)),
            audit=maybe(st.sampled_from(Profile)),
            max_size=maybe(counts),
        ),
        after=built | failed | not_built,
        before=maybe(built),
        before_problem=maybe(texts),
        inspection=maybe(inspection | not_audited),
        difference=maybe(difference),
        files=tuples(st.builds(ChangedFile, path=paths, before=digests, after=digests)),
    )
