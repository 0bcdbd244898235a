//! Texts in lines: YAML, INI, variables, header lines, tables, logs, sentences, and whatever has no name.
//!
//! What stands before a `:` or a `=` may be a name, and what comes after it a value. How far the value
//! goes depends on quotes, on whether the name begins its line, and on what encloses it. Where a sentence
//! may have such a name by chance, only a value counts that no word is. JSON, URLs, elements and commands
//! within a line go to their own scanners.

use std::ops::Range;

use super::{
    Class, Edit, Place, Scan, Secrecy, Setting, command, form, header, is_message, json, markup, multipart,
    names, strength, unescaped,
};

/// A name is no longer than this.
const NAME: usize = 64;

/// A value in quotes is no longer than this where it goes on over lines.
const QUOTED: usize = 16 << 10;

pub(super) fn scan(
    scan: &Scan<'_>,
    text: &str,
    at: usize,
    setting: Setting,
    depth: usize,
    out: &mut Vec<Edit>,
) {
    let has_curl = memchr::memmem::find(text.as_bytes(), b"curl ").is_some();
    let is_kube_secret = text.contains("kind: Secret");
    let mut lines = Lines {
        scan,
        text,
        at,
        // A value of several lines has lines.
        setting: if text.trim_end().contains('\n') { Setting::Whole } else { setting },
        depth,
        out,
        done: 0,
        no_json_before: 0,
        has_no_parts: false,
        block: None,
        pair: None,
        table: Table::default(),
        has_curl,
        is_kube_secret,
    };
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let end = start + line.trim_end_matches(['\n', '\r']).len();
        if end > lines.done {
            lines.line(start.max(lines.done), end);
        }
        start += line.len();
    }
    lines.end_block();
}

/// A secret key of YAML whose value are the lines below it.
struct Block {
    /// How far the key is indented.
    indent: usize,
    secrecy: Secrecy,
    name: String,
    /// Its lines are one text (`|`, `>`).
    is_text: bool,
    /// The lines of that text.
    text: Option<Range<usize>>,
    /// Lines indented further than this describe the thing.
    described: Option<usize>,
}

#[derive(Default)]
struct Table {
    /// The line before is a rule, `+---+`.
    after_rule: bool,
    /// What the columns are, from the row below the first rule.
    columns: Option<Vec<Option<(Secrecy, String)>>>,
    /// What the row before says of one that goes on.
    row: Option<(Secrecy, String)>,
}

struct Lines<'w, 'r, 't> {
    scan: &'w Scan<'r>,
    text: &'t str,
    at: usize,
    setting: Setting,
    depth: usize,
    out: &'w mut Vec<Edit>,
    /// What comes before it has been scanned.
    done: usize,
    no_json_before: usize,
    has_no_parts: bool,
    block: Option<Block>,
    /// `name: password`: what the `value:` of the same indent is.
    pair: Option<(usize, Secrecy, String)>,
    table: Table,
    has_curl: bool,
    is_kube_secret: bool,
}

impl<'t> Lines<'_, '_, 't> {
    fn line(&mut self, start: usize, end: usize) {
        let line = &self.text[start..end];
        let trimmed = line.trim_start();
        if trimmed.is_empty() {
            return;
        }
        let indent = line.len() - trimmed.len();
        if self.in_block(start + indent, end, indent) {
            return;
        }
        // An event of a stream (HTML standard, 9.2).
        if let Some(data) = trimmed.strip_prefix("data:").filter(|_| self.depth > 0) {
            let data = data.trim_start();
            if data.starts_with(['{', '[', '<', '"']) || form::is_query(data) {
                let from = self.at + end - data.len();
                self.scan.structure(data, from, "", Setting::Whole, self.depth - 1, self.out);
                return;
            }
        }
        let start = match self.foreign(start, start + indent, end) {
            Some(done) if done >= end => return,
            Some(done) => done,
            None => start,
        };
        if trimmed.starts_with('|') && trimmed.trim_end().ends_with('|') && trimmed.len() > 2 {
            self.row(start, end);
        } else {
            let is_rule = trimmed.starts_with("+-") && trimmed.trim_end().ends_with('+');
            if !is_rule {
                self.table = Table::default();
            }
            self.table.after_rule = is_rule;
        }
        if (self.has_curl && line.contains("curl ")) || is_prompt(trimmed) {
            let from = command::start(line);
            command::line(
                self.scan,
                &line[from..],
                self.at + start + from,
                self.depth.saturating_sub(1),
                self.out,
            );
        }
        self.names(start, end);
    }

    /// A form, markup or a form in parts that begins with this line, as logs hold bodies; its end.
    fn foreign(&mut self, start: usize, from: usize, end: usize) -> Option<usize> {
        let depth = self.depth.checked_sub(1)?;
        let rest = &self.text[from..];
        let line = self.text[from..end].trim_end();
        let blank = || memchr::memmem::find(rest.as_bytes(), b"\n\n").unwrap_or(rest.len());
        let to = if line.contains(['&', '%']) && form::is_query(line) {
            form::query(self.scan, line, self.at + from, depth, self.out);
            end
        } else if line.starts_with('<') && markup::is_markup(line) {
            let to = from + blank();
            markup::scan(self.scan, &self.text[from..to], self.at + from, depth, self.out);
            to
        } else if line.starts_with("--") && line.len() > 2 && start == from && !self.has_no_parts {
            let closing = format!("\n{line}--");
            let close = memchr::memmem::find(rest.as_bytes(), closing.as_bytes());
            // The search goes to the end of the text, and is not made for every such line.
            self.has_no_parts = close.is_none();
            let length = close? + closing.len();
            let is_form = multipart::scan(self.scan, &rest[..length], self.at + from, depth, self.out);
            is_form.then_some(from + length)?
        } else {
            return None;
        };
        self.done = to;
        Some(to)
    }

    /// What a `:` or a `=`, an option, an element or a bracket of this line leads to.
    fn names(&mut self, start: usize, end: usize) {
        let bytes = self.text.as_bytes();
        let mut at = start;
        while at < end {
            let next = match bytes[at] {
                b':' => self.colon(start, at, end),
                b'=' => self.equals(start, at, end),
                b'{' | b'[' if at >= self.no_json_before => self.json(at),
                b'-' => self.option(start, at, end),
                b'<' => self.element(at, end),
                b'p' | b'P' => self.word_before_value(start, at, end),
                _ => None,
            };
            at = next.filter(|next| *next > at).unwrap_or(at + 1);
        }
        self.done = self.done.max(at);
    }

    fn colon(&mut self, start: usize, at: usize, end: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        match bytes.get(at + 1) {
            Some(b':') => return Some(at + 2),
            Some(b'/') if bytes.get(at + 2) == Some(&b'/') => return self.url(start, at, end),
            Some(b'=') => return None,
            _ => {}
        }
        let name = self.name_before(start, at, true)?;
        let text = self.text;
        let value_start = at + 1 + spaces(&bytes[at + 1..end]);
        let line_start = self.begins_line(start, name.start);
        let shown = &text[name.name.clone()];
        if line_start.is_some() && name.opening.is_none() {
            self.yaml(start, name.start, &text[name.name.clone()], value_start, end);
            if self.block.is_some() {
                return Some(end);
            }
        }
        let pair = self
            .pair
            .take_if(|_| line_start.is_some())
            .filter(|(indent, ..)| *indent == name.start - start && names::is_pair_value(shown));
        // `password for bob: …`
        let of = if name.opening.is_none() { shown.find(" for ") } else { None };
        let shown = of.map_or(shown, |of| &shown[..of]);
        let secrecy = self.scan.judge(shown, Place::Key).or_else(|| {
            // `password:` and `X-Auth-Token:` alike: a header field may have a name of its own.
            shown.contains('-').then(|| self.scan.judge(shown, Place::Header)).flatten()
        });
        let form = header::form(shown);
        let (secrecy, shown) = match (secrecy, pair) {
            (_, Some((_, secrecy, name))) => (secrecy, name),
            (Some(secrecy), None) => (secrecy, shown.to_owned()),
            (None, None) => {
                if line_start.is_some() && name.opening.is_none() {
                    self.remember_pair(start, name.start, shown, &text[value_start..end]);
                }
                return None;
            }
        };
        if value_start >= end {
            return None;
        }
        let value = self.value(value_start, end, name.opening, line_start.is_some(), false)?;
        let raw = &text[value.range.clone()];
        if let Some(_form) = form {
            let to = if value.is_quoted || name.opening.is_some() { value.range.end } else { end };
            let depth = self.depth;
            header::scan(
                self.scan,
                &shown,
                &text[value.range.start..to],
                self.at + value.range.start,
                depth,
                self.out,
            );
            return Some(to);
        }
        let is_compound = !shown.contains(' ') && names::words(&shown).len() > 1;
        let is_sure = value.is_quoted
            || name.opening.is_some()
            || name.is_quoted
            || (line_start.is_some() && (self.setting == Setting::Whole || is_compound))
            || is_compound && self.setting == Setting::Whole;
        self.take(value, secrecy, &shown, raw, is_sure)
    }

    fn equals(&mut self, start: usize, at: usize, end: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        if bytes.get(at + 1) == Some(&b'=') {
            return Some(at + 2);
        }
        let before = at.checked_sub(1).filter(|before| *before >= start).map(|before| bytes[before]);
        if matches!(before, Some(b'!' | b'<' | b'>' | b'+' | b'*' | b'/')) {
            return None;
        }
        // `=>` and `:=` of other languages.
        let after = at + 1 + usize::from(bytes.get(at + 1) == Some(&b'>'));
        let name_end = if before == Some(b':') { at - 1 } else { at };
        let name = self.name_before(start, name_end, false)?;
        let text = self.text;
        let shown = &text[name.name.clone()];
        let is_field = name.start > start && matches!(bytes[name.start - 1], b'?' | b'&' | b';' | b'#');
        let place = if is_field { Place::Field } else { Place::Key };
        // The names of forms count here too, of values that no word is.
        let secrecy = self.scan.judge(shown, place);
        let secrecy =
            secrecy.or_else(|| self.scan.judge(shown, Place::Field).filter(|secrecy| secrecy.strong))?;
        let value_start = after + spaces(&bytes[after.min(end)..end]);
        if value_start >= end {
            return None;
        }
        let line_start = self.begins_line(start, name.start).is_some();
        let shown = shown.to_owned();
        let value =
            self.value(value_start, end, name.opening, line_start && self.setting == Setting::Whole, true)?;
        let raw = &text[value.range.clone()];
        let is_spaced = value_start > after || name.name.end + usize::from(name.is_quoted) < name_end;
        let is_sure = !is_spaced || value.is_quoted || line_start;
        self.take(value, secrecy, &shown, raw, is_sure)
    }

    /// Replaces a value; where that is done, its end. An unsure one counts if no word is like it.
    fn take(
        &mut self,
        value: Value,
        secrecy: Secrecy,
        name: &str,
        raw: &str,
        is_sure: bool,
    ) -> Option<usize> {
        let text = if value.is_quoted { unescaped(raw).into_owned() } else { raw.trim_end().to_owned() };
        let is_one = if is_sure { !is_no_secret(&text) } else { strength::is_strong(&text) };
        if !is_one || is_message(&text) {
            return None;
        }
        let length = if value.is_quoted { raw.len() } else { text.len() };
        let range = self.at + value.range.start..self.at + value.range.start + length;
        let is_taken = self.scan.secret(self.out, range, secrecy, name, &text, str::to_owned);
        is_taken.then_some(value.range.end)
    }

    /// The value that begins here.
    fn value(
        &self,
        at: usize,
        end: usize,
        opening: Option<u8>,
        is_line: bool,
        is_assigned: bool,
    ) -> Option<Value> {
        let bytes = self.text.as_bytes();
        // `b'…'` and `u"…"` of Python.
        let letters = bytes[at..end]
            .iter()
            .take(2)
            .take_while(|byte| matches!(byte, b'b' | b'u' | b'r' | b'f'))
            .count();
        let prefix = if matches!(bytes.get(at + letters), Some(b'"' | b'\'')) { letters } else { 0 };
        let slashes = bytes[at + prefix..end].iter().take_while(|byte| **byte == b'\\').count();
        let quote_at = at + prefix + slashes;
        if let Some(&quote @ (b'"' | b'\'' | b'`')) =
            bytes.get(quote_at).filter(|_| quote_at < end && Some(bytes[quote_at]) != opening)
        {
            let from = quote_at + 1;
            let limit = (from + QUOTED).min(bytes.len());
            let close = closing(&bytes[..limit], from, quote, slashes).unwrap_or(end.max(from));
            // A text that goes on after an empty line is another one: the quote was never closed.
            let first_line = bytes[from..close.max(from)].iter().position(|byte| *byte == b'\n');
            let is_other = first_line.is_some()
                && memchr::memmem::find(&bytes[from..close.max(from)], b"\n\n").is_some();
            let close = if is_other { end.max(from) } else { close };
            let close = self.text.floor_char_boundary(close);
            return Some(Value { range: from..close, is_quoted: true });
        }
        if let Some(quote) = opening {
            let close = bytes[at..end].iter().position(|byte| *byte == quote).map_or(end, |found| at + found);
            return Some(Value { range: at..close, is_quoted: false });
        }
        let rest = &self.text[at..end];
        let length = if is_line {
            // A comment of YAML, and the comma of an object in some language.
            let comment = rest.find(" #").unwrap_or(rest.len());
            let value = rest[..comment].trim_end();
            let value =
                value.strip_suffix([',', ';']).filter(|_| is_assigned || value.len() > 1).unwrap_or(value);
            let next = if is_assigned { next_field(value) } else { None };
            next.unwrap_or(value.len())
        } else {
            let ends = |c: char| {
                c.is_whitespace()
                    || matches!(c, '"' | '\'' | '<' | '>' | '`' | '|' | ',' | ';' | ')' | '}' | ']')
                    || is_assigned && c == '&'
            };
            let length = rest.find(ends).unwrap_or(rest.len());
            // The full stop of a sentence, and the escape before a quote.
            rest[..length].trim_end_matches(['.', '\\', ':']).len()
        };
        Some(Value { range: at..at + length, is_quoted: false })
    }

    /// The name that ends before `at`.
    fn name_before(&self, start: usize, at: usize, may_be_words: bool) -> Option<Name> {
        let bytes = self.text.as_bytes();
        let mut end = at;
        while end > start && matches!(bytes[end - 1], b' ' | b'\t') && at - end < 16 {
            end -= 1;
        }
        // `config["password"]`
        if matches!(bytes[start..end], [.., b'"' | b'\'', b']']) {
            end -= 1;
        }
        let quote = bytes[start..end].last().copied().filter(|byte| matches!(byte, b'"' | b'\'' | b'`'));
        let limit = start.max(end.saturating_sub(NAME));
        let is_part = |byte: u8| {
            byte.is_ascii_alphanumeric()
                || byte >= 128
                || matches!(byte, b'_' | b'.' | b'-' | b'[' | b']' | b'$' | b'@')
        };
        if let Some(quote) = quote {
            let mut inner = end - 1;
            while inner > start && bytes[inner - 1] == b'\\' {
                inner -= 1;
            }
            let mut from = inner;
            while from > limit
                && bytes[from - 1] != quote
                && (is_part(bytes[from - 1]) || bytes[from - 1] == b' ')
            {
                from -= 1;
            }
            let is_open = from > start && bytes[from - 1] == quote && from < inner;
            if !is_open || !self.text.is_char_boundary(from) {
                return None;
            }
            let mut outer = from - 1;
            while outer > start && bytes[outer - 1] == b'\\' {
                outer -= 1;
            }
            return Some(Name { name: from..inner, start: outer, opening: None, is_quoted: true });
        }
        let mut from = end;
        loop {
            while from > limit && is_part(bytes[from - 1]) {
                from -= 1;
            }
            let has_more = may_be_words
                && from > limit + 1
                && bytes[from - 1] == b' '
                && is_part(bytes[from - 2])
                && from < end;
            if !has_more {
                break;
            }
            from -= 1;
        }
        while from < end
            && (matches!(bytes[from], b'-' | b'.' | b'@' | b' ') || !self.text.is_char_boundary(from))
        {
            from += 1;
        }
        // `- name:` of YAML.
        if from == end || bytes[end - 1] == b'-' {
            return None;
        }
        let opening = from.checked_sub(1).filter(|before| *before >= start).map(|before| bytes[before]);
        let opening = opening.filter(|byte| matches!(byte, b'"' | b'\'' | b'`'));
        Some(Name { name: from..end, start: from, opening, is_quoted: false })
    }

    /// The indent of a name that begins its line, after what may stand before one.
    fn begins_line(&self, start: usize, name: usize) -> Option<usize> {
        let before = self.text[start..name].trim_start_matches([' ', '\t']);
        let before = before.trim_end_matches(['"', '\'']);
        let is_marker = matches!(
            before.trim_end(),
            "" | "-"
                | "*"
                | ">"
                | "<"
                | "+"
                | "export"
                | "set"
                | "setx"
                | "ENV"
                | "- -"
                | "$"
                | "declare -x"
                | "?"
                | "{"
        );
        is_marker.then_some(name - start)
    }

    /// A URL whose scheme ends before the colon at `at`.
    fn url(&mut self, start: usize, at: usize, end: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let is_scheme = |byte: &&u8| byte.is_ascii_alphanumeric() || b"+.-".contains(byte);
        let length = bytes[start..at].iter().rev().take(24).take_while(is_scheme).count();
        let rest = &self.text[at..end];
        let ends =
            |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '<' | '>' | '`' | '|' | '\\' | '{' | '}');
        let to = at + rest.find(ends).unwrap_or(rest.len());
        let to = at + self.text[at..to].trim_end_matches(['.', ',', ')', ']', ';', ':']).len();
        if length > 0 && self.depth > 0 {
            let from = at - length;
            form::url(self.scan, &self.text[from..to], self.at + from, self.depth - 1, self.out);
        }
        Some(to.max(at + 3))
    }

    /// An object or an array within the text; what is none is not tried again.
    fn json(&mut self, at: usize) -> Option<usize> {
        let rest = &self.text[at..];
        let inner = rest[1..].trim_start();
        if self.depth == 0 || !inner.starts_with(['"', '{', '[']) {
            return None;
        }
        let ended = json::scan_one(self.scan, rest, self.at + at, self.depth - 1, self.out);
        if ended.is_whole {
            self.done = at + ended.end;
            return Some(at + ended.end);
        }
        self.no_json_before = at + ended.end;
        None
    }

    /// `--password VALUE`
    fn option(&mut self, start: usize, at: usize, end: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let is_after_blank =
            at == start || matches!(bytes[at - 1], b' ' | b'\t' | b'"' | b'\'' | b'[' | b'(' | b'`');
        if bytes.get(at + 1) != Some(&b'-') || !is_after_blank {
            return None;
        }
        let name_length = bytes[at + 2..end]
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
            .count();
        let name_end = at + 2 + name_length;
        let blanks = spaces(&bytes[name_end..end]);
        if name_length < 2 || blanks == 0 || name_end + blanks >= end {
            return None;
        }
        let name = self.text[at + 2..name_end].to_owned();
        let secrecy = self.scan.judge(&name, Place::Key)?;
        let value = self.value(name_end + blanks, end, None, false, false)?;
        let raw = &self.text[value.range.clone()];
        // A name in a usage line, or the word after an option in a sentence.
        let is_usage = !value.is_quoted
            && (raw.starts_with(['-', '<', '[', '$', '{'])
                || raw.bytes().all(|byte| !byte.is_ascii_lowercase() && !byte.is_ascii_digit())
                || [
                    "to", "is", "or", "and", "for", "in", "option", "with", "the", "flag", "was", "are",
                    "can", "must",
                ]
                .contains(&raw));
        if is_usage {
            return None;
        }
        self.take(value, secrecy, &name, raw, true)
    }

    /// `<password>VALUE</password>` in a line of something else.
    fn element(&mut self, at: usize, end: usize) -> Option<usize> {
        let rest = &self.text[at..end];
        let close = rest.bytes().take(NAME).position(|byte| byte == b'>')?;
        let name = rest[1..close].rsplit(':').next().unwrap_or_default();
        if name.is_empty()
            || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
        {
            return None;
        }
        let length = rest[close + 1..].find("</").filter(|length| *length < QUOTED)?;
        let secrecy = self.scan.judge(name, Place::Key)?;
        let range = at + close + 1..at + close + 1 + length;
        let raw = &self.text[range.clone()];
        self.take(Value { range, is_quoted: false }, secrecy, name, raw, true)
    }

    /// `login USER password VALUE` of a netrc file, `identified by` of SQL.
    fn word_before_value(&mut self, start: usize, at: usize, end: usize) -> Option<usize> {
        let rest = &self.text[at..end];
        let word = "password ";
        let is_word = rest.get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word));
        if !is_word || at == start {
            return None;
        }
        let before = self.text[start..at].trim_end();
        let mut words = before.rsplit(char::is_whitespace);
        words.next();
        if !words.next().is_some_and(|word| ["login", "user", "account"].contains(&word)) {
            return None;
        }
        let from = at + word.len() + spaces(&self.text.as_bytes()[at + word.len()..end]);
        let value = self.value(from, end, None, false, false)?;
        let raw = &self.text[value.range.clone()];
        self.take(value, Secrecy::plainly(Class::Secret), "password", raw, true)
    }

    /// A row of a table: name and value, or a column that its head names.
    fn row(&mut self, start: usize, end: usize) {
        let text = self.text;
        let line = &text[start..end];
        let mut cells: Vec<Range<usize>> = Vec::new();
        let mut at = start;
        for cell in line.split('|') {
            let trimmed = cell.trim();
            let from = at + (cell.len() - cell.trim_start().len());
            cells.push(from.min(end)..(from + trimmed.len()).min(end));
            at += cell.len() + 1;
        }
        // Nothing stands before the first bar and after the last.
        let cells = &cells[1..cells.len() - 1];
        if std::mem::take(&mut self.table.after_rule) && self.table.columns.is_none() {
            let judged = cells.iter().map(|cell| {
                let name = &text[cell.clone()];
                self.scan.judge(name, Place::Key).map(|secrecy| (secrecy, name.to_owned()))
            });
            self.table.columns = Some(judged.collect());
            return;
        }
        let is_prose = |value: &str| value.contains(' ') && !value.contains(|c: char| c.is_ascii_digit());
        if let [name, value] = cells {
            let shown = &text[name.clone()];
            let secrecy = match self.scan.judge(shown, Place::Key) {
                Some(secrecy) => Some((secrecy, shown.to_owned())),
                None if shown.is_empty() => self.table.row.clone(),
                None => None,
            };
            self.table.row = secrecy.clone();
            if let Some((secrecy, name)) = secrecy
                && !is_prose(&text[value.clone()])
            {
                self.cell(value, secrecy, &name);
                return;
            }
        }
        let columns = self.table.columns.take();
        for (cell, column) in cells.iter().zip(columns.iter().flatten()) {
            if let Some((secrecy, name)) = column
                && !is_prose(&text[cell.clone()])
            {
                self.cell(cell, *secrecy, name);
            }
        }
        self.table.columns = columns;
    }

    fn cell(&mut self, cell: &Range<usize>, secrecy: Secrecy, name: &str) {
        let value = &self.text[cell.clone()];
        let is_structure = value.starts_with(['{', '[']);
        if !is_structure && !is_no_secret(value) && !value.bytes().all(|byte| byte == b'-' || byte == b':') {
            let range = self.at + cell.start..self.at + cell.end;
            self.scan.secret(self.out, range, secrecy, name, value, str::to_owned);
        }
    }

    /// A key of YAML that has no value on its line, or says that its value is below.
    fn yaml(&mut self, start: usize, name: usize, shown: &str, value: usize, end: usize) {
        let rest = self.text[value.min(end)..end].trim_end();
        let rest = rest.strip_prefix("!vault").map_or(rest, str::trim_start);
        let is_text = is_block_header(rest);
        if !(rest.is_empty() || is_text) || self.setting == Setting::Value {
            return;
        }
        let is_kube = self.is_kube_secret && name == start && matches!(shown, "data" | "stringData");
        let secrecy = match self.scan.judge(shown, Place::Key) {
            Some(secrecy) => secrecy,
            None if is_kube => Secrecy::plainly(Class::Secret),
            None => return,
        };
        self.block = Some(Block {
            indent: name - start,
            secrecy,
            name: shown.to_owned(),
            is_text,
            text: None,
            described: None,
        });
    }

    /// Whether a line belongs to the value of a key above it, and was scanned as such.
    fn in_block(&mut self, from: usize, end: usize, indent: usize) -> bool {
        let Some(block) = &mut self.block else { return false };
        let line = self.text[from..end].trim_end();
        let is_item = line.starts_with("- ") && indent >= block.indent && !block.is_text;
        if indent <= block.indent && !is_item {
            self.end_block();
            return false;
        }
        if block.is_text {
            let to = from + line.len();
            block.text = Some(block.text.as_ref().map_or(from, |text| text.start)..to);
            return true;
        }
        if block.described.is_some_and(|described| indent > described) {
            return false;
        }
        block.described = None;
        let (secrecy, name) = (block.secrecy, block.name.clone());
        let content = line.strip_prefix("- ").map_or(line, str::trim_start);
        let content_at = from + line.len() - content.len();
        let (key, value) = match content.split_once(':') {
            Some((key, value)) if value.is_empty() || value.starts_with(' ') => {
                (key.trim_matches(['"', '\'']), value)
            }
            _ => ("", content),
        };
        if !key.is_empty() && (names::describes(key) || secrecy.class == Class::Token) {
            block.described = Some(indent);
            return false;
        }
        let value_text = value.trim();
        if value_text.is_empty() || is_block_header(value_text) {
            return false;
        }
        let is_sentence = key.is_empty() && value_text.split(' ').count() > 2;
        if is_sentence || value_text.starts_with(['{', '[', '&']) {
            return false;
        }
        let start = content_at + content.len() - value.trim_start().len();
        let quotes = usize::from(
            value_text.len() > 1 && value_text.starts_with(['"', '\'']) && value_text.ends_with(['"', '\'']),
        );
        let range = start + quotes..start + value_text.len() - quotes;
        let raw = &self.text[range.clone()];
        let value = Value { range, is_quoted: quotes == 1 };
        let name = if key.is_empty() { name } else { format!("{name}.{key}") };
        self.take(value, secrecy, &name, raw, true).is_some()
    }

    fn end_block(&mut self) {
        let Some(block) = self.block.take() else { return };
        if let Some(text) = block.text {
            let value = &self.text[text.clone()];
            let range = self.at + text.start..self.at + text.end;
            self.scan.secret(self.out, range, block.secrecy, &block.name, value, str::to_owned);
        }
    }

    /// Remembers that the `value:` of the same indent is secret.
    fn remember_pair(&mut self, start: usize, name: usize, shown: &str, value: &str) {
        let value = value.trim().trim_matches(['"', '\'']);
        if names::names_pair(shown)
            && value.len() < NAME
            && let Some(secrecy) = self.scan.judge(value, Place::Key)
        {
            self.pair = Some((name - start, secrecy, value.to_owned()));
        }
    }
}

struct Name {
    name: Range<usize>,
    /// With its quotes.
    start: usize,
    /// The quote that opens before it, and closes after the value.
    opening: Option<u8>,
    is_quoted: bool,
}

struct Value {
    range: Range<usize>,
    is_quoted: bool,
}

fn spaces(bytes: &[u8]) -> usize {
    bytes.iter().take(64).take_while(|byte| matches!(byte, b' ' | b'\t')).count()
}

/// Where a quoted value ends: the same quote with as many backslashes before it.
fn closing(bytes: &[u8], from: usize, quote: u8, slashes: usize) -> Option<usize> {
    let mut at = from;
    loop {
        let found = at + memchr::memchr(quote, &bytes[at..])?;
        let before = bytes[from..found].iter().rev().take_while(|byte| **byte == b'\\').count();
        // A quote that is escaped once more belongs to the value.
        let closes = if slashes == 0 { before % 2 == 0 } else { before == slashes };
        if closes {
            return Some(found - slashes);
        }
        at = found + 1;
    }
}

/// Where the next field of a form begins, in what may be one: `&name=`.
fn next_field(value: &str) -> Option<usize> {
    value.match_indices('&').map(|(at, _)| at).take(20).find(|&at| {
        let rest = &value[at + 1..];
        let name =
            rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || b"_.-[]%".contains(byte)).count();
        name > 0 && rest.as_bytes().get(name) == Some(&b'=')
    })
}

/// Whether a line is typed after a prompt.
fn is_prompt(line: &str) -> bool {
    ["$ ", "+ ", "% "].iter().any(|prompt| line.starts_with(prompt))
}

/// Words that people and programs write after the name of a secret, and that are none.
fn is_no_secret(value: &str) -> bool {
    const WORDS: [&str; 40] = [
        "required",
        "optional",
        "hidden",
        "masked",
        "redacted",
        "set",
        "unset",
        "expired",
        "changed",
        "invalid",
        "incorrect",
        "missing",
        "needed",
        "updated",
        "rejected",
        "accepted",
        "denied",
        "revoked",
        "enabled",
        "disabled",
        "string",
        "str",
        "int",
        "integer",
        "boolean",
        "bool",
        "object",
        "text",
        "filtered",
        "deprecated",
        "unchanged",
        "empty",
        "ok",
        "failed",
        "valid",
        "created",
        "removed",
        "deleted",
        "generated",
        "prompt",
    ];
    let word = value.trim_matches(['(', ')', '[', ']', '<', '>', '.', ',', '!']);
    WORDS.iter().any(|known| word.eq_ignore_ascii_case(known))
        || ["(hidden)", "(sensitive value)", "<sensitive>", "[sensitive]"].contains(&value)
}

/// Whether a value of YAML says that its text is below: `|`, `>-`, `|2+` (YAML 1.2.2, 8.1.1).
fn is_block_header(value: &str) -> bool {
    let indicators = value.strip_prefix(['|', '>']);
    indicators.is_some_and(|rest| rest.len() <= 2 && rest.bytes().all(|byte| b"+-123456789".contains(&byte)))
}
