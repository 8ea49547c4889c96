//! The policies of `examples/iam` and the table beside them, held against the calls that were really made.

use std::collections::{BTreeMap, BTreeSet};

use scaler_lab::Recorded;
use serde_json::Value;

use super::cluster::BUCKET;

/// Service and API call.
type Call = (String, String);

/// An IAM policy: the actions that it grants.
pub struct Policy {
    name: &'static str,
    actions: BTreeSet<String>,
}

impl Policy {
    /// With what pools that join at boot take.
    pub fn operator() -> Policy {
        let mut policy = Policy::read("operator.json", include_str!("../../../../examples/iam/operator.json"));
        let roles = Policy::read("joining.json", include_str!("../../../../examples/iam/joining.json"));
        policy.actions.extend(roles.actions);
        policy
    }

    pub fn pools_only() -> Policy {
        Policy::read("pools-only.json", include_str!("../../../../examples/iam/pools-only.json"))
    }

    fn read(name: &'static str, text: &str) -> Policy {
        let policy: Value = serde_json::from_str(text).expect("a policy is JSON");
        let statements = policy["Statement"].as_array().expect("statements");
        Policy { name, actions: statements.iter().flat_map(|statement| texts(&statement["Action"])).collect() }
    }

    fn grants(&self, action: &str) -> bool {
        self.actions.iter().any(|granted| covers(granted, action))
    }
}

/// `calls.json`: what each API call needs.
pub struct Table {
    needs: BTreeMap<Call, Vec<String>>,
    /// Actions that no call of a day shows, each with a reason.
    unseen: BTreeSet<String>,
}

impl Table {
    pub fn read() -> Table {
        let table = include_str!("../../../../examples/iam/calls.json");
        let table: Value = serde_json::from_str(table).expect("the table is JSON");
        let (mut needs, mut unseen) = (BTreeMap::new(), BTreeSet::new());
        for row in table["calls"].as_array().expect("rows") {
            let service = row["service"].as_str().expect("a service").to_owned();
            match row["call"].as_str() {
                Some(call) => {
                    let twice = needs.insert((service, call.to_owned()), texts(&row["actions"]));
                    assert!(twice.is_none(), "{row} is there twice");
                }
                None => {
                    assert!(row["why"].as_str().is_some_and(|why| !why.is_empty()), "{row} has no reason");
                    unseen.extend(texts(&row["actions"]));
                }
            }
        }
        Table { needs, unseen }
    }

    /// Each call is in the table, and the policy grants what it needs.
    #[track_caller]
    pub fn assert_covered(&self, requests: &[Recorded], policy: &Policy) {
        let wrong = self.uncovered(&calls(requests), policy);
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    fn uncovered(&self, calls: &BTreeSet<Call>, policy: &Policy) -> Vec<String> {
        let mut wrong = Vec::new();
        for (service, call) in calls {
            let Some(needs) = self.needs.get(&(service.clone(), call.clone())) else {
                wrong.push(format!("{service} {call} is not in calls.json"));
                continue;
            };
            let refused = needs.iter().filter(|action| !policy.grants(action));
            wrong.extend(
                refused.map(|action| format!("{service} {call} needs {action}: {} does not grant it", policy.name)),
            );
        }
        wrong
    }

    /// Each action that the policy grants was needed by one of these calls, or the table says why none shows it.
    #[track_caller]
    pub fn assert_nothing_idle(&self, requests: &[Recorded], policy: &Policy) {
        let made = calls(requests);
        let needed = made.iter().flat_map(|call| self.needs.get(call).into_iter().flatten());
        let accounted: BTreeSet<&String> = needed.chain(&self.unseen).collect();
        let idle = policy.actions.iter().filter(|granted| !accounted.iter().any(|action| covers(granted, action)));
        let idle: Vec<_> = idle.collect();
        assert!(idle.is_empty(), "{} grants what nothing needed: {idle:#?}", policy.name);
    }

    /// The table has no call that is never made.
    #[track_caller]
    pub fn assert_all_made(&self, requests: &[Recorded]) {
        let made = calls(requests);
        let never: Vec<_> = self.needs.keys().filter(|call| !made.contains(*call)).collect();
        assert!(never.is_empty(), "calls.json has calls that were not made: {never:#?}");
    }
}

fn covers(granted: &str, action: &str) -> bool {
    granted.strip_suffix('*').map_or(granted == action, |start| action.starts_with(start))
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        _ => value.as_array().expect("texts").iter().map(|text| text.as_str().expect("a text").to_owned()).collect(),
    }
}

fn calls(requests: &[Recorded]) -> BTreeSet<Call> {
    requests.iter().map(|request| (request.service.clone(), call(request))).collect()
}

/// The name of an API call. S3's are told by method, path and query.
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html>
fn call(request: &Recorded) -> String {
    if request.service != "s3" {
        return request.action.clone();
    }
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let names: BTreeSet<&str> = query.split('&').filter_map(|pair| pair.split('=').next()).collect();
    let of_object = path.trim_matches('/').strip_prefix(BUCKET).is_some_and(|key| !key.is_empty());
    let name = match (request.method.as_str(), of_object) {
        ("GET", true) => "GetObject",
        ("HEAD", true) => "HeadObject",
        ("PUT", true) => "PutObject",
        ("DELETE", true) => "DeleteObject",
        ("HEAD", false) => "HeadBucket",
        ("GET", false) if names.contains("versioning") => "GetBucketVersioning",
        ("GET", false) if names.contains("encryption") => "GetBucketEncryption",
        ("GET", false) if names.contains("publicAccessBlock") => "GetPublicAccessBlock",
        ("GET", false) if names.contains("list-type") => "ListObjectsV2",
        ("GET", false) if names.is_empty() || names.contains("prefix") => "ListObjects",
        _ => return format!("{} {}", request.method, request.path),
    };
    name.to_owned()
}

#[test]
fn a_right_that_is_missing_is_named() {
    let table = Table::read();
    let all: BTreeSet<Call> = table.needs.keys().cloned().collect();
    assert_eq!(table.uncovered(&all, &Policy::operator()), Vec::<String>::new());
    for action in table.needs.values().flatten() {
        let mut policy = Policy::operator();
        policy.actions.retain(|granted| !covers(granted, action));
        let named = table.uncovered(&all, &policy);
        assert!(named.iter().any(|text| text.contains(action)), "{action}: {named:?}");
    }
    let unknown = BTreeSet::from([("ec2".to_owned(), "CreateFleet".to_owned())]);
    assert_eq!(table.uncovered(&unknown, &Policy::operator()), ["ec2 CreateFleet is not in calls.json"]);
}
