//! What machines that join at boot may do: the policy of their role, evaluated as IAM does. moto keeps policies and does not
//! go by them.

use serde_json::{Value, json};

use super::cluster::{Aws, BUCKET};

/// Whether a policy allows an action on a resource to somebody whose `aws:userid` this is. Only statements that allow, by
/// action and resource alone: anything else in a policy is an error here, so that nothing is overlooked.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>
fn allows(policy: &Value, action: &str, resource: &str, userid: &str) -> bool {
    let known = |value: &Value, names: &[&str]| {
        let fields = value.as_object().expect("an object");
        assert!(fields.keys().all(|name| names.contains(&name.as_str())), "{value}");
    };
    known(policy, &["Version", "Statement"]);
    // In an older version variables are not variables.
    assert_eq!(policy["Version"], "2012-10-17");
    policy["Statement"].as_array().expect("statements").iter().any(|statement| {
        known(statement, &["Effect", "Action", "Resource"]);
        assert_eq!(statement["Effect"], "Allow", "{statement}");
        let of = |name: &str| match &statement[name] {
            Value::String(text) => vec![text.clone()],
            Value::Array(texts) => texts.iter().map(|text| text.as_str().expect("a text").to_owned()).collect(),
            other => panic!("{name} is {other}"),
        };
        let mut actions = of("Action").into_iter();
        let mut resources = of("Resource").into_iter().map(|text| text.replace("${aws:userid}", userid));
        let acts = actions.any(|pattern| matches(&pattern.to_lowercase(), &action.to_lowercase()));
        acts && resources.any(|pattern| {
            assert!(!pattern.contains("${"), "a variable that is not known here: {pattern}");
            matches(&pattern, resource)
        })
    })
}

/// `*` is any text, `?` any one character.
fn matches(pattern: &str, text: &str) -> bool {
    match (pattern.chars().next(), text.chars().next()) {
        (None, None) => true,
        (Some('*'), _) => {
            matches(&pattern[1..], text) || text.chars().next().is_some_and(|c| matches(pattern, &text[c.len_utf8()..]))
        }
        (Some('?'), Some(c)) => matches(&pattern[1..], &text[c.len_utf8()..]),
        (Some(p), Some(c)) => p == c && matches(&pattern[p.len_utf8()..], &text[c.len_utf8()..]),
        _ => false,
    }
}

impl Aws {
    /// A machine of this pool may read its own join file, and may do nothing else, as far as its role is concerned.
    #[track_caller]
    pub fn assert_reads_its_own_file_alone(&self, pool: &str) {
        let state: Value =
            serde_json::from_str(&self.object("terraform/foundation.tfstate").expect("a state")).expect("JSON");
        let of = |kind: &str| {
            let resources = state["resources"].as_array().expect("resources");
            let mut found = resources.iter().filter(|one| one["type"] == kind);
            let resource = found.next().unwrap_or_else(|| panic!("no {kind}"));
            let mut instances = resource["instances"].as_array().expect("instances").iter();
            let instance = instances.find(|one| one["index_key"] == pool).expect("one of this pool");
            instance["attributes"].clone()
        };
        let role = of("aws_iam_role");
        assert_eq!(role["managed_policy_arns"], json!([]), "no policy of anybody else's");
        let (id, name) = (role["unique_id"].as_str().expect("an id"), &role["name"]);
        assert_eq!(&of("aws_iam_instance_profile")["role"], name);
        assert_eq!(&of("aws_iam_role_policy")["role"], name);
        let policy: Value =
            serde_json::from_str(of("aws_iam_role_policy")["policy"].as_str().expect("a policy")).expect("JSON");
        let (one, other) = (format!("{id}:i-0aaaaaaaaaaaaaaa1"), format!("{id}:i-0aaaaaaaaaaaaaaa2"));
        let object = |key: &str| format!("arn:aws:s3:::{BUCKET}/{}/{key}", self.cluster);
        let bucket = format!("arn:aws:s3:::{BUCKET}");
        for (own, others) in [(&one, &other), (&other, &one)] {
            let may = |action: &str, resource: &str| allows(&policy, action, resource, own);
            let file = object(&format!("join/{own}"));
            assert!(may("s3:GetObject", &file), "{policy}");
            let longer = format!("join/{own}0");
            let joins = [format!("join/{others}"), longer, "join/".to_owned(), "join/*".to_owned()];
            let rest =
                ["cluster.json", "lock.json", "terraform/foundation.tfstate", "journal/op/000001"].map(str::to_owned);
            for key in joins.iter().chain(&rest) {
                assert!(!may("s3:GetObject", &object(key)), "{key}: {policy}");
            }
            for action in ["s3:PutObject", "s3:DeleteObject", "s3:GetObjectVersion", "s3:GetObjectAcl", "s3:*"] {
                assert!(!may(action, &file), "{action}: {policy}");
            }
            for action in
                ["s3:ListBucket", "s3:ListBucketVersions", "ec2:DescribeInstances", "sts:AssumeRole", "iam:PassRole"]
            {
                assert!(!may(action, &bucket) && !may(action, "*"), "{action}: {policy}");
            }
        }
    }
}

#[test]
fn policies_are_evaluated_as_iam_does() {
    let policy = |resource: &str| {
        json!({ "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Action": ["s3:Get*"], "Resource": resource },
        ] })
    };
    let may = |policy: &Value, action: &str, resource: &str| allows(policy, action, resource, "R:i-1");
    let own = policy("arn:aws:s3:::b/join/${aws:userid}");
    assert!(may(&own, "s3:getobject", "arn:aws:s3:::b/join/R:i-1"));
    assert!(!may(&own, "s3:GetObject", "arn:aws:s3:::b/join/R:i-10"));
    assert!(!may(&own, "s3:PutObject", "arn:aws:s3:::b/join/R:i-1"));
    for wide in ["arn:aws:s3:::b/*", "arn:aws:s3:::b/join/?:i-1", "*"] {
        assert!(may(&policy(wide), "s3:GetObject", "arn:aws:s3:::b/join/R:i-1"), "{wide}");
    }
}
