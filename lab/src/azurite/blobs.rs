//! Containers and blobs, as a test makes and reads them beside the program.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{ACCOUNT, Azurite, Reached, sas};
use crate::error::Result;
use crate::http::{Endpoint, Headers, exchange};

/// The id of the leases that tests take.
const LEASE: &str = "f0a1b2c3-0000-4000-8000-000000000000";

impl Azurite {
    /// Makes a container.
    #[track_caller]
    pub fn make_container(&self, container: &str) {
        self.request("PUT", &format!("{container}?restype=container"), &[]);
    }

    /// Makes a container that is open to everybody.
    #[track_caller]
    pub fn make_open_container(&self, container: &str) {
        self.request("PUT", &format!("{container}?restype=container"), &[("x-ms-blob-public-access", "container")]);
    }

    /// Whether somebody without a login is told what is in a container.
    #[track_caller]
    pub fn is_open(&self, container: &str) -> bool {
        let target = format!("{container}?restype=container&comp=list");
        let answer = self.exchange("GET", &target, &[], None, "").unwrap_or_else(|error| panic!("{error}"));
        answer.is_success()
    }

    /// Writes a blob beside the program.
    #[track_caller]
    pub fn put_blob(&self, container: &str, name: &str, text: &str) {
        self.send("PUT", &format!("{container}/{name}"), &[("x-ms-blob-type", "BlockBlob")], text);
    }

    /// The text of a blob; None where there is none.
    #[track_caller]
    pub fn blob(&self, container: &str, name: &str) -> Option<String> {
        let answer =
            self.try_request("GET", &format!("{container}/{name}"), &[]).unwrap_or_else(|error| panic!("{error}"));
        match answer.status {
            404 => None,
            _ if answer.is_success() => Some(answer.text),
            status => panic!("Azurite answered {status} to {container}/{name}: {}", answer.text),
        }
    }

    /// Takes a blob's lease without end, and notes this text on it, as Terraform does for its lock on a state.
    #[track_caller]
    pub fn lease(&self, container: &str, name: &str, text: &str) {
        self.lease_alone(container, name);
        let note = STANDARD.encode(text);
        let metadata = [("x-ms-lease-id", LEASE), ("x-ms-meta-terraformlockid", note.as_str())];
        self.request("PUT", &format!("{container}/{name}?comp=metadata"), &metadata);
    }

    /// The same without a text: where a Terraform that was ended had come half-way.
    #[track_caller]
    pub fn lease_alone(&self, container: &str, name: &str) {
        let lease =
            [("x-ms-lease-action", "acquire"), ("x-ms-lease-duration", "-1"), ("x-ms-proposed-lease-id", LEASE)];
        self.request("PUT", &format!("{container}/{name}?comp=lease"), &lease);
    }

    /// The names of a container's blobs, up to five thousand.
    #[track_caller]
    pub fn blobs(&self, container: &str) -> Vec<String> {
        let list = self.request("GET", &format!("{container}?restype=container&comp=list"), &[]);
        let document = roxmltree::Document::parse(&list).unwrap_or_else(|error| panic!("{error}: {list}"));
        let names = document.descendants().filter(|node| node.tag_name().name() == "Name");
        names.filter_map(|node| node.text().map(str::to_owned)).collect()
    }

    #[track_caller]
    fn request(&self, method: &str, target: &str, more: &[(&str, &str)]) -> String {
        self.send(method, target, more, "")
    }

    #[track_caller]
    fn send(&self, method: &str, target: &str, more: &[(&str, &str)], body: &str) -> String {
        match self.exchange(method, target, more, Some(&self.sas()), body) {
            Ok(answer) if answer.is_success() => answer.text,
            Ok(answer) => panic!("Azurite answered {} to {method} {target}: {}", answer.status, answer.text),
            Err(error) => panic!("{error}"),
        }
    }

    fn try_request(&self, method: &str, target: &str, more: &[(&str, &str)]) -> Result<crate::Answer> {
        self.exchange(method, target, more, Some(&self.sas()), "")
    }

    fn exchange(
        &self,
        method: &str,
        target: &str,
        more: &[(&str, &str)],
        sas: Option<&str>,
        body: &str,
    ) -> Result<crate::Answer> {
        let mut headers = Headers::default();
        headers.set("x-ms-version", sas::VERSION);
        more.iter().for_each(|(name, value)| headers.set(name, *value));
        let mark = if target.contains('?') { '&' } else { '?' };
        let login = sas.map_or(String::new(), |sas| format!("{mark}{sas}"));
        let (endpoint, path) = match &self.reached {
            Reached::Proxied(proxy) => {
                let address = proxy.target().to_owned();
                (Endpoint { address, trust: None, headers }, format!("/{ACCOUNT}/{target}"))
            }
            Reached::Encrypted(certificate) => {
                let trust = Some(certificate.trust()?);
                (Endpoint { address: format!("{}:443", Self::host()), trust, headers }, format!("/{target}"))
            }
        };
        exchange(&endpoint, method, &format!("{path}{login}"), "application/xml", body.as_bytes())
    }
}
