//! Buckets and objects, as a test makes and reads them beside the program.

use roxmltree::{Document, Node};

use crate::error::{Doing, LabError, Result};
use crate::http::{Endpoint, exchange};

pub(super) fn make_bucket(to: &Endpoint, region: &str, bucket: &str) -> Result<()> {
    let body = format!(
        "<CreateBucketConfiguration><LocationConstraint>{region}</LocationConstraint></CreateBucketConfiguration>"
    );
    let answer = exchange(&signed(to, region), "PUT", &format!("/{bucket}"), "", body.as_bytes())?;
    if answer.is_success() {
        return Ok(());
    }
    Err(LabError::new(format!("moto answered {} to a new bucket {bucket}: {}", answer.status, answer.text)))
}

/// None where there is no such object.
pub(super) fn object(to: &Endpoint, region: &str, bucket: &str, key: &str) -> Result<Option<String>> {
    let answer = exchange(&signed(to, region), "GET", &format!("/{bucket}/{key}"), "", &[])?;
    match answer.status {
        404 => Ok(None),
        _ if answer.is_success() => Ok(Some(answer.text)),
        status => Err(LabError::new(format!("moto answered {status} to {bucket}/{key}: {}", answer.text))),
    }
}

pub(super) fn put_object(to: &Endpoint, region: &str, bucket: &str, key: &str, text: &str) -> Result<()> {
    let kind = "application/octet-stream";
    let answer = exchange(&signed(to, region), "PUT", &format!("/{bucket}/{key}"), kind, text.as_bytes())?;
    if answer.is_success() {
        return Ok(());
    }
    Err(LabError::new(format!("moto answered {} to a new {bucket}/{key}: {}", answer.status, answer.text)))
}

/// One thing that a bucket has beside its objects.
pub(super) fn ask(to: &Endpoint, region: &str, bucket: &str, what: &str) -> Result<String> {
    let answer = exchange(&signed(to, region), "GET", &format!("/{bucket}?{what}"), "", &[])?;
    match answer.is_success() {
        true => Ok(answer.text),
        false => Err(LabError::new(format!("moto answered {} to {what} of {bucket}: {}", answer.status, answer.text))),
    }
}

/// The keys of one page.
pub(super) fn keys(to: &Endpoint, region: &str, bucket: &str) -> Result<Vec<String>> {
    let answer = exchange(&signed(to, region), "GET", &format!("/{bucket}?list-type=2"), "", &[])?;
    if !answer.is_success() {
        return Err(LabError::new(format!("moto answered {} to a list of {bucket}: {}", answer.status, answer.text)));
    }
    let document = Document::parse(&answer.text).doing("reading moto's list of objects")?;
    let named = |node: &Node<'_, '_>| node.tag_name().name() == "Key";
    Ok(document.descendants().filter(named).filter_map(|node| node.text().map(str::to_owned)).collect())
}

/// moto reads region and service from the signature's scope, and does not check the signature.
fn signed(to: &Endpoint, region: &str) -> Endpoint {
    let mut to = to.clone();
    let scope = format!("test/20260101/{region}/s3/aws4_request");
    let signature = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=none");
    to.headers.set("Authorization", signature);
    to
}
