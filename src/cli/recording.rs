//! What `capture` and the import of a log share: rules for secrets, and putting facts into a
//! capture folder.

use std::path::Path;

use super::ui::Ui;
use crate::capture::redact::{RuleSpec, Rules};
use crate::error::{Error, Result};
use crate::render::input::{read_text, settings_above};
use crate::settings::{Layer, Settings};

/// The settings of the capture in a folder, whether or not it has any of its own.
pub(super) fn settings_of(folder: &Path) -> Result<Settings> {
    let own = folder.join("capture.toml");
    let files = settings_above(folder)?.into_iter().chain(own.is_file().then_some(own));
    let layers = files.map(|file| Layer::parse(&file, &read_text(&file)?)).collect::<Result<Vec<_>>>()?;
    Ok(Settings::resolve(&layers))
}

/// What is secret in a capture of these settings; `None`, aloud, where the user wants it in clear.
pub(super) fn rules(settings: &Settings, keep_secrets: bool, ui: &Ui) -> Result<Option<Rules>> {
    if keep_secrets {
        ui.warn(format_args!("secrets are kept in clear: do not publish these captures or their pages"));
        return Ok(None);
    }
    let redact = &settings.redact;
    let spec = RuleSpec {
        headers: redact.headers.clone(),
        keys: redact.keys.clone(),
        pointers: redact.pointers.clone(),
        patterns: redact.patterns.clone(),
    };
    Rules::new(&settings.locale, &spec).map(Some)
}

/// Puts files into a capture folder, each in place of the old one. All are written in full before
/// the first old one goes, and the last of them is what makes the capture the new one.
pub(super) fn put(folder: &Path, files: &[(&str, &str)]) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|error| Error::io("make", folder, error))?;
    let part = |name: &str| folder.join(format!(".{name}.docgen-{}", std::process::id()));
    let mut result = Ok(());
    for (name, content) in files {
        let written = write_synced(&part(name), content);
        result = result.and(written.map_err(|error| {
            Error::io("write", &folder.join(name), error)
                .hint("the capture is as it was; free some space, or mend the folder's permissions")
        }));
    }
    for (name, _) in files {
        match &result {
            Ok(()) => {
                let file = folder.join(name);
                result = std::fs::rename(part(name), &file).map_err(|error| Error::io("write", &file, error));
            }
            Err(_) => {
                let _ = std::fs::remove_file(part(name));
            }
        }
    }
    result
}

fn write_synced(file: &Path, content: &str) -> std::io::Result<()> {
    use std::io::Write;
    let mut made = std::fs::File::create(file)?;
    made.write_all(content.as_bytes())?;
    made.sync_all()
}
