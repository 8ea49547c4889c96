//! Finds out whether machines that the cloud does not list are gone (invariant 1). Changes nothing.

use futures::{StreamExt, TryStreamExt, stream};

use super::identity;
use super::ports::{Clock, Cloud, Event, Kubernetes, Ports, Progress};
use crate::model::census::death::{APART, Death, Doubt, First, Moment, Suspect, UnknownOnce};
use crate::model::census::{Census, Roll};
use crate::model::failure::{Failure, Result};
use crate::model::kubernetes::Node;
use crate::model::machine::{Place, Sighting};
use crate::model::provider::Provider;
use crate::model::record::Record;

#[cfg(test)]
pub(super) mod fakes;

/// How many machines are asked for at once.
const AT_ONCE: usize = 8;

/// What was found out about one suspect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    pub suspect: Suspect,
    pub found: Result<Death, Doubt>,
}

/// Whom to ask, and about which place.
pub struct Inquiry<'a> {
    cloud: &'a dyn Cloud,
    kubernetes: Option<&'a dyn Kubernetes>,
    clock: &'a dyn Clock,
    progress: &'a dyn Progress,
    provider: Provider,
    /// The record's: an id means nothing in another account or region.
    place: Place,
    /// The UID of the record's cluster, where it is known.
    cluster: Option<String>,
}

/// Asks for each suspect of the census by its id, and takes in what is found. Takes a minute if the cloud does not know
/// one. An error if the cloud does not answer, or the login leads elsewhere.
pub async fn settle(ports: &Ports, record: &Record, census: &mut Census) -> Result<()> {
    for verdict in Inquiry::of(ports, record).prove(census.suspects()).await? {
        match verdict.found {
            Ok(death) => census.settle(&death),
            Err(doubt) => census.doubt(&verdict.suspect, doubt.to_string()),
        }
    }
    Ok(())
}

impl<'a> Inquiry<'a> {
    pub fn of(ports: &'a Ports, record: &Record) -> Inquiry<'a> {
        Inquiry {
            cloud: ports.cloud.as_ref(),
            kubernetes: ports.kubernetes.as_ref().ok().map(|kubernetes| kubernetes.as_ref()),
            clock: ports.clock.as_ref(),
            progress: ports.progress.as_ref(),
            provider: record.provider,
            place: Place { account: record.account.clone(), region: record.region.clone() },
            cluster: record.kube_system_uid.clone(),
        }
    }

    /// One verdict for each suspect, in their order.
    pub async fn prove(&self, suspects: &[Suspect]) -> Result<Vec<Verdict>> {
        if suspects.is_empty() {
            return Ok(Vec::new());
        }
        let answers = self.ask(suspects).await?;
        // Taken after the answers, so that the time between two of them is never shorter than it is said to be.
        let at = self.moment();
        let nodes = answers.nodes.as_deref();
        let roll = nodes.map(|nodes| Roll::of(self.provider, nodes));
        let firsts: Vec<First> = suspects
            .iter()
            .zip(&answers.sightings)
            .map(|(suspect, seen)| suspect.first(*seen, roll.as_ref(), at))
            .collect();
        let unknown: Vec<Suspect> =
            firsts.iter().filter_map(|first| unknown(first).map(|once| once.suspect().clone())).collect();
        let mut seconds = self.ask_again(&unknown).await?;
        let verdict = |(suspect, first): (&Suspect, First)| Verdict {
            suspect: suspect.clone(),
            found: match first {
                First::Dead(death) => Ok(death),
                First::Doubt(doubt) => Err(doubt),
                First::Unknown(once) => seconds.judge(self.provider, once),
            },
        };
        Ok(suspects.iter().zip(firsts).map(verdict).collect())
    }

    async fn ask_again(&self, suspects: &[Suspect]) -> Result<Seconds> {
        if suspects.is_empty() {
            return Ok(Seconds { answers: Answers::default(), at: self.moment(), next: 0 });
        }
        let step = "gone".to_owned();
        let names = suspects.iter().map(|suspect| suspect.node.as_str()).collect::<Vec<_>>().join(", ");
        let title = format!("waiting {} s to ask the cloud again for the machines of {names}", APART.as_secs());
        self.progress.tell(Event::StepStarted { step: step.clone(), title });
        self.clock.sleep(APART).await;
        let at = self.moment();
        let answers = self.ask(suspects).await?;
        self.progress.tell(Event::StepDone { step, title: "asked the cloud again".to_owned() });
        Ok(Seconds { answers, at, next: 0 })
    }

    /// Asks cluster and cloud, and that the login still leads to the record's place.
    async fn ask(&self, suspects: &[Suspect]) -> Result<Answers> {
        let place = self.cloud.place().await?;
        if place != self.place {
            return Err(Failure::refused("what became of machines cannot be asked with this login")
                .because(format!("they are in account {}, region {}", self.place.account, self.place.region))
                .because(format!("the login is for account {}, region {}", place.account, place.region)));
        }
        let nodes = match self.kubernetes {
            // No list is no proof, and the doubt says so; a machine that is terminated needs none.
            Some(kubernetes) => self.nodes(kubernetes).await.ok(),
            None => None,
        };
        let sight = |suspect: &'_ Suspect| {
            let id = suspect.machine_id.clone();
            async move { self.cloud.sight(&id).await }
        };
        let asked: Vec<_> = suspects.iter().map(sight).collect();
        let sightings = stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
        Ok(Answers { nodes, sightings })
    }

    /// A Node that another cluster does not renew is silent there only.
    async fn nodes(&self, kubernetes: &dyn Kubernetes) -> Result<Vec<Node>> {
        match &self.cluster {
            Some(uid) => identity::nodes_of(kubernetes, uid).await,
            None => Ok(kubernetes.nodes().await?.items),
        }
    }

    fn moment(&self) -> Moment {
        Moment(self.clock.boot().0)
    }
}

#[derive(Default)]
struct Answers {
    nodes: Option<Vec<Node>>,
    sightings: Vec<Sighting>,
}

/// The second answers, for those whose first was `Unknown`, in their order.
struct Seconds {
    answers: Answers,
    at: Moment,
    next: usize,
}

impl Seconds {
    fn judge(&mut self, provider: Provider, once: UnknownOnce) -> Result<Death, Doubt> {
        let seen = self.answers.sightings.get(self.next).copied();
        self.next += 1;
        let roll = self.answers.nodes.as_deref().map(|nodes| Roll::of(provider, nodes));
        once.again(seen.ok_or(Doubt::TooSoon)?, roll.as_ref(), self.at)
    }
}

fn unknown(first: &First) -> Option<&UnknownOnce> {
    match first {
        First::Unknown(once) => Some(once),
        First::Dead(_) | First::Doubt(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::fakes::{Fake, heartbeat};
    use super::*;
    use crate::model::journal::Deathbed;
    use crate::model::machine::MachineState;
    use crate::model::names::NodeName;

    fn suspects(count: usize) -> Vec<Suspect> {
        (1..=count)
            .map(|number| Suspect {
                node: NodeName::from_text(format!("d-w-{number}")),
                machine_id: format!("i-{number}"),
            })
            .collect()
    }

    fn inquiry(fake: &Fake) -> Inquiry<'_> {
        let place = Place { account: "1".into(), region: "r".into() };
        Inquiry {
            cloud: fake,
            kubernetes: Some(fake),
            clock: fake,
            progress: fake,
            provider: Provider::Aws,
            place,
            cluster: Some("uid-kube-system".into()),
        }
    }

    async fn found(fake: &Fake, count: usize) -> Vec<Result<Deathbed, Doubt>> {
        let verdicts = inquiry(fake).prove(&suspects(count)).await.unwrap();
        verdicts.into_iter().map(|verdict| verdict.found.map(|death| death.seen())).collect()
    }

    #[tokio::test]
    async fn a_terminated_machine_needs_no_wait() {
        let fake = Fake::answering(|_, _| Ok(Sighting::Found(MachineState::Terminated)));
        assert_eq!(found(&fake, 2).await, [Ok(Deathbed::Terminated), Ok(Deathbed::Terminated)]);
        assert_eq!(fake.slept(), 0);
    }

    #[tokio::test]
    async fn each_suspect_gets_its_own_verdict() {
        let fake = Fake::answering(|id, second| {
            Ok(match (id, second) {
                ("i-2", _) => Sighting::Found(MachineState::Stopped),
                ("i-4", 60..) => Sighting::Found(MachineState::Running),
                _ => Sighting::Unknown,
            })
        });
        let expected = [
            Ok(Deathbed::UnknownTwice),
            Err(Doubt::Lives(MachineState::Stopped)),
            Ok(Deathbed::UnknownTwice),
            Err(Doubt::Lives(MachineState::Running)),
        ];
        assert_eq!(found(&fake, 4).await, expected);
        assert_eq!(fake.slept(), 60);
    }

    #[tokio::test]
    async fn a_kubelet_that_goes_on_renewing_lives() {
        let fake =
            Fake::answering(|_, _| Ok(Sighting::Unknown)).with_nodes(|second| Ok(vec![heartbeat("d-w-1", second)]));
        assert_eq!(found(&fake, 1).await, [Err(Doubt::Renewed)]);
        let silent = Fake::answering(|_, _| Ok(Sighting::Unknown)).with_nodes(|_| Ok(vec![heartbeat("d-w-1", 0)]));
        assert_eq!(found(&silent, 1).await, [Ok(Deathbed::UnknownTwice)]);
    }

    #[tokio::test]
    async fn a_cluster_that_does_not_answer_leaves_a_doubt() {
        let fake = Fake::answering(|_, _| Ok(Sighting::Unknown)).with_nodes(|_| Err(Failure::failed("down")));
        assert_eq!(found(&fake, 1).await, [Err(Doubt::NobodyToAsk)]);
    }

    #[tokio::test]
    async fn the_silence_of_another_cluster_is_no_proof() {
        for turned in [0, 2] {
            let mut fake = Fake::answering(|_, _| Ok(Sighting::Unknown));
            fake.turns_after = Some((turned, "uid-other"));
            assert_eq!(found(&fake, 1).await, [Err(Doubt::NobodyToAsk)], "from question {turned} on");
        }
    }

    #[tokio::test]
    async fn a_cloud_that_does_not_answer_is_an_error() {
        let silent =
            Fake::answering(|id, _| if id == "i-2" { Err(Failure::failed("503")) } else { Ok(Sighting::Unknown) });
        assert!(inquiry(&silent).prove(&suspects(2)).await.is_err());
        let later =
            Fake::answering(|_, second| if second > 0 { Err(Failure::failed("503")) } else { Ok(Sighting::Unknown) });
        assert!(inquiry(&later).prove(&suspects(1)).await.is_err());
    }

    #[tokio::test]
    async fn another_place_is_refused() {
        let fake = Fake::answering(|_, _| Ok(Sighting::Unknown));
        let mut inquiry = inquiry(&fake);
        inquiry.place.region = "elsewhere".into();
        let failure = inquiry.prove(&suspects(1)).await.unwrap_err();
        assert_eq!(failure.kind, crate::model::failure::Kind::Refused);
    }
}
