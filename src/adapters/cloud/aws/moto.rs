//! An AWS for this module's tests: a moto server of the test's own, which ends with the test.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};
use std::time::Duration;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_ec2::config::retry::RetryConfig;
use aws_sdk_ec2::config::{Credentials, SharedCredentialsProvider};
use aws_sdk_ec2::types::{InstanceType, Placement, ResourceType, Tag, TagSpecification};
use serde_json::json;

use super::Aws;
use crate::model::provider::tags;

/// The secret of every login in these tests; no text may hold it.
pub const SECRET: &str = "PLANTEDSECRET";

pub struct Moto {
    server: Child,
    url: String,
    images: Option<tempfile::NamedTempFile>,
}

pub struct Ami {
    pub id: &'static str,
    pub owner: &'static str,
    pub name: &'static str,
    pub architecture: &'static str,
}

impl Moto {
    pub fn start() -> Moto {
        Moto::serve(None)
    }

    /// One that knows these images and no others. Their date is that of its start: it fails over any that is given.
    pub fn with_images(images: &[Ami]) -> Moto {
        let images: Vec<_> = images
            .iter()
            .map(|ami| {
                json!({
                    "ami_id": ami.id, "owner_id": ami.owner, "name": ami.name, "architecture": ami.architecture,
                    "virtualization_type": "hvm", "root_device_type": "ebs", "state": "available", "public": true,
                })
            })
            .collect();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        write!(file, "{}", json!(images)).unwrap();
        Moto::serve(Some(file))
    }

    #[expect(clippy::disallowed_methods, reason = "a test's server, not a tool that scaler runs")]
    fn serve(images: Option<tempfile::NamedTempFile>) -> Moto {
        let (python, server) = scaler_lab::moto_server();
        let mut command = std::process::Command::new(python);
        command.arg(server).args(["-H", "127.0.0.1", "-p", "0"]).env("PYTHONUNBUFFERED", "1");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        if let Some(images) = &images {
            command.env("MOTO_AMIS_PATH", images.path());
        }
        let mut server = command.spawn().expect("lab/setup has installed moto");
        let mut lines = BufReader::new(server.stderr.take().unwrap()).lines();
        let url = loop {
            let line = lines.next().expect("moto_server says where it listens").unwrap();
            if let Some((_, url)) = line.split_once("Running on ") {
                break url.trim().to_owned();
            }
        };
        // It logs every request; a full pipe would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        Moto { server, url, images }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn aws(&self, region: &str) -> Aws {
        let endpoints = ["ec2", "sts"].map(|service| (service.to_owned(), self.url.clone()));
        Aws::new(&login(region), region, &BTreeMap::from(endpoints))
    }

    /// A running machine with the tags that the modules give; its id.
    pub async fn run(&self, aws: &Aws, cluster_id: &str, node: &str) -> String {
        let all = [
            (tags::CLUSTER_ID, cluster_id),
            (tags::CLUSTER, "d"),
            (tags::NODE, node),
            (tags::POOL, "w"),
            (tags::ROLE, "worker"),
            (tags::OPERATION, "op-1"),
        ];
        let all = all.map(|(key, value)| Tag::builder().key(key).value(value).build());
        let tagged = TagSpecification::builder().resource_type(ResourceType::Instance).set_tags(Some(all.into()));
        let zone = Placement::builder().availability_zone(format!("{}a", aws.region)).build();
        let answer = aws
            .ec2
            .run_instances()
            .image_id("ami-785db401")
            .instance_type(InstanceType::T3Medium)
            .placement(zone)
            .tag_specifications(tagged.build())
            .min_count(1)
            .max_count(1)
            .send()
            .await
            .unwrap();
        answer.instances()[0].instance_id().unwrap().to_owned()
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // One that is gone already is what is wanted.
        let _ = self.server.kill();
        let _ = self.server.wait();
        drop(self.images.take());
    }
}

pub fn login(region: &str) -> SdkConfig {
    let credentials = Credentials::new("AKIDTEST", SECRET, None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(region.to_owned()))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        // moto closes connections that the SDK would use again.
        .retry_config(RetryConfig::standard().with_initial_backoff(Duration::from_millis(10)))
        .build()
}
