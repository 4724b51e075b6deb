"""The traps of each ordering, as its own documents and test suites name them."""

import random
from itertools import pairwise

import pytest

from pinbot.image.versions.compare import LONGEST, compare, sort_key
from pinbot.model.image import Ecosystem, VersionChange

APK, DPKG, RPM, GO, CARGO = Ecosystem.APK, Ecosystem.DPKG, Ecosystem.RPM, Ecosystem.GO, Ecosystem.CARGO

ASCENDING = [
    # apk-package(5); version.c and test/unit/version.data of apk-tools
    pytest.param(
        APK,
        "0.1_alpha 0.1_alpha1-r1 0.1_alpha2 0.1_beta 0.1_pre2 0.1_rc_alpha 0.1_rc 0.1_rc1 0.1_rc1_p1 0.1 "
        "0.1-r0 0.1-r9 0.1-r10 0.1~abc 0.1~abc-r1 0.1_cvs 0.1_svn 0.1_git20240101 0.1_hg 0.1_p 0.1_p0 0.1_p1 "
        "0.1a 0.1b 0.1.0 0.1.1",
        id="apk: what may follow a number",
    ),
    pytest.param(APK, "9 10 20050405", id="apk: the first number is a number"),
    pytest.param(
        APK, "1.0 1.00 1.01 1.010 1.09 1.1 1.9 1.10", id="apk: leading zeros as text, before all others"
    ),
    pytest.param(APK, "0.12.1 0.12.1-r1 0.12.1-r1000000000000000000000", id="apk: numbers of any size"),
    # deb-version(7); lib/dpkg/t/t-version.c of dpkg
    pytest.param(DPKG, "1~~ 1~~a 1~ 1 1a", id="dpkg: the example of the manual page"),
    pytest.param(
        DPKG,
        "1.0~beta1~svn1245 1.0~beta1 1.0 1.0-0.1 1.0-1~bpo12+1 1.0-1 1.0-1+b1 1.0-1+deb12u1 1.0-1.1 1.0-10 "
        "1.0A 1.0a 1.0+dfsg-1 1.0.1 1.1 1.10 1:0.1 2:0",
        id="dpkg: tilde, letters, other characters, epoch",
    ),
    pytest.param(
        DPKG, "0:0-0 0:0-0-0 0:0-0-1 0:0:0-0", id="dpkg: the last hyphen and the first colon divide"
    ),
    pytest.param(DPKG, "1.9 1.010 1.11", id="dpkg: leading zeros do not count"),
    # rpm-version(7); tests/rpmvercmp.at of rpm
    pytest.param(
        RPM,
        "1.0~rc1~git123 1.0~rc1 1.0~rc1^git1 1.0~rc2 1.0 1.0^git1~pre 1.0^git1 "
        "1.0^git2 1.0^20160101^git1 1.0^20160102 1.0.a 1.0.rc1 1.0.1 1.01 1.2 1.10",
        id="rpm: tilde and caret",
    ),
    pytest.param(RPM, "xyz.4 2 8", id="rpm: a number is newer than a word"),
    pytest.param(RPM, "1.0a 1.0aa 1.0b", id="rpm: words as text"),
    pytest.param(RPM, "1b.fc17 1.fc17 1g.fc17", id="rpm: the oddity of its bug 811992"),
    pytest.param(RPM, "1.0-1.el9 1.0-2.el9 1.0-2.el9_1 1.0.1-1 1:0.9-1 2:0-0", id="rpm: release and epoch"),
    # semver_test.go of golang.org/x/mod; go.dev/ref/mod#pseudo-versions
    pytest.param(
        GO,
        "v0.0.0-20191109021931-daa7c04131f5 v0.0.0 v1.0.0-alpha v1.0.0-alpha.1 v1.0.0-alpha.beta v1.0.0-beta "
        "v1.0.0-beta.2 v1.0.0-beta.11 v1.0.0-rc.1 v1 v1.2.3-456 v1.2.3-456.789 v1.2.3-456-789 v1.2.3-456a "
        "v1.2.3-pre.0.20200101000000-0123456789ab v1.2.3 v1.2.4-0.20191109021931-daa7c04131f5 v1.2.4 "
        "v2.0.0+incompatible v10.0.0",
        id="go: pseudo-versions and pre-releases",
    ),
    # gover_test.go of Go
    pytest.param(
        GO,
        "go1 go1.4beta1 go1.4rc1 go1.4 go1.4.1 go1.20rc1 go1.20 go1.20.1 go1.21 go1.21rc1 go1.21rc2 go1.21.0 "
        "go1.21.9 go1.21.10 go1.22 go2",
        id="go: its own releases",
    ),
    # test_version.rs and the documentation of BuildMetadata in the crate `semver`
    pytest.param(
        CARGO,
        "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 "
        "1.0.0+0 1.0.0+00 1.0.0+1 1.0.0+1.8.1 1.0.0+01 1.0.0+2 1.0.0+002 1.0.0+10 1.0.0+a 1.0.1 1.10.0 2.0.0",
        id="cargo: pre-releases and builds",
    ),
]

SAME = [
    (APK, "006", "6"),
    (APK, "1_p01", "1_p1"),
    (APK, "1-r01", "1-r1"),
    (DPKG, "1.0", "0:1.0"),
    (DPKG, "1.0", "1.0-0"),
    (DPKG, "1.0a", "1.0a0"),
    (DPKG, "1.00-1", "1.0-1"),
    (RPM, "1.0-1", "0:1.0-1"),
    (RPM, "2.0", "2_0"),
    (RPM, "10.0001", "10.1"),
    (RPM, "a+", "a_"),
    (RPM, "1.0.", "1.0"),
    (GO, "v2.0.0", "v2.0.0+incompatible"),
    (GO, "v1", "v1.0.0"),
    (GO, "go1.20", "go1.20.0"),
    (GO, "go1.22.3", "go1.22.3-custom"),
]

INVALID = [
    (
        APK,
        "",
        "a",
        "1.",
        "1..2",
        "0.1a.1",
        "0.1-r2.1",
        "0.1-r",
        "23_foo",
        "1.0bc",
        "1.0_prefix",
        "1~",
        "1 0",
        "1\n",
    ),
    (
        DPKG,
        "",
        ":1.0",
        "0:",
        "1.0-",
        "-0",
        "0:-0",
        "a:0-0",
        "-1:0",
        "0:0-0:0",
        "1_0",
        "0:0 0",
        "4294967296:1",
        "1.0é",
    ),
    (RPM, "", "-1", "1-2-3", "a:1.0-1", ":1-1", "1:"),
    (
        GO,
        "(devel)",
        "1.0.0",
        "v1-pre",
        "v1.2+meta",
        "v01.0.0",
        "v1.0.0-01",
        "v1.0.0-",
        "go",
        "go1.21rc",
        "gopher",
    ),
    (
        CARGO,
        "",
        "1.0",
        "v1.0.0",
        "1.0.0-",
        "1.0.0-01",
        "01.0.0",
        "1.0.0+",
        "18446744073709551616.0.0",
        "1.0.0.0",
    ),
]


@pytest.mark.parametrize(("ecosystem", "versions"), ASCENDING)
def test_versions_sort_as_their_ecosystem_sorts_them(ecosystem: Ecosystem, versions: str) -> None:
    ascending = versions.split()
    shuffled = random.Random(0).sample(ascending, len(ascending))
    assert sorted(shuffled, key=lambda version: sort_key(ecosystem, version) or ()) == ascending
    for old, new in pairwise(ascending):
        assert compare(ecosystem, old, new) is VersionChange.UPGRADE
        assert compare(ecosystem, new, old) is VersionChange.DOWNGRADE


@pytest.mark.parametrize(("ecosystem", "one", "other"), SAME)
def test_what_is_only_written_differently_is_the_same(ecosystem: Ecosystem, one: str, other: str) -> None:
    assert compare(ecosystem, one, other) is VersionChange.SAME
    assert compare(ecosystem, other, one) is VersionChange.SAME


@pytest.mark.parametrize(
    ("ecosystem", "text"), [(ecosystem, text) for ecosystem, *texts in INVALID for text in texts]
)
def test_what_is_no_version_has_no_place_in_the_order(ecosystem: Ecosystem, text: str) -> None:
    valid = {GO: "v1.0.0"}.get(ecosystem, "1.0.0")
    assert compare(ecosystem, text, valid) is VersionChange.UNORDERED
    assert compare(ecosystem, valid, text) is VersionChange.UNORDERED
    assert compare(ecosystem, text, text) is VersionChange.SAME


@pytest.mark.parametrize("ecosystem", Ecosystem)
def test_an_endless_version_has_no_place_in_the_order(ecosystem: Ecosystem) -> None:
    assert sort_key(ecosystem, "1" * (LONGEST + 1)) is None
