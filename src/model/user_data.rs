//! What a machine is told at its first boot, as cloud-init's cloud-config. It holds no secret: anyone on the machine
//! can read it.

use serde_json::{Value, json};

use crate::model::file::{ClusterFile, Pool, Provisioning, StoreSpec};
use crate::model::names::NodeName;
use crate::model::{join_file, registration};

/// The name that stands for the API's endpoint until Terraform knows the load balancer's: the foundation module puts
/// that in its place. `.invalid` never resolves (RFC 2606).
pub const ENDPOINT_PLACEHOLDER: &str = "endpoint.scaler.invalid";

/// A worker learns its name, and what kubelet must be started with.
pub fn worker_user_data(file: &ClusterFile, cluster_id: &str, pool: &Pool, node: &NodeName, zone: &str) -> String {
    let facts = json!({
        "cluster": file.name,
        "clusterId": cluster_id,
        "node": node,
        "pool": pool.name,
        "zone": zone,
        "region": file.region,
        "machine": pool.machine,
        "labels": pool.labels,
        "taints": pool.taints,
        "kubelet": pool.kubelet,
    });
    let mut config = cloud_config(node, &facts);
    if pool.provisioning == Provisioning::Boot {
        join_at_boot(&mut config, file, pool, node, zone);
    }
    text(&config)
}

/// How long a machine looks for its join file, in seconds, from its first boot: another run may come to offer it one.
const PATIENCE: u32 = 3600;

/// What waits for the join file and joins. `boot/README.md` is the contract.
static JOIN: &str = include_str!("../../boot/join.py");

fn join_at_boot(config: &mut Value, file: &ClusterFile, pool: &Pool, node: &NodeName, zone: &str) {
    let (endpoint, region, bucket, folder) = join_place(file);
    let settings = json!({
        "node": node,
        "endpoint": endpoint,
        "region": region,
        "bucket": bucket,
        // The machine's own id comes behind it.
        "key": format!("{folder}/{}:", join_file::ROLE_PLACEHOLDER),
        "providerId": file.provider.provider_id(zone, ""),
        "labels": registration::labels(file, Some(pool), zone, &pool.machine),
        "taints": registration::taints(pool),
        "kubelet": pool.kubelet,
        "patienceSeconds": PATIENCE,
    });
    let files =
        [("/etc/scaler/join.json", "0644", format!("{settings:#}\n")), ("/etc/scaler/join.py", "0755", JOIN.into())];
    if let Some(written) = config["write_files"].as_array_mut() {
        written.extend(files.map(
            |(path, permissions, content)| json!({ "path": path, "permissions": permissions, "content": content }),
        ));
    }
    // RHEL's relatives have a Python of the system's own.
    let python = "exec \"$(command -v python3 || echo /usr/libexec/platform-python)\" /etc/scaler/join.py";
    config["runcmd"] = json!([["sh", "-c", python]]);
}

/// The store as machines reach it: endpoint, region, bucket, and the folder of the join files.
fn join_place(file: &ClusterFile) -> (String, &str, &str, String) {
    let StoreSpec::S3 { bucket, prefix, region, endpoint, .. } = &file.store else {
        // The rules of the cluster file let no such pool through.
        return (String::new(), &file.region, "", join_file::folder(""));
    };
    let region = region.as_deref().unwrap_or(&file.region);
    let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
    let endpoint = endpoint.clone().unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com{suffix}"));
    (endpoint, region, bucket, join_file::folder(prefix))
}

/// A control plane also resolves the API's endpoint to itself: behind a network load balancer a target cannot rely on
/// reaching itself (kubernetes/kubeadm #1685), and during `kubeadm init` no target is healthy yet.
pub fn control_plane_user_data(file: &ClusterFile, cluster_id: &str, node: &NodeName, zone: &str) -> String {
    let endpoint = file.control_plane.endpoint.dns.as_deref().unwrap_or(ENDPOINT_PLACEHOLDER);
    let facts = json!({
        "cluster": file.name,
        "clusterId": cluster_id,
        "node": node,
        "zone": zone,
        "region": file.region,
        "machine": file.control_plane.machine,
        "endpoint": endpoint,
    });
    // At every boot, before the network's own name services: cloud-init may write the file anew.
    let resolve = json!([
        "sh",
        "-c",
        "grep -qF \" $1 \" /etc/hosts || printf '127.0.0.1 %s # scaler: a control plane is its own endpoint\\n' \"$1\" >>/etc/hosts",
        "sh",
        endpoint,
    ]);
    let mut config = cloud_config(node, &facts);
    config["bootcmd"] = json!([resolve]);
    text(&config)
}

fn cloud_config(node: &NodeName, facts: &Value) -> Value {
    json!({
        "preserve_hostname": false,
        "hostname": node,
        "write_files": [{
            "path": "/etc/scaler/node.json",
            "permissions": "0644",
            "content": format!("{facts:#}\n"),
        }],
    })
}

/// JSON is YAML, so a serializer writes it and no text of the cluster file can become syntax.
fn text(config: &Value) -> String {
    format!("#cloud-config\n{config:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::file;

    const FILE: &str = "apiVersion: scaler/v1\nkind: Cluster\nname: demo\nprovider: aws\nregion: eu-west-1\n\
        kubernetes: {version: 1.36.3}\nstore: {backend: s3, bucket: acme, prefix: a/demo}\nssh: {publicKeyFile: k.pub}\n\
        network: {zones: [eu-west-1a]}\npools:\n- name: web\n  count: 1\n  provisioning: boot\n  machine: t3.large\n  \
        image: {id: ami-0123456789abcdef0}\n  labels: {tier: web}\n  taints: [{key: a, effect: NoSchedule}]\n  \
        kubelet: {maxPods: 60}\n";

    fn config(text: &str) -> Value {
        let file = file::parse("f", text, &[]).unwrap_or_else(|problems| panic!("{}", problems.report(false)));
        let node = NodeName::new("demo", "web", 7);
        let text = worker_user_data(&file, "0123456789abcdef", &file.pools[0], &node, "eu-west-1a");
        // EC2 takes no more; the provider encodes it afterwards.
        assert!(text.len() < 16 * 1024, "{} bytes", text.len());
        serde_json::from_str(text.strip_prefix("#cloud-config\n").unwrap()).unwrap()
    }

    #[test]
    fn a_machine_that_joins_at_boot_is_told_where_to_look_and_nothing_secret() {
        let config = config(FILE);
        let file = |path: &str| {
            let mut files = config["write_files"].as_array().unwrap().iter();
            files.find(|file| file["path"] == path).and_then(|file| file["content"].as_str()).unwrap()
        };
        assert_eq!(file("/etc/scaler/join.py"), JOIN);
        assert_eq!(config["runcmd"].as_array().map(Vec::len), Some(1));
        insta::assert_snapshot!(file("/etc/scaler/join.json"));
    }

    #[test]
    fn the_store_is_found_where_it_is() {
        let settings = |store: &str| {
            let config = config(&FILE.replace("bucket: acme, prefix: a/demo", store));
            let text = config["write_files"][1]["content"].as_str().unwrap();
            let settings: Value = serde_json::from_str(text).unwrap();
            ["endpoint", "region", "key"].map(|name| settings[name].as_str().unwrap().to_owned())
        };
        let key = "demo/join/role.scaler.invalid:";
        let own = settings("bucket: acme, region: us-gov-west-1");
        assert_eq!(own, ["https://s3.us-gov-west-1.amazonaws.com", "us-gov-west-1", key]);
        let china = settings("bucket: acme, region: cn-north-1");
        assert_eq!(china[0], "https://s3.cn-north-1.amazonaws.com.cn");
        let other = settings("bucket: acme, endpoint: 'http://198.18.0.1:5000'");
        assert_eq!(other, ["http://198.18.0.1:5000", "eu-west-1", key]);
    }

    #[test]
    fn other_machines_have_none_of_it() {
        let config = config(&FILE.replace("boot", "ssh"));
        assert_eq!((config["write_files"].as_array().map(Vec::len), config.get("runcmd")), (Some(1), None));
    }
}
