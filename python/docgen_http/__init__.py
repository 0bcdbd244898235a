"""docgen in the build of a site: its pages are made before each build.

    plugins:
      - docgen:
          captures: captures   # the folder of the captures, from the configuration's; this is the default

What a page says of itself in its front matter is used where the builder does not: a folder is called in the
navigation as its index.md is, unless `nav` says otherwise, and `lang` is the language of the page.

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
    def on_pre_build(self, *, config):
        site, captures = self._site(config), self.config.captures
        if not os.path.isdir(os.path.join(site, captures)):
            raise PluginError(f"docgen: there is no folder `{captures}` in {site}; `docgen init` makes one")
        docs = os.path.relpath(config.docs_dir, site)
        # Without a terminal there are no colours, and with `--quiet` errors and warnings are all that is said.
        made = subprocess.run(
            [program(), "--quiet", "render", captures, docs], cwd=site, stderr=subprocess.PIPE, text=True, encoding="utf-8"
        )
        said = made.stderr.strip()
        if made.returncode == 0:
            if said:
                log.info("docgen:\n%s", said)
        elif config.strict or made.returncode != 1:
            raise PluginError(f"docgen:\n{said}")
        else:
            log.error("docgen:\n%s", said)

    def on_nav(self, nav, *, config, files):
        self.nav = nav if config.nav is None else []
        return nav

    def on_env(self, env, *, config, files):
        # By now all pages are read, and none is written.
        for section in self.nav:
            name_by_index(section)
        return env

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


def name_by_index(item):
    """Calls a section, and those in it, as the front matter of its index.md does."""
    if not item.is_section:
        return
    for child in item.children:
        if child.is_page and child.is_index and child.meta.get("title"):
            item.title = child.title
        name_by_index(child)


def program():
    """The program that came with this package; where it was put elsewhere, the one on the path."""
    name = "docgen" + (sysconfig.get_config_var("EXE") or "")
    schemes = [sysconfig.get_default_scheme(), sysconfig.get_preferred_scheme("user")] if hasattr(sysconfig, "get_default_scheme") else []
    beside = [os.path.join(sysconfig.get_path("scripts", scheme), name) for scheme in schemes]
    found = next(filter(os.path.isfile, beside), None) or shutil.which(name)
    if not found:
        raise PluginError("docgen: the program is missing; install the package `docgen-http` again")
    return found
