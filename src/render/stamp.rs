//! Whether a file is still the one that was seen: by what `stat` says, else by content.

use std::fs::Metadata;
use std::path::Path;
use std::time::SystemTime;

use twox_hash::XxHash3_128;

/// What `stat` says of a file. Equal stamps mean the same content unless the file was
/// changed in the very moment it was looked at ([`Stamp::is_racy`]).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// The size in bytes.
    pub size: u64,
    /// When the content changed, in nanoseconds since 1970.
    pub modified: i128,
    /// When the file's entry changed, in nanoseconds since 1970 (0 where the system has no such time).
    pub changed: i128,
    /// The file's number in its file system (0 where the system has none).
    pub inode: u64,
}

impl Stamp {
    /// The stamp of a file's metadata.
    pub fn of(metadata: &Metadata) -> Stamp {
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
        Stamp { size: metadata.len(), modified, changed, inode }
    }

    /// The stamp of the regular file at `path`, if there is one.
    pub fn at(path: &Path) -> Option<Stamp> {
        let metadata = std::fs::symlink_metadata(path).ok()?;
        metadata.is_file().then(|| Stamp::of(&metadata))
    }

    /// Whether the file changed so shortly before `written` that a later change could carry the
    /// same stamp: file systems count time in ticks of some milliseconds.
    pub fn is_racy(&self, written: i128) -> bool {
        const TICK: i128 = 20_000_000;
        self.modified.max(self.changed) > written - TICK
    }
}

/// A digest of content, to tell contents apart (not against somebody who forges one).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest(u128);

impl Digest {
    /// The digest of `bytes` (XXH3, 128 bits).
    pub fn of(bytes: &[u8]) -> Digest {
        Digest(XxHash3_128::oneshot(bytes))
    }

    /// The digest of the file at `path`, if it can be read.
    pub fn at(path: &Path) -> Option<Digest> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_the_one_that_manifests_hold() {
        // That of no bytes, as `xxhsum -H128` gives it. The committed manifest has those of whole pages.
        assert_eq!(Digest::of(b"").to_string(), "99aa06d3014798d86001c324468d497f");
    }
}
