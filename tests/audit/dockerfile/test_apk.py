"""D11 and D12: Alpine's packages."""

import pytest

from tests.audit.dockerfiles import audit, message, places

PINNED = "curl~8"


def inapplicable(text: str) -> set[str]:
    return {entry.rule for entry in audit(text).inapplicable}


# D11


@pytest.mark.parametrize(
    ("run", "place"),
    [
        ("apk add curl", "2:9"),
        ("apk update && apk add curl", "2:23"),
        ("apk -U add curl", "2:12"),
        ("apk --update add -t x curl", "2:18"),
        ("/sbin/apk add curl", "2:15"),
        ("set -e; A=b apk add curl", "2:21"),
        ("if true; then apk add curl; fi", "2:23"),
        ("(apk add curl)", "2:10"),
        ("sh -c 'apk add curl'", "2:16"),
        ('["apk", "add", "curl"]', "2:14"),
        ("apk update \\\n && apk \\\n    # some\n    add curl", "5:5"),
        ("<<EOF\nset -e\napk add curl\nEOF", "4:5"),
        ("--mount=type=cache,target=/root/.cache apk add curl", "2:48"),
        ("apk add -X http://x.example/--no-cache curl", "2:9"),
    ],
)
def test_a_call_that_keeps_the_index_is_found(run: str, place: str) -> None:
    assert places("D11", f"FROM alpine\nRUN {run}\n") == [f"{place} warning"]


@pytest.mark.parametrize(
    "run",
    [
        "apk add --no-cache curl",
        "apk --no-cache add curl",
        "apk add curl --no-cache",
        "apk --no-cache --update add curl",
        "--mount=type=cache,target=/var/cache/apk apk add curl",
        "--mount=type=cache,id=x,dst=/etc/apk/cache/ apk add curl",
        "apk add curl && rm -rf /var/cache/apk/*",
        "apk update && apk add curl; rm -fr /var/cache/*",
        "echo apk add curl",
        "echo 'apk add curl'",
        "# apk add curl",
        "<<EOF cat >/x\napk add curl\nEOF",
        "<<EOF python3\napk add curl\nEOF",
        "apk del curl",
    ],
)
def test_a_call_that_keeps_nothing_and_what_is_no_call_are_not(run: str) -> None:
    assert places("D11", f"FROM alpine\nRUN {run}\n") == []


def test_in_a_stage_that_is_not_shipped_it_is_a_note() -> None:
    text = "FROM alpine AS build\nRUN apk add curl\nFROM scratch\nCOPY --from=build /a /a\n"
    assert places("D11", text) == ["2:9 note"]
    assert "D11" in inapplicable("FROM alpine AS unused\nRUN apk add curl\nFROM scratch\n")


# D12


@pytest.mark.parametrize(
    ("call", "names"),
    [
        ("add --no-cache curl", "curl"),
        ("add curl jq", "curl, jq"),
        ("add a b c d", "a, b, c, d"),
        ("add a b c d e", "a, b, c and 2 more"),
        (f"add {PINNED} jq=1.7 git", "git"),
        ("add -t .deps --no-cache curl", "curl"),
        ("add --virtual=.deps curl", "curl"),
        ("add --repository https://x.example/v3 curl", "curl"),
        ("add $MORE curl@edge", "curl@edge"),
        ("add 'curl' \"jq\"", "curl, jq"),
    ],
)
def test_packages_without_a_version_are_named(call: str, names: str) -> None:
    told = f"apk add takes the newest version of {names}"
    assert message("D12", f"FROM alpine\nRUN apk {call}\n") == told


@pytest.mark.parametrize(
    "call",
    [
        *("add curl=8.9.1-r0", "add 'curl>8'", "add curl~=8.9", "add 'curl<9' jq~1", "add $PACKAGES"),
        *("add .x", "add !y", "add ./local.apk", "info curl", "fix", "add --no-cache"),
    ],
)
def test_packages_with_a_version_are_right(call: str) -> None:
    assert places("D12", f"FROM alpine\nRUN apk {call}\n") == []


def test_an_upgrade_is_found_and_says_what_to_do_instead() -> None:
    text = "FROM alpine\nRUN apk update && apk upgrade --no-cache\n"
    (finding,) = [one for one in audit(text).findings if one.rule == "D12"]
    assert (finding.line, finding.column, finding.severity) == (2, 23, "note")
    assert finding.remedy == "pin a newer base image instead: pinbot update does"
    assert "D12" in inapplicable("FROM debian\nRUN apt-get install -y curl\n")


def test_the_place_is_that_of_the_first_package_in_characters() -> None:
    assert places("D12", "FROM alpine\nRUN echo grüezi && apk add --no-cache 'curl'\n") == ["2:40 note"]
