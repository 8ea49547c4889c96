//! An operation that was cut off is settled: by `scaler resume`, or before whatever else is to be done.

use std::time::Duration;

use super::app::App;
use super::args::{Change, Target};
use super::connect::{self, Cluster};
use super::report;
use crate::model::failure::{Kind, Result};
use crate::model::journal::Status;
use crate::model::lock::TAKE_OVER_AFTER;
use crate::ops::execute::recover::{self, Goal, Settled};
use crate::ops::journal;
use crate::ops::ports::Event;

/// What came of an earlier run's operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum First {
    /// None was unfinished.
    Nothing,
    Settled,
    /// It cannot be brought to its end. Only a `destroy` goes on all the same.
    Unsettled,
}

/// Settles what an earlier run left, if anything, once that was agreed to.
///
/// `everything_goes`: a `destroy` is not held up by what cannot be settled, in a cluster that cannot be reached for
/// example; see [`give_up`].
pub async fn first(
    app: &App,
    target: &Target,
    change: &Change,
    cluster: &Cluster,
    everything_goes: bool,
) -> Result<First> {
    let unfinished = app.look(journal::unfinished(cluster.ports.store.as_ref())).await?;
    let Some(status) = unfinished else { return Ok(First::Nothing) };
    app.show(&report::to_settle(&status, &status.settling(), app.width()));
    if !change.yes {
        app.confirm("Settle this first? Only `yes` goes on: ")?;
    }
    let wait = change.lock_timeout.max(TAKE_OVER_AFTER);
    let ended = match carry_out(app, target, cluster, &status, Goal::Settle, wait, change.join_timeout).await {
        Ok(Some(settled)) => {
            app.show(&report::settled(&settled));
            for left in &settled.left {
                app.progress.tell(Event::Warning { text: left.clone() });
            }
            settled.ended()
        }
        Ok(None) => Ok(()),
        Err(failure) => Err(failure),
    };
    match ended {
        Ok(()) => Ok(First::Settled),
        Err(failure) if everything_goes && !matches!(failure.kind, Kind::LockHeld | Kind::Interrupted) => {
            let text = format!("it is given up when everything is agreed to go: {failure}");
            app.progress.tell(Event::Warning { text });
            Ok(First::Unsettled)
        }
        Err(failure) => Err(failure),
    }
}

/// Nobody goes on with an operation that could not be settled: the whole cluster goes, and that is agreed to.
pub async fn give_up(app: &App, target: &Target, change: &Change, cluster: &Cluster) -> Result<()> {
    let unfinished = app.look(journal::unfinished(cluster.ports.store.as_ref())).await?;
    let Some(status) = unfinished else { return Ok(()) };
    let wait = change.lock_timeout.max(TAKE_OVER_AFTER);
    let given_up = carry_out(app, target, cluster, &status, Goal::Supersede, wait, change.join_timeout).await?;
    for node in given_up.iter().flat_map(|settled| &settled.adopted) {
        let text =
            format!("{node} was made by the operation that is given up, and no state had its machine: it goes too");
        app.progress.tell(Event::Warning { text });
    }
    Ok(())
}

/// Settles this operation with its own cluster file, as far as the goal is. None if another run was faster.
pub async fn carry_out(
    app: &App,
    target: &Target,
    cluster: &Cluster,
    status: &Status,
    goal: Goal,
    lock_timeout: Duration,
    join_timeout: Duration,
) -> Result<Option<Settled>> {
    let (operation, command) = (status.operation().clone(), app.settings.holder().command);
    app.progress.tell(Event::OperationStarted { operation, command });
    let source = app.look(recover::inputs(&cluster.ports, status)).await?;
    let mut own = app.look(connect::reopen(app, target, cluster, source)).await?;
    own.task.options.lock_timeout = lock_timeout;
    own.task.options.join_timeout = join_timeout;
    recover::settle(&own.ports, &own.task, goal, app.interrupts.clone()).await
}
