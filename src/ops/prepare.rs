//! What a request comes to: looked at, decided, held against Terraform's own plan. Changes nothing.

use std::collections::BTreeMap;

use serde_json::Value;

use super::observe::{self, Observed};
use super::ports::terraform::PlanMode;
use super::ports::{Event, Ports};
use super::task::Task;
use super::{images, journal, lock, plausible, preview, stacks};
use crate::model::census::Finding;
use crate::model::drain::NodeReport;
use crate::model::failure::{Failure, Kind, Result};
use crate::model::file::Image;
use crate::model::guard::{self, Expected, Summary};
use crate::model::journal::Status;
use crate::model::names::{NodeName, OperationId, StackId};
use crate::model::plan::{self, CONTROL_PLANE, FoundationChange, Inputs, Plan, Request, Way};
use crate::model::record::Record;

/// Decisions, and what a person should know before agreeing to them.
pub struct Prepared {
    pub plan: Plan,
    /// What each victim's drain will meet.
    pub drains: BTreeMap<NodeName, NodeReport>,
    /// What Terraform will do, by stack. A pool of a cluster that is not there yet has none.
    pub terraform: BTreeMap<StackId, Summary>,
    /// What does not fit together, whether or not this operation touches it.
    pub findings: Vec<Finding>,
    /// Why the cluster's API says nothing, where it does.
    pub unreachable: Option<Failure>,
    /// An operation that did not end.
    pub unfinished: Option<Status>,
    /// Somebody else who changes the cluster just now.
    pub at_work: Option<Failure>,
    /// The guard's refusals, by stack.
    pub violations: Vec<Failure>,
}

impl Prepared {
    /// What stands against carrying this out.
    pub fn refusals(&self) -> Result<()> {
        if let Some(status) = &self.unfinished {
            return Err(lock::unfinished(status));
        }
        if let Some(violation) = self.violations.first() {
            // Half of another run's work looks like anything; it may be whole in a moment.
            return Err(self.at_work.clone().unwrap_or_else(|| violation.clone()));
        }
        if self.plan.request == Request::Destroy {
            // It drains as far as the deadlines allow, and goes on.
            return Ok(());
        }
        let drained = self.plan.removals().any(|removal| matches!(removal.way, Way::Drained | Way::NeverJoined));
        if let (Some(failure), true) = (&self.unreachable, drained) {
            return Err(Failure::refused("the cluster cannot be reached, so no node can be drained")
                .because(failure)
                .hint("nothing was changed; `scaler doctor` looks at the way to the cluster"));
        }
        preview::refusal(&self.drains)
    }
}

pub async fn prepare(ports: &Ports, task: &Task, request: Request) -> Result<Prepared> {
    let step = "look".to_owned();
    ports.progress.tell(Event::StepStarted { step: step.clone(), title: "looking at the cluster".into() });
    let observed = observe::observe(ports, task).await?;
    plausible::check(ports, task, &request, &observed).await?;
    let unfinished = journal::unfinished(ports.store.as_ref()).await?;
    let at_work = lock::at_work(ports.store.as_ref(), ports.clock.now()).await?;
    let mut plan = decide(ports, task, request, &observed).await?;
    if matches!(plan.request, Request::Apply { .. }) {
        plan.notes.extend(images::notes(ports, task, &plan).await);
    }
    if let Err(failure) = &observed.cluster {
        plan.notes.push(format!("the cluster cannot be reached ({failure}): {}", unseen(&plan)));
    }
    ports.progress.tell(Event::StepDone { step, title: "looked at the cluster".into() });
    let (terraform, violations) = look(ports, task, &plan, &observed).await?;
    let drains = match &observed.cluster {
        Ok(view) => {
            let newcomers = match plan.removals().next() {
                Some(_) => preview::newcomers(ports.cloud.as_ref(), &task.file, &plan, view).await,
                None => Vec::new(),
            };
            preview::drains(task, &plan, view, newcomers, ports.clock.now())
        }
        Err(_) => BTreeMap::new(),
    };
    Ok(Prepared {
        drains,
        terraform,
        violations,
        findings: observed.census.findings().to_vec(),
        unreachable: observed.cluster.as_ref().err().cloned(),
        unfinished,
        at_work,
        plan,
    })
}

/// What it means for the plan that the cluster cannot be reached.
fn unseen(plan: &Plan) -> &'static str {
    let makes = matches!(plan.foundation, FoundationChange::Create { .. }) || plan.additions().next().is_some();
    match plan.request {
        Request::Destroy => "nothing will be drained, and the pods go down with their machines",
        _ if makes => "new machines will not be seen to join",
        _ => "how its nodes stand was not looked at",
    }
}

async fn decide(ports: &Ports, task: &Task, request: Request, observed: &Observed) -> Result<Plan> {
    let record = observed.record();
    let fresh = format!("{:016x}{:016x}", ports.clock.random(), ports.clock.random());
    let cluster_id = record.map_or(fresh, |record| record.cluster_id.clone());
    let standings = observed.census.standings();
    let images = resolve_images(ports, task, record, &request, observed).await?;
    let accepted = request.accept_lost().to_vec();
    let own = preview::Own::of(task);
    let choose =
        |pool: &str, present: &[NodeName], count: u32| preview::choose(observed, pool, present, count, &accepted, own);
    plan::decide(&Inputs {
        file: &task.file,
        source: task.source.clone(),
        record,
        previous: observed.previous.as_ref(),
        cluster_id: &cluster_id,
        request,
        operation: OperationId::from_text("planned"),
        serials: observed.serials(),
        stands: observed.states.values().any(|state| !state.resources.is_empty()),
        standings: &standings,
        nodes: observed.cluster.as_ref().map_or(&[][..], |view| &view.nodes[..]),
        images: &images,
        choose: &choose,
    })
}

/// Images of pools that will have new machines; those of machines that stand are never looked up again.
async fn resolve_images(
    ports: &Ports,
    task: &Task,
    record: Option<&Record>,
    request: &Request,
    observed: &Observed,
) -> Result<BTreeMap<String, String>> {
    let mut ids = BTreeMap::new();
    if *request == Request::Destroy {
        return Ok(ids);
    }
    let mut resolved: Vec<(Image, String, String)> = Vec::new();
    let mut wanted: Vec<(&str, &Image, &str)> = Vec::new();
    if plan::decides_control_plane(record, &observed.census.standings()) {
        let plane = &task.file.control_plane;
        wanted.push((CONTROL_PLANE, &plane.image, &plane.machine));
    }
    for pool in &task.file.pools {
        let other = matches!(request, Request::Scale { pool: named, .. } if *named != pool.name);
        if !other && plan::may_grow(&task.file, record, request, pool, &observed.census.standings())? {
            wanted.push((&pool.name, &pool.image, &pool.machine));
        }
    }
    for (name, image, machine) in wanted {
        let known = resolved.iter().find(|(known, of, _)| known == image && of == machine);
        let id = match known {
            Some((_, _, id)) => id.clone(),
            None => images::resolve(ports, task, image, machine)
                .await
                .map_err(|failure| of_former_file(failure, request, image))
                .map_err(|failure| failure.context(format!("there is no image for the new machines of `{name}`")))?,
        };
        resolved.push((image.clone(), machine.to_owned(), id.clone()));
        ids.insert(name.to_owned(), id);
    }
    Ok(ids)
}

/// Who goes back goes by a file that is not the one at hand: that would build another image.
fn of_former_file(mut failure: Failure, request: &Request, image: &Image) -> Failure {
    if let (Request::Rollback { to, .. }, Image::Build(name)) = (request, image)
        && failure.kind == Kind::Refused
    {
        failure.hints = vec![format!(
            "save the cluster file of generation {to} (`scaler state show {to}`), and build it by that: scaler build-image \
             --file SAVED --name {name}"
        )];
    }
    failure
}

/// What Terraform itself says to the plan, without its lock, and what the guard says to that.
async fn look(
    ports: &Ports,
    task: &Task,
    plan: &Plan,
    observed: &Observed,
) -> Result<(BTreeMap<StackId, Summary>, Vec<Failure>)> {
    let mut summaries = BTreeMap::new();
    let mut violations = Vec::new();
    let Some(record) = observed.record() else {
        return look_at_new(ports, task, plan, observed).await;
    };
    let flavour = ports.terraform.tool().await?.flavour;
    let step = "terraform".to_owned();
    if !plan.changes_stacks() {
        return Ok((summaries, violations));
    }
    ports.progress.tell(Event::StepStarted { step: step.clone(), title: "asking Terraform what it would do".into() });
    let mut judge = |json: &Value, expected: &Expected| match guard::check(json, expected) {
        Ok(summary) => {
            summaries.insert(expected.stack.clone(), summary);
        }
        Err(found) => violations.push(guard::refusal(&expected.stack, &found)),
    };
    let destroy = plan.request == Request::Destroy;
    let mode = if destroy { PlanMode::LookDestroy } else { PlanMode::Look };
    if plan.foundation != FoundationChange::Keep {
        let nodes = match &plan.foundation {
            FoundationChange::Create { nodes } => nodes,
            _ => &record.control_plane.nodes,
        };
        let own = task.to_look_at(observed.states.contains_key(&StackId::Foundation));
        stacks::init_foundation(ports, &own, record, nodes).await?;
        let saved = ports.terraform.plan(&StackId::Foundation, mode, None).await?;
        let expected = preview::foundation(plan, task, flavour, record, observed.states.get(&StackId::Foundation), &[]);
        judge(saved.json(), &expected);
    }
    let foundation = observed.states.get(&StackId::Foundation).and_then(|state| stacks::foundation_output(state).ok());
    if let Some(foundation) = foundation {
        for change in &plan.pools {
            let nodes = preview::nodes_after(record, change);
            let tags = stacks::wanted_tags(task, record, &plan.request, &change.pool);
            let own = task.to_look_at(observed.states.contains_key(&change.stack()));
            stacks::init_pool(ports, &own, record, &change.pool, &nodes, &foundation, tags).await?;
            let saved = ports.terraform.plan(&change.stack(), mode, None).await?;
            judge(saved.json(), &preview::pool(plan, flavour, record, change));
        }
    }
    ports.progress.tell(Event::StepDone { step, title: "asked Terraform what it would do".into() });
    Ok((summaries, violations))
}

/// A cluster that is not there yet: the foundation is planned, the pools are known from the model.
async fn look_at_new(
    ports: &Ports,
    task: &Task,
    plan: &Plan,
    observed: &Observed,
) -> Result<(BTreeMap<StackId, Summary>, Vec<Failure>)> {
    let FoundationChange::Create { nodes } = &plan.foundation else { return Ok(Default::default()) };
    let by = OperationId::from_text("planned");
    let place = &observed.place;
    let stand_in = Record::new(&plan.cluster_id, &plan.cluster, plan.provider, place, plan.source.clone(), by);
    let flavour = ports.terraform.tool().await?.flavour;
    let step = "terraform".to_owned();
    ports.progress.tell(Event::StepStarted { step: step.clone(), title: "asking Terraform what it would do".into() });
    stacks::init_foundation(ports, &task.to_look_at(false), &stand_in, nodes).await?;
    let saved = ports.terraform.plan(&StackId::Foundation, PlanMode::Look, None).await?;
    let expected = preview::foundation(plan, task, flavour, &stand_in, None, &[]);
    ports.progress.tell(Event::StepDone { step, title: "asked Terraform what it would do".into() });
    Ok(match guard::check(saved.json(), &expected) {
        Ok(summary) => (BTreeMap::from([(StackId::Foundation, summary)]), Vec::new()),
        Err(found) => (BTreeMap::new(), vec![guard::refusal(&expected.stack, &found)]),
    })
}

/// A PLAN file holds only if the same decisions would be made now.
pub fn same(saved: &Plan, now: &Plan) -> Result<()> {
    let stale = |why: String| {
        Failure::refused("the plan is stale: the cluster has changed since it was made").because(why).hint("plan again")
    };
    if saved.base.generation != now.base.generation {
        let told = |generation: Option<u64>| generation.map_or("none".to_owned(), |number| number.to_string());
        let (then, now) = (told(saved.base.generation), told(now.base.generation));
        return Err(stale(format!("the record's generation was {then} and is {now}")));
    }
    for (stack, serial) in &now.base.serials {
        if saved.base.serials.get(stack) != Some(serial) {
            return Err(stale(format!("the state of stack {stack} was written since")));
        }
    }
    let victims = |plan: &Plan| -> Vec<(NodeName, Option<String>, Option<String>, Way)> {
        let key = |removal: &plan::Removal| {
            (removal.node.clone(), removal.machine_id.clone(), removal.node_uid.clone(), removal.way)
        };
        plan.removals().map(key).collect()
    };
    if victims(saved) != victims(now) {
        return Err(stale("other nodes would go now than were shown".into()));
    }
    if saved.labels != now.labels {
        return Err(stale("other labels or taints would be changed now than were shown".into()));
    }
    let additions =
        |plan: &Plan| plan.additions().map(|(name, node)| (name.clone(), node.image.clone())).collect::<Vec<_>>();
    if additions(saved) != additions(now) {
        return Err(stale("other machines would be made now than were shown".into()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::names::NodeName;
    use crate::model::plan::samples;

    /// Why a saved plan does not hold, if this has changed since.
    fn since(change: impl FnOnce(&mut Plan)) -> Option<String> {
        let mut now = samples::plan();
        change(&mut now);
        same(&samples::plan(), &now).err().map(|failure| failure.to_string())
    }

    #[test]
    fn a_saved_plan_holds_for_the_same_decisions_alone() {
        assert_eq!(since(|_| {}), None);
        // What a person reads is made anew.
        assert_eq!(since(|now| now.pools[0].removals[0].reason = "another word".into()), None);
        let pool = || StackId::Pool("workers".into());
        let other = "other nodes would go now";
        for (why, told) in [
            (since(|now| now.base.generation = Some(8)), "generation was 7 and is 8"),
            (since(|now| now.base.generation = None), "generation was 7 and is none"),
            (since(|now| now.base.serials.get_mut(&pool()).unwrap().serial += 1), "state of stack pool-workers"),
            (
                since(|now| now.base.serials.get_mut(&pool()).unwrap().lineage = "m".into()),
                "state of stack pool-workers",
            ),
            (since(|now| now.pools[1].removals.swap(0, 1)), other),
            (since(|now| drop(now.pools[1].removals.pop())), other),
            (since(|now| now.pools[1].removals[1].node = NodeName::from_text("demo-ops-3")), other),
            (since(|now| now.pools[1].removals[1].machine_id = Some("i-9".into())), other),
            (since(|now| now.pools[1].removals[1].node_uid = None), other),
            (since(|now| now.pools[1].removals[1].way = Way::Accepted), other),
            (since(|now| now.labels.push(samples::labelling())), "other labels or taints would be changed"),
            (since(|now| now.pools[0].additions.clear()), "other machines would be made now"),
            (
                since(|now| now.pools[0].additions.values_mut().for_each(|node| node.image = "ami-2".into())),
                "other machines would be made now",
            ),
        ] {
            assert!(why.as_ref().is_some_and(|why| why.contains(told)), "{told}: {why:?}");
        }
    }
}
