//! Requests to the API server, built by pure functions.

use http::Request;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::json;

use crate::model::bootstrap::{self, BootstrapToken};
use crate::model::failure::{Failure, Result};
use crate::model::kubernetes::{
    FIELD_MANAGER, LABEL_MANAGER, LabelChange, NodeChange, NodeTaint, OPERATION_ANNOTATION, Pod, Right,
};
use crate::model::names::OperationId;

/// What may stand as it is in a path's segment and in a query's value.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// One segment of a path: a name cannot leave it.
pub fn segment(name: &str) -> String {
    utf8_percent_encode(name, KEPT).to_string()
}

pub fn namespaced(group: &str, namespace: &str, resource: &str, name: &str) -> String {
    format!("{group}/namespaces/{}/{resource}/{}", segment(namespace), segment(name))
}

/// A page of a list. No resourceVersion is asked for, so that the list is the newest there is and not a cache's.
pub fn page(path: &str, field_selector: &str, limit: u32, token: &str) -> String {
    let mut url = format!("{path}?limit={limit}");
    if !field_selector.is_empty() {
        url.push_str(&format!("&fieldSelector={}", segment(field_selector)));
    }
    if !token.is_empty() {
        url.push_str(&format!("&continue={}", segment(token)));
    }
    url
}

pub fn get(path: &str) -> Result<Request<Vec<u8>>> {
    build(Request::get(path), Vec::new())
}

/// A merge patch that the server applies only to what was read: it compares resourceVersion and UID.
pub fn change_node(change: &NodeChange) -> Result<Request<Vec<u8>>> {
    let body = json!({
        "metadata": {
            "resourceVersion": change.resource_version,
            "uid": change.uid,
            // null takes it away.
            "annotations": { OPERATION_ANNOTATION: change.annotation },
        },
        "spec": { "unschedulable": change.unschedulable },
    });
    let path = format!("/api/v1/nodes/{}?fieldManager={FIELD_MANAGER}", segment(&change.name));
    build(Request::patch(path).header("content-type", "application/merge-patch+json"), body.to_string().into_bytes())
}

/// The same of labels and taints. A merge patch takes a list as a whole.
pub fn change_labels(change: &LabelChange) -> Result<Request<Vec<u8>>> {
    let mut body = json!({
        "metadata": { "resourceVersion": change.resource_version, "uid": change.uid, "labels": change.labels },
    });
    if let Some(taints) = &change.taints {
        body["spec"] = json!({ "taints": taints.iter().map(taint).collect::<Vec<_>>() });
    }
    let path = format!("/api/v1/nodes/{}?fieldManager={LABEL_MANAGER}", segment(&change.name));
    build(Request::patch(path).header("content-type", "application/merge-patch+json"), body.to_string().into_bytes())
}

fn taint(taint: &NodeTaint) -> serde_json::Value {
    let mut object = json!({ "key": taint.key, "value": taint.value, "effect": taint.effect });
    if let Some(added) = taint.added {
        object["timeAdded"] = json!(added);
    }
    object
}

/// The subresource itself: kube's own `evict` loses the precondition.
pub fn evict(pod: &Pod) -> Result<Request<Vec<u8>>> {
    let body = json!({
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": { "name": pod.name, "namespace": pod.namespace },
        "deleteOptions": { "preconditions": { "uid": pod.uid } },
    });
    let path = format!("{}/eviction", namespaced("/api/v1", &pod.namespace, "pods", &pod.name));
    json_request(Request::post(path), &body)
}

pub fn delete_node(name: &str, uid: &str) -> Result<Request<Vec<u8>>> {
    let body = json!({ "apiVersion": "v1", "kind": "DeleteOptions", "preconditions": { "uid": uid } });
    json_request(Request::delete(format!("/api/v1/nodes/{}", segment(name))), &body)
}

/// The Secret that makes a bootstrap token valid.
pub fn issue_token(
    token: &BootstrapToken,
    operation: &OperationId,
    expires: jiff::Timestamp,
) -> Result<Request<Vec<u8>>> {
    let path = format!("/api/v1/namespaces/{}/secrets?fieldManager={FIELD_MANAGER}", bootstrap::NAMESPACE);
    json_request(Request::post(path), &token.object(operation, expires))
}

pub fn revoke_token(id: &str) -> Result<Request<Vec<u8>>> {
    let path = namespaced("/api/v1", bootstrap::NAMESPACE, "secrets", &bootstrap::secret_name(id));
    build(Request::delete(path), Vec::new())
}

pub fn review(right: &Right) -> Result<Request<Vec<u8>>> {
    let body = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": { "resourceAttributes": {
            "verb": right.verb,
            "group": right.group,
            "resource": right.resource,
            "subresource": right.subresource,
            "namespace": right.namespace,
        } },
    });
    json_request(Request::post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"), &body)
}

fn json_request(request: http::request::Builder, body: &serde_json::Value) -> Result<Request<Vec<u8>>> {
    build(request.header("content-type", "application/json"), body.to_string().into_bytes())
}

fn build(request: http::request::Builder, body: Vec<u8>) -> Result<Request<Vec<u8>>> {
    request
        .body(body)
        .map_err(|error| Failure::failed("a request to the cluster's API cannot be built").caused_by(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_segment() {
        assert_eq!(namespaced("/api/v1", "a/../b", "pods", "x?y#z"), "/api/v1/namespaces/a%2F..%2Fb/pods/x%3Fy%23z");
    }

    #[test]
    fn a_page_carries_selector_and_token() {
        assert_eq!(
            page("/api/v1/pods", "spec.nodeName=n-1", 500, "a+b="),
            "/api/v1/pods?limit=500&fieldSelector=spec.nodeName%3Dn-1&continue=a%2Bb%3D"
        );
        assert_eq!(page("/api/v1/nodes", "", 500, ""), "/api/v1/nodes?limit=500");
    }

    #[test]
    fn a_cordon_is_bound_to_what_was_read() {
        let change = NodeChange {
            name: "n".into(),
            uid: "u".into(),
            resource_version: "7".into(),
            unschedulable: true,
            annotation: None,
        };
        let request = change_node(&change).unwrap();
        assert_eq!(request.method(), "PATCH");
        let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
        assert_eq!(
            body,
            json!({
                "metadata": { "resourceVersion": "7", "uid": "u", "annotations": { "scaler/operation": null } },
                "spec": { "unschedulable": true },
            })
        );
    }
}
