"""What a command costs before it does anything: whole processes, as a ratio to Python's own start.

python -m benchmarks.startup
"""

import statistics
import subprocess
import sys
import time

from benchmarks.table import save, show

ROUNDS = 15
COMMANDS = {
    "python -c pass": ["-c", "pass"],
    "pinbot --version": ["-m", "pinbot", "--version"],
    "pinbot --help": ["-m", "pinbot", "--help"],
    "pinbot scan --help": ["-m", "pinbot", "scan", "--help"],
    "pinbot update --help": ["-m", "pinbot", "update", "--help"],
}


def main() -> None:
    times: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(ROUNDS + 1):  # in turn, so that a slow moment of the machine meets all of them
        for name, arguments in COMMANDS.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
            times[name].append(time.perf_counter() - started)
    medians = {name: statistics.median(values[1:]) for name, values in times.items()}
    base = medians["python -c pass"]
    rows = [(name, f"{1000 * value:.0f} ms", f"{value / base:.1f}") for name, value in medians.items()]
    show(("command", "median", "ratio to python"), rows)
    save("startup", {name: {"seconds": value, "ratio": value / base} for name, value in medians.items()})


if __name__ == "__main__":
    main()
