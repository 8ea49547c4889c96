use super::*;
use crate::model::drain::cordon::Cordon;
use crate::model::drain::samples::{budget, node, on, operation, owned, pod, rules};
use crate::model::kubernetes::{OPERATION_ANNOTATION, Resources};

struct Case {
    nodes: Vec<Node>,
    pods: Vec<Pod>,
    budgets: Vec<Budget>,
    own_pod: Option<&'static str>,
    own_host: &'static str,
    operation: Option<OperationId>,
}

fn case(pods: &[Pod]) -> Case {
    Case {
        nodes: vec![node("v"), node("other")],
        pods: pods.to_vec(),
        budgets: Vec::new(),
        own_pod: None,
        own_host: "laptop",
        operation: None,
    }
}

impl Case {
    fn report(&self) -> NodeReport {
        let rules = rules();
        let mut reports = preflight(&Situation {
            victims: &["v".to_owned()],
            nodes: &self.nodes,
            pods: &self.pods,
            budgets: &self.budgets,
            rules: &rules,
            own_pod: self.own_pod,
            own_host: self.own_host,
            operation: self.operation.as_ref(),
            at: Timestamp::UNIX_EPOCH,
        });
        reports.pop().unwrap()
    }

    /// Severity and text of each finding.
    fn says(&self) -> Vec<String> {
        self.report().findings().iter().map(|one| format!("{:?}: {}", one.severity, one.hold)).collect()
    }
}

#[test]
fn a_plain_node_has_nothing_in_the_way() {
    let case = case(&[on("v", pod("web")), on("v", owned("proxy", "DaemonSet")), on("other", pod("elsewhere"))]);
    assert_eq!(case.says(), [""; 0]);
    assert_eq!(case.report().severity(), Severity::Fine);
    assert_eq!(case.report().to_string(), "moves 1 pod, 1 going down with the node");
}

#[test]
fn what_holds_a_pod_is_said() {
    let case = case(&[
        on("v", Pod { owner: None, ..pod("bare") }),
        on("v", Pod { empty_dir: true, ..pod("scratch") }),
        on("v", owned("backup", "Job")),
        on("v", Pod { deleted: Some(Timestamp::UNIX_EPOCH), ..pod("leaving") }),
    ]);
    assert_eq!(
        case.says(),
        [
            "Blocks: shop/bare has no controller that would make it again elsewhere",
            "Blocks: shop/scratch keeps data in an emptyDir volume, which would be deleted",
            "Waits: shop/backup works for Job/owner and is waited for",
            "Waits: shop/leaving is being deleted",
        ]
    );
}

#[test]
fn budgets_are_waited_for_or_block() {
    let exhausted = Budget { disruptions_allowed: 0, current_healthy: 1, ..budget("b") };
    let never = Budget { desired_healthy: 2, min_available: Some("2".to_owned()), ..exhausted.clone() };
    let sick = on("other", Pod { ready: false, ..pod("sick") });
    let with = |budgets: &[Budget]| Case { budgets: budgets.to_vec(), ..case(&[on("v", pod("web")), sick.clone()]) };
    assert_eq!(with(&[budget("b")]).says(), [""; 0]);
    assert_eq!(
        with(std::slice::from_ref(&exhausted)).says(),
        ["Waits: shop/web waits for budget shop/b, which needs 1 healthy pods and has 1"]
    );
    let help = with(&[exhausted]).report().findings()[0].help().unwrap();
    assert_eq!(help, "make shop/sick Ready, or set `unhealthyPodEvictionPolicy: AlwaysAllow` in budget shop/b");
    assert_eq!(
        with(&[never]).says(),
        ["Blocks: shop/web is covered by budget shop/b, which demands 2 healthy pods of 2"]
    );
    assert_eq!(
        with(&[budget("a"), budget("b")]).says(),
        ["Blocks: shop/web is covered by several budgets (shop/a, shop/b), and the API server evicts no such pod"]
    );
}

#[test]
fn a_pod_that_stays_asks_no_budget() {
    let never = Budget { max_unavailable: Some("0".to_owned()), ..budget("b") };
    let case = Case { budgets: vec![never], ..case(&[on("v", owned("proxy", "DaemonSet"))]) };
    assert_eq!(case.says(), [""; 0]);
}

#[test]
fn a_pod_without_room_is_a_warning() {
    let large = Pod { requests: Resources { cpu_millis: 4001, memory_bytes: 0, pods: 1 }, ..pod("large") };
    assert_eq!(
        case(&[on("v", large)]).says(),
        ["Warns: shop/large would fit on no other node: 1 node goes too, 1 node lacks CPU"]
    );
}

#[test]
fn a_pod_without_room_blocks_where_its_budget_would_stop_the_drain_half_way() {
    let large = |name: &str| {
        let requests = Resources { cpu_millis: 4001, memory_bytes: 0, pods: 1 };
        on("v", Pod { requests, ..pod(name) })
    };
    let one_of_two = Case { budgets: vec![budget("b")], ..case(&[large("a"), large("b")]) };
    assert_eq!(
        one_of_two.says()[0],
        "Blocks: shop/a is one of 2 pods under budget shop/b that would fit on no other node, and the budget can spare 1"
    );
    let spare = Budget { desired_healthy: 0, disruptions_allowed: 2, ..budget("b") };
    let says = Case { budgets: vec![spare], ..one_of_two }.says();
    assert!(says.iter().all(|text| text.starts_with("Warns")), "{says:?}");
}

#[test]
fn pods_that_only_do_not_fit_together_never_block() {
    let half = |name: &str| {
        let requests = Resources { cpu_millis: 3000, memory_bytes: 0, pods: 1 };
        on("v", Pod { requests, ..pod(name) })
    };
    let tight = Budget { desired_healthy: 2, expected_pods: 2, disruptions_allowed: 0, ..budget("b") };
    let tight = Budget { expected_pods: 3, ..tight };
    let says = Case { budgets: vec![tight], ..case(&[half("a"), half("b")]) }.says();
    assert!(says.iter().all(|text| !text.starts_with("Blocks")), "{says:?}");
}

#[test]
fn nodes_that_must_not_be_drained_block() {
    let mut control_plane = node("v");
    control_plane.labels.insert("node-role.kubernetes.io/control-plane".to_owned(), String::new());
    let silent = Node { ready: false, ..node("v") };
    let web = on("v", pod("web"));
    let daemon = on("v", owned("proxy", "DaemonSet"));
    let with = |node: Node, pod: &Pod| Case {
        nodes: vec![node, super::super::samples::node("other")],
        ..case(std::slice::from_ref(pod))
    };
    assert_eq!(with(control_plane, &daemon).says(), ["Blocks: the node carries a control plane"]);
    assert_eq!(with(silent.clone(), &daemon).says(), [""; 0]);
    assert_eq!(with(silent, &web).report().severity(), Severity::Blocks);
    let gone = Case { nodes: vec![node("other")], ..case(&[]) };
    assert_eq!(gone.says(), ["Blocks: the Node object is gone"]);
    assert_eq!(gone.report().uid, None);
}

#[test]
fn scaler_does_not_drain_itself() {
    let mut case = case(&[on("v", pod("scaler-0"))]);
    case.own_pod = Some("shop/scaler-0");
    assert_eq!(case.says(), ["Blocks: shop/scaler-0 is where scaler itself runs"]);
    case.own_pod = None;
    case.own_host = "v";
    let here = ["Blocks: the node is the machine that scaler itself runs on"];
    assert_eq!(case.says(), here);
    case.own_host = "ip-10-0-0-7";
    assert_eq!(case.says(), [""; 0]);
    case.nodes[0].labels.insert("kubernetes.io/hostname".into(), "ip-10-0-0-7".into());
    assert_eq!(case.says(), here);
}

#[test]
fn another_operations_cordon_blocks_and_ones_own_does_not() {
    let mut cordoned = Node { unschedulable: true, ..node("v") };
    let text = Cordon { operation: operation(), was_unschedulable: false }.text();
    cordoned.annotations.insert(OPERATION_ANNOTATION.to_owned(), text);
    let mut case = case(&[]);
    case.nodes[0] = cordoned;
    assert_eq!(case.says(), ["Blocks: operation op-1 has cordoned the node"]);
    case.operation = Some(operation());
    assert_eq!(case.says(), [""; 0]);
}
