//! The points of a scenario, as the program itself tells them.

use super::Scenario;
use super::case::{Case, Stage};
use crate::world::World;

/// Every case of a scenario: each point, dying alone and with all that was started.
pub fn cases(scenario: Scenario, world: fn() -> World) -> Vec<Case> {
    let stage = Stage::new(world);
    stage.prepare(scenario);
    let list = stage.world.folder().join("points");
    let said = stage.mortal(&[("SCALER_MORTAL_LOG", &list.display().to_string())], scenario);
    assert_eq!(said.code, 0, "{}", said.stderr);
    let text = std::fs::read_to_string(&list).expect("a list of points");
    let points: Vec<&str> = text.lines().collect();
    for needed in needed(scenario) {
        assert!(points.iter().any(|point| point.contains(needed)), "no point is `{needed}`:\n{text}\n{}", said.stderr);
    }
    let case = |point: &&str| [false, true].map(|tree| Case { scenario, point: (*point).to_owned(), tree });
    points.iter().flat_map(case).collect()
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
        Scenario::Destroy => &["journal point-of-no-return destroy", "write cluster.json", "journal finished"],
    }
}

/// So many of a scenario's cases, spread over its whole run, and over both kinds of death.
pub fn spread(cases: &[Case], scenario: Scenario, count: usize) -> Vec<&Case> {
    let of_scenario: Vec<&Case> = cases.iter().filter(|case| case.scenario == scenario).collect();
    let points = of_scenario.len() / 2;
    (0..count)
        .map(|number| {
            // From the middle of each stretch.
            let point = (number * 2 + 1) * points / (count * 2);
            of_scenario[point * 2 + number % 2]
        })
        .collect()
}
