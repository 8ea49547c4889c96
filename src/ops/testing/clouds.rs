//! What every cloud must tell of its machines. One suite, run on each of them.

use std::collections::BTreeSet;

use async_trait::async_trait;

use crate::model::machine::{Machine, MachineState, Role, Sighting};
use crate::model::names::{NodeName, OperationId};
use crate::model::provider::tags;
use crate::ops::ports::Cloud;

/// A cloud without any machine, and what only its owner can do to it.
#[async_trait]
pub trait Estate: Sync {
    fn cloud(&self) -> &dyn Cloud;

    /// Starts a worker of pool `w` of a cluster named `d` with this id, made by operation `op-1`. Returns the machine's id.
    async fn make(&self, cluster_id: &str, node: &str) -> String;

    async fn terminate(&self, id: &str);

    /// An id that no machine ever had.
    fn nobody(&self) -> String;

    /// Lets some of the cloud's time pass.
    async fn pass(&self);
}

/// How often the cloud's time passes before it counts as too long.
const PATIENCE: u32 = 60;

/// All cases.
pub async fn all(estate: &dyn Estate) {
    let cloud = estate.cloud();
    assert!(cloud.machines("ours").await.unwrap().is_empty());
    let (first, second) = (estate.make("ours", "d-w-1").await, estate.make("ours", "d-w-10").await);
    let theirs = estate.make("theirs", "d-w-1").await;
    lists(cloud, [&first, &second], &theirs).await;
    described(&listed(cloud, &first).await);
    becomes(estate, &first, MachineState::Running).await;
    ends(estate, &first, &second).await;
    assert_eq!(cloud.sight(&estate.nobody()).await.unwrap(), Sighting::Unknown);
    assert_eq!(cloud.place().await.unwrap(), cloud.place().await.unwrap());
}

/// A cluster's machines go by its id alone; only [`Cloud::namesakes`] goes by its name.
async fn lists(cloud: &dyn Cloud, ours: [&str; 2], theirs: &str) {
    let ids = |machines: Vec<Machine>| machines.into_iter().map(|machine| machine.id).collect::<BTreeSet<_>>();
    let ours: BTreeSet<String> = ours.into_iter().map(str::to_owned).collect();
    assert_eq!(ids(cloud.machines("ours").await.unwrap()), ours);
    for nobodys in ["our", "OURS", "d", ""] {
        assert!(cloud.machines(nobodys).await.unwrap().is_empty(), "{nobodys:?}");
    }
    let named = ours.into_iter().chain([theirs.to_owned()]).collect();
    assert_eq!(ids(cloud.namesakes("d").await.unwrap()), named);
    assert!(cloud.namesakes("other").await.unwrap().is_empty());
}

fn described(machine: &Machine) {
    assert_eq!(machine.node, Some(NodeName::from_text("d-w-1")));
    assert_eq!((machine.pool.as_deref(), machine.role), (Some("w"), Some(Role::Worker)));
    assert_eq!(machine.operation, Some(OperationId::from_text("op-1")));
    let tagged = [(tags::CLUSTER_ID, "ours"), (tags::CLUSTER, "d"), (tags::NODE, "d-w-1")];
    for (tag, value) in tagged {
        assert_eq!(machine.tags.get(tag).map(String::as_str), Some(value), "{tag}");
    }
    let parts: Vec<&str> = machine.provider_id.rsplit('/').take(2).collect();
    assert_eq!(parts, [machine.id.as_str(), machine.zone.as_str()], "{}", machine.provider_id);
    assert!(machine.provider_id.contains(":///"), "{}", machine.provider_id);
}

/// A machine that ended is told of as terminated for a while, in lists too, and is never unknown at once; the others go on.
async fn ends(estate: &dyn Estate, id: &str, other: &str) {
    estate.terminate(id).await;
    let at_once = estate.cloud().sight(id).await.unwrap();
    let known = [MachineState::ShuttingDown, MachineState::Terminated].map(Sighting::Found);
    assert!(known.contains(&at_once), "{at_once:?}");
    becomes(estate, id, MachineState::Terminated).await;
    assert!(listed(estate.cloud(), id).await.is_dead());
    becomes(estate, other, MachineState::Running).await;
}

/// Lists and questions by id say the same.
async fn becomes(estate: &dyn Estate, id: &str, state: MachineState) {
    for _ in 0..PATIENCE {
        if estate.cloud().sight(id).await.unwrap() == Sighting::Found(state) {
            assert_eq!(listed(estate.cloud(), id).await.state, state);
            return;
        }
        estate.pass().await;
    }
    panic!("machine {id} never becomes {state}: {:?}", estate.cloud().sight(id).await);
}

async fn listed(cloud: &dyn Cloud, id: &str) -> Machine {
    let machines = cloud.machines("ours").await.unwrap();
    machines.into_iter().find(|machine| machine.id == id).unwrap_or_else(|| panic!("machine {id} is in no list"))
}
