//! A capture, or a folder of captures, with another path.
//!
//! What names it by its path: what others need of it, the order of its suite, values of it in commands, reports,
//! holes and links. Files that its settings name are found from its new place, too. What this leaves out: pages
//! that docgen made, which the next `docgen render` puts in their new place.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::settings_text::{Said, all_said};
use super::{Moved, Work, source_text};
use crate::edit::Edit;
use crate::error::{Error, ErrorKind, Place, Result};
use crate::files::folder::expect_writable;
use crate::import::includes;
use crate::page::Source;
use crate::page::source::TokenKind;
use crate::settings::{HoleWord, Layer, references_of};
use crate::site::builder_config::configs_with_parents;
use crate::site::check::resolve;
use crate::site::drafts::no_capture;
use crate::site::page_path::PagePath;
use crate::suite::{found, is_below};

/// A path of captures, and the one that takes its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Move<'a> {
    pub(super) old: &'a str,
    pub(super) new: &'a str,
}

impl Move<'_> {
    /// The new path of what is at or below the old one.
    fn of(&self, path: &str) -> Option<String> {
        is_below(path, self.old).then(|| format!("{}{}", self.new, &path[self.old.len()..]))
    }

    /// The path that what has this one is to have.
    fn then(&self, path: &str) -> String {
        self.of(path).unwrap_or_else(|| path.to_owned())
    }

    /// The new path of what is at or below the old one, as a site finds it: below folders of its own.
    fn of_tail(&self, path: &str) -> Option<String> {
        let begins = path.match_indices('/').map(|(at, _)| at + 1);
        std::iter::once(0)
            .chain(begins)
            .find_map(|at| Some(format!("{}{}", &path[..at], self.of(&path[at..])?)))
    }

    /// A path that a file of settings in `folder` names from there, as it is named from the file's new place.
    fn path_in(&self, folder: &str, named: &str) -> Option<String> {
        let target = joined(folder, named)?;
        let (then, new_folder) = (self.then(&target), self.then(folder));
        (then != target || new_folder != folder)
            .then(|| relative(&new_folder, &then))
            .filter(|new| joined(&new_folder, named).as_deref() != Some(&*then) && new != named)
    }
}

/// The path that `named` is from `folder` on; `None` where it is none below the captures.
fn joined(folder: &str, named: &str) -> Option<String> {
    if named.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in named.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_none_or(|last| *last == "..") => parts.push(".."),
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// `to` as it is named from the folder `from`.
fn relative(from: &str, to: &str) -> String {
    let [from, to] =
        [from, to].map(|path| path.split('/').filter(|part| !part.is_empty()).collect::<Vec<_>>());
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", from.len() - common);
    up.chain(to[common..].iter().copied()).collect::<Vec<_>>().join("/")
}

impl<'w> Work<'w> {
    pub(super) fn rename_capture(&mut self, to: Move<'_>) -> Result<Moved, Vec<Error>> {
        let one = |error| vec![error];
        if !self.captures.all().any(|folder| is_below(&folder.path, to.old)) {
            return Err(no_capture(self.root, self.captures, to.old));
        }
        self.expect_place(to)?;
        for (folder, file) in self.all_settings() {
            let text = self.files.text(&file).map_err(one)?;
            Layer::parse(&file, &text).map_err(one)?;
            self.in_settings(to, &folder, &file, &text)?;
        }
        for report in &self.captures.reports {
            let Some(file) = report.file(crate::site::folders::REPORT) else { continue };
            let text = self.files.text(&file.path).map_err(one)?;
            let recordings = all_said(&text).into_iter().filter(|said| !said.is_key);
            let edits = recordings.filter(|said| matches!(said.keys().as_slice(), ["old" | "new"])).flat_map(
                |said| {
                    let new = to.of(&joined("", &said.text).unwrap_or_default());
                    new.map_or_else(Vec::new, |new| said.edits(&text, &[Edit::new(0..said.text.len(), new)]))
                },
            );
            let edits: Vec<Edit> = edits.collect();
            self.files.edit(&file.path, edits);
        }
        self.in_pages(to)?;
        for folder in &self.captures.folders {
            self.as_planned(folder)?;
        }
        self.tell_other_settings(to);
        Ok(Moved { from: self.root.shown(Path::new(to.old)), to: self.root.shown(Path::new(to.new)) })
    }

    /// Whether captures can be at the new path.
    fn expect_place(&self, to: Move<'_>) -> Result<(), Vec<Error>> {
        let wrong = |message: String, hint: &str| Err(vec![Error::new(ErrorKind::Usage, message).hint(hint)]);
        let is_name = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with('.');
        let is_path = to.new.split('/').all(is_name)
            && PagePath::parse(&format!("{}.md", to.new)).is_some()
            && !to.new.contains(|c: char| c.is_whitespace() || "\"'$:()[]{}|,;#\\".contains(c));
        if to.old.is_empty() {
            return wrong("the folder of all captures is no capture".to_owned(), "rename it with `mv`");
        }
        if !is_path {
            return wrong(
                format!("`{}` cannot be the path of a capture", to.new),
                "names with `/` between them, without blanks, quotes, brackets, and dots at their ends",
            );
        }
        if is_below(to.new, to.old) {
            return wrong(format!("`{}` is in `{}`, or the same", to.new, to.old), "name a path beside it");
        }
        let place = self.root.shown(Path::new(to.new));
        if self.root.is_there(&place) {
            return Err(vec![
                Error::new(ErrorKind::Ownership, format!("there is a `{}` already", to.new))
                    .at(Place::file(place))
                    .hint("take another name, or rename that one first; nothing was changed"),
            ]);
        }
        let pages = self.pages();
        for (page, capture) in &pages {
            let Some(new) = to.of(capture) else { continue };
            let moved = format!("{new}{}", &page[capture.len()..]);
            if let Some(other) = pages.get(&moved).filter(|other| to.of(other).is_none()) {
                let message = format!("the page `{moved}` is the one of `{other}` already");
                return Err(vec![
                    Error::new(ErrorKind::Setting, message)
                        .at(Place::file(self.root.shown(Path::new(other))))
                        .hint("take another name; nothing was changed"),
                ]);
            }
        }
        let above = [to.old, to.new].map(|path| self.root.shown(Path::new(path)));
        let folders = above.iter().filter_map(|folder| folder.parent());
        let errors: Vec<Error> =
            folders.filter_map(|folder| expect_writable(self.root.path(), folder).err()).collect();
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    /// All files of settings, with the path of the folder of each.
    fn all_settings(&self) -> Vec<(String, PathBuf)> {
        let shared =
            self.captures.settings_of_folders().map(|(path, file)| (path.to_owned(), file.to_owned()));
        let own = self.captures.folders.iter();
        let own =
            own.filter_map(|folder| Some((folder.path.clone(), folder.file("capture.toml")?.path.clone())));
        shared.chain(own).collect()
    }

    fn in_settings(&mut self, to: Move<'_>, folder: &str, file: &Path, text: &str) -> Result<(), Vec<Error>> {
        let is_shared = file.file_name().is_some_and(|name| name != "capture.toml");
        let mut edits = Vec::new();
        for said in all_said(text).into_iter().filter(|said| !said.is_key) {
            let whole =
                |new: Option<String>| new.map(|new| Edit::new(0..said.text.len(), new)).into_iter().collect();
            let of_text: Vec<Edit> = match said.keys().as_slice() {
                ["capture", "needs"] => {
                    let name = said.text.trim_matches('/');
                    let is_there =
                        |path: &str| self.captures.folders.iter().any(|known| is_below(&known.path, path));
                    let new = self.new_name(
                        to,
                        (folder, is_shared),
                        name,
                        &is_there,
                        &place_of(file, text, &said),
                    )?;
                    whole(new)
                }
                ["suite", "order"] => whole(self.new_order(to, folder, &said, &place_of(file, text, &said))),
                ["suite", "setup" | "cleanup"] => {
                    self.tell_path_in(to, &said, &place_of(file, text, &said));
                    Vec::new()
                }
                ["command"] | ["vars" | "env", _] => {
                    let mut edits = Vec::new();
                    for (range, capture, _) in references_of(&said.text) {
                        let is_known =
                            |path: &str| self.captures.folders.iter().any(|known| known.path == path);
                        let place = place_of(file, text, &said);
                        let new = self.new_name(to, (folder, is_shared), capture, &is_known, &place)?;
                        let start = range.start + 1;
                        edits.extend(new.map(|new| Edit::new(start..start + capture.len(), new)));
                    }
                    edits
                }
                ["snippet_prefix"] => {
                    let prefix = said.text.trim_end_matches('/');
                    match to.of_tail(prefix) {
                        Some(new) => vec![Edit::new(0..prefix.len(), new)],
                        None => Vec::new(),
                    }
                }
                ["profile"] if !said.text.ends_with(".toml") => Vec::new(),
                ["profile" | "templates"] | ["capture", "dir" | "stdin" | "env_file" | "certificates"] => {
                    whole(to.path_in(folder, &said.text))
                }
                _ => Vec::new(),
            };
            edits.extend(said.edits(text, &of_text));
        }
        self.files.edit(file, edits);
        Ok(())
    }

    /// What a name of captures in settings is to be; `None` where it still means the same. The settings are those
    /// of one capture, or shared by all below their folder.
    fn new_name(
        &self,
        to: Move<'_>,
        (folder, is_shared): (&str, bool),
        name: &str,
        is_known: &dyn Fn(&str) -> bool,
        place: &Place,
    ) -> Result<Option<String>, Vec<Error>> {
        let users = self.captures.folders.iter().map(|user| user.path.as_str());
        let users = users.filter(|user| if is_shared { is_below(user, folder) } else { *user == folder });
        let meant: Vec<(&str, String)> =
            users.filter_map(|user| Some((user, found(user, name, is_known)?))).collect();
        // After the move, what is known by its old path is known by its new one, and by that alone.
        let is_known_then = |path: &str| {
            let back = Move { old: to.new, new: to.old };
            back.of(path).map_or_else(|| to.of(path).is_none() && is_known(path), |before| is_known(&before))
        };
        let fits = |candidate: &str| {
            meant.iter().all(|(user, path)| {
                found(&to.then(user), candidate, is_known_then).as_deref() == Some(&*to.then(path))
            })
        };
        if fits(name) {
            return Ok(None);
        }
        let mut candidates = Vec::new();
        for (_, path) in &meant {
            let above = path[..path.len() - name.len()].trim_end_matches('/');
            let then = to.then(path);
            if is_below(&then, above) {
                candidates.push(then[above.len()..].trim_start_matches('/').to_owned());
            }
            candidates.push(then);
        }
        match candidates.into_iter().find(|candidate| fits(candidate)) {
            Some(new) => Ok(Some(new)),
            None => Err(vec![
                Error::new(
                    ErrorKind::Setting,
                    format!("no one name is `{name}` for all captures that use it"),
                )
                .at(place.clone())
                .hint("say it in each capture.toml, then rename; nothing was changed"),
            ]),
        }
    }

    /// What an entry of a suite's order is to be.
    fn new_order(&mut self, to: Move<'_>, folder: &str, said: &Said, place: &Place) -> Option<String> {
        let path = joined(folder, &said.text)?;
        let (then, suite) = (to.of(&path)?, to.then(folder));
        if !is_below(&then, &suite) {
            self.left.push(
                Error::warning(ErrorKind::Setting, format!("`{then}` is in this suite no more"))
                    .at(place.clone())
                    .hint("take it out of this order, and put it into the one of its new suite"),
            );
            return None;
        }
        let new = then[suite.len()..].trim_start_matches('/').to_owned();
        (new != said.text.trim_matches('/')).then_some(new)
    }

    /// Tells of a command that has the old path.
    fn tell_path_in(&mut self, to: Move<'_>, said: &Said, place: &Place) {
        let is_part = |c: char| c.is_alphanumeric() || "-_/".contains(c);
        let is_whole = |(at, found): &(usize, &str)| {
            !said.text[..*at].ends_with(is_part) && !said.text[at + found.len()..].starts_with(is_part)
        };
        let paths = [format!("captures/{}", to.old), to.old.to_owned()];
        if paths.iter().any(|path| said.text.match_indices(path.as_str()).any(|found| is_whole(&found))) {
            self.left.push(
                Error::warning(
                    ErrorKind::Setting,
                    format!("this command may mean `{}`, which is `{}` now", to.old, to.new),
                )
                .at(place.clone())
                .hint("docgen changes no command: change it by hand where it does"),
            );
        }
    }

    /// Tells of settings that are not those of the captures any more, or are from now on.
    fn tell_other_settings(&mut self, to: Move<'_>) {
        let of = |path: &str| {
            let above = path.rsplit_once('/').map_or("", |(above, _)| above);
            let shared = self.captures.shared_above(above).into_iter();
            shared.map(|shared| shared.found.path.clone()).collect::<BTreeSet<_>>()
        };
        let (before, then) = (of(to.old), of(to.new));
        let told = |file: &PathBuf, what: &str| {
            Error::warning(ErrorKind::Setting, format!("these settings are {what} those of `{}`", to.new))
                .at(Place::file(file))
                .hint("what it needs of them, or must not have, its capture.toml says")
        };
        let no_more = before.difference(&then).map(|file| told(file, "no more"));
        let now = then.difference(&before).map(|file| told(file, "now"));
        let told: Vec<Error> = no_more.chain(now).collect();
        self.left.extend(told);
    }

    fn in_pages(&mut self, to: Move<'_>) -> Result<(), Vec<Error>> {
        let pages = self.pages();
        let moved: HashMap<String, String> = pages
            .iter()
            .filter_map(|(page, capture)| {
                Some((page.clone(), format!("{}{}", to.of(capture)?, &page[capture.len()..])))
            })
            .collect();
        for folder in &self.captures.folders {
            let layout = self.layout(folder);
            for source in self.sources(folder)? {
                let mut edits = in_holes(&source, to);
                edits.extend(in_includes(&source.text, &moved));
                let file = layout.traits().files.iter().find(|file| file.is_of(&source.file));
                if let Some(own) = file.map(|file| PagePath::of(&folder.path, file)) {
                    edits.extend(in_links(&source.text, own.as_str(), &moved));
                }
                self.files.edit(&source.file, edits);
            }
        }
        self.in_descriptions(|text, own| in_links(text, own, &moved))?;
        let written = self.written_pages(&pages)?;
        let told = written.iter().flat_map(|(file, own, text)| {
            let edits = in_links(text, own, &moved).into_iter().chain(in_includes(text, &moved));
            edits.map(move |edit| {
                Error::warning(ErrorKind::Link, format!("this page is at `{}` now", edit.new))
                    .at(Place::span(file, text, edit.start, edit.end))
                    .hint("docgen changes no page that it did not write: change the link by hand")
            })
        });
        let told: Vec<Error> = told.collect();
        self.left.extend(told);
        self.tell_navigation(&moved);
        Ok(())
    }

    /// Tells of the lines of a site's configuration, and of those that it inherits, that name a page by its old path.
    fn tell_navigation(&mut self, moved: &HashMap<String, String>) {
        let Some(docs) = self.wanted.docs.as_deref() else { return };
        let (configs, unread) = configs_with_parents(docs);
        self.left.extend(unread);
        let is_part = |c: char| c.is_alphanumeric() || "-_/.".contains(c);
        for (file, text) in configs {
            let named = moved.iter().flat_map(|(old, new)| {
                text.match_indices(old.as_str()).map(move |(at, _)| (at..at + old.len(), new))
            });
            let mut named: Vec<(Range<usize>, &String)> = named
                .filter(|(span, _)| {
                    !text[..span.start].ends_with(is_part) && !text[span.end..].starts_with(is_part)
                })
                .collect();
            named.sort_by_key(|(span, _)| span.start);
            self.left.extend(named.into_iter().map(|(span, new)| {
                Error::warning(ErrorKind::Link, format!("this page is `{new}` now"))
                    .at(Place::span(&file, &text, span.start, span.end))
                    .hint("docgen does not change the configuration of a site: change the line by hand")
            }));
        }
    }
}

fn place_of(file: &Path, text: &str, said: &Said) -> Place {
    Place::span(file, text, said.span.start, said.span.end)
}

/// The edits of the holes that name a capture.
fn in_holes(source: &Source, to: Move<'_>) -> Vec<Edit> {
    let edits = source.holes().filter_map(|hole| {
        let token = hole.tokens.get(2).filter(|token| token.kind == TokenKind::Text)?;
        let word = HoleWord::named(&source.text[hole.tokens[0].span.clone()]);
        let span = token.span.start + 1..token.span.end - 1;
        let new = to.of(&source.text[span.clone()])?;
        matches!(word, Some(HoleWord::Page | HoleWord::Shared)).then(|| Edit::new(span, new))
    });
    edits.collect()
}

/// The edits of the lines that include files of pages that are moved, which a site may find below folders of its own.
fn in_includes(text: &str, moved: &HashMap<String, String>) -> Vec<Edit> {
    let edits = includes(text).into_iter().filter_map(|include| {
        let begins = include.path.match_indices('/').map(|(at, _)| at + 1);
        let (at, new) =
            std::iter::once(0).chain(begins).find_map(|at| Some((at, moved.get(&include.path[at..])?)))?;
        Some(Edit::new(include.range.start + at..include.range.end, new.clone()))
    });
    edits.collect()
}

/// The edits of the links of a page, which may be moved itself, to pages that are, and of a moved one to all others.
fn in_links(text: &str, own: &str, moved: &HashMap<String, String>) -> Vec<Edit> {
    let own_then = moved.get(own).map_or(own, String::as_str);
    let edits = source_text::targets(text).into_iter().filter_map(|span| {
        let target = &text[span.clone()];
        let path = target.split(['#', '?']).next().unwrap_or_default();
        let is_relative =
            !path.is_empty() && !path.starts_with('/') && !path.contains(':') && !path.contains("{{");
        let page = resolve(own, path).filter(|_| is_relative)?;
        let then = moved.get(&page).unwrap_or(&page);
        if resolve(own_then, path).as_ref() == Some(then) {
            return None;
        }
        let folder = own_then.rsplit_once('/').map_or("", |(folder, _)| folder);
        // How it begins is its writer's.
        let start = if path.starts_with("./") { "./" } else { "" };
        let new = format!("{start}{}", relative(folder, then).replace(' ', "%20"));
        Some(Edit::new(span.start..span.start + path.len(), new))
    });
    edits.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::edit::edited;

    #[test]
    fn files_that_settings_name_are_found_from_the_new_place() {
        let to = Move { old: "image/show", new: "v2/image/read" };
        for (folder, named, new) in [
            ("image/show", "../../profile.toml", Some("../../../profile.toml")),
            ("image/show", "templates", None),
            ("image/show", "../../../out", Some("../../../../out")),
            ("list", "../image/show/in.txt", Some("../v2/image/read/in.txt")),
            ("list", "../image/other.txt", None),
            ("list", "/etc/openrc", None),
        ] {
            assert_eq!(to.path_in(folder, named).as_deref(), new, "{folder} {named}");
        }
    }

    #[test]
    fn included_files_follow() {
        let moved = HashMap::from([("a/show/body.md".to_owned(), "b/read/body.md".to_owned())]);
        for (text, made) in [
            ("x\n--8<-- \"a/show/body.md\"\n", "x\n--8<-- \"b/read/body.md\"\n"),
            ("    --8<-- 'docs/a/show/body.md'\n", "    --8<-- 'docs/b/read/body.md'\n"),
            (
                "--8<-- \"a/show/log.md\"\n;--8<-- \"a/show/body.md\"\n",
                "--8<-- \"a/show/log.md\"\n;--8<-- \"a/show/body.md\"\n",
            ),
        ] {
            assert_eq!(edited(text, &in_includes(text, &moved)), made);
        }
        let to = Move { old: "a/show", new: "b/read" };
        assert_eq!(to.of_tail("a/show").as_deref(), Some("b/read"));
        assert_eq!(to.of_tail("site/a/show").as_deref(), Some("site/b/read"));
        assert_eq!(to.of_tail("site/a/showing"), None);
    }

    #[test]
    fn links_follow_both_ends() {
        let moved = HashMap::from([("a/show.md".to_owned(), "b/c/read.md".to_owned())]);
        for (own, text, made) in [
            ("a/list.md", "[x](./show.md#y) [z](show.md)", "[x](./../b/c/read.md#y) [z](../b/c/read.md)"),
            (
                "a/show.md",
                "[x](./list.md) [y](#y) [s](show.md)",
                "[x](./../../a/list.md) [y](#y) [s](read.md)",
            ),
            (
                "a/list.md",
                "[x](other.md) <https://a/show.md> [h](/show.md)",
                "[x](other.md) <https://a/show.md> [h](/show.md)",
            ),
        ] {
            let there = edited(text, &in_links(text, own, &moved));
            assert_eq!(there, made);
            let back = HashMap::from([("b/c/read.md".to_owned(), "a/show.md".to_owned())]);
            let own = moved.get(own).map_or(own, String::as_str);
            assert_eq!(edited(&there, &in_links(&there, own, &back)), text);
        }
    }
}
