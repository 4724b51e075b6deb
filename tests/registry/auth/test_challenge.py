"""Reading WWW-Authenticate (RFC 9110, section 11.6.1)."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pinbot.registry.auth.challenge import Challenge, parse


def challenge(scheme: str, **parameters: str) -> Challenge:
    return Challenge(scheme=scheme, parameters=tuple(parameters.items()))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], []),
        ([""], []),
        ([" , ,"], []),
        (["Basic"], [challenge("basic")]),
        (['Basic realm="x"'], [challenge("basic", realm="x")]),
        (['BASIC REALM="x"'], [challenge("basic", realm="x")]),
        (["Basic realm=x"], [challenge("basic", realm="x")]),
        (['Basic   realm = "x"  ,  charset = "UTF-8" '], [challenge("basic", realm="x", charset="UTF-8")]),
        (
            ['Bearer realm="https://a/t?x=1,2",service="s",scope="repository:a/b:pull,push"'],
            [challenge("bearer", realm="https://a/t?x=1,2", service="s", scope="repository:a/b:pull,push")],
        ),
        (
            ["Bearer realm=https://a/t?q=1,service=s"],
            [challenge("bearer", realm="https://a/t?q=1", service="s")],
        ),
        (
            ['Basic realm="x", Bearer realm="y",service="z", Digest qop="auth"'],
            [
                challenge("basic", realm="x"),
                challenge("bearer", realm="y", service="z"),
                challenge("digest", qop="auth"),
            ],
        ),
        (
            ['Basic realm="x"', 'Bearer realm="y"'],
            [challenge("basic", realm="x"), challenge("bearer", realm="y")],
        ),
        (['Basic, Bearer realm="y"'], [challenge("basic"), challenge("bearer", realm="y")]),
        ([r'Basic realm="a \"b\", Bearer realm=\\"'], [challenge("basic", realm='a "b", Bearer realm=\\')]),
        (["Negotiate YIIK==, Basic realm=x"], [challenge("negotiate"), challenge("basic", realm="x")]),
        (["NTLM abc, Basic realm=x"], [challenge("ntlm"), challenge("basic", realm="x")]),
        (['Bearer realm="never closed'], [challenge("bearer")]),
        (['=x, Bearer realm="y"'], [challenge("bearer", realm="y")]),
        (['realm="lost", Bearer realm="y"'], [challenge("bearer", realm="y")]),
        (['Bearer realm="y";service="z"'], [challenge("bearer", realm="y")]),
        (['Bearer realm=""'], [challenge("bearer", realm="")]),
    ],
)
def test_challenges_are_read_from_all_headers(headers: list[str], expected: list[Challenge]) -> None:
    assert list(parse(headers)) == expected


def test_the_first_of_two_parameters_of_one_name_counts() -> None:
    (found,) = parse(['Bearer realm="a",realm="b"'])
    assert found.get("realm") == "a"
    assert found.get("service") is None


_TOKENS = st.text("ab9!#$%&'*+.^_`|~-", min_size=1, max_size=4)
_VALUES = st.text('aB9 ,="\\/:;\t', max_size=8)
_CHALLENGES = st.builds(
    lambda scheme, parameters: Challenge(scheme=scheme, parameters=tuple(parameters)),
    _TOKENS,
    st.lists(st.tuples(_TOKENS, _VALUES), max_size=4),
)


def written(challenge: Challenge) -> str:
    values = (
        '{}="{}"'.format(name, re.sub(r'(["\\])', r"\\\1", value)) for name, value in challenge.parameters
    )
    return f"{challenge.scheme} {', '.join(values)}".strip()


@given(st.lists(st.lists(_CHALLENGES, min_size=1, max_size=3), max_size=3))
def test_whatever_is_written_by_the_rules_is_read_as_it_was(headers: list[list[Challenge]]) -> None:
    texts = [", ".join(map(written, challenges)) for challenges in headers]
    assert list(parse(texts)) == [challenge for challenges in headers for challenge in challenges]


@given(st.text(' ,="\\abBearer/:\t'), st.text(' ,="\\ab'))
def test_a_good_challenge_is_found_in_a_header_of_its_own_beside_any_nonsense(
    before: str, after: str
) -> None:
    good = challenge("bearer", realm="https://x/token")
    assert good in parse([before, 'Bearer realm="https://x/token"', after])
