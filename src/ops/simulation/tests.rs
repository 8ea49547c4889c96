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
    ended.expect("a day");
}
