//! Traces for property tests: anything that a source could have given.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::{
    Binary, Body, Exchange, Gap, Headers, Informational, KnownFrom, Micros, Request, Response, Trace,
};
use crate::text::Text;

/// Any trace that all sources could agree on: a response has an end, a text is not empty.
pub(crate) fn trace() -> impl Strategy<Value = Trace> {
    (vec(exchange(), 0..5), vec(gap(), 0..3), vec(text(), 0..3)).prop_map(|(exchanges, gaps, notes)| Trace {
        exchanges,
        gaps,
        notes,
    })
}

fn text() -> impl Strategy<Value = Text> {
    prop_oneof![any::<String>(), "[ -~]{0,12}", "(\\PC|[\\x00-\\x20\"\\\\]){0,12}"].prop_map(Text::from)
}

fn micros() -> impl Strategy<Value = Micros> {
    -62_000_000_000_000_000..250_000_000_000_000_000_i64
}

fn body() -> impl Strategy<Value = Body> {
    let not_empty = |text: &Text| !text.is_empty();
    prop_oneof![
        Just(Body::Absent),
        text().prop_filter("an empty text is no body", not_empty).prop_map(Body::Text),
        text().prop_map(Body::Omitted),
        (vec(any::<u8>(), 0..33), option::of(any::<u64>()), option::of("[0-9a-f]{64}")).prop_map(
            |(head, length, sha256)| Body::Binary(Binary { head, length, sha256: sha256.map(Text::from) })
        ),
    ]
}

fn headers() -> impl Strategy<Value = Headers> {
    let name = "[A-Za-z-]{1,12}".prop_map(Text::from);
    // No value holds a line end (RFC 9110, 5.5).
    let value = text().prop_map(|value| Text::from(value.replace('\n', "")));
    vec((name, value), 0..4).prop_map(|fields| fields.into_iter().collect())
}

/// What a source that knows it beside the headers says.
fn media_type() -> impl Strategy<Value = Option<Text>> {
    option::of("[a-z]{1,5}/[a-z ;=\"]{1,9}".prop_map(Text::from))
}

/// The version of a message that is not HTTP/1.1, and its trailers.
fn version_and_trailers() -> impl Strategy<Value = (Option<Text>, Headers)> {
    (option::of(prop_oneof![Just("HTTP/1.0".into()), Just("h2".into())]), headers())
}

fn informational() -> impl Strategy<Value = Vec<Informational>> {
    let one = (100..200u16, text(), headers());
    vec(one.prop_map(|(status, reason, headers)| Informational { status, reason, headers }), 0..3)
}

fn exchange() -> impl Strategy<Value = Exchange> {
    let method = prop_oneof![text(), Just(Text::new()), "[A-Z]{3,6}".prop_map(Text::from)];
    let request = (method, text(), headers(), media_type(), body(), version_and_trailers());
    let request = request.prop_map(|(method, url, headers, media_type, body, (version, trailers))| {
        let named = |text: Text| if text.is_empty() { Text::from("x".to_owned()) } else { text };
        Request { method, url: named(url), version, headers, media_type, body, trailers }
    });
    let line = (0..1000u16, text(), option::of(text()), version_and_trailers());
    let response =
        (line, informational(), headers(), media_type(), body()).prop_map(
            |((status, reason, url, (version, trailers)), informational, headers, media_type, body)| {
                Response { status, reason, url, informational, version, headers, media_type, body, trailers }
            },
        );
    let micros_of_a_part = || prop_oneof![Just(0), 0..10_000_000_i64];
    let answer = option::of((micros_of_a_part(), 0..10_000_000_000_i64, micros_of_a_part(), response));
    let names = (option::of(text()), option::of(text()));
    let extras = (option::of("[ -~]{1,9}"), 0..3usize, any::<bool>());
    (names, micros(), any::<bool>(), any::<bool>(), request, answer, extras).prop_map(
        |(
            (from, to),
            started,
            synthetic,
            drawn,
            request,
            answer,
            (failure, web_socket_messages, from_inferred),
        )| {
            let (parts, response) =
                answer.map(|(send, wait, receive, response)| ((send, wait, receive), response)).unzip();
            let ended = parts.map(|(send, wait, receive)| started + send + wait + receive);
            let (sending, _, receiving) = parts.unwrap_or_default();
            let known_from = match (drawn, &response) {
                (false, _) => KnownFrom::Wire,
                (true, None) => KnownFrom::Diagram,
                (true, Some(_)) => KnownFrom::Response,
            };
            let failure = failure.map(Text::from);
            // A response alone may not say what it answers; a request always has a method.
            let mut request = request;
            if request.method.is_empty() && known_from != KnownFrom::Response {
                request.method = "x".into();
            }
            Exchange {
                from,
                from_inferred,
                to,
                started,
                ended,
                sending,
                receiving,
                synthetic,
                known_from,
                failure,
                web_socket_messages,
                request,
                response,
            }
        },
    )
}

fn gap() -> impl Strategy<Value = Gap> {
    (micros(), any::<usize>(), any::<usize>(), any::<String>()).prop_map(|(at, line, column, reason)| Gap {
        at,
        line,
        column,
        reason,
    })
}
