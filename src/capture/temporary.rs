//! Files in the temporary folder that do not outlive their process by more than one run.
//!
//! A process that is killed removes nothing. So every file is locked (`flock`) by the process that made
//! it, the system gives the lock back however the process ends, and each run begins by removing the
//! files of this user that nobody holds. The same lock says that a capture is being recorded: there is
//! no stale one. What it leaves out: a file system without locks, on which nothing is removed, and two
//! processes that name different temporary folders.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use tempfile::NamedTempFile;
use twox_hash::XxHash3_128;

use crate::error::{Error, ErrorKind, Result};

/// What the names of the files begin and end with.
const CERTIFICATES: (&str, &str) = ("docgen-ca-", ".pem");
const WGETRC: (&str, &str) = ("docgen-wgetrc-", "");
const RECORDING: (&str, &str) = ("docgen-recording-", ".lock");

/// How long another process may take to remove a file that was left.
const REMOVAL: Duration = Duration::from_millis(50);

/// The certificates that the command is to trust, in a file for this user only, until it is dropped.
///
/// # Errors
/// When it cannot be written.
pub(super) fn certificates(folder: &Path, content: &str) -> Result<NamedTempFile> {
    file(folder, CERTIFICATES, content)
}

/// The same for the settings of wget.
///
/// # Errors
/// When it cannot be written.
pub(super) fn wgetrc(folder: &Path, content: &str) -> Result<NamedTempFile> {
    file(folder, WGETRC, content)
}

fn file(folder: &Path, (prefix, suffix): (&str, &str), content: &str) -> Result<NamedTempFile> {
    let io = |error| {
        Error::io("write what the command needs to", folder, error)
            .hint("free some space there, or set TMPDIR to a folder that has it")
    };
    loop {
        let mut file =
            tempfile::Builder::new().prefix(prefix).suffix(suffix).tempfile_in(folder).map_err(io)?;
        // Where there are no locks, nobody removes it either.
        let _ = file.as_file().lock();
        // Another run may have taken it for one that was left, before it was locked.
        if file.as_file().metadata().map_err(io)?.nlink() > 0 {
            file.write_all(content.as_bytes()).map_err(io)?;
            return Ok(file);
        }
    }
}

/// The right to record one capture, until it is dropped.
#[derive(Debug)]
pub struct RecordingLock {
    path: PathBuf,
    _file: File,
}

impl RecordingLock {
    /// Takes the lock of the capture in `capture_folder`, which need not be there yet. `None` where there
    /// can be no lock: then two at a time are the user's own risk, and the last one wins.
    ///
    /// # Errors
    /// [`ErrorKind::Capture`] when another process has it.
    pub fn take(capture_folder: &Path, temp_dir: &Path) -> Result<Option<RecordingLock>> {
        let path = temp_dir.join(lock_name(capture_folder));
        let begun = Instant::now();
        loop {
            let opened = OpenOptions::new()
                .read(true)
                .write(true)
                .create(true)
                .mode(0o600)
                .custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed())
                .open(&path);
            let Ok(mut file) = opened else { return Ok(None) };
            if !file.metadata().is_ok_and(|metadata| is_own_file(&metadata)) {
                return Ok(None);
            }
            match file.try_lock() {
                Ok(()) => {}
                // One that is removed is held for a moment.
                Err(TryLockError::WouldBlock) if begun.elapsed() < REMOVAL => {
                    std::thread::sleep(REMOVAL / 5);
                    continue;
                }
                Err(TryLockError::WouldBlock) => return Err(is_recorded(&mut file)),
                Err(TryLockError::Error(_)) => return Ok(None),
            }
            // The holder before removed it when it was done: the lock is of a file that nobody finds.
            if file.metadata().is_ok_and(|metadata| metadata.nlink() > 0) {
                // Who has it is a help to a person, and nothing more.
                let _ = file.set_len(0).and_then(|()| write!(file, "{}", std::process::id()));
                return Ok(Some(RecordingLock { path, _file: file }));
            }
        }
    }
}

impl Drop for RecordingLock {
    fn drop(&mut self) {
        // While it is still locked, so that nobody takes it in between.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Removes the files of runs that were killed.
pub(super) fn remove_leftovers(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if !is_name_of_ours(&entry.file_name()) {
            continue;
        }
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
        let Ok(file) = OpenOptions::new().read(true).custom_flags(flags).open(entry.path()) else { continue };
        let is_own = file.metadata().is_ok_and(|metadata| is_own_file(&metadata));
        if is_own && file.try_lock().is_ok() {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn is_name_of_ours(name: &OsStr) -> bool {
    let name = name.as_bytes();
    [CERTIFICATES, RECORDING, WGETRC]
        .iter()
        .any(|(prefix, suffix)| name.starts_with(prefix.as_bytes()) && name.ends_with(suffix.as_bytes()))
}

/// Whether it is a regular file of this user, and not one that somebody else put there.
fn is_own_file(metadata: &std::fs::Metadata) -> bool {
    metadata.is_file() && metadata.uid() == rustix::process::geteuid().as_raw()
}

/// The name of a capture's lock, whatever the captures' folder was called and from where.
fn lock_name(capture_folder: &Path) -> String {
    let mut hasher = XxHash3_128::new();
    hasher.write(real(capture_folder).as_os_str().as_bytes());
    let (prefix, suffix) = RECORDING;
    format!("{prefix}{}-{:032x}{suffix}", rustix::process::geteuid().as_raw(), hasher.finish_128())
}

/// The folder without links, as far as it is there.
fn real(folder: &Path) -> PathBuf {
    let there = folder.ancestors().find_map(|above| {
        let above_or_here = if above.as_os_str().is_empty() { Path::new(".") } else { above };
        Some((above_or_here.canonicalize().ok()?, folder.strip_prefix(above).ok()?))
    });
    there.map_or_else(|| folder.to_owned(), |(real, rest)| real.join(rest))
}

fn is_recorded(lock: &mut File) -> Error {
    let mut holder = String::new();
    let holder = match lock.read_to_string(&mut holder) {
        Ok(_) if !holder.is_empty() => format!(" (process {holder})"),
        _ => String::new(),
    };
    Error::new(ErrorKind::Capture, format!("another docgen{holder} is recording this capture"))
        .hint("nothing was run; wait until it is done")
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn one_at_a_time_has_the_lock_of_a_capture() -> io::Result<()> {
        let (temp, captures) = (tempfile::tempdir()?, tempfile::tempdir()?);
        let take = |folder: PathBuf| RecordingLock::take(&folder, temp.path());
        let lock = take(captures.path().join("a/b")).unwrap().unwrap();
        let refused = take(captures.path().join("a/b")).unwrap_err();
        assert!(refused.message().contains(&format!("(process {})", std::process::id())), "{refused}");
        assert!(take(captures.path().join("a/c")).unwrap().is_some());
        // Called otherwise, it is the same.
        std::os::unix::fs::symlink(captures.path(), temp.path().join("link"))?;
        assert!(take(temp.path().join("link/a/b")).is_err());
        drop(lock);
        assert!(take(captures.path().join("a/b")).unwrap().is_some());
        assert_eq!(names(temp.path()), ["link"]);
        assert!(RecordingLock::take(captures.path(), Path::new("/no/such/folder")).unwrap().is_none());
        Ok(())
    }

    #[test]
    fn what_nobody_holds_is_removed_and_nothing_else() -> io::Result<()> {
        let temp = tempfile::tempdir()?;
        let put = |name: &str| std::fs::write(temp.path().join(name), "x");
        put("docgen-ca-Ab12.pem")?;
        put("docgen-recording-0-77.lock")?;
        put("docgen-wgetrc-x9")?;
        put("docgen-ca-notes.txt")?;
        put("other-docgen-ca-.pem")?;
        std::fs::create_dir(temp.path().join("docgen-ca-folder.pem"))?;
        std::os::unix::fs::symlink("other-docgen-ca-.pem", temp.path().join("docgen-ca-link.pem"))?;
        let held = certificates(temp.path(), "certificates").unwrap();
        let lock = RecordingLock::take(temp.path(), temp.path()).unwrap();
        remove_leftovers(temp.path());
        let mut expected = vec![
            "docgen-ca-folder.pem".to_owned(),
            "docgen-ca-link.pem".to_owned(),
            "docgen-ca-notes.txt".to_owned(),
            "other-docgen-ca-.pem".to_owned(),
            held.path().file_name().unwrap().to_str().unwrap().to_owned(),
            lock_name(temp.path()),
        ];
        expected.sort();
        assert_eq!(names(temp.path()), expected);
        drop((held, lock));
        remove_leftovers(Path::new("/no/such/folder"));
        Ok(())
    }
}
