//! What a machine type of EC2 offers.

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{ArchitectureType, InstanceType};

use super::errors::{explain, unless_code};
use crate::model::failure::{Failure, Result};
use crate::model::kubernetes::{KUBELET_MAX_PODS, Resources};

const ACTION: &str = "ec2:DescribeInstanceTypes";

pub(super) struct Shape {
    pub resources: Resources,
    /// As EC2 writes it: `x86_64` or `arm64`.
    pub architecture: String,
}

/// EC2 limits no pods with the network plugins of a self-managed cluster, so the kubelet's own limit holds.
pub(super) async fn shape(ec2: &Client, region: &str, name: &str) -> Result<Shape> {
    let what = format!("the machine type `{name}` cannot be looked up in {region}");
    let unknown = || {
        Failure::failed(format!("{region} has no machine type `{name}`"))
            .hint("correct `machine` in the cluster file; `aws ec2 describe-instance-type-offerings` lists the types")
    };
    let answer = ec2.describe_instance_types().instance_types(InstanceType::from(name)).send().await;
    let answer = unless_code(answer, "InvalidInstanceType")
        .map_err(|error| explain(&what, ACTION, error))?
        .ok_or_else(unknown)?;
    let info = answer
        .instance_types()
        .iter()
        .find(|info| info.instance_type().is_some_and(|kind| kind.as_str() == name))
        .ok_or_else(unknown)?;

    let missing = |field: &str| Failure::failed(&what).because(format!("EC2's answer holds no {field} of it"));
    let cpus = info.v_cpu_info().and_then(|cpus| cpus.default_v_cpus()).and_then(|cpus| u64::try_from(cpus).ok());
    let memory = info.memory_info().and_then(|memory| memory.size_in_mib()).and_then(|mib| u64::try_from(mib).ok());
    let architecture = info
        .processor_info()
        .map(|processor| processor.supported_architectures())
        .unwrap_or_default()
        .iter()
        // A few old types run 32-bit systems too; no image of a family is one.
        .find(|architecture| matches!(architecture, ArchitectureType::X8664 | ArchitectureType::Arm64))
        .ok_or_else(|| {
            Failure::refused(format!("machine type `{name}` has no architecture that an image could be chosen for"))
                .because("only x86_64 and arm64 are known")
        })?;
    Ok(Shape {
        resources: Resources {
            cpu_millis: cpus.ok_or_else(|| missing("CPUs"))? * 1000,
            memory_bytes: memory.ok_or_else(|| missing("memory"))? * 1024 * 1024,
            pods: KUBELET_MAX_PODS,
        },
        architecture: architecture.as_str().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use crate::adapters::cloud::aws::moto::Moto;
    use crate::model::kubernetes::Resources;
    use crate::ops::ports::Cloud;

    #[tokio::test]
    async fn a_machine_type_offers_what_ec2_says() {
        scaler_lab::needs!(Moto);
        let moto = Moto::start();
        let aws = moto.aws("eu-west-1");
        let medium = aws.machine_type("t3.medium").await.unwrap();
        assert_eq!(medium, Some(Resources { cpu_millis: 2000, memory_bytes: 4 << 30, pods: 110 }));
        let failure = aws.machine_type("t3.middling").await.unwrap_err();
        assert_eq!(failure.what, "eu-west-1 has no machine type `t3.middling`");
    }
}
