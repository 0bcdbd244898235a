//! What is known of an exchange while it passes, and what is kept of it.
//!
//! The proxy shows every byte to a [`Draft`] and goes on; the draft keeps the
//! heads, a capped copy of each body, its length and its digest. It becomes a
//! record when it is *dropped*, because nobody is told of the end otherwise: a
//! body is not polled again after its last byte, a client leaves, a server dies,
//! a task is cancelled. Records are raw here, and become exchanges of a trace when
//! the command is over; decoding costs the command no time then. What it leaves
//! out: the network, and secrets.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime};

use super::content;
use super::digest::Digest;
use super::spool::{Sealed, Spool};
use super::wire;
use crate::error::{Error, ErrorKind, Result};
use crate::text::Text;
use crate::trace::{Exchange, KnownFrom, Micros, Request, Response};

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
    notes: Mutex<Notes>,
}

#[derive(Default)]
struct Notes {
    kept: Vec<Error>,
    more: usize,
}

impl Recorder {
    pub(crate) fn new(spool: Spool, body_limit: usize) -> Recorder {
        Recorder {
            clock: Clock::new(),
            body_limit,
            keeps: true,
            spool: Mutex::new(spool),
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

    /// Keeps something that the reader of the recording should know; one that was said is not said again.
    pub(crate) fn note(&self, message: impl Into<String>, hint: Option<&str>) {
        self.keep(ErrorKind::Capture, message.into(), hint);
    }

    /// Keeps what a server did wrong.
    pub(crate) fn fault(&self, message: impl Into<String>, hint: &str) {
        self.keep(ErrorKind::Server, message.into(), Some(hint));
    }

    fn keep(&self, kind: ErrorKind, message: String, hint: Option<&str>) {
        let mut note = Error::new(kind, message);
        if let Some(hint) = hint {
            note = note.hint(hint);
        }
        let mut notes = lock(&self.notes);
        if notes.kept.iter().any(|earlier| earlier.message() == note.message()) {
            return;
        }
        if notes.kept.len() < NOTES {
            notes.kept.push(note);
        } else {
            notes.more += 1;
        }
    }

    /// All that was recorded.
    ///
    /// # Errors
    /// When the recording could not be kept, because a disk is full for example.
    pub(crate) fn finish(self) -> Result<(Sealed, Vec<Error>)> {
        let notes = self.notes.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut kept = notes.kept;
        if notes.more > 0 {
            kept.push(Error::new(ErrorKind::Capture, format!("{} more remarks are left out", notes.more)));
        }
        let spool = self.spool.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok((spool.seal()?, kept))
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
pub(crate) struct Draft<'r> {
    recorder: &'r Recorder,
    started: Micros,
    ended: Option<Micros>,
    url: String,
    /// As the server sees it.
    pub(crate) request_head: Vec<u8>,
    pub(crate) request_body: Tap,
    /// As the server sent it; empty while it has not.
    pub(crate) response_head: Vec<u8>,
    pub(crate) response_body: Tap,
}

impl<'r> Draft<'r> {
    /// An exchange whose request began at `started`.
    pub(crate) fn new(recorder: &'r Recorder, started: Micros, url: String) -> Draft<'r> {
        let tap = || Tap::new(recorder.body_limit);
        Draft {
            recorder,
            started,
            ended: None,
            url,
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

    /// The response is complete.
    pub(crate) fn end(&mut self) {
        self.ended = Some(self.recorder.now());
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        if !self.recorder.keeps {
            return;
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
        record.extend_from_slice(&self.ended.unwrap_or(Micros::MIN).to_le_bytes());
        put(&mut record, self.url.as_bytes());
        put(&mut record, &self.request_head);
        self.request_body.store(&mut record);
        put(&mut record, &self.response_head);
        self.response_body.store(&mut record);
        lock(&self.recorder.spool).push(self.started, &record);
    }
}

/// A capped copy of a body, with its length and, when the copy is not all, its digest.
pub(crate) struct Tap {
    limit: usize,
    kept: Vec<u8>,
    length: u64,
    digest: Option<Digest>,
}

impl Tap {
    fn new(limit: usize) -> Tap {
        Tap { limit, kept: Vec::new(), length: 0, digest: None }
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

    fn store(&mut self, record: &mut Vec<u8>) {
        put(record, &self.kept);
        record.extend_from_slice(&self.length.to_le_bytes());
        if let Some(digest) = self.digest.take() {
            record.extend_from_slice(digest.finish().as_ref());
        }
    }
}

fn put(record: &mut Vec<u8>, bytes: &[u8]) {
    record.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    record.extend_from_slice(bytes);
}

/// The exchange that a record tells of. `from` is the sender's name, where it is known.
///
/// # Errors
/// When the record is none that a draft wrote.
pub(crate) fn exchange(record: &[u8], from: Option<&Text>) -> Result<Exchange> {
    read_exchange(record, from)
        .ok_or_else(|| Error::new(ErrorKind::Io, "the recording's temporary file was damaged"))
}

fn read_exchange(record: &[u8], from: Option<&Text>) -> Option<Exchange> {
    let mut record = Reader(record);
    let started = record.number()? as Micros;
    let ended = Some(record.number()? as Micros).filter(|&ended| ended != Micros::MIN);
    let url = record.text()?;
    let head = record.bytes()?;
    let method = head.split(|&byte| byte == b' ').next().map(wire::text)?;
    let request = Request {
        method: method.clone().into(),
        url,
        headers: content::headers(head),
        body: record.body(head)?,
        ..Request::default()
    };
    let head = record.bytes()?;
    let body = record.body(head)?;
    let response = wire::response(head, &method).ok().map(|line| Response {
        status: line.status,
        reason: line.reason.into(),
        url: None,
        headers: content::headers(head),
        body,
        ..Response::default()
    });
    Some(Exchange {
        from: from.cloned(),
        to: None,
        started,
        ended,
        synthetic: false,
        known_from: KnownFrom::Wire,
        request,
        response,
        ..Exchange::default()
    })
}

/// Reads back what [`Draft`] wrote.
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

    fn body(&mut self, head: &[u8]) -> Option<crate::trace::Body> {
        let kept = self.bytes()?;
        let length = self.number()?;
        let sha256 = if length > kept.len() as u64 { Some(self.take(32)?) } else { None };
        Some(content::body(head, kept, length, sha256))
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
        let mut draft = Draft::new(&recorder, 5, "http://h/a".to_owned());
        draft.request_head = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\n".to_vec();
        drop(draft);
        let mut draft = Draft::new(&recorder, 3, "http://h/b".to_owned());
        draft.request_head = b"PUT /b HTTP/1.1\r\nHost: h\r\n\r\n".to_vec();
        draft.request_body.push(b"body");
        draft.response_head = b"HTTP/1.1 201 Made it so\r\nA: b\r\na: c\r\n\r\n".to_vec();
        drop(draft);
        let (sealed, _) = recorder.finish().unwrap();
        let first = exchange(&sealed.read(0).unwrap(), None).unwrap();
        assert_eq!((&*first.request.method, &*first.request.url), ("PUT", "http://h/b"));
        let response = first.response.unwrap();
        assert_eq!((response.status, &*response.reason), (201, "Made it so"));
        let second = exchange(&sealed.read(1).unwrap(), None).unwrap();
        assert_eq!((second.response, second.ended), (None, None));
    }
}
