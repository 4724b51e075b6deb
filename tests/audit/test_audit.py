"""Running checks: what each kind of remark becomes."""

from collections.abc import Iterable

import pytest

from pinbot.audit.audit import examine, join
from pinbot.audit.check import Check, DoesNotApply, NotChecked, Problem, Remark
from pinbot.errors import ImageError
from pinbot.model.finding import Audit, Finding, Profile, Rule, Severity, Unchecked


def rule(id: str = "I1", severity: Severity = Severity.ERROR, *profiles: Profile) -> Rule:  # noqa: A002
    return Rule(
        id=id,
        title="it is odd",
        severity=severity,
        why="It hurts.",
        remedy="mend it",
        source="https://example.org",
        wrong="odd",
        right="even",
        profiles=frozenset(profiles or Profile),
    )


def check(of: Rule, *remarks: Remark) -> Check[object]:
    return Check(rule=of, look=lambda _: remarks)


def audit(*checks: Check[object], profile: Profile = Profile.ANY, ignore: Iterable[str] = ()) -> Audit:
    return examine(checks, object(), name="app", profile=profile, ignore=frozenset(ignore))


def test_neither_many_problems_nor_long_names_flood_the_report() -> None:
    found = audit(check(rule(), *(Problem(message=f"{number:04} {'x' * 5000}") for number in range(250))))
    assert len(found.findings) == 101
    assert found.findings[-1].message == "there are 150 more findings of this rule"
    assert all(len(f.message) <= 1001 for f in found.findings)


def test_a_check_that_tells_nothing_is_kept() -> None:
    assert audit(check(rule())) == Audit(subject="app", profile=Profile.ANY, kept=("I1",))


def test_a_problem_is_a_finding_with_what_the_rule_says() -> None:
    found = audit(check(rule(), Problem(message="odd", path="bin/x")))
    assert found.findings == (
        Finding(rule="I1", severity=Severity.ERROR, message="odd", remedy="mend it", path="bin/x"),
    )
    assert not found.passed


def test_a_problem_can_be_milder_than_its_rule_and_want_something_else() -> None:
    problem = Problem(message="odd", severity=Severity.NOTE, remedy="look again")
    found = audit(check(rule(), problem))
    assert [(f.severity, f.remedy) for f in found.findings] == [(Severity.NOTE, "look again")]
    assert found.passed


def test_findings_stand_worst_first_then_by_rule_and_place() -> None:
    found = audit(
        check(rule("I2", Severity.NOTE), Problem(message="a")),
        check(rule("I10"), Problem(message="b", path="z"), Problem(message="c", path="a")),
        check(rule("I9"), Problem(message="d")),
        check(rule("B1", Severity.WARNING), Problem(message="e")),
    )
    assert [(f.rule, f.message) for f in found.findings] == [
        ("I9", "d"),
        ("I10", "c"),
        ("I10", "b"),
        ("B1", "e"),
        ("I2", "a"),
    ]
    assert [found.count(severity) for severity in Severity] == [3, 1, 1]


def test_what_cannot_be_looked_into_is_unchecked_and_not_kept() -> None:
    def look(_: object) -> Iterable[Remark]:
        yield Problem(message="seen before")
        raise ImageError("the layer is broken", hint="push it again")

    found = audit(Check(rule=rule(), look=look), check(rule("I2"), NotChecked("too large")))
    assert [f.message for f in found.findings] == ["seen before"]
    assert found.unchecked == (
        Unchecked(rule="I1", reason="the layer is broken"),
        Unchecked(rule="I2", reason="too large"),
    )
    assert found.kept == ()


def test_a_rule_says_when_it_does_not_apply() -> None:
    found = audit(
        check(rule("I1", Severity.ERROR, Profile.SCRATCH), Problem(message="never seen")),
        check(rule("I2"), DoesNotApply("there is no such file")),
    )
    assert found.findings == ()
    assert found.inapplicable == (
        Unchecked(rule="I1", reason="it is for the profile scratch"),
        Unchecked(rule="I2", reason="there is no such file"),
    )


def test_a_rule_that_is_switched_off_is_told_only_where_it_would_have_found_something() -> None:
    found = audit(
        check(rule("I1"), Problem(message="odd"), NotChecked("half of it")),
        check(rule("I2")),
        ignore=("I1", "I2"),
    )
    assert (found.findings, found.unchecked, found.ignored, found.kept) == ((), (), ("I1",), ("I2",))
    assert found.passed


def test_a_dockerfile_can_spare_one_line_a_rule() -> None:
    found = examine(
        [check(rule("D4"), Problem(message="one", line=1), Problem(message="two", line=2))],
        object(),
        name="Dockerfile",
        profile=Profile.SCRATCH,
        file="svc/Dockerfile",
        spared=lambda rule, line: (rule, line) == ("D4", 1),
    )
    assert [(f.file, f.line, f.message) for f in found.findings] == [("svc/Dockerfile", 2, "two")]
    assert found.ignored == ("D4",)


def test_several_audits_are_joined_to_one() -> None:
    one = audit(
        check(rule("I1")), check(rule("B1"), Problem(message="x")), check(rule("B2"), DoesNotApply("no"))
    )
    two = audit(check(rule("B1")), check(rule("B2")), check(rule("B3"), DoesNotApply("no")))
    joined = join((one, two), name="both", profile=Profile.ANY)
    assert (joined.subject, joined.kept) == ("both", ("B2", "I1"))
    assert [f.rule for f in joined.findings] == ["B1"]
    assert joined.inapplicable == (Unchecked(rule="B3", reason="no"),)


@pytest.mark.parametrize("order", [1, -1])
def test_joining_does_not_depend_on_the_order(order: int) -> None:
    parts = [
        audit(check(rule("I1"), Problem(message="x"), NotChecked("y"))),
        audit(check(rule("I1")), check(rule("I2"), DoesNotApply("z"))),
        audit(check(rule("I2"), Problem(message="w")), ignore=("I2",)),
    ]
    joined = join(parts[::order], name="all", profile=Profile.ANY)
    assert joined == join(parts, name="all", profile=Profile.ANY)
    assert (joined.ignored, joined.inapplicable) == (("I2",), ())
