//! A capture, read from its folder.
//!
//! Every file is read once, and noted with its digest for the cache. What this leaves out: what is
//! made of it.

use std::path::{Path, PathBuf};

use memchr::memmem;

use super::file_state::{Digest, FileState};
use super::folders::{Folder, Found};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::files::{LARGEST_TEXT, LARGEST_TRACE, Root};
use crate::page::{Input, Phrases, Source};
use crate::profile::Profile;
use crate::settings::{Layer, Layout, Settings};
use crate::source;
use crate::text::Text;
use crate::text_file::decode;
use crate::trace::Trace;

/// A capture, read from its folder.
pub(super) struct Capture<'a> {
    pub(super) folder: &'a Folder,
    pub(super) settings: Settings,
    pub(super) trace: Trace,
    pub(super) trace_file: &'static str,
    pub(super) log: Text,
    pub(super) output: Option<String>,
    /// The page sources: file and content.
    pub(super) sources: Vec<(PathBuf, Vec<u8>)>,
    pub(super) diagnostics: Vec<Error>,
    /// Every file read so far, the folder's own first.
    pub(super) read: Vec<FileState>,
}

impl<'a> Capture<'a> {
    pub(super) fn read(root: &Root, folder: &'a Folder) -> Result<Capture<'a>> {
        let (settings, settings_digest) = Capture::settings_and_digest(root, folder)?;
        let trace_file = match (folder.file("trace.har"), folder.file("trace.log")) {
            (Some(har), Some(_)) => {
                return Err(Error::new(ErrorKind::Io, "the capture has two traces, trace.har and trace.log")
                    .at(Place::file(&har.path))
                    .hint("keep the one that the page is to be made from"));
            }
            // A page of somebody's own words may do without one.
            (None, None) if folder.file("page.md").is_none() || !settings.labels.is_empty() => {
                return Err(missing_trace_of(folder, &settings));
            }
            (found, other) => found.or(other),
        };
        let mut capture = Capture {
            folder,
            settings,
            trace: Trace::default(),
            trace_file: match trace_file.map(Found::name) {
                Some("trace.log") => "trace.log",
                _ => "trace.har",
            },
            log: Text::new(),
            output: None,
            sources: Vec::new(),
            diagnostics: Vec::new(),
            read: Vec::new(),
        };
        let mut recorded = None;
        for file in &folder.files {
            let seen = |digest| FileState { path: file.path.clone(), stat: file.stat, digest };
            if let Some(digest) = settings_digest.filter(|_| file.name() == "capture.toml") {
                capture.read.push(seen(digest));
                continue;
            }
            let is_recorded = ["trace.har", "trace.log", "output.txt"].contains(&file.name());
            let bytes = root.read(&file.path, if is_recorded { LARGEST_TRACE } else { LARGEST_TEXT })?;
            capture.read.push(seen(Digest::of(&bytes)));
            match file.name() {
                "trace.har" | "trace.log" => {
                    if let Some(error) = source::conflict(&file.path, &bytes) {
                        return Err(error);
                    }
                    recorded = Some((&file.path, bytes));
                }
                name if is_source(name) => capture.sources.push((file.path.clone(), bytes)),
                "output.txt" => capture.output = Some(source::decode(bytes).to_string()),
                _ => {}
            }
        }
        if let Some((file, bytes)) = recorded {
            let asks_for_raw = capture.sources.iter().any(|(_, text)| asks_for_raw(text));
            let read = if asks_for_raw { source::read } else { source::read_as_log };
            let read = read(file, bytes);
            let log = read.log.unwrap_or_else(|| source::requestshook_writer::write(&read.trace).into());
            (capture.trace, capture.log) = (read.trace, log);
            capture.diagnostics = read.diagnostics;
        }
        for shared in &folder.shared {
            let (digest, _) = *shared.read(root)?;
            let Found { path, stat, .. } = &shared.found;
            capture.read.push(FileState { path: path.clone(), stat: *stat, digest });
        }
        Ok(capture)
    }

    /// What a page is made from.
    pub(super) fn input<'b>(&'b self, profile: Option<&'b Profile>, phrases: &'b Phrases) -> Input<'b> {
        Input {
            path: &self.folder.path,
            settings: &self.settings,
            profile,
            phrases,
            trace: &self.trace,
            trace_file: self.trace_file,
            log: &self.log,
            output: self.output.as_deref(),
        }
    }

    /// The page sources, taken apart.
    pub(super) fn take_sources(&mut self) -> Result<Vec<Source>, Vec<Error>> {
        let mut sources = Vec::new();
        let mut errors = Vec::new();
        for (file, bytes) in std::mem::take(&mut self.sources) {
            if !self.settings.layout.traits().files.iter().any(|made| made.is_of(&file)) {
                errors.push(
                    Error::new(ErrorKind::Setting, "a page in one file has one source, `page.md`")
                        .at(Place::file(&file))
                        .hint("move what it says to page.md, or set `layout = \"snippets\"`"),
                );
                continue;
            }
            match decode(&file, bytes)
                .map_err(|error| vec![error])
                .and_then(|text| Source::parse(&file, text))
            {
                Ok(source) => sources.push(source),
                Err(found) => errors.extend(found),
            }
        }
        if errors.is_empty() { Ok(sources) } else { Err(errors) }
    }

    pub(super) fn settings(root: &Root, folder: &Folder) -> Result<Settings> {
        Capture::settings_and_digest(root, folder).map(|(settings, _)| settings)
    }

    /// The settings, and the digest of the capture's own file of them, if it has one.
    fn settings_and_digest(root: &Root, folder: &Folder) -> Result<(Settings, Option<Digest>)> {
        let shared = folder.shared.iter().map(|shared| shared.read(root).map(|(_, layer)| layer));
        let mut layers: Vec<&Layer> = shared.collect::<Result<_>>()?;
        let Some(file) = folder.file("capture.toml") else { return Ok((Settings::resolve(&layers), None)) };
        let bytes = root.read(&file.path, LARGEST_TEXT)?;
        let digest = Digest::of(&bytes);
        let own = Layer::parse(&file.path, &decode(&file.path, bytes)?)?;
        layers.push(&own);
        Ok((Settings::resolve(&layers), Some(digest)))
    }
}

/// What there is to say of a capture that has settings, in this file, and was never recorded.
pub(super) fn missing_trace(settings: &Path) -> Error {
    Error::new(ErrorKind::Io, "the capture has no trace").at(Place::file(settings))
}

/// The same, with what records it.
fn missing_trace_of(folder: &Folder, settings: &Settings) -> Error {
    let file = folder.file("capture.toml").map_or(folder.dir.clone(), |file| file.path.clone());
    let root = folder.dir.ancestors().nth(Path::new(&folder.path).components().count());
    let captures = root.unwrap_or(&folder.dir).display();
    missing_trace(&file).hint(match &settings.command {
        Some(_) => format!("`docgen capture {captures} {}` records its command", folder.path),
        None => format!(
            "put a trace.har or trace.log beside it, or record one: `docgen capture {captures} {} --force -- COMMAND`",
            folder.path
        ),
    })
}

/// Whether a page source may ask for a body as it was sent, and not as a page shows it: `raw_body`, `raw=true`.
fn asks_for_raw(source: &[u8]) -> bool {
    let begins_word = |at: usize| at == 0 || !source[at - 1].is_ascii_alphanumeric();
    memmem::find_iter(source, "raw").any(begins_word)
}

/// Whether a file of this name is a page source in some layout.
pub(super) fn is_source(name: &str) -> bool {
    Layout::files().any(|file| file.source == Some(name))
}
