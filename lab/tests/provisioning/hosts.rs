//! What hosts of the lab promise.

use std::process::Command;

use scaler_lab::{Host, HostBridge, HostOrder, Hosts, Login, Machine, MachineState, Sandbox, needs, wait_for};

/// As a person would: over SSH.
fn ssh(hosts: &Hosts, host: &Host, known: &str, command: &str) -> std::process::Output {
    let file = hosts.folder().join("known_hosts");
    std::fs::write(&file, known).unwrap();
    let mut ssh = Command::new("ssh");
    ssh.arg("-F/dev/null").arg("-i").arg(hosts.key()).arg(format!("-oUserKnownHostsFile={}", file.display()));
    ssh.args(["-oBatchMode=yes", "-oConnectTimeout=5"]).arg(format!("{}@{}", Hosts::USER, host.address()));
    ssh.arg(command).output().unwrap()
}

#[test]
fn a_host_is_a_machine_of_its_own() {
    needs!(Hosts);
    let hosts = Hosts::start();
    let (a, b) = (hosts.make("a"), hosts.make("b"));
    let known = a.known_hosts_line() + &b.known_hosts_line();

    let text = |host: &Host, command: &str| {
        let output = wait_for("sshd to answer", || {
            Some(ssh(&hosts, host, &known, command)).filter(|it| it.status.code() != Some(255))
        });
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    // Its disk and its root are its own.
    text(&a, "echo of a | sudo tee /etc/of-a");
    assert_eq!(a.read("/etc/of-a").as_deref(), Some("of a\n"));
    assert!(b.read("/etc/of-a").is_none() && !std::path::Path::new("/etc/of-a").exists());
    // Each reaches the other, and nobody outside.
    text(&a, &format!("timeout 5 bash -c '< /dev/tcp/{}/22'", b.address()));
    assert_eq!(a.run(&["timeout", "5", "bash", "-c", "< /dev/tcp/192.0.2.1/80"]).code.filter(|code| *code == 0), None);
    // Settings of the kernel are its network's alone.
    assert_ne!(a.run(&["sysctl", "--write", "vm.swappiness=7"]).code, Some(0));
    assert!(a.logins().contains(&Login::Accepted(Hosts::USER.to_owned())));

    // A power cut ends everything but the disk; a boot brings sshd back.
    a.off();
    wait_for("the power cut", || (!ssh(&hosts, &a, &known, "true").status.success()).then_some(()));
    a.on();
    assert_eq!(text(&a, "cat /etc/of-a"), "of a\n");

    // Another machine at the same address is told by its key.
    a.new_host_key();
    let refused = ssh(&hosts, &a, &known, "true");
    assert!(String::from_utf8_lossy(&refused.stderr).contains("Host key verification failed"), "{refused:?}");
    assert_eq!(a.logins().last(), Some(&Login::Refused));

    let folder = hosts.folder().to_owned();
    drop((a, b, hosts));
    assert!(!folder.exists(), "the lab's folder goes with it");
}

#[test]
fn a_machine_of_the_sandbox_is_a_host() {
    needs!(Hosts);
    let (hosts, sandbox) = (Hosts::start(), Sandbox::start());
    let entry = |id: &str, name: &str, address: Option<&str>| {
        let text = serde_json::json!({ "id": id, "name": name, "privateAddress": address });
        std::fs::write(sandbox.register().join(format!("{id}.json")), text.to_string()).unwrap();
    };
    let address = hosts.address(77);
    let bridge = HostBridge::start(&hosts, sandbox.source());
    bridge.order(HostOrder::new("late").without_ssh());
    entry("m-1", "placed", Some(&address));
    entry("m-2", "late", None);
    let there = |name: &str| hosts.all().into_iter().find(|host| host.name() == name);
    let placed = wait_for("the host", || there("placed"));
    assert_eq!(placed.address(), address);
    // A register learns what it did not say itself.
    let late = wait_for("the other host", || there("late"));
    let learned = |machines: Vec<Machine>| machines.into_iter().find(|it| it.id == "m-2").map(|it| it.address);
    wait_for("its address in the register", || {
        (learned(sandbox.machines()).as_deref() == Some(late.address())).then_some(())
    });

    sandbox.vanish("m-1");
    wait_for("the host's end", || there("placed").is_none().then_some(()));
    assert!(placed.check().is_err());
    assert!(sandbox.machines().iter().any(|it| it.id == "m-2" && it.state == MachineState::Running));
}
