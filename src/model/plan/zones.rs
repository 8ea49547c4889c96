//! Where new machines go: evenly over the zones.

use std::collections::BTreeMap;

/// The zones of `count` new machines, one each, so that all zones end up as even as can be. `taken` counts the
/// machines that stay. Of equally full zones the one that the file names first is used.
pub fn spread(zones: &[String], taken: &BTreeMap<String, u32>, count: u32) -> Vec<String> {
    let mut load: Vec<(u32, &String)> =
        zones.iter().map(|zone| (taken.get(zone).copied().unwrap_or_default(), zone)).collect();
    let mut chosen = Vec::new();
    for _ in 0..count {
        // `min_by_key` returns the first of equals.
        let Some(emptiest) = load.iter_mut().min_by_key(|(machines, _)| *machines) else { break };
        emptiest.0 += 1;
        chosen.push(emptiest.1.clone());
    }
    chosen
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn fills_the_emptiest_zone_first() {
        let zones = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
        let taken = BTreeMap::from([("a".to_owned(), 2), ("c".to_owned(), 1)]);
        assert_eq!(spread(&zones, &taken, 4), ["b", "b", "c", "a"]);
    }

    proptest! {
        #[test]
        fn an_even_pool_stays_even(zones in 1usize..5, even in 0u32..4, count in 0u32..30) {
            let zones: Vec<String> = (0..zones).map(|zone| format!("z{zone}")).collect();
            let mut load: BTreeMap<String, u32> = zones.iter().map(|zone| (zone.clone(), even)).collect();
            let chosen = spread(&zones, &load, count);
            prop_assert_eq!(chosen.len(), count as usize);
            for zone in chosen {
                *load.get_mut(&zone).unwrap() += 1;
            }
            let least = load.values().min().unwrap();
            prop_assert!(load.values().all(|machines| machines - least <= 1));
        }
    }
}
