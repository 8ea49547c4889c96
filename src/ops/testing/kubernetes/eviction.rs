//! Budgets and evictions as Kubernetes has them: `pkg/controller/disruption` works out what is allowed, and
//! `pkg/registry/core/pod/storage/eviction.go` decides.

use std::collections::BTreeSet;

use super::world::{Done, World};
use crate::model::kubernetes::{Budget, Eviction, Pod, PodPhase};

impl World {
    /// The budgets with their status, worked out without delay. One whose `observed_generation` a test set back stays as
    /// it was written.
    pub(super) fn budgets(&self) -> Vec<Budget> {
        self.written_budgets.iter().map(|budget| self.status(budget)).collect()
    }

    fn status(&self, budget: &Budget) -> Budget {
        if budget.behind() {
            return budget.clone();
        }
        let covered: Vec<&Pod> = self.pods.iter().map(|living| &living.pod).filter(|pod| budget.covers(pod)).collect();
        let replicas = |pod: &Pod| {
            let owner = pod.owner.as_ref()?;
            let controller = self.controllers.iter().find(|controller| controller.owner() == *owner)?;
            Some((owner.uid.clone(), controller.replicas))
        };
        let scales: BTreeSet<(String, usize)> = covered.iter().filter_map(|pod| replicas(pod)).collect();
        let scale = i32::try_from(scales.iter().map(|(_, replicas)| replicas).sum::<usize>()).unwrap();
        let count = i32::try_from(covered.len()).unwrap();
        // Percentages are rounded up, both of them.
        let amount = |text: &str| match text.strip_suffix('%') {
            Some(percent) => (percent.parse::<i32>().unwrap() * scale + 99) / 100,
            None => text.parse().unwrap(),
        };
        let (expected, desired) = match (&budget.max_unavailable, &budget.min_available) {
            (Some(max), _) => (scale, (scale - amount(max)).max(0)),
            (None, Some(min)) => (if min.ends_with('%') { scale } else { count }, amount(min)),
            (None, None) => (count, 0),
        };
        let healthy = covered.iter().filter(|pod| pod.ready && pod.deleted.is_none()).count();
        let healthy = i32::try_from(healthy).unwrap();
        Budget {
            expected_pods: expected,
            desired_healthy: desired,
            current_healthy: healthy,
            disruptions_allowed: if expected > 0 { (healthy - desired).max(0) } else { 0 },
            ..budget.clone()
        }
    }

    pub(super) fn evict(&mut self, asked: &Pod) -> Eviction {
        if self.terminating_namespaces.contains(&asked.namespace) {
            return Eviction::NamespaceTerminating;
        }
        let found = self.pods.iter().map(|living| &living.pod).find(|pod| pod.title() == asked.title());
        let Some(pod) = found.cloned() else { return Eviction::Gone };
        let unasked = pod.phase == PodPhase::Pending || pod.finished() || pod.deleted.is_some();
        if !unasked && let Some(refusal) = self.refusal(&pod) {
            self.note(Done::Refused { pod: pod.title() });
            return refusal;
        }
        if pod.uid != asked.uid {
            return Eviction::Replaced;
        }
        self.note(Done::Evicted { pod: pod.title(), uid: pod.uid.clone(), node: pod.node });
        self.delete(&asked.uid);
        Eviction::Accepted
    }

    fn refusal(&self, pod: &Pod) -> Option<Eviction> {
        let budgets = self.budgets();
        let covering: Vec<&Budget> = budgets.iter().filter(|budget| budget.covers(pod)).collect();
        let budget = match covering.as_slice() {
            [] => return None,
            [budget] => *budget,
            _ => return Some(Eviction::SeveralBudgets("This pod has more than one PodDisruptionBudget".to_owned())),
        };
        let met = budget.current_healthy >= budget.desired_healthy && budget.desired_healthy > 0;
        if !pod.ready && (budget.evicts_unhealthy || met) || budget.allowance() > 0 {
            return None;
        }
        let (name, desired, current) = (&budget.name, budget.desired_healthy, budget.current_healthy);
        let said = match current <= desired {
            true => format!("The disruption budget {name} needs {desired} healthy pods and has {current} currently"),
            false => format!("The disruption budget {name} does not allow evicting pods currently"),
        };
        Some(Eviction::Budget(vec![said]))
    }
}
