//! Where exchanges wait for the end of the command: out of memory, never in clear on disk.
//!
//! Secrets are only known when all has been seen (a token is in one exchange, its
//! user in another), so an exchange cannot be redacted when it ends; and twenty
//! thousand of them are too many to hold. So each is sealed with a key that exists
//! in memory only (ChaCha20-Poly1305, RFC 8439), and goes to a file that has no
//! name and mode 0600. When docgen dies, the file is gone and what was in it
//! cannot be read. What it leaves out: what a record means.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use ring::aead;

use crate::error::{Error, ErrorKind, Result};

/// Below this, records stay in memory and no file is made.
const IN_MEMORY: usize = 256 << 10;

/// A store of records; see the module.
pub(crate) struct Spool {
    folder: PathBuf,
    key: aead::LessSafeKey,
    /// Sealed records that are not in the file yet.
    pending: Vec<u8>,
    file: Option<File>,
    /// The length of the file.
    written: u64,
    index: Vec<Entry>,
    failure: Option<Error>,
}

/// Where a record is.
#[derive(Clone, Copy)]
struct Entry {
    /// What the records are sorted by.
    rank: i64,
    offset: u64,
    length: u32,
}

impl Spool {
    /// An empty store, whose file would be in `folder`.
    pub(crate) fn new(folder: &Path, random: &ring::rand::SystemRandom) -> Result<Spool> {
        let mut key = [0; 32];
        ring::rand::SecureRandom::fill(random, &mut key)
            .map_err(|_| Error::new(ErrorKind::Capture, "the system gives no random numbers"))?;
        let key = aead::UnboundKey::new(&aead::CHACHA20_POLY1305, &key)
            .expect("the key has the algorithm's length");
        Ok(Spool {
            folder: folder.to_owned(),
            key: aead::LessSafeKey::new(key),
            pending: Vec::new(),
            file: None,
            written: 0,
            index: Vec::new(),
            failure: None,
        })
    }

    /// How many records there are.
    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    /// Adds a record. A failure to write is kept and told by [`Spool::seal`].
    pub(crate) fn push(&mut self, rank: i64, record: &[u8]) {
        if self.failure.is_some() {
            return;
        }
        let offset = self.written + self.pending.len() as u64;
        let start = self.pending.len();
        self.pending.extend_from_slice(record);
        let nonce = nonce(self.index.len());
        let tag = self
            .key
            .seal_in_place_separate_tag(nonce, aead::Aad::empty(), &mut self.pending[start..])
            .expect("a record is shorter than the cipher's limit of 256 GiB");
        self.pending.extend_from_slice(tag.as_ref());
        let length =
            u32::try_from(self.pending.len() - start).expect("bodies are kept up to a limit below 2 GiB");
        self.index.push(Entry { rank, offset, length });
        if self.pending.len() >= IN_MEMORY {
            self.failure = self.flush().err();
        }
    }

    fn flush(&mut self) -> Result<()> {
        let io = |error| {
            Error::io("write the recording's temporary file in", &self.folder, error)
                .hint("free some space there, or set TMPDIR to a folder that has it")
        };
        let file = match self.file.take() {
            Some(file) => file,
            None => tempfile::tempfile_in(&self.folder).map_err(io)?,
        };
        file.write_all_at(&self.pending, self.written).map_err(io)?;
        self.written += self.pending.len() as u64;
        self.pending.clear();
        self.file = Some(file);
        Ok(())
    }

    /// The records, to be read in the order of their ranks, equal ones in that of their arrival.
    ///
    /// # Errors
    /// When a record could not be written.
    pub(crate) fn seal(mut self) -> Result<Sealed> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        let mut order: Vec<u32> = (0..self.index.len() as u32).collect();
        order.sort_by_key(|&number| self.index[number as usize].rank);
        self.pending.shrink_to_fit();
        Ok(Sealed { spool: self, order })
    }
}

/// The records of a spool that is complete.
pub(crate) struct Sealed {
    spool: Spool,
    order: Vec<u32>,
}

impl Sealed {
    /// How many records there are.
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    /// Which record of all, in the order of their arrival, is at this position of the order.
    pub(crate) fn number(&self, position: usize) -> usize {
        self.order[position] as usize
    }

    /// The record at this position of the order.
    ///
    /// # Errors
    /// When the file cannot be read, or holds something else.
    pub(crate) fn read(&self, position: usize) -> Result<Vec<u8>> {
        let number = self.number(position);
        let Entry { offset, length, .. } = self.spool.index[number];
        let mut record = vec![0; length as usize];
        match &self.spool.file {
            Some(file) if offset < self.spool.written => {
                file.read_exact_at(&mut record, offset).map_err(|error| {
                    Error::io("read the recording's temporary file in", &self.spool.folder, error)
                })?
            }
            _ => {
                let start = (offset - self.spool.written) as usize;
                record.copy_from_slice(&self.spool.pending[start..start + length as usize]);
            }
        }
        let plain = self
            .spool
            .key
            .open_in_place(nonce(number), aead::Aad::empty(), &mut record)
            .map_err(|_| Error::new(ErrorKind::Io, "the recording's temporary file was damaged"))?
            .len();
        record.truncate(plain);
        Ok(record)
    }
}

/// The nonce of a record: its number, which no other record under the key has.
fn nonce(number: usize) -> aead::Nonce {
    let mut nonce = [0; aead::NONCE_LEN];
    nonce[..8].copy_from_slice(&(number as u64).to_le_bytes());
    aead::Nonce::assume_unique_for_key(nonce)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spool(folder: &Path) -> Spool {
        Spool::new(folder, &ring::rand::SystemRandom::new()).unwrap()
    }

    #[test]
    fn records_come_back_in_order_from_memory_and_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = spool(folder.path());
        let record = |n: i64| format!("secret {n} ").repeat(n as usize % 300).into_bytes();
        for n in 0..2000 {
            spool.push(n % 7, &record(n));
        }
        assert!(spool.file.is_some() && !spool.pending.is_empty());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "the file has no name");
        let sealed = spool.seal().unwrap();
        let mut expected: Vec<i64> = (0..2000).collect();
        expected.sort_by_key(|n| n % 7);
        for (position, n) in expected.into_iter().enumerate() {
            assert_eq!(sealed.read(position).unwrap(), record(n));
        }
    }

    #[test]
    fn nothing_readable_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let mut spool = spool(folder.path());
        spool.push(0, b"password=asdf");
        assert!(!spool.pending.windows(4).any(|window| window == b"asdf"));
    }

    #[test]
    fn a_folder_that_takes_no_file_is_told() {
        let mut spool = spool(Path::new("/nonexistent/folder"));
        spool.push(0, &vec![0; IN_MEMORY]);
        spool.push(1, b"more");
        let error = spool.seal().err().unwrap();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(error.help().is_some());
    }
}
