//! Bodies, as archives hold them: `postData`, `content`, and docgen's own `_body`.
//!
//! HAR has a text, and `base64` for one that is none. Tools write more: a form's fields instead of
//! its text, JSON that is no string, a text that is called base64 and is not, the name of a file
//! beside the archive. Whatever can be shown is; what cannot is told. What this leaves out: which
//! message a body belongs to.

use std::borrow::Cow;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use ring::digest::{SHA256, digest};

use super::entry::{put, size, text, texts_of};
use crate::json::{Broken, Escaped, JsonString, Kind, Progress, Reader};
use crate::text::{self, Text};
use crate::trace::{Binary, Body};

/// How many bytes are kept of a body that is not text.
const HEAD: usize = 32;

/// What an archive says of a body.
#[derive(Default)]
pub(super) struct Content<'a> {
    pub(super) body: Body,
    /// The text of the body where that still has its escapes; `body` is an empty text then.
    pub(super) escaped: Option<Escaped<'a>>,
    pub(super) mime_type: Option<Cow<'a, str>>,
    /// How long it is said to be, where that is more than nothing.
    pub(super) size: Option<f64>,
    pub(super) comment: Option<Cow<'a, str>>,
}

impl Content<'_> {
    /// Whether it holds anything to show.
    pub(super) fn is_something(&self) -> bool {
        self.body != Body::Absent || self.size.is_some()
    }

    /// Says that there was a body, if the archive gives a size and no text.
    pub(super) fn left_out(&mut self) {
        if let (Body::Absent, Some(size)) = (&self.body, self.size) {
            self.body = Body::Omitted(match self.comment.take() {
                Some(comment) => Text::from(comment.into_owned()),
                None if size == 1.0 => Text::from("Omitted, 1 byte is not in the HAR file"),
                None => Text::from(format!("Omitted, {size} bytes are not in the HAR file")),
            });
        }
    }
}

/// A field of a form that was sent.
struct Param<'a> {
    name: Cow<'a, str>,
    value: Option<Cow<'a, str>>,
    file_name: Option<Cow<'a, str>>,
    content_type: Option<Cow<'a, str>>,
}

/// The next value, a body that `name` holds.
pub(super) fn content<'a>(
    json: &mut Reader<'a>,
    whole: &Text,
    name: &str,
) -> Result<Option<Content<'a>>, Broken> {
    let at = json.next_at();
    match json.peek()? {
        Kind::Object => {}
        Kind::Null => return json.skip().map(|_| None),
        Kind::String => {
            json.tell(at, format!("`{name}` is a string, not an object; it is read as the text of the body"));
            let text = Some((at, json.string()?));
            let mut content = Content::default();
            fill(&mut content, json, whole, text, None);
            return Ok(Some(content));
        }
        kind => {
            json.tell(at, format!("`{name}` is {}, not an object; it is left out", kind.name()));
            return json.skip().map(|_| None);
        }
    }
    let mut content = Content::default();
    let (mut said, mut encoding, mut params) = (None, None, None);
    let (mut binary, mut omitted, mut file) = (None, None, None);
    let mut progress = Progress::default();
    while let Some(key) = json.next_member(&mut progress)? {
        let at = json.next_at();
        match &*key.name {
            "text" => {
                let value = body_text(json)?.map(|text| (at, text));
                put(json, &key, &mut said, value);
            }
            "encoding" => {
                let before = json.told.len();
                let value = text(json, "encoding")?.map(|encoding| (at, encoding));
                // What was no string is no encoding, and that has been told.
                let value = value.filter(|_| json.told.len() == before);
                put(json, &key, &mut encoding, value);
            }
            "mimeType" => {
                let value = text(json, "mimeType")?;
                put(json, &key, &mut content.mime_type, value);
            }
            "size" => {
                let value = size(json, "size")?;
                put(json, &key, &mut content.size, value);
            }
            "comment" => {
                let value = text(json, "comment")?.filter(|comment| !comment.is_empty());
                put(json, &key, &mut content.comment, value);
            }
            "params" => {
                let value =
                    self::params(json)?.filter(|params| !params.is_empty()).map(|params| (at, params));
                put(json, &key, &mut params, value);
            }
            "_file" => {
                let value = text(json, "_file")?;
                put(json, &key, &mut file, value);
            }
            "_binary" => {
                let value = self::binary(json)?;
                put(json, &key, &mut binary, value);
            }
            "_omitted" => {
                let value = text(json, "_omitted")?;
                put(json, &key, &mut omitted, value);
            }
            _ => {
                json.skip()?;
            }
        }
    }
    if let Some(binary) = binary {
        content.body = Body::Binary(binary);
        return Ok(Some(content));
    }
    if let Some(words) = omitted {
        content.body = Body::Omitted(text::share(whole, words));
        return Ok(Some(content));
    }
    fill(&mut content, json, whole, said, encoding);
    if content.body == Body::Absent
        && let Some((at, params)) = params
    {
        let form = form(json, at, content.mime_type.as_deref().unwrap_or_default(), &params);
        content.body = Body::Text(Text::from(form));
    }
    if let (Body::Absent, Some(file)) = (&content.body, file) {
        content.body =
            Body::Omitted(Text::from(format!("Omitted, it is in the file {file} beside the HAR file")));
    }
    Ok(Some(content))
}

/// Puts the text of a body where it belongs, decoded as its encoding says.
fn fill<'a>(
    content: &mut Content<'a>,
    json: &mut Reader<'_>,
    whole: &Text,
    said: Option<(usize, JsonString<'a>)>,
    encoding: Option<(usize, Cow<'a, str>)>,
) {
    let Some((at, said)) = said else { return };
    let mut is_base64 = false;
    if let Some((encoding_at, encoding)) = encoding {
        is_base64 = encoding.eq_ignore_ascii_case("base64");
        let is_plain = ["", "utf-8", "utf8", "text", "plain", "identity", "none"];
        if !is_base64 && !is_plain.iter().any(|plain| encoding.eq_ignore_ascii_case(plain)) {
            let encoding = encoding.chars().take(40).collect::<String>();
            json.tell(
                encoding_at,
                format!("the encoding `{encoding}` is not known; the body is shown as its text is"),
            );
        }
    }
    let said = match said {
        JsonString::Escaped(escaped) if !is_base64 => {
            content.escaped = Some(escaped);
            content.body = Body::Text(Text::new());
            return;
        }
        said => said.text(),
    };
    content.body = if said.is_empty() {
        Body::Absent
    } else if !is_base64 {
        Body::Text(text::share(whole, said))
    } else {
        let decoded =
            decode_base64(&said).map(|bytes| (content.size == Some(bytes.len() as f64), body_of(bytes)));
        match decoded {
            Some((is_of_size, body)) if is_of_size || !is_word(&said) || matches!(body, Body::Text(_)) => {
                body
            }
            _ => {
                json.tell(at, "this body is called base64 and is not; it is shown as its text is");
                Body::Text(text::share(whole, said))
            }
        }
    };
}

/// The next value as the text of a body. JSON that is no string is a text by itself.
fn body_text<'a>(json: &mut Reader<'a>) -> Result<Option<JsonString<'a>>, Broken> {
    let at = json.next_at();
    Ok(match json.peek()? {
        Kind::String => Some(json.string()?),
        Kind::Null => json.skip().map(|_| None)?,
        Kind::Word => {
            json.tell(at, "`text` is a word that JSON does not have; it is left out");
            json.skip().map(|_| None)?
        }
        kind => {
            json.tell(
                at,
                format!("`text` is {}, not a string; the body is shown as it is here", kind.name()),
            );
            Some(JsonString::Plain(json.skip()?.into()))
        }
    })
}

/// The fields of a form, as `params` has them.
fn params<'a>(json: &mut Reader<'a>) -> Result<Option<Vec<Param<'a>>>, Broken> {
    let at = json.next_at();
    match json.peek()? {
        Kind::List => {}
        Kind::Null => return json.skip().map(|_| None),
        kind => {
            json.tell(at, format!("`params` is {}, not a list; it is left out", kind.name()));
            return json.skip().map(|_| None);
        }
    }
    let mut params = Vec::new();
    let mut progress = Progress::default();
    while json.next_element(&mut progress)? {
        let (at, before) = (json.next_at(), json.told.len());
        let names = ["name", "value", "fileName", "contentType"];
        let Some([name, value, file_name, content_type]) = texts_of(json, names, "field of a form")? else {
            continue;
        };
        match name {
            Some(name) => params.push(Param { name, value, file_name, content_type }),
            None if json.told.len() == before => {
                json.tell(at, "this field of a form has no name; it is left out");
            }
            None => {}
        }
    }
    Ok(Some(params))
}

/// The body that a form with these fields had.
fn form(json: &mut Reader<'_>, at: usize, mime_type: &str, params: &[Param<'_>]) -> String {
    let Some(("multipart/form-data", rest)) = mime_type.split_once(';').or(Some((mime_type, ""))) else {
        let pairs = params.iter().map(|param| {
            let value = param.value.as_deref().unwrap_or_default();
            format!("{}={}", form_encoded(&param.name, true), form_encoded(value, false))
        });
        return pairs.collect::<Vec<_>>().join("&");
    };
    let boundary = rest.split(';').find_map(|part| part.trim().strip_prefix("boundary="));
    let boundary = boundary.map_or("boundary", |boundary| boundary.trim_matches('"'));
    let mut body = String::new();
    for param in params {
        body.push_str(&format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"", param.name));
        if let Some(file) = &param.file_name {
            body.push_str(&format!("; filename=\"{file}\""));
        }
        if let Some(kind) = &param.content_type {
            body.push_str(&format!("\r\nContent-Type: {kind}"));
        }
        let value = param.value.as_deref().unwrap_or_default();
        if param.file_name.is_some() && value.is_empty() {
            json.tell(at, "the content of a file in this form is not in the HAR file");
        }
        body.push_str(&format!("\r\n\r\n{value}\r\n"));
    }
    body.push_str(&format!("--{boundary}--\r\n"));
    body
}

/// `text` without what would end a field of a form; what has been encoded already stays so.
fn form_encoded(text: &str, is_name: bool) -> Cow<'_, str> {
    let is_special = |c: char| matches!(c, '&' | '#' | ' ' | '\r' | '\n') || is_name && c == '=';
    if !text.contains(is_special) {
        return text.into();
    }
    let mut encoded = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            ' ' => encoded.push('+'),
            c if is_special(c) => encoded.push_str(&format!("%{:02X}", u32::from(c))),
            c => encoded.push(c),
        }
    }
    encoded.into()
}

/// What docgen itself writes of a body that is not text.
fn binary(json: &mut Reader<'_>) -> Result<Option<Binary>, Broken> {
    let at = json.next_at();
    if json.peek()? != Kind::Object {
        json.tell(at, "`_binary` is no object; it is left out");
        return json.skip().map(|_| None);
    }
    let mut binary = Binary::default();
    let mut progress = Progress::default();
    while let Some(key) = json.next_member(&mut progress)? {
        let at = json.next_at();
        match &*key.name {
            // A number of JSON has no more than 53 bits for everybody, and a length may have 64.
            "length" if json.peek()? == Kind::Number => {
                binary.length = json.skip()?.parse().ok();
                if binary.length.is_none() {
                    json.tell(at, "`length` is no length; it is left out");
                }
            }
            "sha256" => binary.sha256 = text(json, "sha256")?.map(|text| Text::from(text.into_owned())),
            "head" => {
                let head = text(json, "head")?.unwrap_or_default();
                binary.head = decode_base64(&head).unwrap_or_default();
                if binary.head.is_empty() && !head.is_empty() {
                    json.tell(at, "`head` is not base64; it is left out");
                }
            }
            _ => {
                json.skip()?;
            }
        }
    }
    Ok(Some(binary))
}

/// The body that these bytes are: text, where they are UTF-8 with nothing but text in it.
fn body_of(bytes: Vec<u8>) -> Body {
    let is_text = |byte: &u8| *byte >= b' ' && *byte != 0x7f || matches!(byte, b'\t' | b'\n' | b'\r' | 0x1b);
    if bytes.is_empty() {
        return Body::Absent;
    }
    let bytes = if bytes.iter().all(is_text) {
        match String::from_utf8(bytes) {
            Ok(text) => return Body::Text(Text::from(text)),
            Err(error) => error.into_bytes(),
        }
    } else {
        bytes
    };
    let sha256 =
        digest(&SHA256, &bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    Body::Binary(Binary {
        head: bytes[..bytes.len().min(HEAD)].to_vec(),
        length: Some(bytes.len() as u64),
        sha256: Some(Text::from(sha256)),
    })
}

/// Whether a text is a word that somebody put in the place of a body, `REDACTED` say: by its letters
/// it may be base64.
fn is_word(text: &str) -> bool {
    (6..24).contains(&text.len())
        && (text.bytes().all(|b| b.is_ascii_uppercase()) || text.bytes().all(|b| b.is_ascii_lowercase()))
}

fn decode_base64(text: &str) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(text).ok().or_else(|| {
        // MIME breaks its lines; URLs have letters of their own, and many leave the padding out.
        let letters: String = text
            .chars()
            .filter(|c| !c.is_ascii_whitespace() && *c != '=')
            .map(|c| match c {
                '-' => '+',
                '_' => '/',
                c => c,
            })
            .collect();
        let padding = "=".repeat(letters.len().next_multiple_of(4) - letters.len());
        BASE64_STANDARD.decode(letters + &padding).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_read_as_people_write_it() {
        for text in ["6rCACg==", "6rCA\r\nCg==", "6rCACg", "6rCA Cg=="] {
            assert_eq!(decode_base64(text).as_deref(), Some("가\n".as_bytes()), "{text}");
        }
        assert_eq!(decode_base64("_-8"), Some(vec![0xff, 0xef]));
        assert_eq!(decode_base64("REMOVED"), None);
        assert_eq!(decode_base64("[image/png redacted]"), None);
        assert_eq!(decode_base64("{\"b\": 2}"), None);
    }

    #[test]
    fn what_would_end_a_field_is_encoded() {
        assert_eq!(form_encoded("a b&c=d", false), "a+b%26c=d");
        assert_eq!(form_encoded("a=b", true), "a%3Db");
        assert_eq!(form_encoded("a%20b+c", false), "a%20b+c");
    }
}
