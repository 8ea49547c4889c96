//! From text to a valid cluster file, or to everything that is wrong with it.

use super::parts::{API_VERSION, Facts, KIND, cluster};
use super::problem::{Findings, Problem, Problems};
use super::read::{Kind, Place, described};
use super::set::{self, Set};
use super::source::{BYTE_ORDER_MARK, Source, Span};
use super::types::ClusterFile;
use super::yaml::{self, Node};

/// A cluster file of a thousand pools has half as much. It is kept whole in the record, and looked into at every run.
const LARGEST: usize = 1024 * 1024;

/// Reads a cluster file, with the values of `--set` put into it. `path` is what messages call it.
///
/// Everything that is wrong is told at once, but for YAML that cannot be read any further, and files that are something
/// else altogether.
pub fn parse(path: &str, text: &str, sets: &[Set]) -> Result<ClusterFile, Problems> {
    let file = Source::new(path, text);
    if text.len() > LARGEST {
        return Err(Problems::one(file, too_large(text.len())));
    }
    let mut findings = Findings::default();
    let root = tree(&file, &mut findings);
    let mut sources = vec![file];
    let root = root.map(|root| set::apply(root, sets, &mut sources, &mut findings));
    let value = root.filter(|root| is_cluster_file(root, &mut findings)).and_then(|root| {
        let facts = Facts::of(&root);
        cluster(&facts).read(&Place { node: &root, path: String::new() }, &mut findings)
    });
    match value {
        Some(value) if findings.is_empty() => Ok(value),
        _ => Err(findings.into_problems(sources)),
    }
}

/// The text of a cluster file from its bytes.
pub fn decode(path: &str, bytes: Vec<u8>) -> Result<String, Problems> {
    if bytes.len() > LARGEST {
        let length = bytes.len();
        return Err(Problems::one(Source::new(path, ""), too_large(length)));
    }
    String::from_utf8(bytes).map_err(|error| {
        let good = error.utf8_error().valid_up_to();
        let bytes = error.into_bytes();
        let utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
        let label = format!("the byte 0x{:02x} is no UTF-8", bytes[good]);
        let help = match utf16 {
            true => "this looks like UTF-16: save the file as UTF-8",
            false => "save the file as UTF-8",
        };
        let problem = Problem {
            at: Span::new(0, good, good + 1),
            what: "the cluster file is not text in UTF-8".into(),
            label,
            help: Some(help.into()),
            other: None,
        };
        Problems::one(Source::new(path, String::from_utf8_lossy(&bytes)), problem)
    })
}

fn too_large(length: usize) -> Problem {
    Problem {
        at: Span::new(0, 0, 0),
        what: format!("the cluster file is too large: {length} bytes"),
        label: format!("a cluster file has at most {LARGEST} bytes"),
        help: Some("is this the right file?".into()),
        other: None,
    }
}

/// The file's only document.
pub(super) fn tree(file: &Source, findings: &mut Findings) -> Option<Node> {
    let offset = if file.text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len_utf8() } else { 0 };
    let root = yaml::document(0, offset, &file.text[offset..], findings);
    if root.is_none() && findings.is_empty() {
        findings.push(Problem {
            at: Span::new(0, offset, offset),
            what: "the cluster file is empty".into(),
            label: "nothing is in it but blanks and comments".into(),
            help: Some("`scaler init` writes one to start from".into()),
            other: None,
        });
    }
    root
}

/// Whether it is meant to be one. If it is not, all its fields would be told of as unknown, which helps nobody.
fn is_cluster_file(root: &Node, findings: &mut Findings) -> bool {
    let place = Place { node: root, path: String::new() };
    if root.entries().is_none() {
        findings.push(place.problem("must be a mapping", described(root), "`scaler init` writes one to start from"));
        return false;
    }
    let text_of = |name: &str| match root.get(name).map(|node| &*node.value) {
        Some(yaml::Value::Scalar(scalar)) => Some(scalar.text.as_str()),
        _ => None,
    };
    let ours = text_of("apiVersion").is_some_and(|version| version.starts_with("scaler"));
    if ours || text_of("kind").is_none_or(|kind| kind.eq_ignore_ascii_case(KIND)) {
        return true;
    }
    let label = "this is a file of another kind";
    let help = format!("a cluster file begins with `apiVersion: {API_VERSION}` and `kind: {KIND}`");
    findings.push(Problem {
        at: root.get("kind").map_or(root.span, |node| node.span),
        what: "this is no cluster file".into(),
        label: label.into(),
        help: Some(help),
        other: None,
    });
    false
}
