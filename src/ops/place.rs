//! Whether a login leads to where a cluster is.

use crate::model::failure::{Failure, Result};
use crate::model::machine::Place;
use crate::model::record::Record;

/// Refuses a login for another account or region than the record's: an inventory of another place would show every
/// machine as gone.
pub fn check(record: &Record, place: &Place) -> Result<()> {
    if (&record.account, &record.region) == (&place.account, &place.region) {
        return Ok(());
    }
    Err(Failure::refused(format!("this login leads to another place than cluster `{}`", record.name))
        .because(format!("the cluster is in account {}, region {}", record.account, record.region))
        .because(format!("the login is for account {}, region {}", place.account, place.region))
        .hint("nothing was changed; log in to the cluster's account, and keep its region in the cluster file"))
}
