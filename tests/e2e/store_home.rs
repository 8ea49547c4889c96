//! `scaler state init`: the bucket or folder of a store, made, looked at and mended.

use std::os::unix::fs::PermissionsExt;

use scaler_lab::{Azurite, Fault, Matcher, Moto};
use serde_json::Value;

use crate::world::{Program, World};

fn lacks(document: &Value) -> Vec<&str> {
    let lacks = document["lacks"].as_array().expect("a list");
    lacks.iter().map(|lack| lack["of"].as_str().expect("a word")).collect()
}

#[test]
fn a_bucket_is_made_well_kept_and_then_left_as_it_is() {
    scaler_lab::needs!(Moto);
    let moto = Moto::start();
    let variables = moto.environment("eu-west-1").into_iter().map(|(name, value)| (name.to_owned(), value));
    let program = Program::new(variables.collect());
    let url = format!("s3://acme-new/demo?region=eu-central-1&endpoint={}&pathStyle=true", moto.url());
    let init = |more: &[&str]| program.run(&[&["state", "init", "--cluster", &url], more].concat());
    let shown = init(&["--dry-run", "--output", "json"]).ends(0).json();
    assert_eq!(lacks(&shown), ["there"]);
    init(&[]).ends(5).says("there is no terminal to ask on");
    assert!(moto.everything()["s3"].to_string().find("acme-new").is_none(), "nothing was made so far");
    let done = init(&["--yes", "--expire-versions", "30", "--output", "json"]).ends(0).json();
    assert_eq!(done["mended"], true);
    let again = init(&["--yes", "--expire-versions", "30", "--output", "json"]).ends(0).json();
    assert_eq!((lacks(&again), &again["mended"], &again["unclear"]), (vec![], &false.into(), &serde_json::json!([])));
    for (what, wanted) in [
        ("versioning", "Enabled"),
        ("encryption", "AES256"),
        ("publicAccessBlock", "<RestrictPublicBuckets>true"),
        ("lifecycle", "<NoncurrentDays>30"),
        ("location", "eu-central-1"),
    ] {
        let answer = moto.ask_bucket("eu-central-1", "acme-new", what);
        assert!(answer.contains(wanted), "{what}: {answer}");
    }

    // Somebody opens it to the public.
    moto.proxy().order(
        Fault::answer(404, "<Error><Code>NoSuchPublicAccessBlockConfiguration</Code></Error>")
            .when(Matcher::any().method("GET").path("publicAccessBlock"))
            .times(2),
    );
    let said = init(&["--dry-run"]).ends(0).says("Not ready yet");
    said.says("does not block public access");
    init(&["--yes"]).ends(0).says("was made so");
}

#[test]
fn a_container_is_made_ready_as_far_as_its_login_can() {
    scaler_lab::needs!(Azurite);
    let azurite = Azurite::start();
    let login = [("AZURE_STORAGE_SAS_TOKEN".to_owned(), azurite.sas())];
    let program = Program::new(login.into_iter().collect());
    let url = format!("azblob://{}/clusters/demo?endpoint={}", azurite.account(), azurite.url());
    let init = |more: &[&str]| program.run(&[&["state", "init", "--cluster", &url], more].concat());
    let shown = init(&["--dry-run", "--output", "json"]).ends(0).json();
    assert_eq!(lacks(&shown), ["there"]);
    init(&[]).ends(5).says("there is no terminal to ask on");
    assert_eq!(lacks(&init(&["--dry-run", "--output", "json"]).json()), ["there"], "nothing was made so far");
    init(&["--yes"]).ends(0).says("was made so").says("it can be seen after the first operation");
    assert!(!azurite.is_open("clusters"), "nobody else sees it");
    init(&[]).ends(0).says("is as it should be");

    // One that is open, and a login that cannot close it.
    azurite.make_open_container("open");
    let open = url.replace("/clusters/", "/open/");
    let close = |program: &Program| program.run(&["state", "init", "--cluster", &open, "--yes"]);
    program.run(&["state", "init", "--cluster", &open]).ends(5).says("anybody may read it without a login");
    close(&program).ends(1).says("az storage container set-permission").says("--public-access off");
    assert!(azurite.is_open("open"));
    let key = [("AZURE_STORAGE_KEY".to_owned(), azurite.key().to_owned())];
    close(&Program::new(key.into_iter().collect())).ends(0).says("was made so");
    assert!(!azurite.is_open("open"));

    // Former versions show by an object. Azurite keeps none, and nobody but the account's managers can change that.
    azurite.put_blob("clusters", "demo/lock.json", "{}");
    let said = init(&["--yes"]).ends(6).says("Not ready yet").says("no former versions are kept");
    said.says("az storage account blob-service-properties").says("--enable-versioning true");
    init(&["--expire-versions", "3"]).ends(64).says("management-policy");
}

#[test]
fn doctor_names_what_is_missing_and_the_way_to_mend_it() {
    scaler_lab::needs!(Moto);
    let world = World::on_s3();
    let said = world.run(&["doctor"]);
    let said = said.says("keeps no former versions").says("`scaler state init` makes acme-clusters keep them");
    said.says("`scaler state init` closes acme-clusters to the public");
    world.run(&["state", "init", "--yes"]).ends(0).says("keeps no former versions");
    let after = world.run(&["doctor"]);
    assert!(!format!("{}{}", after.stdout, after.stderr).contains("scaler state init"), "{after:?}");
    world.apply().ends(0);
    world.is_in_order();
}

#[test]
fn a_folder_is_made_for_its_user_alone() {
    let world = World::new();
    let store = world.folder().join("store");
    let mode = || std::fs::metadata(&store).expect("a folder").permissions().mode() & 0o777;
    world.run(&["state", "init", "--dry-run"]).ends(0).says("there is no such folder");
    assert!(!store.exists());
    world.run(&["state", "init", "--yes"]).ends(0).says("was made so");
    assert_eq!(mode(), 0o700);
    world.run(&["state", "init"]).ends(0).says("is as it should be");
    std::fs::set_permissions(&store, std::fs::Permissions::from_mode(0o755)).expect("its mode");
    world.run(&["doctor"]).says("its mode is 755").says("scaler state init");
    world.run(&["state", "init"]).ends(5).says("its mode is 755");
    assert_eq!(mode(), 0o755, "nobody agreed");
    world.run(&["state", "init", "--yes"]).ends(0);
    assert_eq!(mode(), 0o700);
    world.run(&["state", "init", "--expire-versions", "3"]).ends(64);
    std::fs::remove_dir_all(&store).expect("the folder goes");
    std::fs::write(&store, "x").expect("a file");
    world.run(&["state", "init", "--yes"]).ends(5).says("is no folder");
}
