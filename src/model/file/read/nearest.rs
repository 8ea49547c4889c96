//! The known name that someone probably meant.

/// How alike two names must be to be worth a suggestion; Jaro-Winkler, 1 is equal.
const ALIKE: f64 = 0.82;

/// The nearest of the known names, if one is near. Case, hyphens and underscores do not count.
pub fn nearest<'n>(name: &str, known: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    // A name much longer than any field cannot be near one, and comparing costs its length squared.
    if name.len() > 64 {
        return None;
    }
    let folded = fold(name);
    let mut best: Option<(f64, &str)> = None;
    for candidate in known {
        let other = fold(candidate);
        let edits = strsim::damerau_levenshtein(&folded, &other);
        let alike = strsim::jaro_winkler(&folded, &other);
        // Short names are alike by chance, so an edit or two decide there.
        let near = edits == 0 || (alike >= ALIKE && edits * 3 <= folded.len().max(other.len()) + 1);
        if near && best.is_none_or(|(score, _)| alike > score) {
            best = Some((alike, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

fn fold(name: &str) -> String {
    name.chars().filter(|character| !matches!(character, '-' | '_')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_pen_find_their_name() {
        let known = ["timeout", "totalTimeout", "parallel", "adminCidrs", "max", "min", "publicKeyFile", "type"];
        for (slip, expected) in [
            ("timeot", Some("timeout")),
            ("admin_cidrs", Some("adminCidrs")),
            ("adminCIDRs", Some("adminCidrs")),
            ("paralell", Some("parallel")),
            ("maxx", Some("max")),
            ("publickey", Some("publicKeyFile")),
            ("typ", Some("type")),
            ("mix", Some("min")),
            ("size", None),
            ("", None),
        ] {
            assert_eq!(nearest(slip, known), expected, "{slip}");
        }
        assert_eq!(nearest(&"t".repeat(100_000), known), None);
    }
}
