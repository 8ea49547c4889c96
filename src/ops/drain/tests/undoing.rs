use super::stage::{Stage, seconds, victims};
use crate::model::drain::samples::owned;
use crate::model::failure::Kind;
use crate::model::journal::UncordonFound;

#[tokio::test]
async fn every_node_is_given_back_as_it_was_found() {
    let stage = Stage::new();
    stage.world().touch("b", |node| node.unschedulable = true);
    stage.empty(&["a", "b"]).await;
    assert_eq!(stage.diary.lines()[2], "cordoning b again");
    let undone = stage.run(stage.drainer().uncordon(&victims(&["a", "b"]))).await;
    assert!(undone.iter().all(|(_, found)| *found == Ok(UncordonFound::Ours)));
    assert_eq!(stage.cordons_left(), ["b"]);
    let again = stage.run(stage.drainer().uncordon(&victims(&["a", "b"]))).await;
    assert!(again.iter().all(|(_, found)| *found == Ok(UncordonFound::NotOurs)));
    assert_eq!(stage.cordons_left(), ["b"]);
}

#[tokio::test]
async fn a_signal_ends_each_phase_and_everything_can_be_undone() {
    for after in [0, 1, 4, 8] {
        let stage = Stage::new();
        stage.deploy("web", &["a"], None);
        stage.place("a", owned("backup", "Job"));
        let work = async {
            stage.drainer().cordon_all(&victims(&["a", "b"])).await?;
            stage.drainer().drain_all(&victims(&["a", "b"])).await?;
            stage.drainer().verify_empty(&victims(&["a", "b"])).await
        };
        let signal = async {
            crate::ops::ports::Clock::sleep(stage.clock.as_ref(), seconds(after)).await;
            stage.interrupter.interrupt();
        };
        let (ended, ()) = stage.run(async { tokio::join!(work, signal) }).await;
        assert_eq!(ended.unwrap_err().kind, Kind::Interrupted, "after {after} s");
        assert!(stage.clock_now() <= seconds(after + 2));
        for (_, undone) in stage.run(stage.drainer().uncordon(&victims(&["a", "b"]))).await {
            undone.unwrap();
        }
        assert_eq!(stage.cordons_left(), [""; 0]);
    }
}

#[tokio::test]
async fn a_change_that_meets_another_is_read_and_tried_again() {
    let stage = Stage::new();
    stage.world().meddling = 2;
    assert_eq!(stage.cordon(&["a"]).await.unwrap(), []);
    assert_eq!(stage.diary.lines(), ["cordoning a", "cordoning a", "cordoning a", "cordoned a"]);
    stage.world().meddling = 2;
    let undone = stage.run(stage.drainer().uncordon(&victims(&["a"]))).await;
    assert_eq!(undone[0].1, Ok(UncordonFound::Ours));
    assert_eq!(stage.cordons_left(), [""; 0]);
}

#[tokio::test]
async fn who_meets_another_change_each_time_gives_up_and_says_so() {
    let stage = Stage::new();
    stage.world().meddling = 1000;
    let failure = stage.cordon(&["a"]).await.unwrap_err();
    assert_eq!(failure.causes, ["somebody else changed it between each of 10 reads and writes"]);
    assert!(!stage.node("a").unschedulable);
}

#[tokio::test]
async fn a_cordon_of_ours_is_taken_up_after_a_crash() {
    let stage = Stage::new();
    stage.cordon(&["a"]).await.unwrap();
    let version = stage.node("a").resource_version;
    stage.empty(&["a"]).await;
    assert_eq!(stage.node("a").resource_version, version, "it was cordoned already");
    assert_eq!(stage.diary.lines()[..3], ["cordoning a", "cordoned a", "cordoned a"]);
}

#[tokio::test]
async fn undoing_waits_for_an_api_server_that_is_away_and_goes_on_without_one_node() {
    let stage = Stage::new();
    stage.cordon(&["a", "b", "c"]).await.unwrap();
    stage.world().remove_node("b");
    let now = stage.clock_now();
    stage.world().away = Some((now, now + seconds(40)));
    let undone = stage.run(stage.drainer().uncordon(&victims(&["a", "b", "c"]))).await;
    let found: Vec<_> = undone.into_iter().map(|(_, found)| found.unwrap()).collect();
    assert_eq!(found, [UncordonFound::Ours, UncordonFound::Gone, UncordonFound::Ours]);
    assert_eq!(stage.cordons_left(), [""; 0]);
}

#[tokio::test]
async fn who_cannot_undo_says_how_a_person_can() {
    let stage = Stage::new();
    stage.cordon(&["a"]).await.unwrap();
    let now = stage.clock_now();
    stage.world().away = Some((now, now + seconds(10_000)));
    let undone = stage.run(stage.drainer().uncordon(&victims(&["a"]))).await;
    let failure = undone[0].1.clone().unwrap_err();
    assert_eq!(failure.what, "node a could not be given back as it was before");
    assert!(failure.hints[0].contains("kubectl uncordon a"), "{failure:?}");
    assert!(stage.clock_now() < now + seconds(120));
}
