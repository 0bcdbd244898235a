//! Forms in parts (RFC 7578), which show themselves to be ones whatever their type is said to be.

use super::{Edit, Place, Scan, Setting};

/// Whether the text is a form in parts, whose parts were scanned by the names of their fields.
pub(super) fn scan(scan: &Scan<'_>, text: &str, at: usize, depth: usize, out: &mut Vec<Edit>) -> bool {
    let delimiter = text.lines().next().unwrap_or_default().trim_end();
    let has_fields = || {
        let head = &text[..text.floor_char_boundary(text.len().min(4096))];
        head.to_ascii_lowercase().contains("content-disposition:")
    };
    if !delimiter.starts_with("--") || delimiter.len() < 3 || delimiter.contains(' ') || !has_fields() {
        return false;
    }
    let finder = memchr::memmem::Finder::new(delimiter);
    let bytes = text.as_bytes();
    let is_line = |at: usize| at == 0 || bytes[at - 1] == b'\n';
    let starts: Vec<usize> = finder.find_iter(bytes).filter(|&at| is_line(at)).chain([text.len()]).collect();
    for ends in starts.windows(2) {
        let start = ends[0] + delimiter.len();
        part(scan, &text[start..ends[1]], at + start, depth, out);
    }
    true
}

fn part(scan: &Scan<'_>, part: &str, at: usize, depth: usize, out: &mut Vec<Edit>) {
    let blank = ["\r\n\r\n", "\n\n"].into_iter().find_map(|blank| Some((part.find(blank)?, blank.len())));
    let Some((head_end, blank)) = blank else { return };
    let (head, value) = part.split_at(head_end + blank);
    let value = value.strip_suffix('\n').map_or(value, |value| value.strip_suffix('\r').unwrap_or(value));
    let start = at + head.len();
    let field = |wanted: &str| {
        head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.trim().eq_ignore_ascii_case(wanted).then(|| value.trim())
        })
    };
    let name = field("content-disposition").and_then(|value| parameter(value, "name")).unwrap_or_default();
    if let Some(said) = scan.judge(&name, Place::Field) {
        scan.secret(out, start..start + value.len(), said, &name, value, str::to_owned);
        return;
    }
    if depth > 0 {
        let media = field("content-type").map(|value| value.split(';').next().unwrap_or_default().trim());
        let media = media.unwrap_or_default().to_ascii_lowercase();
        scan.structure(value, start, &media, Setting::Whole, depth - 1, out);
    }
}

/// The parameter of this name of a header field, without its quotes.
fn parameter(value: &str, name: &str) -> Option<String> {
    value.split(';').skip(1).find_map(|part| {
        let (key, value) = part.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
    })
}
