use super::stage::{Stage, seconds, spared, victims};
use crate::model::drain::samples::{on, owned, pod};
use crate::model::kubernetes::{Attachment, Pod};
use crate::ops::ports::Event;
use crate::ops::testing::kubernetes::{Controller, Done, Living};

#[tokio::test]
async fn every_victim_is_cordoned_before_the_first_pod_moves_and_every_step_is_told_before() {
    let stage = Stage::new();
    stage.deploy("web", &["a", "b"], None);
    stage.place("a", owned("proxy", "DaemonSet"));
    stage.empty(&["a", "b"]).await;
    assert_eq!(stage.evicted(), ["shop/web-0 a", "shop/web-1 b"]);
    assert_eq!(
        stage.diary.lines(),
        [
            "cordoning a",
            "cordoned a",
            "cordoning b",
            "cordoned b",
            "draining a",
            "draining b",
            "drained a uid-a",
            "drained b uid-b"
        ]
    );
    assert!(stage.world().pods.iter().all(|one| one.pod.node.as_deref() == Some("c") || one.pod.name == "proxy"));
}

#[tokio::test]
async fn two_victims_that_share_a_budget_of_one_both_finish_and_the_budget_is_kept() {
    let stage = Stage::new();
    stage.deploy("web", &["a", "b", "a", "b"], Some("1"));
    stage
        .empty_watching(&["a", "b"], |stage| {
            let healthy = stage.world().healthy("shop/web");
            assert!(healthy >= 3, "{healthy} of 4 pods are healthy");
        })
        .await;
    assert_eq!(stage.evicted(), ["shop/web-0 a", "shop/web-2 a", "shop/web-1 b", "shop/web-3 b"]);
}

#[tokio::test]
async fn a_budget_that_is_exhausted_for_a_while_is_waited_for() {
    let stage = Stage::new();
    stage.deploy("web", &["a", "b"], Some("1"));
    stage.sicken(1, seconds(40));
    stage.empty(&["a"]).await;
    let log = stage.world().log.clone();
    let evicted = log.iter().find(|(_, done)| matches!(done, Done::Evicted { .. })).unwrap();
    assert!(evicted.0 >= seconds(40) && evicted.0 <= seconds(42), "{log:?}");
    let waited = stage.diary.events.lock().unwrap().iter().any(|event| {
        matches!(event, Event::Waiting { pod, on, .. } if pod == "shop/web-0" && on.contains("needs 1 healthy pods and has 1"))
    });
    assert!(waited, "{:#?}", stage.diary.events.lock().unwrap());
}

#[tokio::test]
async fn a_stateful_pod_that_comes_back_elsewhere_is_left_in_peace() {
    let stage = Stage::new();
    let template = owned("db", "StatefulSet");
    let controller = Controller {
        kind: "StatefulSet".to_owned(),
        name: "db".to_owned(),
        replicas: 1,
        template: template.clone(),
        starts: seconds(1),
        made: 0,
    };
    let first = Pod { name: "db-0".to_owned(), owner: Some(controller.owner()), ..on("a", template) };
    stage.world().pods.push(Living::new(first));
    stage.world().controllers.push(controller);
    stage.empty(&["a", "b"]).await;
    assert_eq!(stage.evicted(), ["shop/db-0 a"]);
    assert_eq!(stage.world().pods[0].pod.node.as_deref(), Some("c"));
}

#[tokio::test]
async fn a_pod_that_is_bound_late_is_evicted_and_a_late_daemon_stays() {
    let stage = Stage::new();
    stage.world().at(seconds(2), |world| {
        world.pods.push(Living::new(on("a", pod("late"))));
        world.pods.push(Living::new(on("a", owned("late-daemon", "DaemonSet"))));
        world.pods.push(Living::new(on("a", Pod { mirror: true, owner: None, ..pod("late-mirror") })));
    });
    stage.empty(&["a"]).await;
    assert_eq!(stage.evicted(), ["shop/late a"]);
}

#[tokio::test]
async fn a_running_job_finishes_first() {
    let stage = Stage::new();
    let job = Living { finishes_at: Some(seconds(100)), ..Living::new(on("a", owned("backup", "Job"))) };
    stage.world().pods.push(job);
    stage.empty(&["a"]).await;
    assert_eq!(stage.evicted(), [""; 0]);
    assert!(stage.world().log.len() == 1 && stage.clock_now() >= seconds(100));
}

#[tokio::test]
async fn the_drain_waits_for_volumes_but_not_for_those_of_daemons() {
    let stage = Stage::new();
    let daemon = Pod { claims: vec!["logs".to_owned()], ..owned("logger", "DaemonSet") };
    stage.place("a", daemon);
    {
        let mut world = stage.world();
        world.claims.insert("shop/logs".to_owned(), "pv-logs".to_owned());
        let attached = |volume: &str| Attachment {
            name: format!("csi-{volume}"),
            node: "a".to_owned(),
            volume: Some(volume.to_owned()),
        };
        world.attachments = vec![attached("pv-logs"), attached("pv-web")];
        world.at(seconds(30), |world| world.attachments.retain(|one| one.volume.as_deref() != Some("pv-web")));
    }
    stage.empty(&["a"]).await;
    assert!(stage.clock_now() >= seconds(30) && stage.clock_now() < seconds(40), "{:?}", stage.clock_now());
}

#[tokio::test]
async fn an_api_server_that_is_away_for_half_a_minute_is_ridden_out() {
    let stage = Stage::new();
    stage.deploy("web", &["a", "a"], Some("1"));
    stage.cordon(&["a"]).await.unwrap();
    stage.world().away = Some((seconds(1), seconds(31)));
    let ended = stage.drain(&["a"]).await.unwrap();
    assert!(ended.iter().all(Result::is_ok), "{ended:#?}");
    // The last looks wait for it too, and not for ever.
    for (away, seen) in [(seconds(30), true), (seconds(10_000), false)] {
        let now = stage.clock_now();
        stage.world().away = Some((now, now + away));
        let looked = stage.run(stage.drainer().verify_empty(&victims(&["a"]))).await;
        assert_eq!(looked.is_ok_and(|obstacles| obstacles.is_empty()), seen, "away for {away:?}");
        assert!(stage.clock_now() - now < seconds(120), "{:?}", stage.clock_now() - now);
    }
}

#[tokio::test]
async fn lost_answers_change_nothing_but_the_time_it_takes() {
    let stage = Stage::new();
    stage.deploy("web", &["a", "a"], Some("1"));
    stage.world().lost_answers = 3;
    stage.empty(&["a"]).await;
    assert_eq!(stage.evicted().len(), 2, "{:?}", stage.evicted());
    stage.world().lost_answers = 1;
    for (_, undone) in stage.run(stage.drainer().uncordon(&victims(&["a"]))).await {
        undone.unwrap();
    }
    assert_eq!(stage.cordons_left(), [""; 0]);
}

#[tokio::test]
async fn only_so_many_nodes_drain_at_once() {
    let mut stage = Stage::new();
    stage.rules.parallel = 1;
    stage.deploy("web", &["a"], None);
    stage.deploy("api", &["b"], None);
    stage.world().written_budgets.push(spared("none", "1"));
    stage.empty(&["b", "a"]).await;
    let lines = stage.diary.lines();
    assert_eq!(lines[4..], ["draining b", "drained b uid-b", "draining a", "drained a uid-a"]);
}
