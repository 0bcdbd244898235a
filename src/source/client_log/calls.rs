//! What the messages of a log say, to exchanges.
//!
//! A thread does one call after the other, and several threads write one log. A response belongs
//! to a request of its lane; where that has several open, the log may tell by an id that the
//! answer had, or by urllib3's own line, and else the oldest is taken, and told. What no line of
//! the log shows is told too: a request that a client repeated, an answer that never came.
//! What this leaves out: reading a message.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::path::Path;

use super::super::pairing::Pairing;
use super::super::requestshook::{declared_length, is_coded};
use super::clients::{self, Answer, Event};
use super::curl::{Curl, json_end};
use super::fields::{self, Fields, Order, OrderVote};
use super::prefix::Lane;
use super::python::{self, Literal};
use super::record::Record;
use super::unwrap;
use crate::error::Error;
use crate::json;
use crate::text::{self, Text};
use crate::trace::{Binary, Body, Headers, KnownFrom, Request, Response, Trace, UrlParts, omitted_length};

const HINT: &str = "the call is left out, with what else the log has of it; mend the line, or record the command with `docgen capture`";

/// How many of the oldest open requests of a lane are compared with what the log says of an answer.
///
/// More than a few mean a log that was made to be slow to read.
const NEAR: usize = 64;

/// The exchanges of the log `whole`, whose records are `records`.
pub(super) fn pair<'a>(file: &'a Path, whole: &'a Text, records: &'a [Record<'a>]) -> (Trace, Vec<Error>) {
    let events: Vec<(usize, Event<'a>)> = records
        .iter()
        .map(clients::read)
        .enumerate()
        .filter(|(_, event)| !matches!(event, Event::Nothing))
        .collect();
    let used = events.iter().filter_map(|(_, event)| match event {
        Event::UsedId { method, url, id } => Some((*id, (*method, *url))),
        _ => None,
    });
    let mut calls = Calls {
        whole,
        order: order_of(records, &events),
        pairing: Pairing::new(file, whole),
        used: used.collect(),
        calls: Vec::new(),
        lanes: HashMap::new(),
        open: 0,
        notes: Notes::default(),
    };
    for (index, event) in events {
        calls.take(&records[index], event);
    }
    calls.finish()
}

/// The order of the names in keystoneauth's lists, as its own requests and responses show it.
fn order_of(records: &[Record<'_>], events: &[(usize, Event<'_>)]) -> Order {
    let mut vote = OrderVote::default();
    for (index, event) in events {
        let record = &records[*index];
        match event {
            Event::Request(curl)
                if record.message.starts_with("REQ: curl -g ") || record.logger.ends_with(".request") =>
            {
                vote.request(&curl.fields);
            }
            Event::Response(answer) => answer.list.into_iter().for_each(|list| vote.response(list)),
            _ => {}
        }
    }
    vote.order()
}

/// What is known of an exchange beside itself.
struct Call {
    /// The record of its request, or of what it is known from.
    start: usize,
    end: usize,
    /// The status that urllib3 told.
    wire: Option<u16>,
    /// No answer to it will come.
    is_over: bool,
    /// How long its body was, by urllib3.
    length: Option<u64>,
}

/// Where the calls of one lane are.
#[derive(Default)]
struct LaneState<'a> {
    /// Requests without a response, the oldest first.
    open: VecDeque<usize>,
    /// Those of them that urllib3 saw an answer to, in the order of the answers.
    seen: VecDeque<usize>,
    /// The method and the place of answers that urllib3 saw before the client wrote a line of the
    /// call, as swiftclient does once all is done.
    unlogged: Vec<(&'a str, usize, usize)>,
    /// Responses whose body may yet come.
    waiting: Vec<usize>,
    /// The last request for a token.
    token: Option<usize>,
    /// The last call that was answered.
    last: Option<usize>,
    /// Its answer leads to another place, and no request has come since.
    is_redirected: bool,
    /// The client said that it sends that again.
    is_again: bool,
    /// Requests that were damaged; a response to one is lost with it.
    damaged: usize,
    /// The last response was lost.
    is_lost: bool,
}

/// What is told once for all of a kind: how often, and where first.
#[derive(Default)]
struct Notes {
    guessed: Option<Note>,
    repeated: Option<Note>,
    unanswered: Option<Note>,
    unlogged: Option<Note>,
    status: Option<Note>,
}

struct Note {
    count: usize,
    start: usize,
    end: usize,
}

impl Note {
    fn add(note: &mut Option<Note>, start: usize, end: usize) {
        note.get_or_insert(Note { count: 0, start, end }).count += 1;
    }
}

struct Calls<'a> {
    whole: &'a Text,
    /// That of the names in keystoneauth's lists of fields.
    order: Order,
    pairing: Pairing<'a>,
    /// Method and URL of the calls whose answers had these ids.
    used: HashMap<&'a str, (&'a str, &'a str)>,
    /// What is known of each exchange.
    calls: Vec<Call>,
    lanes: HashMap<Lane<'a>, LaneState<'a>>,
    /// How many requests are open in all lanes.
    open: usize,
    notes: Notes,
}

impl<'a> Calls<'a> {
    fn take(&mut self, record: &'a Record<'a>, event: Event<'a>) {
        let lane = self.lanes.entry(record.lane).or_default();
        match event {
            Event::Request(curl) => self.request(record, curl),
            Event::RequestBody(body) => {
                let last = lane.open.back().copied();
                match last.map(|last| &mut self.pairing.exchange(last).request.body) {
                    Some(place @ Body::Absent) => {
                        *place = body_of_request(self.whole, body.trim_end_matches(['\n', '\r']))
                    }
                    _ => self.damage(record, "this body belongs to no request", 0),
                }
            }
            Event::Response(answer) => self.response(record, answer),
            Event::Fields(fields) => match lane.waiting.last().copied() {
                Some(last) => {
                    let headers = headers(self.whole, fields);
                    if let Some(response) = &mut self.pairing.exchange(last).response {
                        response.headers = headers;
                    }
                }
                None if lane.is_lost => {}
                None => self.damage(record, "these headers belong to no response", 0),
            },
            Event::Body(body) => self.body(record, body),
            Event::TokenRequest(url) => {
                let words = record.message.split('\n').next().unwrap_or_default().trim_ascii_end();
                // The password is in its body; this line is all that the log says of it.
                let body = Body::Omitted(share(self.whole, words));
                let request = Request {
                    method: "POST".into(),
                    url: share(self.whole, url),
                    body,
                    ..Request::default()
                };
                let index = self.push(record, request);
                self.lane(record).token = Some(index);
            }
            Event::TokenAnswer(json) => self.token_answer(record, json),
            Event::Wire { method, target, status, length } => {
                self.wire(record, method, target, status, length)
            }
            Event::Failed(url) => {
                let exchanges = &self.pairing.exchanges();
                let place = lane
                    .open
                    .iter()
                    .rev()
                    .take(NEAR)
                    .position(|&index| *exchanges[index].request.url == *url);
                if let Some(index) = place.and_then(|place| lane.open.remove(lane.open.len() - 1 - place)) {
                    self.calls[index].is_over = true;
                    self.open -= 1;
                }
            }
            Event::Again => lane.is_again = true,
            Event::Damaged(message, at) => {
                if message.contains("response") {
                    lane.is_lost = true;
                    let open = lane.open.pop_front();
                    if let Some(open) = open {
                        self.calls[open].is_over = true;
                        self.open -= 1;
                    }
                } else {
                    lane.damaged += 1;
                }
                self.damage(record, message, at);
            }
            Event::UsedId { .. } | Event::Nothing => {}
        }
    }

    fn lane(&mut self, record: &Record<'a>) -> &mut LaneState<'a> {
        self.lanes.entry(record.lane).or_default()
    }

    /// Tells of damage at the byte `at` of a record's message.
    fn damage(&mut self, record: &Record<'a>, message: &str, at: usize) {
        let start =
            text::range_of(self.whole, &record.message).map_or(record.start, |range| range.start + at);
        let end = if start > record.end { start + 1 } else { record.end };
        self.pairing.damage(message, start, end, HINT);
    }

    /// Takes a request in, open or not.
    fn push(&mut self, record: &Record<'a>, request: Request) -> usize {
        let index = self.pairing.unpaired(request);
        self.calls.push(Call {
            start: record.start,
            end: record.end,
            wire: None,
            is_over: false,
            length: None,
        });
        index
    }

    fn request(&mut self, record: &Record<'a>, curl: Curl<'a>) {
        // keystoneauth writes the request before it is sent.
        let is_begun = record.message.contains("curl -g ");
        let body = curl.body.map_or(Body::Absent, |body| body_of_request(self.whole, body));
        let request = Request {
            method: share(self.whole, curl.method),
            url: text::share(self.whole, curl.url),
            headers: headers(self.whole, curl.fields),
            body,
            ..Request::default()
        };
        let index = self.push(record, request);
        self.open += 1;
        let lane = self.lane(record);
        if lane.unlogged.last().is_some_and(|(method, ..)| *method == curl.method) && !is_begun {
            lane.unlogged.pop();
        }
        lane.open.push_back(index);
        (lane.is_lost, lane.is_again, lane.is_redirected) = (false, false, false);
    }

    fn response(&mut self, record: &Record<'a>, answer: Answer<'a>) {
        let Answer { status, reason, fields, list, body } = answer;
        let fields = list.and_then(|list| fields::parse(list, self.order)).unwrap_or(fields);
        let mut response = Response {
            status,
            reason: share(self.whole, reason),
            headers: headers(self.whole, fields),
            ..Response::default()
        };
        let found = if self.is_followed(record, &response) {
            self.repeated(record)
        } else {
            self.request_of(record, &response).or_else(|| self.repeated(record))
        };
        let Some(index) = found else {
            let lane = self.lane(record);
            lane.is_lost = true;
            if lane.damaged > 0 {
                lane.damaged -= 1;
            } else {
                self.damage(record, "no request is open for this response", 0);
            }
            return;
        };
        let is_waiting = body.is_none();
        if let Some(body) = body {
            match body_of(self.whole, body, &response.headers) {
                Ok(body) => response.body = body,
                Err(damage) => self.damage_body(record, body, damage),
            }
        }
        let is_redirected = location(&response).is_some();
        self.pairing.answer(index, response);
        let lane = self.lane(record);
        (lane.last, lane.is_redirected) = (Some(index), is_redirected);
        (lane.is_lost, lane.is_again) = (false, false);
        if is_waiting {
            lane.waiting.push(index);
        }
    }

    /// The open request that a response answers.
    fn request_of(&mut self, record: &Record<'a>, response: &Response) -> Option<usize> {
        let exchanges = self.pairing.exchanges();
        let lane = self.lanes.get_mut(&record.lane)?;
        if lane.open.is_empty() {
            // One line may have a prefix that others have not.
            if self.open != 1 {
                return None;
            }
            let index = self.lanes.values_mut().find_map(|lane| lane.open.pop_front());
            self.open -= usize::from(index.is_some());
            return index;
        }
        let call = call_of(&self.used, response);
        let by_id = call.and_then(|(method, url)| {
            lane.open.iter().take(NEAR).position(|&index| {
                let request = &exchanges[index].request;
                *request.method == **method && *request.url == **url
            })
        });
        while lane
            .seen
            .front()
            .is_some_and(|&index| exchanges[index].response.is_some() || self.calls[index].is_over)
        {
            lane.seen.pop_front();
        }
        let seen =
            lane.seen.iter().take(NEAR).find(|&&index| self.calls[index].wire == Some(response.status));
        let by_wire = || seen.and_then(|seen| lane.open.iter().take(NEAR).position(|index| index == seen));
        let at = match by_id.or_else(by_wire) {
            Some(at) => at,
            None if record.lane.is_thread() => lane.open.len() - 1,
            None => {
                if lane.open.len() > 1 {
                    Note::add(&mut self.notes.guessed, record.start, record.end);
                }
                0
            }
        };
        self.open -= 1;
        lane.open.remove(at)
    }

    /// Whether a response is the one of the place that the response before it led to: a client goes
    /// there at once.
    fn is_followed(&self, record: &Record<'a>, response: &Response) -> bool {
        let Some(lane) = self.lanes.get(&record.lane).filter(|lane| lane.is_redirected) else { return false };
        let last = lane.last.map(|last| &self.pairing.exchanges()[last]);
        let place =
            last.and_then(|last| Some(resolve(&last.request.url, location(last.response.as_ref()?)?)));
        call_of(&self.used, response).is_none_or(|(_, url)| place.is_some_and(|place| *place == **url))
    }

    /// The request that a client sent without a line for it, because the answer to the last one led
    /// to another place, or because it tried again.
    fn repeated(&mut self, record: &Record<'a>) -> Option<usize> {
        let lane = self.lanes.get(&record.lane)?;
        let last = &self.pairing.exchanges()[lane.last?];
        let answer = last.response.as_ref()?;
        let location = location(answer);
        if location.is_none() && answer.status != 401 && !lane.is_again {
            return None;
        }
        let url = location
            .map_or_else(|| last.request.url.clone(), |location| resolve(&last.request.url, location));
        let request = Request { method: last.request.method.clone(), url, ..Request::default() };
        let index = self.push(record, request);
        self.pairing.exchange(index).known_from = KnownFrom::Response;
        Note::add(&mut self.notes.repeated, record.start, record.end);
        Some(index)
    }

    fn body(&mut self, record: &Record<'a>, raw: &'a str) {
        let exchanges = self.pairing.exchanges();
        let headers_of = |index: usize| exchanges[index].response.as_ref().map(|response| &response.headers);
        let lane = self.lanes.entry(record.lane).or_default();
        let Some(last) = lane.waiting.last() else {
            if !lane.is_lost {
                self.damage(record, "this body belongs to no response", 0);
            }
            return;
        };
        // Threads may have come between a response and its body.
        let fits = |index: usize| {
            headers_of(index)
                .is_some_and(|headers| declared_length(headers) == Some(whole_length(raw, headers)))
        };
        let is_untold =
            headers_of(*last).is_none_or(|headers| is_coded(headers) || declared_length(headers).is_none());
        let at = if lane.waiting.len() == 1 || is_untold || fits(*last) {
            lane.waiting.len() - 1
        } else {
            let near = lane.waiting.len().saturating_sub(NEAR);
            let found = lane.waiting[near..].iter().position(|&index| fits(index));
            found.map_or(lane.waiting.len() - 1, |found| near + found)
        };
        let index = lane.waiting.remove(at);
        let headers = headers_of(index).cloned().unwrap_or_default();
        match body_of(self.whole, raw, &headers) {
            Ok(body) => {
                if let Some(response) = &mut self.pairing.exchange(index).response {
                    response.body = body;
                }
            }
            Err(damage) => self.damage_body(record, raw, damage),
        }
        self.calls[index].is_over = true;
    }

    /// Tells of a body that is damaged at the byte `at`; its response stays without it.
    fn damage_body(&mut self, record: &Record<'a>, raw: &str, at: usize) {
        let start = text::range_of(self.whole, raw).map_or(record.start, |range| range.start + at);
        let message = "the JSON body of this response is cut off here";
        self.pairing.damage(message, start, start + 1, "the response is shown without it; mend the line");
    }

    fn token_answer(&mut self, record: &Record<'a>, json: &'a str) {
        let Some(index) = self.lane(record).token else { return };
        let Some(end) = json_end(json) else {
            self.lane(record).token = None;
            return self.damage_body(record, json, json.len());
        };
        self.lane(record).token = None;
        if self.pairing.exchanges()[index].response.is_none() {
            // Only a success is printed, and Identity v3 has but one.
            Note::add(&mut self.notes.status, record.start, record.end);
            self.pairing.answer(index, Response { status: 201, ..Response::default() });
        }
        if let Some(response) = &mut self.pairing.exchange(index).response {
            response.body = Body::Text(share(self.whole, &json[..end]));
        }
    }

    /// Takes what urllib3 says of an answer.
    fn wire(&mut self, record: &Record<'a>, method: &'a str, target: &str, status: u16, length: Option<u64>) {
        let exchanges = self.pairing.exchanges();
        let is_of = |index: usize| {
            let request = &exchanges[index].request;
            *request.method == *method && request.url.ends_with(target)
        };
        let lane = self.lanes.entry(record.lane).or_default();
        if let Some(token) = lane.token.filter(|&token| exchanges[token].response.is_none() && is_of(token)) {
            self.calls[token].length = length;
            return self.pairing.answer(token, Response { status, ..Response::default() });
        }
        if let Some(&index) =
            lane.open.iter().take(NEAR).find(|&&index| self.calls[index].wire.is_none() && is_of(index))
        {
            self.calls[index].wire = Some(status);
            lane.seen.push_back(index);
            return;
        }
        let is_of_known =
            lane.open.iter().take(NEAR).any(|&index| is_of(index)) || lane.last.is_some_and(is_of);
        // What is of a damaged request is told with it.
        if !is_of_known && !lane.is_redirected && lane.damaged == 0 {
            lane.unlogged.push((method, record.start, record.end));
        }
    }

    fn finish(mut self) -> (Trace, Vec<Error>) {
        for index in 0..self.calls.len() {
            let known = &self.calls[index];
            let (length, is_over, start, end) = (known.length, known.is_over, known.start, known.end);
            let exchange = self.pairing.exchange(index);
            let Some(response) = &mut exchange.response else {
                if !is_over {
                    Note::add(&mut self.notes.unanswered, start, end);
                }
                continue;
            };
            let is_empty = &*exchange.request.method == "HEAD" || matches!(response.status, 204 | 304);
            let length = length.or_else(|| declared_length(&response.headers).map(|length| length as u64));
            if let Some(length) = length.filter(|&length| length > 0)
                && response.body == Body::Absent
                && !is_empty
                && !is_over
            {
                response.body = Body::Omitted(Text::from(omitted_length(length)));
            }
        }
        let mut unlogged: Vec<_> = self.lanes.values().flat_map(|lane| &lane.unlogged).collect();
        unlogged.sort_by_key(|(_, start, _)| *start);
        for (_, start, end) in unlogged {
            Note::add(&mut self.notes.unlogged, *start, *end);
        }
        let Notes { guessed, repeated, unanswered, unlogged, status } = self.notes;
        let told = [
            (
                guessed,
                "several requests are open, and the log does not say which of them this response answers; the oldest was taken",
                "record the command with `docgen capture`, or log the id of each request (oslo.log) or urllib3's lines",
            ),
            (
                repeated,
                "the request of this response is not in the log: the client followed the answer before it, or tried again",
                "the exchange has the method and the URL that follow from the answer before it, and no headers",
            ),
            (unanswered, "the log holds no response to this request", "the page shows the request alone"),
            (
                unlogged,
                "urllib3 made this call, and no client logged it",
                "the call is left out: neither its headers nor its bodies are in the log",
            ),
            (
                status,
                "the log does not hold the status of this answer",
                "it is taken for 201, which Identity v3 answers; with urllib3's lines in the log it would be known",
            ),
        ];
        for (note, message, hint) in told {
            let Some(Note { count, start, end }) = note else { continue };
            let more = if count > 1 { format!(" ({count} such in this file)") } else { String::new() };
            self.pairing.warn(format!("{message}{more}"), start, end, hint);
        }
        let (trace, mut diagnostics) = self.pairing.finish();
        diagnostics.sort_by_key(|error| error.place().map(|place| (place.line, place.column)));
        (trace, diagnostics)
    }
}

fn share(whole: &Text, part: &str) -> Text {
    text::share(whole, Cow::Borrowed(part))
}

fn headers(whole: &Text, fields: Fields<'_>) -> Headers {
    fields.into_iter().map(|(name, value)| (text::share(whole, name), text::share(whole, value))).collect()
}

fn body_of_request(whole: &Text, body: &str) -> Body {
    if body.is_empty() {
        Body::Absent
    } else if is_python_object(body) {
        Body::Omitted(share(whole, body))
    } else {
        Body::Text(share(whole, body))
    }
}

/// The body that `raw` begins with, whose response has these headers; or the byte at which it is
/// cut off.
fn body_of(whole: &Text, raw: &str, headers: &Headers) -> Result<Body, usize> {
    let first = raw.split('\n').next().unwrap_or_default().trim_end_matches('\r');
    if first.starts_with("Omitted, ") {
        return Ok(Body::Omitted(share(whole, first)));
    }
    let length = declared_length(headers);
    // novaclient prints what its parser gave.
    if first == "null" && length != Some("null".len()) || first == "None" && length != Some("None".len()) {
        let is_none = length.unwrap_or(0) == 0;
        return Ok(if is_none { Body::Absent } else { Body::Omitted(share(whole, first)) });
    }
    if first.starts_with(['b', 'u'])
        && let Some((literal, end)) = python::literal(raw)
        && raw[end..].trim_ascii().is_empty()
    {
        return Ok(match literal {
            Literal::Text(text) if text.is_empty() => Body::Absent,
            Literal::Text(text) => Body::Text(text::share(whole, text)),
            Literal::Bytes(bytes) if bytes.is_empty() => Body::Absent,
            Literal::Bytes(bytes) => match String::from_utf8(bytes) {
                Ok(text) => Body::Text(text.into()),
                Err(error) => {
                    let bytes = error.into_bytes();
                    let length = Some(bytes.len() as u64);
                    Body::Binary(Binary { head: bytes[..bytes.len().min(32)].to_vec(), length, sha256: None })
                }
            },
        });
    }
    let exact = exact_length(raw, headers);
    if raw.starts_with(['{', '['])
        && exact.is_none()
        && json_end(raw).is_none()
        && raw.trim_ascii_end().contains('\n')
    {
        let mut both =
            unwrap::both(raw).into_iter().filter(|text| json::validate(text).is_ok()).collect::<Vec<_>>();
        // The length tells whether the break took a space away.
        both.sort_by_key(|text| length.is_some_and(|length| length != text.len()));
        if let Some(joined) = both.into_iter().next() {
            return Ok(Body::Text(joined.into()));
        }
    }
    let is_json = headers.get("Content-Type").is_none_or(|kind| kind.to_ascii_lowercase().contains("json"));
    let body = match json_end(raw) {
        Some(end) => &raw[..end],
        None if exact.is_some() => &raw[..exact.unwrap_or(0)],
        None => {
            let trimmed = raw.trim_end_matches(['\n', '\r']);
            if trimmed.starts_with(['{', '['])
                && is_json
                && json::validate(trimmed).is_err_and(|at| at >= trimmed.len())
            {
                return Err(first.len());
            }
            trimmed
        }
    };
    Ok(if body.is_empty() { Body::Absent } else { Body::Text(share(whole, body)) })
}

/// The length of the body that `raw` begins with, where it has that of its Content-Length.
fn exact_length(raw: &str, headers: &Headers) -> Option<usize> {
    let length = declared_length(headers).filter(|_| !is_coded(headers))?;
    let is_end = length > 0 && raw.is_char_boundary(length) && length <= raw.len();
    (is_end && (length == raw.len() || raw[length..].starts_with(['\n', '\r']))).then_some(length)
}

/// How long the body is that `raw` begins with, as far as that is known without its headers.
fn whole_length(raw: &str, headers: &Headers) -> usize {
    exact_length(raw, headers)
        .or_else(|| json_end(raw))
        .unwrap_or_else(|| raw.trim_end_matches(['\n', '\r']).len())
}

/// Whether `body` is what Python prints for something that is no text.
fn is_python_object(body: &str) -> bool {
    body == "<binary_data>"
        || body.starts_with('<')
            && body.ends_with('>')
            && (body.starts_with("<_io.")
                || body.contains(" object at 0x")
                || body.contains(" object <")
                || body.starts_with("<open file "))
}

/// The place that a response leads to.
fn location(response: &Response) -> Option<&str> {
    response.headers.get("Location").filter(|_| matches!(response.status, 301..=308))
}

/// The call that the log names by the id of its answer.
fn call_of<'u, 'a>(
    used: &'u HashMap<&'a str, (&'a str, &'a str)>,
    response: &Response,
) -> Option<&'u (&'a str, &'a str)> {
    let ids = ["X-Openstack-Request-Id", "X-Compute-Request-Id"];
    let id = ids.iter().find_map(|name| response.headers.get(name))?;
    used.get(id)
}

/// The URL that a `Location` names, which may be a path.
fn resolve(base: &Text, location: &str) -> Text {
    if location.contains("://") {
        return location.into();
    }
    let parts = UrlParts::of(base);
    let path = if location.starts_with('/') {
        location.to_owned()
    } else {
        let folder = parts.path.rfind('/').map_or("", |at| &parts.path[..at]);
        format!("{folder}/{location}")
    };
    format!("{}://{}{path}", parts.scheme, parts.authority).into()
}
