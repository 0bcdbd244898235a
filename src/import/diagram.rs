//! The lines of a mermaid sequence diagram, as somebody wrote them.
//!
//! Only what a page says with numbers matters: each message counts one, everything else has to
//! stay where it is. What this leaves out: whether mermaid would draw it.

/// A diagram's statement.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Statement<'a> {
    /// `A->>B: text`.
    Message(Arrow<'a>),
    /// `participant id as label`.
    Participant { id: &'a str, label: Option<&'a str> },
    /// `Note right of A: text`.
    Note { position: &'a str, text: &'a str },
    /// The beginning of a box: its keyword and what follows.
    Begin { keyword: &'a str, title: &'a str },
    /// `end`.
    End,
    /// `autonumber`, and what follows.
    Autonumber(Numbering),
    /// A comment, a setting, a blank line, or what is not understood.
    Other,
}

/// What `autonumber` says of the messages after it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Numbering {
    /// They have numbers, from `start` on and `step` apart, where it says so.
    On { start: Option<u32>, step: Option<u32> },
    /// Their numbers are not shown.
    Off,
}

/// A message of a diagram.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Arrow<'a> {
    /// The blanks before it.
    pub(super) indent: &'a str,
    pub(super) from: &'a str,
    /// Everything between the two ids, blanks and a sign of activation included.
    pub(super) arrow: &'a str,
    pub(super) to: &'a str,
    /// The colon with the blanks around it.
    pub(super) colon: &'a str,
    /// What is said, without blanks at its end.
    pub(super) text: &'a str,
    /// The blanks at the line's end.
    pub(super) end: &'a str,
}

impl Arrow<'_> {
    /// Whether its line is dotted, as a response's usually is.
    pub(super) fn is_dotted(&self) -> bool {
        self.arrow.contains("--")
    }
}

/// Mermaid's arrows, the longest first where one begins another.
const ARROWS: [&str; 10] = ["<<-->>", "<<->>", "-->>", "->>", "-->", "--x", "--)", "->", "-x", "-)"];

/// Words that begin a box.
const BOXES: [&str; 8] = ["opt", "loop", "rect", "alt", "par", "critical", "break", "box"];

/// Reads one line of a diagram.
pub(super) fn statement(line: &str) -> Statement<'_> {
    let text = line.trim();
    if text.is_empty() || text.starts_with("%%") {
        return Statement::Other;
    }
    let (word, rest) =
        text.split_once(char::is_whitespace).map_or((text, ""), |(word, rest)| (word, rest.trim()));
    match word.to_ascii_lowercase().as_str() {
        "participant" | "actor" if !rest.is_empty() => {
            let (id, label) = match rest.split_once(" as ") {
                Some((id, label)) => (id.trim(), Some(label.trim())),
                None => (rest, None),
            };
            return Statement::Participant { id, label };
        }
        "note" => {
            if let Some((position, text)) = rest.split_once(':') {
                return Statement::Note { position: position.trim(), text: text.trim() };
            }
            return Statement::Other;
        }
        "end" if rest.is_empty() => return Statement::End,
        "autonumber" => {
            let mut given = rest.split_whitespace().map_while(|word| word.parse().ok());
            return Statement::Autonumber(match rest.eq_ignore_ascii_case("off") {
                true => Numbering::Off,
                false => Numbering::On { start: given.next(), step: given.next() },
            });
        }
        "sequencediagram" | "activate" | "deactivate" | "else" | "and" | "option" | "title" | "link"
        | "links" | "create" | "destroy" => return Statement::Other,
        _ => {}
    }
    // A box's word may be a participant's id too: then an arrow follows.
    match message(line) {
        Some(arrow) => Statement::Message(arrow),
        None => match BOXES.iter().find(|keyword| word.eq_ignore_ascii_case(keyword)) {
            Some(keyword) => Statement::Begin { keyword, title: rest },
            None => Statement::Other,
        },
    }
}

fn message(line: &str) -> Option<Arrow<'_>> {
    let colon = line.find(':')?;
    let head = &line[..colon];
    let indent = &line[..line.len() - line.trim_start().len()];
    let body = head.get(indent.len()..)?;
    // The first place where any arrow begins; the ids in the seeds hold single dashes.
    let (at, arrow) = (1..body.len())
        .filter(|&at| body.is_char_boundary(at))
        .find_map(|at| ARROWS.iter().find(|arrow| body[at..].starts_with(**arrow)).map(|arrow| (at, *arrow)))
        .filter(|(_, arrow)| !arrow.ends_with('x') || body.matches("->").count() == 0)
        .or_else(|| {
            ["-->>", "->>", "-->", "->"].iter().find_map(|arrow| body.find(arrow).map(|at| (at, *arrow)))
        })?;
    let from = body[..at].trim_end();
    let after = &body[at + arrow.len()..];
    let to = after.trim_start_matches([' ', '\t', '+', '-']);
    let to_start = body.len() - to.len();
    let to = to.trim_end();
    if from.is_empty() || to.is_empty() || from.contains(char::is_control) {
        return None;
    }
    let behind = &line[colon + 1..];
    let text = behind.trim();
    let before = behind.len() - behind.trim_start().len();
    let to_end = indent.len() + to_start + to.len();
    let text_start = if text.is_empty() { colon + 1 } else { colon + 1 + before };
    Some(Arrow {
        indent,
        from,
        arrow: &body[from.len()..to_start],
        to,
        colon: &line[to_end..text_start],
        text,
        end: &line[text_start + text.len()..],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parts(line: &str) -> Option<(&str, &str, &str, &str)> {
        match statement(line) {
            Statement::Message(arrow) => Some((arrow.from, arrow.arrow, arrow.to, arrow.text)),
            _ => None,
        }
    }

    #[test]
    fn messages_of_every_kind_are_read() {
        assert_eq!(parts("  client->>keystone: GET /a"), Some(("client", "->>", "keystone", "GET /a")));
        assert_eq!(parts("a-->>b:Response: 200 OK "), Some(("a", "-->>", "b", "Response: 200 OK")));
        assert_eq!(parts("glance-api->b: x"), Some(("glance-api", "->", "b", "x")));
        assert_eq!(parts("nova-x->>b: x"), Some(("nova-x", "->>", "b", "x")));
        assert_eq!(parts("a -->>- b : x"), Some(("a", " -->>- ", "b", "x")));
        assert_eq!(parts("opt->>b: x"), Some(("opt", "->>", "b", "x")));
        assert_eq!(parts("a-xb: x"), Some(("a", "-x", "b", "x")));
        assert_eq!(parts("나->>너: 안녕"), Some(("나", "->>", "너", "안녕")));
        assert_eq!(parts("%% a->>b: x"), None);
    }

    #[test]
    fn other_statements_are_told_apart() {
        assert_eq!(
            statement(" participant c as openstack-client"),
            Statement::Participant { id: "c", label: Some("openstack-client") }
        );
        assert_eq!(statement("Note over a,b: x: y"), Statement::Note { position: "over a,b", text: "x: y" });
        assert_eq!(statement("  opt once"), Statement::Begin { keyword: "opt", title: "once" });
        assert_eq!(statement("end"), Statement::End);
        assert_eq!(statement("activate a"), Statement::Other);
        let on = |start, step| Statement::Autonumber(Numbering::On { start, step });
        assert_eq!(statement("  autonumber"), on(None, None));
        assert_eq!(statement("autonumber 10 5"), on(Some(10), Some(5)));
        assert_eq!(statement("autonumber off"), Statement::Autonumber(Numbering::Off));
    }

    proptest! {
        #[test]
        fn an_arrow_is_its_line(line in "[ ]{0,2}[a-z가-]{1,4}[ ]?(->>|-->>|->|-->|-x|--\\))[+-]?[a-z]{1,3}[ ]?:[ ]?[a-z:]{0,4}[ ]{0,2}") {
            if let Statement::Message(a) = statement(&line) {
                let whole = [a.indent, a.from, a.arrow, a.to, a.colon, a.text, a.end].concat();
                prop_assert_eq!(whole, line);
            }
        }
    }
}
