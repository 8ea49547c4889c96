//! The folder of a local store: there, its user's own, and closed to everybody else.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::PathBuf;

use async_trait::async_trait;

use crate::model::failure::{Failure, Kind, Result};
use crate::ops::ports::home::{Lack, StoreHome, Survey, Trait};
use crate::ops::ports::probe::{Answer, BucketProbe, Probed};

/// What its user may, and nobody else.
const MODE: u32 = 0o700;

pub struct LocalHome {
    path: PathBuf,
}

impl LocalHome {
    pub fn new(path: impl Into<PathBuf>) -> LocalHome {
        LocalHome { path: path.into() }
    }

    fn failure(&self, what: &str, error: &io::Error) -> Failure {
        Failure::failed(format!("the folder {} {what}", self.path.display())).because(error)
    }

    /// Its rights for others, if it has any; None where it is not there.
    fn open_to_others(&self) -> Result<Option<Answer>> {
        let found = match fs::metadata(&self.path) {
            Ok(found) => found,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.failure("cannot be looked at", &error)),
        };
        if !found.is_dir() {
            return Err(Failure::refused(format!("{} is no folder", self.path.display()))
                .hint("nothing was changed; give the store another path"));
        }
        let (owner, user) = (found.uid(), rustix::process::getuid().as_raw());
        if owner != user {
            return Err(Failure::refused(format!("the folder {} belongs to another user", self.path.display()))
                .because(format!("it is user {owner}'s, and this is user {user}"))
                .hint("nothing was changed; run this as its owner, or give the store another path"));
        }
        let mode = found.mode() & 0o777;
        Ok(Some(match mode & !MODE {
            0 => Answer::Good,
            _ => Answer::Bad(format!("others may look into it or change it (its mode is {mode:03o})")),
        }))
    }
}

#[async_trait]
impl StoreHome for LocalHome {
    fn told(&self) -> String {
        format!("the folder {}", self.path.display())
    }

    async fn survey(&self, expire_after: Option<u32>) -> Result<Survey> {
        if expire_after.is_some() {
            return Err(Failure::new(Kind::Usage, "a folder keeps no former versions, so none can go after some days"));
        }
        let lack = |of, why| Survey { lacks: vec![Lack { of, why }], ..Survey::default() };
        Ok(match self.open_to_others()? {
            None => lack(Trait::There, "there is no such folder".to_owned()),
            Some(Answer::Bad(why)) => lack(Trait::Private, why),
            Some(_) => Survey::default(),
        })
    }

    async fn mend(&self, of: Trait, _expire_after: Option<u32>) -> Result<()> {
        let done = match of {
            Trait::There => DirBuilder::new().recursive(true).mode(MODE).create(&self.path),
            Trait::Private => fs::set_permissions(&self.path, Permissions::from_mode(MODE)),
            Trait::Versioned | Trait::Encrypted | Trait::Kept | Trait::Expiring => Ok(()),
        };
        done.map_err(|error| self.failure("cannot be made ready", &error))
    }
}

#[async_trait]
impl BucketProbe for LocalHome {
    async fn care(&self) -> Vec<Probed> {
        let answer = match self.open_to_others() {
            Ok(Some(answer)) => answer,
            Ok(None) => Answer::Unclear("there is no folder yet; the first write makes one".to_owned()),
            Err(failure) => Answer::Bad(failure.to_string()),
        };
        vec![Probed { name: "private".to_owned(), answer, fix: "`scaler state init` closes it to others".to_owned() }]
    }
}
