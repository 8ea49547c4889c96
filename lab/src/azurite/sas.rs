//! Shared access signatures.

use std::fmt::Write;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The version of the protocol that signatures and requests are of.
pub(super) const VERSION: &str = "2020-08-04";

/// One for an account and all that blobs need. The text that is signed:
/// <https://learn.microsoft.com/rest/api/storageservices/create-account-sas#construct-the-signature-string>.
pub(super) fn account(account: &str, key: &str, end: &str) -> String {
    let (rights, services, kinds) = ("rwdlac", "b", "sco");
    let text = format!("{account}\n{rights}\n{services}\n{kinds}\n\n{end}\n\n\n{VERSION}\n");
    let key = STANDARD.decode(key).expect("the key of a lab is base64");
    let signature = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &key), text.as_bytes());
    let mut encoded = String::new();
    for byte in STANDARD.encode(signature).bytes() {
        match byte {
            b'+' | b'/' | b'=' => write!(encoded, "%{byte:02X}").expect("a text takes all that is written to it"),
            _ => encoded.push(char::from(byte)),
        }
    }
    let end = end.replace(':', "%3A");
    format!("sv={VERSION}&ss={services}&srt={kinds}&sp={rights}&se={end}&sig={encoded}")
}
