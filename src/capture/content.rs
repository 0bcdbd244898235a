//! The bytes of a body to what a trace holds of it.
//!
//! Text is kept decoded (gzip, deflate, br, zstd, and the charset that its type
//! names), because a page shows text; the headers stay as they were sent, so Content-Length and Content-Encoding
//! still tell of the wire. Decoding stops at a limit, so a small body that
//! unpacks to a huge one costs neither time nor memory. Pure functions.

use std::borrow::Cow;
use std::io::Read;

use encoding_rs::{DecoderResult, Encoding, UTF_8, WINDOWS_1252};
use ring::digest;

use super::wire;
use crate::text::Text;
use crate::trace::{Binary, Body, Headers};

/// A decoded text longer than this is kept as its beginning.
const DECODED_LIMIT: usize = 4 << 20;

/// How many bytes are kept of what is not text.
const BINARY_HEAD: usize = 32;

/// How many bytes are kept of a text that is too long.
const TEXT_HEAD: usize = 4096;

/// The header fields of a head.
pub(crate) fn headers(head: &[u8]) -> Headers {
    wire::fields(head).map(|(name, value)| (wire::text(name).into(), unfold(value))).collect()
}

/// The body of a message with this head: `kept` are its first bytes and all of them unless
/// `length` is more; then `sha256` is the digest of all, as they were sent.
///
/// A text that is longer than what was kept, or that unpacks to more than a limit, comes out as
/// [`Binary`] with its beginning (up to 4096 bytes) in `head`; then length and digest are those of
/// the bytes that were sent, as they are wherever a body was not kept whole.
pub(crate) fn body(head: &[u8], kept: &[u8], length: u64, sha256: Option<&[u8]>) -> Body {
    if length == 0 {
        return Body::Absent;
    }
    let whole = length == kept.len() as u64;
    let decoded = decode(head, kept);
    let (content, complete) = match &decoded {
        Some(decoded) => (&decoded.bytes[..], whole && decoded.complete),
        None => (kept, whole),
    };
    let kind = media_type(head);
    let text = match charset(&kind) {
        Some(charset) => in_charset(charset, content, complete).map(Cow::Owned),
        None => None,
    };
    let text = text.or_else(|| in_utf_8(content, complete).map(Cow::Borrowed));
    // An image of the letter c is an image.
    let text = text.filter(|text| !text.contains('\0') && !is_binary(&kind));
    if let (Some(text), true) = (&text, complete) {
        return Body::Text((&**text).into());
    }
    let shown = match &text {
        Some(text) => &text.as_bytes()[..text.floor_char_boundary(TEXT_HEAD)],
        None => &content[..content.len().min(BINARY_HEAD)],
    };
    let (length, digest) = match sha256 {
        Some(digest) => (length, Some(hex(digest))),
        None if !whole => (length, None),
        // All was kept, but what it unpacks to was not.
        None if !complete => (length, Some(sha256_hex(kept))),
        None => (content.len() as u64, Some(sha256_hex(content))),
    };
    Body::Binary(Binary { head: shown.to_vec(), length: Some(length), sha256: digest })
}

fn in_utf_8(content: &[u8], is_complete: bool) -> Option<&str> {
    match std::str::from_utf8(content) {
        Ok(text) => Some(text),
        // The cut may go through a character.
        Err(error) if !is_complete && error.error_len().is_none() => {
            std::str::from_utf8(&content[..error.valid_up_to()]).ok()
        }
        Err(_) => None,
    }
}

/// `None` where the bytes are no text in this charset.
fn in_charset(charset: &'static Encoding, content: &[u8], is_complete: bool) -> Option<String> {
    let mut decoder = charset.new_decoder_with_bom_removal();
    let mut text = String::with_capacity(decoder.max_utf8_buffer_length_without_replacement(content.len())?);
    match decoder.decode_to_string_without_replacement(content, &mut text, is_complete) {
        (DecoderResult::InputEmpty, _) => Some(text),
        _ => None,
    }
}

/// The charset that a type names, where that is not what all text is taken for.
fn charset(kind: &str) -> Option<&'static Encoding> {
    // JSON is UTF-8, whatever else is said (RFC 8259, section 8.1).
    if kind.split(';').next().is_some_and(|essence| essence.trim_end().ends_with("json")) {
        return None;
    }
    let label = kind.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        (name.trim() == "charset").then(|| value.trim().trim_matches(['"', '\'']))
    })?;
    let charset = Encoding::for_label_no_replacement(label.as_bytes())?;
    // What is ASCII is UTF-8, and what only says so may be that all the same.
    let is_ascii = charset == WINDOWS_1252 && label.contains("ascii");
    (charset != UTF_8 && !is_ascii).then_some(charset)
}

/// The type that the message says its body has, in lower case, with its parameters.
fn media_type(head: &[u8]) -> String {
    let headers = headers(head);
    headers.get("content-type").unwrap_or_default().trim_start().to_ascii_lowercase()
}

/// Whether what is of this type is no text.
fn is_binary(kind: &str) -> bool {
    let starts = [
        "application/octet-stream",
        "application/zip",
        "application/gzip",
        "image/",
        "audio/",
        "video/",
        "font/",
    ];
    starts.iter().any(|start| kind.starts_with(start)) && !kind.starts_with("image/svg")
}

/// The SHA-256 of `bytes` in lower-case hexadecimal.
pub(crate) fn sha256_hex(bytes: &[u8]) -> Text {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

fn hex(bytes: &[u8]) -> Text {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into()
}

/// A value that was folded over lines is one line (RFC 9112, section 5.2).
fn unfold(value: &[u8]) -> Text {
    let value = wire::text(value);
    if !value.contains('\n') {
        return value.into();
    }
    value.lines().map(str::trim).collect::<Vec<_>>().join(" ").into()
}

struct Decoded {
    bytes: Vec<u8>,
    /// The coding came to its end within the limit.
    complete: bool,
}

/// Takes off the content codings that the head names; `None` when there is none, or one that is
/// unknown, or when the bytes are not in it.
fn decode(head: &[u8], bytes: &[u8]) -> Option<Decoded> {
    let codings: Vec<String> = wire::fields(head)
        .filter(|(name, _)| name.eq_ignore_ascii_case(b"content-encoding"))
        .flat_map(|(_, value)| value.split(|&byte| byte == b','))
        .map(|coding| wire::text(coding.trim_ascii()).to_ascii_lowercase())
        .filter(|coding| !coding.is_empty() && coding != "identity")
        .collect();
    let mut decoded: Option<Decoded> = None;
    for coding in codings.iter().rev() {
        let (input, so_far) = decoded.as_ref().map_or((bytes, true), |d| (&d.bytes[..], d.complete));
        let next = decode_one(coding, input)?;
        decoded = Some(Decoded { complete: next.complete && so_far, ..next });
    }
    decoded
}

fn decode_one(coding: &str, input: &[u8]) -> Option<Decoded> {
    match coding {
        "gzip" | "x-gzip" => drain(flate2::read::MultiGzDecoder::new(input)),
        // What the name means is zlib (RFC 9110, section 8.4.1.2), what some send is bare deflate.
        "deflate" => drain(flate2::read::ZlibDecoder::new(input))
            .or_else(|| drain(flate2::read::DeflateDecoder::new(input))),
        "br" => drain(brotli_decompressor::Decompressor::new(input, 4096)),
        "zstd" => drain(ruzstd::decoding::StreamingDecoder::new(input).ok()?),
        _ => None,
    }
}

/// Reads up to the limit; `None` when not even a first byte comes out.
fn drain(mut decoder: impl Read) -> Option<Decoded> {
    let mut bytes = Vec::new();
    let mut piece = [0; 8192];
    loop {
        match decoder.read(&mut piece) {
            Ok(0) => return Some(Decoded { bytes, complete: true }),
            Ok(n) => {
                bytes.extend_from_slice(&piece[..n]);
                if bytes.len() > DECODED_LIMIT {
                    bytes.truncate(DECODED_LIMIT);
                    return Some(Decoded { bytes, complete: false });
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) if bytes.is_empty() => return None,
            Err(_) => return Some(Decoded { bytes, complete: false }),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn head(coding: &str) -> Vec<u8> {
        format!("HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\n\r\n").into_bytes()
    }

    fn whole(coding: &str, bytes: &[u8]) -> Body {
        body(&head(coding), bytes, bytes.len() as u64, None)
    }

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn text_comes_out_decoded() {
        let text = "{\"이름\": \"cirros\"}";
        let expected = Body::Text(text.into());
        assert_eq!(whole("identity", text.as_bytes()), expected);
        assert_eq!(whole("gzip", &gzip(text.as_bytes())), expected);
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        zlib.write_all(text.as_bytes()).unwrap();
        let zlib = zlib.finish().unwrap();
        assert_eq!(whole("Deflate", &zlib), expected);
        let mut bare = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        bare.write_all(text.as_bytes()).unwrap();
        assert_eq!(whole("deflate", &bare.finish().unwrap()), expected);
        assert_eq!(whole("deflate, gzip", &gzip(&zlib)), expected);
        let zstd =
            ruzstd::encoding::compress_to_vec(text.as_bytes(), ruzstd::encoding::CompressionLevel::Fastest);
        assert_eq!(whole("zstd", &zstd), expected);
        let brotli = brotli_stored(text.as_bytes());
        assert_eq!(whole("br", &brotli), expected);
    }

    /// A brotli stream of one stored meta-block (RFC 7932, sections 9.1 and 9.2).
    fn brotli_stored(bytes: &[u8]) -> Vec<u8> {
        // WBITS = 16 is one bit `0`; ISLAST 0; MNIBBLES 4 is two bits `00`; MLEN-1 in 16 bits; ISUNCOMPRESSED 1.
        let header: u32 = ((bytes.len() as u32 - 1) << 4) | 1 << 20;
        let mut stream = header.to_le_bytes()[..3].to_vec();
        stream.extend(bytes);
        stream.push(0b11); // ISLAST, ISLASTEMPTY
        stream
    }

    #[test]
    fn what_does_not_decode_is_kept_as_it_came() {
        let Body::Binary(binary) = whole("gzip", b"\x00\x01garbage") else { panic!() };
        assert_eq!((binary.head.as_slice(), binary.length), (&b"\x00\x01garbage"[..], Some(9)));
        assert_eq!(whole("rot13", b"text"), Body::Text("text".into()));
    }

    #[test]
    fn a_bomb_is_cut() {
        let bomb = gzip(&vec![b'a'; 50 << 20]);
        let Body::Binary(binary) = whole("gzip", &bomb) else { panic!() };
        assert_eq!(binary.head.len(), TEXT_HEAD);
        assert_eq!(binary.length, Some(bomb.len() as u64));
    }

    #[test]
    fn binary_is_a_head_a_length_and_a_digest() {
        let bytes: Vec<u8> = (0..=255).collect();
        let Body::Binary(binary) = whole("identity", &bytes) else { panic!() };
        assert_eq!((&binary.head[..], binary.length), (&bytes[..32], Some(256)));
        assert_eq!(
            binary.sha256.unwrap(),
            "40aff2e9d2d8922e47afd4648e6967497158785fbd1da870e7110266bf944880"
        );
    }

    #[test]
    fn text_is_in_the_charset_that_its_type_names() {
        for (kind, bytes, text) in [
            ("text/plain; charset=ISO-8859-1", &b"caf\xe9"[..], "café"),
            ("text/html; Charset=\"euc-kr\"", b"\xb0\xa1", "가"),
            ("text/plain;charset=utf-16", b"\xff\xfeh\0i\0", "hi"),
            ("application/xml; charset=UTF-16BE", b"\0h\0i", "hi"),
            ("text/plain; charset=us-ascii", "é".as_bytes(), "é"),
            ("text/plain; charset=nonsense", "é".as_bytes(), "é"),
            ("application/json; charset=iso-8859-1", "\"é\"".as_bytes(), "\"é\""),
            ("application/x-www-form-urlencoded; charset=latin1", b"a=\xe9", "a=é"),
        ] {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n\r\n");
            let read = body(head.as_bytes(), bytes, bytes.len() as u64, None);
            assert_eq!(read, Body::Text(text.into()), "{kind}");
        }
        // What is no text in its charset is none.
        let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-16le\r\n\r\n";
        assert!(matches!(body(head, b"\x00\xd8\x00\xd8", 4, None), Body::Binary(_)));
        // A text that was cut off in a character of two bytes.
        let digest = digest::digest(&digest::SHA256, b"");
        let Body::Binary(cut) = body(head, b"h\0i\0x", 9, Some(digest.as_ref())) else { panic!() };
        assert_eq!(cut.head, b"hi");
    }

    #[test]
    fn what_is_declared_as_no_text_is_none() {
        for (kind, is_text) in [
            ("image/png", false),
            ("Application/Octet-Stream", false),
            (" video/mp4; x=y", false),
            ("image/svg+xml", true),
            ("text/plain", true),
            ("application/json", true),
        ] {
            let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n\r\n");
            let read = body(head.as_bytes(), b"ccc", 3, None);
            assert_eq!(read == Body::Text("ccc".into()), is_text, "{kind}: {read:?}");
            assert_eq!(matches!(read, Body::Binary(_)), !is_text, "{kind}");
        }
    }

    #[test]
    fn a_text_cut_in_a_character_stays_text() {
        let text = "가나다".as_bytes();
        let digest = digest::digest(&digest::SHA256, text);
        let Body::Binary(binary) = body(&head("identity"), &text[..4], 9, Some(digest.as_ref())) else {
            panic!()
        };
        assert_eq!(binary.head, "가".as_bytes());
        assert_eq!(binary.length, Some(9));
    }
}
