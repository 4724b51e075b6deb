"""What this machine has: a time, a home, and what is kept there from run to run."""

import os
from pathlib import Path

from pinbot import storage
from pinbot.clock import SystemClock
from pinbot.ports.forges import LedgerStore
from pinbot.ports.machine import Cache, Clock


def home() -> Path:
    """The user's home; the root for a user without one, as a bare user id in a container is."""
    try:
        return Path.home()
    except RuntimeError:
        return Path("/")


def clock() -> Clock:
    """The time of this machine."""
    return SystemClock()


def cache() -> Cache:
    """What earlier runs of this user found out about images."""
    from pinbot.cache import DiskCache

    return DiskCache(storage.cache_folder(os.environ, home()) / "images")


def ledger() -> LedgerStore:
    """Where is kept what earlier runs saw: a file of this machine."""
    from pinbot.ledgerfile import LedgerFile, default_path

    return LedgerFile(default_path(os.environ, home()))
