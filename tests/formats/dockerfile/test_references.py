"""Which texts are images that BuildKit pulls, and which only look like it."""

import pytest

from pinbot.model.occurrence import Kind, Position, Status
from tests.formats.dockerfile.reading import images, read, reason

DIGEST = "sha256:" + "0123456789abcdef" * 4


def test_a_reference_says_where_it_stands_and_what_it_is() -> None:
    (found,) = read(
        "\n  FROM --platform=linux/arm64 ghcr.io/Owner/app:1 AS Build\n".replace("Owner", "owner")
    )
    assert (found.kind, found.stage, found.platform) == (Kind.FROM, "build", "linux/arm64")
    assert (found.position, found.raw) == (Position(2, 31), "ghcr.io/owner/app:1")
    assert (found.status, found.reason) == (Status.UNPINNED, None)
    assert str(found.image) == "ghcr.io/owner/app:1"


@pytest.mark.parametrize("name", ["base", "BASE", "Base"])
def test_a_stage_is_known_by_its_name_in_any_case(name: str) -> None:
    assert images(f"FROM alpine AS Base\nFROM {name}\nCOPY --from={name} a b\n") == ["alpine:latest"]


def test_a_stage_named_like_an_image_counts_only_after_it() -> None:
    assert images("FROM alpine\nFROM debian AS alpine\nFROM alpine\n") == ["alpine:latest", "debian:latest"]


def test_a_later_stage_is_still_a_stage_for_copy() -> None:
    assert images("FROM a\nCOPY --from=later x y\nFROM b AS later\n") == ["a:latest", "b:latest"]


@pytest.mark.parametrize("name", ["scratch", "SCRATCH", "Scratch"])
def test_scratch_is_no_image(name: str) -> None:
    assert images(f"FROM {name}\nCOPY --from={name} a b\nRUN --mount=from={name},target=/x true\n") == []


def test_copy_takes_from_stages_by_index_and_by_name_and_from_images() -> None:
    text = "FROM a AS stage\nFROM b\nCOPY --from=0 x y\nCOPY --from=stage x y\nCOPY --from=alpine:3 x y\n"
    found = read(text)
    assert [each.raw for each in found] == ["a", "b", "alpine:3"]
    assert found[2].kind is Kind.COPY_FROM
    assert found[2].stage is None


def test_a_mount_does_not_take_a_number_for_a_stage() -> None:
    assert images("FROM a AS s\nRUN --mount=from=0,target=/x true\n") == ["a:latest", "0:latest"]


def test_add_from_is_read_like_copy_from() -> None:
    assert images("FROM a\nADD --from=b:1 x y\n") == ["a:latest", "b:1"]


def test_every_mount_of_a_run_is_seen_in_any_order_of_keys_and_with_quotes() -> None:
    text = (
        "FROM a AS s\n"
        "RUN --mount=type=bind,from=b:1,target=/b --mount=target=/c,FROM=c:2,type=cache \\\n"
        '    --mount="type=bind,from=d:3,target=/d" --mount=type=bind,\\"from=e:4\\",target=/e \\\n'
        "    --mount=from=s,target=/s --network=none --mount=type=secret,id=x --from=f:5 true\n"
    )
    with pytest.raises(Exception, match="unknown flag: --from"):
        read(text)
    found = read(text.replace(" --from=f:5", ""))
    assert [each.raw for each in found] == ["a", "b:1", "c:2", "d:3", "e:4"]
    assert {each.kind for each in found[1:]} == {Kind.MOUNT_FROM}
    assert {each.stage for each in found} == {"s"}


def test_the_last_from_of_a_mount_counts() -> None:
    assert images("FROM a\nRUN --mount=from=b,from=c,target=/x true\n") == ["a:latest", "c:latest"]


def test_onbuild_holds_the_same() -> None:
    text = "FROM a AS s\nONBUILD COPY --from=b:1 x y\nONBUILD RUN --mount=from=c:2,target=/x true\n"
    assert images(text + "ONBUILD COPY --from=s x y\nONBUILD COPY --from=0 x y\n") == [
        "a:latest",
        "b:1",
        "c:2",
    ]


@pytest.mark.parametrize(
    "flag",
    ["COPY --from=$IMAGE a b", "COPY --from=x:${TAG} a b", "RUN --mount=from=x:$TAG,target=/x true"],
)
def test_variables_in_from_flags_are_not_expanded(flag: str) -> None:
    assert reason(f"ARG IMAGE=x TAG=1\nFROM scratch\n{flag}\n").startswith(
        "BuildKit expands no variables here"
    )


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("# syntax=docker/dockerfile:1\nFROM scratch\n", 10),
        ("#syntax = docker/dockerfile:1  \nFROM scratch\n", 11),
        ("# SYNTAX=docker/dockerfile:1 --option\nFROM scratch\n", 10),
        ("\ufeff# syntax=docker/dockerfile:1\nFROM scratch\n", 10),
        ("# syntax=docker/dockerfile:1\r\nFROM scratch\r\n", 10),
        ("// syntax=docker/dockerfile:1\nanything at all\n", 11),
        ('{"x": {"syntax": "no"}, "syntax": "docker/dockerfile:1"}', 36),
    ],
)
def test_the_syntax_directive_names_an_image(text: str, column: int) -> None:
    (found,) = read(text)
    assert (found.kind, found.raw, found.position) == (
        Kind.SYNTAX,
        "docker/dockerfile:1",
        Position(1, column),
    )
    assert found.place is not None


def test_syntax_stands_after_other_directives_and_after_a_shebang_too() -> None:
    assert images("# check=skip=all\n# escape=`\n# syntax=d/f:1\nFROM scratch\n") == ["d/f:1"]
    assert images("#!/usr/bin/env x\n# syntax=d/f:1\nFROM scratch\n") == ["d/f:1"]


@pytest.mark.parametrize("before", ["# a comment\n", "\n", "FROM scratch\n", "# unknown=1\n"])
def test_syntax_after_anything_else_is_a_comment(before: str) -> None:
    assert images(f"{before}# syntax=d/f:1\nFROM a\n") == ["a:latest"]


def test_a_frontend_with_a_language_of_its_own_hides_the_rest() -> None:
    assert images("# syntax=example/yaml-frontend:1\nsteps:\n  - image: x\n") == ["example/yaml-frontend:1"]


def test_a_frontend_of_others_may_know_more_instructions_and_flags() -> None:
    text = "# syntax=edrevo/dockerfile-plus\nINCLUDE+ Dockerfile.common\nFROM a\nCOPY --new=1 x y\n"
    assert images(text) == ["edrevo/dockerfile-plus:latest", "a:latest"]


@pytest.mark.parametrize(
    "text",
    [
        "RUN <<EOF\nFROM x\nEOF\n",
        "RUN <<-EOF\n\tFROM x\n\tEOF\n",
        "RUN <<'EOF'\nFROM x:$A\nEOF\n",
        'RUN cat <<A <<"B" >/x\nFROM x\nA\nFROM y\nB\n',
        "COPY <<EOF /x\nFROM x\nCOPY --from=y a b\nEOF\n",
        "ONBUILD RUN <<EOF\nFROM x\nEOF\n",
        "RUN <<EOF\r\nFROM x\r\nEOF\r\n",
    ],
    ids=["plain", "tabs taken away", "quoted", "two in one line", "copy", "onbuild", "crlf"],
)
def test_text_in_heredocs_is_no_instruction(text: str) -> None:
    assert images(f"FROM a\n{text}FROM b\n") == ["a:latest", "b:latest"]


@pytest.mark.parametrize(
    "text",
    ["CMD <<EOF", "RUN echo 1<2", "RUN x $((1<<3)) || echo '<<EOF'", 'RUN ["<<EOF"]', "RUN <<EOF ${A^^}"],
    ids=["instruction without heredocs", "less than", "in quotes", "json", "words that cannot be read"],
)
def test_what_looks_like_a_heredoc_and_is_none_hides_nothing(text: str) -> None:
    assert images(f"FROM a\n{text}\nFROM b\n") == ["a:latest", "b:latest"]


def test_comments_and_strings_that_look_like_images_are_none() -> None:
    text = (
        "FROM a\n# FROM c\nRUN x \\\n # FROM d\n\n  FROM e\nLABEL x='FROM f' \\\n  # COPY --from=g\n y=h:1\n"
    )
    assert images(text) == ["a:latest"]


@pytest.mark.parametrize(
    ("written", "name", "tag"),
    [
        ("alpine", "docker.io/library/alpine", None),
        ("localhost:5000/a/b", "localhost:5000/a/b", None),
        ("localhost:5000/a/b:1", "localhost:5000/a/b", "1"),
        ("example.com:443/a:b", "example.com:443/a", "b"),
    ],
)
def test_a_colon_before_a_slash_is_a_port(written: str, name: str, tag: str | None) -> None:
    (found,) = read(f"FROM {written}\n")
    assert found.image is not None
    assert (found.image.name, found.image.tag) == (name, tag)


def test_an_image_named_only_by_digest_is_pinned_without_a_tag() -> None:
    (found,) = read(f"FROM alpine@{DIGEST}\n")
    assert found.status is Status.PINNED
    assert found.image is not None
    assert (found.image.tag, str(found.image.digest)) == (None, DIGEST)


def test_a_digest_that_is_there_is_covered_by_the_place() -> None:
    text = f"FROM alpine:3.20@{DIGEST} AS x\n"
    (found,) = read(text)
    assert found.place is not None
    assert found.place.digest.of(text.encode()).decode() == f"@{DIGEST}"
    assert found.place.span == found.span


@pytest.mark.parametrize("digest", ["sha256:abc", DIGEST.upper(), DIGEST[:-1] + "F", "md5:" + "0" * 32, ""])
def test_a_digest_that_is_none_is_told(digest: str) -> None:
    assert "digest" in reason(f"FROM alpine:3.20@{digest}\n")


def test_the_digest_must_stand_there_in_one_piece() -> None:
    assert "broken by quotes" in reason(f"FROM alpine@{DIGEST[:20]}\\\n{DIGEST[20:]}\n")


@pytest.mark.parametrize(
    "text", ["FROM {{ .Image }}", "FROM alpine:{{version}}", "FROM alpine:%%TAG%%", "{{ if }}\nFROM a"]
)
def test_templates_are_told_and_left_alone_as_a_whole(text: str) -> None:
    found = read(f"FROM debian:12\n{text}\n")
    assert len(found) == 2
    assert all(each.status is Status.SKIPPED and each.place is None for each in found)
    assert all(each.reason is not None and "template" in each.reason for each in found)


def test_a_part_of_a_template_without_from_has_no_references() -> None:
    assert read("{{ if .x }}\nRUN true\n{{ end }}\n") == ()


def test_braces_in_a_command_make_no_template() -> None:
    assert [each.status for each in read("FROM a\nRUN docker inspect -f '{{ .Id }}' x\n")] == [
        Status.UNPINNED
    ]


@pytest.mark.parametrize(
    "text",
    [
        "# pinbot: ignore\nFROM a\n",
        "# built by hand, see the wiki. pinbot: ignore\nFROM a\n",
        "# pinbot: ignore\n# another line\nFROM a\n",
        "# pinbot: ignore\r\nFROM \\\r\n  a\r\n",
        "FROM \\\n# pinbot: ignore\n a\n",
        "# pinbot: ignore\nARG T=1\nFROM a:$T\n",
    ],
)
def test_an_ignore_comment_above_skips_a_reference(text: str) -> None:
    line = text.splitlines().index(next(each for each in text.splitlines() if "ignore" in each)) + 1
    assert reason(text) == f"ignored by the comment on line {line}"


def test_an_ignore_comment_holds_for_the_next_instruction_only() -> None:
    found = read(
        "# pinbot: ignore\nFROM a\nFROM b\n\n# pinbot: ignore\n\nFROM c\nRUN echo 'pinbot: ignore'\nFROM d\n"
    )
    assert [each.status is Status.SKIPPED for each in found] == [True, False, False, False]


def test_a_whole_file_is_ignored_by_a_comment_in_its_first_lines() -> None:
    found = read("# syntax=docker/dockerfile:1\n\n# pinbot: ignore-file\nFROM a\nFROM b\n")
    assert {each.reason for each in found} == {"the file is ignored by the comment on line 3"}
    assert {each.status for each in read("FROM a\n# pinbot: ignore-file\nFROM b\n")} == {Status.UNPINNED}
