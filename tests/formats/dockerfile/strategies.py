"""Random Dockerfiles: well-formed ones with known images, and soups of everything that is special."""

from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import strategies as st

# One fragment a line; those that hold blanks or line ends of their own follow below.
_SIMPLE = """
FROM RUN COPY ADD ARG ENV LABEL CMD ONBUILD HEALTHCHECK VOLUME EXPOSE SHELL USER NONE AS from Run as x
alpine alpine:3.20 base scratch A=1 $A ${A} ${A:-b} ${A^^} = -- --from= --from=alpine:3 --platform=$P
--mount=from=x,target=/y # #escape=\\ << <<EOF <<-EOF <<'EOF' 3<<EOF <<~EOF EOF [ ] { } ( ) , ; && | < > $ $$
["a",1] ["a" %%X%% ' " \\ ` é ♥
"""
_WITH_BLANKS = """
# a comment
# escape=`
# syntax=d/f:1
<<"E F"
E F
["a", "b"]
--chown="a b"
{{ x }}
"""
_FRAGMENTS = [
    *_SIMPLE.split(),
    *_WITH_BLANKS.strip().split("\n"),
    "\tEOF",
    "EOF ",
    "\u00a0",
    "\u0085",
    "\u2003",
    "\ufeff",
]
_BLANKS = ["", " ", " ", "  ", "\t", "\v", "\f", "\r"]
_ENDS = ["\n", "\n", "\n", "\n\n", "\r\n", "\n#\n"]
_CONTINUED = ["\\\n", " \\\n", "\\ \t\n", "\\\r\n", "\\\\\n", "`\n"]
_SPACES = [*_BLANKS, *_ENDS, *_CONTINUED]

soups = st.lists(
    st.tuples(st.sampled_from(_FRAGMENTS), st.sampled_from(_SPACES)).map("".join), max_size=25
).map("".join)


@dataclass
class Written:
    """A Dockerfile, and the images that stand in it, in order."""

    text: str = ""
    images: list[str] = field(default_factory=list)

    @property
    def data(self) -> bytes:
        return self.text.encode("utf-8", "surrogateescape")


_IMAGES = st.sampled_from(
    [
        "alpine:3.20",
        "debian:12-slim",
        "ghcr.io/owner/app:v1.2",
        "localhost:5000/team/app:1",
        "registry.example/a/b",
        "busybox",
        "rust:alpine@sha256:" + "0123456789abcdef" * 4,
        "gcr.io/distroless/static@sha256:" + "f" * 64,
    ]
)
_NOISE = st.sampled_from(
    [
        "# FROM commented:1",
        "",
        "   ",
        "RUN echo FROM alpine:1 && echo '--from=no:1'",
        "RUN <<EOF\nFROM heredoc:1\nCOPY --from=heredoc:2 a b\nEOF",
        "RUN cat <<-'A' <<B > /x\nFROM heredoc:3\n\tA\nFROM heredoc:4\nB",
        "COPY <<EOF /etc/x\nFROM heredoc:5\nEOF",
        "RUN echo a \\\n  # FROM comment:1\n\n  && echo FROM b:1",
        'LABEL image=label:1 \\\n      other="FROM label:2"',
        'ENTRYPOINT ["FROM", "json:1"]',
        "ENV FROM=env:1",
        "RUN printf '\udce9\udcff'",
        "ARG FROM=stage-arg:1",
        "HEALTHCHECK CMD curl --from=no:2 localhost",
        "COPY --from=0 /a /b",
        "COPY --link . /src",
        "RUN --mount=type=cache,target=/c --mount=type=bind,target=/d true",
    ]
)  # fmt: skip


def _source(image: str) -> st.SearchStrategy[str]:
    return st.sampled_from(
        [
            f"COPY --from={image} /a /b",
            f"copy --chown=1:1 --from={image} /a /b",
            f'COPY --from="{image}" /a /b',
            f"COPY \\\n  # why\n  --from={image} \\\n  /a /b",
            f"RUN --mount=type=bind,from={image},target=/m true",
            f"RUN --mount=target=/m,from={image} --mount=type=cache,target=/c true",
            f"RUN --mount=type=bind,target=/m,FROM={image} <<EOF\nFROM heredoc:6\nEOF",
            f"ONBUILD COPY --from={image} /a /b",
            f"ONBUILD RUN --mount=from={image},target=/m true",
        ]
    )


def _base(image: str) -> st.SearchStrategy[str]:
    return st.sampled_from(
        [
            f"FROM {image}",
            f"from\t{image}  ",
            f"FROM --platform=linux/arm64 {image}",
            f"FROM --platform=$BUILDPLATFORM {image}",
            f'FROM "{image}"',
            f"FROM \\\n {image}",
            f"FROM ${{UNSET:-{image}}}",
            f"  FROM {image}",
        ]
    )


@st.composite
def dockerfiles(draw: Callable[[st.SearchStrategy[str]], str]) -> Written:
    """Well-formed files; everything in them that looks like an image and is none has a tag of its own."""
    written = Written()
    end = st.sampled_from(["\n", "\n", "\r\n"])
    flag = st.sampled_from(["", "yes"])

    def add(text: str) -> None:
        written.text += text + draw(end)

    if draw(flag):
        written.text += "\ufeff"
    if draw(flag):
        written.images.append("docker/dockerfile:1")
        add("# syntax=docker/dockerfile:1")
    if draw(flag):
        add("# a comment")
    args: list[str] = []
    for name in ("ONE", "TWO", "THREE"):
        if draw(flag):
            args.append(name)
            add(draw(st.sampled_from([f"ARG {name}=tag-{name}", f'ARG {name}="tag-{name}" UNUSED=x'])))
    stages: list[str] = []
    for number in range(int(draw(st.sampled_from("1123")))):
        name = f"stage-{number}"
        kind = draw(st.sampled_from(["image", "image", "stage", "scratch", "arg"]))
        if kind == "stage" and stages:
            base = "FROM " + draw(st.sampled_from(stages))
        elif kind == "scratch":
            base = "FROM scratch"
        elif kind == "arg" and args:
            arg = args.pop()
            written.images.append(f"from-arg:tag-{arg}")
            base = f"FROM from-arg:${{{arg}}}"
        else:
            image = draw(_IMAGES)
            written.images.append(image)
            base = draw(_base(image))
        if draw(flag):
            base = f"{base.rstrip()} as {name.upper()}"
            stages.append(name)
        add(base)
        for _ in range(int(draw(st.sampled_from("0123")))):
            what = draw(st.sampled_from(["noise", "noise", "image", "stage"]))
            if what == "image":
                image = draw(_IMAGES)
                written.images.append(image)
                add(draw(_source(image)))
            elif what == "stage" and stages:
                add(draw(_source(draw(st.sampled_from(stages)))))
            else:
                add(draw(_NOISE))
    if draw(flag):
        written.text = written.text.rstrip("\r\n")
    return written
