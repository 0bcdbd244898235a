"""What grows with N, and what docgen is asked to do with it: inputs that a person or a machine may well write.

Each kind is a function that writes one captures folder of size N, and says which command is measured. None of
them is about text that is merely long, which `run.py bodies` measures: it is about how many of a thing there
are, and whether each of them costs more where there are many.
"""

import json
import sys
from pathlib import Path

CALLS = Path(__file__).parent / "programs/calls.py"

CALL = """
### ({client}) REQ >>> ({server}) : GET http://h{path}
A: b
X-Requestshook-Request-Id: {id}

none


### ({client}) RESP <<< ({server}) : 200 OK GET http://h{path}
{headers}X-Requestshook-Request-Id: {id}

{body}

"""

RENDER = ["render", "{captures}", "{docs}"]
CHECK = ["check", "{captures}", "{docs}"]
NEW = ["new", "{captures}/a", "--captures", "{captures}"]
DIFF = ["diff", "--quiet", "{captures}/old", "{captures}/new"]
UPDATE = ["update", "{captures}/a", "--captures", "{captures}"]


def log(calls):
    """A log of calls; what a call does not say is the same for all."""
    usual = {"client": "c", "server": "s", "path": "/x", "headers": "", "body": "none"}
    return "".join(CALL.format(**{**usual, "id": number, **call}) for number, call in enumerate(calls))


def capture(captures, calls, settings="", page=None, name="a"):
    folder = captures / name
    folder.mkdir(parents=True)
    (folder / "trace.log").write_text(log(calls))
    if settings:
        (folder / "capture.toml").write_text('layout = "page"\n' + settings)
    if page is not None:
        (folder / "page.md").write_text(page)


def paths(count):
    return [{"path": f"/v2/things/{number}"} for number in range(count)]


def labels(count, selector="s GET /v2/things/{0}"):
    return "[label]\n" + "".join(f'l{number} = "{selector.format(number)}"\n' for number in range(count))


def one_body(count):
    """A call with one JSON body of so many keys, each on its line."""
    return [{"body": json.dumps({f"k{number}": number for number in range(count)}, indent=2)}]


ONE_LABEL = '[label]\nl = "s GET /x"\n'


def new_equal_calls(captures, count):
    capture(captures, [{}] * count)
    return NEW


def new_other_calls(captures, count):
    capture(captures, paths(count))
    return NEW


def labels_of_paths(captures, count):
    capture(captures, paths(count), labels(count))
    return RENDER


def labels_by_occurrence(captures, count):
    selectors = "".join(f'l{number} = "s GET /x #{number + 1}"\n' for number in range(count))
    capture(captures, [{}] * count, "[label]\n" + selectors)
    return RENDER


def labels_of_clients(captures, count):
    capture(captures, [{"client": f"c{number}"} for number in range(count)], labels(count, "c{0}->s GET /x"))
    return RENDER


def chained_after(captures, count):
    chain = "".join(f'l{number} = "s GET /x after l{number - 1}"\n' for number in range(1, count))
    capture(captures, [{}] * count, '[label]\nl0 = "s GET /x #1"\n' + chain)
    return RENDER


def chained_backwards(captures, count):
    chain = "".join(f'l{number} = "s GET /x after l{number - 1}"\n' for number in range(count - 1, 0, -1))
    capture(captures, [{}] * count, "[label]\n" + chain + 'l0 = "s GET /x #1"\n')
    return RENDER


def lost_labels(captures, count):
    capture(captures, paths(count), labels(count, "s GET /v2/things/gone-{0}"))
    return RENDER


def ambiguous_labels(captures, count):
    capture(captures, [{}] * count, labels(count, "s GET /x"))
    return RENDER


def participants(captures, count):
    capture(captures, [{"client": f"c{number}", "server": f"s{number}"} for number in range(count)])
    return RENDER


def declared_participants(captures, count):
    declared = "".join(f'[[participant]]\nid = "s{number}"\nnames = ["n{number}"]\n' for number in range(count))
    capture(captures, [{"server": f"n{number}"} for number in range(count)], declared)
    return RENDER


def aliased_participants(captures, count):
    capture(captures, [{"client": f"c {number}"} for number in range(count)])
    return RENDER


def variables(captures, count):
    variables = "".join(f'v{number} = "{number}"\n' for number in range(count))
    capture(captures, paths(count), "[vars]\n" + variables)
    return RENDER


def value_holes(captures, count):
    page = "".join(f'{{{{ value(l.response, "/k{number}") }}}}\n' for number in range(count))
    capture(captures, one_body(count), ONE_LABEL, page)
    return RENDER


def value_holes_on_a_line(captures, count):
    page = " ".join(f'{{{{ value(l.response, "/k{number}") }}}}' for number in range(count))
    capture(captures, one_body(count), ONE_LABEL, page)
    return RENDER


def wrong_holes(captures, count):
    page = " ".join(f'{{{{ value(l.response, "/no{number}") }}}}' for number in range(count))
    capture(captures, one_body(count), ONE_LABEL, page)
    return RENDER


def label_holes(captures, count):
    page = "".join(f"{{{{ l{number} }}}} {{{{ l{number}.response.status }}}}\n" for number in range(count))
    capture(captures, paths(count), labels(count), page)
    return RENDER


def unknown_holes(captures, count):
    page = "".join(f"{{{{ no{number} }}}}\n" for number in range(count))
    capture(captures, paths(count), labels(count), page)
    return RENDER


def highlights(captures, count):
    pointers = ", ".join(f'"/k{number}"' for number in range(count))
    capture(captures, one_body(count), ONE_LABEL, f"{{{{ tabs(l.response, highlight=[{pointers}]) }}}}\n")
    return RENDER


def highlighted_lines(captures, count):
    page = "".join(f'{{{{ lines(l.response, "/k{number}") }}}}\n' for number in range(count))
    capture(captures, one_body(count), ONE_LABEL, page)
    return RENDER


def highlighted_headers(captures, count):
    headers = "".join(f"H{number}: x\n" for number in range(count))
    names = ", ".join(f'"H{number}"' for number in range(count))
    capture(captures, [{"headers": headers}], ONE_LABEL, f"{{{{ header(l.response, highlight=[{names}]) }}}}\n")
    return RENDER


def groups(captures, count):
    boxes = "".join(f'[[group]]\nkind = "opt"\ntitle = "t"\nfirst = "l{number}"\n' for number in range(count))
    capture(captures, paths(count), labels(count) + boxes)
    return RENDER


def nested_groups(captures, count):
    boxes = "".join(
        f'[[group]]\nkind = "opt"\ntitle = "t"\nfirst = "l{number}"\nlast = "l{count - 1 - number}"\n'
        for number in range(count // 2)
    )
    capture(captures, paths(count), labels(count) + boxes)
    return RENDER


def notes(captures, count):
    boxes = "".join(
        f'[[note]]\ntext = "t"\nposition = "right of s"\nafter = "l{number}"\n' for number in range(count)
    )
    capture(captures, paths(count), labels(count) + boxes)
    return RENDER


def sections(count, text="{{{{ tabs(l{0}.response) }}}}"):
    return "".join(f"### {number}\n\n{text.format(number)}\n\n" for number in range(count))


def update_unshown(captures, count):
    capture(captures, paths(count), labels(count), "# x\n\ntext\n")
    return UPDATE


def update_shown(captures, count):
    capture(captures, paths(count), labels(count), sections(count))
    return UPDATE


def update_gone(captures, count):
    capture(captures, paths(1), labels(count), sections(count))
    return UPDATE


def gone_marks(captures, count):
    marks = "".join(
        f"<!-- docgen: gone l{number} -->\n### {number}\n\nx\n<!-- docgen: end -->\n" for number in range(1, count)
    )
    capture(captures, paths(1), labels(count), f"{{{{ tabs(l0.response) }}}}\n{marks}{{{{ rest }}}}\n")
    return RENDER


def check_gone_marks(captures, count):
    gone_marks(captures, count)
    return CHECK


def unclosed_marks(captures, count):
    capture(captures, paths(1), labels(1), "<!-- docgen: gone x -->\n" * count)
    return RENDER


def unclosed_holes(captures, count):
    capture(captures, paths(1), labels(1), "{{ l0 " * count)
    return RENDER


def check_unshown(captures, count):
    capture(captures, paths(count), labels(count), "# x\n\ntext\n")
    return CHECK


def keys(captures, count):
    table = "".join(f'k{number} = "x"\n' for number in range(count))
    capture(captures, paths(1), f'command = "x"\n[launch]\nshow = true\n[env]\n{table}[vars]\n{table}')
    return RENDER


def unknown_keys(captures, count):
    for number in range(count):
        capture(captures, [{}], f"titel{number} = 'x'\n", name=f"c{number}")
    return RENDER


def nested_settings(captures, count):
    """So many folders in each other, each with settings; as deep as paths may be, no further. docgen takes 64, and
    has to say so of more at no cost."""
    folder = captures
    for number in range(count):
        folder /= "d"
    folder.mkdir(parents=True)
    for depth in range(count):
        (folder / "docgen.toml").write_text(f"[vars]\nv{depth} = '{depth}'\n")
        (folder / "trace.log").write_text(log([{}]))
        folder = folder.parent
    return RENDER


def diagram_parts(captures, count):
    page = "".join(f"{{{{ diagram(after=l{number}, until=l{number + 1}) }}}}\n\n" for number in range(count - 1))
    capture(captures, paths(count), labels(count), page)
    return RENDER


def diagram_parts_in_boxes(captures, count):
    """Every other message in a box, and one box around all."""
    boxes = f'[[group]]\nkind = "loop"\ntitle = "all"\nfirst = "l0"\nlast = "l{count - 1}"\n' + "".join(
        f'[[group]]\nkind = "opt"\ntitle = "t"\nfirst = "l{number}"\n' for number in range(1, count - 1, 2)
    )
    page = "".join(f"{{{{ diagram(after=l{number}, until=l{number + 1}) }}}}\n\n" for number in range(count - 1))
    capture(captures, paths(count), labels(count) + boxes, page)
    return RENDER


def open_braces(captures, count):
    capture(captures, paths(1), labels(1), "{{" * count)
    return RENDER


def client_log(captures, text):
    """A capture that is the log of a client."""
    folder = captures / "a"
    folder.mkdir(parents=True)
    (folder / "trace.log").write_text(text)
    return RENDER


ASKED = 'REQ: curl -g -i -X GET http://h/{0} -H "Accept: a/b"\n'
ANSWERED = "RESP: [200] Content-Length: 2 Content-Type: application/json\n"


def client_calls(captures, count):
    return client_log(captures, "".join(ASKED.format(n) + ANSWERED + "RESP BODY: {}\n" for n in range(count)))


def client_open_requests(captures, count):
    return client_log(captures, "".join(map(ASKED.format, range(count))) + ANSWERED * count + "RESP BODY: {}\n" * count)


def client_threads(captures, count):
    lines = ("DEBUG keystoneauth.session [req-{0}] " + line for line in (ASKED, ANSWERED, "RESP BODY: {{}}\n"))
    return client_log(captures, "".join(line.format(n) for line in lines for n in range(count)))


def client_fields(captures, count):
    fields = " ".join(f"X-N{n:09}: a" for n in range(count))
    return client_log(captures, ASKED.format(0) + f"RESP: [200] {fields}\n")


def client_unsorted_fields(captures, count):
    fields = " ".join(f"X-N{n * 7919 % count:09}: a" for n in range(count))
    return client_log(captures, ASKED.format(0) + f"RESP: [200] {fields}\n")


def client_quotes(captures, count):
    quotes = '" -x' * count
    return client_log(captures, f'REQ: curl -g -i -X GET http://h/ -H "A: {quotes}" -d \'{quotes}\n' + ANSWERED)


def client_begun_bodies(captures, count):
    return client_log(captures, ASKED.format(0) + (ANSWERED + "RESP BODY: {\n") * count)


def client_commands_on_a_line(captures, count):
    return client_log(captures, ASKED.format(0) + "REQ: curl " * count + "\n" + ANSWERED)


def client_quoted_commands(captures, count):
    return client_log(captures, '"' + "REQ: curl " * count + "\n" + ASKED.format(0) + ANSWERED)


def client_margins(captures, count):
    margin = "> " * count
    return client_log(captures, margin + ASKED.format(0) + margin + ANSWERED)


def client_broken_lines(captures, count):
    return client_log(captures, 'REQ: curl -g -i -X GET http://h/ -H "A: ' + "b\n" * count + '"\n' + ANSWERED)


def captured(captures, path, count, settings=""):
    """A command that is recorded while it asks so many times; its own cost and its server's are in the figure."""
    captures.mkdir()
    (captures / "docgen.toml").write_text(settings)
    return ["--quiet", "capture", "{captures}", "a", "--", sys.executable, str(CALLS), path, str(count)]


def captured_equal_calls(captures, count):
    return captured(captures, "/x", count)


def captured_other_calls(captures, count):
    return captured(captures, "/v2/things/x{{n}}", count)


def captured_ids(captures, count):
    return captured(captures, "/image/v2/images/{{id}}", count, 'profile = "openstack"\n')


# The largest N, where it is not that of all.
def diffed(captures, olds, news):
    capture(captures, olds, name="old")
    capture(captures, news, name="new")
    return DIFF


def minted(number, run):
    return f"{number:08x}-0000-4000-8000-{run:012x}"


def things(count, run, agent="1.0"):
    """Calls for so many things, each with an id of the run's own."""
    return [
        {"path": f"/v2/things/{minted(number, run)}", "headers": f"Server: {agent}\n",
         "body": json.dumps({"id": minted(number, run), "name": f"thing-{number}", "size": number})}
        for number in range(count)
    ]


def diff_other_ids(captures, count):
    return diffed(captures, things(count, 1), things(count, 2))


def diff_another_header(captures, count):
    return diffed(captures, things(count, 1), things(count, 2, "2.0"))


def diff_repeats(captures, count):
    return diffed(captures, [{}] * count, [{}] * (count // 2) + [{"path": "/y"}] + [{}] * count)


def diff_nothing_in_common(captures, count):
    return diffed(captures, paths(count), [{"path": f"/v3/{number}/other"} for number in range(count)])


def diff_list_members(captures, count):
    def body(run):
        return [{"body": json.dumps([f"{run}-{number}" for number in range(count)])}]
    return diffed(captures, body("a"), body("b"))


def diff_keys(captures, count):
    def body(run):
        return [{"body": json.dumps({f"{run}{number}": number for number in range(count)})}]
    return diffed(captures, body("a"), body("b"))


def diff_captures(captures, count):
    for number in range(count // 10):
        capture(captures, things(10, 1), name=f"old/{number}")
        capture(captures, things(10, 2, "2.0"), name=f"new/{number}")
    return DIFF


KINDS = {
    new_equal_calls: None, new_other_calls: None,
    labels_of_paths: None, labels_by_occurrence: None, labels_of_clients: None, chained_after: None,
    chained_backwards: None, lost_labels: None, ambiguous_labels: None,
    participants: None, declared_participants: None, aliased_participants: None, variables: None,
    value_holes: None, value_holes_on_a_line: None, wrong_holes: None, label_holes: None, unknown_holes: None,
    highlights: None, highlighted_lines: None, highlighted_headers: None,
    groups: None, nested_groups: None, notes: None,
    update_unshown: None, update_shown: None, update_gone: None, gone_marks: None, check_gone_marks: None,
    diagram_parts: None, diagram_parts_in_boxes: None, open_braces: None,
    unclosed_marks: None, unclosed_holes: None, check_unshown: None,
    client_calls: None, client_open_requests: None, client_threads: None, client_fields: None,
    client_unsorted_fields: None, client_quotes: None, client_begun_bodies: None, client_commands_on_a_line: None,
    client_quoted_commands: None, client_margins: None, client_broken_lines: None,
    captured_equal_calls: None, captured_other_calls: None, captured_ids: None,
    keys: None, unknown_keys: None, nested_settings: 500,
    diff_other_ids: None, diff_another_header: None, diff_repeats: None, diff_nothing_in_common: None,
    diff_list_members: None, diff_keys: None, diff_captures: None,
}
