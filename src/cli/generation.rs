//! A cluster as it was in a former generation of its record.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::app::App;
use super::args::Target;
use super::connect;
use super::load::{self, Loaded};
use crate::model::failure::{Failure, Kind, Result};
use crate::ops::ports::Store;
use crate::ops::{history, record};

/// What goes with a former generation's cluster file.
pub struct Former {
    /// The size of each of its pools.
    pub sizes: BTreeMap<String, u32>,
    /// What a person should know about the cluster file at hand.
    pub note: Option<String>,
}

/// Loads generation `to` of the cluster that the command line names. Where its store is, is said by the command line now.
pub async fn load(app: &App, target: &Target, to: u64) -> Result<(Loaded, Arc<dyn Store>, Former)> {
    if !target.sets.is_empty() {
        return Err(Failure::new(
            Kind::Usage,
            "a rollback takes the cluster file as it was then, so --set has no place",
        )
        .hint("go back first, then `scaler apply --set …`"));
    }
    let folder = app.settings.folder.clone();
    let (spec, store, folder, at_hand) = match &target.cluster {
        Some(url) => {
            let spec = connect::store_spec(url, &folder)?;
            let store = connect::store(app, &spec).await?;
            (spec, store, folder, None)
        }
        None => {
            let at_hand = load::from_file(app, target)?;
            let store = connect::of_file(app, &at_hand).await?;
            let spec = connect::absolute(&at_hand.file.store, &at_hand.store_folder);
            (spec, store, at_hand.folder.clone(), Some(at_hand))
        }
    };
    let Some((current, _)) = record::load(store.as_ref()).await? else {
        return Err(history::no_cluster(store.as_ref()));
    };
    let (kept, _) = history::generation(store.as_ref(), Some(to)).await?;
    let then = kept.record;
    if then.destroyed || then.cluster_id != current.cluster_id {
        let why = if then.destroyed { "everything was destroyed in it" } else { "it is of another cluster" };
        return Err(Failure::refused(format!("there is no way back to generation {to}"))
            .because(why)
            .hint("nothing was changed; `scaler state history` lists the generations"));
    }
    let sizes = then.pools.iter().map(|(name, pool)| (name.clone(), pool.size)).collect();
    let note = at_hand.filter(|at_hand| at_hand.source != then.source).and_then(|at_hand| {
        let path = at_hand.path?.strip_prefix(&app.settings.folder).ok()?.display().to_string();
        Some(format!(
            "{path} stays as it is, and is another file than that of generation {to}: `scaler apply` with it would go \
             forward again; `scaler state show {to}` prints the one that the cluster goes by from now on"
        ))
    });
    let loaded = load::of_record(app, target, then, spec, folder)?;
    Ok((loaded, store, Former { sizes, note }))
}
