//! The points of a scenario, as the program itself tells them.

use std::collections::BTreeSet;

use super::case::{Case, Stage};
use super::{Scenario, WorldMaker};

/// Every case of every scenario: each point, dying alone and with all that was started. Where Terraform's locks outlive
/// it, every change that there may be comes in these runs.
pub fn cases(world: WorldMaker, locks_stay: bool) -> Vec<Case> {
    let stage = Stage::new(world);
    let (mut cases, mut seen) = (Vec::new(), 0);
    for scenario in Scenario::ALL {
        let log = stage.listed(scenario);
        let of_scenario = || log.lines().skip(seen);
        let points: Vec<&str> = of_scenario().filter(|line| is_point(line)).collect();
        for needed in needed(scenario) {
            assert!(points.iter().any(|point| point.contains(needed)), "no point is `{needed}`:\n{log}");
        }
        cases.extend(points.iter().flat_map(|point| Case::both(scenario, point)));
        seen = log.lines().count();
        if scenario == Scenario::LAST && locks_stay {
            every_change_comes(&log);
        }
    }
    cases
}

fn is_point(line: &str) -> bool {
    !line.starts_with("may ") && !line.starts_with("did ")
}

/// The list of what may come is the program's own, of all that its ports can change.
fn every_change_comes(log: &str) {
    let all = |mark: &str| -> BTreeSet<String> {
        log.lines().filter_map(|line| line.strip_prefix(mark)).map(str::to_owned).collect()
    };
    let (may, did) = (all("may "), all("did "));
    assert!(!may.is_empty(), "the program tells what it may change:\n{log}");
    assert_eq!(may, did, "what it may change, and what it changed in all of the scenarios");
}

/// What a scenario cannot do without: a list of points that lost one of them is not the program's any more.
fn needed(scenario: Scenario) -> &'static [&'static str] {
    match scenario {
        Scenario::Up => &[
            "before lock held",
            "journal started",
            "journal plan-started make",
            "terraform plan",
            "journal point-of-no-return make",
            "terraform apply",
            "in terraform: terraform_data.node create done",
            "journal apply-ended make",
            "journal node-ready",
            "write cluster.json",
            "journal committed",
            "journal finished",
            "after lock released",
        ],
        Scenario::Down => &[
            "cordon",
            "journal cordoned",
            "evict",
            "journal evidence",
            "journal point-of-no-return remove",
            "in terraform: terraform_data.node delete",
            "journal machine-gone",
            "delete node",
            "journal node-deleted",
        ],
        Scenario::Labels => &["journal labelling", "label", "journal labelled", "journal committed"],
        Scenario::Broken => &["journal untainting", "terraform untaint"],
        Scenario::Recovery => &["journal taken-over", "terraform import"],
        Scenario::Destroy => &["journal point-of-no-return destroy", "write cluster.json", "journal finished"],
    }
}

/// So many of a scenario's cases, spread over its whole run, and over both kinds of death. None where it has no point.
pub fn spread<S: Copy + PartialEq>(cases: &[Case<S>], scenario: S, count: usize) -> Vec<&Case<S>> {
    let of_scenario: Vec<&Case<S>> = cases.iter().filter(|case| case.scenario == scenario).collect();
    let points = of_scenario.len() / 2;
    (0..if points == 0 { 0 } else { count })
        .map(|number| {
            // From the middle of each stretch.
            let point = (number * 2 + 1) * points / (count * 2);
            of_scenario[point * 2 + number % 2]
        })
        .collect()
}
