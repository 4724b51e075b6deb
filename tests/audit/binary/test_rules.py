"""The binary rules over images with real programs: what each finds, and what is left in peace."""

import pytest

from pinbot.audit import catalog
from pinbot.audit.audit import examine, join
from pinbot.audit.binary.subject import subjects
from pinbot.audit.image.subject import ImageSubject
from pinbot.image import elf
from pinbot.image.files import Files
from pinbot.model.finding import Audit, Profile, Severity
from pinbot.model.image import Entry, EntryKind, ImageConfig
from pinbot.model.manifest import OCI_MANIFEST, Descriptor, Manifest
from pinbot.model.reference import Digest
from tests.support.toolchain import compiled, specimen

GCC = pytest.mark.needs("gcc")
SPECIMENS = pytest.mark.needs("specimens")
BARE = "void _start(void) { for (;;) ; }"


def image(
    files: dict[str, bytes | None],
    *,
    profile: Profile = Profile.SCRATCH,
    config: ImageConfig | None = None,
) -> ImageSubject:
    """An image whose files can all be executed; None stands for content that was not kept."""
    config_blob = Descriptor(media_type="", digest=Digest("sha256", "0" * 64), size=2)
    entries = {
        path: Entry(path=path, kind=EntryKind.FILE, mode=0o555, size=len(content or b"?"))
        for path, content in files.items()
    }
    folders = {folder for path in files for folder in parents(path)}
    return ImageSubject(
        manifest=Manifest(media_type=OCI_MANIFEST, config=config_blob, layers=()),
        config=config or ImageConfig(entrypoint=("/app/app",)),
        files=Files(
            entries
            | {folder: Entry(path=folder, kind=EntryKind.DIRECTORY, mode=0o755) for folder in folders},
            {path: content for path, content in files.items() if content is not None},
        ),
        profile=profile,
    )


def parents(path: str) -> list[str]:
    words = path.split("/")
    return ["/".join(words[:count]) for count in range(1, len(words))]


def audit(of: ImageSubject) -> Audit:
    parts = (examine(catalog.BINARY, subject, name="app", profile=of.profile) for subject in subjects(of))
    return join(parts, name="app", profile=of.profile)


def of_program(content: bytes, *, profile: Profile = Profile.SCRATCH) -> Audit:
    return audit(image({"app/app": content}, profile=profile))


def found(audit: Audit) -> dict[str, str]:
    return {finding.rule: finding.message for finding in audit.findings}


@SPECIMENS
@pytest.mark.parametrize(("name", "broken"), [("ruff", ["B11"]), ("uv", []), ("uvx", ["B8"])])
def test_a_static_musl_program_as_others_ship_it(name: str, broken: list[str]) -> None:
    result = of_program(specimen(name))
    assert list(found(result)) == broken
    assert result.passed
    assert set(result.kept) == {"B1", "B2", "B3", "B4", "B5", "B6", "B8", "B11", "B12"} - set(broken)
    assert [entry.rule for entry in result.inapplicable] == ["B7"]


@SPECIMENS
def test_the_same_holds_wherever_the_program_lies_and_each_finding_names_it() -> None:
    result = audit(image({"app/app": specimen("ruff"), "app/tool": specimen("uvx")}))
    assert [(finding.rule, finding.path) for finding in result.findings] == [
        ("B8", "app/tool"),
        ("B11", "app/app"),
    ]


@SPECIMENS
def test_a_list_of_crates_that_cannot_be_read_is_unchecked() -> None:
    whole = specimen("uvx")
    packed = elf.section(whole, ".dep-v0", limit=100_000)
    assert packed is not None
    result = of_program(whole.replace(packed, b"?" * len(packed)))
    (entry,) = result.unchecked
    assert entry.rule == "B11"
    assert entry.reason.startswith("the list of crates in app/app cannot be read")


@GCC
def test_a_dynamic_program_on_scratch_is_an_error_and_will_not_start() -> None:
    result = of_program(compiled("-s", "-pie", "-Wl,-z,now"))
    assert found(result) == {
        "B1": "it is not static, but needs /lib64/ld-linux-x86-64.so.2, libc.so.6",
        "B7": "its loader /lib64/ld-linux-x86-64.so.2 is not in the image, so that it does not start: "
        "no such file or directory",
    }
    assert not result.passed


@GCC
def test_a_dynamic_program_is_at_home_where_its_loader_and_libraries_are() -> None:
    program = compiled("-s", "-pie", "-Wl,-z,now")
    loader = "lib64/ld-linux-x86-64.so.2"
    library = "usr/lib/x86_64-linux-gnu/libc.so.6"
    complete = {"app/app": program, loader: b"loader", library: b"library"}
    assert not found(audit(image(complete, profile=Profile.ANY)))
    del complete[library]
    result = audit(image(complete, profile=Profile.ANY))
    assert found(result) == {"B7": "the library libc.so.6 that it needs is not in the image"}


@GCC
def test_musls_loader_needs_no_files_for_what_it_brings_itself() -> None:
    program = compiled(
        *("-s", "-pie", "-nostdlib", "-Wl,--no-as-needed", "-lm", "-Wl,-z,now"),
        "-Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1",
        source=BARE,
    )
    here = image({"app/app": program, "lib/ld-musl-x86_64.so.1": b"loader"}, profile=Profile.ANY)
    assert not found(audit(here))


@GCC
def test_a_static_program_with_glibc_is_warned_of_on_scratch_alone() -> None:
    program = compiled("-s", "-static-pie", "-Wl,-z,now")
    assert found(of_program(program)) == {"B6": "glibc is linked into it statically"}
    assert not found(of_program(program, profile=Profile.ANY))


@GCC
@pytest.mark.parametrize(
    ("flags", "rule", "message"),
    [
        (("-static",), "B2", "not position-independent"),
        (("-static-pie", "-Wl,-z,lazy"), "B3", "RELRO is partial"),
        (("-static-pie", "-Wl,-z,norelro"), "B3", "no RELRO"),
        (("-static-pie", "-Wl,-z,execstack"), "B4", "its stack is executable"),
    ],
)
def test_what_the_linker_was_told_shows(flags: tuple[str, ...], rule: str, message: str) -> None:
    assert message in found(of_program(compiled(*flags)))[rule]


@GCC
def test_code_that_can_be_overwritten_is_an_error() -> None:
    result = of_program(compiled("-static", "-nostdlib", "-Wl,--omagic", source=BARE))
    (finding,) = (finding for finding in result.findings if finding.rule == "B4")
    assert finding.message == "it has a segment that is both writable and executable"
    assert finding.severity is Severity.ERROR


@GCC
def test_a_program_that_is_not_stripped_is_told_what_that_costs() -> None:
    message = found(of_program(compiled("-g", "-static-pie")))["B5"]
    assert message.startswith("it is not stripped: symbols and debugging information are 0.")
    assert "B5" not in found(of_program(compiled("-s", "-static-pie")))


@GCC
def test_a_program_that_hides_its_compiler_is_noted() -> None:
    program = compiled("-s", "-static-pie", "-Wl,-z,now", "-fno-ident", "-nostdlib", source=BARE)
    assert found(of_program(program)) == {"B12": "it does not tell which compiler made it"}


@GCC
def test_for_a_library_none_but_the_rules_about_its_making_and_its_needs_apply() -> None:
    library = compiled("-shared", "-fPIC", "-nostdlib", source="int answer(void) { return 42; }")
    result = of_program(library)
    assert not result.findings
    assert {entry.rule for entry in result.inapplicable} >= {"B1", "B2", "B3", "B4", "B5"}


def test_what_cannot_be_looked_into_is_unchecked() -> None:
    result = audit(image({"app/app": None, "app/broken": b"\x7fELF and no more"}))
    assert {entry.rule for entry in result.unchecked} >= {"B1", "B7", "B12"}
    assert {entry.reason for entry in result.unchecked} == {
        "'/app/app' cannot be looked into: it is too large",
        "the binary cannot be read: Invalid EI_CLASS b' '",
    }
    assert not result.kept


@GCC
def test_on_scratch_each_file_that_can_be_executed_is_looked_at_and_elsewhere_what_is_started() -> None:
    program = compiled("-s")
    files = {"app/app": program, "usr/bin/other": program, "etc/script": b"#!/bin/sh\n"}
    assert [one.path for one in subjects(image(dict(files)))] == ["app/app", "usr/bin/other"]
    assert [one.path for one in subjects(image(dict(files), profile=Profile.ANY))] == ["app/app"]


@GCC
@pytest.mark.parametrize(
    "config",
    [
        ImageConfig(entrypoint=("app",), env=(("PATH", "/bin:/app"),)),
        ImageConfig(cmd=("other", "app"), env=(("PATH", "/usr/bin"),)),
        ImageConfig(cmd=("other",)),
        ImageConfig(entrypoint=("./app",), working_dir="/app"),
        ImageConfig(entrypoint=("app/app",), working_dir="/"),
        ImageConfig(entrypoint=("app/app",)),
    ],
)
def test_what_is_started_is_found_as_runtimes_find_it(config: ImageConfig) -> None:
    program = compiled("-s")
    files: dict[str, bytes | None] = {"app/app": program, "usr/bin/other": program}
    (subject,) = subjects(image(files, profile=Profile.ANY, config=config))
    assert subject.path == ("usr/bin/other" if "other" in config.command else "app/app")


def test_an_image_that_starts_nothing_or_no_binary_has_no_subject() -> None:
    files: dict[str, bytes | None] = {"app/app": b"#!/bin/sh\n"}
    assert not subjects(image(files))
    assert not subjects(image(files, profile=Profile.ANY, config=ImageConfig()))
    assert not subjects(image(files, profile=Profile.ANY, config=ImageConfig(cmd=("gone",))))
