use super::process::Process;
use super::scene::{self, End, Order};
use super::stage::play;
use super::truth;

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
    println!("{}", ended.world.trace().join("\n"));
    ended.expect("a day");
}

#[test]
fn speed() {
    let standing = play(0, |world| async move { scene::build(&world).await });
    #[allow(clippy::disallowed_methods)]
    let start = std::time::Instant::now();
    let mut steps = 0;
    for seed in 0..60 {
        let world = super::world::World::like(&standing.world, seed);
        let ended =
            super::stage::play_in(
                world,
                |world| async move { scene::run(&Process::start(&world), Order::Down(2)).await },
            );
        steps += ended.world.time.steps();
        ended.expect("run");
    }
    println!("down: {:?} each {}", start.elapsed() / 60, steps / 60);
}
