"""A pull request of several images keeps what it proposes while something newer of it has to wait."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pinbot.model.proposing import Grouping
from tests.support.github.server import GitHubServer
from tests.support.registry import RegistryServer
from tests.support.shop import Shop

pytestmark = pytest.mark.needs("docker-registry", "git")

RULES = "cooldown: 3d\nrules:\n- images: ['busybox:*']\n  cooldown: 0h\n"


@pytest.fixture
def shop(github: GitHubServer, tmp_path: Path) -> Iterator[Shop]:
    """Two pinned images; the first has a newer digest, which was proposed after its cooldown."""
    files = {"Dockerfile": "FROM alpine:3.22\nRUN true\n", "b/Dockerfile": "FROM busybox:1\n"}
    with RegistryServer() as registry:
        made = Shop(tmp_path, registry, github, files, rules=RULES, group=Grouping.ALL)
        made.push("alpine:3.22", "A1")
        made.push("busybox:1", "B1")
        made.run()
        made.repo.merge(1)
        made.push("alpine:3.22", "A2")
        made.run()
        made.wait(days=3)
        made.run()
        assert proposed(made) == "A2 B1"
        yield made
        made.pusher.close()


def proposed(shop: Shop) -> str:
    """What the one open pull request would make of both images."""
    (pull,) = shop.repo.open_pulls()
    files = shop.repo.files(pull.head)
    lines = [shop.named(files[path].decode()).partition("\n")[0] for path in ("Dockerfile", "b/Dockerfile")]
    return " ".join(line.partition("@")[2] for line in lines)


def rule(shop: Shop, rules: str) -> None:
    """Have other rules from now on."""
    text = shop.project.read("pinbot.yaml").decode()
    assert RULES in text
    shop.project.write("pinbot.yaml", text.replace(RULES, rules))


def test_what_is_proposed_stays_until_the_newer_one_is_ripe(shop: Shop) -> None:
    shop.push("alpine:3.22", "A3")
    shop.push("busybox:1", "B2")
    report = shop.run()
    assert proposed(shop) == "A2 B2"
    assert [shop.named(str(wait.update.new.digest)) for wait in report.plan.waits] == ["A3"]
    (pull,) = shop.repo.open_pulls()
    assert "first seen just now" in (pull.body or "")
    shop.github.forget_requests()
    shop.run()
    assert shop.github.writes == [], "it is as it should be"
    shop.push("busybox:1", "B3")
    shop.run()
    assert proposed(shop) == "A2 B3"
    shop.wait(days=3)
    shop.run()
    assert proposed(shop) == "A3 B3"


def test_what_the_registry_no_longer_has_is_not_carried_on(shop: Shop) -> None:
    (old,) = [digest for digest, content in shop.digests.items() if content == "A2"]
    shop.push("alpine:3.22", "A3")
    shop.push("busybox:1", "B2")
    shop.pusher.delete("library/alpine", old)
    shop.run()
    assert proposed(shop) == "A1 B2"


def test_what_is_proposed_already_moves_no_second_time_with_another_image(shop: Shop) -> None:
    rule(shop, "rules:\n- images: ['alpine:*']\n  interval: 7d\n")
    shop.wait(days=8)
    shop.push("alpine:3.22", "A3")
    shop.run()
    assert proposed(shop) == "A3 B1"
    shop.wait(days=1)
    shop.push("alpine:3.22", "A4")
    shop.run()
    shop.wait(days=1)
    shop.push("busybox:1", "B2")
    shop.run()
    shop.wait(days=4)
    shop.run()
    assert proposed(shop) == "A3 B2"
    shop.wait(days=1)
    shop.run()
    assert proposed(shop) == "A4 B2"


def test_what_waits_for_a_digest_and_for_a_tag_is_carried_on_once(shop: Shop) -> None:
    rule(shop, f"{RULES}- images: ['alpine:*']\n  tags: minor\n")
    shop.push("alpine:3.22", "A3")
    shop.push("alpine:3.23", "NEW")
    shop.push("busybox:1", "B2")
    shop.run()
    assert proposed(shop) == "A2 B2"
    (pull,) = shop.repo.open_pulls()
    assert pull.title == "Update 2 base images"


def test_nothing_goes_back_to_what_is_proposed_where_the_base_is_further(shop: Shop) -> None:
    newer = shop.push("alpine:3.22", "A3")
    shop.run()
    shop.repo.push("main", {"Dockerfile": f"FROM alpine:3.22@{newer}\nRUN true\n".encode()})
    shop.wait(days=1)
    shop.push("alpine:3.22", "A4")
    shop.push("busybox:1", "B2")
    shop.run()
    assert proposed(shop) == "A3 B2"


@pytest.mark.parametrize("hasty", ["a", "b"])
def test_what_one_file_may_take_at_once_is_not_carried_to_one_that_has_to_wait(
    github: GitHubServer, tmp_path: Path, hasty: str
) -> None:
    patient = {"a": "b", "b": "a"}[hasty]
    files = {"a/Dockerfile": "FROM alpine:3.22\n", "b/Dockerfile": "FROM alpine:3.22\n"}
    rules = f"cooldown: 3d\nrules:\n- paths: [/{hasty}/]\n  cooldown: 0h\n"

    def there(shop: Shop, folder: str) -> str:
        (pull,) = shop.repo.open_pulls()
        return shop.named(shop.repo.files(pull.head)[f"{folder}/Dockerfile"].decode()).strip()[-2:]

    with RegistryServer() as registry:
        shop = Shop(tmp_path, registry, github, files, rules=rules)
        shop.push("alpine:3.22", "A1")
        shop.run()
        shop.repo.merge(1)
        for digest in ("A2", "A3", "A4"):
            shop.wait(days=1)
            shop.push("alpine:3.22", digest)
            for _ in range(2):
                shop.run()
                assert (there(shop, hasty), there(shop, patient)) == (digest, "A1")
        shop.pusher.close()
