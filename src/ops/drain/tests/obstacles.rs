use super::stage::{Stage, foreign_mark, seconds, victims};
use crate::model::drain::Why;
use crate::model::drain::samples::{node, on, owned, pod};
use crate::model::failure::Kind;
use crate::model::kubernetes::{Change, OPERATION_ANNOTATION, Pod};
use crate::ops::drain::refusal;
use crate::ops::lease::Standing;
use crate::ops::testing::kubernetes::Living;

#[tokio::test]
async fn a_budget_that_stays_exhausted_blocks_at_the_deadline_and_is_named() {
    let stage = Stage::new();
    stage.deploy("web", &["a", "b"], Some("1"));
    stage.sicken(1, seconds(10_000));
    let reasons = stage.obstacle(&["a"]).await;
    assert_eq!(
        reasons,
        ["drain.timeout (1m) is over", "shop/web-0 waits for budget shop/web, which needs 1 healthy pods and has 1"]
    );
    assert_eq!(stage.evicted(), [""; 0]);
    assert!(stage.clock_now() <= seconds(63), "{:?}", stage.clock_now());
    assert_eq!(stage.diary.lines().last().unwrap(), &format!("blocked a: {}", reasons.join("; ")));
}

#[tokio::test]
async fn an_obstacle_reads_as_an_error_with_the_smallest_change() {
    let mut stage = Stage::new();
    stage.rules.timeout = seconds(5);
    stage.place("a", Pod { owner: None, ..pod("bare") });
    stage.cordon(&["a"]).await.unwrap();
    let ended = stage.drain(&["a"]).await.unwrap();
    let obstacles: Vec<_> = ended.into_iter().filter_map(Result::err).collect();
    let failure = refusal(&obstacles);
    assert_eq!(failure.kind, Kind::Refused);
    assert_eq!(failure.what, "a could not be emptied");
    assert_eq!(
        failure.causes,
        ["a: drain.timeout (5s) is over; shop/bare has no controller that would make it again elsewhere"]
    );
    assert_eq!(failure.hints, ["`kubectl -n shop delete pod bare` if it may go, or set `drain.evictUnmanaged: true`"]);
}

#[tokio::test]
async fn a_pod_that_does_not_end_is_named_when_its_time_is_over() {
    let stage = Stage::new();
    stage.world().pods.push(Living { takes: None, ..Living::new(on("a", pod("hung"))) });
    let reasons = stage.obstacle(&["a"]).await;
    assert_eq!(reasons, ["drain.timeout (1m) is over", "shop/hung is being deleted"]);
    let second = stage.drain(&["a"]).await.unwrap();
    let reasons = second[0].as_ref().unwrap_err().reasons();
    assert_eq!(reasons[1], "shop/hung is being deleted, for longer than its grace period");
    assert_eq!(stage.evicted().len(), 1, "it is asked once");
}

#[tokio::test]
async fn who_uncordons_a_victim_blocks_it_and_is_named() {
    let stage = Stage::new();
    stage.place("a", owned("backup", "Job"));
    stage.world().at(seconds(5), |world| {
        let at = Some("2026-01-02T03:05:00Z".parse().unwrap());
        world.touch("a", |node| {
            node.unschedulable = false;
            node.changes.insert(0, Change { manager: "k9s".to_owned(), at });
        });
    });
    let reasons = stage.obstacle(&["a"]).await;
    assert_eq!(
        reasons,
        ["somebody uncordoned the node; the last to change it was `k9s` at 2026-01-02T03:05:00Z, as far as the API \
          server tells"]
    );
    assert!(stage.clock_now() < seconds(8));
    stage.run(stage.drainer().uncordon(&victims(&["a"]))).await;
    assert_eq!(stage.cordons_left(), [""; 0]);
}

#[tokio::test]
async fn a_machine_that_vanishes_is_an_obstacle_and_a_newcomer_of_its_name_too() {
    for (replaced, expected) in [(false, "the Node object is gone"), (true, "another Node has this name now (UID new)")]
    {
        let stage = Stage::new();
        stage.deploy("web", &["a"], None);
        stage.world().at(seconds(1), move |world| {
            world.remove_node("a");
            if replaced {
                let newcomer = crate::model::kubernetes::Node { uid: "new".to_owned(), ..node("a") };
                world.nodes.insert("a".to_owned(), newcomer);
            }
        });
        assert_eq!(stage.obstacle(&["a"]).await, [expected]);
    }
    let stage = Stage::new();
    stage.world().remove_node("a");
    let obstacles = stage.cordon(&["a"]).await.unwrap();
    assert_eq!(obstacles[0].holds[0].why, Why::NodeGone);
}

#[tokio::test]
async fn another_operations_cordon_is_not_taken_over() {
    let mut stage = Stage::new();
    let mark = |stage: &Stage| {
        let mark = foreign_mark();
        stage.world().touch("a", |node| {
            node.unschedulable = true;
            node.annotations.insert(OPERATION_ANNOTATION.to_owned(), mark);
        });
    };
    mark(&stage);
    let obstacles = stage.cordon(&["a", "b"]).await.unwrap();
    assert_eq!(obstacles[0].reasons(), ["operation op-0 has cordoned the node"]);
    assert!(!stage.node("b").unschedulable, "it ends at the first");
    stage.keep_going = true;
    assert_eq!(stage.cordon(&["a", "b"]).await.unwrap().len(), 1);
    assert!(stage.node("b").unschedulable);
    stage.run(stage.drainer().uncordon(&victims(&["a", "b"]))).await;
    assert!(stage.node("a").unschedulable && !stage.node("b").unschedulable);
}

#[tokio::test]
async fn who_keeps_going_drains_the_others() {
    let mut stage = Stage::new();
    stage.keep_going = true;
    stage.rules.timeout = seconds(5);
    stage.place("a", Pod { owner: None, ..pod("bare") });
    stage.deploy("web", &["b"], None);
    stage.cordon(&["a", "b"]).await.unwrap();
    let ended = stage.drain(&["a", "b"]).await.unwrap();
    let ends: Vec<String> = ended
        .iter()
        .map(|end| match end {
            Ok(drained) => format!("drained {}", drained.0.node),
            Err(obstacle) => format!("blocked {}", obstacle.victim.node),
        })
        .collect();
    assert_eq!(ends, ["drained b", "blocked a"]);
}

#[tokio::test]
async fn the_last_look_finds_what_came_after_the_drain() {
    let stage = Stage::new();
    stage.empty(&["a", "b"]).await;
    stage.place("a", pod("late"));
    stage.world().touch("b", |node| node.unschedulable = false);
    let obstacles = stage.run(stage.drainer().verify_empty(&victims(&["a", "b"]))).await.unwrap();
    let texts: Vec<String> = obstacles.iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["a: shop/late is still on the node", "b: somebody uncordoned the node"]);
    assert_eq!(stage.evicted(), [""; 0], "it changes nothing");
}

#[tokio::test]
async fn the_last_look_sees_what_comes_and_goes_between_its_two_lists() {
    let stage = Stage::new();
    stage.empty(&["a"]).await;
    let now = stage.clock_now();
    stage.place("a", pod("passing"));
    stage.world().at(now + seconds(1), |world| world.pods.clear());
    let obstacles = stage.run(stage.drainer().verify_empty(&victims(&["a"]))).await.unwrap();
    assert_eq!(obstacles.len(), 1);
}

#[tokio::test]
async fn without_the_lease_nothing_is_changed_any_more() {
    let stage = Stage::new();
    stage.deploy("web", &["a", "a", "a"], Some("1"));
    stage.cordon(&["a"]).await.unwrap();
    let drained = async {
        let work = stage.drain(&["a"]);
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = tokio::task::yield_now() => {
                    if !stage.evicted().is_empty() {
                        stage.standing.send_replace(Standing::Lost { why: "it is somebody else's".to_owned() });
                    }
                }
            }
        }
    };
    let failure = drained.await.unwrap_err();
    assert_eq!(failure.kind, Kind::Partial);
    assert_eq!(stage.evicted().len(), 1);
    let undone = stage.run(stage.drainer().uncordon(&victims(&["a"]))).await;
    assert_eq!(undone[0].1.as_ref().unwrap_err().kind, Kind::Partial);
    assert!(stage.node("a").unschedulable, "who took over decides");
}

#[tokio::test]
async fn what_the_journal_does_not_take_is_not_done() {
    for (line, cordons, evictions) in
        [("cordoning a", 0, 0), ("cordoned a", 1, 0), ("draining a", 2, 0), ("drained a uid-a", 2, 1)]
    {
        let stage = Stage::new();
        stage.deploy("web", &["a"], None);
        *stage.diary.refuses.lock().unwrap() = Some(line.to_owned());
        let nodes = ["a", "b"];
        let failed = match stage.cordon(&nodes).await {
            Ok(_) => stage.drain(&["a"]).await.map(|_| ()),
            Err(failure) => Err(failure),
        };
        assert_eq!(failed.unwrap_err().what, "the journal could not be written", "{line}");
        let cordoned = ["a", "b"].iter().filter(|name| stage.node(name).unschedulable).count();
        assert_eq!((cordoned, stage.evicted().len()), (cordons, evictions), "{line}");
    }
}
