//! What a run of captures leaves to the next one: how each went, the values that it gave, and when and of what
//! release its facts were seen.
//!
//! Captures hold stable values and times, those of the first recording; what is live on a cloud is here, for
//! commands that are run again alone, and for whoever asks how old a fact is. A secret is never written: it
//! lives as long as docgen runs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::error::counted;
use crate::trace::{Headers, Trace};

use super::is_below;

/// The export that tells of which release the servers of a folder's captures are.
pub const RELEASE: &str = "release";

/// How captures went when they were last run, by path.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LastRun {
    /// The captures.
    pub captures: BTreeMap<String, Ran>,
}

/// How one went.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ran {
    /// What became of it the last time.
    pub result: Outcome,
    /// The values that it gave when it was last recorded, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub exports: BTreeMap<String, String>,
    /// Names of those that are secret, whose values are nowhere.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub secrets: BTreeSet<String>,
    /// Whether its suite was cleaned up since: what the values name may be gone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_cleaned_up: bool,
    /// When its facts were last seen, and of what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<Seen>,
}

/// When the facts of a capture were last seen, and what said of itself which release it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// When the recording was made: in RFC 3339, UTC, to the second.
    pub at: String,
    /// What a capture of the run exported as `release`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// What requests said as `User-Agent`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub user_agents: Vec<String>,
    /// What responses said as `Server`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub servers: Vec<String>,
}

impl Seen {
    /// What a recording that was made at this time shows.
    pub fn of(trace: &Trace, at: DateTime<Utc>) -> Seen {
        let said = |name: &str, headers: &mut dyn Iterator<Item = &Headers>| -> Vec<String> {
            let fields = headers.flat_map(Headers::iter);
            let values = fields.filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value);
            values.map(str::to_owned).collect::<BTreeSet<_>>().into_iter().collect()
        };
        let exchanges = || trace.exchanges.iter();
        let responses = || exchanges().filter_map(|exchange| exchange.response.as_ref());
        Seen {
            at: at.to_rfc3339_opts(SecondsFormat::Secs, true),
            release: None,
            user_agents: said("User-Agent", &mut exchanges().map(|exchange| &exchange.request.headers)),
            servers: said("Server", &mut responses().map(|response| &response.headers)),
        }
    }

    /// In words, as of now: `2026-11-28T00:41:07Z, 3 days ago; release 2026.2; User-Agent curl/8.5.0`.
    pub fn in_words(&self, now: DateTime<Utc>) -> String {
        let mut words = self.at.clone();
        if let Ok(at) = DateTime::parse_from_rfc3339(&self.at) {
            let minutes = usize::try_from((now - at.to_utc()).num_minutes()).unwrap_or(0);
            words += &match minutes {
                0 => ", just now".to_owned(),
                1..60 => format!(", {} ago", counted(minutes, "minute")),
                60..2880 => format!(", {} ago", counted(minutes / 60, "hour")),
                _ => format!(", {} ago", counted(minutes / 1440, "day")),
            };
        }
        words.extend(self.release.iter().map(|release| format!("; release {release}")));
        for (name, values) in [("User-Agent", &self.user_agents), ("Server", &self.servers)] {
            words.extend((!values.is_empty()).then(|| format!("; {name} {}", values.join(", "))));
        }
        words
    }
}

/// The release that the nearest of these captures told for the capture `path`: one that is in a folder above it.
/// `told` has by path what captures of one run exported as [`RELEASE`].
pub fn release_of<'t>(path: &str, told: &HashMap<&str, &'t str>) -> Option<&'t str> {
    let folder = |path: &'_ str| path.rsplit_once('/').map_or(0, |(folder, _)| folder.len());
    let tells = |other: &&str| is_below(path, &other[..folder(other)]);
    let nearest = told.keys().copied().filter(tells).max_by_key(|other| (folder(other), *other))?;
    told.get(nearest).copied()
}

/// What became of a capture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was recorded.
    Recorded,
    /// It failed, or was not run because of another.
    #[default]
    Failed,
}

impl LastRun {
    /// Reads what [`Self::to_json`] wrote. What it does not understand is no run at all.
    pub fn from_json(json: &[u8]) -> Option<LastRun> {
        serde_json::from_slice(json).ok()
    }

    /// As JSON, one capture after the other.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).map_or_else(|_| String::new(), |json| json + "\n")
    }

    /// The captures that failed or were not run.
    pub fn unfinished(&self) -> impl Iterator<Item = &str> {
        let failed = self.captures.iter().filter(|(_, ran)| ran.result == Outcome::Failed);
        failed.map(|(path, _)| path.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_run_reads_back(
            exports in proptest::collection::btree_map(any::<String>(), any::<String>(), 0..3),
            secrets in proptest::collection::btree_set(any::<String>(), 0..3),
            path in any::<String>(),
            (is_recorded, is_cleaned_up) in any::<(bool, bool)>(),
        ) {
            let result = if is_recorded { Outcome::Recorded } else { Outcome::Failed };
            let seen = is_recorded.then(|| Seen { at: path.clone(), release: Some(path.clone()), ..Seen::default() });
            let ran = Ran { result, exports, secrets, is_cleaned_up, seen };
            let run = LastRun { captures: BTreeMap::from([(path.clone(), ran)]) };
            prop_assert_eq!(run.unfinished().count(), usize::from(!is_recorded));
            prop_assert_eq!(LastRun::from_json(run.to_json().as_bytes()), Some(run));
        }
    }

    #[test]
    fn what_was_seen_is_said_with_its_age() {
        let at = |text: &str| DateTime::parse_from_rfc3339(text).unwrap().to_utc();
        let headers =
            |pairs: &[(&str, &str)]| pairs.iter().map(|(a, b)| ((*a).into(), (*b).into())).collect();
        let mut trace = Trace::default();
        for (agent, server) in [("sdk/4", "x/1"), ("curl/8", "x/1")] {
            let mut exchange = crate::trace::Exchange::default();
            exchange.request.headers = headers(&[("user-agent", agent)]);
            let response =
                crate::trace::Response { headers: headers(&[("Server", server)]), ..Default::default() };
            exchange.response = Some(response);
            trace.exchanges.push(exchange);
        }
        let mut seen = Seen::of(&trace, at("2026-11-28T00:00:07.9Z"));
        seen.release = Some("2026.2".to_owned());
        let words = |now| seen.in_words(at(now));
        let rest = "; release 2026.2; User-Agent curl/8, sdk/4; Server x/1";
        assert_eq!(words("2026-11-28T00:00:30Z"), format!("2026-11-28T00:00:07Z, just now{rest}"));
        assert_eq!(words("2026-11-28T00:01:30Z"), format!("2026-11-28T00:00:07Z, 1 minute ago{rest}"));
        assert_eq!(words("2026-11-29T02:00:30Z"), format!("2026-11-28T00:00:07Z, 26 hours ago{rest}"));
        assert_eq!(words("2026-12-01T00:00:30Z"), format!("2026-11-28T00:00:07Z, 3 days ago{rest}"));
        // A clock that was put back.
        assert_eq!(words("2025-12-01T00:00:30Z"), format!("2026-11-28T00:00:07Z, just now{rest}"));
    }

    #[test]
    fn the_nearest_tells_the_release() {
        let told = HashMap::from([("version", "a"), ("image/version", "b")]);
        let release = |path| release_of(path, &told);
        assert_eq!((release("image/show"), release("image/member/add")), (Some("b"), Some("b")));
        assert_eq!((release("server/show"), release("list")), (Some("a"), Some("a")));
        assert_eq!(release_of("server/show", &HashMap::from([("image/version", "b")])), None);
    }

    #[test]
    fn damage_is_no_run() {
        for json in ["", "{}x", "[]", r#"{"captures": {"a": {"result": "gone"}}}"#] {
            assert_eq!(LastRun::from_json(json.as_bytes()), None);
        }
    }
}
