#!/usr/bin/env python3
"""Measures docgen against what the machine can do, and prints the figures as Markdown.

    benches/run.py [--quick] [--docgen PROGRAM] [figures] [site] [captures] [bodies] [diffs] [curves] [--kind KIND]

Six parts, all by default: the figures; docgen's share of a site's build; the cost as the number of captures and as the
size of one body grow; of recordings compared with others, beside reading both; and as there is more of any one thing in
a capture (benches/curves.py), with its ratio to that of half as many. `--quick` takes small corpora and few runs: it
shows that the bench works, and its figures mean nothing.

The figures are of captures as people have them, recorded and with a profile, in the layouts `page` and `exchanges`, each
as a template lays them out and with a page source; and of logs and HAR files that are dropped into a folder.

Every time is the median of several runs of a whole process, on one thread, with everything on a memory file
system; what a run is to write is removed before it. Ratios compare medians of one run of this program:

- floor: benches/programs/floor.rs, which reads the same captures and writes as many bytes to as many files
- walk: benches/programs/walk.rs, which stats the captures and the pages
- Python: benches/straightforward.py, what a user would write

It needs hyperfine, GNU time and rustc, and for the site .venv with MkDocs: scripts/setup bench.
"""

import argparse
import filecmp
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from curves import KINDS

PROJECT = Path(__file__).parent.parent
CORPUS = PROJECT / "benches/corpus.py"
PYTHON = PROJECT / "benches/straightforward.py"
MKDOCS = PROJECT / ".venv/bin/mkdocs"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--docgen", type=Path, default=PROJECT / "target/release/docgen")
    parser.add_argument("--kind", help="of the curves only those whose name holds this")
    parser.add_argument("part", nargs="*", choices=[[], *PARTS], default=[])
    arguments = parser.parse_args()
    if arguments.quick:
        print("A quick run: it shows that the benchmarks work, and its figures mean nothing.\n")
    with tempfile.TemporaryDirectory(prefix="docgen-bench-", dir="/dev/shm") as folder:
        bench = Bench(Path(folder), arguments.docgen.resolve(), arguments.quick, arguments.kind or "")
        for part in arguments.part or PARTS:
            PARTS[part](bench)


class Time(NamedTuple):
    """Seconds of a command: the median of the clock, and what the processor spent on it on the average."""

    clock: float
    processor: float

    def over(self, other, name):
        """The ratio to another's; a busy machine spoils the first figure more than the second."""
        return f"{self.clock / other.clock:.2f} × {name} ({self.processor / other.processor:.2f})"

    def __str__(self):
        return ms(self.clock)


class Bench:
    """Where things are, and how to run them."""

    def __init__(self, folder, docgen, quick, kind):
        self.folder, self.docgen, self.quick, self.kind = folder, docgen, quick, kind
        self.floor, self.walk = (compiled(name) for name in ("floor", "walk"))
        self.out = folder / "out"

    def corpus(self, *arguments):
        """A new corpus; its name is its arguments."""
        folder = self.folder / "-".join(Path(argument).name for argument in map(str, arguments))
        kind, *rest = map(str, arguments)
        where = [*rest, folder] if kind == "har" else [folder, *rest]
        run([sys.executable, CORPUS, kind, *where])
        return folder

    def render(self, captures, out=None):
        return [self.docgen, "render", "--quiet", "--jobs", "1", captures, out or self.out]

    def model(self, captures):
        """What docgen makes of the captures, and the floor's plan to write as much."""
        model = captures.with_name(f"{captures.name}.docs")
        run(self.render(captures, model))
        files = sorted(path for path in model.rglob("*") if path.is_file())
        plan = captures.with_name(f"{captures.name}.plan")
        plan.write_text("".join(f"{path.stat().st_size} {path.relative_to(model)}\n" for path in files))
        return model, plan

    def time(self, command, fresh=True, runs=15, warm_up=2):
        """The time of a command; with `fresh`, what it writes is removed before each run."""
        result = self.folder / "hyperfine.json"
        prepare = ["--prepare", f"rm -rf {self.out}"] if fresh else []
        options = ["--shell=none", "--style=none", f"--warmup={warm_up}", f"--runs={min(3, runs) if self.quick else runs}"]
        run(["hyperfine", *options, *prepare, f"--export-json={result}", " ".join(map(str, command))])
        measured = json.loads(result.read_text())["results"][0]
        return Time(measured["median"], measured["user"] + measured["system"])

    def processor(self, command, limit):
        """The seconds of the processor that a command takes; None beyond a limit of them."""
        with open(os.devnull, "w") as nowhere:
            started = subprocess.Popen(command, stdout=nowhere, stderr=nowhere, preexec_fn=lambda: (
                resource.setrlimit(resource.RLIMIT_CPU, (limit, limit))))
        _, status, used = os.wait4(started.pid, 0)
        started.returncode = os.waitstatus_to_exitcode(status)
        # An input with errors is a curve, too.
        return used.ru_utime + used.ru_stime if started.returncode in (0, 1) else None

    def peak(self, command):
        """The largest resident size in MiB."""
        shutil.rmtree(self.out, ignore_errors=True)
        told = run(["/usr/bin/time", "--format=%M", *command])
        return int(told.stderr.split()[-1]) / 1024


def compiled(name):
    program = PROJECT / ".build/bench" / name
    program.parent.mkdir(parents=True, exist_ok=True)
    run(["rustc", "--edition=2024", "-Copt-level=3", "-Cpanic=abort", "-Dwarnings", "-o", program,
         PROJECT / f"benches/programs/{name}.rs"])
    return program


def run(command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"bench: {' '.join(map(str, command))}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def figures(bench):
    count = 20 if bench.quick else 1000
    rows = []
    for layout in "page", "exchanges":
        for source, limit in ("", 3), ("prose", 4):
            captures = bench.corpus("recorded", count, bench.docgen, layout, *source.split())
            model, plan = bench.model(captures)
            rows += rendered(bench, f"{layout} {'with' if source else 'without'} prose", captures, model, plan, limit)
            shutil.rmtree(model)
            shutil.rmtree(captures)
    for kind in "mixed", "large":
        log = bench.corpus(kind, count)
        har = bench.corpus("har", log)
        for captures, limit in (log, 1.7), (har, 2.5):
            model, plan = bench.model(captures)
            rows += rendered(bench, f"{kind} {'logs' if captures is log else 'HAR'}", captures, model, plan, limit)
            if captures is log:
                rows.append(python_row(bench, kind, captures, model, plan))
            shutil.rmtree(model)
        shutil.rmtree(log)
        shutil.rmtree(har)
    version = bench.time([bench.docgen, "--version"], fresh=False, runs=100)
    rows.append(["docgen --version", str(version), "", "5 ms"])
    table(["what", "median", "ratio (of processor time)", "at most"], rows)


def rendered(bench, name, captures, model, plan, limit):
    """What rendering captures takes, and finding that there is nothing to do."""
    floor = bench.time([bench.floor, captures, bench.out, plan])
    docgen = bench.time(bench.render(captures))
    peak = bench.peak(bench.render(captures))
    nothing = bench.time(bench.render(captures, model), fresh=False)
    walk = bench.time([bench.walk, captures, model], fresh=False)
    return [
        [f"{name}, {size(captures)} to {size(model)}: floor", str(floor), "", ""],
        [f"{name}: docgen", str(docgen), docgen.over(floor, "floor"), f"{limit} ×"],
        [f"{name}: peak memory", f"{peak:.1f} MiB", "", "32 MiB"],
        [f"{name}: nothing to do", str(nothing), nothing.over(walk, "walk"), "3 ×"],
    ]


def python_row(bench, kind, captures, model, plan):
    floor = bench.time([bench.floor, captures, bench.out, plan])
    python = bench.time([sys.executable, PYTHON, captures, bench.out], runs=5)
    return [f"{kind} logs: Python, {agreement(bench.out, model)}", str(python), python.over(floor, "floor"), ""]


def site(bench):
    """docgen's share of the time that a site takes to be built, which `docgen init` begins."""
    rows = []
    for layout, drawn in ("page", False), ("exchanges", False), ("page", True):
        pages = 20 if bench.quick else 300
        if drawn:
            pages //= 4  # enough to tell the share of one page
        folder = bench.folder / "site"
        run([bench.docgen, "init", "--quiet", folder])
        shutil.rmtree(folder / "captures")
        captures = bench.corpus("recorded", pages, bench.docgen, layout, "prose")
        if drawn:
            with open(captures / "docgen.toml", "a") as settings:
                settings.write('diagram = "svg"\n')
        messages = sum(trace.read_text().count('"startedDateTime"') * 2 for trace in captures.glob("*/trace.har"))
        docgen = bench.time(bench.render(captures), runs=5)
        run(bench.render(captures, folder / "docs"))
        mkdocs = [MKDOCS, "build", "--quiet", "--config-file", folder / "mkdocs.yml"]
        built = bench.time(mkdocs, fresh=False, runs=1, warm_up=0)
        share = docgen.processor / (docgen.processor + built.processor)
        name = f"{layout}{', diagrams drawn ahead' if drawn else ''}"
        limit = "" if drawn else "2 %"
        rows.append([f"{name}, {pages} pages, {messages:,} messages", str(docgen), f"{built.clock:,.1f} s", f"{share:.2%}", limit])
        shutil.rmtree(folder)
        shutil.rmtree(captures)
    table(["a site with prose", "docgen render", "mkdocs build", "docgen's share (of processor time)", "at most"], rows)


def captures(bench):
    rows = []
    for count in (1, 10, 100) if bench.quick else (10, 100, 1000, 10_000):
        folder = bench.corpus("mixed", count)
        seconds = bench.time(bench.render(folder), runs=5).clock
        peak = bench.peak(bench.render(folder))
        rows.append([f"{count:,}", ms(seconds), f"{seconds / count * 1e6:,.0f} µs", f"{peak:.1f} MiB"])
        shutil.rmtree(folder)
    table(["captures", "median", "each", "peak memory"], rows)


def bodies(bench):
    rows = []
    for exponent in range(3, 6 if bench.quick else 9):
        bytes_ = 10**exponent
        for kind in ("body", "line"):
            folder = bench.corpus(kind, bytes_)
            seconds = bench.time(bench.render(folder), runs=5).clock
            peak = bench.peak(bench.render(folder))
            each = f"{seconds / bytes_ * 1e9:,.2f} ns"
            rows.append([f"{bytes_:,}", "one" if kind == "line" else "many", ms(seconds), each, f"{peak:.1f} MiB"])
            shutil.rmtree(folder)
    table(["bytes of one body", "lines", "median", "a byte", "peak memory"], rows)


def diffs(bench):
    """Suites compared, of the same calls with other ids. To read both is `docgen log` of each trace, less the start of
    as many programs."""
    rows = []
    sizes = [("mixed", count) for count in ((10, 20) if bench.quick else (100, 1000, 10_000))]
    for kind, size in [*sizes, ("long", 100 if bench.quick else 1000)]:
        old, new = (bench.corpus(kind, size, seed) for seed in ("old", "new"))
        traces = [*old.glob("*/trace.log"), *new.glob("*/trace.log")]
        each = "for trace in {}/*/trace.log {}/*/trace.log; do {} {} >/dev/null; done"
        seconds = [
            bench.processor(command, 600)
            for command in (
                [bench.docgen, "diff", old, new],
                ["sh", "-c", each.format(old, new, bench.docgen, '"log" "$trace"')],
                ["sh", "-c", each.format(old, new, bench.docgen, "--version")],
            )
        ]
        compared, read, started = seconds
        what = f"{size:,} captures" if kind == "mixed" else f"one of {size:,} messages"
        limit = "2 ×" if kind == "mixed" else "50 ms"
        ratio = f"{compared / max(read - started, 1e-3):.2f} × reading"
        rows.append([what, ms(compared), f"{compared / len(traces) * 2e6:,.0f} µs", ratio, limit])
        shutil.rmtree(old)
        shutil.rmtree(new)
    table(["compared with another recording", "processor time", "each", "ratio", "at most"], rows)


def curves(bench):
    """Twice as much of a thing is to take about twice as long; a ratio near 4 is a square, one near 8 a cube."""
    sizes = (50, 100) if bench.quick else (500, 1000, 2000, 4000)
    rows = []
    for kind, most in KINDS.items():
        if bench.kind not in kind.__name__:
            continue
        row, last = [kind.__name__.replace("_", " ")], None
        for size in sizes:
            seconds = None
            if size <= (most or size):
                seconds = curve_point(bench, kind, size)
            ratio = f" ({seconds / last:.1f})" if seconds and last else ""
            row.append(f"{ms(seconds)}{ratio}" if seconds else "")
            last = seconds
        rows.append(row)
        print("|", " | ".join(row), "|", file=sys.stderr, flush=True)
    table(["processor time (its ratio) for N =", *(f"{size:,}" for size in sizes)], rows)


def curve_point(bench, kind, size):
    folder = bench.folder / "curve"
    command = kind(folder, size)
    docs = bench.out
    command = [bench.docgen, *(word.format(captures=folder, docs=docs) for word in command)]
    seconds = bench.processor(command, 60)
    shutil.rmtree(folder)
    shutil.rmtree(docs, ignore_errors=True)
    return seconds


PARTS = {"figures": figures, "site": site, "captures": captures, "bodies": bodies, "diffs": diffs, "curves": curves}


def agreement(theirs, ours):
    """Whether two folders of pages hold the same bytes, but for what each page says about itself."""
    names = [path.relative_to(ours) for path in sorted(ours.rglob("*.md")) if path.name != "index.md"]
    same = sum((theirs / name).exists() and filecmp.cmp(theirs / name, ours / name, shallow=False) for name in names)
    return f"{same:,} of {len(names):,} files the same" if names else "no files"


def size(folder):
    return f"{sum(path.stat().st_size for path in folder.rglob('*') if path.is_file()) / 1e6:.0f} MB"


def ms(seconds):
    return f"{seconds * 1000:,.1f} ms"


def table(heads, rows):
    for row in heads, ["---"] * len(heads), *rows:
        print("|", " | ".join(row), "|")
    print(flush=True)


if __name__ == "__main__":
    os.environ["NO_COLOR"] = "1"
    main()
