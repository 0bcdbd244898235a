//! What does not hold any more: pages, labels, prose, links and the site's configuration, each with its place.
//!
//! Rendering finds most of it and is asked first, without writing. What only a
//! comparison of source and trace tells is added, and links between pages. What
//! this leaves out: mending anything, which `docgen render` and `docgen update` do.

use std::collections::{BTreeSet, HashMap};
use std::path::{Component, Path, PathBuf};

use pulldown_cmark::{Event, Options as Markdown, Parser, Tag};

use super::builder_config::{SitePages, check_config};
use super::cache::Cache;
use super::capture::Capture;
use super::docs::Docs;
use super::drafts::{self, OpenCapture, Pending};
use super::folders::{self, Folder};
use super::init::has_parts;
use super::manifest::Manifest;
use super::page_path::PagePath;
use super::shared::Site;
use super::{Nested, Options, render};
use crate::error::{Error, ErrorKind, Place, Result};
use crate::files::{LARGEST_TRACE, Root, is_hidden};
use crate::page::Source;
use crate::redact::{Rules, find_secrets};
use crate::sequence::Side;
use crate::settings::Settings;

/// Everything in captures and pages that needs a person, in the order of the captures, then of
/// the pages.
///
/// # Errors
/// Only what stops the whole run: a folder that cannot be read.
pub fn check(options: &Options) -> Result<Vec<Error>> {
    let options = &Options { check: true, ..options.clone() };
    let report = render(options, &|_, _| {})?;
    let has_mermaid = report.has_mermaid;
    let mut findings = report.errors;
    if !report.stale.is_empty() && options.docs.symlink_metadata().is_err() {
        // One cause, however many pages.
        let message =
            format!("there is no folder `{}`, and no page was rendered yet", options.docs.display());
        findings.push(
            Error::new(ErrorKind::Stale, message)
                .at(Place::file(&options.docs))
                .hint("`docgen render` makes it; or name the folder that has the pages"),
        );
    }
    let stale = report.stale.into_iter().filter(|_| options.docs.symlink_metadata().is_ok());
    for stale in stale {
        let message = match (&stale.old, &stale.new) {
            (None, _) => "this page was not rendered yet",
            (_, None) => "the capture of this page is gone",
            _ => "this page is not what its capture says",
        };
        let place = first_difference(&stale.file, stale.old.as_deref(), stale.new.as_deref());
        findings.push(
            Error::new(ErrorKind::Stale, message).at(place).hint("`docgen render` brings it up to date"),
        );
    }

    let root = folders::open(&options.captures)?;
    // What cannot be read was found by rendering.
    let found = folders::find(&root, Nested::of(&root, &options.docs)?.docs.as_deref())?;
    let folders = &found.folders;
    let docs = Docs::open(&options.docs)?;
    let (manifest, _) = docs.as_ref().map_or(Ok(Default::default()), Manifest::read)?;
    let cache = Cache::default();
    let site = Site::new(options, &root, docs.as_ref(), &manifest, &cache, folders)?;
    let own = found.capture_pages(&root);
    let with_source = folders.iter().zip(&own).filter(|(folder, _)| folder.file("page.md").is_some());
    let pages = Pages {
        docs: docs.as_ref().map(Docs::root),
        manifest: &manifest,
        made: found.pages(&root, &own),
        from_sources: with_source.map(|(_, page)| page.to_string()).collect(),
    };
    let mut rules = Vec::with_capacity(folders.len());
    for folder in folders {
        // What stops a capture from being opened was found by rendering.
        let found = drafts::open(&site, folder, |opened| {
            let rules =
                Rules::of(opened.settings, opened.resolved.scope().paths.profile).map_err(|e| vec![e])?;
            Ok((of_sources(opened, folder, &pages), rules))
        });
        match found {
            Ok((found, of_folder)) => {
                findings.extend(found);
                rules.push(of_folder);
            }
            Err(_) => {
                let settings = Capture::settings(&root, folder).unwrap_or_default();
                rules.push(Rules::of(&settings, None).or_else(|_| Rules::of(&Settings::default(), None))?);
            }
        }
    }
    findings.extend(pages.check_written()?);
    let has_parts = has_parts(&root, folders);
    let has_indexes = has_parts || !found.indexes.is_empty();
    let all = SitePages { has_parts, has_indexes, has_mermaid, own: pages.made.clone() };
    findings.extend(check_config(&options.docs, &all));
    let compared = found.reports.iter().filter_map(|report| site.compared_files(report).ok()).flatten();
    findings.extend(secrets_in_recordings(&root, folders, &rules, compared));
    // A folder that cannot be read is met by rendering, and again by whoever looks for links.
    let mut told = BTreeSet::new();
    findings.retain(|finding| finding.kind() != ErrorKind::Io || told.insert(finding.message().to_owned()));
    Ok(findings)
}

/// Unredacted secrets in the files of captures, and of recordings that a report alone compares. A page shows no
/// more than those.
fn secrets_in_recordings(
    root: &Root,
    folders: &[Folder],
    rules: &[Rules],
    compared: impl Iterator<Item = (Vec<PathBuf>, Rules)>,
) -> Vec<Error> {
    let mut findings = Vec::new();
    // A docgen.toml is above many captures, and a recording may be in many reports.
    let mut seen = BTreeSet::new();
    let mut look = |file: &Path, rules: &Rules| {
        if seen.insert(file.to_owned())
            && let Ok(bytes) = root.read(file, LARGEST_TRACE)
        {
            findings.extend(secrets(file, &String::from_utf8_lossy(&bytes), rules));
        }
    };
    for (folder, rules) in folders.iter().zip(rules) {
        let shared = folder.shared.iter().map(|shared| &shared.found);
        for file in shared.chain(&folder.files) {
            look(&file.path, rules);
        }
    }
    for (files, rules) in compared {
        for file in files {
            look(&file, &rules);
        }
    }
    findings
}

/// The secrets of a text, each value once, at its first place. No message repeats a value.
fn secrets(file: &Path, text: &str, rules: &Rules) -> Vec<Error> {
    let found = find_secrets(text, rules);
    let mut masked = String::with_capacity(text.len());
    let mut spans = Vec::with_capacity(found.len());
    let mut copied = 0;
    for secret in &found {
        masked.push_str(&text[copied..secret.span.start]);
        let start = masked.len();
        masked.extend(text[secret.span.clone()].chars().map(|c| if c == '\n' { c } else { '*' }));
        spans.push(start..masked.len());
        copied = secret.span.end;
    }
    masked.push_str(&text[copied..]);
    let mut known = BTreeSet::new();
    let new = found.iter().zip(spans).filter(|(secret, _)| known.insert(&text[secret.span.clone()]));
    new.map(|(secret, span)| {
        Error::new(ErrorKind::Secret, format!("a {} is unredacted", secret.kind))
            .at(Place::span(file, &masked, span.start, span.end))
            .hint("record it again with docgen, which redacts; or replace it, and make it invalid where it is used")
    })
    .collect()
}

/// Where a page on disk first differs from what it should be.
fn first_difference(file: &Path, old: Option<&[u8]>, new: Option<&[u8]>) -> Place {
    let (Some(old), Some(new)) = (old, new) else { return Place::file(file) };
    let same = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let text = String::from_utf8_lossy(old);
    let line = text.as_bytes()[..same.min(text.len())]
        .iter()
        .rposition(|&byte| byte == b'\n')
        .map_or(0, |at| at + 1);
    let start = text.floor_char_boundary(line);
    Place { column: 0, ..Place::span(file, &text, start, start) }
}

/// What is amiss in the sources of one capture.
fn of_sources(opened: &OpenCapture<'_>, folder: &Folder, pages: &Pages<'_>) -> Vec<Error> {
    let mut findings = Vec::new();
    if let Ok(Some(pending)) = opened.pending() {
        findings.extend(unshown(opened, &pending));
    }
    findings.extend(opened.unmet_options.iter().cloned());
    let own = PagePath::own(&folder.path, opened.layout());
    for source in &opened.sources {
        for (span, labels) in source.gone() {
            let mark = span.start..span.start + source.text[span.clone()].find('\n').unwrap_or(span.len());
            let names = labels.join("`, `");
            findings.push(
                Error::new(ErrorKind::Gone, format!("this prose is about `{names}`, whose exchange is gone"))
                    .at(source.place(&mark))
                    .hint("move what still holds elsewhere; then remove the section, and its label from capture.toml"),
            );
        }
        findings.extend(pages.check(&source.text, Some(source), &source.file, own.as_str()));
    }
    findings
}

/// The exchanges that no source shows, each where its section would go.
fn unshown(opened: &OpenCapture<'_>, pending: &Pending) -> Vec<Error> {
    let source = &opened.sources[pending.index];
    let scope = opened.resolved.scope();
    let added: HashMap<u32, usize> = pending.update.added.iter().copied().collect();
    let mut findings = Vec::new();
    for index in 0..scope.trace.exchanges.len() {
        let numbers = [Side::Request, Side::Response].map(|side| scope.sequence.number(index, side));
        let Some(at) = numbers.into_iter().flatten().find_map(|number| added.get(&number)) else { continue };
        let steps: Vec<String> = numbers.into_iter().flatten().map(|number| format!("({number})")).collect();
        // The last line of what is before it.
        let before = source.text[..*at].trim_end();
        let at = before.rfind('\n').map_or(0, |end| end + 1);
        let place = Place { column: 0, ..source.place(&(at..at)) };
        let message = format!("no page shows {}, `{}`", steps.join(","), scope.describe(index));
        findings.push(Error::new(ErrorKind::Unshown, message).at(place).hint(
            "`docgen update` puts its section here; `{{ rest }}` shows all that is shown nowhere else",
        ));
    }
    findings
}

/// The pages below a docs folder.
struct Pages<'a> {
    docs: Option<&'a Root>,
    /// What docgen wrote there.
    manifest: &'a Manifest,
    /// Paths below it of the captures' pages, written yet or not.
    made: BTreeSet<String>,
    /// Those of them whose text is a source's.
    from_sources: BTreeSet<String>,
}

impl Pages<'_> {
    /// Broken links of the pages that people wrote into the docs folder themselves.
    fn check_written(&self) -> Result<Vec<Error>> {
        let mut findings = Vec::new();
        let rules = Rules::of(&Settings::default(), None)?;
        let Some(docs) = self.docs else { return Ok(findings) };
        let (files, errors) = docs.files(docs.path(), &is_hidden);
        findings.extend(errors);
        for file in files.into_iter().filter(|file| file.is_file && !file.is_link).map(|file| file.path) {
            let is_page = file.extension().is_some_and(|ending| ending == "md");
            let below = file.strip_prefix(docs.path()).unwrap_or(&file);
            let Some(path) = below.to_str().map(|path| path.replace(std::path::MAIN_SEPARATOR, "/")) else {
                continue;
            };
            // The links of a page with a source are checked where they were written.
            if !is_page || self.from_sources.contains(&path) {
                continue;
            }
            let text = docs.read(&file, LARGEST_TRACE).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let Some(text) = text else { continue };
            findings.extend(self.check(&text, None, &file, &path));
            if PagePath::parse(&path).is_none_or(|page| !self.manifest.holds(&page)) {
                findings.extend(secrets(&file, &text, &rules));
            }
        }
        Ok(findings)
    }

    fn is_there(&self, page: &str) -> bool {
        self.docs.is_some_and(|docs| docs.is_file(&docs.path().join(page)))
    }

    /// Links of `text`, the content of `file`, that lead from the page `own` to no page.
    fn check(&self, text: &str, source: Option<&Source>, file: &Path, own: &str) -> Vec<Error> {
        let mut findings = Vec::new();
        let left_out = |at: usize| source.is_some_and(|source| source.is_gone(at));
        for (event, range) in Parser::new_ext(text, Markdown::ENABLE_TABLES).into_offset_iter() {
            let Event::Start(Tag::Link { dest_url, .. }) = event else { continue };
            let path = dest_url.split(['#', '?']).next().unwrap_or_default();
            let is_relative = !path.contains("://") && !path.starts_with('/') && !path.contains("{{");
            if !is_relative || !path.ends_with(".md") || left_out(range.start) {
                continue;
            }
            let target = resolve(own, path);
            let there =
                target.as_ref().is_some_and(|target| self.made.contains(target) || self.is_there(target));
            if there {
                continue;
            }
            let at = text[range.clone()]
                .rfind(&*dest_url)
                .map_or(range.clone(), |at| range.start + at..range.start + at + dest_url.len());
            let error = Error::new(ErrorKind::Link, format!("`{path}` leads to no page"))
                .at(Place::span(file, text, at.start, at.end));
            let name = Path::new(path).file_stem().and_then(|name| name.to_str()).unwrap_or_default();
            let near = self.made.iter().find(|page| {
                page.ends_with(&format!("/{name}.md")) || page.ends_with(&format!("/{name}/index.md"))
            });
            findings.push(match near {
                Some(near) => error.hint(format!("did you mean {near}?")),
                None => error,
            });
        }
        findings
    }
}

/// The path below the docs folder that a relative link of a page means; `None` where it leads out.
pub(super) fn resolve(own: &str, link: &str) -> Option<String> {
    let mut path: Vec<&str> = own.split('/').collect();
    path.pop();
    let link = PathBuf::from(link.replace("%20", " "));
    let mut target: Vec<String> = path.into_iter().map(str::to_owned).collect();
    for part in link.components() {
        match part {
            Component::Normal(part) => target.push(part.to_string_lossy().into_owned()),
            Component::CurDir => {}
            Component::ParentDir => drop(target.pop()?),
            _ => return None,
        }
    }
    Some(target.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_told_once_and_not_shown() {
        let text = "é OS_PASSWORD=hunter22\nX-Auth-Token: hunter22\n{\"password\": \"다른비밀\", \"token\": \"hunter33\"}\n";
        let told = secrets(Path::new("output.txt"), text, &Rules::of(&Settings::default(), None).unwrap());
        assert_eq!(told.len(), 3, "{told:?}");
        let all: String = told.iter().map(|error| error.to_string()).collect();
        for secret in ["hunter22", "hunter33", "다른비밀"] {
            assert!(!all.contains(secret), "{all}");
        }
        let place = told[1].place().expect("it has a place");
        assert_eq!((place.line, place.column, place.width), (3, 15, 4));
    }

    #[test]
    fn links_are_resolved_from_their_page() {
        assert_eq!(resolve("a/b.md", "./c.md").as_deref(), Some("a/c.md"));
        assert_eq!(resolve("a/b/index.md", "../../x/y.md").as_deref(), Some("x/y.md"));
        assert_eq!(resolve("a.md", "../x.md"), None);
    }
}
