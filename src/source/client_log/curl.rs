//! A request as a command line of curl, in the forms of all clients.
//!
//! Made for people: the values are not escaped, so that a quote in one ends nothing. The order of
//! the options, the quotes and where the URL stands differ by client; what they mean does not.

use std::borrow::Cow;

use super::super::requestshook::is_token;
use super::fields::Fields;
use crate::json;

/// What a command line says of a request.
#[derive(Debug, Default)]
pub(super) struct Curl<'a> {
    pub(super) method: &'a str,
    pub(super) url: Cow<'a, str>,
    pub(super) fields: Fields<'a>,
    /// What `-d` gives.
    pub(super) body: Option<&'a str>,
}

/// What a command line can be damaged by.
#[derive(Debug, PartialEq)]
pub(super) enum Damage {
    /// It is no command line of this kind.
    Request,
    /// The body, which begins at this byte, has no end.
    Body(usize),
}

/// Reads what comes after `curl `. The body may go on over several lines, and lines of the log may
/// come after it.
pub(super) fn parse(command: &str) -> Result<Curl<'_>, Damage> {
    let mut curl = Curl::default();
    let mut words: Vec<&str> = Vec::new();
    let mut at = 0;
    loop {
        let rest = &command[at..];
        let rest = rest.trim_start_matches([' ', '\t']);
        at = command.len() - rest.len();
        if rest.is_empty() || rest.starts_with(['\n', '\r']) {
            break;
        }
        let word = &rest[..rest.find([' ', '\n', '\r']).unwrap_or(rest.len())];
        let option_end = (at + word.len() + 1).min(command.len());
        match word {
            "-H" | "--header" => {
                let (field, end) = quoted(command, option_end).ok_or(Damage::Request)?;
                let (name, value) =
                    field.split_once(':').filter(|(name, _)| is_token(name)).ok_or(Damage::Request)?;
                curl.fields.push((name.into(), value.strip_prefix(' ').unwrap_or(value).into()));
                at = end;
            }
            "-d" | "--data" | "--data-binary" | "--data-raw" => {
                let quote = usize::from(command[option_end..].starts_with(['"', '\'']));
                let (body, end) = body(command, option_end).ok_or(Damage::Body(option_end + quote))?;
                curl.body = Some(body);
                at = end;
            }
            "-X" | "--request" => {
                let (method, end) = argument(command, option_end).ok_or(Damage::Request)?;
                curl.method = method;
                at = end;
            }
            "-I" | "--head" => {
                curl.method = "HEAD";
                at = option_end;
            }
            "--cacert" | "--cert" | "--key" | "-E" => {
                at = argument(command, option_end).ok_or(Damage::Request)?.1
            }
            "-g" | "-i" | "-k" | "-s" | "-v" | "-L" | "--insecure" | "--globoff" | "--include" | "-gi"
            | "-ig" => {
                at += word.len();
            }
            _ => {
                let (word, end) = if word.starts_with(['"', '\'']) {
                    quoted(command, at).ok_or(Damage::Request)?
                } else {
                    (word, at + word.len())
                };
                words.push(word);
                at = end;
            }
        }
    }
    curl.finish(&words)
}

impl<'a> Curl<'a> {
    /// Finds the URL among the words that belong to no option, and a method that is beside it.
    fn finish(mut self, words: &[&'a str]) -> Result<Curl<'a>, Damage> {
        let is_method = |word: &&str| word.len() < 12 && word.bytes().all(|byte| byte.is_ascii_uppercase());
        let words: Vec<&str> = match words {
            [url @ .., method] if self.method.is_empty() && !url.is_empty() && is_method(method) => {
                self.method = method;
                url.to_vec()
            }
            words => words.to_vec(),
        };
        let is_url = words
            .first()
            .is_some_and(|first| first.contains("://") || first.starts_with('/') || words.len() == 1);
        if !is_url || self.method.is_empty() && words.len() > 1 {
            return Err(Damage::Request);
        }
        if self.method.is_empty() {
            // What curl itself would do.
            self.method = "GET";
        }
        if !is_token(self.method) || words.iter().any(|word| word.is_empty()) {
            return Err(Damage::Request);
        }
        // swiftclient decodes the URL for its log; no request line holds a space.
        self.url = if let [url] = words[..] { url.into() } else { words.join("%20").into() };
        Ok(self)
    }
}

/// The word at `at`, in quotes or without, and where it ends.
fn argument(command: &str, at: usize) -> Option<(&str, usize)> {
    let rest = command.get(at..)?;
    if rest.starts_with(['"', '\'']) {
        return quoted(command, at);
    }
    let end = rest.find([' ', '\n', '\r']).unwrap_or(rest.len());
    (end > 0).then(|| (&rest[..end], at + end))
}

/// The text in quotes at `at` on its line, and where it ends. A quote in it that nothing of a
/// command line follows is part of it.
fn quoted(command: &str, at: usize) -> Option<(&str, usize)> {
    let rest = command.get(at..)?;
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let line = &rest[1..memchr::memchr(b'\n', rest.as_bytes()).unwrap_or(rest.len())];
    let end = memchr::memchr_iter(quote as u8, line.as_bytes()).find(|&end| is_boundary(&line[end + 1..]))?;
    Some((&line[..end], at + 1 + end + 1))
}

/// The body in quotes at `at`, and where it ends.
fn body(command: &str, at: usize) -> Option<(&str, usize)> {
    let rest = command.get(at..)?;
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let content = &rest[1..];
    let found = |end: usize| (&content[..end], at + 1 + end + 1);
    if let Some(end) = json_end(content)
        && content[end..].starts_with(quote)
    {
        return Some(found(end));
    }
    // A body of another kind goes on to the last quote at the end of a line, or before a URL.
    let mut quotes = memchr::memrchr_iter(quote as u8, content.as_bytes());
    quotes
        .find(|&end| {
            let after = &content[end + 1..];
            after.is_empty()
                || after.starts_with(['\n', '\r'])
                || is_url(after.strip_prefix(' ').unwrap_or_default())
        })
        .map(found)
}

/// Where the JSON that `text` begins with ends, if it is an object or a list.
pub(super) fn json_end(text: &str) -> Option<usize> {
    if !text.starts_with(['{', '[']) {
        return None;
    }
    let end = match json::validate(text) {
        Ok(()) => text.len(),
        Err(at) => at,
    };
    let value = text[..end].trim_ascii_end();
    json::validate(value).is_ok().then_some(value.len())
}

/// Whether `after` is what comes after a word: nothing, an option, or the URL.
fn is_boundary(after: &str) -> bool {
    let Some(next) = after.strip_prefix(' ') else { return after.trim_ascii_start().is_empty() };
    let next = next.trim_start_matches(' ');
    let is_option =
        ["-H ", "-d ", "-X ", "-I", "-k", "-g", "-i", "--"].iter().any(|option| next.starts_with(option));
    let first = next.split(' ').next().unwrap_or_default();
    let is_method =
        !first.is_empty() && first.len() < 12 && first.bytes().all(|byte| byte.is_ascii_uppercase());
    next.is_empty() || is_option || is_url(next) || is_method
}

/// Whether `text` begins with a URL, in quotes or without.
fn is_url(text: &str) -> bool {
    let text = text.trim_start_matches(['"', '\'']);
    text.starts_with("http://") || text.starts_with("https://")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(command: &str) -> String {
        match parse(command) {
            Ok(curl) => {
                let fields: String =
                    curl.fields.iter().map(|(name, value)| format!(" {name}={value};")).collect();
                format!("{} {}{fields} {:?}", curl.method, curl.url, curl.body)
            }
            Err(damage) => format!("{damage:?}"),
        }
    }

    #[test]
    fn every_order_and_quote() {
        for command in [
            "-g -i -X PUT http://h/a?b -H \"A: b\" -H \"C: d\" -d '{\"e\": 1}'",
            "-g -i --insecure -X PUT \"http://h/a?b\" -H \"A: b\" -H \"C: d\" -d '{\"e\": 1}'",
            "-g -i --cacert \"/a b/ca.pem\" -X PUT http://h/a?b -H \"A: b\" -H \"C: d\" -d '{\"e\": 1}'",
            "-i 'http://h/a?b' -X PUT -H \"A: b\" -H \"C: d\" -d '{\"e\": 1}'",
            "-i --insecure 'http://h/a?b' -X PUT -H \"A: b\" -H \"C: d\" -d '{\"e\": 1}'",
            "-g -i -X PUT -H 'A: b' -H 'C: d' -k  --cacert /ca --cert /c --key /k -d '{\"e\": 1}' http://h/a?b",
            "-i -X 'PUT' 'http://h/a?b' -H 'A: b' -H 'C: d' -d \"{\"e\": 1}\"",
            "-i http://h/a?b PUT -H \"A: b\" -H \"C: d\" -d '{\"e\": 1}'\nanother line",
        ] {
            assert_eq!(shown(command), "PUT http://h/a?b A=b; C=d; Some(\"{\\\"e\\\": 1}\")", "{command}");
        }
    }

    #[test]
    fn nothing_is_escaped() {
        assert_eq!(
            shown("-i http://h/a -X GET -H \"A: say \"b\" -x\" -H \"B:\""),
            "GET http://h/a A=say \"b\" -x; B=; None"
        );
        assert_eq!(
            shown("-X POST http://h/a -d 'it's\n\"more\"'"),
            "POST http://h/a Some(\"it's\\n\\\"more\\\"\")"
        );
        assert_eq!(shown("-X POST -d 'it's' x' http://h/a"), "POST http://h/a Some(\"it's' x\")");
        assert_eq!(shown("-i http://h/v1/a b/c d -I"), "HEAD http://h/v1/a%20b/c%20d None");
        assert_eq!(shown("-g -i http://h/a"), "GET http://h/a None");
    }

    #[test]
    fn damage_is_told() {
        for command in
            ["", "-X GET", "-X GET http://h -H \"open", "-X GET http://h -H \"no name\"", "a b c", "-X"]
        {
            assert_eq!(shown(command), "Request", "{command}");
        }
        assert_eq!(shown("-X GET http://h -d 'open"), "Body(20)");
        assert_eq!(shown("-X GET http://h -d"), "Body(18)");
    }
}
