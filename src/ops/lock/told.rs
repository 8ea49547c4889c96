//! What a person reads who cannot have the lock.

use std::time::Duration;

use super::Found;
use crate::model::failure::{Failure, Kind};
use crate::model::journal::Status;
use crate::model::lock::{Lock, TERM};

/// Somebody is at work. `waited` is for how long we have asked.
pub fn held(found: &Found, now: jiff::Timestamp, waited: Duration) -> Failure {
    let Lock { holder, operation, acquired, .. } = &found.lock;
    let since = Duration::try_from(now.duration_since(*acquired)).unwrap_or_default();
    let mut failure = Failure::new(
        Kind::LockHeld,
        format!("the cluster's lock is held by {} on {} (pid {})", holder.user, holder.host, holder.pid),
    )
    .because(format!(
        "`{}` has run for {}, since {acquired}; it is operation {operation}",
        holder.command,
        span(since)
    ));
    if let Some(age) = found.age {
        failure = failure.because(format!("it was last renewed {} ago", span(age)));
    }
    if !waited.is_zero() {
        failure = failure.because(format!("it was not given back within {}", span(waited)));
    }
    failure
        .hint("wait for it to end, or let this command wait: --lock-timeout 10m")
        .hint("`scaler status` shows the cluster meanwhile")
}

/// Somebody is at work, and there is time to wait for it.
pub fn waiting(lock: &Lock) -> String {
    let Lock { holder, operation, .. } = lock;
    format!(
        "waiting for the cluster's lock: {} on {} (pid {}) runs `{}`, operation {operation}",
        holder.user, holder.host, holder.pid, holder.command
    )
}

/// A signal came while another had it.
pub fn interrupted() -> Failure {
    Failure::new(Kind::Interrupted, "interrupted while waiting for the cluster's lock").hint("nothing was changed")
}

/// Nobody has renewed it for longer than its term, and its operation was not finished.
pub fn left_behind(lock: &Lock, silent: Duration, unfinished: &Status) -> Failure {
    let Lock { holder, operation, acquired, .. } = lock;
    let failure = Failure::refused(format!(
        "the cluster's lock was left behind by {} on {} (pid {})",
        holder.user, holder.host, holder.pid
    ))
    .because(format!("`{}` took it at {acquired}, as operation {operation}", holder.command))
    .because(format!("it was last renewed {} ago, and ran out {} after that", span(silent), span(lock.term())));
    failure
        .because(format!("that operation was not finished: {}", unfinished.told()))
        .hint(format!("see on {} whether process {} still runs, and let it end", holder.host, holder.pid))
        .hint(WAYS_OUT)
}

/// How an unfinished operation comes to its end.
const WAYS_OUT: &str =
    "`scaler resume` settles what it left, `scaler abort` undoes what can be undone; `scaler status` shows it";

/// The lock is free, and what was done under it is not finished.
pub fn unfinished(status: &Status) -> Failure {
    Failure::refused(format!("operation {} of this cluster was not finished", status.operation()))
        .because(status.told())
        .hint(WAYS_OUT)
}

/// The write that would have taken it had no answer, and cannot be seen.
pub fn unanswered(failure: Failure) -> Failure {
    failure
        .context("the cluster's lock could not be taken")
        .hint(format!("try again; should it have been taken all the same, it runs out {} s from now", TERM.as_secs()))
}

/// A length of time as people say it, in its two largest units.
pub fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let units = [("d", seconds / 86_400), ("h", seconds / 3600 % 24), ("min", seconds / 60 % 60), ("s", seconds % 60)];
    let mut parts = units.into_iter().skip_while(|(_, count)| *count == 0).take(2).filter(|(_, count)| *count > 0);
    match (parts.next(), parts.next()) {
        (Some((unit, count)), None) => format!("{count} {unit}"),
        (Some((unit, count)), Some((lesser, rest))) => format!("{count} {unit} {rest} {lesser}"),
        (None, _) => "0 s".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (61, "1 min 1 s"),
            (3600, "1 h"),
            (3661, "1 h 1 min"),
            (3601, "1 h"),
            (90_000, "1 d 1 h"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
    }
}
