//! Logins that lead elsewhere, another cluster of the same name, and a cloud that says there is nothing.

use std::collections::BTreeSet;

use scaler_lab::{Fault, Matcher};

use super::cluster::{Aws, BUCKET, REGION};
use crate::world::Program;

/// EC2's answer where nothing fits the question.
const NOTHING: &str = "<DescribeInstancesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
    <requestId>59dbff89-35bd-4eac-99ed-be587EXAMPLE</requestId><reservationSet/></DescribeInstancesResponse>";

impl Aws {
    /// A machine of another cluster with this one's name, and with the name of one of its machines. Gives its id. It
    /// names no node, because it would join this cluster.
    pub fn foreign_machine(&self) -> String {
        let node = self.node(1);
        let tags = [
            ("Name", node.as_str()),
            ("scaler:cluster", &self.cluster),
            ("scaler:cluster-id", "ffffffffffffffffffffffffffffffff"),
            ("scaler:pool", &self.pool),
            ("scaler:role", "worker"),
        ];
        self.moto.run_instance(REGION, &tags)
    }

    #[track_caller]
    pub fn assert_refusals_change_nothing(&self) {
        self.unchanged("another cluster of the same name", || self.refuses_a_namesake());
        self.unchanged("another account", || {
            let there = self.somebody(&self.moto.account("222222222222"), &self.file(1));
            self.refuses_all(&there, "222222222222");
        });
        self.unchanged("another region", || {
            let text = self.file(1).replace(&format!("region: {REGION}\n"), "region: eu-west-2\n");
            let text = text.replace(&format!("zones: [{REGION}a, {REGION}b]"), "zones: [eu-west-2a, eu-west-2b]");
            self.refuses_all(&self.somebody(&self.moto.credentials(), &text), "eu-west-2");
        });
        self.unchanged("an empty inventory", || {
            let listing = Matcher::any().action("DescribeInstances").body("cluster-id");
            self.moto.proxy().order(Fault::answer(200, NOTHING).when(listing).always());
            self.program.run(&["status"]).ends(0).says("nothing is taken for gone");
            self.refuses_all(&self.program, "the cloud lists no machine");
            self.moto.proxy().calm();
        });
    }

    /// The store's prefix is another one, so there is no record of the cluster that stands.
    fn refuses_a_namesake(&self) {
        let text = self.file(1).replace(&format!("prefix: {}", self.cluster), "prefix: beside");
        let beside = self.somebody(&self.moto.credentials(), &text);
        for args in [&["plan"][..], &["apply", "--yes"]] {
            beside
                .run(args)
                .ends(5)
                .says(&format!("another cluster named `{}`", self.cluster))
                .says(&self.cluster_id());
        }
        let scale_up = ["scale-up", "--pool", &self.pool, "--to", "2", "--yes"];
        for args in [&scale_up[..], &["destroy", "--yes", "--name", &self.cluster]] {
            beside.run(args).ends(5).says("holds no record");
        }
        let status = beside.run(&["status", "--output", "json"]).ends(0).json();
        assert_eq!(status["generation"], serde_json::Value::Null, "{status}");
        assert_eq!(self.moto.object(REGION, BUCKET, "beside/cluster.json"), None);
    }

    #[track_caller]
    fn refuses_all(&self, program: &Program, why: &str) {
        let pool = ["--pool", &self.pool, "--yes"];
        for args in [
            &["apply", "--yes"][..],
            &[&["scale-up", "--to", "5"][..], &pool].concat(),
            &[&["scale-down", "--to", "1"][..], &pool].concat(),
            &["destroy", "--yes", "--name", &self.cluster],
        ] {
            program.run(args).ends(5).says(why);
        }
    }

    /// Nothing is written meanwhile, neither in AWS nor in the store.
    #[track_caller]
    pub fn unchanged(&self, why: &str, act: impl Fn()) {
        let (requests, record) = (self.moto.requests().len(), self.object("cluster.json"));
        act();
        let requests = self.moto.requests().split_off(requests);
        let writes: BTreeSet<String> = requests
            .iter()
            .filter(|one| match one.service.as_str() {
                "s3" => !matches!(one.method.as_str(), "GET" | "HEAD"),
                _ => !["Describe", "Get", "List"].iter().any(|verb| one.action.starts_with(verb)),
            })
            .map(|one| format!("{} {} {}", one.service, one.action, one.path))
            .collect();
        assert!(writes.is_empty(), "{why}: {writes:?}");
        assert_eq!(self.object("cluster.json"), record, "{why}");
    }
}
