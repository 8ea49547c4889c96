//! Before the lock: nothing was changed, and nobody waits.

use std::time::Duration;

use scaler_lab::{Fault, Matcher, wait_for};

use super::{SIGNALS, goes_on, of_size};
use crate::gates::Gates;
use crate::running::Running;

#[test]
fn while_terraform_looks() {
    let mut world = of_size(1);
    let gates = Gates::before(&mut world);
    let before = world.record();
    for name in SIGNALS {
        world.write(&world.file("min: 2, max: 6", ""));
        for args in [vec!["plan"], vec!["scale-up", "--pool", &world.pool, "--to", "2", "--yes"]] {
            gates.shut("init");
            let running = Running::start(&world.program, &args);
            gates.reached("init");
            running.signal(name);
            running.end().ends(130).says("interrupted").says("nothing was changed");
            gates.open("init");
            assert_eq!(world.record(), before, "{args:?}");
            world.is_in_order();
        }
        world.write(&world.file("min: 1, max: 6", ""));
    }
    goes_on(&world);
}

#[test]
fn while_an_api_server_does_not_answer() {
    let mut world = of_size(1);
    let proxy = world.k.proxy();
    let kubeconfig = world.k.kubeconfig_through(&proxy).display().to_string();
    let direct = world.program.environment.insert("KUBECONFIG".to_owned(), kubeconfig).expect("a kubeconfig");
    let before = world.record();
    for (name, nth) in SIGNALS.iter().zip(1..) {
        // Far longer than a person would wait; the program's own patience is longer still.
        proxy.order(Fault::slow(Duration::from_secs(50)).when(Matcher::any().path("/namespaces/kube-system")));
        let running = Running::start(&world.program, &["scale-up", "--pool", &world.pool, "--to", "2", "--yes"]);
        let asked = || proxy.requests().iter().filter(|one| one.path.contains("/namespaces/kube-system")).count();
        wait_for("the question to arrive", || (asked() == nth).then_some(()));
        let from = std::time::Instant::now();
        running.signal(name);
        running.end().ends(130).says("nothing was changed");
        assert!(from.elapsed() < Duration::from_secs(30), "it waited for an answer that nobody needs");
        assert_eq!(world.record(), before);
    }
    world.program.environment.insert("KUBECONFIG".to_owned(), direct);
    goes_on(&world);
}

#[test]
fn while_another_run_has_the_lock() {
    let mut world = of_size(1);
    let gates = Gates::before(&mut world);
    gates.shut("apply");
    let args = ["scale-up", "--pool", &world.pool, "--to", "2", "--yes"];
    let first = Running::start(&world.program, &args);
    gates.reached("apply");
    let lock = world.lock();
    for name in SIGNALS {
        let mut args = args.to_vec();
        args.extend(["--lock-timeout", "10m"]);
        let mut second = Running::start(&world.program, &args);
        second.wait("waiting for the cluster's lock: tester on ");
        second.signal(name);
        second.end().ends(130).says("interrupted while waiting for the cluster's lock").says("nothing was changed");
        assert_eq!(world.lock()["operation"], lock["operation"], "the other's lock is untouched");
    }
    gates.open("apply");
    first.end().ends(0);
    assert_eq!(world.running().len(), 2);
    goes_on(&world);
}
