//! What holds a node, in words, and the smallest change that would help.

use std::fmt;
use std::time::Duration;

use super::hold::{Deadline, Hold, Why};

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.pod {
            Some(pod) => write!(f, "{pod} {}", self.why),
            None => write!(f, "{}", self.why),
        }
    }
}

impl fmt::Display for Why {
    /// The end of a sentence that begins with the pod's name, or a sentence about the node.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Unmanaged => f.write_str("has no controller that would make it again elsewhere"),
            Why::EmptyDir => f.write_str("keeps data in an emptyDir volume, which would be deleted"),
            Why::JobRuns { owner } => write!(f, "works for {owner} and is waited for"),
            Why::Terminating { overdue: false } => f.write_str("is being deleted"),
            Why::Terminating { overdue: true } => f.write_str("is being deleted, for longer than its grace period"),
            Why::OwnPod => f.write_str("is where scaler itself runs"),
            Why::SeveralBudgets { budgets } if budgets.is_empty() => {
                f.write_str("is covered by several budgets, and the API server evicts no such pod")
            }
            Why::SeveralBudgets { budgets } => {
                write!(
                    f,
                    "is covered by several budgets ({}), and the API server evicts no such pod",
                    budgets.join(", ")
                )
            }
            Why::BudgetNever { budget, demand, .. } => write!(f, "is covered by budget {budget}, which {demand}"),
            Why::BudgetNotNow { budget, needs, has, .. } => {
                write!(f, "waits for budget {budget}, which needs {needs} healthy pods and has {has}")
            }
            Why::BudgetBehind { budget } => write!(f, "waits for budget {budget}, which is still being worked out"),
            Why::BudgetBroken { budget, error } => {
                write!(f, "is covered by budget {budget}, which cannot be worked out: {error}")
            }
            Why::BudgetRefused { budget, causes } => {
                match budget {
                    Some(budget) => write!(f, "waits for budget {budget}")?,
                    None => f.write_str("waits for a budget")?,
                }
                if causes.is_empty() { Ok(()) } else { write!(f, ": {}", causes.join("; ")) }
            }
            Why::BudgetTurn { budget } => write!(f, "waits for its turn under budget {budget}"),
            Why::Later { answer } => write!(f, "could not be evicted yet: {answer}"),
            Why::StillThere => f.write_str("is still on the node"),
            Why::NotBegun => f.write_str("its turn to be drained did not come"),
            Why::NotProven => f.write_str("it was found empty once, and no time was left to prove it"),
            Why::NamespaceTerminating => f.write_str("goes with its namespace, which is being deleted"),
            Why::FitsNowhere { nodes } => write!(f, "would fit on no other node: {nodes}"),
            Why::NoRoomForBudget { budget, homeless, spare } => write!(
                f,
                "is one of {homeless} pods under budget {budget} that would fit on no other node, and the budget can \
                 spare {spare}"
            ),
            Why::OwnHost => f.write_str("the node is the machine that scaler itself runs on"),
            Why::ControlPlane => f.write_str("the node carries a control plane"),
            Why::NotReady => f.write_str("the node is not Ready: its kubelet does not answer, so no pod on it can end"),
            Why::NodeGone => f.write_str("the Node object is gone"),
            Why::NodeReplaced { uid } => write!(f, "another Node has this name now (UID {uid})"),
            Why::Uncordoned { by: Some(by) } => {
                write!(
                    f,
                    "somebody uncordoned the node; the last to change it was {by}, as far as the API server tells"
                )
            }
            Why::Uncordoned { by: None } => f.write_str("somebody uncordoned the node"),
            Why::ForeignOperation { operation } => write!(f, "operation {operation} has cordoned the node"),
            Why::StrangeAnnotation { text } => {
                write!(f, "the node's annotation scaler/operation cannot be read: {text}")
            }
            Why::VolumeAttached { volume } => write!(f, "volume {volume} of a pod that left is still attached"),
            Why::Unreachable { error } => write!(f, "the cluster's API could not be read: {error}"),
            Why::OtherBlocked { node } => write!(f, "was not drained further, since {node} is blocked"),
        }
    }
}

impl Hold {
    /// The smallest change that would help, as an instruction. None: only time helps, or nothing needs to.
    pub fn help(&self) -> Option<String> {
        let pod = self.pod.as_deref().unwrap_or("the pod");
        let delete = |pod: &str| match pod.split_once('/') {
            Some((namespace, name)) => format!("`kubectl -n {namespace} delete pod {name}`"),
            None => format!("delete {pod}"),
        };
        Some(match &self.why {
            Why::Unmanaged => format!("{} if it may go, or set `drain.evictUnmanaged: true`", delete(pod)),
            Why::EmptyDir => {
                format!("set `drain.deleteEmptyDirData: true` if that data may go, or {}", delete(pod))
            }
            Why::JobRuns { .. } => "wait until the Job is done, or set `drain.jobs: evict`".to_owned(),
            Why::Terminating { overdue: true } => format!(
                "see `kubectl describe pod` for finalizers and for a process that does not end; {pod} ends when they do"
            ),
            Why::OwnPod | Why::OwnHost => "name other nodes, or run scaler from another node or machine".to_owned(),
            Why::SeveralBudgets { budgets } => match budgets.as_slice() {
                [] => format!("leave one budget whose selector covers {pod}"),
                budgets => format!("leave {pod} to one of {}: narrow the selector of the others", budgets.join(", ")),
            },
            Why::BudgetNever { change, .. } => change.clone(),
            Why::BudgetNotNow { budget, unready, .. } if !unready.is_empty() => format!(
                "make {} Ready, or set `unhealthyPodEvictionPolicy: AlwaysAllow` in budget {budget}",
                unready.join(", ")
            ),
            Why::BudgetNotNow { budget, .. } => {
                format!("run one more replica of what budget {budget} covers, or let it spare one more")
            }
            Why::BudgetBroken { budget, .. } => {
                format!("write budget {budget} with numbers instead of percentages, or give its pods a controller")
            }
            Why::BudgetRefused { budget: Some(budget), .. } => {
                format!("run one more replica of what budget {budget} covers, or let it spare one more")
            }
            Why::Later { .. } => "see whether the API server is well: `kubectl get --raw /readyz?verbose`".to_owned(),
            Why::FitsNowhere { .. } => format!("add a node that {pod} fits on first, or keep this one"),
            Why::NoRoomForBudget { budget, .. } => {
                format!("add a node that the pods of budget {budget} fit on first, or remove fewer nodes at once")
            }
            Why::ControlPlane => "control planes never go by a scale-down; name a worker".to_owned(),
            Why::NotReady => "bring its kubelet back, or, if the machine is lost, `--accept-lost NODE`".to_owned(),
            Why::NodeGone | Why::NodeReplaced { .. } => {
                "run the command again: it will look at the machines anew".to_owned()
            }
            Why::Uncordoned { .. } => "agree with whoever did that, and run the command again".to_owned(),
            Why::ForeignOperation { .. } => {
                "`scaler status` says whether that operation goes on, and what it left; once \
                                             nothing of it does, take its mark off: `kubectl annotate node NODE \
                                             scaler/operation-`"
                    .to_owned()
            }
            Why::StrangeAnnotation { .. } => {
                "remove it, if no operation of scaler is under way: `kubectl annotate node NODE scaler/operation-`"
                    .to_owned()
            }
            Why::VolumeAttached { .. } => {
                "see `kubectl get volumeattachments` and the logs of the volume's CSI driver".to_owned()
            }
            Why::NotBegun | Why::NotProven => "give it more time: `drain.totalTimeout`, `drain.parallel`".to_owned(),
            Why::Unreachable { .. } => "see whether the API server is well, and run the command again".to_owned(),
            Why::Terminating { overdue: false }
            | Why::BudgetBehind { .. }
            | Why::BudgetRefused { budget: None, .. }
            | Why::BudgetTurn { .. }
            | Why::StillThere
            | Why::NamespaceTerminating
            | Why::OtherBlocked { .. } => return None,
        })
    }
}

impl fmt::Display for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Deadline::Node(time) => write!(f, "drain.timeout ({}) is over", Minutes(*time)),
            Deadline::Total(time) => write!(f, "drain.totalTimeout ({}) is over", Minutes(*time)),
        }
    }
}

/// A length of time as it is written in the cluster file: `1h`, `15m`, `90s`.
struct Minutes(Duration);

impl fmt::Display for Minutes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        match seconds {
            0 => write!(f, "{}ms", self.0.as_millis()),
            _ if seconds.is_multiple_of(3600) => write!(f, "{}h", seconds / 3600),
            _ if seconds.is_multiple_of(60) => write!(f, "{}m", seconds / 60),
            _ => write!(f, "{seconds}s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_reads_as_a_sentence_and_says_what_to_do() {
        let hold = Hold { pod: Some("shop/web-1".to_owned()), why: Why::Unmanaged };
        assert_eq!(hold.to_string(), "shop/web-1 has no controller that would make it again elsewhere");
        assert_eq!(
            hold.help().unwrap(),
            "`kubectl -n shop delete pod web-1` if it may go, or set `drain.evictUnmanaged: true`"
        );
    }

    #[test]
    fn deadlines_are_written_as_in_the_file() {
        assert_eq!(Deadline::Node(Duration::from_secs(900)).to_string(), "drain.timeout (15m) is over");
        assert_eq!(Deadline::Total(Duration::from_secs(3600)).to_string(), "drain.totalTimeout (1h) is over");
        assert_eq!(Deadline::Node(Duration::from_secs(90)).to_string(), "drain.timeout (90s) is over");
    }
}
