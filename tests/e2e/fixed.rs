//! What cannot change once a cluster stands, and what can as long as none does.

use crate::world::World;

#[test]
fn another_ssh_key_is_refused_by_name() {
    let world = World::new();
    let key = |text: &str| std::fs::write(world.folder().join("key.pub"), text).expect("a key");
    key("ssh-ed25519 AAAA one\n");
    world.write(&world.file("min: 1, max: 6", "ssh: { publicKeyFile: ./key.pub }\n"));
    world.apply().ends(0);
    let before = world.record();
    key("ssh-ed25519 BBBB two\n");
    world.apply().ends(5).says("`ssh.publicKeyFile` holds another key").says("authorized_keys");
    assert_eq!(world.record(), before);
    // The same key may lie elsewhere.
    std::fs::write(world.folder().join("moved.pub"), "ssh-ed25519 AAAA one").expect("a key");
    world.write(&world.file("min: 1, max: 6", "ssh: { publicKeyFile: ./moved.pub }\n"));
    world.apply().ends(0);
}
