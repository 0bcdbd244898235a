//! Secrets that stand in clear in a text, for `docgen check`.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::{is_redacted, names};

/// A secret in clear. It says where, and never what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The bytes of the text that are the secret.
    pub span: Range<usize>,
    /// What it is: `token`, `password or secret`, `private key`, `password in a URL`.
    pub kind: &'static str,
}

struct Patterns {
    tokens: Regex,
    private_keys: Regex,
    urls: Regex,
    /// A name and a value: of a JSON member (also in a JSON string), a query, a variable, a row of a table,
    /// an option, a part of a form.
    keys: [Regex; 6],
    /// A name and a value: of a header line, a header in quotes, a header in a HAR.
    headers: [Regex; 3],
}

static PATTERNS: LazyLock<Patterns> = LazyLock::new(|| {
    let regex = |pattern| Regex::new(pattern).expect("the pattern is right");
    Patterns {
        tokens: regex(
            r"gAAAAA[A-Za-z0-9_-]{50,}|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{8,}",
        ),
        private_keys: regex(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----[\s\\nr]*[A-Za-z0-9+/=]{16}"),
        urls: regex(r#"\b[a-z][a-z0-9+.-]*://[^/\s:@"'?#]+:([^/\s@"'?#]+)@"#),
        keys: [
            regex(r#"\\*["']([\w.-]+)\\*["'][ \t]*:[ \t\r\n]*\\*["']([^"'\\\n]+)"#),
            regex(r#"[?&]([\w.-]+)=([^&\s"'<>)\\`]+)"#),
            regex(r#"(?m)\b([A-Z][A-Z0-9_]*)=["']?([^\s"'\\`]+)"#),
            regex(r"(?m)^[ \t]*\|[ \t]*([\w.-]+)[ \t]*\|[ \t]*([^\s|]+)[ \t]*\|"),
            regex(r#"(?:^|[\s"'(])--([a-z][a-z0-9-]*)(?:=|[ \t]+)["']?([^\s"'\\`-][^\s"'\\`]*)"#),
            // The head of a part ends with an empty line, which JSON writes as escapes.
            regex(
                r#"(?is)form-data;[^\r\n]{0,200}?\bname=\\*"([\w.-]+)\\*".{0,400}?(?:\\r\\n\\r\\n|\\n\\n|\r?\n[ \t]*\r?\n)[ \t]*([^\r\n\\]*)"#,
            ),
        ],
        headers: [
            regex(r#"(?m)^[ \t>]*(?:[<>] )?([A-Za-z][A-Za-z0-9-]*):[ \t]+([^\r\n]+)"#),
            regex(r#"["'`]([A-Za-z][A-Za-z0-9-]*):[ \t]*([^"'`\r\n]+)["'`]"#),
            regex(r#""name":[ \t\r\n]*"([A-Za-z][A-Za-z0-9-]*)",[ \t\r\n]*"value":[ \t\r\n]*"([^"]+)"#),
        ],
    }
});

/// The secrets that stand in clear in a page, a trace or the output of a command, in order.
///
/// What was redacted, and what only stands for a value (`{password}`, `$OS_PASSWORD`, `<secret>`),
/// is none.
pub fn find_secrets(text: &str) -> Vec<Finding> {
    let patterns = &*PATTERNS;
    let mut findings = Vec::new();
    let mut add = |span: Range<usize>, kind| findings.push(Finding { span, kind });
    for found in patterns.private_keys.find_iter(text) {
        add(found.range(), "private key");
    }
    for found in patterns.tokens.find_iter(text) {
        add(found.range(), "token");
    }
    for found in patterns.urls.captures_iter(text) {
        if let Some(password) = found.get(1).filter(|value| is_real(value.as_str())) {
            add(password.range(), "password in a URL");
        }
    }
    type Named = fn(&str) -> Option<super::Class>;
    let named = patterns.keys.iter().map(|pattern| (pattern, names::key as Named));
    for (pattern, class) in
        named.chain(patterns.headers.iter().map(|pattern| (pattern, names::header as Named)))
    {
        for found in pattern.captures_iter(text) {
            let (Some(name), Some(value)) = (found.get(1), found.get(2)) else { continue };
            let Some(class) = class(name.as_str()) else { continue };
            if is_real(value.as_str()) {
                add(value.range(), if class == super::Class::Token { "token" } else { "password or secret" });
            }
        }
    }
    findings.sort_by_key(|finding| (finding.span.start, std::cmp::Reverse(finding.span.end)));
    let mut end = 0;
    findings.retain(|finding| {
        let new = finding.span.start >= end;
        end = end.max(finding.span.end);
        new
    });
    findings
}

/// Whether a value is one, and not what stands for it.
fn is_real(value: &str) -> bool {
    let value = value.trim();
    let stands_for_one = value.starts_with(['{', '<', '$', '%', '['])
        || value.contains("...")
        || value.contains('…')
        || value.contains("***")
        || matches!(
            value.to_ascii_lowercase().as_str(),
            "string" | "null" | "none" | "true" | "false" | "password" | "token" | "secret"
        )
        || value.chars().all(|c| matches!(c, 'x' | 'X' | '*' | '.' | '-' | '_'));
    !value.is_empty() && !is_redacted(value) && !stands_for_one
}
