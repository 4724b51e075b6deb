"""Stand-ins for the crates of a lock file: there is no crates.io here.

Each has the name, version, checksum and dependencies that the lock file gives it, so that `cargo --locked`
takes the lock file as it is, and is otherwise empty. But for the allocator: that is there to be used, and is
the system's in disguise.
"""

import json
import tomllib
from pathlib import Path
from typing import Any

_SOURCES = {
    "tikv-jemallocator": """
use std::alloc::{GlobalAlloc, Layout, System};
pub struct Jemalloc;
unsafe impl GlobalAlloc for Jemalloc {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 { System.alloc(layout) }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) { System.dealloc(at, layout) }
}
""",
}


def stand_ins(lock: Path, folder: Path) -> tuple[str, ...]:
    """Make them in a folder; the options by which cargo takes them instead of crates.io."""
    for package in tomllib.loads(lock.read_text())["package"]:
        if "source" in package:
            _write(package, folder / f"{package['name']}-{package['version']}")
    return (
        *("--config", 'source.crates-io.replace-with="stand-ins"'),
        *("--config", f'source.stand-ins.directory="{folder}"'),
    )


def _write(package: dict[str, Any], folder: Path) -> None:
    dependencies = "".join(f'{name} = "*"\n' for name in package.get("dependencies", ()))
    (folder / "src").mkdir(parents=True, exist_ok=True)
    (folder / "src" / "lib.rs").write_text(_SOURCES.get(package["name"], ""))
    (folder / "Cargo.toml").write_text(
        f'[package]\nname = "{package["name"]}"\nversion = "{package["version"]}"\nedition = "2021"\n'
        f"[dependencies]\n{dependencies}"
    )
    (folder / ".cargo-checksum.json").write_text(json.dumps({"files": {}, "package": package["checksum"]}))
