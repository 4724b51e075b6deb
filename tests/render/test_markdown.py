"""The body of a pull request, read again by a Markdown parser: what is untrusted stays in code."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pinbot.errors import BuilderError, RegistryError
from pinbot.model.build import Limit
from pinbot.model.plan import Plan, PushDate
from pinbot.model.report import UpdateReport
from pinbot.render import gfm, markdown
from pinbot.render.printable import printable
from tests.render.comparison.values import everything, explained
from tests.render.markup import EVIL, READER, check_nothing_escapes, gfm_cells, tokens
from tests.render.values import HOSTILE, built, change, failed, move, occurrence, pin, skip, verdict

ODD = st.text(st.sampled_from("`|\\<>!-&;*_[](){}#@:/~='\" \t\n\r\x1b\u202eax1"), max_size=30)


def report(text: str = "text", *, count: int = 1) -> UpdateReport:
    """A run in which everything that a stranger can choose is this text."""
    paths = [f"{text}{number}" for number in range(count)]
    after = failed(*(text for _ in range(40)), step=text, builder=text)
    verdicts = [
        verdict(dockerfile=text, before=built(11_000_000)),
        verdict(dockerfile=text, stage=text, problem=text),
        verdict(after, dockerfile=text, problem=text),
        verdict(replace(after, limit=Limit.TIME), dockerfile=text),
        verdict(BuilderError(text), dockerfile=text),
    ]
    error = RegistryError(text, file=text, line=1, image=text, hint=text)
    return UpdateReport(
        plan=Plan(
            updates=tuple(kind(path, path) for path in paths for kind in (pin, move)),
            skips=tuple(skip(path, text) for path in paths),
            changes=tuple(change(path) for path in paths),
            errors=(error,) * count,
        ),
        explanations=(explained(everything(text, count=count)), explained(RegistryError(text))) * count,
        verdicts=tuple(verdicts) * count,
        held=(text,) * count,
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_known_tricks_stay_in_code(text: str) -> None:
    check_nothing_escapes(markdown.pull_request_body(report(f"{EVIL}{text}{EVIL}")))


@settings(max_examples=60)
@given(ODD, ODD)
def test_no_text_escapes_its_code(before: str, after: str) -> None:
    check_nothing_escapes(markdown.pull_request_body(report(f"{before}{EVIL}{after}")))


@given(st.text(st.sampled_from("`\\| ax<>*"), max_size=12))
def test_a_code_span_shows_exactly_its_text(text: str) -> None:
    (span,) = [token for token in tokens(f"before {gfm.code(text)} after") if token.type == "code_inline"]
    assert span.content == (text or "  ")


@given(st.text(st.sampled_from("`\\| ax<>*"), max_size=12))
def test_a_code_span_in_a_table_shows_its_text_in_one_cell(text: str) -> None:
    shown = gfm.cell(text)
    table = f"| a | b |\n| --- | --- |\n| {shown} | {shown} |"
    assert gfm_cells(table.splitlines()[2]) == 2
    spans = [token.content for token in tokens(table) if token.type == "code_inline"]
    assert spans == [re.sub(r"\\(?=\|)", r"\\x5c", text) or "  "] * 2


@given(st.lists(st.text(st.sampled_from("`~ \n|<>ab\x1b"), max_size=10), max_size=8))
def test_a_block_holds_all_its_lines(lines: list[str]) -> None:
    block, *rest = READER.parse(f"{gfm.code_block(lines, room=1000)}\n\nafter")
    assert block.type == "fence"
    assert block.content == "".join(f"{printable(line)}\n" for line in lines or [""])
    assert [token.type for token in rest] == ["paragraph_open", "inline", "paragraph_close"]


def test_a_long_log_keeps_its_last_lines() -> None:
    block = gfm.code_block([f"line {number}" for number in range(1000)], room=50)
    assert block == "```text\n…\nline 995\nline 996\nline 997\nline 998\nline 999\n```"


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "x" * 1_000_000,
        "`" * 1_000_000,
        "` " * 1000,
        "|" * 1000,
        "\\|" * 1000,
        "\U000e0001" * 1000,
        "\x00" * 1000,
    ],
)
def test_the_body_is_never_too_long(text: str) -> None:
    few = report(text)
    many = report(text[:1000], count=300)
    for told in (few, many):
        body = markdown.pull_request_body(told)
        assert len(body) < markdown.LIMIT


def test_an_update_that_is_held_is_not_explained() -> None:
    told = UpdateReport(
        plan=Plan(updates=(move(),), changes=(change(),)),
        explanations=(explained(everything("text")),),
    )
    assert "### What changed" in markdown.pull_request_body(told)
    assert "### What changed" not in markdown.pull_request_body(replace(told, held=("Dockerfile",)))


def test_ten_thousand_updates_are_counted_although_not_all_are_shown() -> None:
    updates = tuple(
        move(f"{number}/Dockerfile", image=f"registry.example/{'x' * 200}/{number}:1")
        for number in range(10_000)
    )
    changes = tuple(change(f"{number}/Dockerfile") for number in range(10_000))
    body = markdown.pull_request_body(UpdateReport(plan=Plan(updates=updates, changes=changes)))
    assert len(body) < markdown.LIMIT
    assert body.startswith("This moves 10000 base images to what the tag means now. **Not test-built.**")
    shown = body.count("| digest |")
    assert shown > 50
    assert f"\n\nand {10_000 - shown} more\n" in body
    check_nothing_escapes(body)


def test_the_marker_is_json_in_one_comment() -> None:
    updates = [pin(image="ghcr.io/a--b/c---d:1--2"), move()]
    comment = markdown.marker(updates)
    inside = comment.removeprefix("<!-- pinbot: ").removesuffix(" -->")
    assert json.loads(inside) == {
        "updates": [
            {"image": "ghcr.io/a--b/c---d:1--2", "digest": "sha256:" + "2" * 64},
            {"image": "docker.io/library/alpine:3.22", "digest": "sha256:" + "2" * 64},
        ]
    }
    assert ">" not in inside
    (block,) = READER.parse(comment)
    assert (block.type, block.content) == ("html_block", comment)


def test_a_body_in_full() -> None:
    told = UpdateReport(
        plan=Plan(
            updates=(pin("Dockerfile"), replace(move(), occurrences=(occurrence("api/Dockerfile", 7),))),
            changes=(change("Dockerfile"), change("api/Dockerfile")),
            skips=(skip("db/Dockerfile", "`FROM $X`: X has no value"),),
        ),
        verdicts=(
            verdict(before=built(11_000_000)),
            verdict(
                failed("make: no rule", "exit 2"), dockerfile="web/Dockerfile", problem="failed at RUN make"
            ),
        ),
        held=("web/Dockerfile",),
    )
    assert (
        markdown.pull_request_body(told)
        == f"""\
This pins 1 base image and moves 1 base image to what the tag means now. \
**The test build passed**: `Dockerfile`. 1 more did not pass and stays as before; see below.

| Image | Change | From | To | Files |
| --- | --- | --- | --- | --- |
| `alpine:3.22` | pin | no digest | `222222222222` | `Dockerfile:1` |
| `alpine:3.22` | digest | `111111111111` | `222222222222` | `api/Dockerfile:7` |

### Test build

| Target | Result | Before | After | Size | Time | Builder |
| --- | --- | --- | --- | --- | --- | --- |
| `Dockerfile` | passed | 11.0 MB | 12.0 MB | +1.0 MB (+9.1%) | 4.2 s | `buildah 1.28.2` |
| `web/Dockerfile` | failed | `failed at RUN make` |  |  | 1.5 s | `buildah 1.28.2` |

Sizes are compressed: what a client downloads. Both sides were built by the same builder.

`web/Dockerfile` failed at `RUN make`

```text
make: no rule
exit 2
```

<details><summary>Left as it is</summary>

| Where | Why |
| --- | --- |
| `web/Dockerfile` | its test build or audit did not pass; see above |
| `db/Dockerfile:3` | `` `FROM $X`: X has no value `` |

</details>

<details><summary>How to reproduce, ignore or change this</summary>

Run the same by hand, in a checkout of the base branch:

```text
pinbot update --build
```

To leave a reference alone, write `# pinbot: ignore` on the line above it. \
The branch is rebuilt when a digest moves again; commits that a person adds to it are left alone.

</details>

<!-- pinbot: {{"updates":[\
{{"image":"docker.io/library/alpine:3.22","digest":"sha256:{"2" * 64}"}},\
{{"image":"docker.io/library/alpine:3.22","digest":"sha256:{"2" * 64}"}}]}} -->
"""
    )


def test_a_body_tells_since_when_there_is_a_digest_and_until_when_to_wait() -> None:
    day = datetime(2026, 11, 20, 7, tzinfo=UTC)
    seen = replace(move("a/Dockerfile"), seen=day, ripe=day + timedelta(days=3))
    trusted = replace(seen, pushed=PushDate(when=day - timedelta(days=9), source="Docker Hub"), ripe=None)
    told = UpdateReport(plan=Plan(updates=(pin(), seen, trusted), changes=(change(), change("a/Dockerfile"))))
    body = markdown.pull_request_body(told)
    assert (
        """\
| Image | Change | From | To | Since | Files |
| --- | --- | --- | --- | --- | --- |
| `alpine:3.22` | pin | no digest | `222222222222` |  | `Dockerfile:1` |
| `alpine:3.22` | digest | `111111111111` | `222222222222` | 2026-11-20, seen by pinbot | `a/Dockerfile:1` |
| `alpine:3.22` | digest | `111111111111` | `222222222222` \
| 2026-11-20, seen by pinbot<br>2026-11-11, Docker Hub says | `a/Dockerfile:1` |

**The cooldown is still running** for `alpine:3.22`: better not merged before 2026-11-23 07:00 UTC.
"""
        in body
    )


def test_a_body_says_where_another_job_built() -> None:
    plan = Plan(updates=(pin(),), changes=(change(),))
    here = verdict(before=built())
    words = ("**The test build passed** in an earlier, separate job: `Dockerfile`.", "They ran in an earlier")
    for one, told in ((here, False), (replace(here, earlier=True), True)):
        body = markdown.pull_request_body(UpdateReport(plan=plan, verdicts=(one,)))
        assert [word in body for word in words] == [told, told]
