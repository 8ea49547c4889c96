//! What people read.

use super::*;
use crate::model::failure::{Failure, Kind};
use crate::model::file::decode;

#[test]
fn six_mistakes_are_six_located_problems() {
    let text = "\
apiVersion: scaler/v1
kind: Cluster
name: Demo_1
provider: aws
region: eu-west-1
kubernetes:
  version: v1.36.3
store: { backend: s3, bucket: acme-clusters }
ssh: { publicKeyFile: ~/.ssh/demo.pub }
network:
  zones: [eu-west-1a, eu-west-2b]
  adminCidrs: [0.0.0.0/0]
pools:
  - name: workers
    min: 5
    max: 3
  - name: ops
    machin: t3.small
    count: 2
";
    let problems = problems(text);
    insta::assert_snapshot!(problems.report(false), @r#"
    error: `name` must be a DNS label of 3 to 20 characters
     --> cluster.yml:3:7
      |
    3 | name: Demo_1
      |       ^^^^^^ `D` cannot stand in it
      |
      = help: write `demo-1`

    error: `kubernetes.version` must be a full Kubernetes version
     --> cluster.yml:7:12
      |
    7 |   version: v1.36.3
      |            ^^^^^^^ a `v` stands before it
      |
      = help: write `1.36.3`

    error: `network.zones[1]` must be a zone of the region
      --> cluster.yml:11:23
       |
    11 |   zones: [eu-west-1a, eu-west-2b]
       |                       ^^^^^^^^^^ this is not a zone of eu-west-1
       |
       = help: write the region and a letter: `eu-west-1a`

    error: `network.adminCidrs[0]` must be a network that admins come from
      --> cluster.yml:12:16
       |
    12 |   adminCidrs: [0.0.0.0/0]
       |                ^^^^^^^^^ this would open SSH and the Kubernetes API to the whole internet, or a large part of it
       |
       = help: write the addresses that admins come from, such as `203.0.113.7/32`; `curl https://checkip.amazonaws.com` shows yours

    error: `pools[0].min` must be at most `max`
      --> cluster.yml:15:10
       |
    15 |     min: 5
       |          ^ `max` is 3
       |
       = help: write `min: 3` and `max: 5`, if they were swapped

    error: `pools[1]` has no field `machin`
      --> cluster.yml:18:5
       |
    18 |     machin: t3.small
       |     ^^^^^^ unknown field
       |
       = help: did you mean `machine`?

    cluster.yml has 6 problems
    "#);
    assert_eq!(problems.count(), 6);
    let failure = Failure::from(problems);
    assert_eq!(failure.kind, Kind::InvalidFile);
    assert_eq!(failure.what, "cluster.yml is not valid: it has 6 problems");
}

#[test]
fn what_is_missing_and_misplaced() {
    let text = "\
apiVersion: scaler/v1
kind: Cluster
name: demo
provider: sandbox
drain:
timeout: 15m
pools:
  - machine: small
";
    insta::assert_snapshot!(problems(text).report(false), @r#"
    error: `kubernetes` is missing
     --> cluster.yml:1:1
      |
    1 | apiVersion: scaler/v1
      | ^^^^^^^^^^ not in the file
      |
      = help: add `kubernetes: { version: 1.36.3 }`

    error: `store` is missing
     --> cluster.yml:1:1
      |
    1 | apiVersion: scaler/v1
      | ^^^^^^^^^^ not in the file
      |
      = help: add `store: { backend: s3, bucket: acme-clusters }`

    error: `drain` must be a mapping
     --> cluster.yml:5:6
      |
    5 | drain:
      |      ^ there is no value
      |
      = help: write for example `{ timeout: 15m, totalTimeout: 1h }`

    error: a cluster file has no field `timeout`
     --> cluster.yml:6:1
      |
    6 | timeout: 15m
      | ^^^^^^^ unknown field
      |
      = help: `timeout` belongs in `drain`: is it indented too little, or too far?

    error: `pools[0].name` is missing
     --> cluster.yml:8:5
      |
    8 |   - machine: small
      |     ^^^^^^^ not in here
      |
      = help: add `name: workers`

    error: `pools[0]` must have `count`, or `min` and `max`
     --> cluster.yml:8:5
      |
    8 |   - machine: small
      |     ^^^^^^^ it has none of them
      |
      = help: add `count: 3`, or `min: 1` and `max: 10`

    cluster.yml has 6 problems
    "#);
}

#[test]
fn options_are_shown_as_they_were_given() {
    let problems = with(&[
        "drain.timeot=5m",
        "pools.worker.max=3",
        "pools.spot.max=many",
        "network.cidr=10.1.0.0/21",
        "pools[9].max=1",
    ]);
    insta::assert_snapshot!(problems.unwrap_err().report(false), @r#"
    error: `drain` has no field `timeot`
     --> --set:1:7
      |
    1 | drain.timeot=5m
      |       ^^^^^^ unknown field
      |
      = help: did you mean `timeout`?

    error: this path leads nowhere
     --> --set:1:7
      |
    1 | pools.worker.max=3
      |       ^^^^^^ no entry has this name
      |
      = help: did you mean `workers`?

    error: `pools[1].max` must be a whole number from 0 to 5000
     --> --set:1:16
      |
    1 | pools.spot.max=many
      |                ^^^^ this is text
      |
      = help: write for example `1`

    error: this path leads nowhere
     --> --set:1:6
      |
    1 | pools[9].max=1
      |      ^^^ the list has 3 entries, counted from 0
      |
      = help: write a smaller number; `--set` changes entries, and makes none

    cluster.yml has 4 problems
    "#);
}

#[test]
fn a_value_through_an_alias_shows_both_places() {
    let text = AWS.replace("cost-center: \"4711\"", "cost-center: &bad a b").replace("tier: web", "tier: *bad");
    insta::assert_snapshot!(problems(&text).report(false), @r#"
    error: `pools[0].labels.tier` must be a label's value
      --> cluster.yml:31:43
       |
    31 | tags: { team: platform, cost-center: &bad a b }
       |                                           ^^^ `a b` is not a value as Kubernetes has them
       |
      ::: cluster.yml:51:21
       |
    51 |     labels: { tier: *bad }
       |                     ---- this is how it gets here
       |
       = help: use at most 63 letters, digits and `-_.`, with a letter or digit at both ends

    cluster.yml has 1 problem
    "#);
}

#[test]
fn files_that_are_none() {
    let cases: [&[u8]; 6] = [
        b"",
        b"# only a comment\n",
        b"- a\n- b\n",
        b"apiVersion: apps/v1\nkind: Deployment\nspec: {}\n",
        b"name: demo\n\tprovider: aws\n",
        b"a: 1\n---\nb: 2\n",
    ];
    let mut all = String::new();
    for bytes in cases {
        let text = decode("f.yml", bytes.to_vec()).unwrap();
        all.push_str(&parse("f.yml", &text, &[]).unwrap_err().report(false));
    }
    for bytes in [&b"name: \xff\xfe\n"[..], b"\xff\xfen\0a\0", &[b'a'; 10_000_000]] {
        all.push_str(&decode("f.yml", bytes.to_vec()).unwrap_err().report(false));
    }
    insta::assert_snapshot!(all, @r#"
    error: the cluster file is empty
     --> f.yml:1:1
      |
    1 |
      | ^ nothing is in it but blanks and comments
      |
      = help: `scaler init` writes one to start from

    f.yml has 1 problem
    error: the cluster file is empty
     --> f.yml:1:1
      |
    1 | # only a comment
      | ^ nothing is in it but blanks and comments
      |
      = help: `scaler init` writes one to start from

    f.yml has 1 problem
    error: the cluster file must be a mapping
     --> f.yml:1:1
      |
    1 | - a
      | ^ this is a list
      |
      = help: `scaler init` writes one to start from

    f.yml has 1 problem
    error: this is no cluster file
     --> f.yml:2:7
      |
    2 | kind: Deployment
      |       ^^^^^^^^^^ this is a file of another kind
      |
      = help: a cluster file begins with `apiVersion: scaler/v1` and `kind: Cluster`

    f.yml has 1 problem
    error: this is not valid YAML
     --> f.yml:2:1
      |
    2 |     provider: aws
      | ^^^^ there is a tab here
      |
      = help: YAML indents with spaces: put spaces in its place

    f.yml has 1 problem
    error: a cluster file is one document
     --> f.yml:2:1
      |
    2 | ---
      | ^^^ a second one begins here
      |
      = help: put it into a file of its own

    f.yml has 1 problem
    error: the cluster file is not text in UTF-8
     --> f.yml:1:7
      |
    1 | name: ��
      |       ^ the byte 0xff is no UTF-8
      |
      = help: save the file as UTF-8

    f.yml has 1 problem
    error: the cluster file is not text in UTF-8
     --> f.yml:1:1
      |
    1 | ��n�a�
      | ^ the byte 0xff is no UTF-8
      |
      = help: this looks like UTF-16: save the file as UTF-8

    f.yml has 1 problem
    error: the cluster file is too large: 10000000 bytes
     --> f.yml:1:1
      |
    1 |
      | ^ a cluster file has at most 1048576 bytes
      |
      = help: is this the right file?

    f.yml has 1 problem
    "#);
}

#[test]
fn long_files_and_lines_are_cut() {
    let many = (0..9999).map(|number| format!("unknown{number}: 1\n")).collect::<String>();
    let report = problems(&many).report(false);
    assert!(report.ends_with("cluster.yml has 500 problems or more; 450 are not shown\n"), "{report}");
    let wide = format!("{{ apiVersion: scaler/v1, kind: Cluster, tags: [{}], nam: x }}", "x, ".repeat(100_000));
    insta::assert_snapshot!(problems(&wide).report(false), @r#"
    error: `name` is missing
     --> cluster.yml:1:1
      |
    1 | { apiVersion: scaler/v1, kind: Cluster, tags:...x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, 
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^...^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ not in the file
      |
      = help: add `name: demo`

    error: `provider` is missing
     --> cluster.yml:1:1
      |
    1 | { apiVersion: scaler/v1, kind: Cluster, tags:...x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, 
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^...^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ not in the file
      |
      = help: add `provider: aws`

    error: `kubernetes` is missing
     --> cluster.yml:1:1
      |
    1 | { apiVersion: scaler/v1, kind: Cluster, tags:...x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, 
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^...^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ not in the file
      |
      = help: add `kubernetes: { version: 1.36.3 }`

    error: `store` is missing
     --> cluster.yml:1:1
      |
    1 | { apiVersion: scaler/v1, kind: Cluster, tags:...x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, 
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^...^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ not in the file
      |
      = help: add `store: { backend: s3, bucket: acme-clusters }`

    error: `pools` is missing
     --> cluster.yml:1:1
      |
    1 | { apiVersion: scaler/v1, kind: Cluster, tags:...x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, 
      | ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^...^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ not in the file
      |
      = help: add `pools: [{ name: workers, min: 1, max: 10 }]`

    error: `tags` must be a mapping
     --> cluster.yml:1:47
      |
    1 | ...s: [x, x, x, x, x, x, x, x, x, x, x, x, x, x, x,..., x, x, x, x, x, x, x, x, x, x, x, x, x, x, x
      |       ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^...^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ this is a list
      |
      = help: write for example `{ team: platform }`

    error: a cluster file has no field `nam`
    --> cluster.yml:1:300051
     = note: unknown field
     = help: did you mean `name`?

    cluster.yml has 7 problems
    "#);
    let large = "# x\n".repeat(300_000);
    assert!(problems(&large).to_string().contains("too large"));
}

#[test]
fn hostile_text_reaches_no_terminal() {
    let text = "apiVersion: scaler/v1\nkind: Cluster\nname: \"\\e[2J\\u202e\"\n\"\\e]0;x\\a\": 1\n";
    let problems = problems(text);
    for shown in [problems.report(false), problems.to_string(), format!("{:?}", Failure::from(problems.clone()))] {
        assert!(!shown.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{shown}");
    }
}

#[test]
fn colour_is_only_for_terminals() {
    let problems = problems("name: x\n");
    assert!(problems.report(true).contains("\u{1b}["));
    assert!(!problems.report(false).contains('\u{1b}'));
}

#[test]
fn programs_get_places_too() {
    let located = serde_json::to_value(problems("kind: Cluster\nnam: x\n").located()).unwrap();
    insta::assert_snapshot!(located[0], @r#"{"file":"cluster.yml","line":1,"column":1,"source":"kind: Cluster","problem":"`apiVersion` is missing","reason":"not in the file","help":"add `apiVersion: scaler/v1`"}"#);
}
