//! EC2's machines: all of a cluster by tag, and one by its id.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{Filter, Instance, InstanceStateName};

use super::errors::{explain, unless_code};
use crate::model::failure::{Failure, Result};
use crate::model::machine::{Machine, MachineState, Role, Sighting};
use crate::model::names::{NodeName, OperationId};
use crate::model::provider::{Provider, tags};

/// Machines a page: the most that EC2 gives.
pub(super) const PAGE: i32 = 1000;

const ACTION: &str = "ec2:DescribeInstances";

/// Every machine with the cluster's id, in every state.
pub(super) async fn machines(ec2: &Client, region: &str, cluster_id: &str, page: i32) -> Result<Vec<Machine>> {
    tagged(ec2, region, tags::CLUSTER_ID, cluster_id, page).await
}

/// Every machine with the name of a cluster, in every state.
pub(super) async fn namesakes(ec2: &Client, region: &str, cluster: &str, page: i32) -> Result<Vec<Machine>> {
    tagged(ec2, region, tags::CLUSTER, cluster, page).await
}

/// One page that fails fails all: half a list would hide machines.
async fn tagged(ec2: &Client, region: &str, tag: &str, value: &str, page: i32) -> Result<Vec<Machine>> {
    let what = format!("the machines of the cluster in {region} cannot be listed");
    let filter = Filter::builder().name(format!("tag:{tag}")).values(value).build();
    let mut pages = ec2.describe_instances().filters(filter).into_paginator().page_size(page).send();
    let mut machines = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| explain(&what, ACTION, error))?;
        for instance in page.reservations().iter().flat_map(|reservation| reservation.instances()) {
            let machine = machine(instance).map_err(|failure| failure.context(&what))?;
            // The filter is the cloud's; a list that holds another cluster's machine is no answer to our question.
            if machine.tags.get(tag).map(String::as_str) != Some(value) {
                return Err(Failure::failed(&what)
                    .because(format!("EC2 gave {} too, which does not carry the cluster's tag", machine.id)));
            }
            machines.push(machine);
        }
    }
    Ok(machines)
}

/// Only EC2's own word that it does not know the id counts as not known; an answer without the machine does not.
pub(super) async fn sight(ec2: &Client, region: &str, machine_id: &str) -> Result<Sighting> {
    let what = format!("what became of machine {machine_id} in {region} cannot be found out");
    let answer = ec2.describe_instances().instance_ids(machine_id).send().await;
    let Some(answer) =
        unless_code(answer, "InvalidInstanceID.NotFound").map_err(|error| explain(&what, ACTION, error))?
    else {
        return Ok(Sighting::Unknown);
    };
    let found = answer
        .reservations()
        .iter()
        .flat_map(|reservation| reservation.instances())
        .find(|instance| instance.instance_id() == Some(machine_id))
        .ok_or_else(|| Failure::failed(&what).because("EC2 answered without telling of it"))?;
    Ok(Sighting::Found(state(found).map_err(|failure| failure.context(&what))?))
}

fn machine(instance: &Instance) -> Result<Machine> {
    let id = instance.instance_id().ok_or_else(|| Failure::failed("EC2 told of a machine without an id"))?;
    let tags: std::collections::BTreeMap<String, String> = instance
        .tags()
        .iter()
        .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned())))
        .collect();
    let tag = |name: &str| tags.get(name).filter(|value| !value.is_empty()).cloned();
    let zone = instance.placement().and_then(|placement| placement.availability_zone()).unwrap_or_default();
    let text = |value: Option<&str>| value.filter(|value| !value.is_empty()).map(str::to_owned);
    Ok(Machine {
        id: id.to_owned(),
        node: tag(tags::NODE).map(NodeName::from_text),
        pool: tag(tags::POOL),
        role: tag(tags::ROLE).and_then(|role| Role::from_tag(&role)),
        operation: tag(tags::OPERATION).map(OperationId::from_text),
        state: state(instance)?,
        launched: instance.launch_time().and_then(|time| jiff::Timestamp::from_second(time.secs()).ok()),
        zone: zone.to_owned(),
        machine_type: instance.instance_type().map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
        image: instance.image_id().unwrap_or_default().to_owned(),
        private_address: text(instance.private_ip_address()),
        public_address: text(instance.public_ip_address()),
        provider_id: Provider::Aws.provider_id(zone, id),
        tags,
    })
}

fn state(instance: &Instance) -> Result<MachineState> {
    let id = instance.instance_id().unwrap_or_default();
    match instance.state().and_then(|state| state.name()) {
        Some(InstanceStateName::Pending) => Ok(MachineState::Pending),
        Some(InstanceStateName::Running) => Ok(MachineState::Running),
        Some(InstanceStateName::Stopping) => Ok(MachineState::Stopping),
        Some(InstanceStateName::Stopped) => Ok(MachineState::Stopped),
        Some(InstanceStateName::ShuttingDown) => Ok(MachineState::ShuttingDown),
        Some(InstanceStateName::Terminated) => Ok(MachineState::Terminated),
        Some(other) => Err(Failure::failed(format!("EC2 gives machine {id} the state `{}`", other.as_str()))
            .because("this version of scaler does not know that state")),
        None => Err(Failure::failed(format!("EC2 gives machine {id} no state"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::cloud::aws::Aws;
    use crate::adapters::cloud::aws::moto::Moto;
    use crate::ops::ports::Cloud;
    use crate::ops::testing::clouds::{self, Estate};
    use async_trait::async_trait;
    use aws_sdk_ec2::types::InstanceState;

    /// A region of its own on a server that others share.
    struct Apart<'a> {
        moto: &'a Moto,
        aws: Aws,
    }

    #[async_trait]
    impl Estate for Apart<'_> {
        fn cloud(&self) -> &dyn Cloud {
            &self.aws
        }

        async fn make(&self, cluster_id: &str, node: &str) -> String {
            self.moto.run(&self.aws, cluster_id, node).await
        }

        async fn terminate(&self, id: &str) {
            self.aws.ec2.terminate_instances().instance_ids(id).send().await.unwrap();
        }

        fn nobody(&self) -> String {
            "i-0123456789abcdef0".into()
        }

        async fn pass(&self) {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test]
    async fn the_inventory_holds_the_clusters_machines_of_all_states_and_pages_and_no_other() {
        scaler_lab::needs!(Moto);
        let moto = Moto::start();
        clouds::all(&Apart { moto: &moto, aws: moto.aws("eu-west-3") }).await;
        let aws = moto.aws("eu-west-1");
        let mut ids = Vec::new();
        for number in 1..=5 {
            ids.push(moto.run(&aws, "ours", &format!("d-w-{number}")).await);
        }
        moto.run(&aws, "theirs", "d-w-1").await;
        moto.run(&moto.aws("eu-west-2"), "ours", "d-w-9").await;
        aws.ec2.stop_instances().instance_ids(&ids[1]).send().await.unwrap();
        aws.ec2.terminate_instances().instance_ids(&ids[2]).send().await.unwrap();

        let mut machines = machines(&aws.ec2, "eu-west-1", "ours", 2).await.unwrap();
        machines.sort_by(|a, b| a.node.cmp(&b.node));
        let found: Vec<&String> = machines.iter().map(|machine| &machine.id).collect();
        assert_eq!(found, ids.iter().collect::<Vec<_>>());
        let states: Vec<MachineState> = machines.iter().map(|machine| machine.state).collect();
        use MachineState::{Running, Stopped, Terminated};
        assert_eq!(states, [Running, Stopped, Terminated, Running, Running]);

        let first = &machines[0];
        assert_eq!(first.node, Some(NodeName::from_text("d-w-1")));
        assert_eq!((first.pool.as_deref(), first.role), (Some("w"), Some(Role::Worker)));
        assert_eq!(first.operation, Some(OperationId::from_text("op-1")));
        assert_eq!((first.zone.as_str(), first.machine_type.as_str()), ("eu-west-1a", "t3.medium"));
        assert_eq!(first.provider_id, format!("aws:///eu-west-1a/{}", first.id));
        assert!(first.private_address.is_some(), "{first:?}");
        let age = jiff::Timestamp::now().duration_since(first.launched.expect("EC2 tells it"));
        assert!(age.abs().as_hours() < 1, "{age:?}");

        for (id, expected) in ids.iter().zip([Running, Stopped, Terminated]) {
            assert_eq!(aws.sight(id).await.unwrap(), Sighting::Found(expected));
        }
        assert_eq!(aws.sight("i-0123456789abcdef0").await.unwrap(), Sighting::Unknown);
        assert!(aws.machines("nobody's").await.unwrap().is_empty());

        let named = namesakes(&aws.ec2, "eu-west-1", "d", 2).await.unwrap();
        assert_eq!(named.len(), 6, "those of both clusters of this name, in this region");
        assert!(aws.namesakes("D").await.unwrap().is_empty());
    }

    #[test]
    fn a_state_that_is_unknown_or_missing_is_an_error() {
        let odd = InstanceState::builder().name(InstanceStateName::from("hibernating")).build();
        let failure = state(&Instance::builder().instance_id("i-1").state(odd).build()).unwrap_err();
        assert!(failure.to_string().contains("hibernating"), "{failure}");
        assert!(machine(&Instance::builder().instance_id("i-1").build()).is_err());
        assert!(machine(&Instance::builder().build()).is_err());
    }
}
