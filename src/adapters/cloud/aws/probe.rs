//! What the login may do, tried with `DryRun`: EC2 judges the call and does not carry it out.
//! <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_RunInstances.html> ("DryRun")

use async_trait::async_trait;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::types::{Instance, ResourceType, Tag, TagSpecification};

use super::{Aws, date::ServerDate, errors};
use crate::model::failure::{Failure, Result};
use crate::model::provider::tags;
use crate::ops::ports::probe::{Answer, CloudProbe, Probed};

/// The code of a call that would have been allowed.
const ALLOWED: &str = "DryRunOperation";

const DENIED: [&str; 3] = ["UnauthorizedOperation", "AccessDenied", "AccessDeniedException"];

#[async_trait]
impl CloudProbe for Aws {
    async fn rights(&self, machine_id: Option<&str>) -> Vec<Probed> {
        let (list, images, types) = futures::join!(
            self.ec2.describe_instances().dry_run(true).send(),
            self.ec2.describe_images().owners("self").dry_run(true).send(),
            self.ec2.describe_instance_types().dry_run(true).send(),
        );
        let mut probed = vec![
            judged("ec2:DescribeInstances", list),
            judged("ec2:DescribeImages", images),
            judged("ec2:DescribeInstanceTypes", types),
        ];
        // The two that matter most are judged by image, network and tags: only a machine of the cluster has the right ones.
        let example = match machine_id {
            Some(machine_id) => self.example(machine_id).await,
            None => Err("there is no machine yet to try it on".to_owned()),
        };
        match example {
            Ok(instance) => {
                let id = instance.instance_id().unwrap_or_default();
                let (run, terminate) = futures::join!(
                    self.another(&instance),
                    self.ec2.terminate_instances().instance_ids(id).dry_run(true).send(),
                );
                probed.push(run);
                probed.push(judged("ec2:TerminateInstances", terminate));
            }
            Err(why) => probed.extend(
                ["ec2:RunInstances", "ec2:TerminateInstances"].map(|name| answered(name, Answer::Unclear(why.clone()))),
            ),
        }
        probed
    }

    async fn now(&self) -> Result<jiff::Timestamp> {
        let what = "AWS does not tell the time";
        let date = ServerDate::default();
        let call = self.sts.get_caller_identity().customize().interceptor(date.clone());
        // A refusal carries the date as well as an answer does, and a wrong clock is a reason for one.
        let answer = call.send().await;
        match (date.seen(), answer) {
            (Some(seconds), _) => {
                jiff::Timestamp::from_second(seconds).map_err(|error| Failure::failed(what).caused_by(&error))
            }
            (None, Err(error)) => Err(errors::explain(what, "sts:GetCallerIdentity", error)),
            (None, Ok(_)) => Err(Failure::failed(what).because("its answer has no date")),
        }
    }
}

impl Aws {
    async fn example(&self, machine_id: &str) -> Result<Instance, String> {
        let answer = self.ec2.describe_instances().instance_ids(machine_id).send().await;
        let answer = answer.map_err(|_| format!("machine {machine_id}, to try it on, cannot be looked at"))?;
        let mut found = answer.reservations().iter().flat_map(|reservation| reservation.instances());
        found.next().cloned().ok_or_else(|| format!("machine {machine_id}, to try it on, is not there"))
    }

    /// Another machine like this one, with its tags of ours: policies go by them.
    async fn another(&self, like: &Instance) -> Probed {
        let ours = |tag: &&Tag| tag.key().is_some_and(|key| key.starts_with(tags::PREFIX));
        let ours: Vec<Tag> = like.tags().iter().filter(ours).cloned().collect();
        let tagged =
            |kind: ResourceType| TagSpecification::builder().resource_type(kind).set_tags(Some(ours.clone())).build();
        let groups = like.security_groups().iter().filter_map(|group| group.group_id().map(str::to_owned)).collect();
        let answer = self
            .ec2
            .run_instances()
            .set_image_id(like.image_id().map(str::to_owned))
            .set_instance_type(like.instance_type().cloned())
            .set_subnet_id(like.subnet_id().map(str::to_owned))
            .set_key_name(like.key_name().map(str::to_owned))
            .set_security_group_ids(Some(groups))
            .tag_specifications(tagged(ResourceType::Instance))
            .min_count(1)
            .max_count(1)
            .dry_run(true)
            .send()
            .await;
        judged("ec2:RunInstances", answer)
    }
}

fn judged<T, E: ProvideErrorMetadata, R>(action: &str, answer: std::result::Result<T, SdkError<E, R>>) -> Probed {
    let code = match &answer {
        Err(SdkError::ServiceError(error)) => error.err().meta().code().unwrap_or_default().to_owned(),
        Err(_) => return answered(action, Answer::Unclear("AWS did not answer".to_owned())),
        Ok(_) => return answered(action, Answer::Unclear("AWS did not judge the trial call".to_owned())),
    };
    answered(
        action,
        match code.as_str() {
            ALLOWED => Answer::Good,
            code if DENIED.contains(&code) => Answer::Bad(format!("the login may not do {action}")),
            code => Answer::Unclear(format!("AWS answered the trial call with {code}")),
        },
    )
}

fn answered(action: &str, answer: Answer) -> Probed {
    Probed { name: action.to_owned(), answer, fix: format!("allow {action}: see the policies in {}", errors::POLICIES) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::cloud::aws::moto::Moto;
    use aws_sdk_ec2::error::ErrorMetadata;
    use aws_sdk_ec2::operation::run_instances::RunInstancesError;

    #[test]
    fn the_code_of_a_trial_call_is_its_answer() {
        let judge = |code: &str| {
            let error = RunInstancesError::generic(ErrorMetadata::builder().code(code).build());
            judged::<(), _, _>("ec2:RunInstances", Err(SdkError::service_error(error, ()))).answer
        };
        assert_eq!(judge("DryRunOperation"), Answer::Good);
        assert!(matches!(judge("UnauthorizedOperation"), Answer::Bad(_)));
        assert!(matches!(judge("InvalidAMIID.NotFound"), Answer::Unclear(_)));
        assert!(matches!(judged::<_, RunInstancesError, ()>("a", Ok(())).answer, Answer::Unclear(_)));
    }

    #[tokio::test]
    async fn rights_are_tried_and_nothing_is_changed() {
        scaler_lab::needs!(Moto);
        let moto = Moto::start();
        let aws = moto.aws("eu-west-1");
        let id = moto.run(&aws, "ours", "d-w-1").await;
        let probed = aws.rights(Some(&id)).await;
        let run = probed.iter().find(|probed| probed.name == "ec2:RunInstances").unwrap();
        let terminate = probed.iter().find(|probed| probed.name == "ec2:TerminateInstances").unwrap();
        assert_eq!((&run.answer, &terminate.answer), (&Answer::Good, &Answer::Good));
        let machines = crate::ops::ports::Cloud::machines(&aws, "ours").await.unwrap();
        assert_eq!(machines.len(), 1);
        assert_eq!(machines[0].state, crate::model::machine::MachineState::Running);

        let seconds = aws.now().await.unwrap().duration_since(jiff::Timestamp::now()).as_secs().abs();
        assert!(seconds <= 30, "{seconds}");
        let without = aws.rights(None).await;
        assert!(
            without
                .iter()
                .any(|probed| matches!(&probed.answer, Answer::Unclear(why) if why.contains("no machine yet")))
        );
    }
}
