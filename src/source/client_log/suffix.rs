//! What comes after a message: the place in the program, which oslo.log adds to each debug line
//! (`logging_debug_format_suffix`), and devstack in a form of its own.

/// Whether the messages of a log have such places: its requests tell, which end in none of their own.
pub(super) fn is_on(message: &str) -> bool {
    let is_request = ["REQ: curl ", "curl ", "Making authentication request to "]
        .iter()
        .any(|word| message.starts_with(word));
    is_request && strip(message).len() < message.trim_ascii_end().len()
}

/// `message` without ` FUNCTION /PATH.py:LINE`, ` from (pid=N) FUNCTION /PATH.py:LINE` or
/// ` {{(pid=N) FUNCTION /PATH.py:LINE}}` at its end.
pub(super) fn strip(message: &str) -> &str {
    let trimmed = message.trim_ascii_end();
    let (inner, is_braced) = match trimmed.strip_suffix("}}") {
        Some(inner) => (inner, true),
        None => (trimmed, false),
    };
    let Some(before) = place(inner) else { return message };
    let before = match before.rfind("(pid=") {
        Some(at) if before[at..].strip_prefix("(pid=").is_some_and(is_process) => &before[..at],
        _ => before,
    };
    let before = if is_braced {
        let Some(before) = before.trim_ascii_end().strip_suffix("{{") else { return message };
        before
    } else {
        before.strip_suffix("from ").unwrap_or(before)
    };
    let before = before.strip_suffix(' ').unwrap_or(before);
    before.strip_suffix('\n').unwrap_or(before)
}

/// Whether `rest` is the number of a process, its bracket and white space.
fn is_process(rest: &str) -> bool {
    rest.trim_ascii_end().strip_suffix(')').is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit()))
}

/// What comes before `FUNCTION /PATH.py:LINE`, if `text` ends so.
fn place(text: &str) -> Option<&str> {
    let (before, place) = text.rsplit_once(' ')?;
    let (path, line) = place.rsplit_once(':')?;
    let is_path = path.contains('/') && (path.ends_with(".py") || path.ends_with(".pyc"));
    if !is_path || line.is_empty() || !line.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '<' | '>' | '.');
    let start = before.trim_end_matches(name);
    (start.len() < before.len() && (start.is_empty() || start.ends_with([' ', '\n']))).then_some(start)
}

#[cfg(test)]
mod tests {
    use super::strip;

    #[test]
    fn the_place_in_the_program_is_no_part_of_the_message() {
        for suffix in [
            " _http_log_request /usr/lib/python3/dist-packages/keystoneauth1/session.py:519",
            " {{(pid=27857) _http_log_request /usr/local/keystoneauth1/session.py:519}}",
            " from (pid=2386) _http_log_request /opt/stack/session.py:1",
            "\n _http_log_response /usr/lib/python2.7/keystoneclient/session.pyc:550",
            " <lambda> /a/b.py:1\n",
        ] {
            assert_eq!(strip(&format!("RESP BODY: {{}}{suffix}")), "RESP BODY: {}", "{suffix}");
        }
        for message in ["RESP: [200]", "see /a/b.txt:1", "{{(x)}}", "a {{b /c.txt:1}}", "f b.py:1"] {
            assert_eq!(strip(message), message);
        }
    }
}
