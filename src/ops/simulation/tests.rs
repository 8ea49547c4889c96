use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::json;

use super::matrix::STANDING;
use super::order::{Order, POOL};
use super::ports::SimCloud;
use super::process::{Death, Killed, Process, When};
use super::scene::{self, End};
use super::stage::{play, play_in};
use super::world::{Manner, Weather, World};
use super::{terraform, truth};
use crate::model::machine::Machine;
use crate::model::names::StackId;
use crate::ops::ports::Cloud;
use crate::ops::record;
use crate::ops::testing::clouds::{self, Estate};

#[test]
fn a_day() {
    let ended = play(1, |world| async move {
        scene::build(&world).await;
        for order in [Order::Up(5), Order::Down(2), Order::Destroy] {
            let process = Process::start(&world);
            match scene::run(&process, order.clone()).await {
                End::Done(done) if done.shortfall.is_none() => {}
                end => world.watch.violate(format!("{order:?}: {end:?}")),
            }
            let faults = truth::faults(&world);
            if !faults.is_empty() {
                world.watch.violate(faults.join("; "));
            }
        }
    });
    ended.expect("a day");
}

#[test]
fn a_destroy_gives_up_what_cannot_be_settled() {
    let world = World::like(&STANDING, 5);
    let ended = play_in(world, |world| async move {
        let death = Death { point: 6, when: When::After, killed: Killed::Tree };
        let died = scene::run(&Process::start_with(&world, Some(death), false), Order::Down(2)).await;
        assert!(matches!(died, End::Died), "{died:?}");
        world.sleep(Duration::from_secs(120)).await;
        let far = Process::start_with(&world, None, true);
        scene::run(&far, Order::Destroy).await;
        assert!(world.watch.kinds().contains("superseded"));
        truth::faults(&world)
    });
    assert_eq!(ended.expect("a destroy"), Vec::<String>::new());
}

/// Terraform makes machines, and cannot write them down: whoever comes next takes them in.
async fn what_was_not_saved(world: Arc<World>, order: Order) -> Vec<String> {
    scene::bounds(&world);
    world.weather.lock().unwrap().unsaved = 1000;
    scene::run(&Process::start(&world), order.clone()).await;
    assert!(world.happened.told().contains_key("Terraform could not save what it did"));
    world.weather.lock().unwrap().unsaved = 0;
    assert!(truth::faults(&world).iter().any(|fault| fault.contains("has no end")), "it stays open");
    scene::run(&Process::start(&world), Order::Resume).await;
    scene::run(&Process::start(&world), order).await;
    world.sleep(Duration::from_secs(100)).await;
    assert!(world.watch.kinds().contains("adopting"));
    truth::faults(&world)
}

#[test]
fn machines_that_no_state_could_take_are_taken_in() {
    for (world, order) in [(World::like(&STANDING, 5), Order::Up(6)), (World::of(5), Order::Apply)] {
        let ended = play_in(world, |world| what_was_not_saved(world, order));
        assert_eq!(ended.expect("an apply"), Vec::<String>::new());
    }
}

/// Waits until this process has come to a point of this name.
async fn comes_to(process: &Process, point: &str) {
    while !process.points().iter().any(|one| one.contains(point)) {
        process.world.sleep(Duration::from_millis(1)).await;
    }
}

/// What somebody began stays open, and whoever resumes it makes it whole.
async fn resumed(world: &Arc<World>, order: Order) -> Vec<String> {
    *world.weather.lock().unwrap() = Weather::default();
    assert!(truth::faults(world).iter().any(|fault| fault.contains("has no end")), "it stays open");
    scene::run(&Process::start(world), Order::Resume).await;
    scene::run(&Process::start(world), order).await;
    world.sleep(Duration::from_secs(100)).await;
    truth::faults(world)
}

#[test]
fn an_apply_whose_state_nobody_could_read_stays_open() {
    let ended = play_in(World::like(&STANDING, 5), |world| async move {
        scene::bounds(&world);
        world.weather.lock().unwrap().refused = 1000;
        let process = Process::start(&world);
        let unread = async {
            comes_to(&process, "point-of-no-return").await;
            world.unread.lock().unwrap().insert(StackId::Pool(POOL.into()).state_key());
        };
        tokio::join!(scene::run(&process, Order::Up(6)), unread);
        assert!(world.unread.lock().unwrap().is_empty(), "it was to be read");
        resumed(&world, Order::Up(6)).await
    });
    assert_eq!(ended.expect("a scale-up"), Vec::<String>::new());
}

#[test]
fn a_machine_that_terraform_was_not_told_to_keep_is_kept_by_who_resumes() {
    let ended = play_in(World::like(&STANDING, 5), |world| async move {
        scene::bounds(&world);
        world.weather.lock().unwrap().broken = 1000;
        let process = Process::start(&world);
        let unsaved = async {
            comes_to(&process, "untainting").await;
            world.weather.lock().unwrap().unsaved = 1000;
        };
        tokio::join!(scene::run(&process, Order::Up(5)), unsaved);
        resumed(&world, Order::Up(5)).await
    });
    assert_eq!(ended.expect("a scale-up"), Vec::<String>::new());
}

/// A run dies when its machine was made, the machine is gone again, and a `destroy` gives the operation up and dies before it
/// destroys anything. Returns the points of that one, and what is wrong when others have gone on.
fn given_up_and_not_destroyed(death: Option<Death>) -> (Vec<String>, Vec<String>) {
    let ended = play_in(World::like(&STANDING, 5), |world| async move {
        scene::bounds(&world);
        world.weather.lock().unwrap().refreshes = true;
        let made = Process::start(&world);
        let dies = async {
            comes_to(&made, "journal: apply-ended").await;
            world.sleep(Duration::from_secs(2)).await;
            made.kill(Killed::Tree);
        };
        tokio::join!(scene::run(&made, Order::Up(5)), dies);
        let known = truth::record(&world).expect("a record");
        let new = |machine: &Machine| known.nodes().all(|(_, node)| node.machine_id.as_ref() != Some(&machine.id));
        let machine = scene::machines(&world, POOL).into_iter().find(new).expect("the new machine");
        scene::vanish(&world, &machine.id);
        world.sleep(Duration::from_secs(120)).await;
        let destroying = Process::start_with(&world, death, false);
        // What it cannot settle it gives up.
        world.unread.lock().unwrap().insert(record::KEY.into());
        scene::run(&destroying, Order::Destroy).await;
        world.sleep(Duration::from_secs(120)).await;
        scene::run(&Process::start(&world), Order::Resume).await;
        let gone = truth::gone(&world);
        scene::run(&Process::start(&world), Order::Accept(gone)).await;
        world.sleep(Duration::from_secs(100)).await;
        (destroying.points(), truth::faults(&world))
    });
    ended.expect("a destroy")
}

#[test]
fn what_a_destroy_gave_up_and_did_not_destroy_is_retired() {
    let (points, _) = given_up_and_not_destroyed(None);
    let point = points.iter().position(|point| point == "journal: started").expect("its own operation");
    assert!(
        points[..point].iter().any(|point| point == "commit"),
        "what it gave up is written down before: {points:?}"
    );
    let death = Death { point, when: When::After, killed: Killed::Tree };
    assert_eq!(given_up_and_not_destroyed(Some(death)).1, Vec::<String>::new());
}

/// The API server is away for half a minute, just when machines are to be let in. In this life every machine is reached.
#[test]
fn an_api_server_that_comes_back_lets_machines_in() {
    for (manner, before) in [(Manner::Ssh, "token-issuing"), (Manner::Boot, "join-offering")] {
        let world = World::like(&STANDING, 7);
        scene::bounds(&world);
        *world.manner.lock().unwrap() = manner;
        let ended = play_in(world, |world| async move {
            let process = Process::start(&world);
            let leaves = async {
                while !process.points().iter().any(|point| point.contains(before)) {
                    world.sleep(Duration::from_millis(1)).await;
                }
                let now = world.now();
                world.kubernetes.world().away = Some((now, now + Duration::from_secs(30)));
            };
            let (end, ()) = tokio::join!(scene::run(&process, Order::Up(6)), leaves);
            let asked = process.points().iter().filter(|point| point.contains("issue token")).count();
            let short = match end {
                End::Done(done) => done.shortfall.map(|failure| failure.to_string()),
                other => Some(format!("{other:?}")),
            };
            (short, asked, truth::faults(&world))
        });
        let (short, asked, faults) = ended.expect("a scale-up");
        assert_eq!(short, None, "{before}");
        assert!(asked > 3, "{before}: asked {asked} times");
        assert_eq!(faults, Vec::<String>::new());
    }
}

/// The cloud as a scaler in the simulation sees it.
struct Simulated {
    world: Arc<World>,
    cloud: SimCloud,
}

#[async_trait]
impl Estate for Simulated {
    fn cloud(&self) -> &dyn Cloud {
        &self.cloud
    }

    async fn make(&self, cluster_id: &str, node: &str) -> String {
        let id = format!("i-{:08x}", self.world.chance.next() as u32);
        let described = json!({
            "name": node, "cluster": "d", "clusterId": cluster_id, "pool": "w", "role": "worker", "zone": "a",
            "operation": "op-1",
            "tags": { "scaler:cluster-id": cluster_id, "scaler:cluster": "d", "scaler:node": node },
        });
        self.world.cloud.make(terraform::machine(&id, &described), self.world.now());
        id
    }

    async fn terminate(&self, id: &str) {
        self.world.cloud.terminate(id, self.world.now());
    }

    fn nobody(&self) -> String {
        "i-none".into()
    }

    async fn pass(&self) {
        self.world.sleep(Duration::from_secs(1)).await;
    }
}

#[test]
fn its_cloud_is_a_cloud() {
    let ended = play(1, |world| async move {
        let cloud = SimCloud(Process::start(&world));
        clouds::all(&Simulated { world, cloud }).await;
    });
    ended.expect("the suite of clouds");
}
