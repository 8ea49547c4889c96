use super::hold::Why;
use crate::model::kubernetes::{Budget, Pod, PodPhase};

/// What stands between a pod and its eviction.
#[derive(Debug, Clone, PartialEq)]
pub enum Guard<'a> {
    /// Nothing: no budget covers it, or its eviction takes nothing from one.
    Free,
    By(&'a Budget),
    /// More than one, which the API server answers with an error.
    Several(Vec<&'a Budget>),
}

/// As the eviction endpoint of the API server decides it (`pkg/registry/core/pod/storage/eviction.go`): it asks no budget
/// about a pod that has not started, is done or is leaving; it refuses several budgets before it looks at the pod's
/// health; and a pod that is not Ready passes freely if the budget says so, or if the budget is met without it.
pub fn guard<'a>(pod: &Pod, budgets: &'a [Budget]) -> Guard<'a> {
    if pod.phase == PodPhase::Pending || pod.finished() || pod.deleted.is_some() {
        return Guard::Free;
    }
    let covering: Vec<&Budget> = budgets.iter().filter(|budget| budget.covers(pod)).collect();
    match covering.as_slice() {
        [] => Guard::Free,
        [budget] if !pod.ready && (budget.evicts_unhealthy || met(budget)) => Guard::Free,
        [budget] => Guard::By(budget),
        _ => Guard::Several(covering),
    }
}

fn met(budget: &Budget) -> bool {
    budget.desired_healthy > 0 && budget.current_healthy >= budget.desired_healthy
}

/// What a budget allows to the pods that it guards.
#[derive(Debug, Clone, PartialEq)]
pub enum Standing {
    /// So many evictions at this moment.
    Allows(u32),
    /// None now; that may change by itself.
    NotNow(Why),
    /// None, until somebody changes the budget or the number of its pods.
    Never(Why),
}

/// `unready` names the pods that the budget covers and that are not Ready, for the reader.
pub fn standing(budget: &Budget, unready: &[String]) -> Standing {
    let title = budget.title();
    if let Some((demand, change)) = never(budget) {
        return Standing::Never(Why::BudgetNever { budget: title, demand, change });
    }
    if budget.behind() {
        return Standing::NotNow(Why::BudgetBehind { budget: title });
    }
    match budget.allowance() {
        0 => match &budget.sync_failure {
            Some(error) => Standing::Never(Why::BudgetBroken { budget: title, error: error.clone() }),
            None => Standing::NotNow(Why::BudgetNotNow {
                budget: title,
                needs: budget.desired_healthy,
                has: budget.current_healthy,
                unready: unready.to_vec(),
            }),
        },
        allowed => Standing::Allows(allowed),
    }
}

/// What the budget demands and the smallest change of it, if it can never allow anything as it stands.
fn never(budget: &Budget) -> Option<(String, String)> {
    let title = budget.title();
    let max_unavailable = budget.max_unavailable.as_deref().map(Amount::read);
    let min_available = budget.min_available.as_deref().map(Amount::read);
    // These two texts forbid everything, whatever number of pods there is.
    if let Some(Amount::Number(0) | Amount::Percent(0)) = max_unavailable {
        return Some((
            "never lets a pod be unavailable (maxUnavailable is 0)".to_owned(),
            format!("set maxUnavailable of budget {title} to 1"),
        ));
    }
    let expected = budget.expected_pods;
    if let Some(Amount::Percent(percent)) = min_available
        && percent >= 100
    {
        return Some((
            format!("demands that all pods are healthy (minAvailable is {percent}%)"),
            format!("set minAvailable of budget {title} to {}", (expected - 1).max(0)),
        ));
    }
    // For the rest its controller's numbers are needed, and they must be about the newest text.
    if budget.behind() || budget.allowance() > 0 || expected < 1 || budget.desired_healthy < expected {
        return None;
    }
    let demand = format!("demands {} healthy pods of {expected}", budget.desired_healthy);
    let change = match min_available? {
        Amount::Number(number) => format!(
            "run {} replicas of what budget {title} covers, or set its minAvailable to {}",
            number + 1,
            expected - 1
        ),
        // Kubernetes rounds the demand up: p % of k is less than k from k = 100 / (100 - p) on.
        Amount::Percent(percent) => format!(
            "run {} replicas of what budget {title} covers, or set its minAvailable to {}",
            100_u64.div_ceil(100 - percent),
            expected - 1
        ),
        Amount::Strange => return None,
    };
    Some((demand, change))
}

/// An `IntOrString` of a budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Amount {
    Number(u64),
    Percent(u64),
    /// The API server would not have taken it.
    Strange,
}

impl Amount {
    fn read(text: &str) -> Amount {
        match text.strip_suffix('%') {
            Some(percent) => percent.parse().map_or(Amount::Strange, Amount::Percent),
            None => text.parse().map_or(Amount::Strange, Amount::Number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::drain::samples::{budget, pod};

    fn sized(min: Option<&str>, max: Option<&str>, expected: i32, desired: i32, healthy: i32) -> Budget {
        Budget {
            min_available: min.map(str::to_owned),
            max_unavailable: max.map(str::to_owned),
            expected_pods: expected,
            desired_healthy: desired,
            current_healthy: healthy,
            disruptions_allowed: (healthy - desired).max(0),
            ..budget("b")
        }
    }

    #[test]
    fn a_budget_that_can_never_allow_is_told_from_one_that_cannot_now() {
        let table = [
            ("all of two", sized(Some("2"), None, 2, 2, 2), "never"),
            ("more than there are", sized(Some("5"), None, 2, 5, 2), "never"),
            ("one short", sized(Some("1"), None, 2, 1, 1), "not now"),
            ("room", sized(Some("1"), None, 2, 1, 2), "allows"),
            ("none unavailable", sized(None, Some("0"), 3, 3, 3), "never"),
            ("no per cent unavailable", sized(None, Some("0%"), 3, 3, 3), "never"),
            ("rounded up to one", sized(None, Some("1%"), 3, 2, 3), "allows"),
            ("one unavailable, and it is", sized(None, Some("1"), 3, 2, 2), "not now"),
            ("half of one", sized(Some("50%"), None, 1, 1, 1), "never"),
            ("half of two", sized(Some("50%"), None, 2, 1, 2), "allows"),
            ("all by per cent", sized(Some("100%"), None, 7, 7, 7), "never"),
            ("no pods counted yet", sized(Some("1"), None, 0, 1, 0), "not now"),
            ("behind", Budget { generation: 2, ..sized(Some("2"), None, 2, 2, 2) }, "not now"),
            ("behind with room", Budget { generation: 2, ..sized(Some("1"), None, 2, 1, 2) }, "not now"),
            ("behind, forbids all", Budget { generation: 2, ..sized(None, Some("0"), 2, 1, 2) }, "never"),
            ("broken", Budget { sync_failure: Some("no".to_owned()), ..sized(Some("9%"), None, 0, 0, 0) }, "never"),
        ];
        for (what, budget, expected) in table {
            let seen = match standing(&budget, &[]) {
                Standing::Allows(_) => "allows",
                Standing::NotNow(_) => "not now",
                Standing::Never(_) => "never",
            };
            assert_eq!(seen, expected, "{what}");
        }
    }

    #[test]
    fn the_smallest_change_would_really_help() {
        let change = |budget: &Budget| match standing(budget, &[]) {
            Standing::Never(Why::BudgetNever { change, .. }) => change,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            change(&sized(Some("2"), None, 2, 2, 2)),
            "run 3 replicas of what budget shop/b covers, or set its minAvailable to 1"
        );
        assert_eq!(
            change(&sized(Some("67%"), None, 3, 3, 3)),
            "run 4 replicas of what budget shop/b covers, or set its minAvailable to 2"
        );
        assert_eq!(change(&sized(Some("100%"), None, 3, 3, 3)), "set minAvailable of budget shop/b to 2");
        assert_eq!(change(&sized(None, Some("0"), 3, 3, 3)), "set maxUnavailable of budget shop/b to 1");
    }

    #[test]
    fn a_pod_that_a_budget_does_not_protect_is_free() {
        let strict = vec![sized(Some("2"), None, 2, 2, 1)];
        let met = vec![sized(Some("1"), None, 2, 1, 1)];
        let lenient = vec![Budget { evicts_unhealthy: true, ..strict[0].clone() }];
        let several = vec![budget("a"), budget("b")];
        let foreign = vec![Budget { namespace: "other".to_owned(), ..budget("b") }];
        let ready = pod("web");
        let sick = Pod { ready: false, ..pod("web") };
        let starting = Pod { phase: PodPhase::Pending, ready: false, ..pod("web") };
        let table = [
            ("guarded", &ready, &strict, "by"),
            ("sick, budget not met", &sick, &strict, "by"),
            ("sick, budget met", &sick, &met, "free"),
            ("sick, always allowed", &sick, &lenient, "free"),
            ("ready, always allowed is for the sick", &ready, &lenient, "by"),
            ("several", &ready, &several, "several"),
            ("several and sick", &sick, &several, "several"),
            ("several and not started", &starting, &several, "free"),
            ("not started", &starting, &strict, "free"),
            ("another namespace's", &ready, &foreign, "free"),
        ];
        for (what, pod, budgets, expected) in table {
            let seen = match guard(pod, budgets) {
                Guard::Free => "free",
                Guard::By(_) => "by",
                Guard::Several(_) => "several",
            };
            assert_eq!(seen, expected, "{what}");
        }
    }
}
