//! What all commands share that change a cluster: prepare, show, ask, do, report.

use std::path::PathBuf;
use std::process::ExitCode;

use super::app::App;
use super::args::{Change, Target};
use super::connect::{self, Cluster};
use super::settle::{self, First};
use super::{plan_file, report, write_count};
use crate::model::failure::{Failure, Kind, Result};
use crate::model::journal::{Command, Consent};
use crate::model::names::NodeName;
use crate::model::plan::Request;
use crate::ops::execute::{self, Done, Ran};
use crate::ops::images;
use crate::ops::journal;
use crate::ops::lock;
use crate::ops::ports::Event;
use crate::ops::prepare::{self, Prepared};
use crate::ops::task::Mandate;

/// What is to be done.
pub enum Order {
    Request(Request),
    /// The way back to this generation.
    Rollback(u64),
    /// A PLAN file.
    Saved(PathBuf),
    /// Everything goes; `name` is the consent that was given on the command line.
    Destroy {
        name: Option<String>,
    },
}

pub fn names(texts: &[String]) -> Vec<NodeName> {
    texts.iter().map(NodeName::from_text).collect()
}

/// How often a plan is made that others overtake. Who changes a cluster this often wants to be found.
const ROUNDS: u32 = 4;

pub async fn run(app: &App, target: &Target, change: &Change, order: Order, command: Command) -> Result<ExitCode> {
    run_writing(app, target, change, order, command, None).await
}

/// `written` is a change of the cluster file itself, made when the operation was agreed to.
///
/// Another run may have changed the cluster while this one was asked about, or waited for the lock. It is then looked at
/// again, shown and asked about anew; but for a PLAN file and a changed cluster file, which hold for what was seen.
pub async fn run_writing(
    app: &App,
    target: &Target,
    change: &Change,
    order: Order,
    command: Command,
    written: Option<write_count::Edited>,
) -> Result<ExitCode> {
    let bound = written.is_some() || matches!(order, Order::Saved(_));
    let mut rounds = if bound { 1 } else { ROUNDS };
    loop {
        match round(app, target, change, &order, command, written.as_ref()).await? {
            Round::Ended(code) => return Ok(code),
            Round::Settled => {}
            Round::Outdated(failure) if rounds == 1 => return Err(failure),
            Round::Outdated(failure) => {
                rounds -= 1;
                app.progress.tell(Event::Warning { text: format!("{}; looking again", failure.what) });
            }
        }
    }
}

enum Round {
    Ended(ExitCode),
    /// An operation that was cut off has come to its end now; what was asked for is still to be done.
    Settled,
    /// Nothing was done, because another run was there first.
    Outdated(Failure),
}

async fn round(
    app: &App,
    target: &Target,
    change: &Change,
    order: &Order,
    command: Command,
    written: Option<&write_count::Edited>,
) -> Result<Round> {
    let saved = match order {
        Order::Saved(path) => Some(plan_file::read(&app.settings.folder.join(path))?),
        _ => None,
    };
    let mut former = None;
    let cluster = match (&saved, &written, order) {
        (Some(saved), _, _) => app.look(connect::open_saved(app, target, change, saved)).await?,
        (None, Some(edited), _) => app.look(connect::open_text(app, target, change, edited)).await?,
        (None, None, Order::Rollback(to)) => {
            let opened = app.look(connect::open_generation(app, target, change, *to)).await?;
            former = Some(opened.1);
            opened.0
        }
        (None, None, _) => app.look(connect::open(app, target, Some(change))).await?,
    };
    let (sizes, note) = former.map(|former| (former.sizes, former.note)).unwrap_or_default();
    let request = match order {
        Order::Request(request) => written.map_or(request, |edited| &edited.request).clone(),
        Order::Rollback(to) => Request::Rollback { to: *to, sizes, accept_lost: names(&change.accept_lost) },
        Order::Destroy { .. } => Request::Destroy,
        Order::Saved(_) => {
            let nothing_else = Request::Apply { accept_lost: Vec::new() };
            saved.as_ref().map_or(nothing_else, |saved| saved.plan.request.clone())
        }
    };
    let mut first = First::Nothing;
    if !change.dry_run && saved.is_none() {
        let everything_goes = matches!(order, Order::Destroy { .. });
        first = settle::first(app, target, change, &cluster, everything_goes).await?;
    }
    if first == First::Settled {
        // What was read before is out of date then.
        return Ok(Round::Settled);
    }
    if change.build_images && !change.dry_run {
        if !change.yes {
            app.confirm("Images that are missing are built first, on machines in the cloud. Only `yes` goes on: ")?;
        }
        build_images(app, &cluster).await?;
    }
    let mut prepared = app.look(prepare::prepare(&cluster.ports, &cluster.task, request)).await?;
    prepared.plan.notes.extend(note);
    if first == First::Unsettled {
        prepared.unfinished = None;
    }
    if let Some(saved) = &saved {
        prepare::same(&saved.plan, &prepared.plan)?;
    }
    if let (Some(status), false) = (&prepared.unfinished, change.dry_run) {
        return Err(lock::unfinished(status));
    }
    if let Some(edited) = written.filter(|edited| edited.differs() && prepared.plan.is_empty() && !change.dry_run) {
        // The cluster has this count, and its stored file too: only the file at hand is behind.
        agree(app, change, order, &prepared)?;
        edited.save()?;
    }
    if change.dry_run || prepared.plan.is_empty() {
        app.print(&report::plan(&prepared, app.width()), &report::plan_document(&prepared))?;
        return Ok(Round::Ended(ExitCode::SUCCESS));
    }
    app.show(&report::plan(&prepared, app.width()));
    match prepared.refusals() {
        // What was seen may be half of another run's work. There is time to wait for the rest of it.
        Err(failure) if failure.kind == Kind::LockHeld && !change.lock_timeout.is_zero() => {
            let (store, clock) = (cluster.ports.store.as_ref(), cluster.ports.clock.as_ref());
            lock::until_nobody_works(store, clock, change.lock_timeout, &app.interrupts).await?;
            return Ok(Round::Outdated(failure));
        }
        refusals => refusals?,
    }
    let consent = agree(app, change, order, &prepared)?;
    if let Some(edited) = written {
        edited.save()?;
    }
    if first == First::Unsettled {
        settle::give_up(app, target, change, &cluster).await?;
    }
    let mandate = Mandate { command, consent };
    let done = execute::run(&cluster.ports, &cluster.task, mandate, prepared.plan, app.interrupts.clone()).await;
    match (done, written) {
        (Ok(Ran::Done(done)), _) => finish(app, &cluster, done).map(Round::Ended),
        (Ok(Ran::Outdated(failure)), Some(edited)) => Ok(Round::Outdated(put_back(&cluster, edited, failure).await)),
        (Ok(Ran::Outdated(failure)), None) => Ok(Round::Outdated(failure)),
        (Err(failure), Some(edited)) => Err(put_back(&cluster, edited, failure).await),
        (Err(failure), None) => Err(failure),
    }
}

/// Those that the cluster file's pools use and that are not there.
async fn build_images(app: &App, cluster: &Cluster) -> Result<()> {
    let mut built = Vec::new();
    for name in images::used(&cluster.task.file) {
        images::build(&cluster.ports, &cluster.task, &name, false, &app.interrupts, &mut built).await?;
    }
    Ok(())
}

/// An operation that did nothing leaves the cluster file as it was. One that is not finished may have done something: what
/// finishes it goes by the file as it was written.
async fn put_back(cluster: &Cluster, edited: &write_count::Edited, failure: Failure) -> Failure {
    let finished = journal::unfinished(cluster.ports.store.as_ref()).await.is_ok_and(|status| status.is_none());
    if failure.kind == Kind::Partial || !(failure.kind == Kind::LockHeld || finished) {
        return failure.hint(format!("{} keeps the count that was written to it", edited.path.display()));
    }
    match edited.restore() {
        Ok(()) => failure,
        Err(kept) => failure.because(kept),
    }
}

fn agree(app: &App, change: &Change, order: &Order, prepared: &Prepared) -> Result<Consent> {
    let cluster = &prepared.plan.cluster;
    match order {
        Order::Saved(_) => Ok(Consent::PlanFile),
        Order::Destroy { name } => {
            match name {
                Some(name) if name == cluster && change.yes => return Ok(Consent::NameGiven),
                Some(name) if name != cluster => {
                    return Err(Failure::new(
                        Kind::Usage,
                        format!("--name says `{name}`, and the cluster is `{cluster}`"),
                    )
                    .hint("nothing was changed"));
                }
                None if change.yes => {
                    return Err(Failure::new(Kind::Refused, "destroy needs the cluster's name beside --yes")
                        .hint(format!("scaler destroy --yes --name {cluster}")));
                }
                _ => {}
            }
            let question = format!("Everything of cluster `{cluster}` will be destroyed. Type its name to go on: ");
            app.ask(&question, cluster, &format!("--yes --name {cluster}"))?;
            Ok(Consent::NameGiven)
        }
        Order::Request(_) | Order::Rollback(_) if change.yes => Ok(Consent::Yes),
        Order::Request(_) | Order::Rollback(_) => {
            app.confirm("Do this? Only `yes` goes on: ")?;
            Ok(Consent::Answered)
        }
    }
}

fn finish(app: &App, cluster: &Cluster, done: Done) -> Result<ExitCode> {
    app.print(&report::done(&done, &cluster.task.file.name), &done)?;
    match done.shortfall {
        Some(shortfall) => Err(shortfall),
        None => Ok(ExitCode::SUCCESS),
    }
}
