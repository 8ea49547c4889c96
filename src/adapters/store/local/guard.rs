//! The one writer of a folder, among all processes.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use super::folder::Folder;
use crate::model::failure::{Failure, Result};

/// How long a writer waits for its turn. A turn is one small file written and synced; who holds it for longer is
/// stopped, or its disk hangs.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long it waits between two tries.
const PAUSE: Duration = Duration::from_millis(4);

/// The right to change the folder. The kernel takes it back when the value, or the process, ends.
pub struct Guard {
    _file: File,
}

impl Guard {
    /// Makes the folder if there is none.
    pub async fn take(folder: &Arc<Folder>) -> Result<Guard> {
        let mut waited = Duration::ZERO;
        loop {
            let place = folder.clone();
            let taken = tokio::task::spawn_blocking(move || attempt(&place))
                .await
                .map_err(|error| Failure::failed("the work on a store's folder was cut short").caused_by(&error))?;
            match taken {
                Ok(Some(guard)) => return Ok(guard),
                Ok(None) if waited < PATIENCE => {
                    tokio::time::sleep(PAUSE).await;
                    waited += PAUSE;
                }
                Ok(None) => {
                    return Err(Failure::failed(format!(
                        "another process has kept the store {} busy for {} s",
                        folder.root().display(),
                        PATIENCE.as_secs()
                    ))
                    .hint(format!("`fuser -v {}` shows which one", folder.guard_file().display())));
                }
                Err(error) => {
                    return Err(folder.failure("cannot write to the store", folder.root(), &error));
                }
            }
        }
    }
}

/// None: it is another's turn.
fn attempt(folder: &Folder) -> io::Result<Option<Guard>> {
    let private = folder.private();
    DirBuilder::new().recursive(true).mode(0o700).create(&private)?;
    let file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(folder.guard_file())?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(Guard { _file: file })),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
