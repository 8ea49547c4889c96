//! A store that takes conditional writes and ignores their conditions.

use scaler_lab::{Fault, needs};

use crate::world::{BUCKET, REGION, World};

#[test]
fn a_store_that_ignores_conditions_is_refused_before_the_lock_is_taken() {
    needs!(Moto, AnyTerraform);
    let world = World::on_s3();
    world.s3().proxy().order(Fault::strip("If-").always());
    world.apply().ends(5).says("does not keep conditions").says("gateway or proxy");
    assert!(world.sandbox.machines().is_empty());
    world.run(&["doctor", "--write-probe"]).ends(1).says("does not keep conditions");
    assert_eq!(world.s3().keys(REGION, BUCKET), Vec::<String>::new(), "nothing is left of the trials");

    world.s3().proxy().calm();
    world.run(&["doctor"]).ends(0).says("--write-probe");
    world.run(&["doctor", "--write-probe"]).ends(0).says("keeps conditions");
    world.run(&["doctor"]).ends(0).says("was seen to keep conditions");
}
