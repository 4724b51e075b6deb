"""Tests say which real parts they need; one that is missing skips them by name, or fails them in CI."""

import os

import pytest

from tests.support import parts


def pytest_runtest_setup(item: pytest.Item) -> None:
    for mark in item.iter_markers("needs"):
        for part in mark.args:
            reason = parts.missing(part)
            if reason and os.environ.get(parts.REQUIRED):
                pytest.fail(reason, pytrace=False)
            elif reason:
                pytest.skip(reason)
