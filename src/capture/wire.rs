//! HTTP/1.1 as bytes: heads, and where a body ends.
//!
//! A recorder has to see what a server without it would have seen: names in
//! their case and order, values as sent, reason phrases as written. Libraries
//! that parse a head into a map lose that, so heads stay byte strings here and
//! are only looked at. The rules are those of RFC 9112; where it lets a
//! recipient be lenient, this is, because judging a message is the business of
//! its receiver. What it leaves out: reading, writing, and any decision about
//! what to do with a message.

/// A head longer than this is not HTTP that anybody serves.
pub(crate) const HEAD_LIMIT: usize = 1 << 20;

/// How the end of a body is known (RFC 9112, section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// There is no body.
    Empty,
    /// This many bytes follow.
    Length(u64),
    /// Chunks follow, the last one of size 0, then trailers.
    Chunked,
    /// The body ends when the connection does.
    UntilClose,
}

impl Framing {
    /// How long the body is, where the head tells.
    pub(crate) fn length(self) -> Option<u64> {
        match self {
            Framing::Length(length) => Some(length),
            Framing::Empty => Some(0),
            Framing::Chunked | Framing::UntilClose => None,
        }
    }
}

/// What a proxy has to know of a request's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestHead {
    pub(crate) method: String,
    pub(crate) target: String,
    /// The request line's length, with its line end.
    pub(crate) line: usize,
    pub(crate) framing: Framing,
    pub(crate) is_http_1_0: bool,
    /// Whether the sender can send another request on the connection.
    pub(crate) keep_alive: bool,
    /// The sender waits for `100 Continue` before it sends the body.
    pub(crate) expects_continue: bool,
}

/// What a proxy has to know of a response's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResponseHead {
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) framing: Framing,
    /// Whether the sender takes another request on the connection.
    pub(crate) keep_alive: bool,
}

/// The length of the head that `bytes` begins with, its empty line included; `None` if it goes on.
///
/// `from` is where the search may start: the length that an earlier call has seen.
pub(crate) fn head_end(bytes: &[u8], from: usize) -> Option<usize> {
    let start = from.saturating_sub(3);
    memchr::memchr_iter(b'\n', &bytes[start..]).map(|at| start + at).find_map(|at| {
        match bytes.get(at + 1..) {
            Some([b'\n', ..]) => Some(at + 2),
            Some([b'\r', b'\n', ..]) => Some(at + 3),
            _ => None,
        }
    })
}

/// How many bytes of empty lines `bytes` begins with; a server skips them before a request line.
pub(crate) fn leading_empty_lines(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count()
}

/// Whether `bytes` can be the beginning of a request line: a token of letters, as all methods are.
pub(crate) fn looks_like_http(bytes: &[u8]) -> bool {
    let word =
        bytes.iter().take_while(|byte| byte.is_ascii_uppercase() || matches!(byte, b'-' | b'_')).count();
    (1..=32).contains(&word) && bytes.get(word).is_none_or(|&byte| byte == b' ')
}

/// The header fields of a head, in order: name as sent, value without the blanks around it.
///
/// A folded line (RFC 9112, section 5.2) belongs to the value before it. A line without a
/// colon comes out with an empty name.
pub(crate) fn fields(head: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    field_lines(head).map(|range| {
        let line = &head[range];
        match memchr::memchr(b':', line) {
            Some(colon) => (line[..colon].trim_ascii(), line[colon + 1..].trim_ascii()),
            None => (&line[..0], line.trim_ascii()),
        }
    })
}

/// The head without the fields of these names; every other byte stays.
pub(crate) fn without_fields(head: &[u8], names: &[&str]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(head.len());
    let mut done = 0;
    for range in field_lines(head) {
        let line = &head[range.clone()];
        let name = memchr::memchr(b':', line).map_or(&line[..0], |colon| line[..colon].trim_ascii());
        if names.iter().any(|unwanted| name.eq_ignore_ascii_case(unwanted.as_bytes())) {
            kept.extend_from_slice(&head[done..range.start]);
            done = range.end;
        }
    }
    kept.extend_from_slice(&head[done..]);
    kept
}

/// The head without the offer to go on in HTTP/2 (RFC 7540, section 3.2), if it makes that offer.
///
/// Every field that is about it is there for the next hop only.
pub(crate) fn without_h2c(head: &[u8]) -> Option<Vec<u8>> {
    let tokens = |value: &[u8]| -> Vec<String> {
        value.split(|&byte| byte == b',').map(|token| text(token.trim_ascii())).collect()
    };
    let is_offer = |token: &String| token.eq_ignore_ascii_case("h2c");
    let upgrades = || fields(head).filter(|(name, _)| name.eq_ignore_ascii_case(b"upgrade"));
    if !upgrades().any(|(_, value)| tokens(value).iter().any(is_offer)) {
        return None;
    }
    let has_others = upgrades().any(|(_, value)| !tokens(value).iter().all(is_offer));
    let mut kept = Vec::with_capacity(head.len());
    let mut done = 0;
    for range in field_lines(head) {
        let line = &head[range.clone()];
        let Some(colon) = memchr::memchr(b':', line) else { continue };
        let (name, value) = (line[..colon].trim_ascii(), line[colon + 1..].trim_ascii());
        let mut left = tokens(value);
        if name.eq_ignore_ascii_case(b"upgrade") {
            left.retain(|token| !is_offer(token));
        } else if name.eq_ignore_ascii_case(b"connection") {
            left.retain(|token| {
                !token.eq_ignore_ascii_case("http2-settings")
                    && (has_others || !token.eq_ignore_ascii_case("upgrade"))
            });
        } else if name.eq_ignore_ascii_case(b"http2-settings") {
            left.clear();
        } else {
            continue;
        }
        kept.extend_from_slice(&head[done..range.start]);
        if !left.is_empty() {
            kept.extend_from_slice(&line[..colon]);
            kept.extend_from_slice(format!(": {}\r\n", left.join(", ")).as_bytes());
        }
        done = range.end;
    }
    kept.extend_from_slice(&head[done..]);
    Some(kept)
}

/// Reads a whole request head, its empty line included.
///
/// # Errors
/// What is wrong with it, in words.
pub(crate) fn request(head: &[u8]) -> Result<RequestHead, &'static str> {
    let line_end = memchr::memchr(b'\n', head).ok_or("the request line does not end")? + 1;
    let line =
        std::str::from_utf8(head[..line_end].trim_ascii()).map_err(|_| "the request line is not text")?;
    let mut words = line.split(' ').filter(|word| !word.is_empty());
    let (Some(method), Some(target), Some(version), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err("the request line is not a method, a target and a version");
    };
    let minor = minor_version(version.as_bytes()).ok_or("the version is not HTTP/1.0 or HTTP/1.1")?;
    let declared = FramingFields::of(head)?;
    let framing = match (&declared.transfer, declared.length) {
        (Transfer::None, None) => Framing::Empty,
        (Transfer::None, Some(length)) => Framing::Length(length),
        (Transfer::Chunked, _) => Framing::Chunked,
        (Transfer::Other, _) => return Err("the transfer coding of the request does not say where it ends"),
    };
    Ok(RequestHead {
        method: method.to_owned(),
        target: target.to_owned(),
        line: line_end,
        framing,
        is_http_1_0: minor == 0,
        keep_alive: declared.keep_alive(minor),
        expects_continue: declared.expects_continue && framing != Framing::Empty,
    })
}

/// Reads a whole response head, the answer to a request of this method.
///
/// # Errors
/// What is wrong with it, in words.
pub(crate) fn response(head: &[u8], method: &str) -> Result<ResponseHead, &'static str> {
    let line_end = memchr::memchr(b'\n', head).ok_or("the status line does not end")? + 1;
    let line = head[..line_end].trim_ascii_end();
    let mut words = line.splitn(3, |&byte| byte == b' ');
    let version = words.next().unwrap_or_default();
    let minor = minor_version(version).ok_or("it does not begin with HTTP/1.0 or HTTP/1.1")?;
    let status = words.next().unwrap_or_default();
    let status = match status {
        [b'1'..=b'9', b'0'..=b'9', b'0'..=b'9'] => status.iter().fold(0, |n, b| n * 10 + u16::from(b - b'0')),
        _ => return Err("the status is not a number of three digits"),
    };
    let reason = text(words.next().unwrap_or_default());
    let declared = FramingFields::of(head)?;
    let framing = match (status, &declared.transfer, declared.length) {
        (100..=199 | 204 | 304, _, _) => Framing::Empty,
        _ if method == "HEAD" => Framing::Empty,
        (_, Transfer::Chunked, _) => Framing::Chunked,
        (_, Transfer::None, Some(length)) => Framing::Length(length),
        _ => Framing::UntilClose,
    };
    let keep_alive = declared.keep_alive(minor) && framing != Framing::UntilClose;
    Ok(ResponseHead { status, reason, framing, keep_alive })
}

/// Bytes of a head as text: UTF-8, or else one character a byte (ISO 8859-1, as RFC 9110 allows).
pub(crate) fn text(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&byte| byte as char).collect(),
    }
}

/// The ranges of the field lines, each with its folded continuation and its line end.
fn field_lines(head: &[u8]) -> impl Iterator<Item = std::ops::Range<usize>> {
    let mut at = memchr::memchr(b'\n', head).map_or(head.len(), |end| end + 1);
    std::iter::from_fn(move || {
        let start = at;
        if matches!(&head[start..], [] | [b'\n', ..] | [b'\r', b'\n', ..]) {
            return None;
        }
        loop {
            at = memchr::memchr(b'\n', &head[at..]).map_or(head.len(), |end| at + end + 1);
            if !matches!(head.get(at), Some(b' ' | b'\t')) {
                return Some(start..at);
            }
        }
    })
}

fn minor_version(version: &[u8]) -> Option<u8> {
    match version {
        b"HTTP/1.1" => Some(1),
        b"HTTP/1.0" => Some(0),
        _ => None,
    }
}

enum Transfer {
    None,
    Chunked,
    Other,
}

/// The fields that decide about a connection.
struct FramingFields {
    transfer: Transfer,
    length: Option<u64>,
    close: bool,
    keep: bool,
    expects_continue: bool,
}

impl FramingFields {
    fn of(head: &[u8]) -> Result<FramingFields, &'static str> {
        let mut declared = FramingFields {
            transfer: Transfer::None,
            length: None,
            close: false,
            keep: false,
            expects_continue: false,
        };
        for (name, value) in fields(head) {
            if name.is_empty() {
                return Err("a header line has no name");
            } else if name.eq_ignore_ascii_case(b"content-length") {
                // A list of equal lengths is one length (RFC 9112, section 6.3).
                for part in value.split(|&byte| byte == b',') {
                    let length = length(part.trim_ascii()).ok_or("Content-Length is not a number")?;
                    if declared.length.is_some_and(|earlier| earlier != length) {
                        return Err("there are two lengths");
                    }
                    declared.length = Some(length);
                }
            } else if name.eq_ignore_ascii_case(b"transfer-encoding") {
                let last = value.rsplit(|&byte| byte == b',').next().unwrap_or_default().trim_ascii();
                declared.transfer =
                    if last.eq_ignore_ascii_case(b"chunked") { Transfer::Chunked } else { Transfer::Other };
            } else if name.eq_ignore_ascii_case(b"connection")
                || name.eq_ignore_ascii_case(b"proxy-connection")
            {
                for option in value.split(|&byte| byte == b',') {
                    declared.close |= option.trim_ascii().eq_ignore_ascii_case(b"close");
                    declared.keep |= option.trim_ascii().eq_ignore_ascii_case(b"keep-alive");
                }
            } else if name.eq_ignore_ascii_case(b"expect") {
                declared.expects_continue |= value.eq_ignore_ascii_case(b"100-continue");
            }
        }
        Ok(declared)
    }

    fn keep_alive(&self, minor: u8) -> bool {
        !self.close && (minor == 1 || self.keep)
    }
}

fn length(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Follows a body through the bytes of a connection, to know where it ends.
#[derive(Debug)]
pub(crate) struct BodyEnd {
    state: State,
    /// The lines after the last chunk, without the empty one at their end.
    pub(crate) trailers: Vec<u8>,
}

#[derive(Debug)]
enum State {
    Done,
    Left(u64),
    UntilClose,
    /// In the line that gives a chunk's size; the digits so far, and whether they are over.
    Size {
        size: u64,
        digits: u8,
        over: bool,
    },
    /// In a chunk's data, this much left.
    Data(u64),
    /// In the line end after a chunk's data.
    DataEnd,
    /// In the lines after the last chunk; the length of the line so far.
    Trailers {
        line: usize,
    },
}

const SIZE: State = State::Size { size: 0, digits: 0, over: false };

impl BodyEnd {
    pub(crate) fn new(framing: Framing) -> BodyEnd {
        let state = match framing {
            Framing::Empty | Framing::Length(0) => State::Done,
            Framing::Length(length) => State::Left(length),
            Framing::Chunked => SIZE,
            Framing::UntilClose => State::UntilClose,
        };
        BodyEnd { state, trailers: Vec::new() }
    }

    /// Whether the body is complete.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// Whether the end of the connection is the end of the body.
    pub(crate) fn ends_with_connection(&self) -> bool {
        matches!(self.state, State::UntilClose)
    }

    /// Takes from `input` what belongs to the body; its content goes to `content`, and its trailers
    /// are kept. Gives the number of bytes that belong to it.
    ///
    /// # Errors
    /// When the chunks are malformed, so that nobody can tell where the body ends.
    pub(crate) fn take(&mut self, input: &[u8], mut content: impl FnMut(&[u8])) -> Result<usize, BadChunk> {
        let mut at = 0;
        while at < input.len() {
            match &mut self.state {
                State::Done => break,
                State::UntilClose => {
                    content(&input[at..]);
                    at = input.len();
                }
                State::Left(left) | State::Data(left) => {
                    let some = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len() - at);
                    content(&input[at..at + some]);
                    at += some;
                    *left -= some as u64;
                    if *left == 0 {
                        self.state =
                            if matches!(self.state, State::Data(_)) { State::DataEnd } else { State::Done };
                    }
                }
                State::Size { size, digits, over } => {
                    let byte = input[at];
                    at += 1;
                    match byte {
                        b'\n' if *digits == 0 => return Err(BadChunk),
                        b'\n' if *size == 0 => self.state = State::Trailers { line: 0 },
                        b'\n' => self.state = State::Data(*size),
                        _ if *over => {}
                        b'\r' | b' ' | b'\t' | b';' if *digits > 0 => *over = true,
                        _ => {
                            let digit = (byte as char).to_digit(16).ok_or(BadChunk)?;
                            if *digits == 16 {
                                return Err(BadChunk);
                            }
                            *digits += 1;
                            *size = *size << 4 | u64::from(digit);
                        }
                    }
                }
                State::DataEnd => {
                    match input[at] {
                        b'\r' => {}
                        b'\n' => self.state = SIZE,
                        _ => return Err(BadChunk),
                    }
                    at += 1;
                }
                State::Trailers { line } => {
                    match input[at] {
                        b'\n' if *line == 0 => self.state = State::Done,
                        b'\n' => *line = 0,
                        b'\r' => {}
                        _ => *line += 1,
                    }
                    if !self.is_done() && (input[at] != b'\r' || !self.trailers.is_empty()) {
                        if self.trailers.len() == HEAD_LIMIT {
                            return Err(BadChunk);
                        }
                        self.trailers.push(input[at]);
                    }
                    at += 1;
                }
            }
        }
        Ok(at)
    }
}

/// Chunks that are none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadChunk;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_offer_of_http_2_is_taken_off() {
        let stripped = |head: &str| without_h2c(head.as_bytes()).map(|head| text(&head));
        assert_eq!(
            stripped(
                "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nHTTP2-Settings: AAM\r\nA: b\r\n\r\n"
            )
            .unwrap(),
            "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n\r\n"
        );
        assert_eq!(
            stripped("GET / HTTP/1.1\r\nconnection: keep-alive, upgrade\r\nUpgrade: h2c, x/1\r\n\r\n")
                .unwrap(),
            "GET / HTTP/1.1\r\nconnection: keep-alive, upgrade\r\nUpgrade: x/1\r\n\r\n"
        );
        assert_eq!(stripped("GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n"), None);
    }

    #[test]
    fn a_head_ends_at_its_empty_line() {
        assert_eq!(head_end(b"GET / HTTP/1.1\r\nA: b\r\n\r\nrest", 0), Some(24));
        assert_eq!(head_end(b"GET / HTTP/1.1\nA: b\n\nrest", 0), Some(21));
        assert_eq!(head_end(b"GET / HTTP/1.1\r\nA: b\r\n", 0), None);
        let head = b"GET / HTTP/1.1\r\n\r\n";
        for seen in 0..head.len() {
            assert_eq!(head_end(head, seen), Some(head.len()), "seen {seen}");
        }
    }

    #[test]
    fn fields_keep_case_order_and_repetition() {
        let head = b"GET / HTTP/1.1\r\nx-B:  one \r\nX-a: \xea\xb0\x80\r\nfold: a\r\n  b\r\nx-B:\r\n\r\n";
        let seen: Vec<_> = fields(head).map(|(n, v)| (text(n), text(v))).collect();
        let expected = [("x-B", "one"), ("X-a", "가"), ("fold", "a\r\n  b"), ("x-B", "")];
        assert_eq!(seen, expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
    }

    #[test]
    fn removing_a_field_leaves_every_other_byte() {
        let head = b"GET / HTTP/1.1\r\nA:b\r\nproxy-Authorization: x\r\n y\r\nHost:  h\r\nProxy-Connection: close\r\n\r\n";
        assert_eq!(
            without_fields(head, &["Proxy-Authorization", "Proxy-Connection"]),
            b"GET / HTTP/1.1\r\nA:b\r\nHost:  h\r\n\r\n"
        );
        assert_eq!(without_fields(b"GET / HTTP/1.1\r\n\r\n", &["A"]), b"GET / HTTP/1.1\r\n\r\n");
    }

    #[test]
    fn a_request_says_where_its_body_ends() {
        let framing = |head: &str| request(head.as_bytes()).map(|head| head.framing);
        assert_eq!(framing("GET / HTTP/1.1\r\n\r\n"), Ok(Framing::Empty));
        assert_eq!(framing("PUT / HTTP/1.1\r\nContent-Length: 5, 5\r\n\r\n"), Ok(Framing::Length(5)));
        assert_eq!(
            framing("PUT / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n"),
            Ok(Framing::Chunked)
        );
        assert!(framing("PUT / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n").is_err());
        assert!(framing("PUT / HTTP/1.1\r\nContent-Length: -5\r\n\r\n").is_err());
        assert!(framing("PUT / HTTP/2\r\n\r\n").is_err());
    }

    #[test]
    fn a_response_says_where_its_body_ends() {
        let framing = |head: &str, method| response(head.as_bytes(), method).map(|head| head.framing);
        assert_eq!(framing("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "GET"), Ok(Framing::Length(5)));
        assert_eq!(framing("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "HEAD"), Ok(Framing::Empty));
        assert_eq!(framing("HTTP/1.1 304\r\nContent-Length: 5\r\n\r\n", "GET"), Ok(Framing::Empty));
        assert_eq!(framing("HTTP/1.0 200 OK\r\n\r\n", "GET"), Ok(Framing::UntilClose));
        assert!(framing("SSH-2.0-OpenSSH\r\n\r\n", "GET").is_err());
    }

    #[test]
    fn malformed_chunks_are_refused() {
        for bad in ["x\r\n", "\r\n", "1\r\nabc", "11111111111111111\r\n"] {
            assert_eq!(BodyEnd::new(Framing::Chunked).take(bad.as_bytes(), |_| {}), Err(BadChunk), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn chunks_come_back_however_they_are_cut(
            chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 1..40), 0..6),
            cuts in proptest::collection::vec(1usize..20, 1..200),
            trailer in any::<bool>(),
        ) {
            let mut wire = Vec::new();
            for chunk in &chunks {
                wire.extend(format!("{:X};ext=1\r\n", chunk.len()).bytes());
                wire.extend(chunk);
                wire.extend(b"\r\n");
            }
            wire.extend(b"0\r\n");
            if trailer {
                wire.extend(b"Digest: x\r\n");
            }
            wire.extend(b"\r\n");
            let length = wire.len();
            wire.extend(b"HTTP/1.1 200 OK");

            let mut body = BodyEnd::new(Framing::Chunked);
            let (mut content, mut taken, mut at) = (Vec::new(), 0, 0);
            for cut in cuts.iter().cycle() {
                if at == wire.len() {
                    break;
                }
                let piece = &wire[at..(at + cut).min(wire.len())];
                taken += body.take(piece, |data| content.extend_from_slice(data)).unwrap();
                at += piece.len();
            }
            prop_assert!(body.is_done());
            prop_assert_eq!(taken, length);
            prop_assert_eq!(content, chunks.concat());
        }
    }
}
