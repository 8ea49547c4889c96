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
    #[allow(clippy::disallowed_methods)]
    let start = std::time::Instant::now();
    for seed in 0..20 {
        play(seed, |world| async move { scene::build(&world).await }).expect("built");
    }
    println!("build: {:?} each", start.elapsed() / 20);
    #[allow(clippy::disallowed_methods)]
    let start = std::time::Instant::now();
    let mut steps = 0;
    for seed in 0..20 {
        let ended = play(seed, |world| async move {
            scene::build(&world).await;
            scene::run(&Process::start(&world), Order::Down(2)).await
        });
        steps += ended.world.time.steps();
        ended.expect("run");
    }
    println!("build+down: {:?} each {}", start.elapsed() / 20, steps / 20);
}
