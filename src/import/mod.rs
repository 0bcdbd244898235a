//! A hand-written page to a capture folder.
//!
//! People wrote such pages before they had docgen: a diagram, sections that print messages, and
//! sentences that speak of them by number. This takes them apart once. What the wire said goes
//! into a trace, what docgen can say by itself becomes a hole, and the sentences stay; then
//! rendering gives the page back, byte for byte. That is checked here, by rendering in memory,
//! before anything is written. What cannot be understood stays text and is told with its line.
//! What this leaves out: logs and HAR files, which are no pages, and redaction.
//!
//! ```
//! use std::collections::BTreeMap;
//! use std::sync::Arc;
//!
//! use docgen::import::{HandWritten, Surroundings, TextFile, import};
//! use docgen::render::templates::Templates;
//!
//! let page = "# A page\n\n### (1) GET /v2/images\n\nAll images are asked for in (1).\n";
//! let around = Surroundings {
//!     path: "image/list".into(),
//!     layers: Vec::new(),
//!     templates: Arc::new(Templates::new(BTreeMap::new())?),
//! };
//! let imported = import(&HandWritten::of(TextFile::new("list.md", page)), &around)
//!     .map_err(|mut errors| errors.remove(0))?;
//! let source = imported.files.iter().find(|(name, _)| *name == "page.md").map(|(_, text)| text.as_str());
//! assert!(source.is_some_and(|source| source.contains("All images are asked for in {{ get_images.request }}.")));
//! # Ok::<(), docgen::Error>(())
//! ```

mod blocks;
mod diagram;
mod facts;
mod message_line;
mod page_source;
mod read;
mod references;
mod scan;
mod settings;

pub(crate) use read::includes;
pub use read::{HandWritten, TextFile, write};

use std::cell::RefCell;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Place, Result};
use crate::page::source::Source;
use crate::page::{Input, Page, Phrases, Resolved};
use crate::profile::Profile;
use crate::render::files::Maker;
use crate::render::holes::{Filler, NoOtherCaptures};
use crate::render::templates::Templates;
use crate::sequence::Side;
use crate::sequence::naming;
use crate::settings::capture_toml::{CaptureToml, Group, Note};
use crate::settings::{Layer, Settings};
use crate::source;
use crate::text::Text;
use crate::trace::{KnownFrom, Trace};
use blocks::Blocks;
use diagram::{Statement, statement};
use facts::{Facts, Links};
use page_source::{BuiltSources, SourceBuilder};
use references::references;
use scan::{Outline, PageLines};

/// Where a capture is to be.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// The capture's path below the captures' root.
    pub path: String,
    /// The settings above it, from the root down.
    pub layers: Vec<Layer>,
    /// The templates that these settings name.
    pub templates: Arc<Templates>,
}

/// The files of a capture folder: name and content.
type Files = Vec<(&'static str, String)>;

/// What became of a page.
#[derive(Debug)]
pub struct Imported {
    /// The files of the capture folder: name and content.
    pub files: Vec<(&'static str, String)>,
    /// What stays as text because it was not understood, with its line.
    pub notices: Vec<Error>,
    /// How many exchanges the trace has.
    pub exchanges: usize,
    /// How many of them the page only draws.
    pub drawn: usize,
}

/// A document of a page: the page itself, or one of its snippets.
#[derive(Debug)]
struct Document<'a> {
    file: PathBuf,
    /// The name of its source in the capture folder.
    name: &'static str,
    lines: PageLines<'a>,
    outline: Outline,
    /// Whether it is the inside of a diagram.
    is_diagram: bool,
    /// Whether its file ends its lines as Windows does; `lines` do not.
    has_windows_ends: bool,
}

/// Whether a page documents calls of HTTP: a message of its diagram has a method or a status, or a
/// section prints one. What includes snippets that could not be read may.
pub fn documents_calls(page: &HandWritten) -> bool {
    let unix = page.with_unix_ends();
    let is_incomplete = page.snippet_prefix.is_some() && page.diagram.is_none() && page.body.is_none();
    is_incomplete || facts::collect(&documents(&unix), None, &mut Vec::new()).tells_of_http()
}

/// Why a page that documents no calls is not imported, and what to do.
pub fn refusal(page: &HandWritten) -> Error {
    if let Some(error) = curl_page(page) {
        return error;
    }
    Error::new(
        ErrorKind::Import,
        "this page documents no calls: no message of a diagram has a method, and no heading or block names one",
    )
    .at(Place::file(&page.page.file))
    .hint(
        "a diagram is a fence of `mermaid` with `sequenceDiagram` and messages such as `client->>server: GET /path`; a heading reads `(1) GET /path`",
    )
}

/// What is said of a page that shows calls as commands of curl, which only running them makes a trace of.
pub fn curl_page(page: &HandWritten) -> Option<Error> {
    let unix = page.with_unix_ends();
    let documents = documents(&unix);
    let document = &documents[0];
    let line = document.outline.fences.iter().flat_map(scan::Fence::content).find(|&line| {
        let text = document.lines.get(line).trim_start();
        text.strip_prefix("$ ").unwrap_or(text).starts_with("curl ")
    })?;
    let error = document.error(
        document.lines.range(line),
        "this page shows its calls as commands of curl, which are not read",
    );
    Some(error.hint(
        "record them with `docgen capture CAPTURES PATH -- curl ...`, and move the page's sentences into the page.md that `docgen new` writes; or draw the calls in a `sequenceDiagram`: `client->>server: GET /path`",
    ))
}

/// Takes a page apart.
///
/// # Errors
/// [`ErrorKind::Import`] where the page could not be given back as it is, and errors of the
/// settings and templates around the capture.
pub fn import(page: &HandWritten, around: &Surroundings) -> Result<Imported, Vec<Error>> {
    let unix = page.with_unix_ends();
    let page = &unix;
    let documents = documents(page);
    let marked = documents.iter().find_map(|document| {
        let line =
            document.lines.text.lines().position(|line| line.trim_start().starts_with("<!-- docgen: "))?;
        let error = document.error(document.lines.range(line), "this line is a mark of docgen's own");
        Some(
            error.hint("a page source uses it for a section whose exchange is gone; take it out of the page"),
        )
    });
    if let Some(error) = marked.or_else(|| of_exchanges(&documents)) {
        return Err(vec![error]);
    }
    let mut notices: Vec<Error> = page
        .missing
        .iter()
        .map(|(range, why)| documents[0].error(range.clone(), why.clone()).hint("the line stays as it is"))
        .collect();
    for document in documents.iter().filter(|document| !document.is_diagram) {
        notices.extend(document.outline.unclosed.iter().map(|&line| {
            document.error(document.lines.range(line), "nothing closes this fence").hint("it stays as text")
        }));
    }
    for document in &documents {
        let drawings = document.lines.text.lines().enumerate();
        notices.extend(drawings.filter(|(_, line)| line.trim_start().starts_with(DRAWING)).map(|(line, _)| {
            let what = "this diagram is a drawing, which is not read back";
            document.error(document.lines.range(line), what).hint(
                "it stays as text, without its links; for one that follows the trace, put `{{ diagram }}` in its place, \
                 `diagram = \"svg\"` into capture.toml, and name who talks to whom in its trace.har (`_from`, `_to`)",
            )
        }));
    }
    let log = page.log.as_ref().map(|log| source::read(&log.file, log.text.clone().into_bytes()));
    let log =
        log.filter(|log| log.format == Some(source::Format::Requestshook) && log.diagnostics.is_empty());
    let facts = facts::collect(&documents, log.as_ref().map(|log| &log.trace), &mut notices);

    if let Some((document, line)) = facts.diagrams.odd_numbering() {
        let document = &documents[document];
        notices.push(
            document
                .error(
                    document.lines.range(line),
                    "this diagram does not count 1, 2, 3 and so on, as docgen does",
                )
                .hint("numbers stay as text: in the diagram, in headings and in sentences"),
        );
    }
    let mut importer = Importer {
        documents: &documents,
        facts: &facts,
        blocks: Blocks::default(),
        profile: profile_of(&documents[0], &facts),
        around,
        output: None,
        log: Text::new(),
        links: facts.links.as_ref(),
    };
    importer.blocks = blocks::find(&documents[0], &facts, importer.profile.map(|(_, profile)| profile));
    notices.extend(importer.blocks.housekeeping.iter().map(|(fence, program)| {
        let fence = &documents[0].outline.fences[*fence];
        documents[0]
            .error(
                documents[0].lines.range(fence.open),
                format!("`{program}` is not taken for the page's command"),
            )
            .hint("it stays as text; what `docgen capture` is to run is `command` in capture.toml")
    }));
    importer.output = importer.blocks.output.as_ref().map(|output| output.text.clone());
    importer.log = source::requestshook_writer::write(&facts.trace).into();
    match importer.capture(page, notices.clone()) {
        Err(_) if facts.links.is_some() => {
            importer.links = None;
            let line = documents[0].lines.range(0);
            let error =
                documents[0].error(line, "the anchors of this page's sections are not those of its labels");
            notices.push(error.hint("anchors and links to them stay as text"));
            importer.capture(page, notices)
        }
        made => made,
    }
}

/// What is said of a page in the layout `exchanges`, which nobody writes by hand: its sections tell of two messages.
fn of_exchanges(documents: &[Document<'_>]) -> Option<Error> {
    let document = documents.first()?;
    let line = document.lines.text.lines().position(|line| line.contains(OVERVIEW))?;
    let error = document.error(
        document.lines.range(line),
        "this page is in the layout `exchanges`, which is made from a capture and not read back",
    );
    Some(error.hint(
        "its capture has all that it shows; without that, record the command with `docgen capture`, and move the page's sentences into the page.md that `docgen new` writes",
    ))
}

/// How a diagram begins that was drawn ahead.
const DRAWING: &str = "<div class=\"docgen-svg\"";

/// What the table of all exchanges is known by.
const OVERVIEW: &str = "docgen-overview";

fn documents(page: &HandWritten) -> Vec<Document<'_>> {
    let parts = [
        Some((&page.page, "page.md")),
        page.body.as_ref().map(|file| (file, "body.md")),
        page.diagram.as_ref().map(|file| (file, "diagram.md")),
    ];
    let made = parts.into_iter().flatten().map(|(TextFile { file, text, has_windows_ends }, name)| {
        let (file, has_windows_ends) = (file.clone(), *has_windows_ends);
        let lines = PageLines::of(text);
        let is_diagram = name == "diagram.md";
        let outline = if is_diagram { Outline::default() } else { Outline::of(&lines) };
        Document { file, name, lines, outline, is_diagram, has_windows_ends }
    });
    made.collect()
}

/// The profile that ships with docgen and knows who the page is about.
fn profile_of(document: &Document<'_>, facts: &Facts<'_>) -> Option<(&'static str, &'static Profile)> {
    let title = document.outline.headings.iter().find(|heading| heading.level == 1);
    let title = title.map_or("", |heading| document.lines.text[heading.text.clone()].trim());
    Profile::embedded_names().iter().find_map(|&name| {
        let profile: &Profile = Profile::embedded(name)?;
        let knows = |name: &Option<Text>| {
            name.as_deref()
                .and_then(|name| profile.participant_by_name(name))
                .is_some_and(|known| profile.client().is_none_or(|client| client.id() != known.id()))
        };
        let serves = facts.trace.exchanges.iter().any(|exchange| knows(&exchange.to));
        (serves || profile.cli_reference(title, None).is_some()).then_some((name, profile))
    })
}

struct Importer<'a> {
    documents: &'a [Document<'a>],
    facts: &'a Facts<'a>,
    blocks: Blocks,
    profile: Option<(&'static str, &'static Profile)>,
    around: &'a Surroundings,
    output: Option<String>,
    log: Text,
    /// The page's anchors, while holes are to give them back.
    links: Option<&'a Links>,
}

impl Importer<'_> {
    /// The capture of the page.
    fn capture(&self, page: &HandWritten, mut notices: Vec<Error>) -> Result<Imported, Vec<Error>> {
        let mut draft = self.draft(page);
        self.settle_paths(&mut draft)?;
        let base = self.base_phrases(&draft).map_err(|error| vec![error])?;
        self.take_phrases(&mut draft, &base);
        let names = self.name_exchanges(&mut draft)?;
        self.take_boxes_and_notes(&mut draft, &names);
        let mut built = self.build_sources(&draft, &names)?;
        let has_boxes_and_notes = !draft.notes.is_empty() || !draft.groups.is_empty();
        if has_boxes_and_notes && !built.draws_boxes_and_notes {
            // What the diagram draws in a place or indent of its own stays text there.
            draft.notes.clear();
            draft.groups.clear();
            built = self.build_sources(&draft, &names)?;
        }
        notices.extend(built.diagnostics.iter().cloned());
        notices.extend(self.unknown_fences());
        self.finish(draft, &names, built, notices)
    }

    fn settings(&self, draft: &CaptureToml) -> Result<Settings, Vec<Error>> {
        let toml = draft.to_toml();
        let layer = Layer::parse(Path::new("capture.toml"), &toml).map_err(|error| vec![error])?;
        let layers: Vec<Layer> = self.around.layers.iter().cloned().chain([layer]).collect();
        Ok(Settings::resolve(&layers))
    }

    fn base_phrases(&self, draft: &CaptureToml) -> Result<Phrases> {
        let mut phrases = self.around.templates.phrases(&draft.locale)?;
        let profile = self.profile.filter(|_| draft.profile.is_some()).map(|(_, profile)| profile);
        if let Some(of_profile) = profile.and_then(|profile| profile.phrases(&draft.locale)) {
            phrases = phrases.overlaid(of_profile);
        }
        Ok(phrases)
    }

    /// Calls `then` with what a page with these settings is made of.
    fn with_input<T>(
        &self,
        draft: &CaptureToml,
        then: impl FnOnce(&Input<'_>) -> T,
    ) -> Result<T, Vec<Error>> {
        let settings = self.settings(draft)?;
        let phrases = self.base_phrases(draft).map_err(|error| vec![error])?;
        let phrases = phrases.overlaid(settings.phrases.iter().map(|(key, phrase)| (key, phrase)));
        let input = Input {
            path: &self.around.path,
            settings: &settings,
            profile: self.profile.filter(|_| draft.profile.is_some()).map(|(_, profile)| profile),
            phrases: &phrases,
            trace: &self.facts.trace,
            trace_file: "trace.har",
            log: &self.log,
            output: self.output.as_deref(),
        };
        Ok(then(&input))
    }

    /// Calls `then` with the page that these settings make, and what prints its holes.
    fn with_page<T>(
        &self,
        draft: &CaptureToml,
        then: impl FnOnce(&Arc<Page>, &Resolved<'_>, page_source::Printer<'_>) -> T,
    ) -> Result<T, Vec<Error>> {
        self.with_input(draft, |input| self.with_page_of(input, then))?
    }

    fn with_page_of<T>(
        &self,
        input: &Input<'_>,
        then: impl FnOnce(&Arc<Page>, &Resolved<'_>, page_source::Printer<'_>) -> T,
    ) -> Result<T, Vec<Error>> {
        let resolved = Resolved::new(input);
        let mut page = resolved.page()?;
        if let Some(links) = self.links {
            page.keep_sections(|exchange, side| links.has_section(exchange, side), links.overview.is_some());
            page.overview = links.overview.as_deref().map(Arc::from);
        }
        let page = Arc::new(page);
        let none = HashSet::new();
        // There are no other captures yet: a page by hand names none in a hole.
        let filler =
            Filler::new(&page, &self.around.templates, resolved.scope(), &NoOtherCaptures, "page.md", &none);
        let page_of = |name: &str, text: &str| {
            let source = Source::parse(name, text).ok()?;
            filler.fill(&[&source]).ok()?.pop()
        };
        let fragment_of =
            |text: &str, links: bool| filler.fragment(&Source::parse("page.md", text).ok()?, links);
        let printer = page_source::Printer { page: &page_of, fragment: &fragment_of };
        Ok(then(&page, &resolved, printer))
    }

    /// Gives every exchange a label.
    fn name_exchanges(&self, draft: &mut CaptureToml) -> Result<Vec<String>, Vec<Error>> {
        let profile = self.profile.map(|(_, profile)| profile);
        let (mut names, selectors) = self.with_page(draft, |_, resolved, _| {
            let scope = resolved.scope();
            let selectors =
                (0..scope.trace.exchanges.len()).map(|index| scope.describe(index)).collect::<Vec<_>>();
            (naming::names(scope.trace, scope.participants, profile), selectors)
        })?;
        if let Some(links) = self.links {
            name_by_anchors(&mut names, links);
        }
        draft.labels = names.iter().cloned().zip(selectors).collect();
        Ok(names)
    }

    /// Notes and boxes of the diagram that belong to a message.
    fn take_boxes_and_notes(&self, draft: &mut CaptureToml, names: &[String]) {
        // Boxes and notes of several diagrams that draw one sequence stay where they are, as text.
        let [main] = self.facts.diagrams.whole() else { return };
        let lines = &self.documents[main.document].lines;
        let messages = &self.facts.messages;
        let mut next: usize = 0;
        let mut open: Vec<Option<(String, String, usize)>> = Vec::new();
        for line in main.lines.clone() {
            match statement(lines.get(line)) {
                Statement::Message(_) => next += 1,
                Statement::Note { position, text } => {
                    let Some(message) = next.checked_sub(1).and_then(|at| messages.get(at)) else { continue };
                    // A number in a note has to move with its message: such a note is text with a hole.
                    if references(text).is_empty() {
                        let name = &names[message.exchange];
                        draft.notes.push(Note {
                            text: text.to_owned(),
                            position: position.to_owned(),
                            after: match message.side {
                                Side::Request => format!("{name}.request"),
                                Side::Response => name.clone(),
                            },
                        });
                    }
                }
                Statement::Begin { keyword, title } => {
                    let kept = ["opt", "loop", "rect"].contains(&keyword) && references(title).is_empty();
                    open.push(kept.then(|| (keyword.to_owned(), title.to_owned(), next)));
                }
                Statement::End => {
                    let Some(Some((kind, title, first))) = open.pop() else { continue };
                    let (Some(first), Some(last)) =
                        (messages.get(first), next.checked_sub(1).and_then(|at| messages.get(at)))
                    else {
                        continue;
                    };
                    if first.side == Side::Request {
                        draft.groups.push(Group {
                            kind,
                            title,
                            first: names[first.exchange].clone(),
                            last: names[last.exchange].clone(),
                        });
                    }
                }
                _ => {}
            }
        }
        // Settings that make no page are none.
        let has_boxes_and_notes = !(draft.notes.is_empty() && draft.groups.is_empty());
        if has_boxes_and_notes && self.with_page(draft, |_, _, _| ()).is_err() {
            draft.notes.clear();
            draft.groups.clear();
        }
    }

    fn build_sources(&self, draft: &CaptureToml, names: &[String]) -> Result<BuiltSources, Vec<Error>> {
        self.with_page(draft, |page, _, printer| {
            let builder = SourceBuilder {
                documents: self.documents,
                facts: self.facts,
                blocks: &self.blocks,
                page,
                names,
                has_links: self.links.is_some(),
                printer,
                printed: RefCell::default(),
            };
            builder.build()
        })
    }

    /// Fences of headers that no heading makes a message of.
    fn unknown_fences(&self) -> Vec<Error> {
        let mut found = Vec::new();
        for (index, document) in self.documents.iter().enumerate() {
            let sections = self.facts.sections.iter().filter(|section| section.document == index);
            let taken: HashSet<usize> =
                sections.flat_map(|section| [section.headers, section.body]).flatten().collect();
            for (at, fence) in document.outline.fences.iter().enumerate() {
                let (language, _) =
                    scan::info_parts(&document.lines.text[fence.info.clone()], fence.info.start);
                if language == "http" && !taken.contains(&at) {
                    let range = document.lines.range(fence.open);
                    found.push(
                        document
                            .error(range, "this block is of no message that a heading names")
                            .hint("it stays as text"),
                    );
                }
            }
        }
        found
    }

    fn finish(
        &self,
        draft: CaptureToml,
        names: &[String],
        built: BuiltSources,
        mut notices: Vec<Error>,
    ) -> Result<Imported, Vec<Error>> {
        // Snippets that the templates print as they are need no source.
        let laid_out = self.with_page(&draft, |page, _, _| self.around.templates.lay_out(page, |_| true))?;
        let laid_out = laid_out.map_err(|error| vec![error])?;
        let mut files: Vec<(&'static str, String)> = Vec::new();
        for (document, source) in self.documents.iter().zip(built.sources) {
            let made = laid_out.iter().find(|(file, _)| file.ending == document.name);
            let is_made = made.is_some_and(|(_, content)| content.as_str() == document.lines.text);
            // A template ends its lines as Unix does.
            if !is_made || document.has_windows_ends {
                files.push((document.name, source));
            }
        }
        let mut used = vec![false; names.len()];
        for (_, source) in &files {
            for (used, here) in used.iter_mut().zip(page_source::labels_in(source, names)) {
                *used |= here;
            }
        }
        let by_name =
            |name: &str| names.iter().position(|known| known == name.split('.').next().unwrap_or(name));
        let of_notes = draft.notes.iter().map(|note| &note.after);
        for name in of_notes.chain(draft.groups.iter().flat_map(|group| [&group.first, &group.last])) {
            if let Some(at) = by_name(name) {
                used[at] = true;
            }
        }
        if !self.reads_back() {
            return Err(vec![self.no_way_back()]);
        }
        // An anchor may need the label of an exchange of which no hole speaks.
        let has_anchor = |exchange| self.links.is_some_and(|links| links.label(exchange).is_some());
        let needed: Vec<bool> = used.iter().enumerate().map(|(at, used)| *used || has_anchor(at)).collect();
        let mut found = None;
        for labels in [used, needed] {
            let mut draft = draft.clone();
            let mut kept = labels.into_iter();
            draft.labels.retain(|_| kept.next().unwrap_or_default());
            found = self.with_front_matter(&draft, &files)?;
            if found.is_some() {
                break;
            }
        }
        let Some((draft, mut files)) = found else { return Err(vec![self.no_way_back()]) };
        for (name, source) in &mut files {
            if self.documents.iter().any(|document| document.name == *name && document.has_windows_ends) {
                *source = source.replace('\n', "\r\n");
            }
        }
        let trace = &self.facts.trace;
        files.push(("capture.toml", draft.to_toml()));
        if !trace.exchanges.is_empty() {
            files.push(("trace.har", source::har::write::write(trace)));
        }
        if let Some(output) = &self.output {
            files.push(("output.txt", output.clone()));
        }
        files.sort_unstable();
        notices
            .sort_by_key(|notice| notice.place().map(|place| (place.file.clone(), place.line, place.column)));
        Ok(Imported {
            files,
            notices,
            exchanges: trace.exchanges.len(),
            drawn: trace
                .exchanges
                .iter()
                .filter(|exchange| exchange.known_from == KnownFrom::Diagram)
                .count(),
        })
    }

    /// Whether the capture gives the page back, rendered in memory from the trace as it will be read again.
    fn comes_back(&self, draft: &CaptureToml, files: &[(&'static str, String)]) -> Result<bool, Vec<Error>> {
        let read = |(name, text): &(&'static str, String)| Source::parse(*name, text.as_str());
        let sources = files.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let made = self.with_input(draft, |input| {
            let resolved = Resolved::new(input);
            let mut page = Arc::new(resolved.page_for(&sources)?);
            let maker = Maker {
                templates: &self.around.templates,
                scope: resolved.scope(),
                others: &NoOtherCaptures,
                own_path: "page.md",
                gone: &HashSet::new(),
            };
            maker.files(&mut page, &sources)
        })?;
        // A hole that cannot be filled gives no page back.
        let Ok(made) = made else { return Ok(false) };
        Ok(self.documents.iter().all(|document| {
            let made = made.iter().find(|(file, _)| file.source == Some(document.name));
            made.is_some_and(|(_, content)| content.as_str() == document.lines.text)
        }))
    }

    fn no_way_back(&self) -> Error {
        Error::new(ErrorKind::Import, "this page would not come back as it is, so nothing is imported")
            .at(Place::file(&self.documents[0].file))
            .hint("please report the page; its sections can be moved to a capture by hand")
    }

    fn reads_back(&self) -> bool {
        let har = source::har::write::write(&self.facts.trace);
        let read = source::read(Path::new("trace.har"), har.into_bytes());
        read.diagnostics.is_empty()
            && (read.trace == self.facts.trace || self.facts.trace == Trace::default())
    }
}

/// Gives exchanges the names from which docgen makes the anchors of their sections, and the others none of these.
fn name_by_anchors(names: &mut [String], links: &Links) {
    let by_anchor: Vec<Option<String>> = (0..names.len()).map(|exchange| links.label(exchange)).collect();
    let mut taken: HashSet<String> = by_anchor.iter().flatten().cloned().collect();
    for (name, by_anchor) in names.iter_mut().zip(by_anchor) {
        match by_anchor {
            Some(label) => *name = label,
            None => {
                let wanted = name.clone();
                let mut count = 1;
                while !taken.insert(name.clone()) {
                    count += 1;
                    *name = format!("{wanted}_{count}");
                }
            }
        }
    }
}
