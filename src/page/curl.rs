//! A request as a `curl` command, to try it by hand.
//!
//! A body is laid out as the page shows it. What this leaves out: what curl sets by itself (`Host`, lengths,
//! codings), and bodies that the trace does not hold, in whose place a file is named.

use super::{Block, body_text};
use crate::trace::{Body, Exchange};

/// The command that sends the request of an exchange.
pub fn command(exchange: &Exchange) -> Block {
    Block::new(words(exchange).into())
}

fn words(exchange: &Exchange) -> String {
    let request = &exchange.request;
    let mut parts = vec!["curl".to_owned()];
    let has_body = !matches!(request.body, Body::Absent);
    match &*request.method {
        "GET" if !has_body => {}
        "HEAD" if !has_body => parts[0].push_str(" --head"),
        "POST" if has_body => {}
        method => parts[0].push_str(&format!(" --request {}", quoted(method))),
    }
    if request.url.contains(['[', ']', '{', '}']) {
        parts[0].push_str(" --globoff");
    }
    if request.headers.get("accept-encoding").is_some() {
        parts[0].push_str(" --compressed");
    }
    parts[0].push_str(&format!(" {}", quoted(&request.url)));
    let is_own = |name: &str| OWN_FIELDS.iter().any(|own| own.eq_ignore_ascii_case(name));
    for (name, value) in request.headers.iter().filter(|(name, _)| !is_own(name)) {
        // Without a value curl would leave the field out.
        let field = if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") };
        parts.push(format!("--header {}", quoted(&field)));
    }
    match &request.body {
        Body::Absent => {}
        body @ Body::Text(_) => parts.push(format!("--data-raw {}", quoted(&body_text(body)))),
        Body::Binary(_) | Body::Omitted(_) => parts.push("--data-binary @FILE".to_owned()),
    }
    parts.join(" \\\n  ")
}

/// Fields that curl sets by itself.
const OWN_FIELDS: &[&str] = &["Host", "Content-Length", "Connection", "Accept-Encoding", "Transfer-Encoding"];

/// `text` as one word of a POSIX shell.
fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Text;
    use crate::trace::{Headers, Request};
    use proptest::prelude::*;

    fn shown(method: &str, url: &str, headers: &[(&str, &str)], body: Body) -> String {
        let headers = headers.iter().map(|(name, value)| (Text::from(*name), Text::from(*value))).collect();
        let request = Request { method: method.into(), url: url.into(), headers, body, ..Request::default() };
        words(&Exchange { request, ..Exchange::default() })
    }

    #[test]
    fn a_request_is_sent_as_it_was() {
        assert_eq!(
            shown("GET", "http://h/a?b=c&d", &[("Host", "h")], Body::Absent),
            "curl 'http://h/a?b=c&d'"
        );
        assert_eq!(
            shown("PUT", "http://h/{a}", &[("X-A", "it's"), ("X-B", "")], Body::Text("a=1&b".into())),
            "curl --request PUT --globoff 'http://h/{a}' \\\n  --header 'X-A: it'\\''s' \\\n  --header 'X-B;' \\\n  --data-raw 'a=1&b'"
        );
        assert_eq!(
            shown("HEAD", "http://h/", &[("accept-encoding", "gzip")], Body::Absent),
            "curl --head --compressed http://h/"
        );
    }

    proptest! {
        #[test]
        fn a_shell_reads_the_words_that_were_meant(
            url in "\\PC{1,12}",
            value in "[^\\n]{1,12}",
            body in "[^\u{0}{\\[]{1,12}",
        ) {
            let headers: Headers = [(Text::from("X-A"), Text::from(value.as_str()))].into_iter().collect();
            let request = Request {
                method: "PATCH".into(),
                url: url.as_str().into(),
                headers,
                body: Body::Text(body.as_str().into()),
                ..Request::default()
            };
            // A number between blanks is JSON, and laid out.
            let body = body_text(&request.body).to_string();
            let command = words(&Exchange { request, ..Exchange::default() });
            let words = shlex::split(&command).unwrap();
            let expected = [url, format!("X-A: {value}"), body];
            prop_assert_eq!(expected.map(|word| words.contains(&word)), [true; 3], "{}", command);
        }
    }
}
