//! The disk: captures found, their pages made, put where they belong, checked and pruned.
//!
//! A page is a pure function of its capture, the settings above it, the profile
//! and the templates; this room reads those, has the page made, and writes it
//! whole or not at all. It keeps to its own: a file that docgen did not write, or
//! that somebody edited since, is named and left alone, and nothing is read or
//! written but below the folders that the user named (`files`). What it
//! leaves out: how a page looks (`render`), and printing, which `src/cli` does with
//! the [`Report`].

mod builder_config;
mod cache;
mod capture;
mod carry;
pub mod check;
pub mod diff;
mod docs;
pub mod drafts;
pub(crate) mod exports;
mod file_state;
pub mod folders;
mod idle_vars;
mod index;
pub mod init;
mod journal;
pub mod last_run;
mod lay_out;
mod manifest;
pub(crate) mod named_files;
mod page_path;
pub(crate) mod profiles;
pub mod project;
mod put;
pub mod rename;
mod report;
mod shared;
mod watch;

use std::collections::{BTreeMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::{Error, ErrorKind, Result};
use crate::files::Root;
use crate::page::index::Listed;
use crate::profile::Profile;
use crate::render::templates::{self, Content};
use crate::render::{diagram_size, drawing};
use crate::settings::DiagramFormat;
use cache::{Cache, Record};
use capture::Capture;
use docs::Docs;
use file_state::{Digest, FileState, Stat};
use folders::Folder;
pub use manifest::WrittenPages;
use manifest::{JOURNAL, Manifest};
use page_path::PagePath;
use put::{RenderedFile, expect_few_to_go, prune};
use shared::Site;
pub use watch::watch;

/// What to render, and how.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The folder that holds the captures.
    pub captures: PathBuf,
    /// The folder that holds the pages.
    pub docs: PathBuf,
    /// How many threads make pages.
    pub jobs: usize,
    /// Write nothing; say what would be written.
    pub check: bool,
    /// Replace files that docgen did not write, or that were edited by hand.
    pub force: bool,
    /// Remove the pages of captures that are gone, however many they are.
    pub prune: bool,
    /// Folders in which settings may name files, beside the one of the captures.
    pub trusted: Vec<PathBuf>,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Report {
    /// How many files were written.
    pub written: usize,
    /// Which files were written.
    pub files: Vec<PathBuf>,
    /// How many files were as they should be.
    pub unchanged: usize,
    /// The files of captures that are gone, which were removed.
    pub removed: Vec<PathBuf>,
    /// How many captures have no page, or an old one, because of an error.
    pub failed: usize,
    /// Everything that needs a person, in the order of the captures.
    pub errors: Vec<Error>,
    /// With [`Options::check`], the files that are not what they should be.
    pub stale: Vec<Stale>,
    /// With [`Options::check`], whether mermaid has something to draw on one of the pages; of a page that cannot be
    /// made, by the settings of its diagrams.
    pub has_mermaid: bool,
}

impl Report {
    fn fail(&mut self, error: Error) {
        self.errors.push(error);
        self.failed += 1;
    }
}

/// A file that is not what it should be.
#[derive(Clone, Debug)]
pub struct Stale {
    /// Where it is.
    pub file: PathBuf,
    /// What it holds; `None` where it is missing.
    pub old: Option<Vec<u8>>,
    /// What it should hold; `None` where it should go.
    pub new: Option<Vec<u8>>,
}

/// Renders every capture below a folder to the same path below another.
///
/// `progress` is called with the number of captures done and of all, from any thread.
///
/// # Errors
/// Only what stops the whole run (a folder that cannot be read); everything that concerns
/// one page is in the report, and the other pages are written.
pub fn render(options: &Options, progress: &(dyn Fn(usize, usize) + Sync)) -> Result<Report> {
    let root = folders::open(&options.captures)?;
    let nested = Nested::of(&root, &options.docs)?;
    let captures = folders::find(&root, nested.docs.as_deref())?;
    if captures.is_empty() && !options.prune {
        return Err(no_capture(options));
    }
    let docs =
        if options.check { Docs::open(&options.docs)? } else { Some(Docs::open_to_write(&options.docs)?) };
    let docs = docs.as_ref();
    let (manifest, refused) = docs.map_or(Ok(Default::default()), Manifest::read)?;
    expect_few_to_go(options, docs, &manifest, &captures)?;
    let key = program_digest();
    // What a check says holds for the bytes, whoever made the cache.
    let cache = docs.filter(|_| !options.check).map(|docs| Cache::read(docs, key)).unwrap_or_default();
    let site = Site::new(options, &root, docs, &manifest, &cache, &captures.folders)?;

    let site = Site { indexes: &captures.indexes, ..site };
    let mut folders: Vec<&Folder> = captures.folders.iter().chain(&captures.reports).collect();
    folders.sort_by(|a, b| a.path.cmp(&b.path));
    let done = AtomicUsize::new(0);
    let outcomes = in_parallel(&folders, options.jobs, |folder| {
        let outcome = guarded(folder, || site.make(folder, nested.captures.as_deref()));
        progress(done.fetch_add(1, Ordering::Relaxed) + 1, folders.len());
        outcome
    });

    let indexes: Vec<(&Folder, Outcome)> = captures
        .indexes
        .iter()
        .map(|folder| (folder, site.put_index(folder, &folders, &outcomes, &nested)))
        .collect();

    let mut report = Report { failed: captures.failed(), errors: refused, ..Report::default() };
    report.errors.extend(captures.errors.iter().cloned());
    report.errors.extend(captures.not_followed(manifest.paths()));
    let mut next = manifest.clone();
    let mut records = BTreeMap::new();
    let mut kept: HashSet<PagePath> = HashSet::new();
    let mut failed: HashSet<&str> = HashSet::new();
    for (folder, outcome) in folders.iter().copied().zip(outcomes).chain(indexes) {
        report.written += outcome.written.len();
        report.files.extend(outcome.written);
        report.unchanged += outcome.unchanged;
        report.failed += usize::from(outcome.failed);
        report.stale.extend(outcome.stale);
        report.has_mermaid |= outcome.has_mermaid;
        if outcome.failed {
            failed.insert(&folder.path);
            report.has_mermaid |= folder.file(folders::INDEX).is_none()
                && Capture::settings(&root, folder).unwrap_or_default().diagram == DiagramFormat::Mermaid;
        }
        for page in outcome.adopted {
            next.adopt(page);
        }
        for (page, digest) in outcome.pages {
            next.set(page.clone(), digest);
            kept.insert(page);
        }
        if outcome.errors.is_empty() && folder.file(folders::INDEX).is_none() {
            records.insert(folder.path.clone(), outcome.record);
        }
        report.errors.extend(outcome.errors);
    }
    report.tell_causes_once();
    let Some(docs) = docs else { return Ok(report) };
    let is_kept = |page: &PagePath| {
        kept.contains(page)
            || page.captures().any(|capture| failed.contains(capture))
            || captures.keeps(page)
            || nested.is_of_captures(page)
    };
    report.tell_lost_traces(&captures, &manifest, docs, &is_kept);
    prune(options, docs, &mut next, &|page| is_kept(page) || captures.has_source(page), &mut report);
    if !options.check && (!folders.is_empty() || next != Manifest::default()) {
        // Without a manifest the journal tells what was written.
        if let Err(error) = next.write(docs).and_then(|()| docs.own().remove(JOURNAL)) {
            report.fail(error);
        }
        if records != cache.records.into_iter().collect() || cache.written == 0 {
            // Without it the next run takes longer, and no page is the worse for it.
            let _ = Cache::write(docs, key, &records);
        }
    }
    Ok(report)
}

impl Report {
    /// Leaves each error once: what several pages have in common is one cause.
    fn tell_causes_once(&mut self) {
        let mut told = HashSet::new();
        self.errors.retain(|error| told.insert(error.to_string()));
    }

    /// Tells of captures that had pages, and have a page source but no trace any more.
    fn tell_lost_traces(
        &mut self,
        captures: &folders::Captures,
        manifest: &Manifest,
        docs: &Docs,
        is_kept: &dyn Fn(&PagePath) -> bool,
    ) {
        let mut told = HashSet::new();
        for page in manifest.paths().filter(|page| !is_kept(page) && captures.has_source(page)) {
            for source in page.captures().filter_map(|capture| captures.sources_alone.get(capture)) {
                if told.insert(source) {
                    let message = format!(
                        "the capture of `{}` has a page source and no trace",
                        docs.shown(page).display()
                    );
                    self.fail(
                        Error::new(ErrorKind::Io, message)
                            .at(crate::error::Place::file(source))
                            .hint("the page stays as it is; put the trace back, or remove the folder"),
                    );
                }
            }
        }
    }
}

fn no_capture(options: &Options) -> Error {
    Error::new(ErrorKind::Io, format!("there is no capture below `{}`", options.captures.display())).hint(
        "a capture is a folder with a trace.har, trace.log or capture.toml; \
         where all are gone on purpose, `--prune` removes their pages",
    )
}

/// How the two folders of a run are in each other.
#[derive(Debug, Default)]
struct Nested {
    /// The path of the docs folder below the captures.
    docs: Option<PathBuf>,
    /// The path of the captures below the docs folder.
    captures: Option<PathBuf>,
}

impl Nested {
    /// # Errors
    /// [`ErrorKind::Usage`] where they are one folder, under whatever names, or the docs folder is a capture's.
    fn of(captures: &Root, docs: &Path) -> Result<Nested> {
        let real = |path: &Path| std::fs::canonicalize(crate::files::or_here(path)).ok();
        let Ok(opened) = Root::open(docs) else { return Ok(Nested::default()) };
        let is_same = matches!((opened.identity(), captures.identity()), (Ok(a), Ok(b)) if a == b);
        if is_same {
            let names = (captures.path().display(), docs.display());
            let message = format!("`{}` and `{}` are one folder", names.0, names.1);
            return Err(Error::new(ErrorKind::Usage, message).hint(
                "pages need a folder of their own: beside the captures they would be read as page sources",
            ));
        }
        let is_capture =
            folders::OF_A_CAPTURE.iter().any(|name| opened.is_there(&opened.shown(Path::new(name))));
        let (Some(captures), Some(docs)) = (real(captures.path()), real(docs)) else {
            return Ok(Nested::default());
        };
        let below = |inner: &Path, outer: &Path| inner.strip_prefix(outer).ok().map(Path::to_owned);
        if is_capture && docs.starts_with(&captures) {
            let message = format!("`{}` is a capture's folder, and holds no pages", opened.path().display());
            return Err(
                Error::new(ErrorKind::Usage, message).hint("name a folder for the pages beside the captures")
            );
        }
        Ok(Nested { docs: below(&docs, &captures), captures: below(&captures, &docs) })
    }

    /// Whether a file at the place of this page would be one of the captures'.
    fn is_of_captures(&self, page: &PagePath) -> bool {
        self.captures.as_ref().is_some_and(|captures| page.as_path().starts_with(captures))
    }
}

/// The digest of everything that makes a page and is part of the program.
fn program_digest() -> Digest {
    let parts: Vec<[&str; 2]> = program_parts().collect();
    // A zero byte is in no name and no text: no two programs run together into the same.
    Digest::of(parts.concat().join("\0").as_bytes())
}

/// What of the program makes a page: its version, its templates and profiles, by name.
fn program_parts() -> impl Iterator<Item = [&'static str; 2]> {
    let profiles = Profile::embedded_names()
        .iter()
        .map(|name| [*name, Profile::embedded_text(name).unwrap_or_default()]);
    let templates = templates::EMBEDDED.iter().map(|(name, text)| [*name, *text]);
    std::iter::once(["version", env!("CARGO_PKG_VERSION")]).chain(templates).chain(profiles)
}

/// The files of a capture's or a report's page, before they are put in their places.
struct Made {
    files: Vec<(PagePath, Content)>,
    diagnostics: Vec<Error>,
    /// Every file that was read, the folder's own first; none where no run can tell whether the page is still
    /// what it should be.
    read: Vec<FileState>,
    /// What an index tells of it, if there is one above it.
    listed: Option<Listed>,
}

/// What came of one capture.
#[derive(Debug, Default)]
struct Outcome {
    /// Its pages that are docgen's, and their content.
    pages: Vec<(PagePath, Digest)>,
    /// Those of them that were there before docgen.
    adopted: Vec<PagePath>,
    record: Record,
    written: Vec<PathBuf>,
    unchanged: usize,
    failed: bool,
    errors: Vec<Error>,
    stale: Vec<Stale>,
    /// Whether mermaid has something to draw on one of its pages, where that was looked for.
    has_mermaid: bool,
}

impl Outcome {
    fn of_errors(errors: Vec<Error>) -> Outcome {
        Outcome { failed: true, errors, ..Outcome::default() }
    }
}

/// What `make` gives; where it panics, which was told with its place, the capture has failed and the
/// others go on.
fn guarded(folder: &Folder, make: impl FnOnce() -> Outcome) -> Outcome {
    std::panic::catch_unwind(AssertUnwindSafe(make)).unwrap_or_else(|_| {
        Outcome::of_errors(vec![Error::fault().at(crate::error::Place::file(&folder.dir))])
    })
}

impl Site<'_> {
    /// Makes the pages of a capture and puts them in their places; none of them among the captures, where
    /// those are below the docs folder.
    fn make(&self, folder: &Folder, captures: Option<&Path>) -> Outcome {
        if let Some(outcome) = self.cached(folder) {
            return outcome;
        }
        let is_report = folder.file(folders::REPORT).is_some();
        let made = if is_report { self.make_report(folder) } else { self.make_capture(folder) };
        match made {
            Ok(made) => self.put_made(folder, made, captures),
            Err(errors) => Outcome::of_errors(errors),
        }
    }

    /// Makes the page of an index of what `outcomes` of the other folders tell, and puts it in its place. Of a
    /// capture that failed now, what its page still says is listed.
    fn put_index(
        &self,
        index: &Folder,
        folders: &[&Folder],
        outcomes: &[Outcome],
        nested: &Nested,
    ) -> Outcome {
        let listed = folders.iter().zip(outcomes).filter_map(|(folder, outcome)| {
            let old = || self.cache.records.get(&folder.path)?.listed.clone();
            if outcome.failed { old() } else { outcome.record.listed.clone() }
        });
        guarded(index, || match self.make_index(index, listed) {
            Ok(made) => self.put_made(index, made, nested.captures.as_deref()),
            Err(errors) => Outcome::of_errors(errors),
        })
    }

    /// Puts pages in their places.
    fn put_made(&self, folder: &Folder, made: Made, captures: Option<&Path>) -> Outcome {
        let Made { files, diagnostics, read, listed } = made;
        let has_mermaid = self.options.check
            && files.iter().any(|(_, content)| drawing::is_left_to_mermaid(content.as_str()));
        let mut outcome = Outcome { errors: diagnostics, has_mermaid, ..Outcome::default() };
        let named: Vec<_> = files.iter().map(|(page, content)| (page.to_string(), content)).collect();
        for (at, size) in diagram_size::too_long(&named) {
            let most = diagram_size::MOST;
            let message = format!(
                "the diagram of `{}` has {size} characters, and mermaid draws none of more than {most}",
                named[at].0
            );
            outcome.errors.push(
                Error::warning(ErrorKind::Setting, message).at(crate::error::Place::file(&folder.dir)).hint(
                    "leave exchanges out with `[[filter]]`, shorten paths with `[vars]` or `query = false`, or draw it in parts with `{{ diagram(until=…) }}`",
                ),
            );
        }
        let files: Vec<RenderedFile> = files
            .into_iter()
            .map(|(page, content)| {
                let digest = Digest::of(content.as_str().as_bytes());
                RenderedFile { page, content, digest }
            })
            .collect();
        let is_among =
            |made: &RenderedFile| captures.is_some_and(|captures| made.page.as_path().starts_with(captures));
        if let Some(made) = files.iter().find(|made| is_among(made)) {
            let message = format!("the page `{}` would be a file among the captures", made.page);
            let error = Error::new(ErrorKind::Setting, message).at(crate::error::Place::file(&folder.dir));
            outcome
                .errors
                .push(error.hint("rename the capture, or have the pages in a folder beside the captures"));
            outcome.failed = true;
            return outcome;
        }
        match self.docs {
            Some(docs) if self.options.check || !self.put_new_folder(docs, &files, &mut outcome) => {
                for made in files {
                    self.put(docs, made, &mut outcome);
                }
            }
            Some(_) => {}
            None => outcome.stale.extend(files.into_iter().map(|made| Stale {
                file: self.options.docs.join(made.page.as_path()),
                old: None,
                new: Some(made.content.into_bytes()),
            })),
        }
        outcome.record.inputs = read;
        outcome.record.listed = listed;
        outcome
    }

    fn make_capture(&self, folder: &Folder) -> Result<Made, Vec<Error>> {
        let mut capture = self.read(folder)?;
        match self.lay_out(&mut capture) {
            Ok((files, listed)) => {
                Ok(Made { files, diagnostics: capture.diagnostics, read: capture.read, listed })
            }
            Err(errors) => Err(capture.diagnostics.into_iter().chain(errors).collect()),
        }
    }

    /// The outcome of a capture that is as it was when its pages were last made.
    fn cached(&self, folder: &Folder) -> Option<Outcome> {
        let docs = self.docs?;
        let record = self.cache.records.get(&folder.path)?;
        if record.listed.is_none() && self.is_listed(folder) {
            return None;
        }
        let written = self.cache.written;
        let found = || folder.all_files();
        // What else was read (templates, a profile, another capture) follows the folder's own files.
        let (own, others) = record.inputs.split_at_checked(found().count())?;
        let is_still = |seen: &FileState, file: &folders::Found| {
            let digest = || Some(FileState::now(self.captures_root, &file.path)?.digest);
            file.path == seen.path && seen.is_still(file.stat, written, digest)
        };
        if !found().zip(own).all(|(file, seen)| is_still(seen, file)) {
            return None;
        }
        for seen in others {
            let root = self.named.root_of(&seen.path)?;
            let is_same = match root.metadata(&seen.path)? {
                metadata if metadata.is_dir() => FileState::now(root, &seen.path)?.digest == seen.digest,
                metadata => {
                    let digest = || Some(FileState::now(root, &seen.path)?.digest);
                    seen.is_still(Stat::of(&metadata), written, digest)
                }
            };
            if !is_same {
                return None;
            }
        }
        let mut pages = Vec::with_capacity(record.outputs.len());
        let mut stats = docs::PageStats::default();
        for seen in &record.outputs {
            let page = PagePath::parse(seen.path.to_str()?)?;
            let stat = stats.stat(docs, &page)?;
            // A page that the manifest does not hold is not docgen's, whatever the cache says.
            if !seen.is_still(stat, written, || Some(Digest::of(&docs.read(&page).ok()?)))
                || !self.manifest.wrote(&page, seen.digest)
            {
                return None;
            }
            pages.push((page, seen.digest));
        }
        Some(Outcome { unchanged: pages.len(), pages, record: record.clone(), ..Outcome::default() })
    }
}

/// How many bytes of stack a thread has: as many as a system usually gives the first one. Nothing that is
/// read goes deeper than its own limit, and all of these together need a tenth of it.
const STACK: usize = 8 << 20;

/// `make` of every item, on so many threads, in the order of the items.
fn in_parallel<T: Sync, R: Send>(items: &[T], jobs: usize, make: impl Fn(&T) -> R + Sync) -> Vec<R> {
    if jobs <= 1 || items.len() <= 1 {
        return items.iter().map(make).collect();
    }
    let next = AtomicUsize::new(0);
    let mut made: Vec<Option<R>> = items.iter().map(|_| None).collect();
    let parts: Vec<Vec<(usize, R)>> = std::thread::scope(|scope| {
        let work = || {
            let mut part = Vec::new();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(item) = items.get(index) else { return part };
                part.push((index, make(item)));
            }
        };
        // More threads than these only wait for each other; and a machine may have no room for so many.
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let jobs = jobs.min(items.len()).min(processors * 4);
        let spawn = || std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).ok();
        let others: Vec<_> = (1..jobs).map_while(|_| spawn()).collect();
        let own = work();
        let others = others
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        std::iter::once(own).chain(others).collect()
    });
    for (index, result) in parts.into_iter().flatten() {
        made[index] = Some(result);
    }
    made.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_costs_its_capture_and_is_told() {
        let (path, dir) = ("a".to_owned(), PathBuf::from("captures/a"));
        let folder = Folder { path, dir, files: Vec::new(), shared: Vec::new() };
        let outcome = guarded(&folder, || std::panic::resume_unwind(Box::new(())));
        assert!(outcome.failed && outcome.errors[0].to_string().contains("captures/a"));
    }

    /// A docgen with another profile or template makes other pages: its cache is not this one's.
    #[test]
    fn the_cache_is_of_one_program() {
        let parts: Vec<[&str; 2]> = program_parts().collect();
        for name in Profile::embedded_names() {
            let text = Profile::embedded_text(name).unwrap();
            assert!(!text.is_empty() && parts.contains(&[name, text]), "{name}");
        }
        for (name, text) in templates::EMBEDDED {
            assert!(parts.contains(&[name, text]), "{name}");
        }
        assert!(parts.contains(&["version", env!("CARGO_PKG_VERSION")]));
    }
}
