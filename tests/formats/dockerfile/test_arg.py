"""Which ARG reaches FROM, what it means there, and whether a digest may be written into its default."""

import pytest

from pinbot.errors import SyntaxProblem
from pinbot.model.occurrence import Status
from tests.formats.dockerfile.reading import images, place, read, reason

DIGEST = "sha256:" + "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ARG A=1 B=2\nFROM x:$A\nFROM y:${B}\n", ["x:1", "y:2"]),
        ("ARG A=1\nARG B=$A.2\nFROM x:$B\n", ["x:1.2"]),
        ("ARG A=1\nARG A=2\nFROM x:$A\n", ["x:2"]),
        ("ARG A=1\nARG A\nFROM x:$A\n", ["x:1"]),
        ("ARG A='1' B=\"2\"\nFROM x:$A$B\n", ["x:12"]),
        ('ARG A="1.2"\nFROM "x:$A"\n', ["x:1.2"]),
        ("ARG A=x:1\nFROM $A AS s\nFROM s\n", ["x:1"]),
        ("ARG S=s\nFROM x AS s\nFROM $S\n", ["x:latest"]),
        ("ARG A=1\nFROM x AS s\nARG A=2\nFROM y:$A\n", ["x:latest", "y:1"]),
        ("ARG A=scratch\nFROM $A\n", []),
        ("ARG A=1 \\\n  # why\n  B=2\nFROM x:$A-$B\n", ["x:1-2"]),
    ],
)
def test_global_args_reach_from(text: str, expected: list[str]) -> None:
    assert images(text) == expected


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("${X:-3}", "3"),
        ("${X-3}", "3"),
        ("${V:-3}", "v1.2.3"),
        ("${E:-3}", "3"),
        ("a${E-3}", "a"),
        ("${V:+3}", "3"),
        ("${V+3}", "3"),
        ("a${E:+3}", "a"),
        ("${E+3}", "3"),
        ("a${X+3}", "a"),
        ("${V:?no}", "v1.2.3"),
        ("${V#v}", "1.2.3"),
        ("${V#*.}", "2.3"),
        ("${V##*.}", "3"),
        ("${V%.*}", "v1.2"),
        ("${V%%.*}", "v1"),
        ("${V/./-}", "v1-2.3"),
        ("${V//./-}", "v1-2-3"),
        ("${V//[/-}", "v1.2.3"),
        ("${V/v?/x}", "x.2.3"),
        ("${V/*./}", "3"),
        ("${V%\\}}", "v1.2.3"),
        ("${X:-${Y:-${V}}}", "v1.2.3"),
        ("${X:-'3'}", "3"),
        ("3\\.4", "3.4"),
        ("3$001x", "3x"),
        ("3${001:-x}", "3x"),
    ],
)
def test_words_are_expanded_as_by_buildkits_shell_lexer(written: str, value: str) -> None:
    (found,) = read(f"ARG V=v1.2.3\nARG E=\nFROM x:{written}\n")
    assert found.image is not None
    assert found.image.tag == value


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("x:${V:-3", "missing '}'"),
        ("x:${}", "bad substitution"),
        ("x:${V^^}", "unsupported modifier"),
        ("x:${V:1}", "unsupported modifier"),
        ("x:${V/a}", "missing '/'"),
        ("x:${V:#a}", "unsupported modifier"),
        ("'x", "single-quote"),
        ('"x', "double-quote"),
        ("x:${V%\\a}", "invalid escape"),
    ],
)
def test_a_word_that_buildkit_refuses_is_refused(word: str, message: str) -> None:
    with pytest.raises(SyntaxProblem, match=message) as caught:
        read(f"ARG V=1\nFROM {word}\n")
    assert caught.value.line == 2


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("FROM x:$V\n", "there is no ARG V above the first FROM"),
        ("ARG V\nFROM x:$V\n", "ARG V (line 1) has no default"),
        ("ARG V\nFROM ${V}x:1\n", "ARG V (line 1) has no default"),
        ("ARG V\nARG W=$V\nFROM x:1$W\n", "ARG V (line 1) has no default"),
        ("FROM x:${V:?say-which}\n", "it needs a build argument: V: say-which"),
        ("ARG V=\nFROM $V\n", "$V is empty when no build argument is given"),
        ("FROM x:$TARGETARCH\n", "it depends on TARGETARCH, so that it is another image on every platform"),
        (
            "ARG A=$TARGETARCH\nFROM $A/x\n",
            "it depends on TARGETARCH, so that it is another image on every platform",
        ),
    ],
)
def test_an_image_that_no_default_gives_is_skipped(text: str, why: str) -> None:
    assert reason(text) == why


def test_an_arg_declared_in_a_stage_does_not_reach_a_later_from() -> None:
    found = read("FROM a\nARG V=1\nFROM b:$V\n")
    assert found[1].reason == (
        "ARG V (line 2) stands inside a stage, where FROM does not see it: move it above the first FROM"
    )


def test_a_stage_named_after_the_platform_is_no_image() -> None:
    text = "FROM a AS bin-amd64\nFROM b AS bin-arm64\nFROM bin-${TARGETARCH}\n"
    assert images(text) == ["a:latest", "b:latest"]


def test_a_predefined_name_with_a_default_is_an_arg_like_others() -> None:
    assert images("ARG TARGETARCH=amd64\nFROM x-$TARGETARCH\n") == ["x-amd64:latest"]


@pytest.mark.parametrize(
    ("flag", "platform"),
    [
        ("linux/arm64", "linux/arm64"),
        ("$P", "linux/s390x"),
        ("$BUILDPLATFORM", "$BUILDPLATFORM"),
        ("${TARGETPLATFORM:-linux/amd64}", "${TARGETPLATFORM:-linux/amd64}"),
    ],
)
def test_the_platform_is_told_unless_it_differs_from_build_to_build(flag: str, platform: str) -> None:
    (found,) = read(f"ARG P=linux/s390x\nFROM --platform={flag} a\n")
    assert (found.platform, found.status) == (platform, Status.UNPINNED)


@pytest.mark.parametrize(
    "expected",
    [
        "FROM <alpine:3.20|> AS x\n",
        "FROM <alpine|>\n",
        'FROM "<alpine:3.20|>"\n',
        "ARG V=<3.20|>\nFROM alpine:$V\n",
        "ARG V='<3.20|>'\nFROM alpine:${V}\n",
        "ARG V=<alpine:3.20|>\nFROM $V\n",
        "ARG U=1 V=<3.20|>\nFROM alpine:$V\n",
        "ARG V=<3.20|>\nARG I=alpine:$V\nFROM $I\n",
        "ARG V=<3.20|>\nFROM alpine:$V AS a\nFROM alpine:$V AS b\n",
        "FROM ${V:-<alpine:3.20|>}\n",
        "FROM alpine:${V:-<3.20|>}\n",
        "ARG V=${W:-<3.20|>}\nFROM alpine:$V\n",
        "ARG R=example.com/\nFROM ${R}<alpine:3.20|>\n",
        "ARG R=alpine\nFROM $R<:3.20|>\n",
        "ARG R=alpine V=<3.20|>\nFROM $R:$V\n",
        "ARG V=<3.20|>\nFROM alpine:$V\nARG V=other\nRUN echo $V\n",
        "ARG V=<3.20|>\nFROM alpine:$V\nRUN echo $V\n",
        "ARG V=<3.20|>\nFROM alpine:$V AS a\nARG V\nFROM scratch AS b\nRUN echo $V\n",
        f"ARG V=<3.20|@{DIGEST}>\nFROM alpine:$V\n",
        f"ARG D=<|{DIGEST}>\nFROM alpine:3.20@$D\n",
        f"ARG V=3.20\nFROM alpine:$V<|@{DIGEST}>\n",
    ],
)
def test_the_digest_belongs_to_the_text_that_gives_the_tag(expected: str) -> None:
    assert place(expected.translate({ord(sign): None for sign in "<|>"})) == expected


ALSO = "ARG V (line 1) also"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("ARG V=3\nFROM alpine:$V\nFROM python:3-alpine$V\n", f"{ALSO} gives python:3-alpine3 on line 3"),
        ("ARG V=3\nFROM alpine:$V\nFROM alpine:$V-x\n", f"{ALSO} gives alpine:3-x on line 3"),
        ("ARG V=s\nFROM x AS s\nFROM $V\nFROM alpine:$V\n", f"{ALSO} gives the name of a stage on line 3"),
        ("ARG V=3\nFROM --platform=linux/$V alpine:$V\n", f"{ALSO} gives a platform on line 2"),
        ("ARG V=3\nARG W=$V-x\nFROM alpine:$V\nFROM b:$W\n", f"{ALSO} gives b:3-x on line 4"),
        (
            "ARG V=3\nFROM alpine:$V\nARG V\nRUN echo $V\n",
            f"{ALSO} reaches the stage's own instructions on line 4",
        ),
        (
            "ARG V=3\nFROM alpine:$V\nARG V\nRUN ./x\n",
            f"{ALSO} reaches the stage's own instructions on line 4",
        ),
        (
            "ARG V=3\nFROM alpine:$V\nARG V\nLABEL v=$V\n",
            f"{ALSO} reaches the stage's own instructions on line 4",
        ),
        (
            "ARG V=3\nFROM alpine:$V AS a\nARG V\nFROM a\nENV V=$V\n",
            f"{ALSO} reaches the stage's own instructions on line 5",
        ),
        (
            "ARG V=3\nARG W=$V\nFROM alpine:$V\nARG W\nRUN echo $W\n",
            f"{ALSO} reaches the stage's own instructions on line 5",
        ),
        ("ARG V=3 W=4\nFROM alpine:$V.$W\n", "its tag is put together from several texts"),
        ("ARG V=3\nFROM alpine:$V-slim\n", "its tag is put together from several texts"),
        ("ARG V=3\nFROM alpine:${W:-3}-slim\n", "its tag is put together from several texts"),
        ("ARG S=\nFROM alpine:3$S\n", "a build argument can still add to its tag"),
        ("ARG S=\nFROM alpine$S\n", "a build argument can still add to its tag"),
        ("ARG V=v3\nFROM alpine:${V#v}\n", "its tag is computed from a variable"),
        ("ARG V=3\nARG I=alpine:$V\nFROM x/${I%%:*}:$V\n", "ARG V (line 1) is cut or replaced"),
        ("ARG V=3\nFROM x$V:$V\n", "the text that gives its tag is used twice in it"),
        (f"ARG D={DIGEST[7:]}\nFROM a@sha256:$D\n", "its digest is put together from several texts"),
    ],
)
def test_an_edit_that_would_change_more_is_refused_and_the_other_line_named(text: str, why: str) -> None:
    assert [each.reason for each in read(text) if each.reason and each.reason.startswith(why)]


def test_both_images_that_share_an_arg_are_refused() -> None:
    found = read("ARG V=3\nFROM alpine:$V\nFROM python:$V\n")
    assert [each.reason for each in found] == [
        "ARG V (line 1) also gives python:3 on line 3: give the image an ARG of its own",
        "ARG V (line 1) also gives alpine:3 on line 2: give the image an ARG of its own",
    ]


def test_defaults_that_double_with_every_line_are_refused_in_good_time() -> None:
    lines = ["ARG A0=aaaaaaaaaa", *(f"ARG A{n + 1}=$A{n}$A{n}" for n in range(60)), "FROM $A60"]
    with pytest.raises(SyntaxProblem, match="grows beyond"):
        read("\n".join(lines))


def test_a_replacement_that_takes_all_memory_is_refused() -> None:
    with pytest.raises(SyntaxProblem, match="grows beyond"):
        read(f"ARG V={'a' * 4000}\nFROM x:${{V//?/{'b' * 100_000}}}\n")


@pytest.mark.parametrize("operator", ["/", "//", "%", "%%", "#", "##"])
def test_a_pattern_of_many_stars_ends(operator: str) -> None:
    pattern = operator + "*a*b" * 2000 + ("/" if "/" in operator else "")
    (found,) = read(f"ARG V={'a' * 4000}\nFROM ${{V{pattern}}}\n")
    assert found.raw.endswith("}")


def test_substitutions_nested_without_end_are_refused() -> None:
    with pytest.raises(SyntaxProblem, match="substitutions inside each other"):
        read("FROM " + "${A:-" * 2000 + "}" * 2000)
