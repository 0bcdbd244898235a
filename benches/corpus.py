#!/usr/bin/env python3
"""Makes captures of any number and size from real logs, the same bytes each time.

    corpus.py mixed   FOLDER [COUNT [SEED]]   captures of mixed size, 40 KB on the average (1,000: about 40 MB)
    corpus.py long    FOLDER MESSAGES [SEED]  one capture of about so many messages
    corpus.py large   FOLDER [COUNT]   captures of about 230 KB each
    corpus.py body    FOLDER BYTES     one capture with one JSON body of about so many bytes, on many lines
    corpus.py line    FOLDER BYTES     … and one with all of it in a single line
    corpus.py har     CAPTURES FOLDER  the same captures, each trace.log as a trace.har
    corpus.py recorded FOLDER COUNT DOCGEN LAYOUT [prose]   the captures of `mixed` as people have them

A capture is FOLDER/NNNN/trace.log. Ids (of requests, resources, projects) differ from capture to capture, so
that nothing can be found twice. `har` writes HAR on its own and not by docgen's writer: the reader that is
measured then reads what someone else wrote.

A recorder of HAR sees a body as it was on the wire, and the log shows JSON laid out by the middleware. So `har`
gives a JSON body the bytes that its server sent: of the ways in which Python serializes JSON (with spaces after
commas and colons or without, with escapes for what is not ASCII or without, with a line end or without) the first
whose length is the message's Content-Length, if the middleware would lay it out as the log has it. All bodies of
these logs have one. A body that none fits, or without a Content-Length, stays as the log has it.

`recorded` lets the program DOCGEN write the captures, each as `docgen capture` leaves it: trace.har, with times and
without secrets, the command in capture.toml, output.txt; with `prose` also the page source and the labels that
`docgen new` writes. All use the profile `openstack`.
"""

import hashlib
import itertools
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path

LOGS = Path(__file__).parent.parent / "tests/fixtures/logs"

# Of every 20 captures 6 are the long one (97 KB), the others 13 to 16 KB: 40 KB on the average.
LONG = "zed/server-create"
SHORT = ["zed/image-show", "zed/image-list", "new/image-create", "zed/image-list-cold", "new/image-save",
         "zed/image-add-project", "zed/image-create"]
# 97 + 97 + 16 + 16 KB.
LARGE = [LONG, LONG, "new/image-create", "zed/image-list-cold"]

ID = re.compile(r"\b[0-9a-f]{32}\b|\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


def log(name):
    return (LOGS / name / "requestshook.log").read_text()


def with_own_ids(text, seed):
    """`text` with each id replaced by one that depends on it and on `seed`; equal ids stay equal."""
    new = {}

    def own(match):
        old = match[0]
        if old not in new:
            digits = hashlib.sha256(f"{seed} {old}".encode()).hexdigest()
            if "-" in old:
                digits = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32]))
            new[old] = digits[: len(old)]
        return new[old]

    return ID.sub(own, text)


def write(folder, number, text):
    path = folder / f"{number:04}" / "trace.log"
    path.parent.mkdir(parents=True)
    path.write_text(text)


def mix(count):
    """The name of each capture's log."""
    return [LONG if number % 20 in (0, 3, 7, 10, 13, 17) else SHORT[number % len(SHORT)] for number in range(int(count))]


def mixed(folder, count=1000, seed=""):
    logs = {name: log(name) for name in [LONG, *SHORT]}
    for number, name in enumerate(mix(count)):
        write(folder, number, with_own_ids(logs[name], f"{seed}{number}"))


def long(folder, messages, seed=""):
    one = log(LONG)
    times = -(-int(messages) // len(HEAD.findall(one)))
    write(folder, 0, "".join(with_own_ids(one, f"{seed}{part}") for part in range(times)))


def large(folder, count=1000):
    logs = [log(name) for name in LARGE]
    for number in range(int(count)):
        write(folder, number, "".join(with_own_ids(text, (number, part)) for part, text in enumerate(logs)))


IMAGE = {"name": "cirros", "disk_format": "qcow2", "visibility": "public", "size": 16300544, "tags": []}


def one_body(size, indent):
    """A log of one call whose response has a JSON body of about `size` bytes."""
    one = len(json.dumps([dict(IMAGE, id="0" * 36)], indent=indent)) - 2
    images = [dict(IMAGE, id=f"{number:036}") for number in range(max(1, int(size) // one))]
    body = json.dumps({"images": images}, indent=indent)
    call = "X-Requestshook-Request-Id: 0123456789abcdef0123456789abcdef"
    url = "http://127.0.0.1:5080/image/v2/images"
    return (
        f"\n### (openstack) REQ >>> (glance-api) : GET {url}\nAccept: */*\n{call}\n\nnone\n\n"
        f"\n### (openstack) RESP <<< (glance-api) : 200 OK GET {url}\nContent-Type: application/json\n{call}\n\n{body}\n\n"
    )


def body(folder, size):
    write(folder, 0, one_body(size, 2))


def line(folder, size):
    write(folder, 0, one_body(size, None))


def recorded(folder, count, docgen, layout, prose=""):
    settings = f'layout = "{layout}"\nprofile = "openstack"\n'
    with tempfile.TemporaryDirectory() as models:
        files = {name: model(Path(models) / name, name, docgen, settings, prose) for name in [LONG, *SHORT]}
    folder.mkdir(parents=True)
    (folder / "docgen.toml").write_text(settings)
    for number, name in enumerate(mix(count)):
        capture = folder / f"{number:04}"
        capture.mkdir()
        for file, text in files[name].items():
            (capture / file).write_text(with_own_ids(text, str(number)))


def model(folder, name, docgen, settings, prose):
    """The files of a capture of a log: their names and contents."""
    capture = folder / "captures/capture"
    capture.mkdir(parents=True)
    (capture.parent / "docgen.toml").write_text(settings)
    (folder / "trace.har").write_text(archive(log(name)))
    subprocess.run([docgen, "import", "--quiet", folder / "trace.har", capture], check=True)
    command = (LOGS / name / "command.txt").read_text().strip()
    (capture / "capture.toml").write_text(f"command = {json.dumps(command)}\n")
    (capture / "output.txt").write_text((LOGS / name / "console.txt").read_text())
    if prose:
        subprocess.run([docgen, "new", "--quiet", capture], check=True)
    return {path.name: path.read_text() for path in sorted(capture.iterdir())}


HEAD = re.compile(r"^### \((.+?)\) (REQ >>>|RESP <<<) \((.+?)\) : (.*)\n", re.MULTILINE)


def har(captures, folder):
    for path in sorted(Path(captures).glob("*/trace.log")):
        out = folder / path.parent.name / "trace.har"
        out.parent.mkdir(parents=True)
        out.write_text(archive(path.read_text()))


def archive(text):
    """A log as HAR."""
    har = {"version": "1.2", "creator": {"name": "corpus.py", "version": "1"}, "entries": entries(text)}
    return json.dumps({"log": har}, indent=2, ensure_ascii=False) + "\n"


def entries(text):
    """The HAR entries of a log. Message N of the log happens at its Nth millisecond."""
    found, by_id = [], {}
    heads = list(HEAD.finditer(text))
    ends = [head.start() for head in heads[1:]] + [len(text)]
    for at, (head, end) in enumerate(zip(heads, ends)):
        sender, kind, receiver, rest = head.groups()
        fields, _, body = text[head.end() : end].partition("\n\n")
        headers = [dict(zip(("name", "value"), field.split(": ", 1))) for field in fields.split("\n") if ": " in field]
        values = {header["name"].lower(): header["value"] for header in headers}
        body = on_the_wire("" if body.strip() == "none" else body.rstrip("\n"), values.get("content-length"))
        kept = {"httpVersion": "HTTP/1.1", "cookies": [], "headers": headers, "headersSize": -1,
                "bodySize": len(body.encode())}
        if kind == "REQ >>>":
            method, url = rest.split(" ", 1)
            request = {"method": method, "url": url, "queryString": [], **kept}
            if body:
                request["postData"] = {"mimeType": values.get("content-type", ""), "text": body}
            entry = {"startedDateTime": moment(at), "_from": sender, "_to": receiver, "time": 0, "request": request}
            by_id[values["x-requestshook-request-id"]] = entry, at
            found.append(entry)
        else:
            entry, started = by_id[values["x-requestshook-request-id"]]
            status, rest = rest.split(" ", 1)
            reason, _, url = rest.rsplit(" ", 2)
            content = {"size": len(body.encode()), "mimeType": values.get("content-type", ""), "text": body}
            entry["time"] = at - started
            entry["response"] = {"status": int(status), "statusText": reason, "content": content, "redirectURL": "",
                                 **kept}
            # A server that completes a path says so in the log, and docgen keeps it in a field of its own.
            if url != entry["request"]["url"]:
                entry["response"]["_url"] = url
            entry |= {"cache": {}, "timings": {"send": 0, "wait": at - started, "receive": 0}}
    return found


def on_the_wire(body, length):
    """`body`, which a log shows, as it was sent with this Content-Length."""
    try:
        value = json.loads(body)
    except ValueError:
        return body
    # A log that was laid out otherwise, or a key that stands twice: the value is not all that was sent.
    if json.dumps(value, indent=2, ensure_ascii=False) != body:
        return body
    for separators, ascii_only, end in itertools.product((None, (",", ":")), (True, False), ("", "\n")):
        sent = json.dumps(value, separators=separators, ensure_ascii=ascii_only) + end
        if str(len(sent.encode())) == length:
            return sent
    return body


def moment(milliseconds):
    return f"2026-11-20T00:{milliseconds // 60000:02}:{milliseconds // 1000 % 60:02}.{milliseconds % 1000:03}Z"


if __name__ == "__main__":
    KINDS = {"mixed": mixed, "long": long, "large": large, "body": body, "line": line, "recorded": recorded}
    if sys.argv[1] == "har":
        har(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        KINDS[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])
