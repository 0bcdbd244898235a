"""The plugin in a builder, as a user meets it: `python tests/wheel/plugin.py mkdocs` (or properdocs).

Runs in an environment that has the wheel and the builder, which `scripts/try-wheel` makes; all builds but those of
`serve` are in this one process, as they are under `serve`. What the builders do with the pages is try-wheel's to see.
"""

import contextlib
import importlib
import logging
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

from click.testing import CliRunner

BUILDER = sys.argv.pop(1)
PROGRAM = Path(sys.executable).parent / "docgen"

PAGE = "# One\n\nWords on {{ hello }}.\n\n{{ diagram }}\n\n{{ rest }}\n"
LOG = """\
### (client) REQ >>> (web) : GET http://localhost:8000/hello
X-Requestshook-Request-Id: req-1

none

### (client) RESP <<< (web) : 200 OK GET http://localhost:8000/hello
Content-Type: text/plain
X-Requestshook-Request-Id: req-1

hello

"""
CONFIG = """\
site_name: x
theme: {name: null, custom_dir: theme}
markdown_extensions:
  - attr_list
  - pymdownx.superfences
  - pymdownx.tabbed: {alternate_style: true}
"""


class Plugin(unittest.TestCase):
    def setUp(self):
        made = tempfile.TemporaryDirectory(prefix="docgen-plugin-")
        self.addCleanup(made.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        self.root = Path(made.name).resolve()

    def site(self, folder=".", config="", plugin="docgen", docs="docs", captures="captures", layout="page"):
        """A site with one capture."""
        site = self.root / folder
        self.write(site / "mkdocs.yml", f"{CONFIG}plugins: [{plugin}]\n{config}")
        self.write(site / "theme/main.html", '<!doctype html>\n<html class="x" lang="en">{{ page.content }}</html>\n')
        self.write(site / docs / "index.md", "# Home\n")
        self.write(site / captures / "docgen.toml", f'layout = "{layout}"\nlinks = true\nlocale = "ko"\nfront_matter = true\n')
        self.write(site / captures / "one/trace.log", LOG)
        if layout == "page":
            self.write(site / captures / "one/page.md", PAGE)
            self.write(site / captures / "one/capture.toml", '[label]\nhello = "web GET /hello"\n')
        os.chdir(site)
        return site

    def write(self, file, text):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def build(self, *arguments, status=0):
        """What a build says, which has to end with a status."""
        command = ["build", "--strict", "--site-dir", str(self.root / "made"), *arguments]
        if "--config-file" not in arguments:
            command += ["--config-file", "mkdocs.yml"]
        # A builder tells what it told before only once a process.
        for name, logger in list(logging.root.manager.loggerDict.items()):
            if name.startswith(BUILDER) and isinstance(logger, logging.Logger):
                logger.filters.clear()
        ran = CliRunner().invoke(importlib.import_module(f"{BUILDER}.__main__").cli, command)
        said = re.sub(r"\x1b\[[0-9;]*m", "", ran.output)
        self.assertEqual(ran.exit_code, status, f"{said}\n{ran.exception!r}")
        self.assertNotIn("Traceback", said)
        return said

    def made(self, file="one/index.html"):
        return (self.root / "made" / file).read_text()

    def test_pages_are_made_before_a_build(self):
        site = self.site()
        self.assertNotRegex(self.build(), r"(?i)warning|error")
        self.assertIn("GET /hello", self.made())
        self.assertIn('lang="ko"', self.made())
        self.assertIn('lang="en"', self.made("index.html"))
        # A second build in the same process finds nothing to do, a third one renders what is new.
        page = site / "docs/one.md"
        before = page.stat().st_mtime_ns
        self.build()
        self.assertEqual(page.stat().st_mtime_ns, before)
        self.write(site / "captures/one/page.md", PAGE.replace("Words", "Other words"))
        self.build()
        self.assertIn("Other words on", self.made())

    def test_two_sites_in_one_process(self):
        for name in ("a", "b"):
            site = self.site(name)
            self.write(site / "captures/one/page.md", PAGE.replace("Words", f"Words of {name}"))
        for name in ("a", "b", "a"):
            os.chdir(self.root / name)
            self.build()
            self.assertIn(f"Words of {name} on", self.made())

    def test_docs_and_captures_elsewhere(self):
        for docs, captures in [("handbook/pages", "handbook/captures"), ("../pages", "../captures")]:
            with self.subTest(docs):
                site = self.site("site", f"docs_dir: {docs}\n", f"docgen: {{captures: {captures}}}", docs, captures)
                self.build()
                self.assertTrue((site / docs / "one.md").is_file())
                self.assertIn("GET /hello", self.made())

    def test_a_site_in_a_subfolder(self):
        snippets = "  - pymdownx.snippets: {base_path: docs, check_paths: true}\n"
        site = self.site("site", "exclude_docs: |\n  body.md\n  diagram.md\n  log.md\n", layout="snippets")
        config = site / "mkdocs.yml"
        self.write(config, config.read_text().replace("plugins:", f"{snippets}plugins:"))
        os.chdir(self.root)
        self.build("--config-file", "site/mkdocs.yml")
        self.assertIn("GET /hello", self.made())
        os.chdir(site)
        self.build()
        self.assertIn("GET /hello", self.made())

    def test_no_directory_urls(self):
        self.site(config="use_directory_urls: false\nvalidation: {anchors: warn}\n")
        self.build()
        page = self.made("one.html")
        links = re.findall(r'href="#([^"]*)"', page)
        self.assertIn("hello-response", links)
        for link in links:
            self.assertIn(f'id="{link}"', page)

    def test_an_error_in_a_page(self):
        site = self.site()
        self.build()
        self.write(site / "captures/one/page.md", "# One\n\n{{ diagramm }}\n")
        said = self.build(status=1)
        self.assertRegex(said, r"captures/one/page\.md:3:4")
        self.assertIn("did you mean", said)
        # A loose build goes on with the page as it was, and tells it all the same, even a quiet one.
        for arguments in (["--no-strict"], ["--no-strict", "--quiet"]):
            self.assertRegex(self.build(*arguments), r"captures/one/page\.md:3:4")
            self.assertIn("Words on", self.made())

    def test_a_warning_of_docgens(self):
        site = self.site()
        self.write(site / "captures/one/trace.log", LOG + "### (client) REQ >>> (web) : GET http://localhost:8000/lost\n")
        self.assertIn("docgen:", self.build())

    def test_no_captures(self):
        self.site(plugin="docgen: {captures: traces}")
        said = self.build(status=1)
        self.assertIn("there is no folder `traces`", said)
        self.assertIn("docgen init", said)

    def test_misspelt_options(self):
        self.site(plugin="docgen: {capture: captures}")
        said = self.build(status=1)
        self.assertIn("Unrecognised configuration name: capture", said)
        self.site(plugin="docgen: {captures: [a, b]}")
        said = self.build(status=1)
        self.assertIn("captures", said)
        self.assertIn("Expected type: <class 'str'>", said)

    def test_a_program_that_is_missing_or_fails(self):
        self.site()
        self.build()
        with self.program(None):
            said = self.build(status=1)
            self.assertIn("the program is missing", said)
            self.assertIn("docgen-http", said)
            # One on the path will do.
            self.write(self.root / "bin/docgen", f"#!/bin/sh\nexec {PROGRAM}.away \"$@\"\n")
            (self.root / "bin/docgen").chmod(0o755)
            path = os.environ["PATH"]
            os.environ["PATH"] = f"{self.root / 'bin'}:{path}"
            self.addCleanup(os.environ.update, PATH=path)
            self.build()
        for text, mode, expected in [
            ("#!/bin/sh\necho 'gone wrong \\377' >&2; exit 101\n", 0o755, "gone wrong"),
            ("#!/bin/sh\nexit 3\n", 0o755, "status 3"),
            ("#!/bin/sh\nkill -9 $$\n", 0o755, "signal 9"),
            ("no program\n", 0o755, str(PROGRAM)),
            ("", 0o644, str(PROGRAM)),
        ]:
            with self.subTest(expected), self.program(text, mode):
                self.assertIn(expected, self.build(status=1))
                # Nor is a loose build one that nobody notices.
                self.assertIn(expected, self.build("--no-strict", status=1))

    @contextlib.contextmanager
    def program(self, text, mode=0o755):
        """Another text in place of the wheel's program, or none."""
        away = PROGRAM.with_name("docgen.away")
        PROGRAM.rename(away)
        try:
            if text is not None:
                PROGRAM.write_text(text)
                PROGRAM.chmod(mode)
            yield
        finally:
            away.replace(PROGRAM)

    def test_serve_while_files_come_and_go(self):
        site = self.site()
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            port = bound.getsockname()[1]
        command = [sys.executable, "-m", BUILDER, "serve", "-f", "mkdocs.yml", "--dev-addr", f"127.0.0.1:{port}"]
        served = subprocess.Popen(command, cwd=site, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        lines = []
        reader = threading.Thread(target=lambda: lines.extend(iter(served.stdout.readline, "")))
        reader.start()
        try:
            source, page = site / "captures/one/page.md", site / "docs/one.md"
            self.wait_for(lambda: any("Serving on" in line for line in lines), lines)
            # As an editor saves: the old file is away for a moment, then the new one is there.
            source.rename(site / "captures/one/page.md~")
            self.wait_for(lambda: "Words on" not in page.read_text(), lines)
            source.write_text(PAGE.replace("Words", "New words"))
            self.wait_for(lambda: "New words on" in page.read_text(), lines)
            # A whole capture is away, and comes back.
            (site / "captures/one").rename(self.root / "away")
            time.sleep(1)
            (self.root / "away").rename(site / "captures/one")
            source.write_text(PAGE.replace("Words", "Last words"))
            self.wait_for(lambda: page.is_file() and "Last words on" in page.read_text(), lines)
            self.assertIsNone(served.poll(), lines)
            self.assertFalse([line for line in lines if "Traceback" in line], lines)
        finally:
            served.terminate()
            served.wait()
            reader.join()
            served.stdout.close()

    def wait_for(self, is_so, lines):
        until = time.monotonic() + 20
        while not is_so():
            self.assertLess(time.monotonic(), until, "".join(lines))
            time.sleep(0.02)


if __name__ == "__main__":
    os.environ.update(NO_MKDOCS_2_WARNING="1", DISABLE_MKDOCS_2_WARNING="true", NO_COLOR="1")
    unittest.main()
