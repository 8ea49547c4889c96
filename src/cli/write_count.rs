//! `--write`: a scale command on a pool with `count` changes the cluster file too.

use std::path::PathBuf;

use super::app::App;
use super::args::Target;
use super::load;
use crate::model::failure::{Failure, Kind, Result};
use crate::model::file::{self, PoolSize};
use crate::model::plan::{Request, SizeChange};

/// A cluster file with another count, not yet written.
pub struct Edited {
    pub path: PathBuf,
    before: String,
    pub text: String,
    /// What is asked for then.
    pub request: Request,
}

/// None where the pool has bounds: the record holds its size then, and the file needs no change.
pub fn prepare(app: &App, target: &Target, request: &Request) -> Result<Option<Edited>> {
    let mut request = request.clone();
    let Request::Scale { pool: name, change, write, .. } = &mut request else { return Ok(None) };
    let loaded = load::from_file(app, target)?;
    let Some(pool) = loaded.file.pool(name) else { return Ok(None) };
    let PoolSize::Fixed(count) = pool.size else { return Ok(None) };
    let wanted = match change {
        SizeChange::UpTo(size) | SizeChange::DownTo(size) => Some(*size),
        SizeChange::UpBy(more) => count.checked_add(*more),
        SizeChange::DownBy(less) => count.checked_sub(*less),
        SizeChange::Without(nodes) => count.checked_sub(nodes.len() as u32),
    };
    let Some(wanted) = wanted else {
        return Err(Failure::new(
            Kind::Usage,
            format!("pool `{name}` has `count: {count}`; so many cannot be removed"),
        ));
    };
    let Some(path) = loaded.path else {
        return Err(Failure::new(Kind::Usage, "--write changes a cluster file, and --cluster works without one")
            .hint("name the cluster file with -f"));
    };
    let before = loaded.source.cluster_file;
    let text = file::set_count(&before, name, wanted)?;
    *write = Some(wanted);
    Ok(Some(Edited { path, before, text, request }))
}

impl Edited {
    /// Whether the file is to change at all.
    pub fn differs(&self) -> bool {
        self.before != self.text
    }

    /// Writes the file, if nobody else changed it meanwhile.
    pub fn save(&self) -> Result<()> {
        self.replace(&self.before, &self.text)
            .map_err(|failure| failure.hint("nothing was done; run the command again"))
    }

    /// Writes the former text back, if nobody else changed it meanwhile.
    pub fn restore(&self) -> Result<()> {
        self.replace(&self.text, &self.before)
            .map_err(|failure| failure.context("the cluster file keeps the count that was written to it"))
    }

    fn replace(&self, old: &str, new: &str) -> Result<()> {
        let failed = |error: std::io::Error| {
            Failure::failed(format!("{} cannot be changed", self.path.display())).because(error)
        };
        if std::fs::read_to_string(&self.path).map_err(failed)? != old {
            return Err(Failure::refused(format!("{} was changed by someone else meanwhile", self.path.display())));
        }
        let dir = self.path.parent().unwrap_or(std::path::Path::new("."));
        let permissions = std::fs::metadata(&self.path).map_err(failed)?.permissions();
        let file = tempfile::NamedTempFile::new_in(dir).map_err(failed)?;
        std::fs::write(file.path(), new).map_err(failed)?;
        std::fs::set_permissions(file.path(), permissions).map_err(failed)?;
        file.persist(&self.path).map_err(|error| failed(error.error))?;
        Ok(())
    }
}
