//! What a scalar means: YAML 1.2's core schema (section 10.3.2), with what readers of YAML 1.1 would take for something
//! else kept as text. `yes`, `no`, `on` and `off` are text, and so are numbers with leading zeros.

use super::tree::Scalar;

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Meaning {
    Null,
    Flag(bool),
    Whole(i128),
    /// A number that is not whole, or too large to be one.
    Number(f64),
    Text,
}

impl Scalar {
    pub fn meaning(&self) -> Meaning {
        if self.plain { meaning(&self.text) } else { Meaning::Text }
    }
}

fn meaning(text: &str) -> Meaning {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Meaning::Null,
        "true" | "True" | "TRUE" => return Meaning::Flag(true),
        "false" | "False" | "FALSE" => return Meaning::Flag(false),
        ".nan" | ".NaN" | ".NAN" => return Meaning::Number(f64::NAN),
        _ => {}
    }
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") {
        return Meaning::Number(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY });
    }
    for (prefix, radix) in [("0o", 8), ("0x", 16)] {
        let digits = text.strip_prefix(prefix).filter(|digits| digits.bytes().all(|b| b.is_ascii_alphanumeric()));
        if let Some(value) = digits.and_then(|digits| i128::from_str_radix(digits, radix).ok()) {
            return Meaning::Whole(value);
        }
    }
    let zeros = unsigned.len() > 1 && unsigned.starts_with('0') && unsigned.as_bytes()[1].is_ascii_digit();
    if zeros || !is_decimal(unsigned) {
        return Meaning::Text;
    }
    match text.parse::<i128>() {
        Ok(whole) => Meaning::Whole(whole),
        Err(_) => text.parse().map_or(Meaning::Text, Meaning::Number),
    }
}

/// `[0-9]+`, `[0-9]*.[0-9]*` with a digit, each with an exponent or without.
fn is_decimal(unsigned: &str) -> bool {
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['-', '+']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|exponent| !exponent.is_empty() && digits(exponent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_mean_what_yaml_1_2_says() {
        for (text, expected) in [
            ("", Meaning::Null),
            ("~", Meaning::Null),
            ("true", Meaning::Flag(true)),
            ("False", Meaning::Flag(false)),
            ("yes", Meaning::Text),
            ("no", Meaning::Text),
            ("off", Meaning::Text),
            ("12", Meaning::Whole(12)),
            ("-3", Meaning::Whole(-3)),
            ("+3", Meaning::Whole(3)),
            ("0o17", Meaning::Whole(15)),
            ("0xff", Meaning::Whole(255)),
            ("0x-f", Meaning::Text),
            ("0", Meaning::Whole(0)),
            ("010", Meaning::Text),
            ("1_000", Meaning::Text),
            ("1.5", Meaning::Number(1.5)),
            ("1.", Meaning::Number(1.0)),
            (".5", Meaning::Number(0.5)),
            (".", Meaning::Text),
            ("1e3", Meaning::Number(1000.0)),
            ("e3", Meaning::Text),
            ("1e", Meaning::Text),
            ("1.36.3", Meaning::Text),
            ("-.inf", Meaning::Number(f64::NEG_INFINITY)),
            ("infinity", Meaning::Text),
            ("10:30", Meaning::Text),
            ("-", Meaning::Text),
            ("2026-11-22", Meaning::Text),
        ] {
            assert_eq!(meaning(text), expected, "{text:?}");
        }
    }

    #[test]
    fn quoted_scalars_are_text() {
        let scalar = Scalar { text: "12".into(), plain: false };
        assert_eq!(scalar.meaning(), Meaning::Text);
    }
}
