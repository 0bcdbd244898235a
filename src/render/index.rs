//! An index to its text, by the templates in `templates/index`.
//!
//! What this leaves out: what there is to list ([`crate::page::index`]).

use minijinja::context;
use minijinja::value::Value;

use super::limits::Allowance;
use super::templates::Templates;
use super::view;
use crate::error::Result;
use crate::page::index::{Entry, Group, Index};

impl Templates {
    /// The page of an index.
    ///
    /// # Errors
    /// [`ErrorKind::Template`](crate::ErrorKind::Template) with its place, where a template fails.
    pub fn lay_out_index(&self, index: &Index) -> Result<String> {
        let entries = index.entries().count();
        let bytes: usize = index
            .entries()
            .map(|entry| entry.listed.title.len() + entry.listed.description.as_ref().map_or(0, String::len))
            .sum();
        let allowance = Allowance::new(entries * (index.services.len() + 1), bytes);
        self.piece("index", "index", context_of(index), &allowance)
    }
}

fn context_of(index: &Index) -> Value {
    let entry = |entry: &Entry| {
        context! {
            path => &entry.listed.path,
            link => context! { text => &entry.listed.title, url => &entry.link },
            description => &entry.listed.description,
            count => entry.listed.count(),
            calls => index.services.iter().map(|service| entry.calls_to(service)).collect::<Vec<usize>>(),
        }
    };
    let group = |group: &Group| {
        context! {
            folder => &group.folder,
            entries => group.entries.iter().map(entry).collect::<Vec<Value>>(),
        }
    };
    context! {
        index => context! {
            title => &index.title,
            description => &index.description,
            groups => index.groups.iter().map(group).collect::<Vec<Value>>(),
            services => &index.services,
        },
        t => view::phrases(&index.phrases),
    }
}
