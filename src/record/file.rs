//! The file of a run's record: made when the run begins, and replaced as it goes on.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::Record;
use super::name::names;

/// A record's file. As long as this lives, readers on the same machine know that the run does.
#[derive(Debug)]
pub struct RecordFile {
    path: PathBuf,
    /// Holds the lock by which readers know; the system lets go of it however the run ends.
    held: File,
}

impl RecordFile {
    /// Writes a new file into the folder of its environment within `folder`. It never touches another run's.
    ///
    /// # Errors
    /// When the folder cannot be made, or the file cannot be written.
    pub fn create(folder: &Path, record: &Record) -> io::Result<Self> {
        let folder = folder.join(&record.environment);
        fs::create_dir_all(&folder)?;
        for name in names(record) {
            let path = folder.join(name);
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Ok(Self { held: fill(file, record)?, path }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        unreachable!("there is always another number")
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Puts `record` in the place of what the file says. Readers see the one or the other, never half of it.
    ///
    /// # Errors
    /// When it cannot be written; what was there stays.
    pub fn replace(&mut self, record: &Record) -> io::Result<()> {
        let fresh = self.path.with_extension("tmp");
        let file = fill(File::create(&fresh)?, record)?;
        fs::rename(&fresh, &self.path)?;
        self.held = file;
        Ok(())
    }
}

fn fill(mut file: File, record: &Record) -> io::Result<File> {
    let mut text = serde_json::to_string_pretty(record)?;
    text.push('\n');
    file.write_all(text.as_bytes())?;
    // What is renamed must be there after a power cut, too.
    file.sync_all()?;
    // Without a lock, where a file system has none, a run that lives is taken for one that was cut short; nothing worse.
    let _ = file.try_lock();
    Ok(file)
}
