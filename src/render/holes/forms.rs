//! How each word of a hole is written, and what that prints: for error messages, and for the page of the manual.
//!
//! A test fills every form that is listed here. What this leaves out: what labels are, which the guide tells.

use std::fmt::Write;

use super::message::MESSAGE_FIELDS;
use crate::settings::HoleWord;

/// The forms of a word: what stands between the braces, and what it prints. `show`, `token` and others are
/// labels.
pub(super) fn forms(word: HoleWord) -> &'static [(&'static str, &'static str)] {
    match word {
        HoleWord::Api => &[("api(show)", "a link to the API's reference, where the profile knows it")],
        HoleWord::Arrow => &[("arrow(show.request)", "its line of the diagram, for a fence of yours")],
        HoleWord::Arrows => &[
            ("arrows", "all lines of the diagram, for a fence of yours"),
            ("arrows(after=token, until=show)", "those behind one message and up to another"),
        ],
        HoleWord::Body => &[("body(show.response, highlight=\"/id\")", "the tab of a body")],
        HoleWord::Command => &[
            ("command", "the command in a fence"),
            ("command.line", "its first line"),
            ("command.text", "its lines, without a fence"),
        ],
        HoleWord::Curl => &[("curl(show)", "the request as a `curl` command")],
        HoleWord::Describe => &[
            ("describe(show.request)", "what the profile says that a message asks or brings"),
            ("describe(show)", "what it says that the exchange is for"),
        ],
        HoleWord::Diagram => &[
            ("diagram", "the diagram; in the layout `exchanges`, what the client sees"),
            ("diagram(until=token)", "the whole diagram up to a message"),
            ("diagram(after=token, until=show)", "the part behind one message and up to another"),
        ],
        HoleWord::Exchange => &[("exchange(show)", "an exchange with headings and tabs")],
        HoleWord::Facts => &[
            ("facts", "the page in one line; in the layout `exchanges`"),
            ("facts(show)", "an exchange in one line, likewise"),
        ],
        HoleWord::Header => &[("header(show.response, highlight=\"Location\")", "the tab of headers")],
        HoleWord::Heading => &[
            ("heading(show)", "the text of an exchange's heading; in the layout `exchanges`"),
            ("heading(show.request)", "the text of a message's heading"),
        ],
        HoleWord::Inside => {
            &[("inside(show)", "the diagram of what was sent for an exchange; in the layout `exchanges`")]
        }
        HoleWord::Launch => &[("launch", "a debugger's configuration that runs the command")],
        HoleWord::Lines => &[(
            "lines(show.response, \"/id\")",
            "the numbers of lines, for the option `hl_lines` of a fence of yours",
        )],
        HoleWord::Log => {
            &[("log", "the whole log, in the way of the layout"), ("log.text", "its lines, without a fence")]
        }
        HoleWord::Message => &[("message(show.request)", "a message with heading and tabs")],
        HoleWord::Output => &[
            ("output", "what the command printed, in a fence"),
            ("output.text", "its lines, without a fence"),
        ],
        HoleWord::Overview => &[("overview", "a table of all exchanges; in the layout `exchanges`")],
        HoleWord::Page => {
            &[("page(\"openstack/image/create\")", "the path of another capture's page, for a link of yours")]
        }
        HoleWord::Part => &[
            ("part(show.response.headers, 2)", "lines of headers or of a body, from the second on"),
            ("part(show.response.body, 1, 12)", "from one line to another"),
        ],
        HoleWord::Participants => &[("participants", "the lines of the diagram that declare participants")],
        HoleWord::Range => {
            &[("range(first, last)", "from the first step of one to the last of another: `(3)-(8)`")]
        }
        HoleWord::Reference => &[
            ("reference", "a link to the command's documentation"),
            ("reference.text", "what the link says"),
            ("reference.url", "where it leads"),
        ],
        HoleWord::Rest => &[
            ("rest", "the sections of what no other hole shows"),
            ("rest(until=show.request)", "of that what comes before a message"),
        ],
        HoleWord::Seen => &[
            ("seen", "the day on which the capture was last recorded here"),
            ("seen.time", "the moment"),
            ("seen.release", "the release that was told"),
        ],
        HoleWord::Shared => &[(
            "shared(\"openstack/image/create\", until=version)",
            "the steps up to a message, which another capture's page shows as well: `(1)-(6)`",
        )],
        HoleWord::Span => &[("span(first, last)", "the same as a range, in one pair of brackets: `(3-8)`")],
        HoleWord::Tabs => &[
            ("tabs(show)", "a tab for the request and one for the response; in the layout `exchanges`"),
            ("tabs(show.response, highlight=\"/id\")", "both tabs of a message"),
        ],
        HoleWord::Title => &[("title", "the page's title")],
        HoleWord::Value => {
            &[("value(show.response, \"/status\")", "one value of a body, or of a header by its name")]
        }
        HoleWord::Var => &[("var.image_id", "the value of a variable of `[vars]`")],
        HoleWord::Vars => &[("vars", "a table of all variables")],
        HoleWord::Waterfall => {
            &[("waterfall", "a timeline, where the trace has true times; in the layout `exchanges`")]
        }
    }
}

/// How a word is called, by an example: by the last of its calls, where it may be called.
pub(super) fn usage(word: HoleWord) -> &'static str {
    let called = forms(word).iter().rev().find(|(form, _)| form.contains('('));
    called.or(forms(word).first()).map_or(word.name(), |(form, _)| form)
}

/// Options of calls, what each says, and which words take it.
const OPTIONS: &[(&str, &str, &[HoleWord])] = &[
    ("highlight", "lines to mark: a JSON pointer, a header, a range of either, or a list of these", FENCES),
    ("linenums", "whether lines have numbers: `true` or `false`", FENCES),
    ("prefix", "a text before the body", BODIES),
    ("absent", "a text for a body that is not there", BODIES),
    ("language", "the body's language, as highlighters name it", BODIES),
    ("raw", "whether JSON that was sent on one line stays on it: `true` or `false`", BODIES),
    (
        "after",
        "the message behind which a part of the diagram begins",
        &[HoleWord::Arrows, HoleWord::Diagram],
    ),
    (
        "until",
        "the message up to which it goes; of `rest`, the one before which it ends",
        &[HoleWord::Arrows, HoleWord::Diagram, HoleWord::Rest, HoleWord::Shared],
    ),
];
const FENCES: &[HoleWord] =
    &[HoleWord::Body, HoleWord::Exchange, HoleWord::Header, HoleWord::Message, HoleWord::Tabs];
const BODIES: &[HoleWord] = &[HoleWord::Body, HoleWord::Message, HoleWord::Tabs];

/// The options that a word takes.
pub(super) fn options(word: HoleWord) -> Vec<&'static str> {
    OPTIONS.iter().filter(|(.., words)| words.contains(&word)).map(|(name, ..)| *name).collect()
}

/// The page of the manual about holes, as Markdown.
pub(crate) fn holes_page() -> String {
    let mut page = String::from(
        "# Holes\n\n\
         What stands between two braces in a page source, `{{ title }}`. The guide tells [how to write with \
         them](../guide/page-sources.md#holes); this page lists all. `show`, `token`, `first` and `last` are labels of yours, \
         and where a label stands, a selector in quotes may stand as well: \
         `{{ exchange(\"glance GET /image/v2/images\") }}`. `docgen reference holes` prints this page, for the \
         docgen that you have.\n\n## Words\n\n| Hole | Prints |\n| --- | --- |\n",
    );
    for word in HoleWord::ALL {
        for (form, prints) in forms(*word) {
            let _ = writeln!(page, "| `{{{{ {form} }}}}` | {prints} |");
        }
    }
    page += "\n## Options\n\n| Option | Says | Of |\n| --- | --- | --- |\n";
    for (name, says, words) in OPTIONS {
        let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
        let _ = writeln!(page, "| `{name}` | {says} | {} |", words.join(", "));
    }
    page += "\n## Labels\n\n`{{ show }}` prints the numbers of both messages of an exchange, `(7),(8)`; \
             `{{ show.request }}` and `{{ show.response }}` those of one. Of a message these can be printed, \
             `{{ show.request.path }}`:\n\n| Field | Is |\n| --- | --- |\n";
    for (name, about) in MESSAGE_FIELDS {
        let _ = writeln!(page, "| `{name}` | {about} |");
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_is_one_of_its_word() {
        for word in HoleWord::ALL {
            for (form, _) in forms(*word) {
                let rest = form.strip_prefix(word.name());
                assert!(rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '('])), "{form}");
            }
        }
    }
}
