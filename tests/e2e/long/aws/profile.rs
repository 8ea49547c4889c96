//! A profile that the cluster file names.

use super::cluster::{Aws, CREDENTIALS, REGION};
use super::images::{BASES, with_image};
use crate::world::Program;

/// Somebody with keys of one account in the environment, whose cluster file names a profile of another.
fn with_both(aws: &Aws, text: &str) -> Program {
    let text = text.replace("aws: { ", "aws: { profile: other, ");
    let local = text
        .lines()
        .map(|line| if line.starts_with("store:") { "store: { backend: local, path: store }" } else { line });
    let mut somebody = aws.somebody(&aws.moto.credentials(), &local.collect::<Vec<_>>().join("\n"));
    let home = somebody.folder.path().to_owned();
    let other = aws.moto.account("222222222222");
    let login = format!(
        "[other]\naws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {}\n",
        other.access_key, other.secret_key, other.session_token
    );
    std::fs::create_dir(home.join(".aws")).expect("a folder for logins");
    std::fs::write(home.join(CREDENTIALS), login).expect("a login");
    somebody.environment.insert("HOME".to_owned(), home.display().to_string());
    somebody
}

/// Keys that somebody has in the environment beside it would count for scaler, and not for Terraform.
#[test]
fn a_profile_of_the_file_comes_before_keys_of_the_environment() {
    scaler_lab::needs!(Moto, AwsProvider);
    let aws = Aws::new();
    let somebody = with_both(&aws, &aws.file(1));
    somebody.run(&["doctor"]).says("account 222222222222");
    somebody.run(&["plan"]).ends(0);
}

/// They would count for Packer, too.
#[test]
fn packer_builds_in_the_account_of_the_files_profile() {
    scaler_lab::needs!(Moto, AwsProvider, Packer);
    let aws = Aws::new();
    let somebody = with_both(&aws, &with_image(&aws.file(1), BASES[0]));
    somebody.run(&["build-image"]).ends(0);
    assert_eq!(somebody.run(&["image", "list", "--output", "json"]).ends(0).json()["images"][0]["available"], true);
    assert!(aws.moto.instances(REGION).is_empty(), "nothing is built with the keys of the environment");
}
