//! Counts the messages of a WebSocket as they pass (RFC 6455, section 5.2).
//!
//! A recording holds none of them, and says how many there were. What this leaves out: what is in
//! them, and whether they are as they should be.

/// Follows one direction of a connection.
#[derive(Debug, Default)]
pub(crate) struct Frames {
    /// The bytes of a frame's head that have come so far.
    head: Vec<u8>,
    /// How much is left of the frame's payload.
    left: u64,
}

impl Frames {
    /// Takes the next bytes; gives how many messages ended in heads among them.
    pub(crate) fn take(&mut self, mut bytes: &[u8]) -> usize {
        let mut messages = 0;
        while let Some((&byte, rest)) = bytes.split_first() {
            if self.left > 0 {
                let some = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len());
                self.left -= some as u64;
                bytes = &bytes[some..];
                continue;
            }
            self.head.push(byte);
            bytes = rest;
            if let Some(length) = payload(&self.head) {
                self.left = length;
                // A frame of control is none of a message, and stands between its frames.
                let (is_last, code) = (self.head[0] & 0x80 != 0, self.head[0] & 0x0f);
                messages += usize::from(is_last && code < 8);
                self.head.clear();
            }
        }
        messages
    }
}

/// The length of what follows a head, once the head is whole.
fn payload(head: &[u8]) -> Option<u64> {
    let second = *head.get(1)?;
    let extra = match second & 0x7f {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let mask = if second & 0x80 != 0 { 4 } else { 0 };
    let number = head.get(2..2 + extra)?;
    if head.len() < 2 + extra + mask {
        return None;
    }
    Some(match extra {
        0 => u64::from(second & 0x7f),
        _ => number.iter().fold(0, |length, &byte| length << 8 | u64::from(byte)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_counted_however_they_come() {
        let mut bytes = vec![0x81, 2, b'h', b'i'];
        // In two frames with a ping between them, masked.
        bytes.extend([0x01, 0x81, 1, 2, 3, 4, b'a', 0x89, 0, 0x80, 0x81, 1, 2, 3, 4, b'b']);
        bytes.extend([0x82, 126, 1, 0]);
        bytes.extend([0x81; 256]);
        bytes.extend([0x82, 127, 0, 0, 0, 0, 0, 0, 0, 1, 7]);
        for cut in 1..9 {
            let mut frames = Frames::default();
            let count: usize = bytes.chunks(cut).map(|piece| frames.take(piece)).sum();
            assert_eq!(count, 4, "{cut}");
        }
    }
}
