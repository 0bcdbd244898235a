//! Whether a file is still the one that was seen: by what `stat` says.
//!
//! The system sets a file's number and the time of its last change, and nobody else can: a file that
//! says the same as before in both is the one that this machine's docgen saw. A cache that came with a
//! repository would have to foresee both, to the nanosecond, for each file of the clone.

use std::path::{Path, PathBuf};

use cap_std::fs::{Metadata, MetadataExt as _};
use twox_hash::XxHash3_128;

use crate::files::{LARGEST_TRACE, Root};

/// What `stat` says of a file. Equal stats mean the same content unless the file was
/// changed at the moment when it was looked at ([`Stat::is_racy`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Stat {
    /// The size in bytes.
    pub(super) size: u64,
    /// When the content changed, in nanoseconds since 1970.
    pub(super) modified: i128,
    /// When the file's entry changed, in nanoseconds since 1970.
    pub(super) changed: i128,
    /// The file's number in its file system.
    pub(super) inode: u64,
}

impl Stat {
    /// The stat of a file's metadata.
    pub(super) fn of(metadata: &Metadata) -> Stat {
        let nanos = |seconds: i64, nanos: i64| i128::from(seconds) * 1_000_000_000 + i128::from(nanos);
        Stat {
            size: metadata.size(),
            modified: nanos(metadata.mtime(), metadata.mtime_nsec()),
            changed: nanos(metadata.ctime(), metadata.ctime_nsec()),
            inode: metadata.ino(),
        }
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
    /// Whether the file that has this stat now is the same, with the same content. `digest` reads it, which
    /// is needed where the cache was `written` so soon after the file that its time does not tell.
    pub(super) fn is_still(&self, now: Stat, written: i128, digest: impl FnOnce() -> Option<Digest>) -> bool {
        now == self.stat && (!now.is_racy(written) || digest() == Some(self.digest))
    }

    /// A file or folder below `root`, as it is now. A folder is like a file whose content is the names below
    /// it: a new template has to be noticed.
    pub(super) fn now(root: &Root, path: &Path) -> Option<FileState> {
        let metadata = root.metadata(path)?;
        let (stat, digest) = if metadata.is_dir() {
            let (files, errors) = root.files(path, &|_| false);
            if !errors.is_empty() {
                return None;
            }
            let names: Vec<_> = files.iter().map(|file| file.path.to_string_lossy()).collect();
            (Stat::default(), Digest::of(names.join("\n").as_bytes()))
        } else {
            (Stat::of(&metadata), Digest::of(&root.read(path, LARGEST_TRACE).ok()?))
        };
        Some(FileState { path: path.to_path_buf(), stat, digest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_another_number_or_time_is_another() {
        let stat = Stat { size: 1, modified: 10, changed: 10, inode: 7 };
        let seen = FileState { path: "x".into(), stat, digest: Digest::of(b"x") };
        let long_after = 1_000_000_000;
        assert!(seen.is_still(stat, long_after, || panic!("nothing is read")));
        for other in [
            Stat { size: 2, ..stat },
            Stat { modified: 11, ..stat },
            Stat { changed: 11, ..stat },
            Stat { inode: 8, ..stat },
        ] {
            // Also not where the content is the same: a forged cache would hold its digest.
            assert!(!seen.is_still(other, long_after, || Some(Digest::of(b"x"))));
        }
    }

    /// File systems whose clock ticks: the same stat may be of another content.
    #[test]
    fn what_changed_in_the_tick_of_the_cache_is_read() {
        let stat = Stat { size: 1, modified: 100_000_000, changed: 100_000_000, inode: 7 };
        let seen = FileState { path: "x".into(), stat, digest: Digest::of(b"x") };
        for (written, is_read) in
            [(100_000_000, true), (119_999_999, true), (90_000_000, true), (120_000_000, false)]
        {
            assert_eq!(!seen.is_still(stat, written, || Some(Digest::of(b"y"))), is_read, "{written}");
            assert!(seen.is_still(stat, written, || Some(Digest::of(b"x"))), "{written}");
        }
        // Either of the two times may be the late one.
        for stat in [Stat { modified: 0, ..stat }, Stat { changed: 0, ..stat }] {
            let seen = FileState { stat, ..seen.clone() };
            assert!(!seen.is_still(stat, 100_000_000, || None));
        }
    }

    #[test]
    fn a_digest_is_the_one_that_manifests_hold() {
        // That of no bytes, as `xxhsum -H128` gives it. The committed manifest has those of whole pages.
        assert_eq!(Digest::of(b"").to_string(), "99aa06d3014798d86001c324468d497f");
    }
}
