//! The trace of a page's messages.
//!
//! What a fence is titled with says more than a heading, and that more than an arrow. Times are made
//! up, a second apart, so that an exchange can be put in between. What this leaves out: the order of
//! the messages, which is settled.

use super::content::{body_content, header_content};
use super::sections::Section;
use super::{Document, Facts, Message, place};
use crate::error::Error;
use crate::import::message_line::MessageLine;
use crate::sequence::Side;
use crate::text::Text;
use crate::trace::{Body, Exchange, Headers, KnownFrom, Micros, Request, Response, Trace, UrlParts};

/// When the first message of an imported page is said to have happened: 2000-01-01 UTC.
const FIRST: Micros = 946_684_800_000_000;
/// The time between two messages of an imported page.
const STEP: Micros = 1_000_000;
/// A page has a few values that differ from run to run; one with more is no page.
const MOST_VARS: usize = 64;
/// The method of a request of which the page does not tell it.
const UNKNOWN_METHOD: &str = "UNKNOWN";
/// The status of a response of which the page does not tell it.
const UNKNOWN_STATUS: u16 = 200;

/// The real target of each message whose fences are titled with it, and those that its heading and
/// its arrow show.
fn targets<'a>(
    messages: &[Message<'a>],
    sections: &[Section<'a>],
) -> impl Iterator<Item = (UrlParts<'a>, UrlParts<'a>)> {
    messages.iter().flat_map(move |message| {
        let section = message.section.map(|at| &sections[at]);
        let real = section.and_then(|section| section.in_fences.target());
        let headed = section.map_or(MessageLine::Other, |section| section.in_heading.clone());
        let drawn = message.drawn.map_or(MessageLine::Other, |drawn| MessageLine::of(drawn.arrow.text));
        let shown = [headed, drawn].into_iter().filter_map(|line| line.target());
        shown.filter_map(move |shown| Some((UrlParts::of(real?), UrlParts::of(shown)))).collect::<Vec<_>>()
    })
}

/// Names for parts of real paths, where the page writes `{name}` in a heading or an arrow.
pub(super) fn vars<'a>(messages: &[Message<'a>], sections: &[Section<'a>]) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for (real, shown) in targets(messages, sections) {
        let queries = (shown.query.unwrap_or_default(), real.query.unwrap_or_default());
        let pieces = align(shown.path, real.path, '/').into_iter().chain(align(queries.0, queries.1, '&'));
        for (name, value) in pieces {
            if found.len() < MOST_VARS && !found.iter().any(|(known, _)| known == name) {
                found.push((name.to_owned(), value.to_owned()));
            }
        }
    }
    found
}

/// Whether headings and arrows show the queries of their messages, if any has one.
pub(super) fn shows_query<'a>(messages: &[Message<'a>], sections: &[Section<'a>]) -> Option<bool> {
    let asked = targets(messages, sections).filter(|(real, _)| real.query.is_some());
    let (with, without): (Vec<_>, Vec<_>) = asked.partition(|(_, shown)| shown.query.is_some());
    (with.len() + without.len() > 0).then_some(with.len() >= without.len())
}

/// The exchanges that the page tells of.
pub(super) fn trace(documents: &[Document<'_>], facts: &Facts<'_>, diagnostics: &mut Vec<Error>) -> Trace {
    let mut exchanges: Vec<Exchange> = Vec::new();
    for (at, message) in facts.messages.iter().enumerate() {
        let time = FIRST + STEP * at as Micros;
        let section = message.section.map(|section| &facts.sections[section]);
        let printed = section.is_some_and(|section| section.headers.is_some() || section.body.is_some());
        let (headers, body) = section.map(|section| content(documents, section)).unwrap_or_default();
        let [headed, drawn] = facts.shown(message);
        let in_fences = section.map_or(MessageLine::Other, |section| section.in_fences.clone());
        let names = match (message.drawn, section.and_then(|section| section.names), message.side) {
            (_, Some((client, server)), _) => Some((client, server)),
            (Some(drawn), None, Side::Request) => Some((drawn.arrow.from, drawn.arrow.to)),
            (Some(drawn), None, Side::Response) => Some((drawn.arrow.to, drawn.arrow.from)),
            (None, None, _) => None,
        };
        let all = [&in_fences, &headed, &drawn];
        match message.side {
            Side::Request => {
                let told = all.into_iter().find_map(|line| match line {
                    MessageLine::Request { method, target } => Some((*method, *target)),
                    _ => None,
                });
                if told.is_none() {
                    let (document, range) = place(documents, section, message.drawn);
                    diagnostics.push(
                        document.error(range, "the page does not say what this request asks for").hint(
                            format!("the trace names it `{UNKNOWN_METHOD} /`; put method and URL in by hand"),
                        ),
                    );
                }
                let (method, target) = told.unwrap_or((UNKNOWN_METHOD, "/"));
                let text = |text: &str| Text::from(text.to_owned());
                exchanges.push(Exchange {
                    from: names.map(|(client, _)| text(client)),
                    to: names.map(|(_, server)| text(server)),
                    started: time,
                    synthetic: true,
                    known_from: if printed { KnownFrom::Wire } else { KnownFrom::Diagram },
                    request: Request {
                        method: text(method),
                        url: url(&with_values(target, &facts.vars), &headers).into(),
                        headers,
                        body,
                        ..Request::default()
                    },
                    ..Exchange::default()
                });
            }
            Side::Response => {
                let told = all.into_iter().find_map(|line| match line {
                    MessageLine::Response { status, reason, target } => Some((*status, *reason, *target)),
                    _ => None,
                });
                if told.is_none() {
                    let (document, range) = place(documents, section, message.drawn);
                    diagnostics.push(
                        document
                            .error(range, "the page does not say with which status this response came")
                            .hint(format!("the trace has {UNKNOWN_STATUS}; put the real one in by hand")),
                    );
                }
                let (status, reason, target) = told.unwrap_or((UNKNOWN_STATUS, "", None));
                let is_url = in_fences.target().is_some();
                let target = target.map(|target| with_values(target, &facts.vars));
                let exchange = &mut exchanges[message.exchange];
                // The request's own title says more than a heading; the response's may do so for it.
                if let Some(url) = target.as_ref().filter(|_| is_url)
                    && UrlParts::of(&exchange.request.url).authority.is_empty()
                    && same_path(url, &exchange.request.url)
                {
                    exchange.request.url = url.clone().into();
                }
                let url = target.filter(|url| is_url && **url != *exchange.request.url).map(Text::from);
                exchange.ended = Some(time);
                if printed {
                    exchange.known_from = KnownFrom::Wire;
                }
                let reason = Text::from(reason.to_owned());
                exchange.response =
                    Some(Response { status, reason, url, headers, body, ..Response::default() });
            }
        }
    }
    Trace { exchanges, ..Trace::default() }
}

/// The URL of a request: a path alone belongs to the host that a field names, if one does.
fn url(target: &str, headers: &Headers) -> String {
    match headers.get("host").map(str::trim) {
        Some(host) if target.starts_with('/') && !host.is_empty() && !host.contains(['/', ' ', '@']) => {
            format!("http://{host}{target}")
        }
        _ => target.to_owned(),
    }
}

fn content(documents: &[Document<'_>], section: &Section<'_>) -> (Headers, Body) {
    let document = &documents[section.document];
    let headers = section.headers.map(|fence| header_content(document, fence).0).unwrap_or_default();
    let body = section.body.map(|fence| body_content(document, fence).0).unwrap_or_default();
    (headers, body)
}

/// A target with the values that the page's variables have.
fn with_values(target: &str, vars: &[(String, String)]) -> String {
    vars.iter().fold(target.to_owned(), |target, (name, value)| target.replace(&format!("{{{name}}}"), value))
}

/// Whether two targets, real or with `{names}`, can be the same path.
pub(super) fn same_path(a: &str, b: &str) -> bool {
    let (a, b) = (UrlParts::of(a).path.trim_end_matches('/'), UrlParts::of(b).path.trim_end_matches('/'));
    let is_open = |segment: &str| segment.contains('{');
    a.split('/').count() == b.split('/').count()
        && a.split('/').zip(b.split('/')).all(|(a, b)| a == b || is_open(a) || is_open(b))
}

/// Names in `template` and what is in their place in `real`, both cut at `separator`.
fn align<'t>(template: &'t str, real: &'t str, separator: char) -> Vec<(&'t str, &'t str)> {
    if template.split(separator).count() != real.split(separator).count() {
        return Vec::new();
    }
    let pairs = template.split(separator).zip(real.split(separator));
    let named = |(template, real): (&'t str, &'t str)| {
        let (before, rest) = template.split_once('{')?;
        let (name, after) = rest.split_once('}')?;
        let value = real.strip_prefix(before)?.strip_suffix(after)?;
        let is_name = crate::settings::is_identifier(name);
        (is_name && !value.is_empty() && !value.contains(['{', '}'])).then_some((name, value))
    };
    pairs.filter_map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_for_names() {
        assert_eq!(align("/v2/{id}/f", "/v2/42/f", '/'), [("id", "42")]);
        assert_eq!(align("/AUTH_{p}/c", "/AUTH_x/c", '/'), [("p", "x")]);
        assert_eq!(align("a={n}&b", "a=1&b", '&'), [("n", "1")]);
        assert!(align("/a/{id}", "/a", '/').is_empty());
    }
}
