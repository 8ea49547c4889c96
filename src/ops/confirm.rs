//! After the apply: the cloud itself confirms that a machine is gone.

use std::time::Duration;

use super::interrupts::Interrupts;
use super::ports::{BootInstant, Clock, Cloud, Event, Ports, Progress};
use crate::model::census::death::APART;
use crate::model::failure::{Failure, Kind, Result};
use crate::model::journal::Deathbed;
use crate::model::machine::{MachineState, Sighting};

/// How long a machine may take to die after Terraform said that it is destroyed. Terraform's AWS provider waits for
/// `terminated` itself, so this is for what it did not see.
const DEADLINE: Duration = Duration::from_secs(600);

/// How long the cloud may go on failing to answer.
const SILENCE: Duration = Duration::from_secs(120);

/// The first wait between two questions; each is half as long again, up to the longest.
const FIRST_WAIT: Duration = Duration::from_secs(2);
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Waits until the cloud says that the machine is terminated, or twice, apart in time, that it does not know its id.
/// A second signal ends the waiting. The error (exit 6) names the machine and what the cloud says of it.
pub async fn gone(ports: &Ports, machine_id: &str, interrupts: &Interrupts) -> Result<Deathbed> {
    let (cloud, clock, progress) = (ports.cloud.as_ref(), ports.clock.as_ref(), ports.progress.as_ref());
    Wait { cloud, clock, progress, machine_id, interrupts }.until_gone().await
}

struct Wait<'a> {
    cloud: &'a dyn Cloud,
    clock: &'a dyn Clock,
    progress: &'a dyn Progress,
    machine_id: &'a str,
    interrupts: &'a Interrupts,
}

/// What was heard of the machine so far.
struct Heard {
    /// Since when the cloud has said that it does not know the id, without a break.
    unknown_since: Option<BootInstant>,
    answered: BootInstant,
    last: Option<MachineState>,
    failure: Option<Failure>,
}

impl Wait<'_> {
    async fn until_gone(&self) -> Result<Deathbed> {
        let began = self.clock.boot();
        let mut wait = FIRST_WAIT;
        let mut heard = Heard { unknown_since: None, answered: began, last: None, failure: None };
        loop {
            let asked = self.clock.boot();
            let answer = self.cloud.sight(self.machine_id).await;
            if let Some(death) = self.hear(&mut heard, answer, asked) {
                return Ok(death);
            }
            let now = self.clock.boot();
            if now.since(heard.answered) >= SILENCE || now.since(began) >= DEADLINE {
                return Err(self.stuck(heard, now.since(began)));
            }
            tokio::select! {
                biased;
                () = self.clock.sleep(wait) => {}
                () = self.interrupts.second() => {
                    return Err(self.stuck(heard, now.since(began)).because("a second signal ended the waiting"));
                }
            }
            wait = (wait * 3 / 2).min(LONGEST_WAIT);
        }
    }

    fn hear(&self, heard: &mut Heard, answer: Result<Sighting>, asked: BootInstant) -> Option<Deathbed> {
        let sighting = match answer {
            Ok(sighting) => sighting,
            Err(failure) => {
                heard.failure = Some(failure);
                return None;
            }
        };
        heard.answered = self.clock.boot();
        heard.failure = None;
        match sighting {
            Sighting::Found(MachineState::Terminated) => return Some(Deathbed::Terminated),
            Sighting::Found(state) => {
                heard.unknown_since = None;
                if heard.last.replace(state) != Some(state) {
                    let note = format!("machine {} is {state}", self.machine_id);
                    self.progress.tell(Event::StepNote { step: format!("confirm-{}", self.machine_id), note });
                }
            }
            // From the first such answer to the sending of this question: never longer than it really was.
            Sighting::Unknown if heard.unknown_since.is_some_and(|since| asked.since(since) >= APART) => {
                return Some(Deathbed::UnknownTwice);
            }
            Sighting::Unknown => {
                heard.unknown_since.get_or_insert(heard.answered);
            }
        }
        None
    }

    fn stuck(&self, heard: Heard, after: Duration) -> Failure {
        let what = format!("machine {} is not confirmed to be gone after {} s", self.machine_id, after.as_secs());
        let failure = Failure::new(Kind::Partial, what);
        let failure = match (heard.failure, heard.last) {
            (Some(error), _) => failure.because("the cloud does not answer").because(error),
            (None, Some(state)) => failure.because(format!("the cloud says that it is {state}")),
            (None, None) => failure.because("the cloud does not know it, but has not said so for long enough"),
        };
        failure
            .hint(format!("look at machine {} in the cloud's console; terminate it there if it lives", self.machine_id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::gone::fakes::Fake;
    use MachineState::{Running, ShuttingDown, Terminated};

    async fn wait(fake: &Fake) -> Result<Deathbed> {
        let interrupts = Interrupts::never();
        Wait { cloud: fake, clock: fake, progress: fake, machine_id: "i-1", interrupts: &interrupts }.until_gone().await
    }

    #[tokio::test]
    async fn it_waits_for_terminated_and_tells_what_it_sees() {
        let fake = Fake::answering(|_, second| {
            Ok(Sighting::Found(match second {
                0..10 => Running,
                10..40 => ShuttingDown,
                _ => Terminated,
            }))
        });
        assert_eq!(wait(&fake).await.unwrap(), Deathbed::Terminated);
        assert!((40..51).contains(&fake.slept()), "{}", fake.slept());
        assert_eq!(fake.told.lock().unwrap().len(), 2, "one note for each state");
    }

    #[tokio::test]
    async fn an_unknown_id_counts_only_when_it_stays_unknown() {
        let fake = Fake::answering(|_, _| Ok(Sighting::Unknown));
        assert_eq!(wait(&fake).await.unwrap(), Deathbed::UnknownTwice);
        assert!(fake.slept() >= APART.as_secs(), "{}", fake.slept());

        let back = Fake::answering(|_, second| {
            Ok(if (50..80).contains(&second) { Sighting::Found(Running) } else { Sighting::Unknown })
        });
        assert_eq!(wait(&back).await.unwrap(), Deathbed::UnknownTwice);
        assert!(back.slept() >= 80 + APART.as_secs(), "{}", back.slept());
    }

    #[tokio::test]
    async fn lost_answers_are_waited_out_for_a_while() {
        let hiccup = Fake::answering(|_, second| match second {
            5..100 => Err(Failure::failed("503")),
            _ => Ok(Sighting::Found(if second < 5 { ShuttingDown } else { Terminated })),
        });
        assert_eq!(wait(&hiccup).await.unwrap(), Deathbed::Terminated);

        let silent = Fake::answering(|_, _| Err(Failure::failed("503")));
        let failure = wait(&silent).await.unwrap_err();
        assert_eq!(failure.kind, Kind::Partial);
        assert!(failure.to_string().contains("i-1") && failure.to_string().contains("503"), "{failure}");
        assert!(silent.slept() < DEADLINE.as_secs());
    }

    #[tokio::test]
    async fn a_machine_that_lives_on_is_named() {
        let fake = Fake::answering(|_, _| Ok(Sighting::Found(ShuttingDown)));
        let failure = wait(&fake).await.unwrap_err();
        assert_eq!(failure.kind, Kind::Partial);
        assert!(
            failure.to_string().contains("machine i-1") && failure.to_string().contains("shutting down"),
            "{failure}"
        );
    }
}
