//! Undoing the parts that did not reach their point of no return.

use std::sync::Arc;

use crate::model::failure::{Failure, Kind, Result};
use crate::model::journal::{Act, Entry, Status};
use crate::model::names::NodeName;
use crate::model::record::Record;
use crate::ops::drain::Victim;
use crate::ops::identity;
use crate::ops::ports::{Kubernetes, Ports};

use super::super::session::Session;
use super::super::witness::Drains;
use super::Settled;

/// The way to the record's cluster, where nodes are to be given back, or the removal of some is to be finished.
pub async fn reach(
    ports: &Ports,
    status: &Status,
    finishes: bool,
    record: Option<&Record>,
) -> Result<Option<Arc<dyn Kubernetes>>> {
    let back = status.undoable().iter().any(|part| status.cordoned(part).next().is_some());
    let past = status.past();
    let going = finishes && past.iter().any(|part| matches!(part.act, Act::Remove | Act::Retire));
    if !back && !going {
        return Ok(None);
    }
    let kubernetes = ports.kubernetes.clone().map_err(|failure| {
        let what = if back { "and nodes of it are to be given back" } else { "and Nodes of it are to be deleted" };
        Failure::new(Kind::Refused, format!("the cluster cannot be reached, {what}"))
            .because(failure)
            .hint("nothing was changed; `scaler doctor` looks at the way to the cluster")
    })?;
    if let Some(uid) = record.and_then(|record| record.kube_system_uid.as_ref()) {
        identity::same(kubernetes.as_ref(), uid).await?;
    }
    Ok(Some(kubernetes))
}

impl Session<'_> {
    /// Undoes what can be undone. Returns why nodes are still cordoned, where that failed.
    pub(super) async fn undo_parts(
        &self,
        began: &Status,
        kubernetes: Option<Arc<dyn Kubernetes>>,
        settled: &mut Settled,
    ) -> Result<Vec<String>> {
        let holder = &self.task.holder;
        let why = format!("cut off, and undone by {} on {}", holder.user, holder.host);
        let drains = kubernetes.map(|kubernetes| Drains::of(self, kubernetes, self.task.file.drain.clone(), true));
        let mut still_cordoned = Vec::new();
        for part in began.undoable() {
            self.note(Entry::UndoBegan { part: part.clone(), why: why.clone() }).await?;
            settled.undone.push(part.clone());
            let Some(drains) = &drains else { continue };
            let victims: Vec<Victim> = began
                .cordoned(&part)
                .map(|(node, cordon)| Victim { node: node.to_string(), uid: cordon.uid.clone() })
                .collect();
            let given = self.give_back(drains, &victims).await;
            if let Some(unwritten) = given.unwritten {
                return Err(unwritten);
            }
            settled.given_back.extend(given.back.into_iter().map(NodeName::from_text));
            still_cordoned.extend(given.left);
        }
        Ok(still_cordoned)
    }
}
