//! `docgen schema`

use clap::Args;
use clap::builder::PossibleValuesParser;

use super::{DONE, ui::Ui};
use crate::error::Result;
use crate::schema::SchemaOf;

/// Print the JSON schema of a file that people write
#[derive(Debug, Args)]
#[command(after_help = "\
An editor with a schema completes keys, says what they mean and marks what docgen would not take.
For taplo, the TOML server of most editors, a first line `#:schema PATH` in the file names it;
`docgen init` puts the schemas into a site and names them for all captures.

Examples:
  docgen schema capture > capture.schema.json
  docgen schema profile > profile.schema.json")]
pub(super) struct Schema {
    /// Of which file: docgen.toml, capture.toml, report.toml, index.toml or a profile
    #[arg(value_parser = PossibleValuesParser::new(SchemaOf::ALL.map(SchemaOf::name)))]
    of: String,
}

impl Schema {
    pub(super) fn run(self, ui: &Ui) -> Result<u8> {
        let named = SchemaOf::ALL.into_iter().find(|schema| schema.name() == self.of);
        named.into_iter().for_each(|schema| ui.data(&schema.text()));
        Ok(DONE)
    }
}
