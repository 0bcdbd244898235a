#!/usr/bin/env python3
"""What a user would write instead of docgen: requestshook logs to pages in the snippets layout.

    straightforward.py CAPTURES DOCS

Line by line, with regular expressions, no checks: a log that is not exactly as expected comes out wrong.
It is here to be compared with: the same files with the same bytes as `docgen render CAPTURES DOCS`.
"""

import re
import sys
from pathlib import Path
from urllib.parse import urlsplit

HEAD = re.compile(r"### \((.+?)\) (?:REQ >>>|RESP <<<) \((.+?)\) : (.*)")

INDEX = Path(__file__).with_name("straightforward-index.md").read_text()


def messages(log):
    """Each message as (sender or caller, the other one, is a response, title, header lines, body lines)."""
    found = []
    for line in log.split("\n"):
        head = HEAD.fullmatch(line)
        if head:
            client, server, rest = head.groups()
            response = " RESP <<< " in line
            before_url, url = rest.rsplit(" ", 1)
            if response:
                before_url = before_url.rsplit(" ", 1)[0]  # the method, told again
            found.append((client, server, response, f"{before_url} {urlsplit(url).path}", [], []))
            lines = found[-1][4]
        elif found and line == "" and lines is found[-1][4]:
            lines = found[-1][5]
        elif found:
            lines.append(line)
    return found


def section(number, message):
    client, server, response, title, header, body = message
    while body and body[-1] == "":
        body.pop()
    arrow = "<--" if response else "-->"
    out = [f"### ({number}) {title}", f"`{client}` {arrow} `{server}`", ""]
    for tab, language, lines in ("Header", "http", header), ("Body", "json", body):
        out += [f'=== "{tab}"', f'    ``` {language} title="{title}" linenums="1"']
        out += ["    " + line if line else "" for line in lines]
        out += ["    ```", ""]
    return "\n".join(out)


def main(captures, docs):
    for path in sorted(captures.glob("**/trace.log")):
        log = path.read_text()
        found = messages(log)
        diagram = []
        for client, server, response, title, _, _ in found:
            diagram.append(f"{server}-->>{client}: {title}" if response else f"{client}->>{server}: {title}")
        name = path.parent.relative_to(captures)
        folder = docs / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "diagram.md").write_text("\n".join(diagram) + "\n")
        (folder / "body.md").write_text("\n" + "\n\n".join(section(n, m) for n, m in enumerate(found, 1)) + "\n")
        (folder / "log.md").write_text(log)
        (folder / "index.md").write_text(INDEX.replace("{name}", str(name)))


main(Path(sys.argv[1]), Path(sys.argv[2]))
