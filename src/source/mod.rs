//! Bytes of a captured file to a [`Trace`], with diagnostics.
//!
//! One file a format, told apart by content, because a log is renamed more often
//! than it is what its name says. Readers never fail: what is damaged costs the
//! damaged entry, is told as an [`Error`] with its place, and leaves a
//! [`Gap`](crate::trace::Gap) in the trace. What this leaves out: deciding who a
//! participant is, what a path means, or in which order messages are numbered.
//!
//! ```
//! use docgen::source::{self, Format};
//!
//! let log = [
//!     "### (client) REQ >>> (glance) : GET http://192.0.2.1/v2/images\nAccept: */*\n\nnone\n\n\n",
//!     "### (client) REQ >>> (glance) : GET http://192.0.2.1/v2/ima",
//! ]
//! .concat();
//! let read = source::read("any-name.txt".as_ref(), log.into_bytes());
//! assert_eq!(read.format, Some(Format::Requestshook));
//! assert_eq!(read.trace.exchanges[0].request.url, "http://192.0.2.1/v2/images");
//! // The second entry is cut off: it is told, and leaves a gap.
//! assert_eq!(read.diagnostics[0].place().map(|place| place.line), Some(7));
//! assert_eq!(read.trace.gaps.len(), 1);
//! ```

pub mod client_log;
pub mod har;
mod lines;
mod margin;
mod notation;
mod pairing;
mod places;
pub mod requests_observer;
pub mod requestshook;
pub mod requestshook_writer;

use std::path::Path;

use self::margin::Unwrapped;
use crate::error::{Error, ErrorKind, Place};
use crate::text::{self, Text};
use crate::trace::Trace;

/// What a source gave.
#[derive(Debug, Default)]
pub struct Read {
    /// The exchanges that could be read.
    pub trace: Trace,
    /// What could not, in the order of the file.
    pub diagnostics: Vec<Error>,
    /// The format of the file; `None` when it is in none that docgen reads.
    pub format: Option<Format>,
    /// The whole file, decoded, where it is a log that pages show as it is; after [`read_as_log`]
    /// of any other file, the log of its trace.
    pub log: Option<Text>,
}

/// The formats that docgen reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Format {
    /// HTTP Archive 1.2, of docgen, a browser or a proxy.
    Har,
    /// The log of the `requestshook` middleware.
    Requestshook,
    /// The log of `requests-observer`.
    RequestsObserver,
    /// The debug log of OpenStack's clients in Python: of keystoneauth and those before it.
    ClientLog,
}

/// Reads `bytes`, the content of `file`, in the format that the content shows.
///
/// A log of white space is one of no messages: a command may send none. A HAR always has content.
pub fn read(file: &Path, bytes: Vec<u8>) -> Read {
    read_in(file, bytes, |file, text| {
        let (trace, diagnostics) = har::read(file, text);
        (trace, None, diagnostics)
    })
}

/// The same for whoever shows the log: there always is one, and headers and bodies are as it shows
/// them ([`requestshook_writer::rewrite`]).
pub fn read_as_log(file: &Path, bytes: Vec<u8>) -> Read {
    let read = read_in(file, bytes, |file, text| {
        let (trace, log, diagnostics) = har::read_as_log(file, text);
        (trace, Some(log), diagnostics)
    });
    if read.log.is_some() {
        return read;
    }
    let (trace, log) = requestshook_writer::rewrite(read.trace);
    Read { trace, log: Some(log), ..read }
}

fn read_in(
    file: &Path,
    bytes: Vec<u8>,
    read_har: impl FnOnce(&Path, &Text) -> (Trace, Option<Text>, Vec<Error>),
) -> Read {
    let is_utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    let text = decode(bytes);
    let (format, unwrapped) = match sniff(&text) {
        (None, _) if text.trim_ascii().is_empty() => match file.extension() {
            Some(extension) if extension == "har" => (Some(Format::Har), None),
            _ => return Read::default(),
        },
        found => found,
    };
    let shown = unwrapped.as_ref().map_or(&text, |unwrapped| &unwrapped.text);
    let mut log = None;
    let (mut trace, mut diagnostics) = match format {
        Some(Format::Har) => {
            let (trace, shown, diagnostics) = read_har(file, &text);
            log = shown;
            (trace, diagnostics)
        }
        Some(Format::Requestshook) => requestshook::read(file, log.insert(shown.clone())),
        Some(Format::RequestsObserver) => requests_observer::read(file, shown),
        Some(Format::ClientLog) => client_log::read(file, shown),
        None => {
            let (message, hint) = match is_utf16 {
                true => ("this text is UTF-16", "save it as UTF-8, as by `iconv -f UTF-16 -t UTF-8`"),
                false => (
                    "this is in no format that docgen reads",
                    "docgen reads HAR 1.2 and the logs of requestshook, requests-observer and OpenStack's clients (`--debug`)",
                ),
            };
            let start = text.len() - text.trim_start().len();
            let place = Place::span(file, &text, start, start);
            (Trace::default(), vec![Error::new(ErrorKind::UnknownFormat, message).at(place).hint(hint)])
        }
    };
    if format.is_some()
        && let Some(unwrapped) = unwrapped
    {
        unwrapped.restore(&mut trace, &mut diagnostics);
    }
    Read { trace, diagnostics, format, log }
}

/// The format that `text` is in, by the first entry in it that is one of some format.
pub fn detect(text: &Text) -> Option<Format> {
    sniff(text).0
}

/// The format of `text`, and for a log that may have a margin, the log without it.
fn sniff(text: &Text) -> (Option<Format>, Option<Unwrapped>) {
    if har::is_one(text) && !notation::is_json_lines(text) {
        return (Some(Format::Har), None);
    }
    // By far the most logs, and nothing can come before it.
    if requestshook::first_entry(&text[..text.floor_char_boundary(8)]).is_some() {
        return (Some(Format::Requestshook), None);
    }
    let unwrapped = Unwrapped::of(text);
    let format = detect_log(&unwrapped.text);
    (format, Some(unwrapped))
}

fn detect_log(text: &str) -> Option<Format> {
    // The first entry of a log stands near its start; only a log of another kind is searched whole.
    let near = &text[..text.floor_char_boundary(64 * 1024)];
    first_entry(near).or_else(|| first_entry(text))
}

fn first_entry(text: &str) -> Option<Format> {
    let found = [
        (requestshook::first_entry(text), Format::Requestshook),
        (requests_observer::first_entry(text), Format::RequestsObserver),
        (client_log::first_entry(text), Format::ClientLog),
    ];
    found
        .into_iter()
        .filter_map(|(at, format)| Some((at?, format)))
        .min_by_key(|&(at, _)| at)
        .map(|(_, format)| format)
}

/// Why a trace that a merge left in two versions is neither; `None` for all others.
pub fn conflict(file: &Path, bytes: &[u8]) -> Option<Error> {
    let find =
        |marker: &str, from: usize| Some(memchr::memmem::find(&bytes[from..], marker.as_bytes())? + from);
    let start = if bytes.starts_with(b"<<<<<<< ") { 0 } else { find("\n<<<<<<< ", 0)? + 1 };
    find("\n>>>>>>> ", find("\n=======", start)?)?;
    let text = decode(bytes.to_vec());
    let place = Place::span(file, &text, start.min(text.len()), (start + 7).min(text.len()));
    Some(
        Error::new(
            ErrorKind::DamagedEntry,
            "the trace has conflict markers: a merge or rebase left two of it",
        )
        .at(place)
        .hint("take one side whole, `git checkout --ours FILE` or `--theirs`, or record it again"),
    )
}

/// `bytes` as text, without a byte order mark; a byte that is not UTF-8 shows as `\xNN`.
///
/// What is UTF-8 already is not copied.
pub fn decode(bytes: Vec<u8>) -> Text {
    let decoded = match String::from_utf8(bytes) {
        Ok(valid) => Text::from(valid),
        Err(error) => {
            let bytes = error.as_bytes();
            let mut shown = String::with_capacity(bytes.len() + bytes.len() / 8);
            for chunk in bytes.utf8_chunks() {
                shown.push_str(chunk.valid());
                for byte in chunk.invalid() {
                    shown.push_str("\\x");
                    shown.push(char::from(b"0123456789abcdef"[usize::from(byte >> 4)]));
                    shown.push(char::from(b"0123456789abcdef"[usize::from(byte & 15)]));
                }
            }
            Text::from(shown)
        }
    };
    match decoded.strip_prefix('\u{feff}') {
        Some(rest) => text::slice(&decoded, rest),
        None => decoded,
    }
}
