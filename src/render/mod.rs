//! Capture folders to pages on disk.
//!
//! A page is a pure function of its capture, the settings above it, the profile
//! and the templates; this module reads those, has the page made, and writes it
//! whole or not at all. It keeps to its own: a file that docgen did not write, or
//! that somebody edited since, is named and left alone. What it leaves out:
//! printing, which `src/cli` does with the [`Report`].

pub mod check;
pub mod drafts;
pub mod escape;
pub(crate) mod holes;
pub mod input;
pub mod ledger;
mod skeleton;
pub mod stamp;
pub mod templates;
mod view;
mod write;

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Error, ErrorKind, Place, Result};
use crate::lines::Lines;
use crate::page::{Input, Page, Phrases, Resolved, Source};
use crate::profile::Profile;
use crate::settings::{Layer, Layout, Located, Settings};
use crate::source;
use crate::text;
use crate::toml_file::nearest;
use crate::trace::Trace;
use input::{Folder, Found};
use ledger::{Cache, Journal, Manifest, Record, Seen};
use stamp::{Digest, Stamp};
use templates::{Content, Templates};

/// What to render, and how.
#[derive(Clone, Debug)]
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
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Report {
    /// How many files were written.
    pub written: usize,
    /// Which files were written or removed.
    pub files: Vec<PathBuf>,
    /// How many files were as they should be.
    pub unchanged: usize,
    /// How many files of captures that are gone were removed.
    pub removed: usize,
    /// How many captures have no page, or an old one, because of an error.
    pub failed: usize,
    /// Everything that needs a person, in the order of the captures.
    pub errors: Vec<Error>,
    /// With [`Options::check`], the files that are not what they should be.
    pub stale: Vec<Stale>,
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
    let folders = input::find(&options.captures)?;
    let _lock = if options.check { None } else { Some(lock(&options.docs)?) };
    let manifest = Manifest::read(&options.docs)?;
    let key = program_digest();
    let cache = Cache::read(&options.docs, key);
    let shop = Shop::new(options, &manifest, &cache, &folders);

    let done = AtomicUsize::new(0);
    let outcomes = in_parallel(&folders, options.jobs, |folder| {
        let outcome = shop.make(folder);
        progress(done.fetch_add(1, Ordering::Relaxed) + 1, folders.len());
        outcome
    });

    let mut report = Report::default();
    let mut next = manifest.clone();
    let mut records = BTreeMap::new();
    let mut kept: std::collections::HashSet<String> = std::collections::HashSet::new();
    for (folder, outcome) in folders.iter().zip(outcomes) {
        report.written += outcome.written.len();
        report.files.extend(outcome.written);
        report.unchanged += outcome.unchanged;
        report.failed += usize::from(outcome.failed);
        report.stale.extend(outcome.stale);
        if outcome.failed {
            kept.extend(manifest.paths().filter(|page| is_page_of(page, &folder.path)).map(str::to_owned));
        }
        for (page, digest) in outcome.pages {
            next.set(&page, digest);
            kept.insert(page);
        }
        if outcome.errors.is_empty() {
            records.insert(folder.path.clone(), outcome.record);
        }
        report.errors.extend(outcome.errors);
    }
    prune(options, &mut next, &kept, &mut report);
    let is_anything = !folders.is_empty() || next != Manifest::default();
    if is_anything && !options.check {
        next.write(&options.docs)?;
        shop.journal.remove()?;
        if records != cache.records.into_iter().collect() || cache.written == 0 {
            Cache::write(&options.docs, key, &records)?;
        }
    }
    Ok(report)
}

/// The digest of everything that makes a page and is part of the program.
fn program_digest() -> Digest {
    let mut all = env!("CARGO_PKG_VERSION").to_owned();
    for (name, text) in templates::EMBEDDED {
        all.push_str(name);
        all.push_str(text);
    }
    for name in Profile::embedded_names() {
        all.push_str(Profile::embedded_text(name).unwrap_or_default());
    }
    Digest::of(all.as_bytes())
}

/// Keeps a second docgen from writing below the same docs folder at the same time.
fn lock(docs: &Path) -> Result<std::fs::File> {
    let folder = docs.join(ledger::FOLDER);
    std::fs::create_dir_all(&folder).map_err(|error| Error::io("make", &folder, error))?;
    let file = folder.join("lock");
    let lock = std::fs::File::create(&file).map_err(|error| Error::io("write", &file, error))?;
    // Where a file system has no locks, one docgen at a time is the user's own care.
    let _ = lock.lock();
    write::remove_leftovers(docs);
    Ok(lock)
}

/// What came of one capture.
#[derive(Debug, Default)]
struct Outcome {
    /// Its pages that are docgen's: path below the docs folder, and content.
    pages: Vec<(String, Digest)>,
    record: Record,
    written: Vec<PathBuf>,
    unchanged: usize,
    failed: bool,
    errors: Vec<Error>,
    stale: Vec<Stale>,
}

/// A file of a capture, ready to be put in its place.
struct Made {
    /// Its path below the docs folder.
    page: String,
    content: Content,
    digest: Digest,
}

/// What all captures of a run share.
struct Shop<'a> {
    options: &'a Options,
    manifest: &'a Manifest,
    cache: &'a Cache,
    journal: Journal,
    captures: HashMap<&'a str, &'a Folder>,
    templates: Mutex<HashMap<Vec<PathBuf>, Arc<Templates>>>,
    profiles: Mutex<HashMap<String, Arc<Profile>>>,
    phrases: Mutex<HashMap<PhrasesKey, Phrases>>,
    openings: Mutex<HashMap<String, Known>>,
}

/// What phrases depend on: templates folders, locale, profile, and the settings' own phrases.
type PhrasesKey = (Vec<PathBuf>, String, Option<String>, Vec<(String, String)>);

/// The exchanges of a capture that others share, and what was read to know them.
type Known = (Arc<Vec<holes::Opening>>, Vec<Seen>);

impl<'a> Shop<'a> {
    fn new(
        options: &'a Options,
        manifest: &'a Manifest,
        cache: &'a Cache,
        folders: &'a [Folder],
    ) -> Shop<'a> {
        Shop {
            options,
            manifest,
            cache,
            journal: Journal::of(&options.docs),
            captures: folders.iter().map(|folder| (folder.path.as_str(), folder)).collect(),
            templates: Mutex::default(),
            profiles: Mutex::default(),
            phrases: Mutex::default(),
            openings: Mutex::default(),
        }
    }
}

impl Shop<'_> {
    fn make(&self, folder: &Folder) -> Outcome {
        if let Some(outcome) = self.cached(folder) {
            return outcome;
        }
        let mut capture = match Capture::read(folder) {
            Ok(capture) => capture,
            Err(error) => return Outcome { failed: true, errors: vec![error], ..Outcome::default() },
        };
        let files = match self.lay_out(&mut capture) {
            Ok(files) => files,
            Err(errors) => {
                let errors = capture.diagnostics.into_iter().chain(errors).collect();
                return Outcome { failed: true, errors, ..Outcome::default() };
            }
        };
        let mut outcome = Outcome { errors: std::mem::take(&mut capture.diagnostics), ..Outcome::default() };
        let files: Vec<Made> = files
            .into_iter()
            .map(|(page, content)| {
                let digest = capture.known_digest(&content).unwrap_or_else(|| Digest::of(content.as_bytes()));
                Made { page, content, digest }
            })
            .collect();
        if !self.put_new_folder(&files, &mut outcome) {
            for made in files {
                self.put(made, &mut outcome);
            }
        }
        outcome.record.inputs = capture.read;
        outcome
    }

    /// The outcome of a capture that is as it was when its pages were last made.
    fn cached(&self, folder: &Folder) -> Option<Outcome> {
        let record = self.cache.records.get(&folder.path)?;
        let found = || folder.files.iter().chain(&folder.shared);
        // What else was read (templates, a profile, another capture) follows the folder's own files.
        let (own, others) = record.inputs.split_at_checked(found().count())?;
        let mut now = Record::default();
        for (file, seen) in found().zip(own) {
            if file.path != seen.path || !seen.is_still(&file.path, file.stamp, self.cache.written) {
                return None;
            }
            now.inputs.push(seen.restamped(file.stamp));
        }
        for seen in others {
            let found = if seen.path.is_dir() { listing(&seen.path)? } else { Seen::now(&seen.path)? };
            if found.digest != seen.digest {
                return None;
            }
            now.inputs.push(found);
        }
        for seen in &record.outputs {
            let file = self.options.docs.join(&seen.path);
            let stamp = Stamp::at(&file)?;
            if !seen.is_still(&file, stamp, self.cache.written) {
                return None;
            }
            now.outputs.push(seen.restamped(stamp));
        }
        let pages = record
            .outputs
            .iter()
            .map(|seen| Some((seen.path.to_str()?.to_owned(), seen.digest)))
            .collect::<Option<Vec<_>>>()?;
        // A page that the manifest does not hold is not docgen's, whatever the cache says.
        if !pages.iter().all(|(page, digest)| self.manifest.wrote(page, *digest)) {
            return None;
        }
        Some(Outcome { unchanged: pages.len(), pages, record: now, ..Outcome::default() })
    }

    /// The files of a capture: their paths below the docs folder, and their content.
    fn lay_out(&self, capture: &mut Capture<'_>) -> Result<Vec<(String, Content)>, Vec<Error>> {
        let one = |error| vec![error];
        let templates = self.templates(capture).map_err(one)?;
        let profile = self.profile(capture).map_err(one)?;
        let phrases = self.phrases(capture, &templates, profile.as_deref()).map_err(one)?;
        self.check_collision(capture).map_err(one)?;
        let sources = capture.take_sources()?;
        let gone: HashSet<String> =
            sources.iter().flat_map(Source::gone).flat_map(|(_, labels)| labels.to_vec()).collect();
        capture.settings.labels.retain(|(label, _)| !gone.contains(label));
        let input = capture.input(profile.as_deref(), &phrases);
        let resolved = Resolved::new(&input);
        let (path, layout) = (&capture.folder.path, input.settings.layout);
        let name = |ending: &str| page_path(path, layout, ending);
        if sources.is_empty()
            && let Some(bare) = resolved.bare()
            && let Some(files) = templates.lay_out_bare(&bare).map_err(one)?
        {
            return Ok(files.into_iter().map(|(ending, content)| (name(ending), content)).collect());
        }
        let page = resolved.page().map_err(|mut errors| {
            let labels = input.settings.labels.iter();
            let lost = labels.filter(|(name, at)| resolved.scope().find(name, &at.place).is_err());
            let lost: HashSet<&str> = lost.map(|(name, _)| name.as_str()).collect();
            errors.extend(sources.iter().flat_map(|source| holes::holes_of_lost(source, &lost)));
            errors
        })?;
        let page = Arc::new(page);
        let mut files = match page.layout {
            Layout::Page if !sources.is_empty() => vec![("", Content::Bytes(Vec::new()))],
            _ => templates.lay_out(&page).map_err(one)?,
        };
        if !sources.is_empty() {
            let own_path = name("index.md");
            let neighbours = Neighbours { shop: self, own: &capture.folder.path, read: RefCell::default() };
            let filler =
                holes::Filler::new(&page, &templates, resolved.scope(), &neighbours, &own_path, &gone);
            let filled = filler.fill(&sources.iter().collect::<Vec<_>>())?;
            for (source, text) in sources.iter().zip(filled) {
                let made = files.iter_mut().find(|(ending, _)| source.file.ends_with(source_name(ending)));
                if let Some((_, content)) = made {
                    *content = Content::Bytes(text);
                }
            }
            let read = neighbours.read.into_inner();
            capture.read.extend(read);
        }
        Ok(files.into_iter().map(|(ending, content)| (name(ending), content)).collect())
    }

    fn templates(&self, capture: &mut Capture<'_>) -> Result<Arc<Templates>> {
        let dirs = capture.settings.template_dirs();
        let mut all = self.templates.lock().unwrap_or_else(PoisonError::into_inner);
        let templates = match all.get(&dirs) {
            Some(templates) => templates.clone(),
            None => {
                let made = Arc::new(Templates::new(input::user_templates(&capture.settings.templates)?)?);
                all.insert(dirs.clone(), made.clone());
                made
            }
        };
        for dir in &dirs {
            capture.read.extend(listing(dir));
        }
        for file in templates.user_files() {
            capture.read.extend(Seen::now(file));
        }
        Ok(templates)
    }

    /// The phrases of the locale, with the profile's and the maintainer's own in their place.
    fn phrases(
        &self,
        capture: &Capture<'_>,
        templates: &Templates,
        profile: Option<&Profile>,
    ) -> Result<Phrases> {
        let Settings { locale, phrases: own, .. } = &capture.settings;
        let key = (
            capture.settings.template_dirs(),
            locale.clone(),
            profile.map(|profile| profile.name().to_owned()),
            own.clone(),
        );
        let mut all = self.phrases.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(phrases) = all.get(&key) {
            return Ok(phrases.clone());
        }
        let mut phrases =
            templates.phrases(locale).map_err(|error| match &capture.settings.locale_place {
                Some(place) if error.place().is_none() => error.at(place.clone()),
                _ => error,
            })?;
        if let Some(of_profile) = profile.and_then(|profile| profile.phrases(locale)) {
            phrases = phrases.overlaid(of_profile);
        }
        phrases = phrases.overlaid(own.iter().map(|(key, phrase)| (key, phrase)));
        all.insert(key, phrases.clone());
        Ok(phrases)
    }

    fn profile(&self, capture: &mut Capture<'_>) -> Result<Option<Arc<Profile>>> {
        let Some(Located { value: name, place }) = &capture.settings.profile else { return Ok(None) };
        let mut all = self.profiles.lock().unwrap_or_else(PoisonError::into_inner);
        if !name.ends_with(".toml") {
            return match (all.get(name), Profile::embedded_text(name)) {
                (Some(profile), _) => Ok(Some(profile.clone())),
                (None, Some(text)) => {
                    let made = Arc::new(Profile::from_toml(name.as_ref(), text)?);
                    all.insert(name.clone(), made.clone());
                    Ok(Some(made))
                }
                (None, None) => Err(Error::new(ErrorKind::Setting, format!("there is no profile `{name}`"))
                    .at(place.clone())
                    .hint(format!(
                        "docgen has {}; a file of your own is named with its ending, as in `profile = \"mine.toml\"`",
                        Profile::embedded_names().join(", ")
                    ))),
            };
        }
        let file = Path::new(name);
        capture.read.extend(Seen::now(file));
        if let Some(profile) = all.get(name) {
            return Ok(Some(profile.clone()));
        }
        let text = input::read_text(file).map_err(|error| error.at(place.clone()))?;
        let made = Arc::new(Profile::from_toml(file, &text)?);
        all.insert(name.clone(), made.clone());
        Ok(Some(made))
    }

    /// The exchanges of a capture, for pages that share their beginning.
    fn openings_of(&self, folder: &Folder) -> Result<Known> {
        let mut capture = Capture::read(folder)?;
        let profile = self.profile(&mut capture)?;
        // A label that is lost there is that page's trouble.
        capture.settings.labels.clear();
        capture.settings.groups.clear();
        capture.settings.notes.clear();
        let phrases = Phrases::default();
        let input = capture.input(profile.as_deref(), &phrases);
        let page = Page::new(&input).map_err(|mut errors| errors.swap_remove(0))?;
        Ok((Arc::new(holes::Opening::all(&page)), capture.read))
    }

    /// A page `a/index.md` and the snippets of `a` would be the same file.
    fn check_collision(&self, capture: &Capture<'_>) -> Result<()> {
        let path = &capture.folder.path;
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let is_snippet = ["index", "diagram", "body", "log"].contains(&name);
        if capture.settings.layout != Layout::Page || !is_snippet {
            return Ok(());
        }
        let Some(other) = self.captures.get(above).filter(|_| !path.is_empty()) else { return Ok(()) };
        let made = page_path(path, Layout::Page, "");
        let is_same = match Capture::settings(other)?.layout {
            Layout::Page => made == page_path(above, Layout::Page, ""),
            Layout::Snippets => true,
        };
        if !is_same {
            return Ok(());
        }
        let above = if above.is_empty() { "." } else { above };
        Err(Error::new(
            ErrorKind::Setting,
            format!("the page of `{path}` would be the same file as one of `{above}`"),
        )
        .at(Place::file(&capture.folder.dir))
        .hint("rename one of the two captures"))
    }

    /// Puts pages where they belong in one go, if they are all in a folder that is not there yet.
    /// `false` if not; nothing is done then.
    fn put_new_folder(&self, pages: &[Made], outcome: &mut Outcome) -> bool {
        let in_folder = |page: &'_ str| page.rsplit_once('/').map(|(folder, _)| folder.len());
        let Some(length) = pages.first().and_then(|made| in_folder(&made.page)) else { return false };
        let folder = &pages[0].page[..length];
        let is_missing = |place: &Path| {
            place.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
        };
        let place = self.options.docs.join(folder);
        if self.options.check
            || !pages
                .iter()
                .all(|made| made.page.starts_with(folder) && in_folder(&made.page) == Some(length))
            || !is_missing(&place)
        {
            return false;
        }
        let files = pages.iter().map(|made| (&made.page[length + 1..], made.content.as_bytes()));
        // What is wrong with the place is told file by file.
        if self.journal.note(pages.iter().map(|made| (made.page.as_str(), made.digest))).is_err() {
            return false;
        }
        let Ok(stamps) = write::new_folder(&self.options.docs, &place, files) else { return false };
        for (Made { page, digest, .. }, stamp) in pages.iter().zip(stamps) {
            outcome.written.push(self.options.docs.join(page));
            outcome.record.outputs.push(Seen { path: page.into(), stamp, digest: *digest });
            outcome.pages.push((page.clone(), *digest));
        }
        true
    }

    /// Puts a page where it belongs, unless it is there already, or something else is.
    fn put(&self, made: Made, outcome: &mut Outcome) {
        let Made { page, content, digest } = made;
        let docs = &self.options.docs;
        let file = docs.join(&page);
        let bytes = content.as_bytes();
        let old = match self.existing(&page, &file, bytes, digest) {
            Ok(Existing::Same) => {
                outcome.unchanged += 1;
                self.note(page, &file, digest, outcome);
                return;
            }
            Ok(Existing::Missing) => None,
            Ok(Existing::Ours(old)) => Some(old),
            Err(error) => {
                outcome.failed = true;
                outcome.errors.push(error);
                return;
            }
        };
        if self.options.check {
            outcome.stale.push(Stale { file, old, new: Some(content.into_bytes()) });
            outcome.pages.push((page, digest));
            return;
        }
        let noted = self.journal.note(std::iter::once((page.as_str(), digest)));
        match noted.and_then(|()| write::replace(docs, &file, bytes)) {
            Ok(()) => {
                outcome.written.push(file.clone());
                self.note(page, &file, digest, outcome);
            }
            Err(error) => {
                outcome.failed = true;
                outcome.errors.push(error);
            }
        }
    }

    fn note(&self, page: String, file: &Path, digest: Digest, outcome: &mut Outcome) {
        if let Some(stamp) = Stamp::at(file) {
            outcome.record.outputs.push(Seen { path: page.clone().into(), stamp, digest });
        }
        outcome.pages.push((page, digest));
    }

    /// What is where a page should be, and whether docgen may replace it.
    fn existing(&self, page: &str, file: &Path, new: &[u8], digest: Digest) -> Result<Existing> {
        let metadata = match std::fs::symlink_metadata(file) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Existing::Missing),
            Err(error) if error.kind() == std::io::ErrorKind::NotADirectory => {
                return Err(not_ours(file, "a file is in the place of its folder"));
            }
            Err(error) => return Err(Error::io("read", file, error)),
        };
        if metadata.is_dir() {
            return Err(not_ours(file, "a folder is in its place"));
        }
        let old = match std::fs::read(file) {
            // What a link leads to is not docgen's to show.
            Err(_) if metadata.is_symlink() => Vec::new(),
            read => read.map_err(|error| Error::io("read", file, error))?,
        };
        if old.len() == new.len() && Digest::of(&old) == digest {
            return Ok(Existing::Same);
        }
        if metadata.is_symlink() && !self.options.force {
            return Err(not_ours(file, "a symbolic link is in its place"));
        }
        let ours = metadata.is_file() && self.manifest.wrote(page, Digest::of(&old));
        match (ours || self.options.force, self.manifest.holds(page)) {
            (true, _) => Ok(Existing::Ours(old)),
            (false, true) => Err(Error::new(
                ErrorKind::Ownership,
                format!("`{}` was edited by hand since docgen wrote it", file.display()),
            )
            .at(Place::file(file))
            .hint("move the edit to the capture's page.md; `--force` writes the page anew without it")),
            (false, false) => Err(not_ours(file, "it was not written by docgen")),
        }
    }
}

/// The other captures of a run, as the holes of one ask for them.
struct Neighbours<'a> {
    shop: &'a Shop<'a>,
    own: &'a str,
    /// What was read of them.
    read: RefCell<Vec<Seen>>,
}

impl Neighbours<'_> {
    fn folder(&self, capture: &str) -> Option<&Folder> {
        let folder = self.shop.captures.get(capture)?;
        // A file that comes or goes there has to be noticed too.
        self.read.borrow_mut().extend(listing(&folder.dir));
        Some(folder)
    }
}

impl holes::Neighbours for Neighbours<'_> {
    fn openings(&self, capture: &str) -> Result<Option<Arc<Vec<holes::Opening>>>> {
        let Some(folder) = self.folder(capture) else { return Ok(None) };
        let mut all = self.shop.openings.lock().unwrap_or_else(PoisonError::into_inner);
        let (openings, read) = match all.get(capture) {
            Some(known) => known.clone(),
            None => {
                let made = self.shop.openings_of(folder)?;
                all.insert(capture.to_owned(), made.clone());
                made
            }
        };
        self.read.borrow_mut().extend(read);
        Ok(Some(openings))
    }

    fn page_path(&self, capture: &str) -> Result<Option<String>> {
        let Some(folder) = self.folder(capture) else { return Ok(None) };
        let layout = Capture::settings(folder)?.layout;
        let settings = folder.shared.iter().chain(folder.file("capture.toml"));
        self.read.borrow_mut().extend(settings.filter_map(|file| Seen::now(&file.path)));
        Ok(Some(page_path(capture, layout, "index.md")))
    }

    fn nearest(&self, capture: &str) -> Option<String> {
        let others = || self.shop.captures.keys().copied().filter(|path| *path != self.own);
        let last = |path: &str| path.rsplit('/').next().map(str::to_owned);
        let near = others().filter(|path| last(path) == last(capture)).min();
        near.or_else(|| nearest(capture, others())).map(str::to_owned)
    }
}

/// The name of the page source that a file of a page is made from, where there is one.
fn source_name(ending: &str) -> &str {
    match ending {
        "" | "index.md" => "page.md",
        ending => ending,
    }
}

enum Existing {
    Missing,
    Same,
    Ours(Vec<u8>),
}

fn not_ours(file: &Path, why: &str) -> Error {
    Error::new(ErrorKind::Ownership, format!("`{}` is in the way: {why}", file.display()))
        .at(Place::file(file))
        .hint("move it, or have docgen replace it with `--force`")
}

/// Removes the pages of captures that are gone, where they are still as docgen wrote them.
fn prune(
    options: &Options,
    manifest: &mut Manifest,
    kept: &std::collections::HashSet<String>,
    report: &mut Report,
) {
    let gone: Vec<String> =
        manifest.paths().filter(|page| !kept.contains(*page)).map(str::to_owned).collect();
    for page in gone {
        let file = options.docs.join(&page);
        let is_inside =
            Path::new(&page).components().all(|part| matches!(part, std::path::Component::Normal(_)));
        let old = match std::fs::read(&file) {
            Ok(old) => old,
            Err(error) if is_gone(&error) => {
                manifest.remove(&page);
                continue;
            }
            Err(error) => {
                report.errors.push(Error::io("read", &file, error));
                report.failed += 1;
                continue;
            }
        };
        if !is_inside || !(manifest.wrote(&page, Digest::of(&old)) || options.force) {
            report.errors.push(
                Error::new(
                    ErrorKind::Ownership,
                    format!("no capture makes `{}` any more, but it was edited by hand", file.display()),
                )
                .at(Place::file(&file))
                .hint("remove it, or have docgen remove it with `--force`"),
            );
            report.failed += 1;
            continue;
        }
        if options.check {
            report.stale.push(Stale { file, old: Some(old), new: None });
            continue;
        }
        match std::fs::remove_file(&file) {
            Ok(()) => {
                report.removed += 1;
                report.files.push(file.clone());
                manifest.remove(&page);
                remove_empty_folders(&options.docs, &file);
            }
            Err(error) => report.errors.push(Error::io("remove", &file, error)),
        }
    }
}

/// Whether there is no such file any more, be it that a folder has its place.
fn is_gone(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{IsADirectory, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory | IsADirectory)
}

fn remove_empty_folders(docs: &Path, file: &Path) {
    for folder in file.ancestors().skip(1).take_while(|folder| *folder != docs && folder.starts_with(docs)) {
        // Fails where something is left in it, which is how to tell.
        if std::fs::remove_dir(folder).is_err() {
            break;
        }
    }
}

/// A capture, read from its folder.
struct Capture<'a> {
    folder: &'a Folder,
    settings: Settings,
    trace: Trace,
    trace_file: &'static str,
    log: Arc<Lines>,
    /// The digest of the log, where it is the trace's file as it was read.
    log_digest: Option<Digest>,
    output: Option<String>,
    /// The page sources: file and content.
    sources: Vec<(PathBuf, Vec<u8>)>,
    diagnostics: Vec<Error>,
    /// Every file read so far, the folder's own first.
    read: Vec<Seen>,
}

impl<'a> Capture<'a> {
    fn read(folder: &'a Folder) -> Result<Capture<'a>> {
        let settings = Capture::settings(folder)?;
        let trace_file = match (folder.file("trace.har"), folder.file("trace.log")) {
            (Some(har), Some(_)) => {
                return Err(Error::new(ErrorKind::Io, "the capture has two traces, trace.har and trace.log")
                    .at(Place::file(&har.path))
                    .hint("keep the one that the page is to be made from"));
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
            log: Arc::default(),
            log_digest: None,
            output: None,
            sources: Vec::new(),
            diagnostics: Vec::new(),
            read: Vec::new(),
        };
        let has_sources = ["page.md", "body.md", "diagram.md"].iter().any(|name| folder.file(name).is_some());
        for file in folder.files.iter().chain(&folder.shared) {
            let bytes = std::fs::read(&file.path).map_err(|error| Error::io("read", &file.path, error))?;
            let (digest, length) = (Digest::of(&bytes), bytes.len());
            capture.read.push(Seen { path: file.path.clone(), stamp: file.stamp, digest });
            match file.name() {
                "trace.har" | "trace.log" => {
                    // A page source may ask for a body as it was sent.
                    let read = if has_sources { source::read } else { source::read_as_log };
                    let read = read(&file.path, bytes);
                    let log = match read.log {
                        Some(log) => {
                            // Only this format is shown as it is. Whatever decoding changes, it
                            // changes the length.
                            let is_log = read.format == Some(source::Format::Requestshook);
                            let is_whole = is_log && log.text().len() == length;
                            capture.log_digest = is_whole.then_some(digest);
                            log
                        }
                        None => Lines::new(source::requestshook_writer::write(&read.trace).into()),
                    };
                    (capture.trace, capture.log) = (read.trace, Arc::new(log));
                    capture.diagnostics = read.diagnostics;
                }
                "page.md" | "body.md" | "diagram.md" => capture.sources.push((file.path.clone(), bytes)),
                "output.txt" => capture.output = Some(source::decode(bytes).to_string()),
                _ => {}
            }
        }
        Ok(capture)
    }

    /// What a page is made from.
    fn input<'b>(&'b self, profile: Option<&'b Profile>, phrases: &'b Phrases) -> Input<'b> {
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
    fn take_sources(&mut self) -> Result<Vec<Source>, Vec<Error>> {
        let mut sources = Vec::new();
        let mut errors = Vec::new();
        for (file, bytes) in std::mem::take(&mut self.sources) {
            let is_page = file.ends_with(source_name(""));
            if self.settings.layout == Layout::Page && !is_page {
                errors.push(
                    Error::new(ErrorKind::Setting, "a page in one file has one source, `page.md`")
                        .at(Place::file(&file))
                        .hint("move what it says to page.md, or set `layout = \"snippets\"`"),
                );
                continue;
            }
            match input::decode(&file, bytes)
                .map_err(|error| vec![error])
                .and_then(|text| Source::parse(&file, text))
            {
                Ok(source) => sources.push(source),
                Err(found) => errors.extend(found),
            }
        }
        if errors.is_empty() { Ok(sources) } else { Err(errors) }
    }

    /// The digest of `content`, if that is the trace's file as it was read.
    fn known_digest(&self, content: &Content) -> Option<Digest> {
        let Content::Text(text) = content else { return None };
        let log = self.log.text();
        let is_log = text.len() == log.len() && text::holds(log, text);
        self.log_digest.filter(|_| is_log)
    }

    fn settings(folder: &Folder) -> Result<Settings> {
        let files = folder.shared.iter().chain(folder.file("capture.toml"));
        let layers: Vec<Layer> = files
            .map(|file| Layer::parse(&file.path, &input::read_text(&file.path)?))
            .collect::<Result<_>>()?;
        Ok(Settings::resolve(&layers))
    }
}

impl Seen {
    /// The file as it is now.
    fn now(file: &Path) -> Option<Seen> {
        Some(Seen { path: file.to_path_buf(), stamp: Stamp::at(file)?, digest: Digest::at(file)? })
    }
}

/// A folder as a file whose content is the names below it: a new template has to be noticed.
fn listing(dir: &Path) -> Option<Seen> {
    let mut names = String::new();
    for entry in walkdir::WalkDir::new(dir).sort_by_file_name() {
        names.push_str(&entry.ok()?.path().to_string_lossy());
        names.push('\n');
    }
    Some(Seen { path: dir.to_path_buf(), stamp: Stamp::default(), digest: Digest::of(names.as_bytes()) })
}

/// The path, below the docs folder, of a capture's file.
fn page_path(capture: &str, layout: Layout, ending: &str) -> String {
    match (layout, capture) {
        (Layout::Page, "") => "index.md".into(),
        (Layout::Page, _) => format!("{capture}.md"),
        (Layout::Snippets, "") => ending.into(),
        (Layout::Snippets, _) => format!("{capture}/{ending}"),
    }
}

/// Whether a file below the docs folder may be one of this capture's.
fn is_page_of(page: &str, capture: &str) -> bool {
    page == page_path(capture, Layout::Page, "")
        || ["index.md", "diagram.md", "body.md", "log.md"]
            .iter()
            .any(|ending| page == page_path(capture, Layout::Snippets, ending))
}

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
        let threads: Vec<_> = (0..jobs.min(items.len())).map(|_| scope.spawn(work)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    for (index, result) in parts.into_iter().flatten() {
        made[index] = Some(result);
    }
    made.into_iter().flatten().collect()
}
