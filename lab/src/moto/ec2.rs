//! EC2's and STS's query protocol, as much of it as the lab needs.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use roxmltree::{Document, Node};

use super::Credentials;
use crate::error::{Doing, LabError, Result};
use crate::http::{Endpoint, exchange};

/// An instance's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstanceState {
    Pending,
    Running,
    Stopping,
    Stopped,
    ShuttingDown,
    Terminated,
}

/// A virtual machine of EC2's.
#[derive(Clone, Debug)]
pub struct Instance {
    pub id: String,
    pub state: InstanceState,
    pub kind: String,
    pub zone: String,
    pub image: String,
    pub subnet: String,
    pub private_ip: String,
    /// RFC 3339
    pub launched: String,
    pub tags: BTreeMap<String, String>,
}

impl Instance {
    /// The tag `Name`; empty where there is none.
    pub fn name(&self) -> &str {
        self.tags.get("Name").map_or("", String::as_str)
    }
}

/// Sends a query as the lab's own account; moto reads region and service from the signature's scope.
pub(super) fn query(to: &Endpoint, region: &str, service: &str, params: &[(&str, &str)]) -> Result<String> {
    let version = match service {
        "sts" => "2011-06-15",
        "iam" => "2010-05-08",
        "elasticloadbalancing" => "2015-12-01",
        _ => "2016-11-15",
    };
    let mut body = format!("Version={version}");
    for (name, value) in params {
        body.push_str(&format!("&{name}={}", value.replace(':', "%3A").replace('/', "%2F")));
    }
    let mut to = to.clone();
    let scope = format!("test/20260101/{region}/{service}/aws4_request");
    let signed = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none");
    to.headers.set("Authorization", signed);
    let answer = exchange(&to, "POST", "/", "application/x-www-form-urlencoded", body.as_bytes())?;
    if answer.is_success() {
        return Ok(answer.text);
    }
    Err(LabError::new(format!("moto answered {} to {body}: {}", answer.status, answer.text)))
}

pub(super) fn instances(to: &Endpoint, region: &str) -> Result<Vec<Instance>> {
    let text = query(to, region, "ec2", &[("Action", "DescribeInstances")])?;
    let document = Document::parse(&text).doing("reading moto's list of instances")?;
    let mut found = Vec::new();
    for set in document.descendants().filter(|node| node.has_tag_name_any("instancesSet")) {
        for item in set.children().filter(Node::is_element) {
            found.push(instance(item)?);
        }
    }
    found.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(found)
}

/// What an instance was given for its first boot.
pub(super) fn user_data(to: &Endpoint, region: &str, id: &str) -> Result<String> {
    let asked = [("Action", "DescribeInstanceAttribute"), ("Attribute", "userData"), ("InstanceId", id)];
    let text = query(to, region, "ec2", &asked)?;
    let document = Document::parse(&text).doing("reading moto's answer about an instance's user-data")?;
    let encoded = child(document.root_element(), &["userData", "value"]);
    let decoded = STANDARD.decode(&encoded).doing(format_args!("the user-data of {id}"))?;
    String::from_utf8(decoded).doing(format_args!("the user-data of {id}"))
}

fn instance(item: Node<'_, '_>) -> Result<Instance> {
    let state = child(item, &["instanceState", "name"]);
    let tags = item.children().filter(|node| node.has_tag_name_any("tagSet")).flat_map(|set| set.children());
    Ok(Instance {
        id: child(item, &["instanceId"]),
        state: match state.as_str() {
            "pending" => InstanceState::Pending,
            "running" => InstanceState::Running,
            "stopping" => InstanceState::Stopping,
            "stopped" => InstanceState::Stopped,
            "shutting-down" => InstanceState::ShuttingDown,
            "terminated" => InstanceState::Terminated,
            other => return Err(LabError::new(format!("moto told of an instance in the state {other:?}"))),
        },
        kind: child(item, &["instanceType"]),
        zone: child(item, &["placement", "availabilityZone"]),
        image: child(item, &["imageId"]),
        subnet: child(item, &["subnetId"]),
        private_ip: child(item, &["privateIpAddress"]),
        launched: child(item, &["launchTime"]),
        tags: tags.filter(Node::is_element).map(|tag| (child(tag, &["key"]), child(tag, &["value"]))).collect(),
    })
}

pub(super) fn run_instance(to: &Endpoint, region: &str, tags: &[(&str, &str)]) -> Result<String> {
    let numbered = |part: &str, n: usize| format!("TagSpecification.1.Tag.{}.{part}", n + 1);
    let tags: Vec<_> = tags.iter().enumerate().collect();
    let tags: Vec<_> = tags
        .iter()
        .flat_map(|(n, (key, value))| [(numbered("Key", *n), *key), (numbered("Value", *n), *value)])
        .collect();
    let mut params = vec![
        ("Action", "RunInstances"),
        ("ImageId", "ami-12c6146b"),
        ("InstanceType", "t3.large"),
        ("MinCount", "1"),
        ("MaxCount", "1"),
        ("TagSpecification.1.ResourceType", "instance"),
    ];
    params.extend(tags.iter().map(|(name, value)| (name.as_str(), *value)));
    let text = query(to, region, "ec2", &params)?;
    let document = Document::parse(&text).doing("reading moto's new instance")?;
    let id = document.descendants().find(|node| node.has_tag_name_any("instanceId")).and_then(|node| node.text());
    id.map(str::to_owned).ok_or_else(|| LabError::new(format!("moto made no instance: {text}")))
}

pub(super) fn assume(to: &Endpoint, account: &str) -> Result<Credentials> {
    let role = format!("arn:aws:iam::{account}:role/lab");
    let params = [("Action", "AssumeRole"), ("RoleArn", role.as_str()), ("RoleSessionName", "lab")];
    let text = query(to, "us-east-1", "sts", &params)?;
    let document = Document::parse(&text).doing("reading moto's credentials")?;
    let found = document.descendants().find(|node| node.has_tag_name_any("Credentials"));
    let found = found.ok_or_else(|| LabError::new(format!("moto gave no credentials for {role}: {text}")))?;
    Ok(Credentials {
        access_key: child(found, &["AccessKeyId"]),
        secret_key: child(found, &["SecretAccessKey"]),
        session_token: child(found, &["SessionToken"]),
    })
}

/// The text at a path of element names; empty where there is none.
fn child(node: Node<'_, '_>, path: &[&str]) -> String {
    let found = path.iter().try_fold(node, |node, name| node.children().find(|it| it.has_tag_name_any(name)));
    found.and_then(|node| node.text()).unwrap_or_default().to_owned()
}

/// Names without their namespace: it differs by service, and says nothing here.
trait AnyNamespace {
    fn has_tag_name_any(&self, name: &str) -> bool;
}

impl AnyNamespace for Node<'_, '_> {
    fn has_tag_name_any(&self, name: &str) -> bool {
        self.tag_name().name() == name
    }
}
