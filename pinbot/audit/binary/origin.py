"""Binary rules about what a program tells of its making: B11 and B12."""

from collections.abc import Iterator

from pinbot.audit.binary.subject import BinarySubject
from pinbot.audit.check import Check, DoesNotApply, Problem, Remark
from pinbot.model.finding import Profile, Rule, Severity
from pinbot.model.image import Ecosystem


def _crates(subject: BinarySubject) -> Iterator[Remark]:
    if not subject.binary.rustc:
        yield DoesNotApply("it names no Rust compiler")
    elif not any(package.ecosystem is Ecosystem.CARGO for package in subject.packages):
        yield Problem(message="it does not tell which crates it was made of", path=subject.path)


def _makers(subject: BinarySubject) -> Iterator[Remark]:
    binary = subject.binary
    if binary.go:
        yield DoesNotApply("Go's linker made it")
    elif not binary.comments:
        yield Problem(message="it does not tell which compiler made it", path=subject.path)


CHECKS: tuple[Check[BinarySubject], ...] = (
    Check(
        rule=Rule(
            id="B11",
            title="the binary does not tell its crates",
            severity=Severity.NOTE,
            why="Scanners find nothing in a static binary and report it as clean. A list of crates, some "
            "hundred bytes, lets them warn, and lets an update of the image tell which crates changed.",
            remedy="build with cargo auditable, which writes the list into the binary",
            source="https://github.com/rust-secure-code/cargo-auditable",
            wrong="RUN cargo build --release",
            right="RUN cargo auditable build --release",
        ),
        look=_crates,
    ),
    Check(
        rule=Rule(
            id="B12",
            title="the binary does not tell its compiler",
            severity=Severity.NOTE,
            why="Compilers and linkers sign their work in .comment, some dozen bytes. Without them nobody "
            "can tell from the image whether an update of the toolchain has reached it.",
            remedy="strip with strip = true or strip --strip-all, which keep .comment",
            source="https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/specialsections.html",
            wrong="RUN strip --remove-section=.comment target/release/app",
            right="RUN strip --strip-all target/release/app",
            profiles=frozenset({Profile.SCRATCH}),
        ),
        look=_makers,
    ),
)
