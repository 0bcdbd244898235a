//! The log of the `requestshook` middleware.
//!
//! One entry a message:
//!
//! ```text
//!
//! ### (FROM) REQ >>> (TO) : METHOD URL
//! Name: value
//!
//! body
//!
//! ```
//!
//! with `RESP <<<` and `STATUS REASON METHOD URL` for a response; where
//! [`requestshook_writer`](super::requestshook_writer) does not know the method of what a response answers,
//! two blanks come before the URL. Nothing is escaped, so where
//! a body ends is a question: it may hold blank lines and lines that look like the head of an
//! entry, or be such a log itself. What answers it, the surest first: a line that stands for a body
//! which is not kept whole (`b'…'...`, `Omitted, …`), before the next entry; a Content-Length that
//! ends just before the next entry; the closing bracket of a body that the writer laid out as
//! JSON (it has no blank line inside); then the first line that is a head in every respect.
//! What this leaves out: checking every byte of a JSON body. It is only parsed where its ends
//! do not fit.
//!
//! The time is linear in the length of the log: a candidate for a head is looked at once, and
//! no look goes further than the next candidate or the end of the headers.

use std::ops::Range;
use std::path::Path;

use memchr::memmem::Finder;

use super::lines::Lines;
use super::pairing::{Call, Pairing};
use crate::error::Error;
use crate::json;
use crate::text::{self, Text};
use crate::trace::{Binary, Body, Headers, Response, Trace, is_omission};

/// What the head of an entry begins with.
const HEAD: &str = "### (";

/// What comes between the sender and the receiver of a request, of a response, and after the receiver.
pub(super) const BETWEEN: [&str; 3] = [") REQ >>> (", ") RESP <<< (", ") : "];

/// The header in which the middleware puts the id of an exchange.
const ID: &str = "X-Requestshook-Request-Id";

/// The length of the longest body that can be the `repr` of 32 bytes and `...`.
const LONGEST_REPR: usize = "b''...".len() + 32 * "\\x00".len();

const HINT_KEPT: &str = "what is whole of this request is shown; capture the command again, or mend the line";

/// What stands for a body that was lost with the end of its message.
const LOST: &str = "Omitted, the log is damaged before it";

const PASSED_OVER: &str = "this looks like the head of an entry, and is read as a line of the body before it";

const HINT_PASSED_OVER: &str =
    "nothing tells where that body ends; if an entry begins here, capture the command again";

const HINT: &str = "the entry is left out; capture the command again, or mend the line";

/// Reads the log `text`, the content of `file`.
pub fn read(file: &Path, text: &Text) -> (Trace, Vec<Error>) {
    let unified = unify_line_ends(text);
    let text = unified.as_ref().unwrap_or(text);
    let lines = &Lines::new(text);
    let pairing = Pairing::new(file, text);
    let reader =
        Reader { text, lines, head: Finder::new(HEAD), blank: Finder::new("\n\n"), has_ids: false, pairing };
    reader.run()
}

/// Where the first entry of such a log begins, whole or damaged.
pub(super) fn first_entry(text: &str) -> Option<usize> {
    if text.starts_with(HEAD) {
        return Some(0);
    }
    memchr::memmem::find(text.as_bytes(), b"\n### (").map(|at| at + 1)
}

/// A log with Windows line ends had its own ones replaced by them, in the bodies too.
fn unify_line_ends(text: &Text) -> Option<Text> {
    let first = memchr::memchr(b'\n', text.as_bytes())?;
    text[..first].ends_with('\r').then(|| Text::from(text.replace("\r\n", "\n")))
}

/// The head of an entry and its headers.
struct Entry<'a> {
    start: usize,
    /// Where the head's line ends.
    line_end: usize,
    /// The number of the body's first line.
    body_line: usize,
    call: Call<'a>,
    /// `None` for a request.
    status: Option<(u16, &'a str)>,
    /// The header lines.
    headers: &'a str,
    /// There is one space after each colon of them.
    is_exact: bool,
    /// The Content-Length, where there is one.
    length: Option<usize>,
    /// Whether that is the length of another form of the body.
    is_coded: bool,
    body_start: usize,
}

impl Entry<'_> {
    /// Whether its Content-Length is that of what it does not send (RFC 9110, section 8.6).
    fn names_other_length(&self) -> bool {
        let is_head = self.call.method == Some("HEAD");
        self.status.as_ref().is_some_and(|(status, _)| is_head || *status == 304)
    }
}

/// Why what looks like an entry is none.
struct Damage<'a> {
    at: usize,
    end: usize,
    message: &'static str,
    /// Where the next entry may begin: the damaged line itself may hold its head.
    resume: usize,
    /// The head's line is whole.
    has_head: bool,
    /// How many header lines are whole.
    headers: usize,
    /// One of them has the id.
    has_id: bool,
    /// Where it is a request: its head, and the headers before the damage.
    request: Option<Box<Entry<'a>>>,
}

/// What is wrong with a body, where, and where it ends all the same.
struct BodyDamage {
    at: usize,
    message: &'static str,
    end: usize,
}

/// What comes after a body.
enum After<'a> {
    /// An entry certainly ends at the byte `at`; `near` is the number of a line not far above.
    Boundary { at: usize, near: usize },
    /// It is found already.
    Found(Next<'a>),
}

/// What comes next, or where the reader has lost its way.
enum Next<'a> {
    Entry(Entry<'a>),
    Damage(Damage<'a>),
    End,
}

/// What a search came to.
struct Found<'a> {
    /// Where it begins.
    at: usize,
    next: Next<'a>,
    /// The first line before it that is a head by its words, but may as well be a line of a body.
    passed_over: Option<Range<usize>>,
}

/// What is known at the place where an entry is looked for.
#[derive(Clone, Copy, PartialEq)]
enum Search {
    /// In a body, whose end is unknown.
    Body,
    /// After damage, or in text before the first entry.
    Lost,
}

struct Reader<'a> {
    text: &'a Text,
    lines: &'a Lines,
    head: Finder<'static>,
    blank: Finder<'static>,
    /// The entries of this log have an id.
    has_ids: bool,
    pairing: Pairing<'a>,
}

impl<'a> Reader<'a> {
    fn run(mut self) -> (Trace, Vec<Error>) {
        let mut after = After::Boundary { at: 0, near: 0 };
        loop {
            let next = match after {
                After::Boundary { at, near } => self.boundary(at, near),
                After::Found(next) => next,
            };
            after = match next {
                Next::End => return self.pairing.finish(),
                Next::Damage(damage) => {
                    let hint = match &damage.request {
                        Some(request) => {
                            self.has_ids |= request.call.id.is_some();
                            self.take_cut(request, request.body_start);
                            HINT_KEPT
                        }
                        None => HINT,
                    };
                    self.pairing.damage(damage.message, damage.at, damage.end, hint);
                    After::Found(self.search(damage.resume, Search::Lost).next)
                }
                Next::Entry(entry) => {
                    self.has_ids |= entry.call.id.is_some();
                    let (end, after) = self.body_end(&entry);
                    match end {
                        Ok(end) => self.take(&entry, end),
                        Err(BodyDamage { at, message, end: body_end }) => {
                            let end = at + self.text[at..].chars().next().map_or(0, char::len_utf8);
                            let is_request = entry.status.is_none();
                            if is_request {
                                self.take_cut(&entry, body_end);
                            }
                            self.pairing.damage(message, at, end, if is_request { HINT_KEPT } else { HINT });
                        }
                    }
                    after
                }
            };
        }
    }

    /// Hands over what is whole of a request, and its body up to `end`, so that its response answers it.
    fn take_cut(&mut self, request: &Entry<'a>, end: usize) {
        let body = &self.text[request.body_start..end];
        // Whether what is left of a `none` was one, nobody knows either.
        let is_lost = "none".starts_with(body);
        let body =
            if is_lost { Body::Omitted(LOST.into()) } else { Body::Text(text::slice(self.text, body)) };
        let headers = self.headers(request);
        self.pairing.request(request.call, headers, body);
    }

    /// Hands over an entry whose body ends at `end`.
    fn take(&mut self, entry: &Entry<'a>, end: usize) {
        let (headers, body) = (self.headers(entry), self.body(entry, end));
        match entry.status {
            None => self.pairing.request(entry.call, headers, body),
            Some((status, reason)) => {
                let reason = text::slice(self.text, reason);
                let response = Response { status, reason, headers, body, ..Response::default() };
                self.pairing.response(entry.call, response, entry.start, entry.line_end);
            }
        }
    }

    fn body(&self, entry: &Entry<'a>, end: usize) -> Body {
        let body = &self.text[entry.body_start..end];
        let length = entry.length;
        if body.is_empty() || body == "none" && (length != Some(4) || entry.names_other_length()) {
            return Body::Absent;
        }
        if body.len() <= LONGEST_REPR
            && body.starts_with('b')
            && length != Some(body.len())
            && let Some(binary) = Binary::from_repr(body)
        {
            let length = length.filter(|_| !entry.is_coded).map(|length| length as u64);
            return Body::Binary(Binary { length, ..binary });
        }
        if is_omission(body, length.map(|length| length as u64)) {
            return Body::Omitted(text::slice(self.text, body));
        }
        Body::Text(text::slice(self.text, body))
    }

    /// Where the body of `entry` ends, or where and why it is damaged; and what comes after it.
    fn body_end(&mut self, entry: &Entry<'a>) -> (Result<usize, BodyDamage>, After<'a>) {
        let (start, line) = (entry.body_start, entry.body_line);
        let rest = &self.text[start..];
        let boundary = |at| After::Boundary { at, near: line };
        let length = entry.length.filter(|_| !entry.is_coded);
        let exact =
            length.filter(|&length| rest.is_char_boundary(length) && self.is_boundary(start + length));
        let is_open = rest.starts_with(['{', '[']);

        // A log that ends in its headers has lost the body: the writer never leaves it out.
        if rest.is_empty() {
            let message = "the log ends before the body of this entry";
            return (Err(BodyDamage { at: start, message, end: start }), After::Found(Next::End));
        }
        if entry.names_other_length() && rest.starts_with("none") && self.is_before_head(start + "none".len())
        {
            let end = start + "none".len();
            return (Ok(end), boundary(end));
        }
        // Before the length is believed: it is that of what the log does not hold, and may end anywhere.
        if let Some(end) = stand_in_end(rest, length)
            && self.is_before_head(start + end)
        {
            return (Ok(start + end), boundary(start + end));
        }
        if !is_open && let Some(length) = exact {
            // What is called JSON and does not begin so is damaged, and the length may end in
            // some later entry. No JSON holds the line of a head.
            let holds_entry = is_json(&self.headers(entry)) && rest[..length].contains("\n### (");
            if !holds_entry {
                return (Ok(start + length), boundary(start + length));
            }
        }
        let paragraph = || self.blank.find(rest.as_bytes()).unwrap_or(trim_line_end(rest).len());
        if rest.starts_with("none") {
            let end = start + "none".len();
            let is_unknown = length.unwrap_or(0) == 0 && !entry.is_coded;
            if self.is_before_head(end) || is_unknown && self.is_boundary(end) {
                return (Ok(end), boundary(end));
            }
        } else if is_open {
            if let Some((end, last_line)) = self.laid_out_end(start, line)
                && self.is_before_head(end)
            {
                return (Ok(end), After::Boundary { at: end, near: last_line });
            }
            let end = paragraph();
            let body = &rest[..end];
            let is_closed = is_closed(body) && self.is_before_head(start + end);
            // A text that only begins as JSON does.
            if let Some(length) = exact.filter(|&length| rest[length..].starts_with("\n\n")) {
                return (Ok(start + length), boundary(start + length));
            }
            match json::validate(body) {
                Ok(()) if self.is_boundary(start + end) => {
                    return (Ok(start + end), boundary(start + end));
                }
                Err(at) if is_closed && is_json(&self.headers(entry)) && !entry.is_coded => {
                    let message = "the JSON body of this entry is damaged here";
                    let damage = BodyDamage { at: start + at, message, end: start + end };
                    return (Err(damage), boundary(start + end));
                }
                _ => {}
            }
        }
        self.uncertain_body_end(entry, length)
    }

    /// The same for a body that only the next head ends. `length` is that of the headers.
    fn uncertain_body_end(
        &mut self,
        entry: &Entry<'a>,
        length: Option<usize>,
    ) -> (Result<usize, BodyDamage>, After<'a>) {
        let start = entry.body_start;
        let Found { at, next, passed_over } = self.search(start, Search::Body);
        let before = &self.text[start..at];
        let ends = before.len() - before.trim_end_matches('\n').len();
        let is_last = matches!(next, Next::End);
        // Two line ends close an entry, and the next one begins with another.
        let body = &before[..before.len() - ends.min(if is_last { 2 } else { 3 })];
        let end = start + body.len();
        // Its length says that the body is such a text.
        if let Some(head) = passed_over.filter(|_| length != Some(body.len())) {
            self.pairing.warn(PASSED_OVER, head.start, head.end, HINT_PASSED_OVER);
        }
        let damage = self.cut_off(entry, body, length, is_last, ends);
        let damage = damage.map(|(at, message)| BodyDamage { at, message, end });
        (damage.map_or(Ok(end), Err), After::Found(next))
    }

    /// Where and why `body`, whose end is not certain, cannot be the whole of it. `ends` line
    /// ends come after it.
    fn cut_off(
        &self,
        entry: &Entry<'a>,
        body: &str,
        length: Option<usize>,
        is_last: bool,
        ends: usize,
    ) -> Option<(usize, &'static str)> {
        let start = entry.body_start;
        let end = start + body.len();
        if !is_last && ends == 0 {
            return Some((end, "the next entry begins in the middle of a line of this one"));
        }
        if body.starts_with(['{', '[']) {
            if ends >= 2 && length == Some(body.len()) {
                return None;
            }
            let Err(at) = json::validate(body) else { return None };
            let is_short = at >= body.trim_ascii_end().len();
            let is_certain = if is_last || ends < 2 {
                is_short || is_json(&self.headers(entry))
            } else {
                is_json(&self.headers(entry))
            };
            if is_certain && (is_short || !entry.is_coded) {
                let message = if is_short {
                    "the JSON body of this entry is cut off here"
                } else {
                    "the JSON body of this entry is damaged here"
                };
                return Some((start + at, message));
            }
            return None;
        }
        if body == "none" || body.is_empty() && ends > 0 {
            return None;
        }
        if let Some(length) = length
            && (length > body.len() || length < body.len() && is_json(&self.headers(entry)))
            && json::validate(body).is_err()
        {
            return Some((end, "the body of this entry has not the length of its Content-Length"));
        }
        if !is_last && ends < 2 {
            return Some((end, "the next entry begins before the empty line that ends this one"));
        }
        if is_last && ends == 0 && length.unwrap_or(0) == 0 && "none".starts_with(body) {
            return Some((end, "the log ends in the middle of this entry"));
        }
        None
    }

    /// Whether an entry that ends at `at` is followed by the end of the log, or by the empty
    /// lines between two entries.
    fn is_boundary(&self, at: usize) -> bool {
        let rest = &self.text.as_bytes()[at..];
        rest.starts_with(b"\n\n\n") || matches!(rest, b"" | b"\n" | b"\n\n")
    }

    /// Whether an entry that ends at `at` is followed by the end of the log, or by what begins
    /// as a head does.
    fn is_before_head(&self, at: usize) -> bool {
        let rest = &self.text.as_bytes()[at..];
        rest.starts_with(b"\n\n\n### (") || matches!(rest, b"" | b"\n" | b"\n\n" | b"\n\n\n")
    }

    /// What comes after `at`, where an entry certainly ends. `near` is the number of a line not far above.
    fn boundary(&self, at: usize, near: usize) -> Next<'a> {
        let start = at + self.text[at..].bytes().take_while(|&byte| byte == b'\n').count();
        if start == self.text.len() {
            return Next::End;
        }
        let line = self.lines.line_of(start, near);
        let line_end = self.line_end(line);
        if !self.text[start..].starts_with(HEAD) {
            let message = "this is not the head of an entry";
            return Next::Damage(Damage {
                at: start,
                end: line_end,
                message,
                resume: start,
                has_head: false,
                headers: 0,
                has_id: false,
                request: None,
            });
        }
        match self.parse(start, line) {
            Ok(entry) => Next::Entry(entry),
            Err(damage) => Next::Damage(damage),
        }
    }

    /// The first entry after `from`.
    fn search(&self, from: usize, search: Search) -> Found<'a> {
        let bytes = self.text.as_bytes();
        let mut from = from;
        let mut passed_over = None;
        let (mut line, mut line_end) = (0, 0);
        while let Some(found) = self.head.find(&bytes[from..]) {
            let at = from + found;
            from = at + HEAD.len();
            if at >= line_end {
                line = self.lines.line_of(at, line);
                line_end = self.line_end(line);
            }
            // A URL has no space, so a line with two heads has lost something in the first.
            if let Some(second) = self.head.find(&bytes[from..line_end]) {
                from += second;
                if search == Search::Body || !bytes[..at].ends_with(b"\n\n") {
                    continue;
                }
            }
            let is_line_start = at == 0 || bytes[at - 1] == b'\n';
            let is_after_blank = is_line_start && (at < 2 || bytes[at - 2] == b'\n');
            let parsed = self.parse(at, line);
            let has_head = parsed.as_ref().map_or_else(|damage| damage.has_head, |_| true);
            match parsed {
                Ok(entry) => {
                    let has_id = entry.call.id.is_some() || !self.has_ids;
                    let is_certain = has_id && !entry.headers.is_empty();
                    if is_certain || search == Search::Lost && is_line_start {
                        return Found { at, next: Next::Entry(entry), passed_over };
                    }
                }
                Err(damage) => {
                    let has_id = damage.has_id || !self.has_ids;
                    let is_certain = damage.headers > 0 && has_id;
                    if damage.has_head && is_after_blank && (is_certain || search == Search::Lost) {
                        return Found { at, next: Next::Damage(damage), passed_over };
                    }
                }
            }
            if has_head && is_after_blank && passed_over.is_none() {
                passed_over = Some(at..line_end);
            }
        }
        Found { at: self.text.len(), next: Next::End, passed_over }
    }

    /// The fields of an entry.
    fn headers(&self, entry: &Entry<'_>) -> Headers {
        let lines = entry.headers;
        if entry.is_exact {
            return Headers::from_checked_lines(text::slice(self.text, lines));
        }
        let fields = lines.split('\n').filter_map(split_header);
        fields.map(|(name, value)| (text::slice(self.text, name), text::slice(self.text, value))).collect()
    }

    /// Where the line of this number ends.
    fn line_end(&self, line: usize) -> usize {
        self.lines.ends().get(line).copied().unwrap_or(self.text.len())
    }

    /// The end of the JSON that begins at `start`, on the line of this number, and the number of its
    /// last line, if its lines are indented as the writer indents them, so that none is missing.
    ///
    /// How one line ends says where the next one begins. This is far cheaper than to parse them,
    /// and sees a body that lost some.
    fn laid_out_end(&self, start: usize, line: usize) -> Option<(usize, usize)> {
        let bytes = self.text.as_bytes();
        let text = &bytes[start..];
        if matches!(text, [b'{', b'}', b'\n', ..] | [b'[', b']', b'\n', ..] | b"{}" | b"[]") {
            return Some((start + 2, line));
        }
        let mut indent = 0isize;
        let mut line_start = start;
        for (line, &line_end) in (line..).zip(self.lines.ends().get(line..)?) {
            // The first line has a bracket, and no later one passes without its indent.
            if line_end <= line_start + indent.unsigned_abs() {
                return None;
            }
            let step = STEP[usize::from(bytes[line_end - 1])];
            indent += isize::from(step);
            if indent < 0 {
                return None;
            }
            let [before, first] = *bytes.get(line_end + indent.unsigned_abs()..)?.first_chunk()?;
            if FIRST[usize::from(first)] != u8::from(step < 0) || before != b' ' && indent > 0 {
                return None;
            }
            line_start = line_end + 1;
            if indent == 0 {
                // All that was opened is closed, by the bracket alone on the last line.
                let end = line_start + 1;
                let is_closed = matches!((text[0], first), (b'{', b'}') | (b'[', b']'));
                let is_alone = bytes.get(end).is_none_or(|&after| after == b'\n');
                return (is_closed && is_alone).then_some((end, line + 1));
            }
        }
        None
    }

    /// The entry that begins at `start`, in the line of this number.
    fn parse(&self, start: usize, mut line: usize) -> Result<Entry<'a>, Damage<'a>> {
        let line_end = self.line_end(line);
        let mut damage = Damage {
            at: start,
            end: line_end,
            message: "the head of this entry is damaged",
            resume: start + HEAD.len(),
            has_head: false,
            headers: 0,
            has_id: false,
            request: None,
        };
        let Some(head) = Head::parse(&self.text[start..line_end]) else {
            if line_end == self.text.len() {
                damage.message = "the log ends in the head of this entry";
            }
            return Err(damage);
        };
        damage.has_head = true;
        let mut is_exact = true;
        let mut id = None;
        let (mut length, mut is_coded) = (None, false);
        let bytes = self.text.as_bytes();
        let mut at = line_end + 1;
        // Where the last header that is whole for certain ends, with its line.
        let mut headers_end = at;
        let is_whole = loop {
            line += 1;
            if at >= bytes.len() {
                damage.resume = self.text.len();
                damage.message = "the log ends before the empty line that follows the headers of this entry";
                break false;
            }
            headers_end = at;
            if bytes[at] == b'\n' {
                break true;
            }
            let end = self.line_end(line);
            let Some((name_end, value_start)) = header_parts(bytes, at, end) else {
                damage.at = at;
                damage.resume = at;
                damage.end = end;
                damage.message = "this is neither a header nor the empty line that follows the headers";
                break false;
            };
            let value = || &self.text[value_start..end];
            // Cut off in a header, an entry runs into the head of the next one. Only this keeps two
            // looks from going over the same headers, too. Few headers hold the `#` of a head.
            if memchr::memchr(b'#', &bytes[at..end]).is_some()
                && let Some(cut) = head_within(value())
            {
                damage.at = end - cut;
                damage.resume = end - cut;
                damage.end = end;
                damage.message = "the next entry begins in the middle of a header of this one";
                break false;
            }
            is_exact &= value_start == name_end + ": ".len();
            // The names differ in length, so that most fields are passed over with one look.
            let is_named = |name: &str| bytes[at..name_end].eq_ignore_ascii_case(name.as_bytes());
            match name_end - at {
                14 if length.is_none() && is_named("Content-Length") => length = value().trim().parse().ok(),
                16 if is_named("Content-Encoding") => is_coded = !value().eq_ignore_ascii_case("identity"),
                25 if id.is_none() && is_named(ID) => {
                    id = Some(value());
                    damage.has_id = true;
                }
                _ => {}
            }
            damage.headers += 1;
            at = end + 1;
        };
        let entry = Entry {
            start,
            line_end,
            call: Call {
                from: Some(head.from),
                to: Some(head.to),
                method: Some(head.method),
                url: head.url,
                id,
            },
            status: head.status,
            // Without the last line's end.
            headers: self.text.get(line_end + 1..headers_end).map_or("", trim_line_end),
            is_exact,
            length,
            is_coded,
            body_start: headers_end + usize::from(is_whole),
            body_line: line + 1,
        };
        if is_whole {
            return Ok(entry);
        }
        // A URL that ends with the log may be cut off, too.
        let is_request = entry.status.is_none() && line_end < bytes.len();
        damage.request = is_request.then(|| Box::new(entry));
        Err(damage)
    }
}

/// How much deeper than a line of JSON that ends with this byte the next one stands.
static STEP: [i8; 256] = {
    let mut steps = [-2; 256];
    steps[b'{' as usize] = 2;
    steps[b'[' as usize] = 2;
    steps[b',' as usize] = 0;
    steps
};

/// What a line of JSON that begins with this byte is, indent aside: 1 for one that closes what an
/// earlier one opened, 2 for one that is deeper than it should be, 0 for any other.
static FIRST: [u8; 256] = {
    let mut kinds = [0; 256];
    kinds[b'}' as usize] = 1;
    kinds[b']' as usize] = 1;
    kinds[b' ' as usize] = 2;
    kinds
};

/// The first line of an entry.
struct Head<'a> {
    from: &'a str,
    to: &'a str,
    /// The status and the reason of a response.
    status: Option<(u16, &'a str)>,
    method: &'a str,
    url: &'a str,
}

impl<'a> Head<'a> {
    fn parse(line: &'a str) -> Option<Head<'a>> {
        let [request, response, after_receiver] = BETWEEN;
        let rest = line.strip_prefix(HEAD)?;
        // A name may hold a bracket of its own.
        let mut brackets = memchr::memchr_iter(b')', rest.as_bytes());
        let (from, is_request, rest) = brackets.find_map(|at| {
            let after = &rest[at..];
            let asked = after.strip_prefix(request).map(|after| (&rest[..at], true, after));
            asked.or_else(|| after.strip_prefix(response).map(|after| (&rest[..at], false, after)))
        })?;
        let mut brackets = memchr::memchr_iter(b')', rest.as_bytes());
        let (to, rest) =
            brackets.find_map(|at| Some((&rest[..at], rest[at..].strip_prefix(after_receiver)?)))?;
        let (status, rest) = if is_request {
            (None, rest)
        } else {
            let (status, rest) = rest.split_once(' ')?;
            let status = status.parse().ok().filter(|_| status.len() == 3)?;
            (Some(status), rest)
        };
        let last_space = |text: &str| memchr::memrchr(b' ', text.as_bytes());
        let (before, url) = last_space(rest).map(|at| (&rest[..at], &rest[at + 1..]))?;
        let (reason, method) = match last_space(before) {
            Some(at) => (&before[..at], &before[at + 1..]),
            None => ("", before),
        };
        let is_alone = is_request && before.len() == method.len();
        let has_method = is_token(method) && (is_alone || !is_request) || method.is_empty() && !is_request;
        (has_method && !url.is_empty()).then_some(Head {
            from,
            to,
            status: status.map(|status| (status, reason)),
            method,
            url,
        })
    }
}

/// The length of the line that `rest` begins with, if that stands for a body of `length` bytes which the log
/// does not hold whole.
fn stand_in_end(rest: &str, length: Option<usize>) -> Option<usize> {
    let line = |most: usize| {
        let bytes = &rest.as_bytes()[..rest.len().min(most)];
        memchr::memchr(b'\n', bytes).or((bytes.len() == rest.len()).then_some(bytes.len()))
    };
    match rest.as_bytes().first()? {
        b'b' => line(LONGEST_REPR + 1)
            .filter(|&end| length != Some(end) && Binary::from_repr(&rest[..end]).is_some()),
        b'O' | b'(' => {
            line(rest.len()).filter(|&end| is_omission(&rest[..end], length.map(|length| length as u64)))
        }
        _ => None,
    }
}

/// The length of the end of `value` that is the head of an entry, if any is.
fn head_within(value: &str) -> Option<usize> {
    let head = &value[memchr::memmem::rfind(value.as_bytes(), HEAD.as_bytes())?..];
    Head::parse(head).map(|_| head.len())
}

/// The name and the value of a header line.
pub(super) fn split_header(line: &str) -> Option<(&str, &str)> {
    let (name_end, value_start) = header_parts(line.as_bytes(), 0, line.len())?;
    Some((&line[..name_end], &line[value_start..]))
}

/// Where the name of the header line `start..end` of a text ends, and where its value begins.
fn header_parts(text: &[u8], start: usize, end: usize) -> Option<(usize, usize)> {
    let line = &text[start..end];
    let colon = token_length(line);
    if colon == 0 || line.get(colon) != Some(&b':') {
        return None;
    }
    let space = usize::from(line.get(colon + 1) == Some(&b' '));
    Some((start + colon, start + colon + ":".len() + space))
}

/// Whether `text` can be a method or the name of a header (RFC 9110, section 5.6.2).
pub(super) fn is_token(text: &str) -> bool {
    !text.is_empty() && token_length(text.as_bytes()) == text.len()
}

/// The length of the token that `text` begins with.
fn token_length(text: &[u8]) -> usize {
    static IS_TOKEN_CHAR: [bool; 256] = {
        let mut table = [false; 256];
        let mut byte = 0u8;
        while byte < 128 {
            table[byte as usize] = byte.is_ascii_alphanumeric();
            byte += 1;
        }
        let others = b"!#$%&'*+-.^_`|~";
        let mut at = 0;
        while at < others.len() {
            table[others[at] as usize] = true;
            at += 1;
        }
        table
    };
    text.iter().position(|&byte| !IS_TOKEN_CHAR[usize::from(byte)]).unwrap_or(text.len())
}

/// The Content-Length, where there is one.
pub(super) fn declared_length(headers: &Headers) -> Option<usize> {
    headers.get("Content-Length")?.trim().parse().ok()
}

/// Whether the length that the headers declare is that of another form of the body.
pub(super) fn is_coded(headers: &Headers) -> bool {
    headers.get("Content-Encoding").is_some_and(|coding| !coding.eq_ignore_ascii_case("identity"))
}

/// Whether the headers call the body JSON.
fn is_json(headers: &Headers) -> bool {
    headers.get("Content-Type").is_some_and(|kind| kind.to_ascii_lowercase().contains("json"))
}

/// Whether `body`, which begins with an opening bracket, ends as the writer ends JSON: with the
/// closing one, alone on its line or on the only line.
fn is_closed(body: &str) -> bool {
    let bytes = body.as_bytes();
    let (Some(open), [.., before, close]) = (bytes.first(), bytes) else { return false };
    (matches!((open, close), (b'{', b'}') | (b'[', b']')))
        && (*before == b'\n' || memchr::memchr(b'\n', bytes).is_none())
}

/// `text` without the line end at its end.
fn trim_line_end(text: &str) -> &str {
    text.strip_suffix('\n').unwrap_or(text)
}
