//! `docgen diff`

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::ui::Ui;
use super::{NEEDS_A_PERSON, Trust, status};
use crate::diff::change::Place;
use crate::diff::facts::{Fact, facts};
use crate::diff::{Change, Side, Value, What};
use crate::error::{Error, ErrorKind, Result, counted, escape_control};
use crate::site::diff::{Compared, Old, Options, Report, Spoken, There, diff};

/// Say what a new recording does otherwise than an old one
#[derive(Debug, Args)]
#[command(after_help = "\
Times, ids and tokens that are made anew in every run are set aside by what they are; a `[volatile]`
table in docgen.toml or capture.toml adds to that, or takes away. Of two folders, recordings of the
same path are compared: captures, and HAR or log files with what was printed in NAME.out beside them.
OLD and NEW may be in different formats.

Examples:
  docgen diff before/ captures/
  docgen diff old.har new.har                     two files of anybody
  docgen diff --git HEAD captures                 what was recorded since the last commit
  docgen diff --git main --format markdown captures > changes.md
  docgen diff --git HEAD --format json captures   one object a line and change

Exit status: 0 the same; 1 different, or not readable; 2 wrong usage.")]
pub(super) struct Diff {
    /// OLD and NEW: captures, folders of captures, HAR or log files; with --git only the new one
    /// [default with --git: captures]
    #[arg(value_name = "OLD NEW", num_args = 0..=2)]
    paths: Vec<PathBuf>,
    /// Compare with what this commit has at the same path; runs git
    #[arg(long, value_name = "REV")]
    git: Option<String>,
    /// How to say it
    #[arg(long, value_enum, default_value = "human", value_name = "FORMAT")]
    format: Format,
    #[command(flatten)]
    trust: Trust,
}

/// How differences are said.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(super) enum Format {
    /// For a person, each fact once
    Human,
    /// A JSON object a line and change
    Json,
    /// A table for a comment of a pull request
    Markdown,
    /// Annotations of GitHub's, a line a fact
    Github,
}

impl Diff {
    pub(super) fn run(self, ui: &Ui) -> Result<u8> {
        let usage = |message: &str| Err(Error::new(ErrorKind::Usage, message));
        let (old, new) = match (self.git, &self.paths[..]) {
            (None, [old, new]) => (Old::Path(old.clone()), new.clone()),
            (None, _) => return usage("`docgen diff` compares two: OLD NEW, or --git REV with one PATH"),
            (Some(rev), []) => (Old::Commit(rev), default_path()),
            (Some(rev), [path]) => (Old::Commit(rev), path.clone()),
            (Some(_), _) => return usage("with --git there is one PATH: the old one is the commit's"),
        };
        let report = diff(&Options { old, new, jobs: jobs(), trusted: self.trust.folders })?;
        Ok(show(&report, self.format, ui))
    }
}

/// Shows what was found; gives the exit status.
pub(super) fn show(report: &Report, format: Format, ui: &Ui) -> u8 {
    ui.errors(&report.diagnostics);
    let shown = Shown::of(&report.captures);
    match format {
        Format::Human => {
            for line in shown.lines() {
                ui.styled_data(&line);
            }
            for line in shown.prose() {
                ui.styled_data(&line);
            }
            ui.say(format_args!("{}", shown.summary()));
        }
        Format::Json => {
            for capture in &report.captures {
                for (change, prose) in capture.changes.iter().zip(&capture.prose) {
                    ui.data(&as_json(&capture.name, change, prose));
                }
            }
        }
        Format::Markdown => ui.data(&shown.markdown()),
        Format::Github => shown.github().iter().for_each(|line| ui.data(line)),
    }
    let is_different = report.captures.iter().any(|capture| !capture.is_same());
    if is_different { NEEDS_A_PERSON } else { status(&report.diagnostics) }
}

/// How many threads compare.
pub(super) fn jobs() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn default_path() -> PathBuf {
    let captures = Path::new("captures");
    if captures.is_dir() { captures } else { Path::new(".") }.to_owned()
}

/// A change as a JSON object on a line, its members in the order in which a person reads them.
fn as_json(capture: &str, change: &Change, prose: &[Spoken]) -> String {
    let text = |text: &str| Some(serde_json::Value::from(text).to_string());
    let number = |place: Option<Place>| place.map(|place| place.number.to_string());
    let exchange = change.exchange.as_ref().map(|exchange| {
        object(&[
            ("old", number(exchange.old)),
            ("new", number(exchange.new)),
            ("name", text(&exchange.name)),
        ])
    });
    let line = |spoken: &Spoken| {
        object(&[("file", text(&spoken.file.to_string_lossy())), ("line", Some(spoken.line.to_string()))])
    };
    let members = [
        ("capture", text(capture)),
        ("change", text(change.what.name())),
        ("side", change.side.and_then(|side| text(side.name()))),
        ("exchange", exchange),
        ("at", change.at.as_deref().and_then(text)),
        ("old", change.old.as_ref().map(Value::to_json)),
        ("new", change.new.as_ref().map(Value::to_json)),
        ("fingerprint", text(&change.fingerprint)),
        (
            "prose",
            (!prose.is_empty())
                .then(|| format!("[{}]", prose.iter().map(line).collect::<Vec<_>>().join(","))),
        ),
    ];
    object(&members) + "\n"
}

/// A JSON object of the members that there are.
fn object(members: &[(&str, Option<String>)]) -> String {
    let there = members.iter().filter_map(|(key, value)| Some(format!("\"{key}\":{}", value.as_ref()?)));
    format!("{{{}}}", there.collect::<Vec<_>>().join(","))
}

/// How many captures are named before they are only counted.
const NAMED: usize = 3;

/// How many steps of a capture are named.
const STEPS: usize = 4;

/// How many annotations of a kind GitHub shows of a step.
const ANNOTATIONS: usize = 10;

/// How many characters of a value a terminal shows.
const VALUE: usize = 48;

/// What a person is shown.
struct Shown<'r> {
    captures: &'r [Compared],
    /// Of captures that both have.
    facts: Vec<Fact<'r>>,
}

impl<'r> Shown<'r> {
    fn of(captures: &'r [Compared]) -> Shown<'r> {
        let changes = captures.iter().map(|capture| match capture.there {
            There::Both => &capture.changes[..],
            There::OnlyOld | There::OnlyNew => &[],
        });
        Shown { captures, facts: facts(changes) }
    }

    /// Captures that only one of the two has, with what to say of them.
    fn alone(&self) -> impl Iterator<Item = (&'r Compared, String)> {
        let said = |capture: &'r Compared| {
            let (what, count) = match capture.there {
                There::Both => return None,
                There::OnlyOld => ("removed", capture.exchanges.0),
                There::OnlyNew => ("added", capture.exchanges.1),
            };
            Some((capture, format!("capture {what}, {}", counted(count, "exchange"))))
        };
        self.captures.iter().filter_map(said)
    }

    /// A line a fact, with colours.
    fn lines(&self) -> Vec<String> {
        const STRONG: anstyle::Style = anstyle::Style::new().bold();
        const OLD: anstyle::Style = anstyle::AnsiColor::Red.on_default();
        const NEW: anstyle::Style = anstyle::AnsiColor::Green.on_default();
        const WHERE: anstyle::Style = anstyle::AnsiColor::Blue.on_default();
        let alone = self
            .alone()
            .map(|(capture, said)| format!("{STRONG}{}{STRONG:#}: {}\n", one_line(&capture.name), said));
        let fact = |fact: &Fact<'_>| {
            let change = fact.first();
            let [old, new] = short(change);
            let values = match (old, new) {
                (Some(old), None) if change.what == What::Status => {
                    format!(": {OLD}{old}{OLD:#} → {NEW}no response{NEW:#}")
                }
                (None, Some(new)) if change.what == What::Status => {
                    format!(": {OLD}no response{OLD:#} → {NEW}{new}{NEW:#}")
                }
                (Some(old), Some(new)) => format!(": {OLD}{old}{OLD:#} → {NEW}{new}{NEW:#}"),
                (Some(old), None) => format!(": {OLD}- {old}{OLD:#}"),
                (None, Some(new)) => format!(": {NEW}+ {new}{NEW:#}"),
                (None, None) => String::new(),
            };
            let (what, places) = (one_line(&what(change)), one_line(&self.places(fact)));
            format!("{STRONG}{what}{STRONG:#}{values}  {WHERE}[{places}]{WHERE:#}\n")
        };
        alone.chain(self.facts.iter().map(fact)).collect()
    }

    /// In which captures and steps.
    fn places(&self, fact: &Fact<'_>) -> String {
        let captures = fact.captures();
        if captures.len() > NAMED {
            let all = if captures.len() == self.captures.len() { "all " } else { "" };
            let places = fact.changes.len();
            let places = if places == captures.len() {
                String::new()
            } else {
                format!(", {}", counted(places, "place"))
            };
            return format!("{all}{}{places}", counted(captures.len(), "capture"));
        }
        let place = |(capture, changes): &(usize, Vec<&Change>)| {
            let name = &self.captures[*capture].name;
            let steps: BTreeSet<u32> = changes.iter().filter_map(|change| step(change)).collect();
            let shown: Vec<String> = steps.iter().take(STEPS).map(|step| format!("({step})")).collect();
            let more = if steps.len() > STEPS {
                format!(" and {} more", steps.len() - STEPS)
            } else {
                String::new()
            };
            let space = if shown.is_empty() { "" } else { " " };
            format!("{name}{space}{}{more}", shown.join(","))
        };
        captures.iter().map(place).collect::<Vec<_>>().join(", ")
    }

    /// The lines that speak of what changed, by file: those that are likely to be false, and the others.
    fn spoken(&self) -> BTreeMap<&'r Path, [BTreeSet<usize>; 2]> {
        let mut files: BTreeMap<&Path, [BTreeSet<usize>; 2]> = BTreeMap::new();
        for spoken in self.captures.iter().flat_map(|capture| capture.prose.iter().flatten()) {
            files.entry(&spoken.file).or_default()[usize::from(spoken.is_beside)].insert(spoken.line);
        }
        for [likely, beside] in files.values_mut() {
            beside.retain(|line| !likely.contains(line));
        }
        files
    }

    /// A line a file with lines to read again.
    fn prose(&self) -> Vec<String> {
        const PLACE: anstyle::Style = anstyle::AnsiColor::Blue.on_default();
        let file = |(file, [likely, beside]): (&Path, [BTreeSet<usize>; 2])| {
            let file = one_line(&file.to_string_lossy());
            let read = match (likely.is_empty(), beside.is_empty()) {
                (false, true) => format!("{PLACE}{file}:{}{PLACE:#}", ranges(&likely)),
                (true, _) => format!("{PLACE}{file}{PLACE:#}, on the same calls: {}", ranges(&beside)),
                (false, false) => format!(
                    "{PLACE}{file}:{}{PLACE:#}; on the same calls: {}",
                    ranges(&likely),
                    ranges(&beside)
                ),
            };
            format!("read again: {read}\n")
        };
        self.spoken().into_iter().map(file).collect()
    }

    fn summary(&self) -> String {
        let both = self.captures.iter().filter(|capture| capture.there == There::Both);
        let same = both.clone().filter(|capture| capture.changes.is_empty()).count();
        let places: usize = self.facts.iter().map(|fact| fact.changes.len()).sum();
        let mut said = format!("{}: {same} the same", counted(both.clone().count(), "capture"));
        if places > 0 {
            let _ = write!(said, "; {} in {}", counted(self.facts.len(), "fact"), counted(places, "place"));
        }
        let optional: usize = both.clone().map(|capture| capture.optional).sum();
        if optional > 0 {
            let _ = write!(said, "; {} in one of both only", counted(optional, "optional exchange"));
        }
        let reordered: usize = both.map(|capture| capture.reordered).sum();
        if reordered > 0 {
            let _ = write!(said, "; {} only in another order", counted(reordered, "list"));
        }
        said
    }

    fn markdown(&self) -> String {
        let mut text = format!("{}\n", self.summary());
        for (capture, said) in self.alone() {
            let _ = writeln!(text, "\n- {}: {said}", code(&capture.name));
        }
        for (file, [likely, beside]) in self.spoken() {
            let of = |lines: &BTreeSet<usize>, what: &str| {
                (!lines.is_empty()).then(|| format!("{what} {}", ranges(lines).replace(',', ", ")))
            };
            let read = [of(&likely, "read again line"), of(&beside, "on the same calls line")];
            let read: Vec<String> = read.into_iter().flatten().collect();
            let _ = writeln!(text, "\n- {}: {}", code(&file.to_string_lossy()), read.join("; "));
        }
        if self.facts.is_empty() {
            return text;
        }
        text.push_str("\n| What | Old | New | Where |\n| --- | --- | --- | --- |\n");
        for fact in &self.facts {
            let change = fact.first();
            let [old, new] =
                short(change).map(|value| value.map_or_else(|| "-".into(), |value| code(&value)));
            let _ =
                writeln!(text, "| {} | {old} | {new} | {} |", code(&what(change)), code(&self.places(fact)));
        }
        text
    }

    /// Workflow commands: <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>.
    /// GitHub shows ten warnings and ten notices a step. So the lines that somebody has to read again are the
    /// ones, what changed the others, and the last of those says how much more there is.
    fn github(&self) -> Vec<String> {
        let escaped = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
        let property = |text: &str| escaped(text).replace(':', "%3A").replace(',', "%2C");
        let file = |capture: &Compared| property(&capture.trace.to_string_lossy());
        let alone = self.alone().map(|(capture, said)| (file(capture), escaped(&said)));
        let fact = |fact: &Fact<'_>| {
            let change = fact.first();
            let [old, new] = short(change).map(|value| value.unwrap_or_else(|| "-".into()));
            let said = format!("{}: {old} → {new} [{}]", what(change), self.places(fact));
            let file = file(&self.captures[fact.changes[0].0]);
            (file, escaped(&said))
        };
        // Of what a line speaks, once each.
        let mut of_line: BTreeMap<&Spoken, Vec<String>> = BTreeMap::new();
        for capture in self.captures {
            for (change, spoken) in capture.changes.iter().zip(&capture.prose) {
                for spoken in spoken.iter().filter(|spoken| !spoken.is_beside) {
                    let said = of_line.entry(spoken).or_default();
                    let what = what(change);
                    if !said.contains(&what) {
                        said.push(what);
                    }
                }
            }
        }
        let line = |(spoken, said): (&Spoken, Vec<String>)| {
            let (file, line) = (property(&spoken.file.to_string_lossy()), spoken.line);
            let said = escaped(&said.join("; "));
            format!(
                "::warning file={file},line={line},title=docgen diff::this speaks of what changed: {said}\n"
            )
        };
        let mut facts: Vec<(String, String)> = alone.chain(self.facts.iter().map(fact)).collect();
        if facts.len() > ANNOTATIONS {
            let left_out = facts.split_off(ANNOTATIONS - 1);
            let more = format!("and {} more, which `docgen diff` tells", left_out.len());
            facts.extend(left_out.into_iter().next().map(|(file, _)| (file, more)));
        }
        let fact = |(file, said)| format!("::notice file={file},title=docgen diff::{said}\n");
        of_line.into_iter().map(line).chain(facts.into_iter().map(fact)).collect()
    }
}

/// Numbers of lines, as short as they can be written: `3,7-9`.
fn ranges(lines: &BTreeSet<usize>) -> String {
    let mut ranges: Vec<(usize, usize)> = Vec::new();
    for &line in lines {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == line => *last = line,
            _ => ranges.push((line, line)),
        }
    }
    let range = |&(first, last): &(usize, usize)| match last - first {
        0 => first.to_string(),
        1 => format!("{first},{last}"),
        _ => format!("{first}-{last}"),
    };
    ranges.iter().map(range).collect::<Vec<_>>().join(",")
}

impl Compared {
    fn is_same(&self) -> bool {
        self.there == There::Both && self.changes.is_empty()
    }
}

/// What changed, in words.
pub(super) fn what(change: &Change) -> String {
    let name = change.exchange.as_ref().map_or("", |exchange| &exchange.name);
    let side = change.side.map_or("", Side::name);
    let at = change.at.as_deref();
    let senders = change.exchange.as_ref().and_then(|exchange| exchange.senders.as_ref());
    let other = |at: usize| {
        let name =
            |senders: &[Option<String>; 2]| senders[at].clone().unwrap_or_else(|| "the client".to_owned());
        senders.map(name)
    };
    match change.what {
        What::CallAdded => match other(0) {
            Some(before) => format!("call added: {name}, the same that {before} sent before"),
            None => format!("call added: {name}"),
        },
        What::CallRemoved => match other(1) {
            Some(now) => format!("call removed: {name}, the same that {now} sends now"),
            None => format!("call removed: {name}"),
        },
        What::CallMoved => format!("call moved: {name}, in the order of calls"),
        What::Repeat => format!("call repeated: {name}, times in a row"),
        What::Method | What::Path | What::Query | What::Status | What::Reason => {
            format!("{name}, {}", change.what.name())
        }
        What::Header => format!("{side} header {}", at.unwrap_or_default()),
        What::HeaderOrder => format!("{side} headers, order"),
        What::Body => format!("{name}, {side} body{}", at.map(|at| format!(" {at}")).unwrap_or_default()),
        What::Output => format!("output{}", at.map(|at| format!(" {at}")).unwrap_or_default()),
    }
}

/// The step that the diagram of the new recording shows; of the old one, where the call is gone.
pub(super) fn step(change: &Change) -> Option<u32> {
    let exchange = change.exchange.as_ref()?;
    exchange.new.or(exchange.old)?.step
}

/// The old and the new value, as much of them as tells them apart.
pub(super) fn short(change: &Change) -> [Option<String>; 2] {
    change.excerpts(VALUE).map(|value| value.map(|value| one_line(&value)))
}

/// `text` without what would move a cursor.
pub(super) fn one_line(text: &str) -> String {
    escape_control(text).replace('\n', "\\n")
}

/// `text` as code in a cell of a table.
fn code(text: &str) -> String {
    let text = text.replace('|', "\\|").replace('\n', " ");
    let run = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(run + 1);
    let space = if run > 0 { " " } else { "" };
    format!("{fence}{space}{text}{space}{fence}")
}
