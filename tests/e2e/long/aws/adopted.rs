//! A machine that EC2 has and no state of Terraform's: everything died in between. And one that EC2 refuses.

use scaler_lab::{Fault, InstanceState, Matcher};

use super::cluster::{Aws, REGION};
use crate::matrix::case::{LATER, mortal};

/// EC2's own words.
const NO_MORE: &str = "<Response><Errors><Error><Code>VcpuLimitExceeded</Code><Message>You have requested more vCPU \
    capacity than your current vCPU limit allows.</Message></Error></Errors><RequestID>x</RequestID></Response>";

impl Aws {
    /// How often EC2 was asked for this.
    fn asked(&self, action: &str) -> usize {
        self.moto.requests().iter().filter(|request| request.action == action).count()
    }

    /// The ids of the machines of this node, dead or alive.
    fn machines_of(&self, node: &str) -> Vec<String> {
        let of_node = self.moto.instances(REGION).into_iter().filter(|one| one.name() == node);
        of_node.map(|one| one.id).collect()
    }

    fn terraforms_lock(&self) -> Option<String> {
        self.object(&format!("terraform/pool-{}.tfstate.tflock", self.pool))
    }
}

#[test]
fn a_machine_that_no_state_has_is_adopted_and_one_that_was_refused_is_made_up_for() {
    scaler_lab::needs!(Moto, AwsProvider);
    let aws = Aws::new();
    aws.write(&aws.file(1));
    aws.program.run(&["apply", "--yes"]).ends(0);
    let first = aws.assert_consists_of(&[1]);

    let made = aws.asked("RunInstances");
    // Terraform saves its state as soon as it has said that the machine is made: it must not be the faster one. Its lock,
    // beside the state, has another text.
    let state = format!("terraform/pool-{}.tfstate", aws.pool);
    let saving = Matcher::any().method("PUT").path(&state).body("\"terraform_version\"");
    aws.moto.proxy().order(Fault::refuse().when(saving).always());
    let orders = [("SCALER_MORTAL_DIE", "in terraform: aws_instance.node create done #1"), ("SCALER_MORTAL_TREE", "1")];
    let up = ["scale-up", "--pool", &aws.pool, "--to", "2", "--yes"];
    assert_eq!(mortal(&aws.program, &orders, &up).code, -1, "it died");
    let adopted = aws.machines_of(&aws.node(2));
    assert_eq!((adopted.len(), aws.asked("RunInstances")), (1, made + 1), "EC2 made one");
    assert!(!aws.recorded().contains_key(&aws.node(2)), "the record does not know it");
    aws.moto.proxy().calm();
    assert!(!aws.object(&state).expect("a state").contains(&adopted[0]));
    assert!(aws.terraforms_lock().is_some(), "Terraform could not give its lock back");

    let said = mortal(&aws.elsewhere, &[LATER], &["resume", "--cluster", &aws.url(), "--yes"]).ends(0);
    said.says("Adopted, because no state had their machine: ").says(&aws.node(2)).says("with all of it done");
    assert_eq!(aws.asked("RunInstances"), made + 1, "no other one was made");
    let two = aws.assert_consists_of(&[1, 2]);
    assert_eq!((&two[&aws.node(1)], &two[&aws.node(2)]), (&first[&aws.node(1)], &adopted[0]), "the very machines");
    assert_eq!(aws.terraforms_lock(), None);
    aws.program.run(&["plan", "--detailed-exitcode"]).ends(0);

    // It lives on as any other: its tags change with the file's.
    aws.write(&aws.file(1).replace("team: platform", "owner: infra"));
    aws.program.run(&["apply", "--yes"]).ends(0);
    aws.assert_tagged("owner", "infra");
    assert_eq!(aws.assert_consists_of(&[1, 2]), two);

    // Of two more, one is made.
    let refusal = Fault::answer(400, NO_MORE).when(Matcher::any().action("RunInstances"));
    aws.moto.proxy().order(refusal.from_nth(2).always());
    let said = aws.scale("scale-up", &["--to", "4"]).ends(6).says("VcpuLimitExceeded");
    said.says("the account's quota does not allow that many");
    aws.moto.proxy().calm();
    let more: Vec<u32> = [3, 4].into_iter().filter(|number| !aws.machines_of(&aws.node(*number)).is_empty()).collect();
    assert_eq!(more.len(), 1, "one was made");
    let three = aws.assert_consists_of(&[1, 2, more[0]]);
    aws.scale("scale-up", &["--to", "4"]).ends(0);
    let four = aws.assert_consists_of(&[1, 2, more[0], 5]);
    assert!(three.iter().all(|(name, id)| four.get(name) == Some(id)), "{three:?} {four:?}");

    aws.scale("scale-down", &["--node", &aws.node(2)]).ends(0);
    aws.assert_consists_of(&[1, more[0], 5]);
    let dead = aws.moto.instances(REGION).into_iter().find(|one| one.id == adopted[0]).expect("the adopted one");
    assert_eq!(dead.state, InstanceState::Terminated);
}
