//! Standard descriptions of well-known calls.

use std::collections::BTreeMap;

use super::RouteMatch;

/// A call, as far as its description depends on it.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// What its path is.
    pub route: &'a RouteMatch<'a, 'a>,
    /// The id of the participant that sends the request, if it is known.
    pub from: Option<&'a str>,
    /// The request's query, without the `?`.
    pub query: Option<&'a str>,
    /// The response's status, if there is a response.
    pub status: Option<u16>,
}

/// What a well-known call is for, in the profile's languages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub(super) route: String,
    pub(super) from: Option<String>,
    pub(super) query: Option<String>,
    pub(super) status: Option<u16>,
    pub(super) request: BTreeMap<String, String>,
    pub(super) response: BTreeMap<String, String>,
}

/// A description's `from` that means every known participant but the client.
pub(super) const NOT_THE_CLIENT: &str = "!client";

impl Step {
    /// What the call is for, in this language: a clause that can stand alone or before the
    /// words that make it a sentence (Korean: a noun that takes 하다; English: an infinitive),
    /// with no full stop.
    pub fn request(&self, locale: &str) -> Option<&str> {
        self.request.get(locale).map(String::as_str)
    }

    /// What its response brings, in this language and the same form, where the profile says it.
    pub fn response(&self, locale: &str) -> Option<&str> {
        self.response.get(locale).map(String::as_str)
    }

    /// The route that it describes: the API's name, a space, the route's name.
    pub fn route(&self) -> &str {
        &self.route
    }

    /// Whether it describes a response of this very status.
    pub fn is_of_status(&self, status: u16) -> bool {
        self.status == Some(status)
    }

    /// How exact the description is: by its number of conditions, then by which ones they are.
    pub(super) fn weight(&self) -> (usize, [bool; 3]) {
        let conditions = [self.status.is_some(), self.query.is_some(), self.from.is_some()];
        (conditions.iter().filter(|set| **set).count(), conditions)
    }

    pub(super) fn describes(&self, call: &Call<'_>, client: Option<&str>) -> bool {
        let from = match self.from.as_deref() {
            None => true,
            Some(NOT_THE_CLIENT) => call.from.is_some() && call.from != client,
            wanted => call.from == wanted,
        };
        let query = self.query.as_deref().is_none_or(|name| {
            let mut fields = call.query.unwrap_or_default().split('&');
            fields.any(|field| field.split('=').next() == Some(name))
        });
        from && query && (self.status.is_none() || self.status == call.status)
    }
}
