//! Other captures, as far as a page speaks of them: steps that two share, and links.
//!
//! A page that begins as another does sends its readers there: `shared` gives the range of these
//! steps, and is an error as soon as the beginnings differ; `page` is a link that follows when a
//! page moves. What this leaves out: where other captures come from, which the run of `render`
//! knows.

use std::fmt;
use std::sync::Arc;

use super::Filler;
use super::expression::Call;
use super::forms::usage;
use super::hole_error::{HoleError, PlacedHole};
use super::write::Printed;
use crate::error::{Result, counted};
use crate::page::{Page, PageExchange};
use crate::settings::HoleWord;

/// What holes ask beside the files of their own capture.
pub(crate) trait OtherCaptures {
    /// The exchanges of another capture, in the order of their requests; `None` where there is no
    /// such capture.
    fn exchanges_of(&self, capture: &str) -> Result<Option<Arc<Vec<ExchangeSummary>>>>;
    /// The path below the docs folder of another capture's page, likewise.
    fn page_path(&self, capture: &str) -> Result<Option<String>>;
    /// The capture whose path is nearest to this one.
    fn nearest(&self, capture: &str) -> Option<String>;
    /// When the page's own capture was last recorded here, if that is known.
    fn last_seen(&self) -> Result<Option<LastSeen>>;
}

/// When a capture was last recorded, and of what.
#[derive(Clone, Debug)]
pub(crate) struct LastSeen {
    /// In RFC 3339.
    pub(crate) time: String,
    /// The release, if something told it.
    pub(crate) release: Option<String>,
}

/// An exchange, as far as two pages can share it.
#[derive(Clone, Debug)]
pub(crate) struct ExchangeSummary {
    from: Arc<str>,
    to: Arc<str>,
    method: String,
    path: String,
    raw_path: String,
    status: Option<u16>,
}

impl ExchangeSummary {
    /// Those of a page, in the order of their requests.
    pub(crate) fn all(page: &Page) -> Vec<ExchangeSummary> {
        page.exchanges.iter().map(|exchange| ExchangeSummary::of(exchange)).collect()
    }

    fn of(exchange: &PageExchange) -> ExchangeSummary {
        let request = &exchange.request;
        ExchangeSummary {
            from: request.from.clone(),
            to: request.to.clone(),
            method: request.method.to_string(),
            path: without_query(&request.path).to_owned(),
            raw_path: without_query(&request.raw_path).to_owned(),
            status: exchange.response.as_ref().map(|response| response.status),
        }
    }

    /// Whether both are the same exchange: from, to, method, path and status.
    fn is_same(&self, other: &ExchangeSummary) -> bool {
        self.from == other.from
            && self.to == other.to
            && self.method == other.method
            && (self.path == other.path || self.raw_path == other.raw_path)
            && self.status == other.status
    }
}

impl fmt::Display for ExchangeSummary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} -> {} {} {}", self.from, self.to, self.method, self.path)?;
        match self.status {
            Some(status) => write!(f, ", {status:03}"),
            None => write!(f, ", no response"),
        }
    }
}

/// No other captures: nothing to share, and no page to link to.
pub(crate) struct NoOtherCaptures;

impl OtherCaptures for NoOtherCaptures {
    fn exchanges_of(&self, _: &str) -> Result<Option<Arc<Vec<ExchangeSummary>>>> {
        Ok(None)
    }

    fn page_path(&self, _: &str) -> Result<Option<String>> {
        Ok(None)
    }

    fn nearest(&self, _: &str) -> Option<String> {
        None
    }

    fn last_seen(&self) -> Result<Option<LastSeen>> {
        Ok(None)
    }
}

impl Filler<'_> {
    /// The range of the steps that this page shares with the beginning of another.
    pub(super) fn shared(
        &self,
        placed: PlacedHole<'_>,
        capture: &str,
        call: &Call,
    ) -> Result<Printed, HoleError> {
        let until = call.option("until").ok_or_else(|| {
            HoleError::new("`shared` needs to be told up to which exchange")
                .hint(format!("`{}`", usage(HoleWord::Shared)))
        })?;
        let until = self.subject(placed, until)?;
        let ours = self.up_to(&until);
        let theirs = self.found(capture, self.others.exchanges_of(capture))?;
        for (index, our) in ours.iter().map(|exchange| ExchangeSummary::of(exchange)).enumerate() {
            let Some(their) = theirs.get(index) else {
                return Err(HoleError::new(format!(
                    "`{capture}` has only {}, not {}",
                    counted(theirs.len(), "exchange"),
                    ours.len()
                ))
                .at(capture));
            };
            if !our.is_same(their) {
                return Err(HoleError::new(format!("the beginning is no longer that of `{capture}`"))
                    .at(capture)
                    .hint(format!("exchange {} is `{our}` here and `{their}` there", index + 1)));
            }
        }
        let messages = || ours.iter().flat_map(|exchange| exchange.messages());
        let (Some(start), Some(end)) = (
            messages().min_by_key(|message| message.number),
            messages().max_by_key(|message| message.number),
        ) else {
            return Ok(Printed::Text(String::new()));
        };
        let last = end.number;
        if last as usize != messages().count() {
            return Err(HoleError::new(format!("other messages come between the first ones up to ({last})"))
                .hint("end the shared beginning before or after the exchanges that overlap"));
        }
        Ok(Printed::range(start, end))
    }

    /// From this page to another capture's.
    pub(super) fn link_target(&self, capture: &str) -> Result<String, HoleError> {
        let path = self.found(capture, self.others.page_path(capture))?;
        Ok(relative_path(self.own_path, &path))
    }

    /// What the others say of a capture, or why they say nothing.
    fn found<T>(&self, capture: &str, answer: Result<Option<T>>) -> Result<T, HoleError> {
        let error = match answer {
            Ok(Some(found)) => return Ok(found),
            Ok(None) => {
                let hint = match self.others.nearest(capture) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => "a capture is named by its path below the captures' folder".into(),
                };
                HoleError::new(format!("there is no capture `{capture}`")).hint(hint)
            }
            Err(error) => {
                HoleError::new(format!("the capture `{capture}` cannot be read: {}", error.message()))
            }
        };
        Err(error.at(capture))
    }
}

pub(super) fn without_query(path: &str) -> &str {
    path.split_once('?').map_or(path, |(path, _)| path)
}

/// `to`, a path below the docs folder, as a link from the page `from` says it.
fn relative_path(from: &str, to: &str) -> String {
    let folder: Vec<&str> = from.split('/').collect();
    let folder = &folder[..folder.len() - 1];
    let to: Vec<&str> = to.split('/').collect();
    let common = folder.iter().zip(&to[..to.len() - 1]).take_while(|(a, b)| a == b).count();
    let up = folder.len() - common;
    let start = if up == 0 { "./".to_owned() } else { "../".repeat(up) };
    format!("{start}{}", to[common..].join("/"))
}

#[cfg(test)]
mod tests {
    use super::relative_path;

    #[test]
    fn links_go_by_the_nearest_way() {
        for (from, to, link) in [
            ("a/b/show.md", "a/b/create.md", "./create.md"),
            ("a/b/show/index.md", "a/b/create.md", "../create.md"),
            ("a/b/show.md", "a/b/create/index.md", "./create/index.md"),
            ("a/show.md", "x/y.md", "../x/y.md"),
            ("index.md", "x.md", "./x.md"),
        ] {
            assert_eq!(relative_path(from, to), link);
        }
    }
}
