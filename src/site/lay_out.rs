//! One capture to the files of its page.
//!
//! Templates, profile and phrases are at hand, other captures are asked where prose speaks of them.
//! What this leaves out: where the files go, and how their text is made (`render`).

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::{Arc, PoisonError};

use super::capture::Capture;
use super::file_state::FileState;
use super::folders::Folder;
use super::idle_vars::idle;
use super::last_run;
use super::page_path::PagePath;
use super::shared::{SharedSummaries, Site};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::files::own_folder::OwnFolder;
use crate::page::index::Listed;
use crate::page::{Page, Phrases, Resolved, Source};
use crate::render::drawing::expect_drawable;
use crate::render::files::Maker;
use crate::render::templates::Content;
use crate::render::{diagram_size, holes};
use crate::sequence::selector::Selector;
use crate::settings::{Group, Layout, Note, Settings};
use crate::toml_file::nearest;

/// The files of a page, and what an index tells of it.
pub(super) type LaidOut = (Vec<(PagePath, Content)>, Option<Listed>);

impl Site<'_> {
    /// The files of a capture, where they belong, and their content; and what an index tells of it, if there is
    /// one above it.
    pub(super) fn lay_out(&self, capture: &mut Capture<'_>) -> Result<LaidOut, Vec<Error>> {
        let one = |error| vec![error];
        expect_drawable(&capture.settings).map_err(one)?;
        let templates = self.templates(&capture.settings, &mut capture.read).map_err(one)?;
        let profile = self.profile(&capture.settings, &mut capture.read).map_err(one)?;
        let phrases = self.phrases(&capture.settings, &templates, profile.as_deref()).map_err(one)?;
        self.check_collision(capture.folder, capture.settings.layout).map_err(one)?;
        let sources = capture.take_sources()?;
        let gone = forget_gone(&mut capture.settings, &sources);
        let input = capture.input(profile.as_deref(), &phrases);
        let resolved = Resolved::new(&input);
        let (path, layout) = (&capture.folder.path, input.settings.layout);
        let page = resolved.page_for(&sources).map_err(|mut errors| {
            let labels = input.settings.labels.iter();
            let scope = resolved.scope();
            let renamed: HashSet<String> =
                scope.renamed().into_iter().flat_map(|found| found.labels).collect();
            // What is wrong with a label that comes after a lost one is told of that one.
            let is_own = |error: &Error, at: &Place| error.place() == Some(at);
            let lost = labels.filter(|(name, at)| {
                scope.find(name, &at.place).is_err_and(|error| is_own(&error, &at.place))
                    && scope.is_lost(name)
                    && !renamed.contains(name)
            });
            let lost: HashSet<&str> = lost.map(|(name, _)| name.as_str()).collect();
            errors.extend(sources.iter().flat_map(|source| holes::holes_of_lost(source, &lost)));
            errors
        })?;
        let mut told = page.left_out.clone();
        let whole = (String::new(), diagram_size::parts(&page));
        let insides = page.exchanges.iter().filter(|found| !found.relations.inside.is_empty()).map(|found| {
            let parts = diagram_size::parts_of(&page, &found.relations.inside);
            (format!(" inside ({})", found.request.number), parts)
        });
        for (inside, parts) in std::iter::once(whole).chain(insides).filter(|(_, parts)| !parts.is_empty()) {
            let (parts, most) = (parts.len(), diagram_size::MOST);
            let message = format!(
                "the diagram{inside} is drawn in {parts} parts: mermaid draws none of more than {most} characters"
            );
            told.push(Error::warning(ErrorKind::Setting, message).at(Place::file(&capture.folder.dir)).hint(
                "leave exchanges out with `[[filter]]`, or shorten paths with `[vars]` or `query = false`",
            ));
        }
        told.extend(idle(capture, self.captures_root, &sources));
        let own_path = PagePath::own(path, layout);
        let others = OtherCaptures { site: self, own: &capture.folder.path, read: RefCell::default() };
        let own_path = own_path.as_str();
        let mut page = Arc::new(page);
        let scope = resolved.scope();
        let maker = Maker { templates: &templates, scope, others: &others, own_path, gone: &gone };
        let files = maker.files(&mut page, &sources)?;
        let read = others.read.into_inner();
        capture.read.extend(read);
        capture.diagnostics.extend(told);
        let listed = self.is_listed(capture.folder).then(|| Listed::of(&page, own_path.to_owned()));
        let files = files.into_iter().map(|(file, content)| (PagePath::of(path, file), content)).collect();
        Ok((files, listed))
    }

    /// The exchanges of a capture, for pages that share their beginning.
    pub(super) fn summaries_of(&self, folder: &Folder) -> Result<SharedSummaries> {
        let first = |mut errors: Vec<Error>| errors.swap_remove(0);
        let mut capture = self.read(folder).map_err(first)?;
        let profile = self.profile(&capture.settings, &mut capture.read)?;
        // A label that is lost there is that page's trouble.
        capture.settings.labels.clear();
        capture.settings.groups.clear();
        capture.settings.notes.clear();
        let phrases = Phrases::default();
        let input = capture.input(profile.as_deref(), &phrases);
        let page = Page::new(&input).map_err(first)?;
        Ok((Arc::new(holes::ExchangeSummary::all(&page)), capture.read))
    }

    /// A page `a/index.md` and a snippet of `a` would be the same file.
    pub(super) fn check_collision(&self, folder: &Folder, layout: Layout) -> Result<()> {
        let path = &folder.path;
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let may_collide = Layout::files().any(|file| file.ending.strip_suffix(".md") == Some(name));
        if !may_collide {
            return Ok(());
        }
        let Some(other) = self.captures.get(above).filter(|_| !path.is_empty()) else { return Ok(()) };
        let paths = |capture: &str, layout: Layout| {
            layout.traits().files.iter().map(|file| PagePath::of(capture, file)).collect::<Vec<_>>()
        };
        let theirs = paths(above, Capture::settings(self.captures_root, other)?.layout);
        if !paths(path, layout).iter().any(|made| theirs.contains(made)) {
            return Ok(());
        }
        let above = if above.is_empty() { "." } else { above };
        Err(Error::new(
            ErrorKind::Setting,
            format!("the page of `{path}` would be the same file as one of `{above}`"),
        )
        .at(Place::file(&folder.dir))
        .hint("rename one of the two captures"))
    }
}

/// Takes the labels that sources mark as gone out of the settings, and gives them. One that is named elsewhere
/// too stays, to be told of as what it is: a label whose exchange is gone.
pub(super) fn forget_gone(settings: &mut Settings, sources: &[Source]) -> HashSet<String> {
    let gone: HashSet<String> =
        sources.iter().flat_map(Source::gone).flat_map(|(_, labels)| labels.to_vec()).collect();
    let needed = named_in(settings);
    settings.labels.retain(|(label, _)| !gone.contains(label) || needed.contains(label));
    gone
}

/// The labels that boxes, notes and other labels name.
pub(super) fn named_in(settings: &Settings) -> HashSet<String> {
    let labels = settings.labels.iter().filter_map(|(_, at)| Selector::parse(&at.value).ok()?.after);
    let notes = settings.notes.iter().map(Note::name);
    settings.groups.iter().flat_map(Group::names).chain(notes).chain(labels).map(str::to_owned).collect()
}

/// The other captures of a run, as the holes of one ask for them.
struct OtherCaptures<'a> {
    site: &'a Site<'a>,
    own: &'a str,
    /// What was read of them.
    read: RefCell<Vec<FileState>>,
}

impl OtherCaptures<'_> {
    fn folder(&self, capture: &str) -> Option<&Folder> {
        let folder = self.site.captures.get(capture)?;
        // A file that comes or goes there has to be noticed too.
        self.read.borrow_mut().extend(FileState::now(self.site.captures_root, &folder.dir));
        Some(folder)
    }
}

impl holes::OtherCaptures for OtherCaptures<'_> {
    fn exchanges_of(&self, capture: &str) -> Result<Option<Arc<Vec<holes::ExchangeSummary>>>> {
        let Some(folder) = self.folder(capture) else { return Ok(None) };
        let mut all = self.site.summaries.lock().unwrap_or_else(PoisonError::into_inner);
        let (summaries, read) = match all.get(capture) {
            Some(known) => known.clone(),
            None => {
                let made = self.site.summaries_of(folder)?;
                all.insert(capture.to_owned(), made.clone());
                made
            }
        };
        self.read.borrow_mut().extend(read);
        Ok(Some(summaries))
    }

    fn page_path(&self, capture: &str) -> Result<Option<String>> {
        let Some(folder) = self.folder(capture) else { return Ok(None) };
        let root = self.site.captures_root;
        let layout = Capture::settings(root, folder)?.layout;
        let shared = folder.shared.iter().map(|shared| &shared.found);
        let settings = shared.chain(folder.file("capture.toml"));
        self.read.borrow_mut().extend(settings.filter_map(|file| FileState::now(root, &file.path)));
        Ok(Some(PagePath::own(capture, layout).to_string()))
    }

    fn last_seen(&self) -> Result<Option<holes::LastSeen>> {
        let root = self.site.captures_root;
        let own = OwnFolder::of(root)?;
        self.read.borrow_mut().extend(FileState::now(root, &own.shown(last_run::FILE)));
        let seen = last_run::noted(&own)?.captures.remove(self.own).and_then(|ran| ran.seen);
        Ok(seen.map(|seen| holes::LastSeen { time: seen.at, release: seen.release }))
    }

    fn nearest(&self, capture: &str) -> Option<String> {
        let others = || self.site.captures.keys().copied().filter(|path| *path != self.own);
        let last = |path: &str| path.rsplit('/').next().map(str::to_owned);
        let near = others().filter(|path| last(path) == last(capture)).min();
        near.or_else(|| nearest(capture, others())).map(str::to_owned)
    }
}
