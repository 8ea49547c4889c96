//! What Packer does to a machine, on one of the lab's: all but the cloud is real.

use std::collections::BTreeMap;
use std::sync::Arc;

use scaler::adapters::packer::{Options, PackerCli};
use scaler::adapters::process::{Environment, Host as ToolHost};
use scaler::model::file;
use scaler::model::image::Ingredients;
use scaler::ops::interrupts::Interrupts;
use scaler::ops::ports::{Event, ImageBuilder, Progress};
use scaler::render::{Assets, ImageOrder, image, image_files};
use scaler_lab::{Hosts, ansible, tools};

struct Silent;

impl Progress for Silent {
    fn tell(&self, _: Event) {}
}

/// A builder of Packer's that makes no machine, and takes the one that there is.
fn onto(hosts: &Hosts, address: &str, files: &mut BTreeMap<String, Vec<u8>>) {
    let text = |name: &str| String::from_utf8(files[name].clone()).expect("a template");
    let source = text("source.pkr.hcl");
    let (variables, _) = source.split_once("source \"amazon-ebs\"").expect("the builder");
    let builder = format!(
        "source \"null\" \"image\" {{\n  communicator = \"ssh\"\n  ssh_host = \"{address}\"\n  ssh_username = var.user\n  \
         ssh_private_key_file = \"{}\"\n}}\n",
        hosts.key().display()
    );
    let build = text("provisioned.pkr.hcl").replace("source.amazon-ebs.image", "source.null.image");
    files.insert("source.pkr.hcl".to_owned(), format!("{variables}{builder}").into_bytes());
    files.insert("provisioned.pkr.hcl".to_owned(), build.into_bytes());
}

#[test]
fn packer_runs_the_playbooks_that_prepare_and_install() {
    scaler_lab::needs!(Hosts, Ansible, Packer);
    let hosts = Hosts::start();
    let host = hosts.make("image");
    let text = format!(
        "apiVersion: scaler/v1\nkind: Cluster\nname: demo\nprovider: aws\nregion: eu-west-1\n\
         kubernetes: {{ version: 1.36.3, packages: '{}' }}\nstore: {{ backend: local, path: store }}\n\
         ssh: {{ user: {}, publicKeyFile: key.pub }}\nnetwork: {{ zones: [eu-west-1a], adminCidrs: [203.0.113.7/32] }}\n\
         images: {{ worker: {{ base: ubuntu-24.04 }} }}\n\
         pools: [{{ name: workers, machine: t3.large, image: {{ build: worker }}, count: 1 }}]\n",
        hosts.mirror(),
        Hosts::USER,
    );
    let file = file::parse("f", &text, &[]).unwrap_or_else(|problems| panic!("{}", problems.report(false)));
    let (spec, assets) = (&file.images["worker"], Assets::embedded());
    let hash = Ingredients::of(&file, spec, "x86_64", &image_files(&assets, file.provider, spec)).hash();

    let path = std::env::var_os("PATH").expect("a PATH");
    let path = std::env::join_paths([tools(), ansible()].into_iter().chain(std::env::split_paths(&path)));
    let variables = [("PATH", path.expect("a PATH")), ("LANG", "C.UTF-8".into()), ("HOME", hosts.folder().into())];
    let variables = variables.into_iter().map(|(name, value)| (name.into(), value));
    let tool = ToolHost::new(Environment::clean(variables).0).supervised_by(env!("CARGO_BIN_EXE_scaler"));
    let packer = PackerCli::new(Options {
        host: Arc::new(tool),
        path: None,
        ansible_playbook: None,
        profile: None,
        work_dir: None,
        progress: Arc::new(Silent),
    });
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let built = runtime.block_on(async {
        let dialect = packer.check().await?;
        let order = ImageOrder {
            file: &file,
            image: "worker",
            spec,
            hash: &hash,
            build: "b1b2b3b4",
            base: "ami-0123456789abcdef0",
            machine: "t3.large",
            assets: &assets,
        };
        let mut files = image(&order, dialect)?;
        onto(&hosts, host.address(), &mut files);
        packer.build(&files, "image worker", &Interrupts::never()).await
    });
    // That is how the builder without a machine calls what it made.
    assert_eq!(built.unwrap_or_else(|failure| panic!("{failure:?}")), "Null");
    for program in ["kubeadm", "kubelet", "kubectl"] {
        assert_eq!(host.run(&["which", program]).code, Some(0), "{program} is installed");
    }
    assert_eq!(
        host.read("/etc/machine-id").as_deref(),
        Some(""),
        "machines that are made of it are not one and the same"
    );
    assert_eq!(host.read("/etc/kubernetes/kubelet.conf"), None, "it has not joined anything");
}
