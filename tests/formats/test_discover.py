import pytest

from pinbot.errors import SourceError
from pinbot.formats.discover import DOCKERFILE, format_of
from pinbot.model.occurrence import SourceFile


@pytest.mark.parametrize(
    "path",
    [
        "Dockerfile",
        "a/b/Dockerfile",
        "dockerfile",
        "DOCKERFILE",
        "Dockerfile.dev",
        "Dockerfile.go",
        "Dockerfile-alpine",
        "Dockerfile_test",
        "Dockerfile.alpine-3.20",
        "app.Dockerfile",
        "app.dockerfile",
        "Containerfile",
        "containerfile.dev",
        "Containerfile-x",
        "Dockerfile.template",
        "Dockerfile.j2",
        "new\nline.Dockerfile",
        "Dockerfile.new\nline",
    ],
)
def test_dockerfiles_are_known_by_their_names(path: str) -> None:
    assert format_of(path) is DOCKERFILE


@pytest.mark.parametrize(
    "path",
    [
        "Dockerfile.dockerignore",
        "Dockerfile.md",
        "Dockerfile.bak",
        "Dockerfile~",
        "Dockerfile.orig",
        "Dockerfile/main.go",
        "dockerfile.go",
        "dockerfile_args_test.go",
        "dockerfile.vim",
        "dockerfile-parser.ts",
        "dockerfile-\n.ts",
        "Dockerfiles",
        "MyDockerfile",
        "compose.yaml",
        "",
    ],
)
def test_other_files_are_left_alone(path: str) -> None:
    assert format_of(path) is None


def test_a_binary_file_is_an_error_with_its_place() -> None:
    with pytest.raises(SourceError, match="NUL byte") as caught:
        DOCKERFILE.references(SourceFile(path="x", data=b"FROM a\n\x7fELF\0\n"))
    assert (caught.value.file, caught.value.line) == ("x", 2)
    assert caught.value.hint


def test_utf_16_is_told_from_a_dockerfile() -> None:
    with pytest.raises(SourceError, match="NUL byte"):
        DOCKERFILE.references(SourceFile(path="x", data="FROM a\n".encode("utf-16")))
