"""I4's remedy, by what real builders make of WORKDIR."""

from pinbot.config import Driver
from pinbot.model.build import BuiltImage
from pinbot.model.finding import Finding
from tests.build.conftest import Bench
from tests.build.inspecting import inspected

LAST = "FROM scratch\nCOPY hello /hello\nWORKDIR /work\nUSER 10001:10001\n"
AFTER_USER = "FROM scratch\nUSER 10001:10001\nWORKDIR /work\nCOPY hello /hello\n"
MENDED = "FROM scratch\nWORKDIR /work\nCOPY hello /hello\nUSER 10001:10001\n"


def told(bench: Bench, dockerfile: str) -> list[Finding]:
    (bench.tree / "hello").write_text("hello")
    image = bench.build(dockerfile)
    assert isinstance(image, BuiltImage), bench.log
    return [finding for finding in inspected(bench).audit.findings if finding.rule == "I4"]


def test_a_folder_is_made_and_is_roots_where_the_remedy_is_followed(bench: Bench) -> None:
    assert told(bench, MENDED) == []


def test_docker_alone_makes_the_folder_of_a_last_workdir(bench: Bench) -> None:
    found = told(bench, LAST)
    if bench.driver is Driver.DOCKER:
        assert found == []
    else:
        (missing,) = found
        assert missing.message.startswith("'/work' is not in the image")
        assert missing.remedy == (
            "write WORKDIR before a COPY or RUN of the last stage, "
            "without which buildah and podman may make no folder"
        )


def test_after_user_the_folder_is_not_roots(bench: Bench) -> None:
    (writable,) = told(bench, AFTER_USER)
    assert writable.message == "'/work' (mode 0755, owner 10001:10001) can be written by uid 10001"
    assert "write WORKDIR before USER" in writable.remedy
