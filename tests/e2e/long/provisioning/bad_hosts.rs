//! Hosts that fail, each in its own way, beside others that do not: all that can join is in, the rest is named with the
//! reason and the command that finishes it, and that touches nobody else.

use scaler_lab::HostOrder;

use super::cluster::Bare;
use super::spoil::{self, wait_long};
use crate::running::Running;

#[test]
fn bad_hosts_are_named_and_finished_alone() {
    scaler_lab::needs!(Hosts, Ansible, AnyTerraform);
    let bare = Bare::new();
    bare.write(1);
    bare.run(&["apply", "--yes"]).ends(0);
    bare.run(&["kubeconfig"]).ends(0);
    let mirror = bare.hosts.address(1);
    let (late, silent, dying, closed, cut) = (3, 4, 5, 6, 7);
    let order = |number: u32| HostOrder::new(&bare.node(number));
    bare.bridge.order(order(late).ssh_after(40));
    bare.bridge.order(order(silent).first(spoil::NO_SSHD));
    bare.bridge.order(order(dying).first(spoil::HELD_AT_INSTALL));
    bare.bridge.order(order(closed).first(spoil::LOCKED_OUT));
    bare.bridge.order(order(cut).first(&spoil::without_mirror(&mirror)));

    let args = ["scale-up", "--pool", "workers", "--by", "6", "--yes", "--join-timeout", "100s"];
    let mut growing = Running::start(&bare.program, &args);
    wait_long("the install on a host", || {
        growing.check();
        bare.hosts.all().into_iter().find(|host| host.name() == bare.node(dying))?.read("/etc/at-install")
    });
    bare.host(dying).off();
    let grown = growing.end_at_last().ends(6);
    eprintln!("--- what a pipeline sees of bad hosts\n{}\n{}", grown.stdout, grown.stderr);
    let good: Vec<String> = [format!("{}-control-plane-1", bare.cluster)]
        .into_iter()
        .chain([1, 2, late].map(|number| bare.node(number)))
        .collect();
    assert_eq!(bare.ready(), good);
    assert_eq!(bare.recorded(), (1..=7).map(|number| bare.node(number)).collect::<Vec<_>>());
    bare.assert_no_token();
    let bad = [silent, dying, closed, cut].map(|number| bare.node(number));
    let grown = grown
        .says(&format!("{} could not be reached by SSH", bare.node(silent)))
        .says("Connection refused")
        .says(&format!("{} answers to SSH no more, since `packages: Read the repository's list`", bare.node(dying)))
        .says(&format!("{} could not be reached by SSH: it does not let user `ops` in", bare.node(closed)))
        .says(&format!("{} could not be provisioned: it failed in `", bare.node(cut)))
        .says(&format!("scaler provision --limit {}", bad.join(",")))
        .says(&format!(
            "provisioning {}: Wait until it answers to SSH, for so many seconds at most: 100",
            bare.node(silent)
        ));
    assert!(!grown.stderr.contains(&format!("{} is provisioned", bare.node(cut))), "{}", grown.stderr);

    // Mended, but for one that comes back with another host key.
    spoil::sshd_back(&bare.host(silent));
    spoil::let_in(&bare.host(closed));
    spoil::mirrored(&bare.host(cut), &mirror);
    let died = bare.host(dying);
    died.on();
    spoil::answers(&died);
    spoil::open(&died);
    spoil::another_key(&died);
    let before = bare.logins();
    let again =
        bare.run(&["provision", "--limit", &bad.join(","), "--yes", "--join-timeout", "100s", "--output", "json"]);
    let again =
        again.ends(6).says(&format!("{} was not logged in to: another host key than its own", bare.node(dying)));
    let told = again.json();
    let provisioned = told["provisioned"].as_object().expect("a record a host");
    assert_eq!(provisioned.keys().cloned().collect::<Vec<_>>(), bad);
    for number in [silent, closed, cut] {
        assert_eq!(provisioned[&bare.node(number)]["failure"], serde_json::Value::Null, "{told}");
    }
    assert_eq!(provisioned[&bare.node(dying)]["failure"]["unreachable"], true, "{told}");
    bare.assert_no_token();

    // With another user than it knows, and then as it should be.
    spoil::former_key(&died);
    let limit = bare.node(dying);
    let wrong = ["provision", "--limit", &limit, "--yes", "--join-timeout", "10s", "--set", "ssh.user=nobody-here"];
    bare.run(&wrong)
        .ends(6)
        .says(&format!("{limit} could not be reached by SSH"))
        .says("it does not let user `nobody-here` in")
        .says("`ssh.user` and `ssh.privateKeyFile`");
    bare.run(&["provision", "--limit", &limit, "--yes"]).ends(0);
    let all: Vec<String> = [format!("{}-control-plane-1", bare.cluster)]
        .into_iter()
        .chain((1..=7).map(|number| bare.node(number)))
        .collect();
    assert_eq!(bare.ready(), all);
    bare.assert_no_token();
    let after = bare.logins();
    for host in &good {
        assert_eq!(after[host], before[host], "{host} was contacted");
    }
    bare.run(&["plan", "--detailed-exitcode"]).ends(0);
}
