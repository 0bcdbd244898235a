//! A name of captures, changed wherever docgen reads it.
//!
//! A label stands in settings, in page sources, and in links to the section that is called by it; whoever
//! changes it by hand finds the last place with a reader's help. Here all files are read, what names it is
//! found by what it is, never by how it is spelled, and the new texts are read again before one is written.
//! What names it and is not docgen's to change (prose, pages that people wrote into the docs folder) is told
//! with its line. What this leaves out: recordings, which are facts.

mod capture;
mod descriptions;
mod files;
mod name;
mod participant;
mod settings_text;
mod source_text;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::Nested;
use super::cache::Cache;
use super::capture::{Capture, is_source};
use super::check::resolve;
use super::docs::Docs;
use super::drafts::{no_capture, options};
use super::folders::{self, Captures, Folder, page_of};
use super::lay_out::forget_gone;
use super::manifest::Manifest;
use super::page_path::PagePath;
use super::shared::Site;
use crate::edit::Edit;
use crate::error::{Error, ErrorKind, Place, Result};
use crate::files::{LARGEST_TRACE, Root, is_hidden};
use crate::page::{Page, Resolved, Source};
use crate::settings::{HoleWord, Layer, Layout, Settings, is_identifier};
use crate::suite::is_below;
use crate::toml_file::nearest;
use capture::Move;
use files::Files;
use name::Renaming;
use settings_text::all_said;

/// What to rename, and where.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The folder of all captures.
    pub root: PathBuf,
    /// That of the pages, where it is known: links in pages that people wrote there are looked at.
    pub docs: Option<PathBuf>,
    /// Folders in which settings may name files, beside the one of the captures.
    pub trusted: Vec<PathBuf>,
    /// What.
    pub name: Name,
}

/// A name, and the one that takes its place.
#[derive(Clone, Debug)]
pub enum Name {
    /// Of an exchange.
    Label {
        /// A capture, or a folder of captures, by its path below the folder of all.
        path: String,
        /// What it is called.
        old: String,
        /// What it is to be called.
        new: String,
    },
    /// Of one who sends or receives.
    Participant {
        /// A capture, or a folder of captures, by its path below the folder of all.
        path: String,
        /// Its id.
        old: String,
        /// What that is to be.
        new: String,
    },
    /// Of a capture, or a folder of captures: paths below the folder of all.
    Capture {
        /// Where it is.
        old: String,
        /// Where it is to be.
        new: String,
    },
}

/// A file that is to change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The file, as the user would name it.
    pub file: PathBuf,
    /// Its text.
    pub old: String,
    /// Its new text.
    pub new: String,
}

/// A folder that is to have another place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Where it is.
    pub from: PathBuf,
    /// Where it is to be.
    pub to: PathBuf,
}

/// What is to be done for a new name. Nothing is done yet.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The files that are to change, in the order of their paths.
    pub changed: Vec<Changed>,
    /// A folder that is to have another place, once its files are changed.
    pub moved: Option<Moved>,
    /// What names it and stays as it is, for a person.
    pub left: Vec<Error>,
}

/// Says what a new name changes.
///
/// # Errors
/// Why it cannot be: no such name, one that is taken or means something else, files that cannot be read or may
/// not be written to. Nothing is changed.
pub fn plan(wanted: &Wanted) -> Result<Plan, Vec<Error>> {
    let one = |error| vec![error];
    let root = folders::open(&wanted.root).map_err(one)?;
    let nested = wanted.docs.as_deref().map(|docs| Nested::of(&root, docs)).transpose().map_err(one)?;
    let captures = folders::find(&root, nested.and_then(|nested| nested.docs).as_deref()).map_err(one)?;
    if !captures.errors.is_empty() {
        return Err(captures.errors);
    }
    let options = options(&wanted.root, &wanted.trusted);
    let (manifest, cache) = (Manifest::default(), Cache::default());
    let site = Site::new(&options, &root, None, &manifest, &cache, &captures.folders).map_err(one)?;
    let mut work = Work {
        wanted,
        root: &root,
        captures: &captures,
        site: &site,
        files: Files::new(&root),
        left: Vec::new(),
    };
    let mut moved = None;
    match &wanted.name {
        Name::Label { path, old, new } => work.rename_label(path, old, new)?,
        Name::Participant { path, old, new } => work.rename_participant(path, old, new)?,
        Name::Capture { old, new } => moved = Some(work.rename_capture(Move { old, new })?),
    }
    let Work { files, left, .. } = work;
    let changed = files.changed();
    let obstacles = files::obstacles(&root, &changed);
    if obstacles.is_empty() { Ok(Plan { changed, moved, left }) } else { Err(obstacles) }
}

/// Does what a plan says: all of it or nothing.
///
/// # Errors
/// [`ErrorKind::Io`], and where a file is not what it was any more when the plan was made.
pub fn carry_out(root: &Path, plan: &Plan) -> Result<()> {
    let root = folders::open(root)?;
    for changed in &plan.changed {
        if root.read_text(&changed.file)? != changed.old {
            return Err(Error::new(ErrorKind::Ownership, "this file was changed meanwhile")
                .at(Place::file(&changed.file))
                .hint("run docgen again; nothing was changed"));
        }
    }
    files::change(&root, &plan.changed)?;
    let Some(moved) = &plan.moved else { return Ok(()) };
    files::put_folder(&root, moved).map_err(|error| {
        let back = |changed: &Changed| Changed {
            old: changed.new.clone(),
            new: changed.old.clone(),
            ..changed.clone()
        };
        match files::change(&root, &plan.changed.iter().map(back).collect::<Vec<_>>()) {
            Ok(()) => error.hint("nothing was changed"),
            Err(_) => {
                error.hint(format!("move it to `{}` by hand: the files say so already", moved.to.display()))
            }
        }
    })
}

/// New anchors by old ones, of the pages of a capture.
type Anchors = HashMap<String, String>;

struct Work<'w> {
    wanted: &'w Wanted,
    root: &'w Root,
    captures: &'w Captures,
    site: &'w Site<'w>,
    files: Files<'w>,
    left: Vec<Error>,
}

impl<'w> Work<'w> {
    fn rename_label(&mut self, path: &str, old: &str, new: &str) -> Result<(), Vec<Error>> {
        let one = |error| vec![error];
        expect_label(new).map_err(one)?;
        if old == new {
            return Err(vec![Error::new(ErrorKind::Usage, format!("`{new}` is its name already"))]);
        }
        let concerned = self.at_or_below(path)?;
        let settings = self.settings_files(|folder| is_below(folder, path)).map_err(one)?;
        let above = self.settings_files(|folder| folder != path && is_below(path, folder)).map_err(one)?;
        self.expect_defined(path, old, &settings, &above, &concerned)?;
        self.expect_free(new, settings.iter().chain(&above), &concerned)?;
        for file in &settings {
            let text = self.files.text(file).map_err(one)?;
            Layer::parse(file, &text).map_err(one)?;
            self.files.edit(file, settings_text::of_label(&text, old, new));
        }
        let renaming = Renaming::Label { old, new };
        for folder in &concerned {
            for source in self.sources(folder)? {
                let edits = source_text::of_names(&source, &renaming)?;
                self.files.edit(&source.file, edits);
            }
        }
        self.follow_anchors(&concerned)
    }

    /// The captures of a path, or below it.
    fn at_or_below(&self, path: &str) -> Result<Vec<&'w Folder>, Vec<Error>> {
        let found: Vec<&Folder> =
            self.captures.folders.iter().filter(|folder| is_below(&folder.path, path)).collect();
        if found.is_empty() { Err(no_capture(self.root, self.captures, path)) } else { Ok(found) }
    }

    /// The files of settings in the folders that are wanted, each with its text read.
    fn settings_files(&mut self, is_wanted: impl Fn(&str) -> bool) -> Result<Vec<PathBuf>> {
        let shared = self.captures.settings_of_folders().map(|(path, file)| (path, file.to_owned()));
        let own = self
            .captures
            .folders
            .iter()
            .filter_map(|folder| Some((folder.path.as_str(), folder.file("capture.toml")?.path.clone())));
        let files: Vec<PathBuf> =
            shared.chain(own).filter(|(path, _)| is_wanted(path)).map(|(_, file)| file).collect();
        files.iter().try_for_each(|file| self.files.text(file).map(drop))?;
        Ok(files)
    }

    /// The page sources of a capture.
    fn sources(&mut self, folder: &Folder) -> Result<Vec<Source>, Vec<Error>> {
        let files = folder.files.iter().filter(|file| is_source(file.name()));
        let mut sources = Vec::new();
        for file in files {
            let text = self.files.text(&file.path).map_err(|error| vec![error])?;
            sources.push(Source::parse(&file.path, text)?);
        }
        Ok(sources)
    }

    /// Whether one of `settings` has a label of this name, or a mark in a source of one that is gone.
    fn expect_defined(
        &mut self,
        path: &str,
        old: &str,
        settings: &[PathBuf],
        above: &[PathBuf],
        concerned: &[&Folder],
    ) -> Result<(), Vec<Error>> {
        let one = |error| vec![error];
        for file in above {
            if let Some(place) = self.place_of_label(file, old).map_err(one)? {
                let folder = file.parent().unwrap_or(Path::new("."));
                let message = format!("the label `{old}` is of all captures in `{}`", folder.display());
                return Err(vec![Error::new(ErrorKind::Label, message).at(place).hint(format!(
                    "name that folder: `docgen rename label {} {old} NEW`",
                    folder.display()
                ))]);
            }
        }
        let mut known = BTreeSet::new();
        for file in settings {
            known.extend(self.labels(file).map_err(one)?);
        }
        for folder in concerned {
            for source in self.sources(folder)? {
                known.extend(source.gone().flat_map(|(_, labels)| labels.to_vec()));
            }
        }
        if known.contains(old) {
            return Ok(());
        }
        let at = match settings {
            [file] => file.clone(),
            _ => self.root.shown(Path::new(path)),
        };
        let error =
            Error::new(ErrorKind::Label, format!("there is no label `{old}` here")).at(Place::file(at));
        Err(vec![match nearest(old, known.iter().map(String::as_str)) {
            Some(near) => error.hint(format!("did you mean `{near}`?")),
            None if known.is_empty() => error.hint("`docgen new` writes labels"),
            None => error.hint(format!(
                "the labels are {}",
                known.iter().take(LABELS_NAMED).cloned().collect::<Vec<_>>().join(", ")
            )),
        }])
    }

    /// Whether no file of settings and no mark in a source has a label of this name.
    fn expect_free<'f>(
        &mut self,
        new: &str,
        settings: impl Iterator<Item = &'f PathBuf>,
        concerned: &[&Folder],
    ) -> Result<(), Vec<Error>> {
        let taken = |place: Place| {
            vec![
                Error::new(ErrorKind::Label, format!("there is a label `{new}` already"))
                    .at(place)
                    .hint("take another name, or rename that one first; nothing was changed"),
            ]
        };
        for file in settings {
            if let Some(place) = self.place_of_label(file, new).map_err(|error| vec![error])? {
                return Err(taken(place));
            }
        }
        for folder in concerned {
            for source in self.sources(folder)? {
                let of_new = source.gone().find(|(_, labels)| labels.iter().any(|label| label == new));
                if let Some((span, _)) = of_new {
                    let line = source.text[span.clone()].find('\n').unwrap_or(span.len());
                    return Err(taken(source.place(&(span.start..span.start + line))));
                }
            }
        }
        Ok(())
    }

    /// Where a file of settings has a label of this name.
    fn place_of_label(&mut self, file: &Path, name: &str) -> Result<Option<Place>> {
        let text = self.files.text(file)?;
        let key = all_said(&text).into_iter().find(|said| said.is_label() && said.text == name);
        Ok(key.map(|key| Place::span(file, &text, key.span.start, key.span.end)))
    }

    /// The labels of a file of settings.
    fn labels(&mut self, file: &Path) -> Result<Vec<String>> {
        let text = self.files.text(file)?;
        Ok(all_said(&text).into_iter().filter(|said| said.is_label()).map(|said| said.text).collect())
    }

    /// Has links follow the anchors that change with the names of these captures, and sees that their new texts
    /// are right.
    fn follow_anchors(&mut self, concerned: &[&Folder]) -> Result<(), Vec<Error>> {
        let mut changed: HashMap<String, Anchors> = HashMap::new();
        for folder in concerned {
            let (settings, sources) = self.as_planned(folder)?;
            let old = self.page(folder, None);
            let new = self.page(folder, Some((settings, sources)));
            match (old, new) {
                (Ok(old), Ok(new)) => {
                    let pairs = old.exchanges.iter().zip(&new.exchanges);
                    let anchors = pairs.flat_map(|(old, new)| {
                        let response = old.response.iter().zip(&new.response);
                        std::iter::once((&old.request, &new.request)).chain(response)
                    });
                    let anchors =
                        anchors.filter_map(|(old, new)| Some((old.anchor.as_ref()?, new.anchor.as_ref()?)));
                    let anchors = anchors.filter(|(old, new)| old != new);
                    let anchors: Anchors =
                        anchors.map(|(old, new)| (old.to_string(), new.to_string())).collect();
                    if !anchors.is_empty() {
                        changed.insert(folder.path.clone(), anchors);
                    }
                }
                // What was wrong before is for `docgen render` to tell.
                (Err(_), _) => self.left.push(
                    Error::warning(
                        ErrorKind::Link,
                        "this page cannot be made, so that no link to its sections was looked at",
                    )
                    .at(Place::file(&folder.dir))
                    .hint("`docgen render` tells why"),
                ),
                (Ok(_), Err(errors)) => return Err(errors),
            }
        }
        if changed.is_empty() { Ok(()) } else { self.rename_links(&changed) }
    }

    /// The settings and sources of a capture as they are to be.
    fn as_planned(&mut self, folder: &Folder) -> Result<(Settings, Vec<Source>), Vec<Error>> {
        let one = |error| vec![error];
        let shared = folder.shared.iter().map(|shared| shared.found.path.clone());
        let own = folder.file("capture.toml").map(|file| file.path.clone());
        let mut layers = Vec::new();
        for file in shared.chain(own) {
            let text = self.files.new_text(&file).map_err(one)?;
            layers.push(Layer::parse(&file, &text).map_err(one)?);
        }
        let mut sources = Vec::new();
        for file in folder.files.iter().filter(|file| is_source(file.name())) {
            let text = self.files.new_text(&file.path).map_err(one)?;
            sources.push(Source::parse(&file.path, text)?);
        }
        Ok((Settings::resolve(&layers), sources))
    }

    /// The page of a capture, as it is or as it is planned.
    fn page(&self, folder: &Folder, planned: Option<(Settings, Vec<Source>)>) -> Result<Page, Vec<Error>> {
        let one = |error| vec![error];
        let mut capture = self.site.read(folder)?;
        let sources = match planned {
            Some((planned, sources)) => {
                // What values of other captures were put into stays.
                let Settings { labels, groups, notes, filters, participants, .. } = planned;
                let settings = std::mem::take(&mut capture.settings);
                capture.settings = Settings { labels, groups, notes, filters, participants, ..settings };
                sources
            }
            None => capture.take_sources()?,
        };
        let templates = self.site.templates(&capture.settings, &mut capture.read).map_err(one)?;
        let profile = self.site.profile(&capture.settings, &mut capture.read).map_err(one)?;
        let phrases = self.site.phrases(&capture.settings, &templates, profile.as_deref()).map_err(one)?;
        forget_gone(&mut capture.settings, &sources);
        Resolved::new(&capture.input(profile.as_deref(), &phrases)).page_for(&sources)
    }

    /// Has links in page sources lead to new anchors, and tells of those in pages that people wrote.
    fn rename_links(&mut self, changed: &HashMap<String, Anchors>) -> Result<(), Vec<Error>> {
        let pages = self.pages();
        for folder in &self.captures.folders {
            let layout = self.layout(folder);
            for source in self.sources(folder)? {
                let file = layout.traits().files.iter().find(|file| file.is_of(&source.file));
                let Some(own) = file.map(|file| PagePath::of(&folder.path, file)) else { continue };
                let mut edits = anchors_of_links(&source.text, own.as_str(), &pages, changed);
                for (capture, span) in source_text::anchors_behind_holes(&source) {
                    let new =
                        changed.get(capture).and_then(|anchors| anchors.get(&source.text[span.clone()]));
                    edits.extend(new.map(|new| Edit::new(span, new.clone())));
                }
                self.files.edit(&source.file, edits);
            }
        }
        self.in_descriptions(|text, own| anchors_of_links(text, own, &pages, changed))?;
        self.tell_links_in_docs(&pages, changed)
    }

    /// The captures, and the folders with a report or an index, by the paths of their pages.
    fn pages(&self) -> HashMap<String, String> {
        let of_folder = |folder: &Folder| {
            let files = self.layout(folder).traits().files;
            files.iter().map(|file| PagePath::of(&folder.path, file).to_string()).collect::<Vec<_>>()
        };
        let folders = self.captures.folders.iter();
        let of_captures =
            folders.flat_map(|folder| of_folder(folder).into_iter().map(|page| (page, folder.path.clone())));
        let others = self.captures.reports.iter().chain(&self.captures.indexes);
        let of_others = others.map(|folder| (page_of(self.root, folder).to_string(), folder.path.clone()));
        of_captures.chain(of_others).collect()
    }

    fn layout(&self, folder: &Folder) -> Layout {
        Capture::settings(self.root, folder).map(|settings| settings.layout).unwrap_or_default()
    }

    /// Tells of links to anchors that change, in pages that people wrote into the docs folder.
    fn tell_links_in_docs(
        &mut self,
        pages: &HashMap<String, String>,
        changed: &HashMap<String, Anchors>,
    ) -> Result<(), Vec<Error>> {
        let told = self.written_pages(pages)?.into_iter().flat_map(|(file, own, text)| {
            let edits = anchors_of_links(&text, &own, pages, changed);
            let told = edits.into_iter().map(|edit| {
                let old = &text[edit.start..edit.end];
                Error::warning(ErrorKind::Link, format!("the section `#{old}` is called `#{}` now", edit.new))
                    .at(Place::span(&file, &text, edit.start, edit.end))
                    .hint("docgen changes no page that it did not write: change the link by hand")
            });
            told.collect::<Vec<_>>()
        });
        let told: Vec<Error> = told.collect();
        self.left.extend(told);
        Ok(())
    }

    /// The Markdown in the docs folder that no capture makes: each file, its path there, and its text.
    fn written_pages(
        &self,
        pages: &HashMap<String, String>,
    ) -> Result<Vec<(PathBuf, String, String)>, Vec<Error>> {
        let one = |error| vec![error];
        let Some(docs) = &self.wanted.docs else { return Ok(Vec::new()) };
        let Some(docs) = Docs::open(docs).map_err(one)? else { return Ok(Vec::new()) };
        let (manifest, _) = Manifest::read(&docs).map_err(one)?;
        let docs = docs.root();
        let (files, _) = docs.files(docs.path(), &is_hidden);
        let mut written = Vec::new();
        for file in files.into_iter().filter(|file| file.is_file && !file.is_link).map(|file| file.path) {
            let below = file.strip_prefix(docs.path()).unwrap_or(&file).to_string_lossy();
            let path = below.replace(std::path::MAIN_SEPARATOR, "/");
            let is_made =
                pages.contains_key(&path) || PagePath::parse(&path).is_some_and(|page| manifest.holds(&page));
            if is_made || !path.ends_with(".md") {
                continue;
            }
            let text = docs.read(&file, LARGEST_TRACE).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            written.extend(text.map(|text| (file, path, text)));
        }
        Ok(written)
    }
}

/// How many labels an error names.
const LABELS_NAMED: usize = 50;

/// The edits of the anchors in links of a page to sections that are called otherwise.
fn anchors_of_links(
    text: &str,
    own: &str,
    pages: &HashMap<String, String>,
    changed: &HashMap<String, Anchors>,
) -> Vec<Edit> {
    let edits = source_text::targets(text).into_iter().filter_map(|span| {
        let (path, anchor) = text[span.clone()].split_once('#')?;
        let path = path.split('?').next().unwrap_or_default();
        let page = if path.is_empty() { Some(own.to_owned()) } else { resolve(own, path) };
        let new = changed.get(pages.get(&page?)?)?.get(anchor)?;
        Some(Edit::new(span.end - anchor.len()..span.end, new.clone()))
    });
    edits.collect()
}

/// Whether an exchange can have this label.
fn expect_label(name: &str) -> Result<()> {
    let wrong = |message: String, hint: String| Err(Error::new(ErrorKind::Label, message).hint(hint));
    if !is_identifier(name) {
        return wrong(
            format!("`{name}` cannot name an exchange"),
            "a label is letters, digits and `_`, and begins with a letter".to_owned(),
        );
    }
    if HoleWord::named(name).is_some()
        || Source::parse("", format!("{{{{ {name}.request }}}}"))
            .map_or(true, |source| !source.names().any(|named| named == name))
    {
        return wrong(
            format!("`{name}` cannot name an exchange: in a page source it means something else"),
            format!("call it `{name}_1`, or by what it does"),
        );
    }
    Ok(())
}
