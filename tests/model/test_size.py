import pytest

from pinbot.model.size import parse_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("15MB", 15_000_000),
        ("15 mb", 15_000_000),
        ("1.5GB", 1_500_000_000),
        ("800kB", 800_000),
        ("14MiB", 14_680_064),
        ("15000000", 15_000_000),
        ("15000000B", 15_000_000),
        ("0.1KiB", 102),
    ],
)
def test_a_size_is_read_in_any_unit(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    "text", ["", "MB", "-1MB", "15M", "15MBs", "1,5MB", "1e6", "0", "0.1", "15\u00a0MB", "1.MB"]
)
def test_anything_else_is_no_size(text: str) -> None:
    assert parse_size(text) is None
