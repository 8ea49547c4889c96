//! A record whose cluster was moved to another store.

use crate::model::failure::{Failure, Result};
use crate::model::record::Record;
use crate::model::{store_line, store_url};
use crate::ops::ports::Store;

/// Refuses (exit 5) to go by it, and says where the cluster is now.
pub fn refuse(store: &dyn Store, record: &Record) -> Result<()> {
    let Some(url) = &record.moved_to else { return Ok(()) };
    let failure = Failure::refused(format!("cluster `{}` was moved to another store", record.name))
        .because(format!("it was in {}, and is in {url} now", store.url()));
    Err(match store_url::parse(url) {
        Ok(spec) => failure
            .hint(format!("write this line into the cluster file: {}", store_line::of(&spec)))
            .hint(format!("or name it without a file: --cluster '{url}'")),
        // A kind of store that only a newer version knows.
        Err(_) => failure.hint("use the version of scaler that moved it"),
    })
}
