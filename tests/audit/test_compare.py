"""New findings are told from old ones."""

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from pinbot.audit.compare import compare, difference
from pinbot.model.finding import Audit, Finding, Profile, Severity, Unchecked
from pinbot.model.image import Entry, EntryKind, ImageConfig
from pinbot.model.inspection import Changes, Difference, Inspection, Turn
from pinbot.model.reference import Digest

FOUND = Finding(
    rule="I2", severity=Severity.WARNING, message="'/a' (mode 0400) cannot be read", remedy="x", path="a"
)
OTHER = replace(FOUND, rule="I8", message="there is no bundle", path=None)


def audit(*findings: Finding, unchecked: tuple[str, ...] = ()) -> Audit:
    return Audit(
        subject="app",
        profile=Profile.ANY,
        findings=findings,
        unchecked=tuple(Unchecked(rule=rule, reason="too large") for rule in unchecked),
    )


def test_findings_are_new_gone_or_the_same() -> None:
    third = replace(FOUND, path="b")
    assert compare(audit(FOUND, OTHER), audit(OTHER, third)) == Changes(
        new=(third,), gone=(FOUND,), same=(OTHER,)
    )
    assert compare(audit(), audit()) == Changes()


def test_lines_and_figures_do_not_make_a_finding_new() -> None:
    line = replace(OTHER, file="Dockerfile", line=3, message="12.5 MB of 15.00 MB, 3 files")
    moved = replace(line, line=90, column=4, message="13 MB of 15.00 MB, 14 files")
    assert compare(audit(line), audit(moved)) == Changes(same=(moved,))


def test_a_finding_that_became_worse_is_new_and_one_that_became_milder_is_not() -> None:
    worse, milder = replace(FOUND, severity=Severity.ERROR), replace(FOUND, severity=Severity.NOTE)
    assert compare(audit(FOUND), audit(worse)) == Changes(new=(worse,))
    assert compare(audit(FOUND), audit(milder)) == Changes(same=(milder,))


def test_of_several_alike_as_many_are_new_as_there_are_more() -> None:
    one, two = replace(OTHER, message="line 1"), replace(OTHER, message="line 2")
    assert compare(audit(one), audit(one, two)) == Changes(same=(one,), new=(two,))
    assert compare(audit(one, two), audit(one)) == Changes(same=(one,), gone=(two,))


def test_what_one_side_could_not_check_is_neither_new_nor_gone() -> None:
    assert compare(audit(unchecked=("I2",)), audit(FOUND, OTHER)) == Changes(new=(OTHER,), unsure=(FOUND,))
    assert compare(audit(FOUND, OTHER), audit(unchecked=("I2",))) == Changes(gone=(OTHER,), unsure=(FOUND,))


FINDINGS = st.lists(
    st.builds(
        replace,
        st.just(FOUND),
        rule=st.sampled_from(["I1", "I2"]),
        path=st.sampled_from([None, "a"]),
        message=st.sampled_from(["x 1", "x 2", "y"]),
        severity=st.sampled_from(Severity),
    ),
    max_size=6,
)


@given(FINDINGS, FINDINGS, st.sets(st.sampled_from(["I1", "I2"])))
def test_no_finding_is_lost_or_told_twice(
    old: list[Finding], new: list[Finding], unchecked: set[str]
) -> None:
    changes = compare(audit(*old), audit(*new, unchecked=tuple(unchecked)))
    assert Counter((*changes.new, *changes.same)) == Counter(new)
    left = Counter(f.identity for f in old) - Counter(f.identity for f in new)
    assert Counter(f.identity for f in (*changes.gone, *changes.unsure)) == left
    for finding in (*changes.gone, *changes.unsure):
        assert (finding.rule in unchecked) is (finding in changes.unsure)
    assert compare(audit(*new), audit(*new)).same == tuple(new)


def test_facts_and_files_that_are_others_now() -> None:
    def entry(path: str, mode: int = 0o444, **more: int) -> Entry:
        return Entry(path=path, kind=EntryKind.FILE, mode=mode, **more)

    def seen(
        *entries: Entry, user: str = "1", tzdata: str = "", certificates: tuple[str, ...] = ()
    ) -> Inspection:
        return Inspection(
            audit=audit(),
            digest=Digest("sha256", "a" * 64),
            config=ImageConfig(user=user, entrypoint=("/app",)),
            size=1,
            layers=1,
            entries=entries,
            tzdata=tzdata,
            certificates=certificates,
        )

    before = seen(entry("a"), entry("b"), entry("c"), user="10001", tzdata="2025a", certificates=("A", "B"))
    after = seen(
        entry("b"), entry("c", 0o4755), entry("d", size=9), tzdata="2025b", certificates=("B", "C", "D")
    )
    found = difference(before, after)
    assert found.facts == (
        Turn(name="as", before="10001", after="1"),
        Turn(name="time zones", before="2025a", after="2025b"),
        Turn(name="CA certificates", before="2 (gone: A)", after="3 (new: C, D)"),
    )
    assert [one.path for one in found.added] == ["d"]
    assert [one.path for one in found.removed] == ["a"]
    assert found.altered == ((entry("c"), entry("c", 0o4755)),)
    assert difference(before, before) == Difference(findings=Changes())
