//! An operation that was cut off is settled: by `scaler resume`, or before whatever else is to be done.

use std::time::Duration;

use super::app::App;
use super::args::{Change, Target};
use super::connect::{self, Cluster};
use super::report;
use crate::model::failure::Result;
use crate::model::journal::Status;
use crate::model::lock::TAKE_OVER_AFTER;
use crate::ops::execute::recover::{self, Goal, Settled};
use crate::ops::journal;
use crate::ops::ports::Event;

/// Settles what an earlier run left, if anything, once that was agreed to. True if there was something.
pub async fn first(app: &App, target: &Target, change: &Change, cluster: &Cluster) -> Result<bool> {
    let Some(status) = app.look(journal::unfinished(cluster.ports.store.as_ref())).await? else { return Ok(false) };
    app.show(&report::to_settle(&status, &status.settling(), app.width()));
    if !change.yes {
        app.confirm("Settle this first? Only `yes` goes on: ")?;
    }
    let wait = change.lock_timeout.max(TAKE_OVER_AFTER);
    let Some(settled) = carry_out(app, target, cluster, &status, wait, change.join_timeout).await? else {
        return Ok(true);
    };
    app.show(&report::settled(&settled));
    recover::verdict(&settled)?;
    Ok(true)
}

/// Settles this operation with its own cluster file. None if another run was faster.
pub async fn carry_out(
    app: &App,
    target: &Target,
    cluster: &Cluster,
    status: &Status,
    lock_timeout: Duration,
    join_timeout: Duration,
) -> Result<Option<Settled>> {
    let (operation, command) = (status.operation().clone(), app.settings.holder().command);
    app.progress.tell(Event::OperationStarted { operation, command });
    let source = app.look(recover::inputs(&cluster.ports, status)).await?;
    let mut own = app.look(connect::reopen(app, target, cluster, source)).await?;
    own.task.options.lock_timeout = lock_timeout;
    own.task.options.join_timeout = join_timeout;
    recover::settle(&own.ports, &own.task, Goal::Settle, app.interrupts.clone()).await
}
