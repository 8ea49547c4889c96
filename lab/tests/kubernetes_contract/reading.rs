//! Lists and watches.

use serde_json::json;

use crate::scene::Scene;

#[test]
fn a_watch_tells_of_an_eviction_from_the_list_on() {
    let scene = Scene::new("watch");
    let version = scene.k.get(&scene.pods())["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
    scene.ready_pod("a", &json!({}));
    let mut watch = scene.k.watch(&format!("{}?resourceVersion={version}", scene.pods())).unwrap();
    let mut seen = vec![watch.next_event()];
    assert_eq!((seen[0].0.as_str(), seen[0].1["metadata"]["name"].as_str()), ("ADDED", Some("a")));

    assert_eq!(scene.evict("a").status, 201);
    while seen.last().unwrap().0 != "DELETED" {
        seen.push(watch.next_event());
    }
    let terminating =
        seen.iter().position(|(kind, pod)| kind == "MODIFIED" && !pod["metadata"]["deletionTimestamp"].is_null());
    assert!(terminating.is_some(), "{seen:?}");
}

#[test]
fn a_watch_by_field_sees_one_nodes_pods_only() {
    let scene = Scene::new("field");
    let other = Scene::new("other");
    let version = scene.k.get("/api/v1/pods?limit=1")["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
    let selector = format!("/api/v1/pods?fieldSelector=spec.nodeName%3D{}&resourceVersion={version}", scene.node);
    let mut watch = scene.k.watch(&selector).unwrap();
    other.ready_pod("there", &json!({}));
    scene.ready_pod("here", &json!({}));
    assert_eq!(watch.next_event().1["metadata"]["name"], "here");
}

#[test]
fn pages_of_a_list_are_of_one_moment() {
    let scene = Scene::new("pages");
    for number in 0..5 {
        scene.pod(&format!("p{number}"), &json!({}));
    }
    let mut names = vec![];
    let mut next = String::new();
    loop {
        let page = scene.k.get(&format!("{}?limit=2&continue={next}", scene.pods()));
        let items = page["items"].as_array().unwrap().clone();
        names.extend(items.iter().map(|pod| pod["metadata"]["name"].as_str().unwrap().to_owned()));
        if names.len() == 2 {
            assert_eq!(page["metadata"]["remainingItemCount"], 3);
            // Sorts last, and comes too late for this list.
            scene.pod("p9", &json!({}));
        }
        next = page["metadata"]["continue"].as_str().unwrap_or_default().to_owned();
        if next.is_empty() {
            break;
        }
    }
    assert_eq!(names, ["p0", "p1", "p2", "p3", "p4"]);
}

#[test]
fn a_continue_token_that_means_nothing_is_refused() {
    let scene = Scene::new("token");
    let answer = scene.k.request("GET", &format!("{}?limit=2&continue=nonsense", scene.pods()), None).unwrap();
    assert_eq!(answer.status, 400, "{}", answer.text);
}
