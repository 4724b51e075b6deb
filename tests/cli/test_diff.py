import pytest

from tests.support.images import alpine
from tests.support.oci import Pusher
from tests.support.project import Project
from tests.support.registry import RegistryServer

pytestmark = pytest.mark.needs("docker-registry", "busybox")


@pytest.fixture(scope="module", autouse=True)
def _images(hub: RegistryServer) -> None:
    pusher = Pusher(hub.base_url)
    for revision in (1, 2):
        pusher.index("library/changing", str(revision), alpine(revision))
    pusher.close()


def test_changed_packages_are_told(project: Project) -> None:
    run = project.pinbot("diff", "changing:1", "changing:2")
    assert run.code == 10
    lines = run.text.splitlines()
    assert "packages: 3 upgraded, of 5" in lines
    assert "tzdata   apk        upgraded  2025a-r0    2025b-r0" in lines
