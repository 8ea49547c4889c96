//! `access`, `ssh` and `tools`: how this machine reaches the cluster and its machines.

use super::{Facts, a_path};
use crate::model::file::read::{Kind, object, text, wrong};
use crate::model::file::rules::{names, one_line, ssh};
use crate::model::file::types::{Access, Ssh, Tools};

pub fn access() -> impl Kind<Out = Access> {
    object("{ kubeconfig: ~/.kube/demo }", |fields| {
        let doc = "The kubeconfig's path. Without one: the service account in a pod, else what kubectl would take. \
                   Never kept in the store.";
        let kubeconfig = fields.optional("kubeconfig", doc, &a_path("~/.kube/demo"));
        let context = text("a context's name", "demo", |text| one_line(text, 253)).length(1, 253);
        let context = fields.optional("context", "The context in it. Without one, its current one.", &context);
        Some(Access { kubeconfig: kubeconfig.maybe()?, context: context.maybe()? })
    })
}

pub fn ssh(facts: &Facts) -> impl Kind<Out = Ssh> + use<> {
    let default = default_ssh(facts).user;
    object("{ publicKeyFile: ~/.ssh/demo.pub }", move |fields| {
        let user = text("a user name", "ubuntu", names::login).length(1, 32).pattern("^[a-z_][a-z0-9_-]*$");
        let doc = "The user of the machines' image. Default: `ubuntu`, on Azure `operations`.";
        let user = fields.optional("user", doc, &user).or(default.clone());
        let doc = "The private key's path. Without one, the SSH agent's keys are tried. Never kept in the store.";
        let private_key = fields.optional("privateKeyFile", doc, &a_path("~/.ssh/demo"));
        let doc = "The public key's path: machines are made with it. Its text is kept in the record.";
        let public_key = fields.optional("publicKeyFile", doc, &a_path("~/.ssh/demo.pub")).maybe();
        let private = fields.node("privateKeyFile").and_then(super::written);
        if let Some(Some(path)) = &public_key
            && private == Some(path)
        {
            let help = format!("write `{path}.pub`, if the other half is beside it");
            fields.wrong("publicKeyFile", "must be another file than `privateKeyFile`", wrong("the same path", help));
        }
        let jump = text("a host", "ubuntu@bastion.example.com", ssh::ssh_host).length(1, 300);
        let jump = fields.optional("jump", "A host to go through, `[user@]host[:port]`.", &jump).maybe();
        let key = text("a host key", ssh::EXAMPLE_KEY, ssh::host_key).length(1, 8192);
        let doc = "The public host key of `jump`, `TYPE BASE64`. Default: the one that it shows at first contact.";
        let jump_host_key = fields.optional("jumpHostKey", doc, &key).maybe();
        if let (Some(None), Some(Some(_))) = (&jump, &jump_host_key) {
            fields.wrong(
                "jumpHostKey",
                "belongs to no host",
                wrong("without `jump`", "write `jump`, or leave this out"),
            );
        }
        Some(Ssh {
            user: user?,
            private_key_file: private_key.maybe()?,
            public_key_file: public_key?,
            jump: jump?,
            jump_host_key: jump_host_key?,
        })
    })
}

pub fn default_ssh(facts: &Facts) -> Ssh {
    let user = facts.cloud().map_or("ubuntu", |cloud| cloud.default_user);
    Ssh { user: user.into(), private_key_file: None, public_key_file: None, jump: None, jump_host_key: None }
}

pub fn tools() -> impl Kind<Out = Tools> {
    object("{ terraform: /usr/bin/tofu }", |fields| {
        let mut tool = |name, doc, example| fields.optional(name, doc, &a_path(example)).maybe();
        let terraform = tool("terraform", "Terraform or OpenTofu.", "/usr/bin/tofu");
        let kubectl = tool("kubectl", "kubectl.", "/usr/local/bin/kubectl");
        let ansible_playbook = tool("ansiblePlaybook", "ansible-playbook.", "/usr/bin/ansible-playbook");
        let packer = tool("packer", "Packer.", "/usr/bin/packer");
        Some(Tools { terraform: terraform?, kubectl: kubectl?, ansible_playbook: ansible_playbook?, packer: packer? })
    })
}
