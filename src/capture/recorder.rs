//! What is known of an exchange while it passes, and what is kept of it.
//!
//! The proxy shows every byte to a [`PendingExchange`] and goes on; the pending exchange keeps the
//! heads, a capped copy of each body, its length and its digest. It becomes a
//! record when it is *dropped*, because nobody is told of the end otherwise: a
//! body is not polled again after its last byte, a client leaves, a server dies,
//! a task is cancelled. Records are raw here, and become exchanges of a trace when
//! the command is over; decoding costs the command no time then. What it leaves
//! out: the network, and secrets.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use super::content;
use super::digest::Digest;
use super::peers::Peer;
use super::sockets::Process;
use super::spool::Spool;
use super::{Spooled, wire};
use crate::error::{Error, ErrorKind, Result};
use crate::text::Text;
use crate::trace::{Body, Exchange, Headers, Informational, KnownFrom, Micros, Request, Response};

/// Notes beyond this many are counted only; a client that tries again forever must not fill the memory.
const NOTES: usize = 200;

/// Collects what the proxy sees.
pub(crate) struct Recorder {
    clock: Clock,
    /// How much of a body is kept, in bytes.
    body_limit: usize,
    /// Whether exchanges are kept at all.
    keeps: bool,
    spool: Mutex<Spool>,
    /// The processes that sent exchanges, by number of their records, as far as anybody looked.
    processes: Mutex<HashMap<usize, Process>>,
    notes: Mutex<Notes>,
}

/// What goes on beside the exchanges.
#[derive(Default)]
struct Notes {
    /// Each with how often it happened.
    kept: Vec<(Error, usize)>,
    more: usize,
    /// How often docgen asked for the credentials of the run, by what was asked of it. Most clients
    /// ask again with them, and then nothing was lost.
    challenges: HashMap<String, usize>,
    /// How often TLS to a server was opened and no request came.
    silent: HashMap<String, usize>,
    /// The servers that got a request inside TLS.
    served: HashSet<String>,
}

impl Recorder {
    pub(crate) fn new(spool: Spool, body_limit: usize) -> Recorder {
        Recorder {
            clock: Clock::new(),
            body_limit,
            keeps: true,
            spool: Mutex::new(spool),
            processes: Mutex::default(),
            notes: Mutex::default(),
        }
    }

    /// One that takes exchanges and leaves `spool` empty.
    pub(crate) fn of_nothing(spool: Spool) -> Recorder {
        Recorder { keeps: false, ..Recorder::new(spool, 0) }
    }

    /// The time now.
    pub(crate) fn now(&self) -> Micros {
        self.clock.now()
    }

    /// How many exchanges are complete.
    pub(crate) fn count(&self) -> usize {
        lock(&self.spool).len()
    }

    /// Keeps something that the reader of the recording should know. One that was said is not said
    /// again, but counted.
    pub(crate) fn note(&self, message: impl Into<String>, hint: Option<&str>) {
        self.keep(ErrorKind::Capture, message.into(), hint);
    }

    /// Keeps what a server did wrong.
    pub(crate) fn fault(&self, message: impl Into<String>, hint: &str) {
        self.keep(ErrorKind::Server, message.into(), Some(hint));
    }

    /// Keeps what makes the recording another than what would have happened without docgen.
    pub(crate) fn untrue(&self, message: impl Into<String>, hint: &str) {
        self.keep(ErrorKind::Unrecorded, message.into(), Some(hint));
    }

    /// A client was asked for the credentials of the run; `wanted` is what it wants.
    pub(crate) fn challenged(&self, wanted: &str) {
        let mut notes = lock(&self.notes);
        if notes.challenges.len() < NOTES || notes.challenges.contains_key(wanted) {
            *notes.challenges.entry(wanted.to_owned()).or_default() += 1;
        }
    }

    /// A client with the credentials of the run wants this.
    pub(crate) fn admitted(&self, wanted: impl FnOnce() -> String) {
        let mut notes = lock(&self.notes);
        if !notes.challenges.is_empty() {
            notes.challenges.remove(&wanted());
        }
    }

    /// A client opened TLS to this server, and went without a request.
    pub(crate) fn opened_in_vain(&self, server: String) {
        let mut notes = lock(&self.notes);
        if notes.silent.len() < NOTES || notes.silent.contains_key(&server) {
            *notes.silent.entry(server).or_default() += 1;
        }
    }

    /// A request to this server came inside TLS.
    pub(crate) fn served(&self, server: &str) {
        let mut notes = lock(&self.notes);
        if !notes.served.contains(server) {
            notes.served.insert(server.to_owned());
        }
    }

    fn keep(&self, kind: ErrorKind, message: String, hint: Option<&str>) {
        let mut note = Error::new(kind, message);
        if let Some(hint) = hint {
            note = note.hint(hint);
        }
        let mut notes = lock(&self.notes);
        if let Some((_, times)) = notes.kept.iter_mut().find(|(kept, _)| kept.message() == note.message()) {
            *times += 1;
        } else if notes.kept.len() < NOTES {
            notes.kept.push((note, 1));
        } else {
            notes.more += 1;
        }
    }

    /// Says what could only be judged at the end.
    fn conclude(&self) {
        let (challenges, silent, served) = {
            let notes = &mut *lock(&self.notes);
            (sorted(&mut notes.challenges), sorted(&mut notes.silent), std::mem::take(&mut notes.served))
        };
        for (wanted, times) in challenges {
            for _ in 0..times {
                self.untrue(
                    format!("a client came to docgen's proxy without the credentials of the run, and was answered 407: {wanted}"),
                    "the credentials are in the URL of http_proxy and https_proxy; give the client that whole URL",
                );
            }
        }
        for (server, times) in silent {
            let message = format!("the command opened TLS to {server} and sent no request");
            for _ in 0..times {
                // One that came back may have opened one connection too many.
                if served.contains(&server) {
                    self.note(&message, Some(DISTRUST_HINT));
                } else {
                    self.untrue(&message, DISTRUST_HINT);
                }
            }
        }
    }

    /// All that was recorded.
    ///
    /// # Errors
    /// When the recording could not be kept, because a disk is full for example.
    pub(crate) fn finish(self) -> Result<(Spooled, Vec<Error>)> {
        self.conclude();
        let notes = self.notes.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut kept: Vec<Error> = notes.kept.into_iter().map(counted).collect();
        if notes.more > 0 {
            kept.push(Error::new(ErrorKind::Capture, format!("{} more remarks are left out", notes.more)));
        }
        let spool = self.spool.into_inner().unwrap_or_else(PoisonError::into_inner);
        let processes = self.processes.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok((Spooled { records: spool.seal()?, processes }, kept))
    }
}

/// What to do about a client that does not take the certificate of the run.
pub(crate) const DISTRUST_HINT: &str = "it may not trust the certificate that docgen showed it, whose authority docgen names in SSL_CERT_FILE, \
     REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE, OS_CACERT and others; give the command that file in an option of its own, with `--shell`";

/// What there is, in order; it is empty then.
fn sorted(counts: &mut HashMap<String, usize>) -> Vec<(String, usize)> {
    let mut counts: Vec<_> = counts.drain().collect();
    counts.sort();
    counts
}

/// The note, with how often it happened where that was more than once.
fn counted((note, times): (Error, usize)) -> Error {
    if times == 1 {
        return note;
    }
    let counted = Error::new(note.kind(), format!("{} ({times} times)", note.message()));
    match note.help() {
        Some(help) => counted.hint(help),
        None => counted,
    }
}

/// The content of a lock whose holder never leaves it half changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Microseconds since 1970 that never go back.
struct Clock {
    wall: Micros,
    monotonic: Instant,
}

impl Clock {
    fn new() -> Clock {
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Clock { wall: since_1970.as_micros() as Micros, monotonic: Instant::now() }
    }

    fn now(&self) -> Micros {
        self.wall + self.monotonic.elapsed().as_micros() as Micros
    }
}

/// An exchange that is under way; dropped, it is recorded.
pub(crate) struct PendingExchange<'r> {
    recorder: &'r Recorder,
    started: Micros,
    ended: Option<Micros>,
    /// It is known how it ended.
    is_concluded: bool,
    failure: Option<String>,
    /// The participant that sent it, where the port tells.
    pub(crate) from: Option<Text>,
    /// The connection that it came over, where no port tells.
    pub(crate) peer: Option<Arc<Peer>>,
    url: String,
    /// When the request had gone out whole.
    pub(crate) sent: Option<Micros>,
    /// When the response began.
    pub(crate) answered: Option<Micros>,
    /// The client ended its side: it has said all, or has gone.
    pub(crate) client_ended: AtomicBool,
    /// The heads of the answers of 1xx.
    pub(crate) early_heads: Vec<u8>,
    /// How many messages of a WebSocket followed.
    pub(crate) web_socket_messages: AtomicUsize,
    /// As the server sees it.
    pub(crate) request_head: Vec<u8>,
    pub(crate) request_body: Tap,
    /// As the server sent it; empty while it has not.
    pub(crate) response_head: Vec<u8>,
    pub(crate) response_body: Tap,
}

impl<'r> PendingExchange<'r> {
    /// An exchange whose request began at `started`.
    pub(crate) fn new(recorder: &'r Recorder, started: Micros, url: String) -> PendingExchange<'r> {
        let tap = || Tap::new(recorder.body_limit);
        PendingExchange {
            recorder,
            started,
            ended: None,
            is_concluded: false,
            failure: None,
            from: None,
            peer: None,
            url,
            sent: None,
            answered: None,
            client_ended: AtomicBool::new(false),
            early_heads: Vec::new(),
            web_socket_messages: AtomicUsize::new(0),
            request_head: Vec::new(),
            request_body: tap(),
            response_head: Vec::new(),
            response_body: tap(),
        }
    }

    /// The URL of the request, for remarks.
    pub(crate) fn url(&self) -> &str {
        self.url.split_once('?').map_or(&self.url, |(before, _)| before)
    }

    /// Who keeps it.
    pub(crate) fn recorder(&self) -> &'r Recorder {
        self.recorder
    }

    /// The method and the URL, for remarks.
    pub(crate) fn shown(&self) -> String {
        format!("{} {}", String::from_utf8_lossy(self.method()), self.url())
    }

    fn method(&self) -> &[u8] {
        self.request_head.split(|&byte| byte == b' ').next().unwrap_or_default()
    }

    /// It went as it should.
    pub(crate) fn conclude(&mut self) {
        self.is_concluded = true;
    }

    /// It failed, and why, to stand on the page.
    pub(crate) fn fail(&mut self, why: impl Into<String>) {
        self.is_concluded = true;
        self.failure = Some(why.into());
    }

    /// The client went away: what came after that has reached nobody.
    pub(crate) fn cut_by_client(&mut self) {
        self.response_body.cut();
        let why = if self.sent.is_none() {
            let all = wire::request(&self.request_head).ok().and_then(|head| head.framing.length());
            format!("the client went away after {} of its request", bytes_of(self.request_body.length, all))
        } else if self.response_head.is_empty() {
            "the client went away before it was answered".to_owned()
        } else {
            let method = String::from_utf8_lossy(self.method());
            let head = wire::response(&self.response_head, &method).ok();
            let all = head.and_then(|head| head.framing.length());
            format!("the client went away after {} of the response", bytes_of(self.response_body.length, all))
        };
        self.recorder.note(format!("{}: {why}", self.shown()), None);
        self.fail(why);
    }

    /// How much of the response came, to stand after what cut it.
    pub(crate) fn received(&self) -> String {
        let method = String::from_utf8_lossy(self.method());
        let head = wire::response(&self.response_head, &method).ok();
        bytes_of(self.response_body.length, head.and_then(|head| head.framing.length()))
    }

    /// The response is complete.
    pub(crate) fn end(&mut self) {
        self.ended = Some(self.recorder.now());
    }
}

/// `4 of 10 bytes`, or `4 bytes` where nobody knows how many there are.
fn bytes_of(count: u64, all: Option<u64>) -> String {
    match all {
        Some(all) => format!("{count} of {all} bytes"),
        None if count == 1 => "1 byte".to_owned(),
        None => format!("{count} bytes"),
    }
}

impl Drop for PendingExchange<'_> {
    fn drop(&mut self) {
        if !self.recorder.keeps {
            return;
        }
        if !self.is_concluded && *self.client_ended.get_mut() {
            self.cut_by_client();
        } else if !self.is_concluded {
            let why = "it was not over when the command had ended";
            self.recorder.note(format!("{}: {why}", self.shown()), None);
            self.fail(why);
        }
        if self.ended.is_none() && !self.response_head.is_empty() {
            self.end();
        }
        let mut record = Vec::with_capacity(
            64 + self.url.len()
                + self.request_head.len()
                + self.response_head.len()
                + self.request_body.kept.len()
                + self.response_body.kept.len(),
        );
        record.extend_from_slice(&self.started.to_le_bytes());
        for time in [self.ended, self.sent, self.answered] {
            record.extend_from_slice(&time.unwrap_or(Micros::MIN).to_le_bytes());
        }
        record.extend_from_slice(&(*self.web_socket_messages.get_mut() as u64).to_le_bytes());
        put(&mut record, self.failure.as_deref().unwrap_or_default().as_bytes());
        put(&mut record, self.from.as_deref().unwrap_or_default().as_bytes());
        put(&mut record, self.url.as_bytes());
        put(&mut record, &self.request_head);
        self.request_body.store(&mut record);
        put(&mut record, &self.early_heads);
        put(&mut record, &self.response_head);
        self.response_body.store(&mut record);
        let mut spool = lock(&self.recorder.spool);
        if let Some(process) = self.peer.as_ref().and_then(|peer| peer.process()) {
            lock(&self.recorder.processes).insert(spool.len(), process.clone());
        }
        spool.push(self.started, &record);
    }
}

/// A capped copy of a body, with its length and, when the copy is not all, its digest.
pub(crate) struct Tap {
    limit: usize,
    kept: Vec<u8>,
    length: u64,
    digest: Option<Digest>,
    /// The lines that followed the body.
    pub(crate) trailers: Vec<u8>,
    /// The length at which the body may have to be cut.
    mark: Option<u64>,
}

impl Tap {
    fn new(limit: usize) -> Tap {
        Tap { limit, kept: Vec::new(), length: 0, digest: None, trailers: Vec::new(), mark: None }
    }

    /// Sees the next bytes of the body.
    pub(crate) fn push(&mut self, data: &[u8]) {
        self.length += data.len() as u64;
        let room = self.limit - self.kept.len();
        if data.len() <= room {
            self.kept.extend_from_slice(data);
            return;
        }
        let digest = self.digest.get_or_insert_with(|| {
            self.kept.extend_from_slice(&data[..room]);
            let mut digest = Digest::new();
            digest.update(&self.kept[..self.kept.len() - room]);
            digest
        });
        digest.update(data);
    }

    /// Nobody may take what comes from now on.
    pub(crate) fn mark(&mut self) {
        self.mark.get_or_insert(self.length);
    }

    /// Forgets what came after the mark.
    fn cut(&mut self) {
        if let Some(mark) = self.mark.filter(|&mark| mark < self.length) {
            self.length = mark;
            self.kept.truncate(usize::try_from(mark).unwrap_or(usize::MAX));
            // It is that of what came later, too.
            self.digest = None;
        }
    }

    fn store(&mut self, record: &mut Vec<u8>) {
        put(record, &self.kept);
        record.extend_from_slice(&self.length.to_le_bytes());
        let digest = self.digest.take().map(Digest::finish);
        put(record, digest.as_ref().map_or(&[][..], |digest| digest.as_ref()));
        put(record, &self.trailers);
    }
}

fn put(record: &mut Vec<u8>, bytes: &[u8]) {
    record.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    record.extend_from_slice(bytes);
}

/// The exchange that a record tells of. `from` is the sender's name where no port told one.
///
/// # Errors
/// When the record is none that a pending exchange wrote.
pub(crate) fn exchange(record: &[u8], from: Option<&Text>) -> Result<Exchange> {
    read_exchange(record, from)
        .ok_or_else(|| Error::new(ErrorKind::Io, "the recording's temporary file was damaged"))
}

fn read_exchange(record: &[u8], from: Option<&Text>) -> Option<Exchange> {
    let mut record = Reader(record);
    let started = record.number()? as Micros;
    let [ended, sent, answered] = [record.time()?, record.time()?, record.time()?];
    let web_socket_messages = record.number()? as usize;
    let failure = Some(record.text()?).filter(|failure| !failure.is_empty());
    let own_from = Some(record.text()?).filter(|from| !from.is_empty());
    let url = record.text()?;
    let head = record.bytes()?;
    let method = head.split(|&byte| byte == b' ').next().map(wire::text)?;
    let (body, trailers) = record.body(head)?;
    let request = Request {
        method: method.clone().into(),
        url,
        version: version(head),
        headers: content::headers(head),
        body,
        trailers,
        ..Request::default()
    };
    let early_heads = record.bytes()?;
    let head = record.bytes()?;
    let (body, trailers) = record.body(head)?;
    let response = wire::response(head, &method).ok().map(|line| Response {
        status: line.status,
        reason: line.reason.into(),
        informational: informational(early_heads, &method),
        version: version(head),
        headers: content::headers(head),
        body,
        trailers,
        ..Response::default()
    });
    let (sent, answered) = (sent.or(answered), answered.or(ended));
    let part = |from: Option<Micros>, to: Option<Micros>| match (from, to, ended) {
        (Some(from), Some(to), Some(ended)) => to.min(ended) - from.min(to.min(ended)),
        _ => 0,
    };
    // A response may begin before the request has gone out whole.
    let sending = part(Some(started), sent.min(answered));
    let receiving = part(answered, ended);
    Some(Exchange {
        from: own_from.or_else(|| from.cloned()),
        from_inferred: false,
        to: None,
        started,
        ended,
        sending,
        receiving,
        synthetic: false,
        known_from: KnownFrom::Wire,
        failure,
        web_socket_messages,
        request,
        response,
    })
}

/// The version of a message with this head, where it is not the usual one.
fn version(head: &[u8]) -> Option<Text> {
    let line = head.split(|&byte| byte == b'\n').next().unwrap_or_default().trim_ascii();
    let is_old = line.starts_with(b"HTTP/1.0 ") || line.ends_with(b" HTTP/1.0") || line == b"HTTP/1.0";
    is_old.then(|| "HTTP/1.0".into())
}

/// The answers that came before the response.
fn informational(mut heads: &[u8], method: &str) -> Vec<Informational> {
    let mut answers = Vec::new();
    while let Some(end) = wire::head_end(heads, 0) {
        let (head, rest) = heads.split_at(end);
        heads = rest;
        if let Ok(line) = wire::response(head, method) {
            let (status, reason) = (line.status, line.reason.into());
            answers.push(Informational { status, reason, headers: content::headers(head) });
        }
    }
    answers
}

/// Reads back what [`PendingExchange`] wrote.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = u32::from_le_bytes(self.take(4)?.try_into().ok()?);
        self.take(length as usize)
    }

    fn text(&mut self) -> Option<Text> {
        Some(wire::text(self.bytes()?).into())
    }

    fn time(&mut self) -> Option<Option<Micros>> {
        Some(Some(self.number()? as Micros).filter(|&time| time != Micros::MIN))
    }

    /// A body and its trailers.
    fn body(&mut self, head: &[u8]) -> Option<(Body, Headers)> {
        let kept = self.bytes()?;
        let length = self.number()?;
        let sha256 = Some(self.bytes()?).filter(|digest| !digest.is_empty());
        let trailers = self.bytes()?;
        // The lines of a head come after its first.
        let trailers = if trailers.is_empty() {
            Headers::default()
        } else {
            content::headers(&[b"\n", trailers.trim_ascii_end(), b"\n"].concat())
        };
        Some((content::body(head, kept, length, sha256), trailers))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tap_keeps_a_beginning_and_digests_all() {
        for limit in [0, 1, 5, 6, 7, 100] {
            for cut in 1..12 {
                let mut tap = Tap::new(limit);
                let data = b"hello world";
                for piece in data.chunks(cut) {
                    tap.push(piece);
                }
                assert_eq!((tap.length, &tap.kept[..]), (11, &data[..limit.min(11)]), "{limit} {cut}");
                let digest = tap.digest.map(|digest| digest.finish().as_ref().to_vec());
                let expected =
                    (limit < 11).then(|| ring::digest::digest(&ring::digest::SHA256, data).as_ref().to_vec());
                assert_eq!(digest, expected);
            }
        }
    }

    #[test]
    fn a_dropped_draft_is_a_record() {
        let folder = tempfile::tempdir().unwrap();
        let spool = Spool::new(folder.path(), &ring::rand::SystemRandom::new()).unwrap();
        let recorder = Recorder::new(spool, 1000);
        let mut pending = PendingExchange::new(&recorder, 5, "http://h/a".to_owned());
        pending.request_head = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n".to_vec();
        drop(pending);
        let mut pending = PendingExchange::new(&recorder, 3, "http://h/b".to_owned());
        pending.request_head = b"PUT /b HTTP/1.1\r\nHost: h\r\n\r\n".to_vec();
        pending.request_body.push(b"body");
        pending.response_head = b"HTTP/1.1 201 Made it so\r\nA: b\r\na: c\r\n\r\n".to_vec();
        drop(pending);
        let (spooled, _) = recorder.finish().unwrap();
        let sealed = spooled.records;
        let first = exchange(&sealed.read(0).unwrap(), None).unwrap();
        assert_eq!((&*first.request.method, &*first.request.url), ("PUT", "http://h/b"));
        let response = first.response.unwrap();
        assert_eq!((response.status, &*response.reason), (201, "Made it so"));
        let second = exchange(&sealed.read(1).unwrap(), None).unwrap();
        assert_eq!((second.response, second.ended), (None, None));
    }
}
