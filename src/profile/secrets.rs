//! What is secret in a system, besides what is so everywhere.

use schemars::JsonSchema;
use serde::Deserialize;

/// Names that a system gives to secrets, and to what only looks so.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Secrets {
    /// Names of header fields.
    pub headers: Vec<String>,
    /// Names whose values are secret wherever they stand.
    pub keys: Vec<String>,
    /// Names whose values are no secrets.
    pub except: Vec<String>,
    /// What is secret under a path of an API.
    pub under: Vec<Under>,
}

/// What is secret under a path of an API.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Under {
    /// The path, with `*` for any run of characters.
    pub path: String,
    /// Which API has it.
    pub from: String,
    /// Names of members and fields.
    pub keys: Vec<String>,
    /// JSON pointers, with `*` for any member.
    pub pointers: Vec<String>,
    /// Whether a whole body is the secret.
    pub body: bool,
    /// The beginning of the name of a header field that shows which API it is.
    pub mark: String,
}
