//! A plan that a person can judge: who comes, who goes and why, what each drain will meet, and Terraform's own changes.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Value, json};

use super::findings;
use crate::cli::terminal::{self, Table};
use crate::model::drain::NodeReport;
use crate::model::file::Taint;
use crate::model::names::NodeName;
use crate::model::plan::{FoundationChange, Labelling, Plan, PoolChange, Removal, Way};
use crate::model::record::NodeRecord;
use crate::ops::prepare::Prepared;

pub fn text(prepared: &Prepared, width: usize) -> String {
    let plan = &prepared.plan;
    let mut text = format!("Cluster {} on {}", plan.cluster, plan.provider);
    match plan.base.generation {
        Some(generation) => text.push_str(&format!(", generation {generation}\n")),
        None => text.push_str(", not there yet\n"),
    }
    if plan.is_empty() {
        text.push_str("Nothing to do: the cluster is as it should be.\n");
    }
    if let Some(to) = plan.request.back_to() {
        let _ = writeln!(
            text,
            "Back to generation {to}: its cluster file and the sizes of its pools; new machines get new names"
        );
    }
    if plan.stores && plan.base.generation.is_some() {
        text.push_str("\ncluster file: it is not the one that was applied last, and is stored in its place\n");
    }
    foundation(&mut text, plan, width);
    for change in &plan.pools {
        pool(&mut text, change, &prepared.drains, width);
    }
    if !plan.labels.is_empty() {
        text.push_str("\nlabels and taints of nodes that stand:\n");
        for labelling in &plan.labels {
            text.push_str(&labels(labelling, width));
        }
    }
    if !plan.provision.is_empty() {
        text.push_str("\nprovisioning:\n");
        for node in &plan.provision {
            let _ = writeln!(text, "  {node}");
        }
    }
    if !prepared.terraform.is_empty() {
        text.push_str("\nTerraform:\n");
        for (stack, summary) in &prepared.terraform {
            let _ = writeln!(text, "  {stack}: {summary}");
        }
        if plan.base.generation.is_none() {
            text.push_str("  the pools follow when the foundation stands\n");
        }
    }
    section(&mut text, "Notes", plan.notes.iter().cloned(), width);
    section(&mut text, "Beside this", findings::told(&prepared.findings).into_iter(), width);
    let against = prepared.violations.iter().map(ToString::to_string);
    section(&mut text, "Refused", against, width);
    section(&mut text, "At work", prepared.at_work.iter().map(ToString::to_string), width);
    if let Some(status) = &prepared.unfinished {
        section(
            &mut text,
            "Not finished",
            std::iter::once(format!("operation {}: {}", status.operation(), status.told())),
            width,
        );
    }
    text.push('\n');
    text
}

fn section(text: &mut String, title: &str, lines: impl Iterator<Item = String>, width: usize) {
    let mut lines = lines.peekable();
    if lines.peek().is_some() {
        let _ = writeln!(text, "\n{title}:");
    }
    for line in lines {
        text.push_str(&terminal::wrapped("  - ", "    ", &line, width));
    }
}

fn foundation(text: &mut String, plan: &Plan, width: usize) {
    match &plan.foundation {
        FoundationChange::Keep => {}
        FoundationChange::Tags => {
            text.push_str("\nfoundation: its tags change, or the roles by which machines join at boot\n")
        }
        FoundationChange::Create { nodes } => {
            text.push_str("\nfoundation: network, access and the control plane are made\n");
            text.push_str(&additions(nodes, width));
        }
        FoundationChange::Destroy { nodes } => {
            text.push_str("\nfoundation: everything goes, the control plane too\n");
            for (name, machine) in nodes {
                let _ = writeln!(text, "  - {name} {}", machine.as_deref().unwrap_or_default());
            }
        }
    }
}

fn pool(text: &mut String, change: &PoolChange, drains: &BTreeMap<NodeName, NodeReport>, width: usize) {
    let going = if change.retired { ", which the cluster file no longer has" } else { "" };
    let _ = writeln!(text, "\npool {}{going}: {} -> {}", change.pool, change.before, change.after);
    if change.tags {
        text.push_str("  the tags of its machines change\n");
    }
    text.push_str(&additions(&change.additions, width));
    for removal in &change.removals {
        text.push_str(&removed(removal, drains.get(&removal.node), width));
    }
}

fn additions(nodes: &BTreeMap<NodeName, NodeRecord>, width: usize) -> String {
    let mut table = Table::new(width, ["    NODE", "MACHINE", "ZONE", "DISK", "IMAGE"]);
    for (name, node) in nodes {
        let disk = format!("{} GiB {}", node.disk.size_gib, node.disk.kind);
        table.row([format!("  + {name}"), node.machine.clone(), node.zone.clone(), disk, node.image.clone()]);
    }
    table.to_string()
}

fn labels(labelling: &Labelling, width: usize) -> String {
    let values = labelling.set.iter().map(|(key, value)| format!("{key}={value}"));
    let taints = |taints: &[Taint]| taints.iter().map(|taint| format!("taint {taint}")).collect::<Vec<_>>();
    let gets: Vec<String> = values.chain(taints(&labelling.taint)).collect();
    let loses: Vec<String> = labelling.remove.keys().cloned().chain(taints(&labelling.untaint)).collect();
    let said = [("gets", gets), ("loses", loses)].into_iter().filter(|(_, what)| !what.is_empty());
    let said: Vec<String> = said.map(|(verb, what)| format!("{verb} {}", what.join(", "))).collect();
    terminal::wrapped("  ~ ", "      ", &format!("{}: {}", labelling.node, said.join("; ")), width)
}

fn removed(removal: &Removal, drain: Option<&NodeReport>, width: usize) -> String {
    let machine = removal.machine_id.as_deref().unwrap_or("no machine");
    let mut text =
        terminal::wrapped("  - ", "      ", &format!("{} ({machine}): {}", removal.node, removal.reason), width);
    let way = match removal.way {
        Way::Drained | Way::Destroyed => None,
        Way::NeverJoined => Some("it never became a node, so there is nothing to drain"),
        Way::Gone => Some("it is taken out of the record and of Terraform's state"),
        Way::Accepted => Some("not drained: its pods may be lost, which you accepted"),
    };
    if let Some(way) = way {
        text.push_str(&terminal::wrapped("      ", "      ", way, width));
    }
    if let Some(drain) = drain {
        text.push_str(&terminal::wrapped("      drain: ", "      ", &drain.to_string(), width));
        for finding in drain.findings() {
            text.push_str(&terminal::wrapped("        * ", "          ", &finding.to_string(), width));
        }
    }
    text
}

/// The stable document of `--output json`.
pub fn document(prepared: &Prepared) -> Value {
    json!({
        "format": 1,
        "changes": !prepared.plan.is_empty(),
        "plan": prepared.plan,
        "drains": prepared.drains,
        "terraform": prepared.terraform.iter().map(|(stack, summary)| (stack.to_string(), json!(summary))).collect::<BTreeMap<_, _>>(),
        "findings": prepared.findings,
        "refusals": prepared.violations.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "clusterUnreachable": prepared.unreachable.as_ref().map(ToString::to_string),
        "atWork": prepared.at_work.as_ref().map(ToString::to_string),
        "unfinished": prepared.unfinished.as_ref().map(|status| status.operation().to_string()),
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::model::census::Finding;
    use crate::model::drain::samples::{budget, node, on, pod, rules};
    use crate::model::drain::{self, Situation};
    use crate::model::guard::Summary;
    use crate::model::kubernetes::Budget;
    use crate::model::names::StackId;
    use crate::model::plan::samples;

    /// The drain of `demo-ops-1` moves three pods, two of them under a budget that spares none now.
    fn drains() -> BTreeMap<NodeName, NodeReport> {
        let mut single = pod("cache");
        single.labels.clear();
        let pods = [on("demo-ops-1", pod("web-1")), on("demo-ops-1", pod("web-2")), on("demo-ops-1", single)];
        let exhausted = Budget { disruptions_allowed: 0, desired_healthy: 2, ..budget("web") };
        let reports = drain::preflight(&Situation {
            victims: &["demo-ops-1".to_owned()],
            nodes: &[node("demo-ops-1"), node("demo-workers-1")],
            pods: &pods,
            budgets: &[exhausted],
            rules: &rules(),
            own_pod: None,
            own_host: "laptop",
            operation: None,
            at: Timestamp::UNIX_EPOCH,
        });
        reports.into_iter().map(|report| (NodeName::from_text(report.node.clone()), report)).collect()
    }

    fn prepared() -> Prepared {
        let creates = vec!["aws_instance.node[\"demo-workers-4\"]".to_owned()];
        Prepared {
            plan: Plan { labels: vec![samples::labelling()], ..samples::plan() },
            drains: drains(),
            terraform: BTreeMap::from([(StackId::Pool("workers".into()), Summary { creates, ..Default::default() })]),
            findings: vec![Finding::Vanished {
                node: NodeName::from_text("demo-workers-2"),
                machine_id: "i-demo-workers-2".into(),
            }],
            unreachable: None,
            unfinished: None,
            at_work: None,
            violations: Vec::new(),
        }
    }

    #[test]
    fn a_person_can_judge_it() {
        insta::assert_snapshot!(text(&prepared(), 100), @r#"
        Cluster demo on aws, generation 7

        cluster file: it is not the one that was applied last, and is stored in its place

        pool workers: 3 -> 3
          the tags of its machines change
            NODE            MACHINE   ZONE        DISK        IMAGE
          + demo-workers-4  t3.large  eu-west-1b  64 GiB gp3  ami-0a1b
          - demo-workers-2 (i-demo-workers-2): its machine is gone from the cloud
              it is taken out of the record and of Terraform's state

        pool ops, which the cluster file no longer has: 2 -> 0
          - demo-ops-2 (i-demo-ops-2): the pool goes
              it never became a node, so there is nothing to drain
          - demo-ops-1 (i-demo-ops-1): the pool goes
              drain: moves 3 pods
                * shop/web-1 is covered by budget shop/web, which demands 2 healthy pods of 2
                * shop/web-2 is covered by budget shop/web, which demands 2 healthy pods of 2

        labels and taints of nodes that stand:
          ~ demo-workers-1: gets tier=db, taint dedicated=web:NoSchedule; loses old, taint
              dedicated=web:NoExecute

        Terraform:
          pool-workers: create 1

        Notes:
          - pools.workers.machine applies to new nodes only

        Beside this:
          - demo-workers-2: its machine i-demo-workers-2 is gone from the cloud; `scaler apply` retires it
            and makes another
        "#);
    }
}
