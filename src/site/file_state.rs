//! Whether a file is still the one that was seen: by what `stat` says, else by content.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use twox_hash::XxHash3_128;

/// What `stat` says of a file. Equal stats mean the same content unless the file was
/// changed in the very moment it was looked at ([`Stat::is_racy`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stat {
    /// The size in bytes.
    pub(super) size: u64,
    /// When the content changed, in nanoseconds since 1970.
    pub(super) modified: i128,
    /// When the file's entry changed, in nanoseconds since 1970 (0 where the system has no such time).
    pub(super) changed: i128,
    /// The file's number in its file system (0 where the system has none).
    pub(super) inode: u64,
}

impl Stat {
    /// The stat of a file's metadata.
    pub(super) fn of(metadata: &Metadata) -> Stat {
        let nanos = |time: SystemTime| match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => after.as_nanos() as i128,
            Err(before) => -(before.duration().as_nanos() as i128),
        };
        let modified = metadata.modified().map(nanos).unwrap_or_default();
        #[cfg(unix)]
        let (changed, inode) = {
            use std::os::unix::fs::MetadataExt;
            (i128::from(metadata.ctime()) * 1_000_000_000 + i128::from(metadata.ctime_nsec()), metadata.ino())
        };
        #[cfg(not(unix))]
        let (changed, inode) = (0, 0);
        Stat { size: metadata.len(), modified, changed, inode }
    }

    /// The stat of the regular file at `path`, if there is one.
    pub(super) fn at(path: &Path) -> Option<Stat> {
        let metadata = std::fs::symlink_metadata(path).ok()?;
        metadata.is_file().then(|| Stat::of(&metadata))
    }

    /// Whether the file changed so shortly before `written` that a later change could carry the
    /// same stat: file systems count time in ticks of some milliseconds.
    pub(super) fn is_racy(&self, written: i128) -> bool {
        const TICK: i128 = 20_000_000;
        self.modified.max(self.changed) > written - TICK
    }
}

/// A digest of content, to tell contents apart (not against somebody who forges one).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Digest(u128);

impl Digest {
    /// The digest of `bytes` (XXH3, 128 bits).
    pub(super) fn of(bytes: &[u8]) -> Digest {
        Digest(XxHash3_128::oneshot(bytes))
    }

    /// The digest of the file at `path`, if it can be read.
    pub(super) fn at(path: &Path) -> Option<Digest> {
        Some(Digest::of(&std::fs::read(path).ok()?))
    }
}

impl std::fmt::Display for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A run writes thousands; the formatter's own way goes through every padding there is.
        let mut digits = [0; 32];
        for (at, digit) in digits.iter_mut().enumerate() {
            *digit = b"0123456789abcdef"[(self.0 >> (124 - 4 * at)) as usize & 15];
        }
        f.write_str(str::from_utf8(&digits).map_err(|_| std::fmt::Error)?)
    }
}

impl std::str::FromStr for Digest {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Digest, Self::Err> {
        u128::from_str_radix(text, 16).map(Digest)
    }
}

/// A file, and what it was when a page was made.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FileState {
    /// Where it is: for an input as it was opened, for an output below the docs folder.
    pub(super) path: PathBuf,
    /// What `stat` said.
    pub(super) stat: Stat,
    /// What it held.
    pub(super) digest: Digest,
}

impl FileState {
    /// Whether the file, with the stat that it has now, still holds the same.
    pub(super) fn is_still(&self, file: &Path, now: Stat, written: i128) -> bool {
        if now == self.stat && !now.is_racy(written) {
            return true;
        }
        now.size == self.stat.size && Digest::at(file) == Some(self.digest)
    }

    /// The same with the stat that the file has now: touched files are read once and not each time.
    pub(super) fn restated(&self, now: Stat) -> FileState {
        FileState { stat: now, ..self.clone() }
    }

    /// The file as it is now.
    pub(super) fn now(file: &Path) -> Option<FileState> {
        Some(FileState { path: file.to_path_buf(), stat: Stat::at(file)?, digest: Digest::at(file)? })
    }
}

/// A folder as a file whose content is the names below it: a new template has to be noticed.
pub(super) fn listing(dir: &Path) -> Option<FileState> {
    let mut names = String::new();
    for entry in walkdir::WalkDir::new(dir).sort_by_file_name() {
        names.push_str(&entry.ok()?.path().to_string_lossy());
        names.push('\n');
    }
    Some(FileState { path: dir.to_path_buf(), stat: Stat::default(), digest: Digest::of(names.as_bytes()) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_the_one_that_manifests_hold() {
        // That of no bytes, as `xxhsum -H128` gives it. The committed manifest has those of whole pages.
        assert_eq!(Digest::of(b"").to_string(), "99aa06d3014798d86001c324468d497f");
    }
}
