"""docgen in the build of a site: its pages are made before each build.

    plugins:
      - docgen:
          captures: captures   # the folder of the captures, from the configuration's; this is the default

`lang` in the front matter of a page is the language of its HTML, which builders ask their configuration alone for.

A page that cannot be made is an error of docgen's, with its file and line. It ends a strict build; another one, and
`serve`, go on with the page as it was. Under `serve` the captures are watched as the docs folder is: a run that has
nothing to do touches no file, so the rebuild that a new page causes is the last one.
"""

from __future__ import annotations

import html
import logging
import os
import re
import shutil
import subprocess
import sysconfig

from mkdocs.config import config_options
from mkdocs.config.base import Config
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin

log = logging.getLogger("mkdocs.plugins.docgen")


class Options(Config):
    captures = config_options.Type(str, default="captures")


class DocgenPlugin(BasePlugin[Options]):
    def on_config(self, config):
        # What a page in the layout `snippets` includes is sought from the working directory, which is another one
        # under `mkdocs build -f elsewhere/mkdocs.yml`.
        snippets = config.mdx_configs.get("pymdownx.snippets", {})
        base = snippets.get("base_path")
        if base:
            site = self._site(config)
            snippets["base_path"] = [from_site(path, site) for path in ([base] if isinstance(base, str) else base)]
        return config

    def on_pre_build(self, *, config):
        site, captures = self._site(config), self.config.captures
        if not os.path.isdir(os.path.join(site, captures)):
            raise PluginError(f"docgen: there is no folder `{captures}` in {site}; `docgen init` makes one")
        status, said = run(["render", captures, os.path.relpath(config.docs_dir, site)], site)
        if status == 0:
            if said:
                log.info("docgen:\n%s", said)
        elif config.strict or status != 1:
            raise PluginError(f"docgen:\n{said}")
        else:
            log.error("docgen:\n%s", said)

    def on_post_page(self, output, *, page, config):
        lang = page.meta.get("lang")
        return HTML_LANG.sub(rf"\g<1>{html.escape(str(lang))}", output, count=1) if lang else output

    def on_serve(self, server, *, config, builder):
        captures = os.path.join(self._site(config), self.config.captures)
        if os.path.isdir(captures):
            server.watch(captures)
        return server

    def _site(self, config):
        """The folder of the configuration."""
        return os.path.dirname(os.path.abspath(config.config_file_path))


HTML_LANG = re.compile(r'(<html[^>]*?\blang=")[^"]*')


def from_site(path, site):
    """A path that is there from the site's folder only, from the root."""
    beside = os.path.join(site, path) if isinstance(path, str) else path
    return beside if not os.path.exists(path) and os.path.exists(beside) else path


def run(arguments, folder):
    """Runs docgen: its exit status, and what it said."""
    command = [program(), "--quiet", *arguments]
    try:
        # Without a terminal there are no colours, and with `--quiet` errors and warnings are all that is said.
        made = subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)
    except OSError as error:
        raise PluginError(f"docgen: `{command[0]}` does not run: {error.strerror}; install `docgen-http` again") from None
    said = made.stderr.decode("utf-8", "replace").strip()
    if made.returncode not in (0, 1):
        end = f"ended with status {made.returncode}" if made.returncode > 0 else f"was ended by signal {-made.returncode}"
        said = f"{said}\n`{' '.join(command)}` {end}".strip()
    return made.returncode, said


def program():
    """The program that came with this package; where it was put elsewhere, the one on the path."""
    name = "docgen" + (sysconfig.get_config_var("EXE") or "")
    schemes = [sysconfig.get_default_scheme(), sysconfig.get_preferred_scheme("user")]
    beside = [os.path.join(sysconfig.get_path("scripts", scheme), name) for scheme in schemes]
    found = next(filter(os.path.isfile, beside), None) or shutil.which(name)
    if not found:
        raise PluginError("docgen: the program is missing; install the package `docgen-http` again")
    return found
