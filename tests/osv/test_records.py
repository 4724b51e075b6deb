import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.model.vulnerability import Rating, Vulnerability
from pinbot.osv import cvss
from pinbot.osv.ecosystems import Query
from pinbot.osv.records import is_id, vulnerability

OPENSSL = Query(ecosystem="Alpine:v3.20", name="openssl", version="3.3.0-r0")


# The examples that FIRST gives for version 3.1, with their scores.
@pytest.mark.parametrize(
    ("vector", "score", "rating"),
    [
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N", 6.1, Rating.MEDIUM),
        ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4, Rating.MEDIUM),
        ("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 3.1, Rating.LOW),
        ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", 9.9, Rating.CRITICAL),
        ("CVSS:3.1/AV:L/AC:L/PR:H/UI:N/S:U/C:L/I:L/A:L", 4.2, Rating.MEDIUM),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8, Rating.CRITICAL),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N", 7.5, Rating.HIGH),
        ("CVSS:3.0/AV:P/AC:L/PR:N/UI:N/S:U/C:N/I:H/A:N/E:U/RL:O", 4.6, Rating.MEDIUM),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0, None),
        ("CVSS:3.1/AV:N/AC:L", None, None),
        ("CVSS:3.1/AV:Z/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", None, None),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", None, None),
        ("medium", None, None),
    ],
)
def test_a_vector_has_the_score_that_the_standard_gives_it(
    vector: str, score: float | None, rating: Rating | None
) -> None:
    assert cvss.base_score(vector) == score
    assert cvss.rating(vector) is rating


def test_a_record_is_told_with_the_fixes_of_what_was_asked_for() -> None:
    told = vulnerability(
        {
            "id": "CVE-2024-4741",
            "aliases": ["GHSA-6vgq-8qjq-h578", 7, "a b"],
            "upstream": ["CVE-2024-0001"],
            "summary": "Use after\nfree\x1b[31m with SSL_free_buffers",
            "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N"}],
            "affected": [
                affected("Alpine:v3.20", "openssl", "3.3.0-r3"),
                affected("Alpine:v3.19", "openssl", "3.1.5-r0"),
                affected("Alpine:v3.20", "libressl", "1"),
                affected("Alpine:v3.20", "openssl", None),
            ],
        },
        [OPENSSL],
    )
    assert told == Vulnerability(
        id="CVE-2024-4741",
        aliases=("GHSA-6vgq-8qjq-h578",),
        upstream=("CVE-2024-0001",),
        summary="Use after free [31m with SSL_free_buffers",
        rating=Rating.HIGH,
        fixes=(("openssl", "3.3.0-r3"),),
    )


def affected(ecosystem: str, name: str, fixed: str | None) -> dict[str, object]:
    event = {"fixed": fixed} if fixed else {"last_affected": "9"}
    return {
        "package": {"ecosystem": ecosystem, "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, event]}],
    }


@pytest.mark.parametrize(
    ("more", "rating"),
    [
        ({}, Rating.UNKNOWN),
        ({"database_specific": {"severity": "MODERATE"}}, Rating.MEDIUM),
        ({"severity": [{"type": "Ubuntu", "score": "negligible"}]}, Rating.LOW),
        ({"affected": [{"ecosystem_specific": {"urgency": "high"}}]}, Rating.HIGH),
        ({"severity": [{"type": "CVSS_V4", "score": "CVSS:4.0/AV:N"}]}, Rating.UNKNOWN),
        (
            {
                "severity": [{"type": "CVSS_V4", "score": "CVSS:4.0/AV:N"}],
                "database_specific": {"severity": "CRITICAL"},
            },
            Rating.CRITICAL,
        ),
        ({"severity": "high", "affected": 3, "database_specific": [1]}, Rating.UNKNOWN),
    ],
)
def test_a_rating_in_words_counts_where_no_vector_is_understood(
    more: dict[str, object], rating: Rating
) -> None:
    assert vulnerability({"id": "CVE-1", **more}, []).rating is rating


def test_a_long_summary_is_cut_and_details_stand_in_for_none() -> None:
    told = vulnerability({"id": "CVE-1", "details": "word " * 500}, [])
    assert len(told.summary) == 300
    assert told.summary.endswith("…")


@pytest.mark.parametrize("text", ["", "../x", "a/b", "a b", "CVE-1\n", "é", 3, None, "a" * 129, "-a"])
def test_what_could_lead_elsewhere_is_no_id(text: object) -> None:
    assert not is_id(text)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
FIELDS = [
    "aliases",
    "upstream",
    "summary",
    "details",
    "severity",
    "affected",
    "withdrawn",
    "database_specific",
]


@given(st.dictionaries(st.sampled_from(FIELDS), values), st.lists(values, max_size=3))
def test_any_record_is_told(record: dict[str, object], parts: list[object]) -> None:
    told = vulnerability(
        {"affected": [{"ranges": parts, "package": parts}], **record, "id": "CVE-1"}, [OPENSSL]
    )
    assert told.summary.isprintable()
