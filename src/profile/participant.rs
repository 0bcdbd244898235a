//! Who takes part.

/// One who sends or receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participant {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) aliases: Vec<String>,
    pub(super) client: bool,
    pub(super) mounts: Vec<String>,
}

impl Participant {
    /// The short name that a diagram's lines use: `glance`.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The name that a diagram shows: `glance-api`.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// Other names by which logs know it.
    pub fn aliases(&self) -> &[String] {
        &self.aliases
    }

    /// Whether it is the one that runs the command.
    pub fn is_client(&self) -> bool {
        self.client
    }

    /// The paths below which its API may be mounted, each from `/` and without a slash at its end.
    pub fn mounts(&self) -> &[String] {
        &self.mounts
    }
}
