//! kubectl through a proxy with faults, and who may do what.

use scaler_lab::{Fault, Kubernetes, Matcher};
use serde_json::json;

#[test]
fn kubectl_works_through_the_proxy_and_meets_its_faults() {
    let k = Kubernetes::shared();
    let proxy = k.proxy();
    let config = k.kubeconfig_through(&proxy);
    let config = config.to_str().unwrap();
    let get = ["--kubeconfig", config, "get", "--raw", "/api/v1/namespaces/default"];
    let done = k.kubectl(get);
    assert!(done.success && done.stdout.contains("\"name\":\"default\""), "{}", done.stderr);
    assert_eq!(proxy.requests().last().map(|it| (it.method.as_str(), it.status)), Some(("GET", 200)));

    proxy.order(Fault::status(500, "InternalError", "as ordered").when(Matcher::any().path("/default")));
    let done = k.kubectl(get);
    assert!(!done.success && done.stderr.contains("as ordered"), "{}", done.stderr);
    proxy.down();
    assert!(k.kubectl(get).stderr.contains("refused"));
    proxy.up();
    assert!(k.kubectl(get).success);
}

#[test]
fn a_watch_flows_through_the_proxy() {
    let k = Kubernetes::shared();
    let namespace = k.namespace("proxied");
    let proxy = k.proxy();
    let config = k.kubeconfig_through(&proxy);
    let maps = format!("/api/v1/namespaces/{namespace}/configmaps");
    k.create(&maps, &json!({"metadata": {"name": "a"}}));
    let wait = format!("wait --for=delete --timeout=60s -n {namespace} configmap/a");
    let config = format!("--kubeconfig={}", config.display());
    let args: Vec<&str> = wait.split(' ').chain([config.as_str()]).collect();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| k.kubectl(args));
        k.wait("kubectl's watch", |_| proxy.requests().iter().any(|it| it.path.contains("watch=true")).then_some(()));
        k.delete(&format!("{maps}/a"));
        let done = waiting.join().unwrap();
        assert!(done.success, "{}", done.stderr);
    });
}

#[test]
fn a_restricted_user_may_do_what_was_said_and_no_more() {
    let k = Kubernetes::shared();
    let rules = json!([{"apiGroups": [""], "resources": ["nodes"], "verbs": ["get", "list"]}]);
    let config = k.restricted_kubeconfig("reader", &rules);
    let config = format!("--kubeconfig={}", config.display());
    assert!(k.kubectl([config.as_str(), "get", "nodes"]).success);
    let done = k.kubectl([config.as_str(), "get", "pods"]);
    assert!(!done.success && done.stderr.contains("Forbidden"), "{}", done.stderr);
    let seen = k.audit().into_iter().filter(|it| it.user == "system:serviceaccount:default:reader");
    let codes: Vec<_> = seen.map(|it| (it.resource, it.code)).collect();
    assert_eq!(codes, [("nodes".to_owned(), 200), ("pods".to_owned(), 403)]);
}

#[test]
fn the_audit_log_tells_who_did_what_in_order() {
    let k = Kubernetes::shared();
    let namespace = k.namespace("audit");
    k.apply(&format!("{{apiVersion: v1, kind: ConfigMap, metadata: {{name: a, namespace: {namespace}}}}}"));
    assert!(k.kubectl(["delete", "configmap", "a", "-n", &namespace]).success);
    let ours = || k.audit().into_iter().filter(|it| it.namespace == namespace && it.name == "a" && it.verb != "get");
    let seen: Vec<_> = ours().map(|it| (it.user, it.verb, it.resource, it.code)).collect();
    let told = |user: &str, verb: &str, code| (user.to_owned(), verb.to_owned(), "configmaps".to_owned(), code);
    assert_eq!(seen.first(), Some(&told("lab", "patch", 201)));
    assert!(seen.contains(&told("operator", "delete", 200)), "{seen:?}");
    let times: Vec<_> = ours().map(|it| (it.received, it.answered)).collect();
    assert!(times.iter().all(|(received, answered)| 0 < *received && received <= answered));
    assert_eq!(ours().next().unwrap().request["kind"], "ConfigMap");
}
