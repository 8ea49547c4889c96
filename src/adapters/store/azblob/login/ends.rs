//! When a login ends that nobody can renew.

use percent_encoding::percent_decode_str;

use super::Login;

impl Login {
    /// The end of a SAS token, by its `se`
    /// (<https://learn.microsoft.com/rest/api/storageservices/create-account-sas>). None for every other login, and
    /// where a policy stored with the container decides.
    pub fn ends(&self) -> Option<jiff::Timestamp> {
        let Login::Sas(token) = self else { return None };
        let end = token.secret().split('&').find_map(|pair| pair.strip_prefix("se="))?;
        let end = percent_decode_str(end).decode_utf8().ok()?;
        // To the second, to the minute, or the beginning of a day.
        let short = [format!("{}:00Z", end.trim_end_matches('Z')), format!("{end}T00:00:00Z")];
        end.parse().ok().or_else(|| short.iter().find_map(|text| text.parse().ok()))
    }
}

#[cfg(test)]
mod tests {
    use azure_core::credentials::Secret;

    use super::*;

    #[test]
    fn the_end_of_a_sas_token_is_read() {
        for (token, ends) in [
            ("sv=1&se=2027-01-02T03%3A04%3A05Z&sig=x", Some("2027-01-02T03:04:05Z")),
            ("se=2027-01-02T03:04Z&sig=x", Some("2027-01-02T03:04:00Z")),
            ("se=2027-01-02&sig=x", Some("2027-01-02T00:00:00Z")),
            ("si=policy&sig=x", None),
            ("se=soon&sig=x", None),
        ] {
            let ends = ends.map(|text| text.parse().unwrap());
            assert_eq!(Login::Sas(Secret::new(token)).ends(), ends, "{token}");
        }
        assert_eq!(Login::Cli.ends(), None);
    }
}
