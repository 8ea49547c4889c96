//! `--set`.

use super::*;
use crate::model::file::PoolSize;

#[test]
fn values_are_put_where_the_path_leads() {
    let file = with(&[
        "pools.workers.max=30",
        "pools[2].count=4",
        "drain.timeout=5m",
        "network.adminCidrs=[192.0.2.0/24]",
        "network.allow[0].port=8443",
        "tags={team: web}",
        "tags[\"a.b\"]=\"1\"",
        "pools.spot.labels.tier=batch",
        "ssh.jump=null",
        "access.context=\"yes\"",
    ])
    .unwrap_or_else(|problems| panic!("{}", problems.report(false)));
    assert_eq!(file.pool("workers").unwrap().size, PoolSize::Bounds { min: 1, max: 30 });
    assert_eq!(file.pool("ops").unwrap().size, PoolSize::Fixed(4));
    assert_eq!(file.drain.timeout.as_secs(), 300);
    assert_eq!(file.network.admin_cidrs.len(), 1);
    assert_eq!(file.network.allow[0].port, 8443);
    assert_eq!(file.tags.len(), 2);
    assert_eq!(file.ssh.jump, None);
    assert_eq!(file.access.context.as_deref(), Some("yes"));
    // The alias that brought the labels to the other pool is left alone.
    assert_eq!(file.pool("workers").unwrap().labels["tier"], "web");
    assert_eq!(file.pool("spot").unwrap().labels["tier"], "batch");
}

#[test]
fn the_size_of_a_pool_can_change_its_kind() {
    let file = with(&["pools.ops.count=null", "pools.ops.min=1", "pools.ops.max=5"]).unwrap();
    assert_eq!(file.pool("ops").unwrap().size, PoolSize::Bounds { min: 1, max: 5 });
}

#[test]
fn later_options_win_and_parts_are_made() {
    let file = with(&["drain.parallel=2", "drain.parallel=3", "aws.endpoints.ec2=http://127.0.0.1:5000"]).unwrap();
    assert_eq!(file.drain.parallel, 3);
    assert_eq!(file.aws.endpoints["ec2"], "http://127.0.0.1:5000");
}

#[test]
fn what_cannot_be_set_is_told_in_the_option() {
    for (set, expected) in [
        ("", "a name is missing here"),
        ("drain", "there is no `=`"),
        ("=1", "a name is missing here"),
        ("drain.=1", "a name is missing here"),
        ("pools[x].max=1", "a number stands in brackets"),
        ("pools[0.max=1", "never closed"),
        ("drain.timeout=", "a value is missing"),
        ("drain.timeout=5m: x", "without brackets"),
        ("tags.note={a", "never closed"),
        ("tags.note=*x", "no anchor"),
        ("drain.timeot=5m", "no field `timeot`"),
        ("drain.timeot=null", "it is not in the file"),
        ("name.x=1", "has no fields"),
        ("drain[0]=1", "this is a mapping"),
        ("pools.wrkers.max=1", "no entry has this name"),
        ("pools[99].max=1", "the list has 3 entries"),
        ("name=Demo", "must be a DNS label"),
    ] {
        let problems = with(&[set]).unwrap_err();
        let told = problems.to_string();
        assert!(told.contains(expected), "{set}: {told}");
        assert!(told.lines().any(|line| line.starts_with("--set:1:")), "{set}: {told}");
    }
}
