//! What comes before a message in a line of a log.
//!
//! Python's `logging` lets everybody choose: a time, a level, a logger's name, a process, the ids
//! of a request (oslo.log), in any order; syslog and journald put a host and a unit before that.
//! So this reads pieces of known kinds from the start of a line as long as there are any, and
//! tells who speaks: the lane, which keeps the calls of requests, processes and threads apart.
//! What this leaves out: where the message of a formatter with other words of its own begins
//! (`record.rs` looks for the beginning of a message that it knows).

/// The longest prefix: oslo.log's has up to 273 characters, and others come before it.
pub(super) const LONGEST: usize = 1024;

/// Who wrote a line, as far as its prefix says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Lane<'a> {
    /// The ids of the request that the process works on, `req-… req-…`.
    requests: &'a str,
    /// The process: its number, or its name and number.
    process: &'a str,
    thread: &'a str,
}

impl<'a> Lane<'a> {
    /// The lane that the words of a prefix name.
    pub(super) fn of(prefix: &'a str) -> Lane<'a> {
        const AROUND: [char; 6] = ['[', ']', '(', ')', ':', ','];
        let mut lane = Lane::default();
        let mut requests: Option<std::ops::Range<usize>> = None;
        let mut at = 0;
        for word in prefix.split([' ', '\t', '|']) {
            let start = at + word.len() - word.trim_start_matches(AROUND).len();
            at += word.len() + 1;
            let bare = word.trim_matches(AROUND);
            let is_number = !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit());
            if bare.starts_with("req-") {
                let first = requests.map_or(start, |requests| requests.start);
                requests = Some(first..start + bare.len());
            } else if bare.contains("Thread") {
                lane.thread = bare;
            } else if is_unit(word) || bare.starts_with("pid=") || is_number {
                // Further numbers are a line's, or a project's.
                if lane.process.is_empty() && requests.is_none() {
                    lane.process = bare;
                }
            }
        }
        lane.requests = requests.map_or("", |requests| &prefix[requests]);
        lane
    }

    /// Whether the lines of this lane are those of one thread, which does one call after the other.
    pub(super) fn is_thread(&self) -> bool {
        !self.thread.is_empty()
    }
}

/// Whether a word is `name[123]:`, as syslog writes a process.
fn is_unit(word: &str) -> bool {
    let number = word.strip_suffix("]:").and_then(|word| word.split_once('['));
    number.is_some_and(|(name, number)| {
        !name.is_empty() && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

/// What a line begins with.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Prefix<'a> {
    /// How long the part is that syslog or journald puts before each line of a message.
    pub(super) outer: usize,
    /// How long the whole is.
    pub(super) length: usize,
    /// The logger's name.
    pub(super) logger: &'a str,
    /// The kind of its first piece, after that part, that only a log has.
    pub(super) kind: Option<Kind>,
}

/// The kinds of pieces of which only logs have any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Time,
    Level,
    /// A level in small letters: a field of a body may be named so, too.
    SmallLevel,
    Logger,
}

impl<'a> Prefix<'a> {
    /// The longest prefix of known pieces that `line` begins with.
    pub(super) fn parse(line: &'a str) -> Prefix<'a> {
        let line = &line[..line.floor_char_boundary(LONGEST)];
        let outer = unit(line);
        let mut prefix = Prefix { outer, length: outer, logger: "", kind: None };
        loop {
            let rest = &line[prefix.length..];
            let space = rest.len() - rest.trim_start_matches([' ', '\t']).len();
            let Some((length, kind)) = piece(&rest[space..], prefix.logger) else { break };
            let piece = &rest[space..space + length];
            if kind == Some(Kind::Logger) && prefix.logger.is_empty() {
                prefix.logger = piece.trim_matches(['[', ']', '(', ')', ':']);
            }
            prefix.kind = prefix.kind.or(kind);
            prefix.length += space + length;
            prefix.length += separator(&line[prefix.length..]);
        }
        // One space parts it from the message; more of them would be the message's own.
        prefix.length += usize::from(line[prefix.length..].starts_with(' ') && prefix.length > outer);
        prefix
    }

    /// Whether `words`, which come before the beginning of a known message, can be a prefix that
    /// has words of its own.
    pub(super) fn may_be(words: &str) -> bool {
        if words.trim_ascii().is_empty() {
            return true;
        }
        let is_plain = words.len() <= LONGEST
            && words.ends_with([' ', ':', ']', '|', '\t', '-', '>', ')', '='])
            && !words.contains(['{', '"', '\'', '}']);
        let names_one = |word: &str| {
            let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
            is_level(bare) || is_known_logger(bare) || time(bare) > 0
        };
        // A time has colons itself.
        is_plain
            && (words.split([' ', '\t', ':', '|', '[', ']']).any(names_one)
                || words.split([' ', '\t', '|', '[', ']']).any(|word| time(word) > 0))
    }
}

/// The length of `TIME HOST NAME[123]: ` as syslog and journald write it, `<PRI>1 TIME HOST NAME
/// PID ID - ` of RFC 5424 included.
pub(super) fn unit(line: &str) -> usize {
    let start = match line.strip_prefix('<').and_then(|rest| rest.split_once('>')) {
        Some((number, rest)) if number.len() <= 3 && number.parse::<u16>().is_ok() => {
            line.len() - rest.strip_prefix("1 ").unwrap_or(rest).len()
        }
        _ => 0,
    };
    let after_time = start + time(&line[start..]);
    if after_time == start {
        return 0;
    }
    let word = |at: usize| {
        let rest = &line[at..];
        let word = rest.strip_prefix(' ')?.split(' ').next()?;
        let is_word = |c: char| c.is_ascii_alphanumeric() || ".-_/@()[]:".contains(c);
        (!word.is_empty() && word.chars().all(is_word)).then_some((word, at + 1 + word.len()))
    };
    let Some((host, after_host)) = word(after_time) else { return 0 };
    let Some((name, after_name)) = word(after_host) else { return 0 };
    if line[..start].ends_with("1 ") {
        // PROCID and MSGID, then structured data or a dash.
        let Some((_, after)) = word(after_name).and_then(|(_, after)| word(after)) else { return 0 };
        let rest = &line[after..];
        let data = match rest.strip_prefix(" [") {
            Some(data) => data.find("] ").map(|end| 2 + end + 1),
            None => rest.starts_with(" -").then_some(2),
        };
        return data.map_or(0, |data| after + data + usize::from(line[after + data..].starts_with(' ')));
    }
    let is_bare = name.ends_with(':')
        && !is_level(name.trim_end_matches(':'))
        && line.as_bytes()[start].is_ascii_alphabetic();
    let is_one = !host.ends_with(':') && (is_unit(name) || is_bare);
    if is_one { after_name + usize::from(line[after_name..].starts_with(' ')) } else { 0 }
}

/// The length of the colon, dash or bar after a piece, with the white space before it.
fn separator(rest: &str) -> usize {
    let space = rest.len() - rest.trim_start_matches([' ', '\t']).len();
    let after = &rest[space..];
    if after.starts_with(':') && !after.starts_with("://") && space == 0
        || after.starts_with('|')
        || after.starts_with(',')
    {
        return space + 1;
    }
    if after.starts_with("- ") { space + 1 } else { 0 }
}

/// The length of the piece that `text` begins with, and its kind if only a log has such.
fn piece(text: &str, logger: &str) -> Option<(usize, Option<Kind>)> {
    // What that logger writes may begin with anything.
    let is_body = logger.ends_with(".body");
    let length = time(text);
    if length > 0 && !is_body {
        return Some((length, Some(Kind::Time)));
    }
    let first = text.chars().next()?;
    if matches!(first, '[' | '(') {
        let close = if first == '[' { ']' } else { ')' };
        let end = text.find(close)?;
        let inner = &text[1..end];
        let is_plain = !inner.is_empty() && !inner.contains(['{', '"', '\'', '}', '\n', '<']);
        // The body's logger writes lists of JSON, and the response's a status.
        let is_context = ["req-", "None", "-", "instance: "].iter().any(|word| inner.starts_with(word));
        if !is_plain || is_body && !is_context || is_status(&text[..end + 1], &text[end + 1..]) {
            return None;
        }
        let kind = if time(inner) > 0 {
            Some(Kind::Time)
        } else if let Some(level) = level(inner.trim_ascii()) {
            Some(level)
        } else if is_known_logger(inner) {
            Some(Kind::Logger)
        } else {
            None
        };
        return Some((end + 1, kind));
    }
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-');
    let word = &text[..text.find(|c| !is_part(c)).unwrap_or(text.len())];
    let after = &text[word.len()..];
    if word.is_empty() || after.starts_with("://") {
        return None;
    }
    if let Some(level) = level(word) {
        return Some((word.len(), Some(level)));
    }
    if is_body {
        return None;
    }
    let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
    if is_number && (after.starts_with([' ', ':', '|']) || after.is_empty()) && word.len() < 12 {
        return Some((word.len(), None));
    }
    if let Some(line) = after.strip_prefix(':').filter(|_| word.ends_with(".py")) {
        let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        return Some((word.len() + 1 + digits, None));
    }
    if is_known_logger(word) {
        return Some((word.len(), Some(Kind::Logger)));
    }
    let is_dotted = word.contains('.')
        && !word.ends_with('.')
        && word.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let is_thread = word.contains("Thread");
    (is_dotted || is_thread || word == "None" || word == "root").then_some((word.len(), None))
}

/// Whether `group` is a status in brackets and not a process: fields come after it, or nothing.
fn is_status(group: &str, after: &str) -> bool {
    let digits = &group[1..group.len() - 1];
    if digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let next = after.trim_start_matches(' ').split(' ').next().unwrap_or_default();
    next.is_empty()
        || next.ends_with(':')
            && !is_level(next.trim_end_matches(':'))
            && !is_known_logger(next.trim_end_matches(':'))
}

fn is_level(word: &str) -> bool {
    level(word).is_some()
}

/// The kind of level that a word is.
fn level(word: &str) -> Option<Kind> {
    const LEVELS: [&str; 10] =
        ["DEBUG", "INFO", "WARNING", "WARN", "ERROR", "CRITICAL", "TRACE", "AUDIT", "NOTICE", "NOTSET"];
    let level = word.rsplit_once('=').map_or(word, |(_, level)| level);
    let known = LEVELS.iter().find(|known| known.eq_ignore_ascii_case(level))?;
    Some(if *known == level { Kind::Level } else { Kind::SmallLevel })
}

/// Whether a logger is one of the clients that docgen reads, or of a library that one uses.
fn is_known_logger(word: &str) -> bool {
    const ROOTS: [&str; 24] = [
        "keystoneauth",
        "keystoneauth1",
        "keystoneclient",
        "keystonemiddleware",
        "keystone",
        "urllib3",
        "requests",
        "swiftclient",
        "novaclient",
        "glanceclient",
        "cinderclient",
        "neutronclient",
        "heatclient",
        "ironicclient",
        "magnumclient",
        "manilaclient",
        "troveclient",
        "designateclient",
        "ceilometerclient",
        "saharaclient",
        "openstackclient",
        "openstack",
        "osc_lib",
        "cliff",
    ];
    let root = word.split(['.', ':']).next().unwrap_or_default();
    ROOTS.contains(&root)
}

/// The length of the moment that `text` begins with; 0 where it begins with none.
pub(super) fn time(text: &str) -> usize {
    let bytes = text.as_bytes();
    // A nine stands for any digit, and each other character for itself.
    let matches = |at: usize, form: &str| {
        let found = bytes.get(at..at + form.len());
        found.is_some_and(|found| {
            found.iter().zip(form.bytes()).all(|(&byte, form)| match form {
                b'9' => byte.is_ascii_digit(),
                b'A' => byte.is_ascii_alphabetic(),
                b'_' => byte == b' ' || byte.is_ascii_digit(),
                b'T' => byte == b'T' || byte == b' ',
                form => byte == form,
            })
        })
    };
    let forms = [
        "9999-99-99T99:99:99",
        "9999/99/99T99:99:99",
        "AAA _9 99:99:99",
        "99/AAA/9999:99:99:99",
        "99/AAA/9999 99:99:99",
        "99 AAA 9999 99:99:99",
        "AAA AAA _9 99:99:99 9999",
        "99/99/9999 99:99:99",
        "99:99:99",
        "9999-99-99",
    ];
    let Some(form) = forms.into_iter().find(|form| matches(0, form)) else {
        // Seconds since 1970.
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let is_epoch = digits == 10 && bytes.get(10) == Some(&b'.');
        let fraction = text
            .get(11..)
            .map_or(0, |rest| rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len());
        return if is_epoch && fraction > 0 { 11 + fraction } else { 0 };
    };
    let mut end = form.len();
    if let Some(fraction) = text[end..].strip_prefix(['.', ',']) {
        let digits = fraction.len() - fraction.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        end += if digits > 0 { 1 + digits } else { 0 };
    }
    for zone in ["Z", "+99:99", "-99:99", "+9999", "-9999", " +9999", " -9999", " UTC", " Z"] {
        if matches(end, zone) {
            return end + zone.len();
        }
    }
    end
}
