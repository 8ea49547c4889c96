//! Takes secrets out of text that people or logs will see.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

/// What stands where a secret was.
pub const REDACTED: &str = "«redacted»";

/// Shorter values are not taken for secrets: they would black out ordinary words.
const SHORTEST: usize = 6;

/// Replaces known secret values, and what looks like a secret by its form.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    /// Longest first, so that a secret within another leaves nothing of that.
    secrets: Vec<String>,
}

impl Redactor {
    /// For these values, also where they stand percent-encoded or within JSON, and each line of a value with several.
    pub fn new(secrets: impl IntoIterator<Item = impl AsRef<str>>) -> Redactor {
        Redactor::default().with(secrets)
    }

    /// This one, and these values: those that are in no environment, such as a token of a kubeconfig.
    pub fn with(self, secrets: impl IntoIterator<Item = impl AsRef<str>>) -> Redactor {
        let mut all = self.secrets;
        for secret in secrets {
            let lines = secret.as_ref().lines().map(str::trim);
            for part in lines.filter(|line| line.len() >= SHORTEST && !line.starts_with("-----")) {
                all.extend([part.to_owned(), in_json(part), percent_encoded(part)]);
            }
        }
        all.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        all.dedup();
        Redactor { secrets: all }
    }

    /// For the values of an environment's secret variables.
    pub fn for_environment<N: AsRef<str>, V: AsRef<str>>(variables: impl IntoIterator<Item = (N, V)>) -> Redactor {
        let secret = variables.into_iter().filter(|(name, _)| is_secret_variable(name.as_ref()));
        Redactor::new(secret.map(|(_, value)| value.as_ref().to_owned()))
    }

    /// The text without secrets. Give it whole texts, not pieces: a private key spans lines.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for secret in &self.secrets {
            if text.contains(secret.as_str()) {
                text = Cow::Owned(text.replace(secret.as_str(), REDACTED));
            }
        }
        for pattern in PATTERNS.iter() {
            if let Cow::Owned(redacted) = pattern.replace_all(&text, replacement) {
                text = Cow::Owned(redacted);
            }
        }
        text
    }
}

/// True of the names under which the tools' documentation expects a secret: `AWS_SECRET_ACCESS_KEY`,
/// `AWS_SESSION_TOKEN`, `ARM_CLIENT_SECRET`, `ARM_OIDC_TOKEN`, `AZURE_STORAGE_SAS_TOKEN`, `VAULT_TOKEN`, ….
pub fn is_secret_variable(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    // A file or an address is where a secret is, not what it is.
    let whereabouts = ["_FILE", "_PATH", "_URL", "_URI", "_TTL", "_ID"].iter().any(|end| name.ends_with(end));
    let words = ["SECRET", "TOKEN", "PASSWORD", "PASSPHRASE", "PRIVATE_KEY", "CREDENTIAL", "CONNECTION_STRING"];
    let keys = ["ACCESS_KEY", "STORAGE_KEY", "API_KEY", "ACCOUNT_KEY", "_PAT", "_SAS", "AUTH"];
    let url_with_token = name == "ACTIONS_ID_TOKEN_REQUEST_URL";
    !whereabouts
        && !url_with_token
        && (words.iter().any(|w| name.contains(w)) || keys.iter().any(|w| name.ends_with(w)))
}

/// Keeps the group `keep`, which says what the secret was, and replaces the rest.
fn replacement(found: &Captures<'_>) -> String {
    format!("{}{REDACTED}", found.name("keep").map_or("", |kept| kept.as_str()))
}

static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        // A private key, also one whose end or beginning was cut off.
        r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)",
        r"(?s)\A.*-----END [A-Z ]*PRIVATE KEY-----",
        // HTTP headers: the rest of the line, or of the quoted string.
        r#"(?i)(?P<keep>\b(?:proxy-)?authorization"?\s*[:=]\s*"?)[^"\r\n]+"#,
        r"(?i)(?P<keep>\bbearer\s+)[A-Za-z0-9._~+/=-]{6,}",
        r#"(?i)(?P<keep>\b(?:x-amz-security-token|x-vault-token|x-auth-token|set-cookie|cookie)"?\s*:\s*"?)[^"\r\n]+"#,
        // Signed addresses: AWS (Signature Version 4 in the query), Azure (shared access signatures).
        r#"(?i)(?P<keep>\bx-amz-(?:signature|security-token|credential)(?:=|%3D))[^&\s"'<>\\]+"#,
        r#"(?i)(?P<keep>(?:[?&;]|\b|%26)sig(?:=|%3D))[^&\s"'<>\\]+"#,
        r#"(?i)(?P<keep>\b(?:accountkey|sharedaccesssignature|sharedaccesskey)=)[^;\s"'<>]+"#,
        // `https://user:password@host`.
        r"(?P<keep>[a-zA-Z][a-zA-Z0-9+.-]*://[^/\s:@]*:)[^/\s@]+@",
        // Settings by their name: `secret_key = …`, `"client_secret": "…"`, `password=…`.
        concat!(
            r#"(?i)(?P<keep>\b[a-z0-9_.-]*(?:secret[_-]?access[_-]?key|secret[_-]?key|client[_-]?secret|session[_-]?token"#,
            r#"|access[_-]?token|sas[_-]?token|password|passwd|passphrase)\\?["']?\s*[:=]\s*\\?["']?)"#,
            r#"[^\s"'\\,;&«]+"#
        ),
        // Access key ids of AWS (IAM identifiers reference), JSON web tokens, kubeadm's bootstrap tokens.
        r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b",
        r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?",
        r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b",
    ]
    .iter()
    .map(|pattern| Regex::new(pattern).expect("the patterns are constant, and a test compiles them"))
    .collect()
});

fn in_json(text: &str) -> String {
    let quoted = serde_json::Value::from(text).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

/// As in a query: everything but the unreserved characters (RFC 3986, section 2.3).
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn redacted(text: &str) -> String {
        Redactor::default().redact(text).into_owned()
    }

    #[test]
    fn secrets_are_known_by_their_form() {
        let token = ["eyJhbGciOiJSUzI1NiJ9", "eyJzdWIiOiJ4In0", "c2lnbmF0dXJl"].join(".");
        let cases = [
            ("Authorization: Basic dXNlcjpwYXNz\nnext", "Authorization: «redacted»\nnext"),
            (r#"{"Authorization":"Bearer abc","a":1}"#, r#"{"Authorization":"«redacted»","a":1}"#),
            ("sent bearer abcdef123=, got 401", "sent bearer «redacted», got 401"),
            (
                "GET https://b/k?X-Amz-Credential=AK%2Feu&X-Amz-Signature=0a1b&x=1",
                "GET https://b/k?X-Amz-Credential=«redacted»&X-Amz-Signature=«redacted»&x=1",
            ),
            (
                "https://b/k?X-Amz-Security-Token=IQo%3D\" failed",
                "https://b/k?X-Amz-Security-Token=«redacted»\" failed",
            ),
            ("PUT https://a.blob/c?sv=2&sig=Zm9v%3D&se=1", "PUT https://a.blob/c?sv=2&sig=«redacted»&se=1"),
            ("AccountName=a;AccountKey=Zm9v==;X=y", "AccountName=a;AccountKey=«redacted»;X=y"),
            ("the key AKIAIOSFODNN7EXAMPLE is unknown", "the key «redacted» is unknown"),
            ("git clone https://me:pa55@host/x", "git clone https://me:«redacted»host/x"),
            ("aws_secret_access_key = wJalr/bPx", "aws_secret_access_key = «redacted»"),
            (r#""client_secret": "s3", "tenant": "t""#, r#""client_secret": "«redacted»", "tenant": "t""#),
            ("kubeadm join --token abcdef.0123456789abcdef x", "kubeadm join --token «redacted» x"),
            (token.as_str(), "«redacted»"),
        ];
        for (text, expected) in cases {
            assert_eq!(redacted(text), expected);
        }
    }

    #[test]
    fn ordinary_text_is_left_alone() {
        for text in [
            "Error: Saved plan is stale",
            "aws_instance.node[\"demo-workers-3\"]: Creating...",
            "the secret of the service account was not found",
            "arn:aws:iam::123456789012:role/scaler",
            "h1:YzhQhUZu3VQOieYdI1VrJpofo7WN5xdGjc9pbdYMcFs=",
            "https://10.0.0.1:6443/api?watch=1&design=new",
            "password: ",
        ] {
            assert_eq!(redacted(text), text);
        }
    }

    #[test]
    fn a_private_key_goes_whole_even_when_it_was_cut() {
        let key =
            "-----BEGIN OPENSSH PRIVATE KEY-----\n│ b3BlbnNzaC1r\n│ ZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----";
        assert_eq!(redacted(&format!("a\n{key}\nb")), "a\n«redacted»\nb");
        assert_eq!(redacted(&format!("a\n{}", &key[..60])), "a\n«redacted»");
        assert_eq!(redacted(&format!("{}\nb", &key[50..])), "«redacted»\nb");
        let public = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";
        assert_eq!(redacted(public), public);
    }

    #[test]
    fn variables_are_secret_by_their_name() {
        let secret = [
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "ARM_CLIENT_SECRET",
            "ARM_CLIENT_CERTIFICATE_PASSWORD",
            "ARM_OIDC_TOKEN",
            "ARM_ACCESS_KEY",
            "ARM_SAS_TOKEN",
            "AZURE_STORAGE_CONNECTION_STRING",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
            "TF_TOKEN_app_terraform_io",
        ];
        let open =
            ["AWS_REGION", "AWS_PROFILE", "ARM_CLIENT_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "PATH", "AWS_CONFIG_FILE"];
        assert!(secret.into_iter().all(is_secret_variable));
        assert!(!open.into_iter().any(is_secret_variable));
    }

    #[test]
    fn more_secrets_can_be_added() {
        let redactor = Redactor::new(["first-secret"]).with(["a-longer-first-secret", "other-secret"]);
        assert_eq!(redactor.redact("a-longer-first-secret other-secret"), "«redacted» «redacted»");
    }

    #[test]
    fn short_values_are_not_hunted() {
        let redactor = Redactor::for_environment([("A_TOKEN", "no"), ("B_TOKEN", "long-enough")]);
        assert_eq!(redactor.redact("no long-enough"), "no «redacted»");
    }

    proptest! {
        /// Wherever a secret stands, and in whichever of the usual encodings, nothing of it is left.
        #[test]
        fn a_planted_marker_never_survives(
            before in "[ -~\n]{0,30}",
            secret in "[A-Za-z0-9+/=\"\\\\ &]{0,8}MARKER[A-Za-z0-9+/=\"\\\\ &]{0,8}",
            after in "[ -~\n]{0,30}",
            form in 0..4,
        ) {
            let redactor = Redactor::for_environment([("AWS_SESSION_TOKEN", secret.as_str())]);
            let secret = secret.trim();
            let planted = match form {
                0 => secret.to_owned(),
                1 => in_json(secret),
                2 => percent_encoded(secret),
                _ => format!("{secret}{secret}"),
            };
            let text = format!("{before}{planted}{after}");
            let redacted = redactor.redact(&text);
            prop_assert!(!redacted.contains("MARKER"), "{redacted}");
            prop_assert_eq!(redactor.redact(&redacted).contains("MARKER"), false);
        }

        /// Every line of a key counts, however the tool indents it.
        #[test]
        fn no_line_of_a_key_in_the_environment_survives(lines in prop::collection::vec("[A-Za-z0-9+/]{20,30}", 1..5)) {
            let key = format!("-----BEGIN X-----\n{}\n-----END X-----\n", lines.join("\n"));
            let redactor = Redactor::for_environment([("DEPLOY_PRIVATE_KEY", key)]);
            let boxed: Vec<String> = lines.iter().map(|line| format!("│   {line}")).collect();
            let shown = redactor.redact(&boxed.join("\n")).into_owned();
            prop_assert!(lines.iter().all(|line| !shown.contains(line.as_str())), "{}", shown);
        }

        #[test]
        fn any_text_is_survived(text in "\\PC{0,200}") {
            let _ = redacted(&text);
        }
    }
}
