//! What Packer tells with `-machine-readable`: lines of a time, a target, a kind and data, parted by commas.

/// One line.
#[derive(Debug, PartialEq, Eq)]
pub enum News {
    /// A line for people.
    Said(String),
    /// The same, of what went wrong.
    Error(String),
    /// The image that was made, by the cloud's id.
    Image(String),
}

/// None for what tells nothing that is needed here, and for what is no such line.
pub fn read(line: &str) -> Option<News> {
    let mut parts = line.split(',');
    let (_time, _target, kind) = (parts.next()?, parts.next()?, parts.next()?);
    let data: Vec<String> = parts.map(plain).collect();
    let data: Vec<&str> = data.iter().map(String::as_str).collect();
    match (kind, data.as_slice()) {
        ("ui", ["error", text]) => Some(News::Error(trimmed(text)?)),
        ("ui", [_, text]) => Some(News::Said(trimmed(text)?)),
        // `region:id`
        ("artifact", [_, "id", id]) => Some(News::Image(id.rsplit(':').next().unwrap_or(id).to_owned())),
        _ => None,
    }
}

/// Takes back what Packer does to a comma and a line's end (packer/ui.go, `MachineReadableUi`).
fn plain(text: &str) -> String {
    text.replace("%!(PACKER_COMMA)", ",").replace("\\n", "\n").replace("\\r", "\r")
}

/// Without the marks and the builder's name that stand before each line.
fn trimmed(text: &str) -> Option<String> {
    let text = text.trim().trim_start_matches("==>").trim_start_matches("-->").trim_start();
    let text = text.strip_prefix("amazon-ebs.image:").unwrap_or(text).trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_read_as_packer_writes_them() {
        let said = |text: &str| Some(News::Said(text.to_owned()));
        let read_all = [
            (
                "1795387268,,ui,say,==> amazon-ebs.image: Launching a source AWS instance...",
                said("Launching a source AWS instance..."),
            ),
            ("1,,ui,message,    amazon-ebs.image: Adding tag: \"a\"%!(PACKER_COMMA) b", said("Adding tag: \"a\", b")),
            ("1,,ui,error,==> amazon-ebs.image: no\\nroom", Some(News::Error("no\nroom".into()))),
            ("1,amazon-ebs.image,artifact,0,id,eu-west-1:ami-fd5a941b", Some(News::Image("ami-fd5a941b".into()))),
            ("1,amazon-ebs.image,artifact,0,builder-id,mitchellh.amazonebs", None),
            ("1,amazon-ebs.image,artifact-count,1", None),
            ("1,,ui,say,\\n", None),
            ("anything else", None),
            ("", None),
        ];
        for (line, expected) in read_all {
            assert_eq!(read(line), expected, "{line}");
        }
    }
}
