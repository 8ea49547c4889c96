use std::time::Duration;

use super::matrix::STANDING;
use super::order::Order;
use super::process::{Death, Killed, Process, When};
use super::scene::{self, End};
use super::stage::{play, play_in};
use super::truth;
use super::world::World;

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
