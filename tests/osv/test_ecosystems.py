import pytest

from pinbot.model.image import Distribution, Ecosystem, Package
from pinbot.osv.ecosystems import Query, of_distribution, queries, why_not

APK, DPKG, RPM, GO, CARGO = Ecosystem.APK, Ecosystem.DPKG, Ecosystem.RPM, Ecosystem.GO, Ecosystem.CARGO


@pytest.mark.parametrize(
    ("system", "version", "ecosystem"),
    [
        ("alpine", "3.20.3", "Alpine:v3.20"),
        ("alpine", "3.20", "Alpine:v3.20"),
        ("alpine", "3.21.0_alpha20240923", None),
        ("debian", "12", "Debian:12"),
        ("debian", "", None),
        ("ubuntu", "24.04", "Ubuntu:24.04:LTS"),
        ("ubuntu", "24.10", "Ubuntu:24.10"),
        ("ubuntu", "23.04", "Ubuntu:23.04"),
        ("ubuntu", "22", None),
        ("rocky", "9.4", "Rocky Linux:9"),
        ("almalinux", "9.4", "AlmaLinux:9"),
        ("azurelinux", "3.0", "Azure Linux:3"),
        ("wolfi", "20230201", "Wolfi"),
        ("fedora", "40", None),
        ("rhel", "9.4", None),
        ("linux", "", None),
    ],
)
def test_a_release_has_the_name_that_osv_gives_it(system: str, version: str, ecosystem: str | None) -> None:
    assert of_distribution(Distribution(id=system, version=version)) == ecosystem


def test_an_image_that_names_no_distribution_has_none() -> None:
    assert of_distribution(None) is None


def package(ecosystem: Ecosystem, name: str, version: str, **more: str) -> Package:
    return Package(ecosystem=ecosystem, name=name, version=version, **more)


@pytest.mark.parametrize(
    ("package", "system", "asked"),
    [
        (package(APK, "libssl3", "3.3.1-r0", source="openssl"), "alpine", ["Alpine:v3 openssl 3.3.1-r0"]),
        (package(APK, "busybox", "1.36.1-r29"), "alpine", ["Alpine:v3 busybox 1.36.1-r29"]),
        (
            package(APK, "libssl3", "3.3.1-r0", source="openssl"),
            "wolfi",
            ["Wolfi libssl3 3.3.1-r0", "Wolfi openssl 3.3.1-r0"],
        ),
        (
            package(DPKG, "bash", "5.2.15-2+b7", source="bash", source_version="5.2.15-2"),
            "debian",
            ["Debian:3 bash 5.2.15-2"],
        ),
        (package(DPKG, "libc6", "2.36-9", source="glibc"), "debian", ["Debian:3 glibc 2.36-9"]),
        (
            package(RPM, "openssl-libs", "1:3.0.7-27.el9", source="openssl"),
            "rocky",
            ["Rocky Linux:3 openssl-libs 1:3.0.7-27.el9", "Rocky Linux:3 openssl 1:3.0.7-27.el9"],
        ),
        (
            package(RPM, "python3-libs", "3.9-1", source="python3.9", source_version="3.9.18-1"),
            "rocky",
            ["Rocky Linux:3 python3-libs 3.9-1"],
        ),
        (package(GO, "golang.org/x/net", "v0.17.0"), None, ["Go golang.org/x/net 0.17.0"]),
        (package(GO, "a.io/b", "v2.0.0+incompatible"), None, ["Go a.io/b 2.0.0+incompatible"]),
        (package(GO, "stdlib", "go1.22.3"), None, ["Go stdlib 1.22.3"]),
        (package(GO, "a.io/b", "(devel)"), None, []),
        (package(CARGO, "tokio", "1.38.0"), "alpine", ["crates.io tokio 1.38.0"]),
        (package(CARGO, "tokio", "1.38.0", source="git"), None, []),
        (package(RPM, "bash", "5.2-1"), "fedora", []),
        (package(DPKG, "bash", "5.2-1"), None, []),
    ],
)
def test_a_package_is_asked_for_by_the_name_that_advisories_use(
    package: Package, system: str | None, asked: list[str]
) -> None:
    distribution = Distribution(id=system, version="3.0" if system == "alpine" else "3") if system else None
    expected = [line.replace("v3 ", "v3.0 ").rsplit(" ", 2) for line in asked]
    assert queries(package, distribution) == tuple(
        Query(ecosystem=ecosystem, name=name, version=version) for ecosystem, name, version in expected
    )


def test_what_cannot_be_asked_about_is_said_unless_it_is_the_program_itself() -> None:
    fedora = Distribution(id="fedora", version="40")
    assert why_not(package(RPM, "bash", "5.2-1"), fedora) == (
        "packages of rpm, since OSV has no advisories for fedora 40"
    )
    assert why_not(package(DPKG, "bash", "5"), None) == (
        "packages of dpkg, since it is not known of which distribution they are"
    )
    assert why_not(package(CARGO, "a", "1.0.0", source="git"), None) == "crates that are not from crates.io"
    assert why_not(package(GO, "a", "(devel)"), None) == "Go modules without a version"
    assert why_not(Package(ecosystem=GO, name="a", version="(devel)", root=True), None) is None
