//! A log in another notation, read back.
//!
//! Docker, fluentd and loggers that write JSON have each line as a member of an object; Ansible
//! shows lines as strings of a list; a page's source has entities for quotes, a word processor
//! curly ones, and a chat spaces that do not break. Each is read back only where the first entry
//! shows it: what a body holds is none of this. What this leaves out: a whole log in one string.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

/// What the JSON lines of a file say, and the file's line of each line of that; `None` for any other
/// text.
pub(super) fn json_lines(text: &str) -> Option<(String, Vec<u32>)> {
    let is_list = is_list_of_strings(text);
    if !is_list && !is_json_lines(text) {
        return None;
    }
    let (mut decoded, mut lines) = (String::with_capacity(text.len()), Vec::new());
    let mut is_begun = false;
    for (number, line) in (1u32..).zip(text.lines()) {
        let said = if is_list { string(line) } else { Message::of(line).and_then(Message::text) };
        let said = said.unwrap_or_else(|| format!("{line}\n"));
        for part in said.split_inclusive('\n') {
            if !is_begun {
                lines.push(number);
            }
            decoded.push_str(part);
            // A line longer than 16 KiB goes on in the next object of Docker's.
            is_begun = !part.ends_with('\n');
        }
    }
    Some((decoded, lines))
}

/// Whether each line of `text` is an object with a message, as its first one shows.
pub(super) fn is_json_lines(text: &str) -> bool {
    let first = text.trim_ascii_start().lines().next().unwrap_or_default();
    Message::of(first).and_then(Message::text).is_some()
}

/// The members in which loggers keep a message.
#[derive(serde::Deserialize)]
struct Message {
    log: Option<String>,
    message: Option<String>,
    #[serde(rename = "MESSAGE")]
    journal: Option<String>,
    #[serde(rename = "Payload")]
    payload: Option<String>,
    msg: Option<String>,
    /// Docker's alone.
    stream: Option<String>,
}

impl Message {
    /// The object on `line`, before which fluentd writes a time and a tag.
    fn of(line: &str) -> Option<Message> {
        let object = match line.split_once("\t{") {
            Some((before, _)) if !before.contains('{') => &line[before.len() + 1..],
            _ => line.trim_ascii_start(),
        };
        object.starts_with('{').then(|| serde_json::from_str(object).ok()).flatten()
    }

    fn text(self) -> Option<String> {
        let is_part = self.log.is_some() && self.stream.is_some();
        let mut text = self.log.or(self.message).or(self.journal).or(self.payload).or(self.msg)?;
        if !is_part && !text.ends_with('\n') {
            text.push('\n');
        }
        Some(text)
    }
}

/// Whether the lines of `text` are strings of a list, as the first request in it shows.
fn is_list_of_strings(text: &str) -> bool {
    let found = ["REQ: curl ", "curl -g -i ", "curl -i "]
        .iter()
        .filter_map(|word| memchr::memmem::find(text.as_bytes(), word.as_bytes()))
        .min();
    found.is_some_and(|at| {
        let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let line = text[start..].lines().next().unwrap_or_default();
        string(line).is_some()
    })
}

/// The string that `line` is, as an element of a list (`- "…"` of YAML included).
fn string(line: &str) -> Option<String> {
    let line = line.trim_ascii();
    let line = line.strip_prefix("- ").unwrap_or(line);
    let line = line.strip_suffix(',').unwrap_or(line);
    if !line.starts_with('"') {
        return None;
    }
    let mut string: String = serde_json::from_str(line).ok()?;
    string.push('\n');
    Some(string)
}

/// `text` with plain quotes and spaces where its entries show others; `None` where they do not.
pub(super) fn plain(text: &str) -> Option<String> {
    let has = |marks: &[&str]| {
        marks.iter().any(|mark| memchr::memmem::find(text.as_bytes(), mark.as_bytes()).is_some())
    };
    let has_entities = has(&[
        " -H &quot;",
        " -H &#34;",
        " -H &#x22;",
        " -H &#39;",
        " -H &#x27;",
        " -H &apos;",
        ") REQ &gt;&gt;&gt; (",
        "__ -&gt; Request [",
    ]);
    let mut plain = has_entities.then(|| {
        static ENTITIES: LazyLock<AhoCorasick> = LazyLock::new(|| {
            AhoCorasick::new(PAIRS.map(|(entity, _)| entity)).expect("short words make an automaton")
        });
        ENTITIES.replace_all(text, &PAIRS.map(|(_, character)| character))
    });
    if has(&[" -H \u{201c}", " -H \u{201d}", " -H \u{2018}"]) {
        let text = plain.as_deref().unwrap_or(text);
        plain = Some(text.replace(['\u{201c}', '\u{201d}'], "\"").replace(['\u{2018}', '\u{2019}'], "'"));
    }
    if has(&["REQ:\u{a0}curl", "REQ: curl\u{a0}", "curl\u{a0}-g", "curl\u{a0}-i", "REQ:&nbsp;curl"]) {
        plain = Some(plain.as_deref().unwrap_or(text).replace('\u{a0}', " "));
    }
    plain
}

/// The entities that a page's source has in such lines.
const PAIRS: [(&str, &str); 13] = [
    ("&quot;", "\""),
    ("&#34;", "\""),
    ("&#x22;", "\""),
    ("&#39;", "'"),
    ("&#x27;", "'"),
    ("&apos;", "'"),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&amp;", "&"),
    ("&nbsp;", " "),
    ("&#38;", "&"),
    ("&#60;", "<"),
    ("&#62;", ">"),
];
