//! An operator's day.

use std::collections::BTreeSet;

use super::agreement::Machines;
use super::cluster::{Aws, REGION};
use super::evictions::Workload;
use super::policies::{Policy, Table};
use scaler_lab::InstanceState;

fn without(all: &Machines, rest: &Machines) -> Machines {
    all.iter().filter(|(name, _)| !rest.contains_key(*name)).map(|(name, id)| (name.clone(), id.clone())).collect()
}

#[test]
fn a_cluster_on_aws_lives_its_day() {
    scaler_lab::needs!(Moto, AwsProvider);
    let aws = Aws::new();
    let search = aws.search();
    aws.write(&(aws.file(3) + &aws.pool_at_boot("edge")));
    aws.program.run(&["apply", "--yes", "--work-dir", "work"]).ends(0);
    aws.assert_reads_its_own_file_alone("edge");
    let first = aws.assert_consists_of(&[1, 2, 3]);
    aws.assert_network_is_closed();
    aws.assert_endpoint_leads_home(&first[&aws.control_plane()]);
    aws.program.run(&["plan", "--detailed-exitcode"]).ends(0);

    // Another cluster of the same name, as an older one may have been made: it is not seen, and not touched.
    let foreign = aws.foreign_machine();
    aws.write(&aws.file(1));
    let pools_only = aws.moto.requests().len();

    // Everything that the log can tell is told, and searched in the end; so it is of the run with a profile's login.
    aws.scale("scale-up", &["--to", "5", "-vvv"]).ends(0).says("DEBUG store: write");
    let five = aws.assert_consists_of(&[1, 2, 3, 4, 5]);

    let workload = Workload::start(&aws);
    let placed = workload.placed(&aws);
    assert_eq!(placed.len(), 5, "{placed:?}");
    let before = aws.moto.requests().len();
    aws.scale("scale-down", &["--node", &aws.node(2), "--node", &aws.node(4)]).ends(0);
    let three = aws.assert_consists_of(&[1, 3, 5]);
    aws.assert_drained_before_terminated(&without(&five, &three), &placed, before);

    let placed = workload.placed(&aws);
    let before = aws.moto.requests().len();
    aws.scale("scale-down", &["--to", "2"]).ends(0);
    let two: Vec<u32> = [1, 3, 5].into_iter().filter(|number| aws.nodes().contains(&aws.node(*number))).collect();
    assert_eq!(two.len(), 2, "{two:?}");
    let left = aws.assert_consists_of(&two);
    aws.assert_drained_before_terminated(&without(&three, &left), &placed, before);

    // From a machine that has a login in its files, a kubeconfig and the store's URL.
    let from_store = ["--cluster", &aws.url(), "--pool", &aws.pool, "--by", "1", "--yes", "-vvv"];
    aws.elsewhere.run(&[&["scale-up"][..], &from_store].concat()).ends(0);
    let all = aws.assert_consists_of(&[&two[..], &[6]].concat());
    let pools_only = pools_only..aws.moto.requests().len();

    // The only change of machines in place.
    aws.assert_tagged("team", "platform");
    let late = aws.pool_at_boot("late");
    aws.write(&(aws.file(1).replace("team: platform", "owner: infra") + &late));
    aws.assert_network_stays();
    aws.program.run(&["apply", "--yes"]).ends(0);
    assert_eq!(aws.assert_consists_of(&[&two[..], &[6]].concat()), all);
    aws.assert_tagged("owner", "infra");
    // A pool that is to join at boot came to a cluster that stands; the other one's role stays.
    aws.assert_reads_its_own_file_alone("late");
    aws.assert_reads_its_own_file_alone("edge");

    aws.assert_refusals_change_nothing();
    aws.assert_neighbours_stay([two[0], two[1], 6]);
    assert_eq!(aws.assert_consists_of(&[&two[..], &[6]].concat()), all);
    aws.program.run(&["doctor"]).ends(0).says("right: ec2:TerminateInstances: yes");

    aws.assert_all_there();
    // With a budget nothing could move in the end: there is nowhere to go.
    aws.k.delete(&format!("/apis/policy/v1/namespaces/{0}/poddisruptionbudgets/web", workload.namespace));
    let placed = workload.placed(&aws);
    let before = aws.moto.requests().len();
    aws.program.run(&["destroy", "--yes", "--name", &aws.cluster]).ends(0);
    aws.assert_drained_before_terminated(&all, &placed, before);
    assert_eq!(aws.holding(), BTreeSet::new(), "what is left in AWS");
    let id = aws.cluster_id();
    let instances = aws.moto.instances(REGION);
    let ours = instances.iter().filter(|one| one.tags.get("scaler:cluster-id") == Some(&id));
    assert!(ours.clone().all(|one| one.state == InstanceState::Terminated), "{:?}", ours.collect::<Vec<_>>());
    assert!(aws.nodes().is_empty(), "{:?}", aws.nodes());
    aws.elsewhere.run(&["status", "--cluster", &aws.url()]).ends(5).says("was destroyed");
    assert!(instances.iter().any(|one| one.id == foreign && one.state == InstanceState::Running));

    aws.assert_no_secret(search);
    let requests = aws.moto.requests();
    let table = Table::read();
    table.assert_covered(&requests, &Policy::operator());
    table.assert_covered(&requests[pools_only.clone()], &Policy::pools_only());
    table.assert_all_made(&requests);
    table.assert_nothing_idle(&requests, &Policy::operator());
    table.assert_nothing_idle(&requests[pools_only], &Policy::pools_only());
}
