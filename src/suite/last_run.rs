//! What a run of captures leaves to the next one: how each went, and the values that it gave.
//!
//! Captures hold stable values, those of the first recording; what is live on a cloud is here, for
//! commands that are run again alone. A secret is never written: it lives as long as docgen runs.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

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
            let ran = Ran { result, exports, secrets, is_cleaned_up };
            let run = LastRun { captures: BTreeMap::from([(path.clone(), ran)]) };
            prop_assert_eq!(run.unfinished().count(), usize::from(!is_recorded));
            prop_assert_eq!(LastRun::from_json(run.to_json().as_bytes()), Some(run));
        }
    }

    #[test]
    fn damage_is_no_run() {
        for json in ["", "{}x", "[]", r#"{"captures": {"a": {"result": "gone"}}}"#] {
            assert_eq!(LastRun::from_json(json.as_bytes()), None);
        }
    }
}
