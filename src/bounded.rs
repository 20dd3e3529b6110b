//! Files whose length somebody else decides, read as far as any of their kind is long.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Many times the longest spec that people would review.
pub(crate) const SPEC: u64 = MIB;

/// A plan of some thousand resources.
pub(crate) const PLAN: u64 = 16 * MIB;

/// The record of a run over as many.
pub(crate) const RECORD: u64 = 16 * MIB;

/// A reason, and who gave it.
pub(crate) const REJECTION: u64 = MIB;

/// Some thousand registries.
pub(crate) const DOCKER_CONFIG: u64 = MIB;

const MIB: u64 = 1024 * 1024;

/// The text of a file.
///
/// # Errors
/// When it cannot be read, is no text, or is longer than `most` bytes.
pub(crate) fn read(path: &Path, most: u64) -> io::Result<String> {
    text(File::open(path)?, most)
}

/// The same of a file that is open. No more is read of one that is longer, and of one that never ends.
///
/// # Errors
/// As [`read`].
pub(crate) fn text(file: impl Read, most: u64) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is longer than {} MiB, as none of its kind is", most / MIB),
        ));
    }
    String::from_utf8(bytes).map_err(|error| {
        let why = format!("it is not text: byte {} is no part of UTF-8", error.utf8_error().valid_up_to());
        io::Error::new(io::ErrorKind::InvalidData, why)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_ends_is_not_read_to_its_end() {
        let why = |file: &mut dyn Read| text(file, MIB).unwrap_err().to_string();
        assert_eq!(why(&mut io::repeat(b'a')), "it is longer than 1 MiB, as none of its kind is");
        assert_eq!(why(&mut &b"key = \"\xff\""[..]), "it is not text: byte 7 is no part of UTF-8");
        assert_eq!(text(io::repeat(b'a').take(MIB), MIB).unwrap().len() as u64, MIB);
    }
}
