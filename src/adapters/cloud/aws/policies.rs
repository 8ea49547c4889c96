//! The policies of `examples/iam`, held against the table of calls beside them.

use std::collections::BTreeSet;

use serde_json::Value;

const OPERATOR: &str = include_str!("../../../../examples/iam/operator.json");
const JOINING: &str = include_str!("../../../../examples/iam/joining.json");
const POOLS_ONLY: &str = include_str!("../../../../examples/iam/pools-only.json");
const IMAGES: &str = include_str!("../../../../examples/iam/images.json");
const CALLS: &str = include_str!("../../../../examples/iam/calls.json");

/// A managed policy's limit, white space apart.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const LONGEST: usize = 6144;

fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(all) => all.iter().map(|one| one.as_str().expect("a list of texts")).collect(),
        other => panic!("neither a text nor a list of texts: {other}"),
    }
}

fn statements(policy: &Value) -> &Vec<Value> {
    policy["Statement"].as_array().expect("a list of statements")
}

fn actions(policy: &Value) -> BTreeSet<&str> {
    statements(policy).iter().flat_map(|statement| strings(&statement["Action"])).collect()
}

fn calls(granted: bool) -> BTreeSet<String> {
    let table: Value = serde_json::from_str(CALLS).unwrap();
    let rows = table["calls"].as_array().unwrap().clone();
    let rows = rows.iter().filter(|row| row["granted"].as_bool().unwrap_or(true) == granted);
    rows.flat_map(|row| strings(&row["actions"]).into_iter().map(str::to_owned).collect::<Vec<_>>()).collect()
}

fn covers(pattern: &str, action: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == action, |prefix| action.starts_with(prefix))
}

#[test]
fn each_policy_is_one_that_aws_takes() {
    for text in [OPERATOR, JOINING, POOLS_ONLY, IMAGES] {
        let policy: Value = serde_json::from_str(text).unwrap();
        assert_eq!(policy["Version"], "2012-10-17");
        let mut names = BTreeSet::new();
        for statement in statements(&policy) {
            let name = statement["Sid"].as_str().unwrap();
            assert!(name.chars().all(|letter| letter.is_ascii_alphanumeric()) && names.insert(name), "{name}");
            assert_eq!(statement["Effect"], "Allow", "{name}");
            assert!(!strings(&statement["Resource"]).is_empty(), "{name}");
            let known = ["Sid", "Effect", "Action", "Resource", "Condition"];
            assert!(statement.as_object().unwrap().keys().all(|key| known.contains(&key.as_str())), "{name}");
        }
        let length = text.chars().filter(|letter| !letter.is_whitespace()).count();
        assert!(length <= LONGEST, "{length}");
    }
}

#[test]
fn every_action_is_in_the_table_and_only_looking_has_wildcards() {
    let known = calls(true);
    for text in [OPERATOR, JOINING, POOLS_ONLY] {
        let policy: Value = serde_json::from_str(text).unwrap();
        for action in actions(&policy) {
            assert!(!action.contains('*') || action.ends_with(":Describe*"), "{action}");
            assert!(known.iter().any(|known| covers(action, known)), "{action} is in no row of calls.json");
            assert!(!calls(false).iter().any(|withheld| covers(action, withheld)), "{action} is withheld");
        }
    }
}

#[test]
fn the_operator_may_make_every_call_of_the_table_and_a_pools_run_no_more_than_the_operator() {
    let operator: Value = serde_json::from_str(OPERATOR).unwrap();
    let pools: Value = serde_json::from_str(POOLS_ONLY).unwrap();
    let roles: Value = serde_json::from_str(JOINING).unwrap();
    let all: BTreeSet<&str> = actions(&operator).union(&actions(&roles)).copied().collect();
    let may = |action: &str| all.iter().any(|pattern| covers(pattern, action));
    assert!(calls(true).iter().all(|action| may(action)));
    assert!(actions(&pools).iter().all(|action| may(action)));
    for needed in ["ec2:DescribeInstances", "ec2:DescribeImages", "ec2:DescribeInstanceTypes", "ec2:TerminateInstances"]
    {
        assert!(actions(&pools).contains(needed), "{needed}");
    }
}

#[test]
fn what_changes_or_ends_something_is_bounded_by_tags() {
    for text in [OPERATOR, POOLS_ONLY] {
        let policy: Value = serde_json::from_str(text).unwrap();
        for statement in statements(&policy) {
            let dangerous = |action: &&str| {
                let verbs =
                    ["Terminate", "Delete", "Modify", "Revoke", "Release", "Deregister", "Detach", "Disassociate"];
                let (service, call) = action.split_once(':').unwrap();
                service != "s3" && verbs.iter().any(|verb| call.starts_with(verb))
            };
            if strings(&statement["Action"]).iter().any(dangerous) {
                let conditions = statement["Condition"]["StringEquals"].as_object().unwrap();
                assert!(conditions.keys().any(|key| key.starts_with("aws:ResourceTag/scaler:cluster")), "{statement}");
            }
        }
    }
}

/// A pools' run may give machines the roles of its own cluster, to EC2 alone, and makes none; who makes them makes none of
/// another name. Of former versions only those of join files are removed.
#[test]
fn what_joining_at_boot_takes_is_bounded_by_paths() {
    for (text, path) in [(JOINING, "/scaler/CLUSTER_NAME/*"), (POOLS_ONLY, "role/scaler/*/CLUSTER_ID/*")] {
        let policy: Value = serde_json::from_str(text).unwrap();
        let of = |action: &'static str| {
            let does = move |one: &&Value| strings(&one["Action"]).iter().any(|it| it.starts_with(action));
            statements(&policy).iter().filter(does)
        };
        for statement in of("iam:").filter(|one| one["Action"] != "iam:CreateServiceLinkedRole") {
            let own = |resource: &&str| resource.starts_with("arn:aws:iam::*:") && resource.ends_with(path);
            assert!(strings(&statement["Resource"]).iter().all(own), "{statement}");
        }
        for statement in of("s3:DeleteObjectVersion") {
            assert_eq!(strings(&statement["Resource"]), ["arn:aws:s3:::BUCKET/PREFIX/join/*"], "{statement}");
        }
    }
    let pools: Value = serde_json::from_str(POOLS_ONLY).unwrap();
    let roles: Vec<&str> = actions(&pools).into_iter().filter(|action| action.starts_with("iam:")).collect();
    assert_eq!(roles, ["iam:CreateServiceLinkedRole", "iam:PassRole"]);
    let mut gives = statements(&pools).iter().filter(|one| one["Action"] == "iam:PassRole");
    let condition = &gives.next().unwrap()["Condition"]["StringEquals"];
    assert_eq!(condition["iam:PassedToService"], "ec2.amazonaws.com");
}

/// What Packer 1.6.6 asked EC2 for when it built an image, and what `image` asks.
const CALLS_FOR_IMAGES: [&str; 19] = [
    "AuthorizeSecurityGroupIngress",
    "CreateImage",
    "CreateKeyPair",
    "CreateSecurityGroup",
    "CreateTags",
    "DeleteKeyPair",
    "DeleteSecurityGroup",
    "DeleteSnapshot",
    "DeregisterImage",
    "DescribeImages",
    "DescribeInstanceTypes",
    "DescribeInstances",
    "DescribeSecurityGroups",
    "DescribeSnapshots",
    "DescribeSubnets",
    "DescribeVolumes",
    "RunInstances",
    "StopInstances",
    "TerminateInstances",
];

#[test]
fn who_builds_images_may_do_that_and_end_no_machine_of_a_cluster() {
    let images: Value = serde_json::from_str(IMAGES).unwrap();
    for call in CALLS_FOR_IMAGES {
        assert!(actions(&images).contains(format!("ec2:{call}").as_str()), "{call}");
    }
    for statement in statements(&images) {
        let ends = |action: &&str| {
            ["Terminate", "Stop", "Deregister", "DeleteSnapshot"]
                .iter()
                .any(|verb| action.starts_with(&format!("ec2:{verb}")))
        };
        if strings(&statement["Action"]).iter().any(ends) {
            let tag = format!("aws:ResourceTag/{}", crate::model::provider::tags::IMAGES_OF);
            assert!(statement["Condition"]["StringEquals"][&tag].is_string(), "{statement}");
        }
    }
}

#[test]
fn every_row_of_the_table_has_a_source() {
    let table: Value = serde_json::from_str(CALLS).unwrap();
    for row in table["calls"].as_array().unwrap() {
        assert!(row["source"].as_str().is_some_and(|url| url.starts_with("https://docs.aws.amazon.com/")), "{row}");
        assert!(row["service"].is_string() && (row["call"].is_string() || row["why"].is_string()), "{row}");
    }
}
