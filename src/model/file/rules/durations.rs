//! Durations as people write them: `90s`, `15m`, `1h30m`.

use std::time::Duration;

use crate::model::file::read::{Wrong, wrong};

const UNITS: [(char, u64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];

/// Longer than this, a run that holds the cluster's lock is not waiting any more, it is stuck.
const LONGEST: u64 = 7 * 86_400;

/// More than nothing and at most a week, in days, hours, minutes and seconds, larger units first.
pub fn duration(text: &str) -> Result<Duration, Wrong> {
    let help = "write a number and its unit, `s`, `m`, `h` or `d`: `90s`, `15m`, `1h30m`";
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong("the unit is missing", format!("write `{text}s` or `{text}m`")));
    }
    let mut seconds: u64 = 0;
    let mut rest = text;
    let mut units = UNITS.iter();
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest[..digits].parse().map_err(|_| wrong("this is not a duration", help))?;
        let unit = rest[digits..].chars().next();
        let size = units.find(|(name, _)| Some(*name) == unit).map(|(_, size)| *size);
        let size = size.ok_or_else(|| wrong("this is not a duration", help))?;
        seconds = number.checked_mul(size).and_then(|part| part.checked_add(seconds)).unwrap_or(u64::MAX);
        rest = &rest[digits + 1..];
    }
    match seconds {
        0 if text.is_empty() => Err(wrong("this is empty", help)),
        0 => Err(wrong("no time at all", "write how long to wait: `15m`")),
        seconds if seconds > LONGEST => Err(wrong("this is longer than a week", "write at most `7d`")),
        seconds => Ok(Duration::from_secs(seconds)),
    }
}

/// As [`duration`] reads it.
pub fn written(duration: Duration) -> String {
    let mut rest = duration.as_secs();
    let mut text = String::new();
    for (name, size) in UNITS {
        if rest >= size {
            text.push_str(&format!("{}{name}", rest / size));
            rest %= size;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn durations() {
        for (text, seconds) in
            [("90s", 90), ("15m", 900), ("1h", 3600), ("1h30m", 5400), ("7d", 604_800), ("1d1s", 86_401)]
        {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for bad in ["", "15", "0m", "m", "1m1h", "1h 30m", "-5m", "1.5h", "15min", "8d", "99999999999999999999m", "1mé"]
        {
            assert!(duration(bad).is_err(), "{bad}");
        }
        assert_eq!(duration("15").unwrap_err().help, "write `15s` or `15m`");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_written_is_read_again(seconds in 1..=LONGEST) {
            let time = Duration::from_secs(seconds);
            prop_assert_eq!(duration(&written(time)), Ok(time));
        }
    }
}
