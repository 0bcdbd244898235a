//! The captures of a folder on one page: what there is, and which command asks which service.
//!
//! Each capture says once what an index tells of it ([`Listed`]), so that no index reads a trace. What this
//! leaves out: how the page looks (`render`).

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::front_matter::{FrontMatter, plain};
use super::{Entry as PageEntry, Page, Phrases};
use crate::sequence::Side;

/// What an index tells of a capture or a report.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Listed {
    /// Its path below the folder of all captures.
    pub path: String,
    /// Its page's path below the docs folder.
    pub page: String,
    /// Its page's title.
    pub title: String,
    /// What it says of itself, as Markdown for its own page.
    pub description: Option<String>,
    /// The language of that, as HTML names it.
    pub locale: String,
    /// How many calls it made to each service, in the order of the first ones; nothing of a report.
    pub calls: Option<Vec<(String, usize)>>,
}

impl Listed {
    /// What a capture's page says.
    pub fn of(page: &Page, page_path: String) -> Listed {
        let mut calls: Vec<(Arc<str>, usize)> = Vec::new();
        // A response whose request nobody recorded tells of a call, too.
        let mut counted = HashSet::new();
        for entry in &page.entries {
            let PageEntry::Message(message) = entry else { continue };
            if !counted.insert(message.exchange) {
                continue;
            }
            let service = match message.side {
                Side::Request => &message.to,
                Side::Response => &message.from,
            };
            match calls.iter_mut().find(|(known, _)| known == service) {
                Some((_, count)) => *count += 1,
                None => calls.push((service.clone(), 1)),
            }
        }
        let label = |id: Arc<str>| {
            let drawn = page.participants.iter().find(|drawn| drawn.id == id);
            drawn.and_then(|drawn| drawn.label.as_deref()).unwrap_or(&id).to_owned()
        };
        Listed {
            path: page.path.clone(),
            page: page_path,
            title: page.title.clone(),
            description: page.summary.clone(),
            locale: page.locale.clone(),
            calls: Some(calls.into_iter().map(|(id, count)| (label(id), count)).collect()),
        }
    }

    /// How many calls it made.
    pub fn count(&self) -> Option<usize> {
        let calls = self.calls.as_ref()?;
        Some(calls.iter().map(|(_, count)| count).sum())
    }
}

/// An index, ready to be laid out.
#[derive(Debug)]
pub struct Index {
    /// The title.
    pub title: String,
    /// One paragraph below it.
    pub description: Option<String>,
    /// The page's language, as HTML names it.
    pub locale: String,
    /// The phrases of the page's language.
    pub phrases: Phrases,
    /// What is listed, by folders, in the order of their paths.
    pub groups: Vec<Group>,
    /// The services that any command asks, those that most commands ask first.
    pub services: Vec<String>,
}

/// What is listed of one folder.
#[derive(Debug)]
pub struct Group {
    /// The folder's path from the index on; empty for its own.
    pub folder: String,
    /// The captures and reports in it.
    pub entries: Vec<Entry>,
}

/// A line of an index.
#[derive(Debug)]
pub struct Entry {
    /// What is listed.
    pub listed: Listed,
    /// Its page, as a link from the index's says it.
    pub link: String,
}

impl Entry {
    /// How many calls it makes to a service.
    pub fn calls_to(&self, service: &str) -> usize {
        let calls = self.listed.calls.iter().flatten();
        calls.filter(|(known, _)| known == service).map(|(_, count)| count).sum()
    }
}

impl Index {
    /// The index of a folder, by its path below that of all captures, of what is listed below it, in the
    /// order of the paths.
    pub fn new(
        folder: &str,
        title: String,
        description: Option<String>,
        locale: String,
        phrases: Phrases,
        listed: Vec<Listed>,
    ) -> Index {
        let below = |path: &str| match folder {
            "" => path.to_owned(),
            folder => path.strip_prefix(folder).unwrap_or(path).trim_start_matches('/').to_owned(),
        };
        let mut commands: Vec<(String, usize)> = Vec::new();
        for (service, _) in listed.iter().filter_map(|listed| listed.calls.as_ref()).flatten() {
            match commands.iter_mut().find(|(known, _)| known == service) {
                Some((_, count)) => *count += 1,
                None => commands.push((service.clone(), 1)),
            }
        }
        // What comes first stays first among equals.
        commands.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let mut groups: Vec<Group> = Vec::new();
        for listed in listed {
            let path = below(&listed.path);
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
            let entry = Entry { link: format!("./{}", below(&listed.page)), listed };
            match groups.iter_mut().find(|group| group.folder == folder) {
                Some(group) => group.entries.push(entry),
                None => groups.push(Group { folder, entries: vec![entry] }),
            }
        }
        // What is in the folder itself comes before what is in others.
        groups.sort_by_key(|group| !group.folder.is_empty());
        let services = commands.into_iter().map(|(service, _)| service).collect();
        Index { title, description, locale, phrases, groups, services }
    }

    /// What its page says of itself: without a description, what it lists.
    pub fn front_matter(&self) -> FrontMatter {
        let titles =
            || self.entries().map(|entry| entry.listed.title.as_str()).collect::<Vec<_>>().join(", ");
        let description = self.description.as_deref().map_or_else(titles, plain);
        FrontMatter::new(&self.title, &description, &self.locale)
    }

    /// All entries, folder by folder.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.groups.iter().flat_map(|group| &group.entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(path: &str, calls: &[(&str, usize)]) -> Listed {
        Listed {
            path: path.into(),
            page: format!("{path}.md"),
            title: path.into(),
            description: None,
            locale: "en".into(),
            calls: Some(calls.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()),
        }
    }

    #[test]
    fn folders_keep_together_and_what_most_ask_comes_first() {
        let all = vec![
            listed("os/image/list", &[("keystone", 2), ("glance", 1)]),
            listed("os/server/show", &[("nova", 3)]),
            listed("os/image/show", &[("glance", 2)]),
            listed("os/x", &[]),
        ];
        let index = Index::new("os", "OpenStack".into(), None, "en".into(), Phrases::default(), all);
        let folders: Vec<_> =
            index.groups.iter().map(|group| (group.folder.as_str(), group.entries.len())).collect();
        assert_eq!(folders, [("", 1), ("image", 2), ("server", 1)]);
        assert_eq!(index.services, ["glance", "keystone", "nova"]);
        let first = index.entries().nth(1).unwrap();
        assert_eq!((first.link.as_str(), first.calls_to("keystone")), ("./image/list.md", 2));
        assert_eq!((first.calls_to("nova"), first.listed.count()), (0, Some(3)));
    }
}
