//! What pools and the control plane share: machine, disk, capacity; and `controlPlane` itself.

use super::image::image_field;
use super::{Facts, by_cloud};
use crate::model::file::read::{Fields, Kind, choice, object, text, whole, wrong};
use crate::model::file::rules::{names, one_line};
use crate::model::file::types::{Capacity, ControlPlane, Disk, Endpoint, Image, Provisioning};

pub const CAPACITIES: &[(&str, Capacity)] = &[("on-demand", Capacity::OnDemand), ("spot", Capacity::Spot)];

pub fn machine_field(fields: &mut Fields<'_>, facts: &Facts) -> Option<String> {
    let rule = facts.cloud().map(|cloud| &cloud.machine);
    let example = rule.map_or("t3.large", |rule| rule.example);
    let kind = text("a machine type", example, by_cloud(rule.map(|rule| rule.check))).length(1, 63);
    let doc = "The cloud's name of the machine type. Default: `t3.medium` on AWS, `Standard_D2s_v5` on Azure.";
    let written = fields.optional("machine", doc, &kind).maybe()?;
    written.or_else(|| Some(facts.cloud()?.default_machine.into()))
}

pub const PROVISIONINGS: &[(&str, Provisioning)] = &[("ssh", Provisioning::Ssh), ("none", Provisioning::None)];

/// Of a control plane.
fn provisioning_field(fields: &mut Fields<'_>, facts: &Facts) -> Option<Provisioning> {
    let doc = "What makes a new machine a node: `ssh`, playbooks of Ansible over SSH; `none`, its image by itself. \
               Default: `ssh`, in the sandbox `none`.";
    let written = fields.optional("provisioning", doc, &choice(PROVISIONINGS)).maybe()?;
    written.or_else(|| Some(facts.cloud()?.default_provisioning))
}

pub fn disk_field(fields: &mut Fields<'_>, facts: &Facts) -> Option<Disk> {
    let written = fields.optional("disk", "The root disk. It is always encrypted.", &disk(facts)).maybe()?;
    written.or_else(|| default_disk(facts))
}

fn default_disk(facts: &Facts) -> Option<Disk> {
    let cloud = facts.cloud()?;
    Some(Disk { size_gib: cloud.default_disk_size, kind: cloud.default_disk_type.into() })
}

fn disk(facts: &Facts) -> impl Kind<Out = Disk> + use<'_> {
    object("{ sizeGiB: 64 }", move |fields| {
        let cloud = facts.cloud();
        let sizes = cloud.map_or(1..=65_536, |cloud| cloud.disk_sizes.clone());
        let size = fields.defaulted("sizeGiB", "Its size in GiB.", &whole(sizes), "64");
        let types = cloud.and_then(|cloud| cloud.disk_types);
        let example = cloud.map_or("gp3", |cloud| cloud.default_disk_type);
        let kind = text("a type of root disk", example, move |text| match types {
            Some(types) if !types.contains(&text) => {
                let help = match types.iter().find(|known| known.eq_ignore_ascii_case(text)) {
                    Some(meant) => format!("write `{meant}`"),
                    None => format!("write {}", types.join(" or ")),
                };
                Err(wrong("machines here cannot be made with this one", help))
            }
            _ => one_line(text, 63),
        });
        let doc = "Its type. Default: `gp3` on AWS, `Premium_LRS` on Azure.";
        let kind = fields.optional("type", doc, &kind.length(1, 63)).maybe()?;
        Some(Disk { size_gib: size?, kind: kind.or_else(|| Some(cloud?.default_disk_type.into()))? })
    })
}

pub fn control_plane(facts: &Facts) -> impl Kind<Out = ControlPlane> + use<'_> {
    object("{ count: 3 }", move |fields| {
        let doc = "How many machines: 1, 3, 5 or 7, since etcd works while more than half of them do.";
        let count = fields.defaulted("count", doc, &whole(1..=7), "1");
        if let Some(even) = count.filter(|count| count % 2 == 0) {
            let label = format!("{even} can lose no more machines than {}", even - 1);
            let help =
                format!("write `{}` or `{}`: etcd works while more than half of its members do", even - 1, even + 1);
            fields.wrong("count", "must be odd", wrong(label, help));
        }
        let machine = machine_field(fields, facts);
        let disk = disk_field(fields, facts);
        let image = image_field(fields, facts);
        let provisioning = provisioning_field(fields, facts);
        let endpoint =
            fields.optional("endpoint", "The way to the API. Default: a load balancer.", &endpoint()).or_default();
        Some(ControlPlane {
            count: count?,
            machine: machine?,
            disk: disk?,
            image: image?,
            endpoint: endpoint?,
            provisioning: provisioning?,
        })
    })
}

fn endpoint() -> impl Kind<Out = Endpoint> {
    object("{ dns: api.demo.example.com }", |fields| {
        let dns = text("a full host name", "api.demo.example.com", names::dns_name).length(3, 253);
        let doc = "A name that you keep pointed at the control plane; then no load balancer is made.";
        Some(Endpoint { dns: fields.optional("dns", doc, &dns).maybe()? })
    })
}

pub fn default_control_plane(facts: &Facts) -> Option<ControlPlane> {
    let cloud = facts.cloud()?;
    Some(ControlPlane {
        count: 1,
        machine: cloud.default_machine.into(),
        disk: default_disk(facts)?,
        image: Image::Family(cloud.default_family.into()),
        endpoint: Endpoint::default(),
        provisioning: cloud.default_provisioning,
    })
}
