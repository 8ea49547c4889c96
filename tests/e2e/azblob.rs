//! A cluster whose store, Terraform's states included, is in Azure Blob Storage.

use scaler_lab::{Azurite, Entra, needs, run_apart};

use crate::matrix::case::{LATER, mortal};
use crate::world::{World, azurite, runs};

/// Terraform reaches a storage account under Azure's own name and by TLS alone. So the whole day, with a Kubernetes of
/// its own, takes place where that name is this machine.
#[test]
fn a_cluster_is_made_grown_shrunk_and_destroyed_with_terraform() {
    needs!(Azurite, Terraform, Namespaces);
    run_apart("azblob::a_day_of_terraform", &[("127.0.0.1", &Azurite::host())]);
}

/// Its backend is another one.
#[test]
fn a_cluster_is_made_grown_shrunk_and_destroyed_with_opentofu() {
    needs!(Azurite, Opentofu, Namespaces);
    run_apart("azblob::a_day_of_opentofu", &[("127.0.0.1", &Azurite::host())]);
}

#[test]
#[ignore = "runs in a network of its own, started by the first test"]
fn a_day_of_terraform() {
    a_day(World::on_azblob(azurite(), Some("terraform")));
}

#[test]
#[ignore = "runs in a network of its own, started by the second test"]
fn a_day_of_opentofu() {
    a_day(World::on_azblob(azurite(), Some("tofu")));
}

fn a_day(mut world: World) {
    world.run(&["plan", "--detailed-exitcode"]).ends(2);
    assert_eq!(world.azurite().blobs("clusters"), Vec::<String>::new(), "plan changes nothing");

    world.apply().ends(0);
    assert_eq!((world.workers().len(), world.running().len()), (1, 1));
    let state = world.object(&format!("terraform/pool-{}.tfstate", world.pool));
    assert_eq!(state["version"], 4);

    // Another login for the next step, and from the store alone.
    let url = world.url();
    let key = world.azurite().key().to_owned();
    let sas = world.program.environment.remove("AZURE_STORAGE_SAS_TOKEN").expect("the world has one");
    world.run(&["status", "--cluster", &url]).ends(1).says("the login of `az`");
    world.program.environment.insert("AZURE_STORAGE_KEY".to_owned(), key.clone());
    world.run(&["scale-up", "--cluster", &url, "--pool", &world.pool, "--to", "3", "--yes"]).ends(0);
    assert_eq!((world.nodes().len(), world.running().len()), (3, 3));
    world.run(&["plan", "--detailed-exitcode"]).ends(0);
    world.run(&["doctor"]).ends(0).says("was seen to keep conditions");

    world.program.environment.remove("AZURE_STORAGE_KEY");
    world.program.environment.insert("ARM_SAS_TOKEN".to_owned(), sas.clone());
    world.run(&["scale-down", "--pool", &world.pool, "--node", &world.node(2), "--yes"]).ends(0);
    assert!(!world.running().contains_key(&world.node(2)));
    assert_eq!(world.workers(), world.running().into_keys().collect::<Vec<_>>());

    // A token that nobody can renew, and that ends before an apply would.
    let soon = (jiff::Timestamp::now() + jiff::SignedDuration::from_mins(3)).round(jiff::Unit::Second).expect("a time");
    let short = world.azurite().sas_until(&soon.to_string());
    world.program.environment.insert("ARM_SAS_TOKEN".to_owned(), short);
    let scale_up = ["scale-up", "--pool", &world.pool, "--to", "3", "--yes"];
    world.program.run(&scale_up).ends(5).says("the login for the store ends in");
    assert_eq!(world.running().len(), 2);
    world.program.environment.insert("ARM_SAS_TOKEN".to_owned(), sas.clone());

    world.run(&["destroy", "--yes", "--name", &world.cluster]).ends(0);
    assert!(world.sandbox.machines().iter().all(|machine| !runs(machine)), "nothing is left of it");

    let signature = sas.rsplit('=').next().expect("a token ends with its signature").to_owned();
    world.run(&["render", "--out", "rendered"]).ends(0);
    let rendered =
        std::fs::read_to_string(world.folder().join("rendered/terraform/foundation/backend.tf")).expect("a backend");
    assert!(rendered.contains("backend \"azurerm\""), "{rendered}");
    for text in [world.program.said(), rendered] {
        assert!(!text.contains(&signature) && !text.contains(&key), "a login shows in\n{text}");
    }
}

/// Terraform's lock in a container is a lease, and a name on it that comes later and goes earlier.
#[test]
fn a_lease_that_names_nobody_goes_where_a_terraform_of_ours_was_ended() {
    needs!(Azurite, AnyTerraform, Namespaces);
    run_apart("azblob::leases_that_name_nobody", &[("127.0.0.1", &Azurite::host())]);
}

#[test]
#[ignore = "runs in a network of its own, started by the test before it"]
fn leases_that_name_nobody() {
    let world = World::on_azblob(azurite(), None);
    world.apply().ends(0);
    let state = format!("{}/terraform/pool-{}.tfstate", world.cluster, world.pool);
    let scale_up = |to| ["scale-up", "--pool", world.pool.as_str(), "--to", to, "--yes"];
    let died = mortal(&world.program, &[("SCALER_MORTAL_DIE", "before terraform apply #1")], &scale_up("2"));
    assert_eq!(died.code, -1, "{}", died.stderr);
    world.azurite().lease_alone("clusters", &state);
    let resumed = mortal(&world.program, &[LATER], &["resume", "--yes"]).ends(0);
    resumed.says("it names nobody").says("is removed");
    assert_eq!((world.nodes().len(), world.running().len()), (2, 2));

    // Where nothing of ours was ended it is somebody else's, and stays.
    world.azurite().lease_alone("clusters", &state);
    for _ in 0..2 {
        let refused = world.run(&scale_up("3"));
        assert_ne!(refused.code, 0, "{}", refused.stderr);
        refused.says("the lock names nobody").says("az storage blob lease break");
    }
    assert_eq!(world.running().len(), 2);
}

/// Each kind of identity, for the program and for Terraform, with tokens that end sooner than an operation.
#[test]
fn a_container_is_reached_by_each_kind_of_identity_with_terraform() {
    needs!(Azurite, Terraform, Namespaces);
    eprintln!("{}", run_apart("azblob::identities_of_terraform", &with_entra(&Azurite::host())));
}

/// Its backend asks with another library.
#[test]
fn a_container_is_reached_by_each_kind_of_identity_with_opentofu() {
    needs!(Azurite, Opentofu, Namespaces);
    eprintln!("{}", run_apart("azblob::identities_of_opentofu", &with_entra(&Azurite::host())));
}

#[test]
#[ignore = "runs in a network of its own, started by the first test of identities"]
fn identities_of_terraform() {
    by_identity(World::on_azblob(azurite(), Some("terraform")));
}

#[test]
#[ignore = "runs in a network of its own, started by the second test of identities"]
fn identities_of_opentofu() {
    by_identity(World::on_azblob(azurite(), Some("tofu")));
}

fn with_entra(account: &str) -> [(&str, &str); 2] {
    [("127.0.0.1", account), (Entra::ADDRESS, Entra::HOST)]
}

fn by_identity(mut world: World) {
    let entra = Entra::start(world.azurite(), 5);
    world.program.environment.remove("AZURE_STORAGE_SAS_TOKEN");
    let scale_up = |world: &World, to: &str| world.run(&["scale-up", "--pool", &world.pool, "--to", to, "--yes"]);
    let log_in = |world: &mut World, variables: &[(&str, &str)]| {
        world.program.environment.retain(|name, _| !name.starts_with("AZURE_") && !name.starts_with("ARM_"));
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        world.program.environment.extend(variables);
    };
    let mut before = entra.issued();
    // The program and Terraform have asked in this way, each for itself and again and again, and in no other.
    let mut asked = |by: &str| {
        let now = entra.issued();
        let more = now.iter().filter(|(who, count)| before.get(*who) != Some(*count));
        let ways: Vec<(String, String)> = more.map(|(who, _)| who.clone()).collect();
        assert!(ways.iter().all(|(way, _)| way == by), "{ways:?}");
        before = now;
        ways.into_iter().map(|(_, client)| client).collect::<Vec<_>>()
    };

    let principal = [
        ("AZURE_TENANT_ID", Entra::TENANT),
        ("AZURE_CLIENT_ID", Entra::CLIENT),
        ("AZURE_CLIENT_SECRET", Entra::SECRET),
    ];
    log_in(&mut world, &principal);
    world.apply().ends(0);
    eprintln!("{:?}", entra.issued());
    assert_eq!(asked("secret").len(), 2);

    let file = entra.assert_by("the-second-assertion").display().to_string();
    let workload =
        [("AZURE_TENANT_ID", Entra::TENANT), ("AZURE_CLIENT_ID", Entra::CLIENT), ("AZURE_FEDERATED_TOKEN_FILE", &file)];
    log_in(&mut world, &workload);
    scale_up(&world, "2").ends(0);
    assert_eq!(asked("assertion").len(), 2);

    log_in(&mut world, &[("ARM_USE_MSI", "true")]);
    scale_up(&world, "3").ends(0);
    assert_eq!(asked("machine").len(), 2);

    log_in(&mut world, &[]);
    let path = world.program.environment["PATH"].clone();
    world.program.environment.insert("PATH".to_owned(), format!("{}:{path}", entra.az().display()));
    scale_up(&world, "4").ends(0);
    assert_eq!(asked("az"), ["az"]);
    assert_eq!((world.nodes().len(), world.running().len()), (4, 4));

    // A login that is wrong fails by its name, and no other one is tried in its place.
    log_in(&mut world, &[principal[0], principal[1], ("AZURE_CLIENT_SECRET", "wrong-secret-of-the-lab")]);
    let refused = world.run(&["status"]).ends(1);
    eprintln!("--- a service principal's secret that is wrong\n{}", refused.stderr);
    refused.says("the service principal").says("AADSTS7000215");
    assert_eq!(asked("none"), Vec::<String>::new());

    log_in(&mut world, &principal);
    world.run(&["destroy", "--yes", "--name", &world.cluster]).ends(0);
    assert!(world.sandbox.machines().iter().all(|machine| !runs(machine)), "nothing is left of it");
    for text in [Entra::SECRET, Entra::SIGNATURE, "wrong-secret-of-the-lab"] {
        assert!(!world.program.said().contains(text), "a secret shows in\n{}", world.program.said());
        for blob in world.azurite().blobs("clusters") {
            assert!(!world.azurite().blob("clusters", &blob).unwrap_or_default().contains(text), "{text} is in {blob}");
        }
    }
}
