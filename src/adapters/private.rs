//! Files and folders for this user alone.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{Result, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

/// Writes a file of mode 0600, and makes the folders above it.
pub fn write(path: &Path, content: &[u8]) -> Result<()> {
    if let Some(above) = path.parent() {
        folder(above)?;
    }
    let mut file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(path)?;
    file.write_all(content)
}

/// Makes a folder of mode 0700, and those above it; one that is there stays as it is.
pub fn folder(path: &Path) -> Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}
