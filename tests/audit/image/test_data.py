"""I8, I9 and I10: certificates, time zones, tables."""

import warnings
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import certifi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from pinbot.audit.image import certificates
from tests.audit.images import (
    ANY,
    BUNDLE,
    ERROR,
    NOTE,
    NOW,
    SCRATCH,
    WARNING,
    ZURICH,
    Told,
    file,
    files,
    image,
    link,
    look,
    told,
    zone,
)

PATH = BUNDLE.name
ZONES = "usr/share/zoneinfo"
BARE = image(env=())


@cache
def certificate(name: str, *, expires: datetime = NOW + timedelta(days=1)) -> str:
    """A root certificate in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(
        issuer_name=subject,
        subject_name=subject,
        public_key=key.public_key(),
        serial_number=1,
        not_valid_before=datetime(2000, 1, 1, tzinfo=UTC),
        not_valid_after=expires,
    )
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


EXPIRED = NOW - timedelta(days=400)
BROKEN = "-----BEGIN CERTIFICATE-----\nMIIBbroken\n-----END CERTIFICATE-----\n"
MANY = "".join(certificate(f"Root {number}") for number in range(40))


def bundle(text: str, path: str = PATH) -> list[Told]:
    return told("I8", image(file(path, text), without=(PATH,)))


def test_a_bundle_as_distributions_ship_it_is_right() -> None:
    assert told("I8", image()) == []
    assert bundle(MANY) == []
    assert bundle("# Root 1\n\n" + MANY.replace("\n", "\r\n"), "etc/ssl/cert.pem") == []


def test_without_a_bundle_scratch_is_warned_and_others_have_other_means() -> None:
    message = "there is no bundle of CA certificates, so no https server can be verified"
    assert told("I8", image(without=(PATH,))) == [(WARNING, None, message)]
    (entry,) = look("I8", image(without=(PATH,), profile=ANY)).inapplicable
    assert entry.reason == "the image has no bundle of CA certificates"


@pytest.mark.parametrize("text", ["", "no certificate", MANY.replace("CERTIFICATE", "CRL")])
def test_a_bundle_without_certificates_is_an_error(text: str) -> None:
    assert bundle(text) == [(ERROR, PATH, f"'/{PATH}' holds no certificate")]


def test_a_broken_certificate_is_an_error_and_hides_no_other() -> None:
    line = MANY.count("\n") + 1
    assert bundle(MANY + BROKEN) == [
        (ERROR, PATH, f"'/{PATH}' has 1 broken certificate, from line {line} on")
    ]
    assert bundle(BROKEN * 2) == [(ERROR, PATH, f"'/{PATH}' has 2 broken certificates, from line 1 on")]


def test_a_bundle_that_was_cut_short_is_broken() -> None:
    assert bundle(MANY + certificate("last")[:200]) == [
        (ERROR, PATH, f"'/{PATH}' has 1 broken certificate, from line {MANY.count(chr(10)) + 1} on")
    ]


def test_certificates_that_have_expired_are_noted_by_name() -> None:
    old = certificate("Old Root", expires=EXPIRED)
    message = f"'/{PATH}' holds certificates that have expired: 'CN=Old Root'"
    assert bundle(MANY + old) == [(NOTE, PATH, message)]
    others = "".join(certificate(f"Older {number}", expires=EXPIRED) for number in range(4))
    message += ", 'CN=Older 0', 'CN=Older 1' and 2 more"
    assert bundle(MANY + old + others) == [(NOTE, PATH, message)]


def test_a_bundle_in_which_all_have_expired_is_an_error() -> None:
    old = "".join(certificate(f"Old {number}", expires=EXPIRED) for number in range(40))
    assert bundle(old) == [(ERROR, PATH, f"all certificates in '/{PATH}' have expired")]


def test_a_small_bundle_is_noted() -> None:
    assert bundle(certificate("Root 0")) == [(NOTE, PATH, f"'/{PATH}' holds only 1 certificate")]


def test_a_bundle_by_several_names_is_read_once_and_a_link_to_nothing_is_an_error() -> None:
    assert told("I8", image(link("etc/ssl/cert.pem", "certs/ca-certificates.crt"))) == []
    gone = image(link("etc/ssl/cert.pem", "certs/gone"))
    assert told("I8", gone) == [
        (ERROR, "etc/ssl/cert.pem", "'/etc/ssl/cert.pem' is a link to what is not in the image")
    ]


def test_the_bundle_that_a_variable_names_counts() -> None:
    env = (("SSL_CERT_FILE", "/ca.pem"),)
    message = "SSL_CERT_FILE is '/ca.pem', which is not in the image"
    assert told("I8", image(env=env)) == [(ERROR, None, message)]
    assert told("I8", image(file("ca.pem", MANY), env=env, without=(PATH,))) == []


def test_the_bundle_of_mozilla_is_read_whole() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read = certificates.read(certifi.contents().encode())
    assert read.broken == ()
    assert len(read.certificates) == certifi.contents().count("BEGIN CERTIFICATE")


@given(
    st.lists(
        st.sampled_from([certificate("a").encode(), BROKEN.encode(), b"-----BEGIN CERTIFICATE-----", b"\n\0"])
    ),
    st.binary(),
)
def test_any_bundle_is_read(parts: list[bytes], tail: bytes) -> None:
    data = b"\n".join(parts) + tail
    read = certificates.read(data)
    assert len(read.certificates) + len(read.broken) == data.count(b"-----BEGIN CERTIFICATE-----")


def test_time_zones_that_are_whole_are_right() -> None:
    assert told("I9", image()) == []
    assert told("I9", image(link("etc/localtime", f"/{ZURICH}"))) == []


@pytest.mark.parametrize(
    "data", [b"", b"TZif", b"text", zone("Europe/Zurich")[:200], b"TZif2" + b"\xff" * 60]
)
def test_a_file_that_is_no_time_zone_is_an_error(data: bytes) -> None:
    assert told("I9", image(file(ZURICH, data))) == [(ERROR, ZURICH, f"'/{ZURICH}' is no time zone file")]
    local = told("I9", image(file("etc/localtime", data)))
    assert local == [(ERROR, "etc/localtime", "'/etc/localtime' is no time zone file")]


def test_a_link_whose_zone_was_not_copied_is_an_error() -> None:
    at = image(link("etc/localtime", "/usr/share/zoneinfo/Asia/Tokyo"))
    message = "'/etc/localtime' is a link to what is not in the image"
    assert told("I9", at) == [(ERROR, "etc/localtime", message)]


def test_many_broken_zones_are_told_of_in_a_few_places() -> None:
    many = [file(f"{ZONES}/Area/{number}", "text") for number in range(50)]
    message = f"'/{ZONES}/Area/0' is no time zone file; so it is with 49 more below '/{ZONES}/Area'"
    assert told("I9", image(*many)) == [(ERROR, f"{ZONES}/Area", message)]


@pytest.mark.parametrize(
    ("zone", "fine"),
    [
        ("Europe/Zurich", True),
        (":Europe/Zurich", True),
        ("UTC", True),
        ("Zulu", True),
        ("CET-1CEST,M3.5.0,M10.5.0/3", True),
        ("Asia/Tokyo", False),
        ("Japan", False),
        ("/usr/share/zoneinfo/Europe/Zurich", True),
        ("/gone", False),
    ],
)
def test_the_zone_that_tz_names_must_be_there(zone: str, fine: bool) -> None:  # noqa: FBT001
    message = f"TZ is {zone!r}, which is not in '/usr/share/zoneinfo' of the image"
    assert told("I9", image(env=(("TZ", zone),))) == ([] if fine else [(ERROR, None, message)])


def test_zones_elsewhere_are_found_by_tzdir() -> None:
    env = (("TZ", "Here"), ("TZDIR", "/zones"))
    assert told("I9", image(file("zones/Here", zone("UTC")), env=env)) == []
    assert told("I9", image(file("zones/Here", "text"), env=env)) == [
        (ERROR, "zones/Here", "'/zones/Here' is no time zone file")
    ]


def test_an_image_without_zones_that_asks_for_none_has_nothing_to_say() -> None:
    (entry,) = look("I9", image(without=(ZONES,), env=())).inapplicable
    assert entry.reason == "the image has no time zones"


@given(st.binary(max_size=300), st.integers(0, 400))
def test_any_file_is_a_time_zone_or_not(tail: bytes, cut: int) -> None:
    for data in (b"TZif" + tail, zone("Europe/Zurich")[:cut] + tail):
        assert len(told("I9", replace(BARE, files=files([file("etc/localtime", data)])))) <= 1


@pytest.mark.parametrize("path", ["etc/nsswitch.conf", "etc/mime.types"])
@pytest.mark.parametrize("text", ["", "\n \n", "# nothing\n"])
def test_a_table_that_says_nothing_is_a_warning(path: str, text: str) -> None:
    assert told("I10", image(file(path, text))) == [(WARNING, path, f"'/{path}' says nothing")]


def test_tables_that_say_something_are_right() -> None:
    assert told("I10", image()) == []
    (entry,) = look("I10", image(without=("etc/nsswitch.conf", "etc/mime.types"))).inapplicable
    assert entry.reason == "the image has neither '/etc/nsswitch.conf' nor '/etc/mime.types'"


def test_an_nsswitch_conf_without_hosts_is_noted() -> None:
    message = "'/etc/nsswitch.conf' does not say where hosts are looked up"
    assert told("I10", image(file("etc/nsswitch.conf", "passwd: files # hosts: dns\n"))) == [
        (NOTE, "etc/nsswitch.conf", message)
    ]


@pytest.mark.parametrize("rule", ["I8", "I9", "I10"])
def test_a_file_whose_content_was_not_kept_is_unchecked(rule: str) -> None:
    at = image(file(PATH, b"x" * 2**21), file(ZURICH, b"x" * 2**21), file("etc/mime.types", b"x" * 2**21))
    assert len(look(rule, at).unchecked) == 1
    assert at.profile is SCRATCH
