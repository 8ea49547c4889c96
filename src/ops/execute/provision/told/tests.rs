use super::*;
use crate::model::file;
use crate::ops::ports::provisioner::HostEnd;

const FILE: &str = "apiVersion: scaler/v1\nkind: Cluster\nname: demo\nprovider: sandbox\nkubernetes: { version: 1.36.3 }\n\
    store: { backend: local, path: store }\nssh: { user: ops, privateKeyFile: key, jump: ops@bastion }\nsandbox: { register: machines }\n\
    pools: [{ name: w, count: 1, machine: small, image: { id: base } }]\n";

/// What is said of a machine that failed so.
fn told(tasks: u32, unreachable: bool, task: &str, message: &str, output: Option<&str>) -> Failure {
    let (task, message, output) = (task.to_owned(), message.to_owned(), output.map(str::to_owned));
    of(tasks, HostFailure { unreachable, on_the_way: false, task, message, output })
}

fn of(tasks: u32, failure: HostFailure) -> Failure {
    let file = file::parse("f", FILE, &[]).map_err(|problems| problems.report(false)).unwrap();
    let node = NodeName::from_text("demo-w-1");
    let hosts = BTreeMap::from([(node.clone(), HostEnd { tasks, changed: 0, failure: Some(failure) })]);
    failed(&Played { hosts, ..Played::default() }, &node, &file).unwrap()
}

#[test]
fn each_cause_is_told_by_its_own_words() {
    let silent = "ssh: connect to host 198.18.0.10 port 22: Connection refused";
    assert_eq!(
        told(1, true, "Wait", silent, None).to_string(),
        "demo-w-1 could not be reached by SSH: ssh: connect to host 198.18.0.10 port 22: Connection refused"
    );
    let stranger = told(1, true, "Wait", "Host key verification failed.", None);
    assert!(stranger.what.contains("another host key than its own"), "{stranger}");
    assert!(stranger.hints[0].contains("scaler scale-down --node demo-w-1"), "{stranger:?}");
    let locked_out = told(1, true, "Wait", "ops@198.18.0.10: Permission denied (publickey).", None);
    assert!(locked_out.causes[0].starts_with("it does not let user `ops` in: ops@198.18.0.10"), "{locked_out}");
    assert!(locked_out.hints[0].contains("`ssh.user`"), "{locked_out:?}");
    let died = told(9, true, "packages: Install", "Connection timed out", None);
    assert_eq!(died.to_string(), "demo-w-1 answers to SSH no more, since `packages: Install`: Connection timed out");
    let said: Vec<String> = (1..=12).map(|line| format!("line {line}")).collect();
    let failed = told(9, false, "packages: Install", "no such package", Some(&said.join("\n")));
    assert_eq!(failed.what, "demo-w-1 could not be provisioned: it failed in `packages: Install`");
    assert_eq!(failed.causes, ["no such package", &said[2..].join("\n")]);
}

#[test]
fn the_host_to_go_through_is_told_of_by_itself() {
    let way = |message: &str| {
        let (task, message) = ("Wait".to_owned(), message.to_owned());
        of(1, HostFailure { unreachable: true, on_the_way: true, task, message, output: None })
    };
    let stranger = way("Host key verification failed.");
    assert_eq!(
        stranger.what,
        "no machine was reached: the host to go through, `ops@bastion`, has another host key than before"
    );
    assert!(stranger.hints[0].contains("`ssh.jumpHostKey`"), "{stranger:?}");
    let locked_out = way("ops@bastion: Permission denied (publickey).");
    assert!(locked_out.what.ends_with("does not let us in"), "{locked_out}");
    assert!(locked_out.hints[0].contains("`ssh.privateKeyFile`"), "{locked_out:?}");
    let silent = way("ssh: connect to host bastion port 22: Connection refused");
    let said = "no machine was reached: the host to go through, `ops@bastion`, was not: \
                ssh: connect to host bastion port 22: Connection refused";
    assert_eq!(silent.to_string(), said);
}

#[test]
fn all_that_failed_are_run_again_by_one_command() {
    let both = BTreeMap::from([
        (NodeName::from_text("a"), Failure::failed("a is silent").hint("look")),
        (NodeName::from_text("b"), Failure::failed("b is full").hint("look")),
    ]);
    let one = BTreeMap::from([(NodeName::from_text("a"), Failure::failed("a is silent").hint("look"))]);
    let both = together(both).unwrap();
    assert_eq!(both.to_string(), "2 machines could not be provisioned: a, b: a is silent: b is full");
    assert_eq!(both.hints, ["look", "when that is mended: scaler provision --limit a,b"]);
    assert_eq!(both.kind, Kind::Partial);
    assert_eq!(together(one).unwrap().hints, ["look", "when that is mended: scaler provision --limit a"]);
    assert_eq!(together(BTreeMap::new()), None);
}
