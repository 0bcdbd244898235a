//! Page sources on disk: written for a capture that has none, brought up to date
//! where there is one.
//!
//! The files of a capture folder belong to its maintainer, so nothing here replaces
//! one without keeping every byte that was theirs: a source that is there is never
//! drafted over, and of `capture.toml` nothing changes but labels. What this leaves out: what a draft
//! says and where a section goes, which `page::draft` and `page::update` decide.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Options;
use super::cache::Cache;
use super::capture::is_source;
use super::carry::Before;
use super::folders::{self, Folder, SHARED_SETTINGS};
use super::manifest::Manifest;
use super::shared::Site;
use crate::error::{Error, ErrorKind, Place, Result};
use crate::files::Root;
use crate::files::folder::{self, Change};
use crate::page::draft::{self, Labels};
use crate::page::update::{self, Facts, Update};
use crate::page::{Input, PageExchange, Resolved, Source, step_list, used_labels};
use crate::render::holes::{Filler, NoOtherCaptures};
use crate::render::templates::Templates;
use crate::sequence::renamed::Renamed;
use crate::sequence::selector::Scope;
use crate::settings::{Group, Layout, Located, Note, Settings};
use crate::suite::is_below;
use crate::toml_file::{with_entries, with_texts, without_entries};

/// What came of a capture's page sources.
#[derive(Debug, Default)]
pub struct Report {
    /// The files that were written.
    pub files: Vec<PathBuf>,
    /// The labels that were added to `capture.toml`.
    pub labels: Vec<String>,
    /// Numbers of the messages that got a section.
    pub added: Vec<u32>,
    /// How many lines lists of steps got.
    pub steps: usize,
    /// Labels of the sections and lines that were marked because their exchange is gone.
    pub marked: Vec<String>,
    /// Labels that got another selector, so that they stay at their exchange, with that selector.
    pub carried: Vec<(String, String)>,
    /// Labels that were about nothing any more and that nothing used, which `capture.toml` has no longer.
    pub dropped: Vec<String>,
    /// Places of the trace that are damaged.
    pub diagnostics: Vec<Error>,
}

/// A capture folder and the captures' root above it.
#[derive(Clone, Debug, PartialEq)]
pub struct Location {
    /// The folder that holds all captures.
    pub root: PathBuf,
    /// The capture's path below it, with `/` between its parts.
    pub path: String,
}

impl Location {
    /// Where the capture folder `dir` belongs: below `root`, if one is given, else below the highest
    /// folder above it that has a `docgen.toml`, else below one that is called `captures`.
    ///
    /// # Errors
    /// [`ErrorKind::Io`] where there is no such folder.
    pub fn of(dir: &Path, root: Option<&Path>) -> Result<Location> {
        if !dir.is_dir() {
            return Err(Error::new(ErrorKind::Io, format!("there is no folder `{}`", dir.display()))
                .hint("name a capture's folder: one that holds its trace.har or trace.log"));
        }
        let whole = |path: &Path| std::path::absolute(path).map_err(|error| Error::io("find", path, error));
        let dir = whole(dir)?;
        let root = match root {
            Some(root) => whole(root)?,
            None => folders::root_above(&dir).ok_or_else(|| {
                Error::new(ErrorKind::Io, format!("no folder above `{}` holds captures", dir.display()))
                    .hint(format!("name it with `--captures`; a file {SHARED_SETTINGS} in it marks it, too"))
            })?,
        };
        let below = dir.strip_prefix(&root).map_err(|_| {
            Error::new(ErrorKind::Io, format!("`{}` is not below `{}`", dir.display(), root.display()))
        })?;
        let path = below.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
        // As short as the user would name it.
        let here = whole(Path::new(".")).ok();
        let root = match here.as_deref().and_then(|here| root.strip_prefix(here).ok()) {
            Some(below) if below.as_os_str().is_empty() => PathBuf::from("."),
            Some(below) => below.to_path_buf(),
            None => root,
        };
        Ok(Location { root, path })
    }
}

/// Writes page sources for a capture that has none, and labels for its exchanges.
///
/// # Errors
/// [`ErrorKind::Ownership`] where it has a page source already; those of its settings and files.
pub fn new(location: &Location, trusted: &[PathBuf]) -> Result<Report, Vec<Error>> {
    with_open_capture(location, trusted, new_one)
}

/// The same for many: of a folder, those of its captures that have no page source yet. `told` gets the folder of
/// each, and what came of it.
///
/// # Errors
/// What concerns no one capture: a path with none.
pub fn new_all(wanted: &Wanted, told: &mut dyn FnMut(&Path, Updated)) -> Result<(), Vec<Error>> {
    with_captures(wanted, |site, chosen| {
        for Chosen { folder, is_named } in chosen {
            if is_named || !has_source(folder) {
                told(&folder.dir, open(site, folder, new_one));
            }
        }
        Ok(())
    })
}

fn new_one(opened: &OpenCapture<'_>) -> Result<Report, Vec<Error>> {
    let page = opened.resolved.page()?;
    // A page of what is there says nothing of what is gone.
    let exchanges = page.exchanges.iter().map(|found| &**found);
    let labels = Labels::complete(&opened.resolved, &page, exchanges, &opened.lost);
    let mut files = draft::sources(&page, &labels);
    for (name, _) in &files {
        let file = opened.dir.join(name);
        if opened.root.is_there(&file) {
            return Err(vec![
                Error::new(ErrorKind::Ownership, "the capture has a page source already")
                    .at(Place::file(file))
                    .hint("`docgen update` brings it up to date"),
            ]);
        }
    }
    let mut report = Report { diagnostics: opened.diagnostics.clone(), ..Report::default() };
    let one = |error| vec![error];
    files.sort();
    let sources = files.iter().map(|(name, text)| (*name, text.as_str()));
    report.write(opened, &labels, sources).map_err(one)?;
    let is_left = |(name, _): &(&String, &Error)| !report.dropped.contains(name);
    let left = opened.lost.iter().zip(&opened.of_lost).filter(is_left);
    report.diagnostics.extend(left.map(|(_, error)| error.clone().as_warning()));
    Ok(report)
}

/// Brings the page source of a capture up to date with its trace.
///
/// # Errors
/// Those of its settings and files, and of holes that are not closed.
pub fn update(location: &Location, trusted: &[PathBuf]) -> Result<Report, Vec<Error>> {
    with_open_capture(location, trusted, update_one)
}

/// What came of a capture that was to be brought up to date.
pub type Updated = Result<Report, Vec<Error>>;

/// What to bring up to date, and with what.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The folder that holds all captures.
    pub root: PathBuf,
    /// Paths below it: captures, or folders with captures.
    pub paths: Vec<String>,
    /// The commit with the recordings that labels were written for.
    pub rev: Option<String>,
    /// Folders in which settings may name files, beside the one of the captures.
    pub trusted: Vec<PathBuf>,
}

/// Brings captures up to date with their traces: labels first, from a commit, then page sources. `told` gets
/// the folder of each, and what came of it.
///
/// # Errors
/// What concerns no one capture: a path with none, a commit that git does not give.
pub fn update_all(wanted: &Wanted, told: &mut dyn FnMut(&Path, Updated)) -> Result<(), Vec<Error>> {
    with_captures(wanted, |site, chosen| {
        let before = wanted.rev.as_deref().map(|rev| Before::of(rev, site.captures_root)).transpose();
        let before = before.map_err(|error| vec![error])?;
        for Chosen { folder, is_named } in chosen {
            // Of many, those without a source are as the template makes them.
            if has_source(folder) || is_named || before.is_some() {
                told(&folder.dir, open_carrying(site, folder, before.as_ref(), update_one));
            }
        }
        Ok(())
    })
}

/// A capture that somebody wants worked on.
struct Chosen<'c> {
    folder: &'c Folder,
    /// Whether it was named itself, and not a folder above it.
    is_named: bool,
}

/// Finds the captures that are wanted, and works on them.
fn with_captures<T>(
    wanted: &Wanted,
    work: impl FnOnce(&Site<'_>, Vec<Chosen<'_>>) -> Result<T, Vec<Error>>,
) -> Result<T, Vec<Error>> {
    let one = |error| vec![error];
    let root = folders::open(&wanted.root).map_err(one)?;
    let captures = folders::find(&root, None).map_err(one)?;
    let mut chosen: Vec<Chosen<'_>> = Vec::new();
    let mut errors = Vec::new();
    for path in &wanted.paths {
        let named: Vec<&Folder> = match captures.folders.iter().find(|folder| folder.path == *path) {
            Some(folder) => vec![folder],
            None => captures.folders.iter().filter(|folder| is_below(&folder.path, path)).collect(),
        };
        let is_named = named.len() == 1 && named[0].path == *path;
        if named.is_empty() {
            errors.extend(no_capture(&root, &captures, path));
        }
        for folder in named {
            if !chosen.iter().any(|known| known.folder.path == folder.path) {
                chosen.push(Chosen { folder, is_named });
            }
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let options = options(&wanted.root, &wanted.trusted);
    let (manifest, cache) = (Manifest::default(), Cache::default());
    let site = Site::new(&options, &root, None, &manifest, &cache, &captures.folders).map_err(one)?;
    work(&site, chosen)
}

fn has_source(folder: &Folder) -> bool {
    folder.files.iter().any(|file| is_source(file.name()))
}

fn update_one(opened: &OpenCapture<'_>) -> Result<Report, Vec<Error>> {
    let mut report = Report { diagnostics: opened.diagnostics.clone(), ..Report::default() };
    if opened.sources.is_empty() && !opened.is_carrying {
        return Err(vec![
            Error::new(ErrorKind::Io, "the capture has no page source to bring up to date")
                .at(Place::file(opened.dir))
                .hint("its page comes from the template; `docgen new` writes a source for it"),
        ]);
    }
    let one = |error| vec![error];
    // In `snippets` without a `body.md` the sections come from the template, and nothing is missing.
    let Pending { index, update, labels } = match opened.pending()? {
        Some(pending) => pending,
        None if opened.carried.is_empty() && opened.needless.is_empty() => return Ok(report),
        None => Pending { index: usize::MAX, update: Update::default(), labels: Labels::default() },
    };
    let mut texts: Vec<String> = opened.sources.iter().map(|source| source.text.clone()).collect();
    if let Some(text) = texts.get_mut(index) {
        text.clone_from(&update.text);
    }
    if !update.added.is_empty() || !opened.lost.is_empty() || !opened.gone.is_empty() {
        let page = opened.resolved.page()?;
        let numbers: HashSet<u32> = update.added.iter().map(|(number, _)| *number).collect();
        let is_added = |exchange: &&Arc<PageExchange>| numbers.contains(&exchange.request.number);
        let added = page.exchanges.iter().filter(is_added).map(|exchange| exchange.index).collect();
        let lost = opened.lost.iter().chain(&opened.gone).map(String::as_str).collect();
        for (source, text) in opened.sources.iter().zip(&mut texts) {
            let source = Source::parse(&source.file, text.as_str())?;
            let lists = step_list::update(&source, &page, &labels, &added, &lost, &opened.missing);
            *text = lists.text;
            report.steps += lists.added;
            report.marked.extend(lists.marked);
        }
    }
    let changed = opened
        .sources
        .iter()
        .zip(&texts)
        .zip(&opened.originals)
        .filter(|((_, text), original)| text != original);
    let named =
        changed.filter_map(|((source, text), _)| Some((source.file.file_name()?.to_str()?, text.as_str())));
    report.write(opened, &labels, named).map_err(one)?;
    report.added = update.added.iter().map(|(number, _)| *number).collect();
    report.marked.extend(update.marked);
    report.marked.sort();
    report.marked.dedup();
    Ok(report)
}

impl Report {
    /// Writes page sources, and the labels that they need into `capture.toml`: all of it or nothing.
    fn write<'t>(
        &mut self,
        opened: &OpenCapture<'_>,
        labels: &Labels,
        sources: impl Iterator<Item = (&'t str, &'t str)>,
    ) -> Result<()> {
        let settings;
        let mut changes: Vec<Change<'_>> = Vec::new();
        if !labels.added.is_empty() || !opened.carried.is_empty() || !opened.needless.is_empty() {
            let file = opened.dir.join("capture.toml");
            let text =
                if opened.root.is_there(&file) { opened.root.read_text(&file)? } else { String::new() };
            let needless: Vec<&str> = opened.needless.iter().map(String::as_str).collect();
            let (needed, dropped) = without_entries(&file, &text, "label", &needless)?;
            let is_kept = |(name, _): &&(String, String)| !dropped.contains(name);
            let carried: Vec<(String, String)> = opened.carried.iter().filter(is_kept).cloned().collect();
            let carried_over = with_texts(&file, &needed, "label", &carried)?;
            settings = with_entries(&file, &carried_over, "label", &labels.added)?;
            changes.extend((settings != text).then_some(("capture.toml", Some(&*settings))));
            self.labels = labels.added.iter().map(|(name, _)| name.clone()).collect();
            (self.carried, self.dropped) = (carried, dropped);
        }
        changes.extend(sources.map(|(name, text)| (name, Some(text))));
        if changes.is_empty() {
            return Ok(());
        }
        folder::change(opened.root, opened.dir, &changes)?;
        self.files.extend(changes.iter().map(|(name, _)| opened.dir.join(name)));
        Ok(())
    }
}

/// A capture, opened to work on its sources.
pub(super) struct OpenCapture<'a> {
    /// The folder of all captures.
    root: &'a Root,
    dir: &'a Path,
    /// The sources, without marks that are needless by now.
    pub(super) sources: Vec<Source>,
    /// What they are on disk.
    originals: Vec<String>,
    pub(super) settings: &'a Settings,
    pub(super) resolved: Resolved<'a>,
    templates: &'a Templates,
    /// Labels that match no exchange.
    lost: Vec<String>,
    /// What there is to say of each.
    of_lost: Vec<Error>,
    /// Labels of optional messages that the trace does not have: they will be back.
    missing: HashSet<String>,
    /// Labels of sections that are marked as gone.
    gone: HashSet<String>,
    /// Those of them that nothing needs.
    needless: Vec<String>,
    /// Labels that need another selector, with that selector, which `settings` has already.
    carried: Vec<(String, String)>,
    /// Whether labels are carried from an old recording.
    is_carrying: bool,
    /// Damaged places of the trace.
    diagnostics: Vec<Error>,
    /// What there is to say of selectors of optional messages that nothing is like.
    pub(super) unmet_options: Vec<Error>,
}

/// What there is to do in a capture's sources.
pub(super) struct Pending {
    /// Which of the sources holds the sections.
    pub(super) index: usize,
    /// What becomes of it.
    pub(super) update: Update,
    /// Names for the exchanges that no source shows.
    pub(super) labels: Labels,
}

impl OpenCapture<'_> {
    /// How the pages are laid out.
    pub(super) fn layout(&self) -> Layout {
        self.settings.layout
    }

    /// What there is to do; `None` where the sections come from a template.
    ///
    /// # Errors
    /// Those of [`Resolved::page`].
    pub(super) fn pending(&self) -> Result<Option<Pending>, Vec<Error>> {
        let name = self.settings.layout.traits().sections;
        let Some(index) = self.sources.iter().position(|source| source.file.ends_with(name)) else {
            return Ok(None);
        };
        let page = Arc::new(self.resolved.page()?);
        let scope = self.resolved.scope();
        // Which exchanges a source shows needs no other capture.
        let filler = Filler::new(&page, self.templates, scope, &NoOtherCaptures, "", &self.gone);
        let shown = filler.exchanges_shown(&self.sources.iter().collect::<Vec<_>>());
        let unshown = page.exchanges.iter().filter(|exchange| !shown[exchange.index]).map(|found| &**found);
        let taken: Vec<String> = self.lost.iter().chain(&self.gone).chain(&self.missing).cloned().collect();
        let labels = Labels::complete(&self.resolved, &page, unshown, &taken);
        let lost: Vec<&str> = self.lost.iter().map(String::as_str).collect();
        let source = &self.sources[index];
        let resolve = |selector: &str| scope.find(selector, &Place::file(&source.file)).ok();
        let facts = Facts { page: &page, shown: &shown, lost: &lost, resolve: &resolve };
        let update = update::update(source, &facts, &labels);
        Ok(Some(Pending { index, update, labels }))
    }
}

/// Opens the capture of a location and works on it.
fn with_open_capture<T>(
    location: &Location,
    trusted: &[PathBuf],
    work: impl FnOnce(&OpenCapture<'_>) -> Result<T, Vec<Error>>,
) -> Result<T, Vec<Error>> {
    let one = |error| vec![error];
    let root = folders::open(&location.root).map_err(one)?;
    let captures = folders::find(&root, None).map_err(one)?;
    let Some(folder) = captures.folders.iter().find(|folder| folder.path == location.path) else {
        return Err(no_capture(&root, &captures, &location.path));
    };
    let options = options(&location.root, trusted);
    let (manifest, cache) = (Manifest::default(), Cache::default());
    let site = Site::new(&options, &root, None, &manifest, &cache, &captures.folders).map_err(one)?;
    open(&site, folder, work)
}

/// What there is to say of a path at which no capture can be opened.
pub(super) fn no_capture(root: &Root, captures: &folders::Captures, path: &str) -> Vec<Error> {
    if captures.is_left_out(path) && !captures.errors.is_empty() {
        let dir = root.shown(path.as_ref());
        let is_about = |error: &&Error| error.place().is_some_and(|place| place.file.starts_with(&dir));
        let about: Vec<Error> = captures.errors.iter().filter(is_about).cloned().collect();
        return if about.is_empty() { captures.errors.clone() } else { about };
    }
    vec![
        Error::new(ErrorKind::Io, "this folder is no capture: it has no trace")
            .at(Place::file(root.shown(path.as_ref())))
            .hint("put a trace.har or trace.log there, or name another folder"),
    ]
}

pub(super) fn options(root: &Path, trusted: &[PathBuf]) -> Options {
    Options { captures: root.to_owned(), check: true, trusted: trusted.to_vec(), ..Options::default() }
}

/// What there is to say of labels of which it is not clear that their exchange is gone: nothing is to
/// be marked for them.
fn unclear(scope: &Scope<'_>, failing: &[&(String, Located<String>)]) -> Option<Vec<Error>> {
    let mut renamed = scope.renamed();
    renamed.retain(|found| failing.iter().any(|(name, _)| found.labels.contains(name)));
    let mut errors: Vec<Error> = renamed.iter().map(Renamed::error).collect();
    let mut explained: HashSet<String> = renamed.into_iter().flat_map(|found| found.labels).collect();
    let lost: Vec<&str> =
        failing.iter().map(|(name, _)| &**name).filter(|name| !explained.contains(*name)).collect();
    for (labels, error) in scope.without_value(&lost) {
        explained.extend(labels);
        errors.push(error);
    }
    let others = failing.iter().filter(|(name, _)| !explained.contains(name) && !scope.is_lost(name));
    errors.extend(others.filter_map(|(name, at)| scope.find(name, &at.place).err()));
    (!errors.is_empty()).then_some(errors)
}

/// Opens a capture of a run and works on it.
pub(super) fn open<T>(
    site: &Site<'_>,
    folder: &Folder,
    work: impl FnOnce(&OpenCapture<'_>) -> Result<T, Vec<Error>>,
) -> Result<T, Vec<Error>> {
    open_carrying(site, folder, None, work)
}

/// The same, with labels carried from what was there before.
fn open_carrying<T>(
    site: &Site<'_>,
    folder: &Folder,
    before: Option<&Before>,
    work: impl FnOnce(&OpenCapture<'_>) -> Result<T, Vec<Error>>,
) -> Result<T, Vec<Error>> {
    let one = |error| vec![error];
    let mut capture = site.read(folder)?;
    let templates = site.templates(&capture.settings, &mut capture.read).map_err(one)?;
    let profile = site.profile(&capture.settings, &mut capture.read).map_err(one)?;
    let phrases = site.phrases(&capture.settings, &templates, profile.as_deref()).map_err(one)?;
    let carried = before.map(|before| before.carry(&capture, profile.as_deref()));
    let carried = carried.transpose().map_err(one)?.unwrap_or_default();
    for (name, selector) in &carried.selectors {
        let labels = capture.settings.labels.iter_mut().filter(|(known, _)| known == name);
        labels.for_each(|(_, at)| at.value.clone_from(selector));
    }
    let sources = capture.take_sources()?;
    let originals = sources.iter().map(|source| source.text.clone()).collect();
    let input = capture.input(profile.as_deref(), &phrases);

    let resolved = Resolved::new(&input);
    let (known, lost): (Vec<_>, Vec<_>) =
        input.settings.labels.iter().partition(|(name, at)| resolved.scope().find(name, &at.place).is_ok());
    let missing: HashSet<String> = resolved.missing_optional().into_iter().map(str::to_owned).collect();
    let names: HashSet<&str> = known.iter().map(|(name, _)| name.as_str()).collect();
    let is_known = |label: &str| names.contains(label) || missing.contains(label);
    let mut current = Vec::with_capacity(sources.len());
    for source in sources {
        let text = update::without_needless_marks(&source, is_known);
        current.push(if text == source.text { source } else { Source::parse(source.file, text)? });
    }
    let gone: HashSet<String> =
        current.iter().flat_map(Source::gone).flat_map(|(_, labels)| labels.to_vec()).collect();
    let lost: Vec<_> =
        lost.into_iter().filter(|(name, _)| !gone.contains(name) && !missing.contains(name)).collect();
    let used = used_labels(&input.settings.labels, &current);
    // Of what an old recording tells is gone, there is no doubt, and what nobody uses needs no other.
    let is_wanted = |name: &String| used.contains(name) || !resolved.scope().is_clear(name);
    let is_doubtful = |name: &String| is_wanted(name) && !carried.gone.contains(name);
    let doubtful: Vec<_> = lost.iter().copied().filter(|(name, _)| is_doubtful(name)).collect();
    if let Some(errors) = unclear(&resolved.scope(), &doubtful) {
        return Err(errors);
    }
    let of_lost = lost.iter().filter_map(|(name, at)| resolved.scope().find(name, &at.place).err()).collect();
    let renamed: HashSet<String> =
        resolved.scope().renamed().into_iter().flat_map(|found| found.labels).collect();
    let of_boxes: HashSet<&str> = input
        .settings
        .groups
        .iter()
        .flat_map(Group::names)
        .chain(input.settings.notes.iter().map(Note::name))
        .collect();
    // What is between marks may come back.
    let is_in_marks = |name: &String| {
        current.iter().any(|source| source.gone().any(|(span, _)| source.text[span.clone()].contains(name)))
    };
    let is_needless = |name: &String| {
        let is_gone = resolved.scope().is_lost(name) && !renamed.contains(name);
        !used.contains(name) && !of_boxes.contains(&**name) && !is_in_marks(name) && is_gone
    };
    let needless = lost.iter().map(|(name, _)| name.clone()).filter(is_needless).collect();
    let lost = lost.iter().map(|(name, _)| name.clone()).collect();
    let unmet_options = resolved.unmet_optional();
    // Boxes and notes may be about what is lost, and are nothing that a source shows.
    let settings = Settings {
        labels: known.into_iter().cloned().collect(),
        groups: Vec::new(),
        notes: Vec::new(),
        ..input.settings.clone()
    };
    let input = Input { settings: &settings, ..input };
    work(&OpenCapture {
        root: site.captures_root,
        dir: &folder.dir,
        sources: current,
        originals,
        settings: &settings,
        resolved: Resolved::new(&input),
        templates: &templates,
        lost,
        of_lost,
        missing,
        gone,
        needless,
        carried: carried.selectors,
        is_carrying: before.is_some(),
        diagnostics: capture.diagnostics.clone(),
        unmet_options,
    })
}
