"""Stand-ins for the crates of a lock file: there is no crates.io here.

Each has the name, version, checksum and dependencies that the lock file gives it, so that `cargo --locked`
takes the lock file as it is, and is otherwise empty. Only in the allocator there is something, as it is used:
for musl the real jemalloc that `make toolchain` compiles, elsewhere the system's in disguise.
"""

import json
import tomllib
from pathlib import Path
from typing import Any

_SOURCES = {
    "tikv-jemallocator": """
use std::alloc::{GlobalAlloc, Layout};
pub struct Jemalloc;

#[cfg(target_env = "musl")]
#[link(name = "jemalloc", kind = "static", modifiers = "-bundle")]
extern "C" {
    fn _rjem_mallocx(size: usize, flags: i32) -> *mut u8;
    fn _rjem_sdallocx(at: *mut u8, size: usize, flags: i32);
}
#[cfg(target_env = "musl")]
unsafe impl GlobalAlloc for Jemalloc {
    // The flags hold the alignment, as a power of two.
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        _rjem_mallocx(layout.size(), layout.align().trailing_zeros() as i32)
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        _rjem_sdallocx(at, layout.size(), layout.align().trailing_zeros() as i32)
    }
}

#[cfg(not(target_env = "musl"))]
use std::alloc::System;
#[cfg(not(target_env = "musl"))]
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
