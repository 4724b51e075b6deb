"""I12, I13 and I15: how large, how much for nothing, and whether it is what it says."""

from dataclasses import replace

import pytest

from pinbot.image.files import Files
from tests.audit.images import ANY, ERROR, NOTE, WARNING, file, image, look, told
from tests.support.oci import Entry

MB = 1_000_000


def test_an_image_within_its_budget_is_right() -> None:
    assert told("I12", image(sizes=(5 * MB, 10 * MB))) == []
    assert told("I12", image(sizes=(20 * MB,), max_size=20 * MB)) == []


def test_the_compressed_layers_count_together_against_the_budget() -> None:
    message = "the layers have 15.50 MB compressed, 3.50 MB more than the 12.00 MB allowed"
    assert told("I12", image(sizes=(5 * MB, 10_500_000), max_size=12 * MB)) == [(ERROR, None, message)]


def test_the_budget_that_nobody_set_is_only_worth_a_warning() -> None:
    message = "the layers have 15.01 MB compressed, 0.01 MB more than the 15.00 MB allowed"
    assert told("I12", image(sizes=(15_010_000,))) == [(WARNING, None, message)]


def test_for_any_image_there_is_a_budget_only_if_somebody_sets_one() -> None:
    (entry,) = look("I12", image(sizes=(900 * MB,), profile=ANY)).inapplicable
    assert entry.reason == "there is no max_size"
    assert len(told("I12", image(sizes=(900 * MB,), profile=ANY, max_size=800 * MB))) == 1


LARGE = b"x" * 150_000


def test_a_file_that_a_layer_brings_again_is_there_twice() -> None:
    at = image(file("app/data", LARGE, 0o555), layers=([file("app/data", LARGE)],))
    message = "'/app/data' is in layer 0, and hidden by layer 1: 0.15 MB for nothing"
    assert told("I13", at) == [(WARNING, "app/data", message)]
    assert told("I13", replace(at, profile=ANY)) == [(NOTE, "app/data", message)]


def test_a_file_that_is_removed_is_still_pulled() -> None:
    at = image(
        file("app/data", LARGE), layers=([file("app/data", LARGE)], [Entry(name="app/.wh.data", data=b"")])
    )
    message = "'/app/data' is in layer 0, 1, and removed by a later layer: 0.30 MB for nothing"
    assert told("I13", at) == [(WARNING, "app/data", message)]


def test_little_files_and_files_that_are_brought_once_are_right() -> None:
    assert told("I13", image(layers=([file("etc/passwd", "x" * 9_000)], [file("etc/passwd", "y")]))) == []
    assert told("I13", image(file("app/data", LARGE), layers=([file("app/other", LARGE)],))) == []


def test_of_many_files_the_largest_are_told_and_the_rest_summed_up() -> None:
    many = [file(f"app/{number}", b"x" * (200_000 + number)) for number in range(8)]
    found = told("I13", image(*many, layers=([file(entry.name) for entry in many],)))
    assert [path for _, path, _ in found] == [None, "app/3", "app/4", "app/5", "app/6", "app/7"]
    assert found[0][2] == "3 more files are hidden by layers above them: 0.60 MB for nothing"


def test_parts_that_are_those_that_are_named_are_right() -> None:
    assert told("I15", image()) == []


@pytest.mark.parametrize("message", ["layer abc… is not the one that the config names"])
def test_another_part_than_the_one_that_is_named_is_an_error(message: str) -> None:
    at = replace(image(), files=Files({}), mismatch=message)
    assert told("I15", at) == [(ERROR, None, message)]
