from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinbot.errors import NotFound
from pinbot.model.comparison import (
    Alarm,
    Caution,
    Evidence,
    Move,
    Part,
    Setting,
    SettingChange,
    Source,
    Unread,
)
from pinbot.model.reference import Platform
from pinbot.model.vulnerability import Rating, VulnerabilityDiff
from pinbot.render.comparison import markdown
from pinbot.render.markdown import LIMIT
from tests.render.comparison.values import (
    AMD64,
    ARM64,
    comparison,
    everything,
    explained,
    exposed,
    origin,
    package,
    platform_diff,
)
from tests.render.markup import EVIL, check_nothing_escapes
from tests.render.values import HOSTILE

ODD = st.text(st.sampled_from("`|\\<>!-&;*_[](){}#@:/~='\" \t\n\r\x1b\u202eax1"), max_size=30)
LINK = "https://github.com/o/r/compare/aaaaaaa...bbbbbbb"


def test_a_comparison_in_full() -> None:
    told = comparison(
        platform_diff(
            package("busybox", old="1.37.0-r18", new="1.37.0-r19"),
            package("musl", Move.DOWNGRADED, "1.2.5-r10", "1.2.5-r9"),
            package("zlib", Move.ADDED, None, "1.3.1-r2"),
            of=origin(Source.REVISION, text="bbbbbbb", link=LINK),
            distribution="Alpine Linux v3.22",
            settings=(
                SettingChange(setting=Setting.CMD, old=("sh",), new=("sh", "-l")),
                SettingChange(setting=Setting.ENV, name="PATH", old=None, new="/bin"),
            ),
            cautions=(Caution(alarm=Alarm.OLDER_PACKAGES, message="a package goes back"),),
            unread=(Unread(part=Part.FILES, reason="1 layer was not searched"),),
        ),
        same=(ARM64,),
    )
    assert markdown.document(told, room=LIMIT) == (
        f"### `alpine:3.22@sha256:{'1' * 64}` → `alpine:3.22`\n\n"
        """\
| Platform |  | Digest | Size | Change | Layers |
| --- | --- | --- | --- | --- | --- |
| `linux/amd64` | changed | `111111111111` → `222222222222` | 3.1 MB | +100.0 kB (+3.3%) | \
1 shared, 1 gone, 1 new |
| `linux/arm64` | the same |  |  |  |  |

**`linux/amd64`**: built from another revision of the source ([compare]("""
        f"{LINK}"
        """)). System `Alpine Linux v3.22`. Version `bbbbbbb` → `bbbbbbb2`. \
Made, as the builder claims, `bbbbbbb` → `bbbbbbb2`.

Worth a look:
- **older-packages**: `a package goes back`

Packages: 1 downgraded, 1 upgraded, 1 added, of 15.

| Package | Ecosystem | Change | Old | New |
| --- | --- | --- | --- | --- |
| `busybox` | apk | upgraded | `1.37.0-r18` | `1.37.0-r19` |
| `musl` | apk | downgraded | `1.2.5-r10` | `1.2.5-r9` |
| `zlib` | apk | added |  | `1.3.1-r2` |

| Config | Old | New |
| --- | --- | --- |
| cmd | `["sh"]` | `["sh", "-l"]` |
| env `PATH` |  | `/bin` |

Not known:
- files: `1 layer was not searched`

Read 6.1 MB of 6.1 MB (100%) in 6 requests.
"""
    )


def test_what_is_longer_than_a_screen_is_folded() -> None:
    short = comparison(platform_diff(*(package(f"p{number}") for number in range(20))))
    long = comparison(platform_diff(*(package(f"p{number}") for number in range(21))))
    assert "<details>" not in markdown.show(short, room=LIMIT)
    assert "<details><summary>Packages</summary>\n\n| Package |" in markdown.show(long, room=LIMIT)


def test_platforms_with_the_same_changes_are_told_of_once() -> None:
    both = comparison(platform_diff(package()), platform_diff(package(), platform=ARM64))
    assert "**`linux/amd64, linux/arm64`**" in markdown.show(both, room=LIMIT)
    apart = comparison(platform_diff(package()), platform_diff(package(new="9"), platform=ARM64))
    assert markdown.show(apart, room=LIMIT).count("\n\n**`linux/") == 2


def test_where_nothing_changed_that_is_all_that_is_told() -> None:
    text = markdown.show(comparison(same=(AMD64,), elsewhere=(ARM64,), attestations=True), room=LIMIT)
    assert text == (
        "Nothing changed for `linux/amd64`; `linux/arm64` changed, which was not asked about; "
        "attestations changed.\n\nRead 6.1 MB of 6.1 MB (100%) in 6 requests."
    )


def test_a_platform_whose_name_looks_like_an_address_becomes_no_link() -> None:
    name = Platform(f"www.{EVIL}.example", "x")
    check_nothing_escapes(markdown.show(comparison(same=(name,), elsewhere=(name,)), room=LIMIT))


def test_packages_that_lie_in_shared_layers_are_told_not_to_have_changed() -> None:
    text = markdown.show(comparison(platform_diff(evidence=Evidence.SHARED)), room=LIMIT)
    assert "No package changed: their list lies in layers that both images share." in text


@pytest.mark.parametrize("text", HOSTILE)
def test_known_tricks_stay_in_code(text: str) -> None:
    check_nothing_escapes(markdown.document(everything(f"{EVIL}{text}{EVIL}"), room=LIMIT))


@settings(max_examples=60)
@given(ODD, ODD)
def test_no_text_escapes_its_code(before: str, after: str) -> None:
    check_nothing_escapes(markdown.document(everything(f"{before}{EVIL}{after}", count=30), room=LIMIT))


@settings(max_examples=40)
@given(
    st.sampled_from(["x", "`", "|", "\\|", "\x00", "\U000e0001"]),
    st.sampled_from([1, 100, 100_000]),
    st.sampled_from([1, 5, 500]),
    st.sampled_from([1, 3, 40]),
    st.sampled_from([markdown.LEAST_ROOM, 10_000, LIMIT]),
)
def test_a_comparison_keeps_to_its_room(
    text: str, length: int, count: int, platforms: int, room: int
) -> None:
    told = everything(text * (length // (count * platforms) + 1), count=count, platforms=platforms)
    shown = markdown.show(told, room=room)
    assert len(shown) <= room
    check_nothing_escapes(shown)


def test_vulnerabilities_stand_between_packages_and_config() -> None:
    found = VulnerabilityDiff(
        fixed=(exposed("CVE-2026-1", "an overflow", Rating.HIGH),),
        new=(exposed("CVE-2026-2"),),
        remaining=3,
        unasked=("packages of rpm",),
    )
    shown = markdown.show(comparison(platform_diff(package(), vulnerabilities=found)), room=LIMIT)
    affected = ", ".join(f"CVE-2026-{{}}{number} CVE-2026-{{}}" for number in range(3)) + " and 1 more"
    assert (
        f"""
Known vulnerabilities: 1 fixed, 1 new, 3 remain.

| Vulnerability | Change | Rating | Packages | Summary |
| --- | --- | --- | --- | --- |
| `CVE-2026-2` | **new** |  | `{affected.format(*[2] * 6)}` |  |
| `CVE-2026-1` | fixed | high | `{affected.format(*[1] * 6)}` | `an overflow` |

Not known:
- vulnerabilities: `packages of rpm`
"""
        in shown
    )


@pytest.mark.parametrize("room", [6_000, 20_000, LIMIT])
def test_where_room_is_short_each_part_still_has_some(room: int) -> None:
    shown = markdown.show(everything("text", count=2_000), room=room)
    assert len(shown) <= room
    for title in ("Packages", "Vulnerabilities", "Config"):
        assert f"<details><summary>{title}</summary>" in shown
    assert shown.count("\n\nand ") >= 3


@pytest.mark.parametrize("count", [1, 3, 4, 10, 300])
def test_explanations_keep_to_their_room_however_many_there_are(count: int) -> None:
    room = 18_000
    told = [explained(everything("x" * 200, count=50, platforms=2)) for _ in range(count)]
    parts = [*markdown.explanations(told, room=room)]
    assert sum(len(part) + 2 for part in parts) <= room + 200
    assert parts[0] == "### What changed"
    assert "<details><summary>What changed</summary>" in parts[1] if count > 3 else parts[1]


def test_several_images_share_one_screen() -> None:
    told = explained(comparison(platform_diff(*(package(f"p{number}") for number in range(15)))))
    (_, alone) = markdown.explanations([told], room=18_000)
    (_, *both) = markdown.explanations([told, told], room=18_000)
    assert "<details>" not in alone
    assert all("<details><summary>Packages</summary>" in part for part in both)


def test_a_failure_to_explain_is_told_in_its_place() -> None:
    parts = [*markdown.explanations([explained(NotFound("it is gone"))], room=18_000)]
    assert parts[1] == (
        "#### `alpine:3.22` `111111111111` → `222222222222`\n\nWhat changed is not known: `it is gone`"
    )


def test_no_explanation_no_section() -> None:
    assert [*markdown.explanations([], room=18_000)] == []


def test_a_new_tag_stands_before_the_new_digest() -> None:
    (_, part) = markdown.explanations([replace(explained(NotFound("it is gone")), tag="3.22")], room=18_000)
    assert "→ `3.22@222222222222`" in part.partition("\n")[0]
