//! Kubernetes' quantities: `250m`, `1.5`, `16Gi`, `1e3`.

/// In thousandths, rounded up as the scheduler does; nothing where it is no quantity.
pub fn millis(text: &str) -> u64 {
    ceiling(value(text).unwrap_or_default() * 1000.0)
}

/// In ones, rounded up.
pub fn whole(text: &str) -> u64 {
    ceiling(value(text).unwrap_or_default())
}

fn ceiling(value: f64) -> u64 {
    // A product such as 0.1 * 1000 may miss its whole number by a hair. The cast saturates.
    (value - 1e-6).ceil().max(0.0) as u64
}

/// The suffixes of `k8s.io/apimachinery/pkg/api/resource`.
fn value(text: &str) -> Option<f64> {
    const SUFFIXES: [(&str, f64); 15] = [
        ("Ki", 1024.0),
        ("Mi", 1048576.0),
        ("Gi", 1073741824.0),
        ("Ti", 1099511627776.0),
        ("Pi", 1125899906842624.0),
        ("Ei", 1152921504606846976.0),
        ("n", 1e-9),
        ("u", 1e-6),
        ("m", 1e-3),
        ("k", 1e3),
        ("M", 1e6),
        ("G", 1e9),
        ("T", 1e12),
        ("P", 1e15),
        ("E", 1e18),
    ];
    if let Ok(number) = text.parse() {
        return Some(number);
    }
    let (number, factor) = SUFFIXES.iter().find_map(|(suffix, factor)| Some((text.strip_suffix(suffix)?, factor)))?;
    Some(number.parse::<f64>().ok()? * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_as_kubernetes_writes_them() {
        for (text, thousandths, ones) in [
            ("250m", 250, 1),
            ("4", 4000, 4),
            ("0.1", 100, 1),
            ("1e3", 1_000_000, 1000),
            ("16Gi", 17_179_869_184_000, 17_179_869_184),
            ("100M", 100_000_000_000, 100_000_000),
            ("1500u", 2, 1),
            ("0", 0, 0),
            ("nonsense", 0, 0),
        ] {
            assert_eq!((millis(text), whole(text)), (thousandths, ones), "{text}");
        }
    }
}
