//! From a command as it was typed to the page that explains it.

use std::collections::{BTreeMap, HashMap};

/// A text that leads somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What a reader sees: `openstack image save`.
    pub text: String,
    /// Where it leads.
    pub url: String,
}

/// The commands of a system's client, as its reference lists them.
#[derive(Debug)]
pub(super) struct Commands {
    pub(super) program: String,
    /// The release of the documents where nobody names one.
    pub(super) release: String,
    /// Where the pages are.
    pub(super) addresses: Vec<Address>,
    /// From a command's words, joined by blanks, to its page; objects alone are in it too.
    pub(super) pages: HashMap<String, Target>,
    /// The most words that a command has.
    pub(super) longest: usize,
}

/// Where a page is, with `{release}` for the release and `{page}` for the page.
#[derive(Debug)]
pub(super) struct Address {
    pub(super) url: String,
    pub(super) page: String,
    /// The page of releases that have another.
    pub(super) pages: BTreeMap<String, String>,
}

/// Where a command or an object is explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// Its place in [`Commands::addresses`].
    pub(super) address: usize,
    /// It is a command with an anchor of its own, not the object of several.
    pub(super) is_command: bool,
}

impl Commands {
    pub(super) fn reference(&self, command: &str, release: Option<&str>) -> Option<Link> {
        // A lone backslash continues a command on the next line.
        let words: Vec<&str> =
            command.split_whitespace().filter(|word| !matches!(*word, "\\" | "$")).collect();
        let program = words.iter().position(|word| !is_assignment(word))?;
        let base = words[program].rsplit(['/', '\\']).next()?;
        if base.strip_suffix(".exe").unwrap_or(base) != self.program {
            return None;
        }
        let (name, target) = self.longest_known(&words[program + 1..])?;
        let release = release.unwrap_or(&self.release);
        let Address { url, page, pages } = &self.addresses[target.address];
        let page = pages.get(release).unwrap_or(page);
        let url = url.replace("{page}", page).replace("{release}", release);
        let anchor = if target.is_command { format!("#{}", name.replace(' ', "-")) } else { String::new() };
        Some(Link { text: format!("{} {name}", self.program), url: url + &anchor })
    }

    /// The longest known command at the first place where one begins. Before it stand options
    /// and, since it is not said here which options take one, a word after each.
    fn longest_known(&self, words: &[&str]) -> Option<(String, Target)> {
        let mut may_be_value = false;
        for (at, word) in words.iter().enumerate() {
            if word.starts_with('-') {
                may_be_value = !word.contains('=');
                continue;
            }
            let rest = &words[at..];
            let known = (1..=self.longest.min(rest.len())).rev().find_map(|count| {
                let name = rest[..count].join(" ");
                self.pages.get(&name).map(|&target| (name, target))
            });
            if known.is_some() || !may_be_value {
                return known;
            }
            may_be_value = false;
        }
        None
    }
}

/// Whether a shell reads the word as a variable set for the command.
fn is_assignment(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    })
}
