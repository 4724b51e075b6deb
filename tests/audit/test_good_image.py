"""An image that keeps every rule, under both profiles."""

import pytest

from pinbot.audit import catalog
from pinbot.audit.audit import examine
from pinbot.audit.image import profile
from pinbot.model.finding import Profile
from tests.audit.images import ANY, SCRATCH, file, files, folder, image


@pytest.mark.parametrize("kind", [SCRATCH, ANY])
def test_a_good_image_breaks_no_rule(kind: Profile) -> None:
    audit = examine(catalog.IMAGE, image(profile=kind), name="app", profile=kind)
    assert (audit.findings, audit.unchecked) == ((), ())
    assert [entry.rule for entry in audit.inapplicable] == ([] if kind is SCRATCH else ["I5", "I12"])


@pytest.mark.parametrize("path", ["bin/sh", "usr/bin/bash", "bin/busybox", "var/lib/dpkg/status.d/base"])
def test_an_image_with_a_shell_or_a_package_database_is_any_image(path: str) -> None:
    assert profile.detect(image().files) is SCRATCH
    there = files([file(path, mode=0o755)])
    assert profile.detect(there) is ANY
    assert profile.detect(there, from_scratch=True) is SCRATCH


def test_a_folder_by_the_name_of_a_shell_is_none() -> None:
    assert profile.detect(files([folder("bin/sh"), file("etc/bash")])) is SCRATCH
