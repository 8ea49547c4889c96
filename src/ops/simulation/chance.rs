//! Chance: the same numbers for the same seed, everywhere and for ever (SplitMix64).

use std::sync::Mutex;
use std::time::Duration;

pub struct Chance(Mutex<u64>);

impl Chance {
    pub fn of(seed: u64) -> Chance {
        Chance(Mutex::new(seed ^ 0x5ca1_ab1e_0000_0001))
    }

    pub fn next(&self) -> u64 {
        let mut state = self.0.lock().unwrap();
        *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = *state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Less than `end`.
    pub fn below(&self, end: u64) -> u64 {
        self.next() % end.max(1)
    }

    /// True in so many cases of a thousand.
    pub fn permille(&self, cases: u64) -> bool {
        self.below(1000) < cases
    }

    pub fn between(&self, least: Duration, most: Duration) -> Duration {
        let span = most.saturating_sub(least).as_millis() as u64 + 1;
        least + Duration::from_millis(self.below(span))
    }

    pub fn pick<'a, T>(&self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len() as u64) as usize]
    }
}
