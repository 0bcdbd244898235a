//! The disk: captures found, their pages made, put where they belong, checked and pruned.
//!
//! A page is a pure function of its capture, the settings above it, the profile
//! and the templates; this room reads those, has the page made, and writes it
//! whole or not at all. It keeps to its own: a file that docgen did not write, or
//! that somebody edited since, is named and left alone. What it leaves out: how a
//! page looks (`render`), and printing, which `src/cli` does with the [`Report`].

mod cache;
mod capture;
pub mod check;
pub mod drafts;
mod file_state;
pub mod folders;
mod journal;
mod lay_out;
mod manifest;
mod put;
mod shared;
mod write;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::{Error, Result};
use crate::profile::Profile;
use crate::render::templates;
use cache::{Cache, Record};
use capture::Capture;
use file_state::{Digest, FileState, Stat, listing};
use folders::{Folder, is_page_of};
use manifest::Manifest;
pub use manifest::WrittenPages;
use put::{Made, prune};
use shared::Site;

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
    let folders = folders::find(&options.captures)?;
    let _lock = if options.check { None } else { Some(lock(&options.docs)?) };
    let manifest = Manifest::read(&options.docs)?;
    let key = program_digest();
    let cache = Cache::read(&options.docs, key);
    let site = Site::new(options, &manifest, &cache, &folders);

    let done = AtomicUsize::new(0);
    let outcomes = in_parallel(&folders, options.jobs, |folder| {
        let outcome = site.make(folder);
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
        site.journal.remove()?;
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
    let folder = docs.join(manifest::FOLDER);
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

impl Site<'_> {
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
                let digest = Digest::of(content.as_bytes());
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
            if file.path != seen.path || !seen.is_still(&file.path, file.stat, self.cache.written) {
                return None;
            }
            now.inputs.push(seen.restated(file.stat));
        }
        for seen in others {
            let found = if seen.path.is_dir() { listing(&seen.path)? } else { FileState::now(&seen.path)? };
            if found.digest != seen.digest {
                return None;
            }
            now.inputs.push(found);
        }
        for seen in &record.outputs {
            let file = self.options.docs.join(&seen.path);
            let stat = Stat::at(&file)?;
            if !seen.is_still(&file, stat, self.cache.written) {
                return None;
            }
            now.outputs.push(seen.restated(stat));
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
