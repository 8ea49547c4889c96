//! `aws`, `azure` and `sandbox`: what only one provider has.

use std::collections::BTreeMap;

use super::{Facts, a_path};
use crate::model::file::read::{Fields, Kind, object, text, wrong};
use crate::model::file::rules::networks::url;
use crate::model::file::rules::one_line;
use crate::model::file::types::{AwsSpec, AzureSpec, SandboxSpec};
use crate::model::provider::Provider;

/// The sandbox's register, beside the cluster file.
pub const REGISTER: &str = ".sandbox";

pub fn sections(fields: &mut Fields<'_>, facts: &Facts) -> Option<(AwsSpec, AzureSpec, SandboxSpec)> {
    let aws =
        fields.optional("aws", "How AWS is reached, for provider `aws` and for a store in S3.", &aws()).or_default();
    let azure = fields.optional("azure", "Where on Azure, for provider `azure`.", &azure()).or_default();
    let sandbox = fields.optional("sandbox", "For provider `sandbox`.", &sandbox()).maybe();
    let s3 = fields.node("store").and_then(|store| store.get("backend")).and_then(super::written) == Some("s3");
    for (name, provider, other_use) in
        [("aws", Provider::Aws, s3), ("azure", Provider::Azure, false), ("sandbox", Provider::Sandbox, false)]
    {
        if let Some(actual) = facts.provider.filter(|actual| *actual != provider && !other_use && fields.has(name)) {
            let label = format!("the provider is `{actual}`");
            fields.wrong(name, &format!("is for provider `{provider}`"), wrong(label, "take it out"));
        }
    }
    let register = || SandboxSpec { register: REGISTER.into() };
    Some((aws?, azure?, sandbox?.unwrap_or_else(register)))
}

fn aws() -> impl Kind<Out = AwsSpec> {
    object("{ profile: acme }", |fields| {
        let profile = text("a profile's name", "acme", |text| one_line(text, 128)).length(1, 128);
        let doc = "The profile of AWS's shared configuration to log in with. Default: what AWS's own tools would take.";
        let profile = fields.optional("profile", doc, &profile);
        let doc = "URLs of AWS's services, for an emulator or private endpoints.";
        let endpoints = fields.optional("endpoints", doc, &endpoints());
        Some(AwsSpec { profile: profile.maybe()?, endpoints: endpoints.or_default()? })
    })
}

fn endpoints() -> impl Kind<Out = BTreeMap<String, String>> {
    object("{ ec2: http://127.0.0.1:5000 }", |fields| {
        let kind = text("a URL", "http://127.0.0.1:5000", url).pattern("^https?://");
        let mut found = BTreeMap::new();
        let mut good = true;
        for service in ["ec2", "elbv2", "iam", "sts", "s3"] {
            match fields.optional(service, "The URL of this service.", &kind).maybe() {
                Some(url) => found.extend(url.map(|url| (service.to_owned(), url))),
                None => good = false,
            }
        }
        good.then_some(found)
    })
}

fn azure() -> impl Kind<Out = AzureSpec> {
    object("{ resourceGroup: clusters }", |fields| {
        let id = "00000000-0000-0000-0000-000000000000";
        let subscription = text("a subscription's id", id, |text| {
            let good = text.len() == 36 && uuid::Uuid::try_parse(text).is_ok();
            let help = "write its id, not its name; `az account show --query id` prints it";
            if good { Ok(text.to_owned()) } else { Err(wrong("this is not an id", help)) }
        });
        let subscription = subscription.length(36, 36);
        let subscription =
            fields.optional("subscription", "The subscription's id. Default: the login's.", &subscription);
        // "Resource group name": letters, digits and `_.()-`, no dot at the end, at most 90.
        let group = text("a resource group's name", "clusters", |text| {
            let good = |c: char| c.is_ascii_alphanumeric() || "_.()-".contains(c);
            match !text.is_empty() && text.chars().all(good) && !text.ends_with('.') && text.len() <= 90 {
                true => Ok(text.to_owned()),
                false => Err(wrong(
                    "Azure takes no such name",
                    "use at most 90 letters, digits and `_.()-`, no dot at the end",
                )),
            }
        });
        let group = group.length(1, 90);
        let doc = "The resource group that everything is made in. Default: one with the cluster's name.";
        let group = fields.optional("resourceGroup", doc, &group);
        Some(AzureSpec { subscription: subscription.maybe()?, resource_group: group.maybe()? })
    })
}

fn sandbox() -> impl Kind<Out = SandboxSpec> {
    object("{ register: .sandbox }", |fields| {
        let doc = "The folder where the sandbox's machines are written down; a relative one counts from this file's.";
        Some(SandboxSpec { register: fields.defaulted("register", doc, &a_path(REGISTER), REGISTER)? })
    })
}
