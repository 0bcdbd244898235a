//! Commands: as words, and as a line for a shell.
//!
//! An option's name says that the word after it is secret; some programs have options of one letter for
//! that, which are data. What is not: the program, and everything that is no option's value.

use std::ops::Range;

use super::{Class, Edit, Place, Scan, Secrecy, Setting, apply, form, header, names, strength};

/// Words before the program of a command.
const BEFORE: [&str; 8] = ["sudo", "env", "time", "nohup", "exec", "command", "doas", "timeout"];

/// The edits of each word.
pub(super) fn words(scan: &Scan<'_>, words: &[String], depth: usize) -> Vec<Vec<Edit>> {
    let programs: Vec<&str> = programs(words);
    let options: Vec<_> = names::options()
        .iter()
        .filter(|options| options.programs.iter().any(|program| programs.contains(&&**program)))
        .filter(|options| {
            options.only_with.is_empty() || options.only_with.iter().any(|word| words.contains(word))
        })
        .collect();
    let is_option_of = |kind: fn(&names::CommandOptions) -> &Vec<String>, word: &str| {
        options.iter().any(|options| kind(options).iter().any(|option| option == word))
    };
    let attached = |word: &str| {
        let all = options.iter().flat_map(|options| &options.attached);
        all.filter(|option| word.len() > option.len() && word.starts_with(&***option)).map(String::len).next()
    };
    let mut edits = Vec::with_capacity(words.len());
    let mut before = Next::Nothing;
    for (index, word) in words.iter().enumerate() {
        let next = std::mem::replace(&mut before, Next::Nothing);
        edits.push(scan.level(word, |out| match next {
            // The program's own name stays whatever it is.
            Next::Nothing if index == 0 && !word.contains('=') => {}
            Next::Nothing => {
                before = one(scan, word, depth, out);
                if let Next::Nothing = before {
                    before = if is_option_of(|options| &options.secret, word) {
                        Next::Secret(Secrecy::plainly(Class::Secret), word.clone())
                    } else if is_option_of(|options| &options.user, word) {
                        Next::User(':')
                    } else if is_option_of(|options| &options.percent, word) {
                        Next::User('%')
                    } else if is_option_of(|options| &options.header, word) {
                        Next::Header
                    } else if is_option_of(|options| &options.cookie, word) {
                        Next::Cookie
                    } else if is_option_of(|options| &options.field, word) {
                        Next::Field
                    } else {
                        Next::Nothing
                    };
                }
                if let Some(option) = attached(word) {
                    let value = &word[option..];
                    let secrecy = Secrecy::plainly(Class::Secret);
                    scan.secret(out, option..word.len(), secrecy, &word[..option], value, str::to_owned);
                } else if let Some(after) =
                    word.strip_prefix("pass:").filter(|_| programs.contains(&"openssl"))
                {
                    scan.secret(
                        out,
                        5..word.len(),
                        Secrecy::plainly(Class::Secret),
                        "pass:",
                        after,
                        str::to_owned,
                    );
                }
            }
            // An option where a value was expected: the one before needs none.
            Next::Secret(..) if word.starts_with("--") && word.len() > 3 && !strength::is_strong(word) => {
                before = one(scan, word, depth, out);
            }
            Next::Secret(secrecy, name) => {
                let start = if word.starts_with("pass:") { 5 } else { 0 };
                scan.secret(out, start..word.len(), secrecy, &name, &word[start..], str::to_owned);
            }
            Next::User(separator) => {
                if let Some((user, password)) = word.split_once(separator) {
                    let start = user.len() + 1;
                    scan.secret(
                        out,
                        start..word.len(),
                        Secrecy::plainly(Class::Secret),
                        "user",
                        password,
                        str::to_owned,
                    );
                }
            }
            Next::Header => {
                if let Some((name, value)) = word.split_once(':') {
                    header::scan(scan, name, value, name.len() + 1, depth, out);
                }
            }
            Next::Cookie => header::scan(scan, "Cookie", word, 0, depth, out),
            Next::Field => field(scan, word, depth, out),
        }));
    }
    edits
}

/// What a word says of the one after it.
enum Next {
    Nothing,
    Secret(Secrecy, String),
    User(char),
    Header,
    Cookie,
    Field,
}

/// A word by itself: an assignment, an option with its value, a URL, a text.
fn one(scan: &Scan<'_>, word: &str, depth: usize, out: &mut Vec<Edit>) -> Next {
    let name = word.trim_start_matches('-');
    let is_name = |name: &str| {
        !name.is_empty()
            && name.len() < 80
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.[]".contains(&byte))
    };
    if word.starts_with('-') && is_name(name) {
        return match scan.judge(name, Place::Key).filter(|_| name.len() > 2) {
            Some(secrecy) => Next::Secret(secrecy, word.to_owned()),
            None => Next::Nothing,
        };
    }
    if let Some((name, value)) = word.split_once('=') {
        let plain = name.trim_start_matches(['-', 'D', '@', ':']);
        let judged = [name.trim_start_matches('-'), plain].into_iter().filter(|name| is_name(name));
        if let Some(secrecy) = judged.filter_map(|name| scan.judge(name, Place::Key)).next() {
            let start = name.len() + 1;
            scan.secret(out, start..word.len(), secrecy, name.trim_start_matches('-'), value, str::to_owned);
            return Next::Nothing;
        }
    }
    if depth > 0 {
        field(scan, word, depth - 1, out);
    }
    Next::Nothing
}

/// A word that is a body, a form, a header field or a URL.
fn field(scan: &Scan<'_>, word: &str, depth: usize, out: &mut Vec<Edit>) {
    if let Some((name, value)) = word.split_once(':')
        && !value.starts_with("//")
        && !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        && scan.judge(name, Place::Header).is_some()
    {
        return header::scan(scan, name, value, name.len() + 1, depth, out);
    }
    if form::is_url(word) {
        form::url(scan, word, 0, depth, out);
    } else if word.contains('\n') || word.contains(' ') && !word.trim_start().starts_with(['{', '[', '<']) {
        // A line for another shell, or a text.
        if depth > 0 {
            line(scan, word, 0, depth - 1, out);
        }
        scan.structure(word, 0, "", Setting::Value, depth, out);
    } else {
        scan.structure(word, 0, "", Setting::Value, depth, out);
    }
}

/// The programs that a command runs, by their file's names.
fn programs(words: &[String]) -> Vec<&str> {
    let mut programs = Vec::new();
    let mut is_first = true;
    for word in words {
        let is_assignment = word
            .split_once('=')
            .is_some_and(|(name, _)| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
        if is_first && !is_assignment && !word.starts_with('-') {
            let name = word.rsplit('/').next().unwrap_or(word);
            programs.push(name);
            is_first = BEFORE.contains(&name);
        }
        is_first |= ["|", "||", "&&", ";", "&", "--"].contains(&&**word) || word.ends_with(';');
    }
    programs
}

/// Where a command begins in a line of a log or a page: at `curl`, or after a prompt.
pub(super) fn start(line: &str) -> usize {
    if let Some(at) = line.find("curl ") {
        return at;
    }
    line.len() - line.trim_start().len() + 2
}

/// A line for a shell, whose words are edited where they stand.
pub(super) fn line(scan: &Scan<'_>, text: &str, at: usize, depth: usize, out: &mut Vec<Edit>) {
    /// A longer text is no command.
    const LONGEST: usize = 1 << 20;
    if text.len() > LONGEST || depth == 0 {
        return;
    }
    let (ranges, values) = split(text);
    // A word before the first makes that one count as any other: a line may begin in the middle.
    for ((range, value), edits) in ranges.into_iter().zip(&values).zip(words(scan, &values, depth - 1)) {
        if edits.is_empty() {
            continue;
        }
        let raw = &text[range.clone()];
        let start = at + range.start;
        if raw == value {
            out.extend(
                edits
                    .into_iter()
                    .map(|edit| Edit { range: start + edit.range.start..start + edit.range.end, ..edit }),
            );
            continue;
        }
        // The quotes that it had, if they are all around it.
        let quote = raw.chars().next().filter(|c| matches!(c, '"' | '\'') && raw.len() == value.len() + 2);
        match quote {
            Some(_) => {
                let start = start + 1;
                out.extend(
                    edits
                        .into_iter()
                        .map(|edit| Edit { range: start + edit.range.start..start + edit.range.end, ..edit }),
                );
            }
            None => {
                let changed = apply(value, &edits);
                let with =
                    shlex::try_quote(&changed).map_or_else(|_| changed.clone(), |quoted| quoted.into_owned());
                let found = edits.into_iter().flat_map(|edit| edit.found).collect();
                out.push(Edit { range: start..at + range.end, with, found });
            }
        }
    }
}

/// The words of a line for a POSIX shell, with their places and what they mean without quotes. Operators
/// are words; a quote that does not close ends with the line.
fn split(text: &str) -> (Vec<Range<usize>>, Vec<String>) {
    let mut ranges = Vec::new();
    let mut values = Vec::new();
    let mut start = None;
    let mut value = String::new();
    let mut quote = None;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let is_operator = quote.is_none() && matches!(c, '|' | ';' | '&' | '(' | ')' | '`');
        if quote.is_none() && c.is_whitespace() || is_operator {
            if let Some(start) = start.take() {
                ranges.push(start..at);
                values.push(std::mem::take(&mut value));
            }
            if is_operator {
                ranges.push(at..at + c.len_utf8());
                values.push(";".to_owned());
            }
            continue;
        }
        start.get_or_insert(at);
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '\\') => value.extend(chars.next().map(|(_, c)| c).filter(|c| *c != '\n')),
            (Some('"'), '\\') => match chars.peek() {
                Some(&(_, next)) if "$`\"\\".contains(next) => {
                    value.push(next);
                    chars.next();
                }
                _ => value.push('\\'),
            },
            (_, c) => value.push(c),
        }
    }
    if let Some(start) = start {
        ranges.push(start..text.len());
        values.push(value);
    }
    (ranges, values)
}
