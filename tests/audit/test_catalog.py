"""What holds for all rules, whatever they look at."""

import re

import pytest

from pinbot.audit import catalog
from pinbot.errors import UsageError
from pinbot.model.finding import Rule, rule_order

CHECKS = (*catalog.DOCKERFILE, *catalog.IMAGE, *catalog.BINARY, *catalog.SMOKE)

each_rule = pytest.mark.parametrize("rule", catalog.RULES.values(), ids=list(catalog.RULES))


def test_an_id_belongs_to_one_rule() -> None:
    ids = [check.rule.id for check in CHECKS]
    assert sorted(ids) == sorted(catalog.RULES)


def test_rules_are_sorted_as_people_count() -> None:
    assert list(catalog.RULES) == sorted(catalog.RULES, key=rule_order)
    assert sorted(["I10", "D9", "I2", "D10"], key=rule_order) == ["D9", "D10", "I2", "I10"]


@each_rule
def test_a_rule_says_all_that_its_readers_need(rule: Rule) -> None:
    assert re.fullmatch(r"[DIB][1-9][0-9]?", rule.id)
    assert rule.title
    assert not rule.title.endswith(".")
    assert rule.why.endswith(".")
    assert rule.remedy
    assert not rule.remedy.endswith(".")
    assert rule.source.startswith("https://")
    assert rule.wrong.strip()
    assert rule.right.strip()
    assert rule.wrong != rule.right
    assert rule.profiles


def test_only_ids_of_rules_can_be_switched_off() -> None:
    assert catalog.settle(["I12"]) == {"I12"}
    with pytest.raises(UsageError, match="there is no rule 'I99'"):
        catalog.settle(["I12", "I99"])
