//! A kubeconfig: kubeadm's own, made fit for people, and put among others (Kubernetes' documentation, "Organizing
//! Cluster Access Using kubeconfig Files"). It is a secret.

use serde_json::{Value, json};

use super::failure::{Failure, Result};

/// One cluster's access.
#[derive(Clone, PartialEq)]
pub struct Kubeconfig(Value);

const LISTS: [&str; 3] = ["clusters", "users", "contexts"];

impl Kubeconfig {
    /// Reads one. Errors quote nothing of it.
    pub fn parse(text: &str, what: &str) -> Result<Kubeconfig> {
        let unreadable = |why: &str| Failure::failed(format!("{what} is no kubeconfig")).because(why);
        let value: Value = match text.trim().is_empty() {
            true => json!({}),
            false => serde_saphyr::from_str(text).map_err(|_| unreadable("it is no YAML"))?,
        };
        if !value.is_object() {
            return Err(unreadable("it is no mapping"));
        }
        for list in LISTS {
            if !matches!(&value[list], Value::Null | Value::Array(_)) {
                return Err(unreadable(&format!("`{list}` is no list")));
            }
        }
        Ok(Kubeconfig(value))
    }

    /// What kubeadm gave out for a cluster: its entries get the cluster's name, and its server the address for people.
    pub fn of_kubeadm(text: &str, cluster: &str, server: &str) -> Result<Kubeconfig> {
        let what = "what the control plane has in /etc/kubernetes/admin.conf";
        let Kubeconfig(own) = Kubeconfig::parse(text, what)?;
        let mut of_cluster = own["clusters"][0]["cluster"].clone();
        let user = own["users"][0]["user"].clone();
        if !of_cluster.is_object() || !user.is_object() {
            return Err(Failure::failed(format!("{what} is no kubeconfig")).because("it has no cluster or no user"));
        }
        of_cluster["server"] = json!(server);
        let admin = format!("{cluster}-admin");
        Ok(Kubeconfig(json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": cluster, "cluster": of_cluster }],
            "users": [{ "name": admin, "user": user }],
            "contexts": [{ "name": cluster, "context": { "cluster": cluster, "user": admin } }],
            "current-context": cluster,
        })))
    }

    /// This one among those of another: entries of the same name are replaced, and the other's current context stays.
    pub fn merged_into(&self, other: &Kubeconfig) -> Kubeconfig {
        let mut merged = other.0.clone();
        for list in LISTS {
            let mine = self.0[list].as_array().cloned().unwrap_or_default();
            let mut all = merged[list].as_array().cloned().unwrap_or_default();
            all.retain(|entry| !mine.iter().any(|own| own["name"] == entry["name"]));
            all.extend(mine);
            merged[list] = Value::Array(all);
        }
        for field in ["apiVersion", "kind", "current-context"] {
            if merged[field].as_str().is_none_or(str::is_empty) {
                merged[field] = self.0[field].clone();
            }
        }
        Kubeconfig(merged)
    }

    /// As YAML.
    pub fn reveal(&self) -> Result<String> {
        serde_saphyr::to_string(&self.0).map_err(|_| Failure::failed("a kubeconfig could not be written as YAML"))
    }
}

impl std::fmt::Debug for Kubeconfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kubeconfig(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADMIN: &str = "apiVersion: v1\nkind: Config\nclusters:\n- name: kubernetes\n  cluster: { server: 'https://10.0.0.1:6443', certificate-authority-data: QQ== }\nusers:\n- name: kubernetes-admin\n  user: { client-key-data: a2V5 }\ncontexts: []\ncurrent-context: x\n";

    fn names(config: &Kubeconfig, list: &str) -> Vec<String> {
        let entries = config.0[list].as_array().unwrap().iter();
        entries.map(|entry| entry["name"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn it_carries_the_clusters_name_and_leads_where_people_go() {
        let config = Kubeconfig::of_kubeadm(ADMIN, "demo", "https://api.demo:6443").unwrap();
        let text = config.reveal().unwrap();
        let read = Kubeconfig::parse(&text, "it").unwrap();
        assert_eq!(read, config);
        assert_eq!(read.0["clusters"][0]["cluster"]["server"], "https://api.demo:6443");
        assert_eq!(read.0["users"][0]["user"]["client-key-data"], "a2V5");
        assert_eq!(names(&read, "contexts"), ["demo"]);
    }

    #[test]
    fn among_others_it_replaces_only_its_own() {
        let mine = Kubeconfig::of_kubeadm(ADMIN, "demo", "https://new:6443").unwrap();
        let old = Kubeconfig::of_kubeadm(ADMIN, "demo", "https://old:6443").unwrap();
        let other = Kubeconfig::of_kubeadm(ADMIN, "prod", "https://prod:6443").unwrap();
        let merged = mine.merged_into(&old.merged_into(&other));
        assert_eq!(names(&merged, "clusters"), ["prod", "demo"]);
        assert_eq!(merged.0["clusters"][1]["cluster"]["server"], "https://new:6443");
        assert_eq!(merged.0["current-context"], "prod");
        assert_eq!(mine.merged_into(&Kubeconfig::parse("", "it").unwrap()), mine);
    }

    #[test]
    fn what_is_none_is_told_without_a_word_of_it() {
        for bad in ["{", "[1]", "clusters: 1"] {
            let failure = Kubeconfig::parse(bad, "the file").unwrap_err();
            assert!(failure.to_string().starts_with("the file is no kubeconfig"), "{failure}");
        }
        assert!(Kubeconfig::of_kubeadm("clusters: []", "d", "s").is_err());
        assert_eq!(format!("{:?}", Kubeconfig::parse(ADMIN, "it").unwrap()), "Kubeconfig(…)");
    }
}
