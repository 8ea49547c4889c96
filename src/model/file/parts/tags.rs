//! `tags`.

use std::collections::BTreeMap;

use super::Facts;
use crate::model::file::cloud::Cloud;
use crate::model::file::read::{Kind, Wrong, map, text, twice, wrong};
use crate::model::file::rules::one_line;
use crate::model::file::text::shown;
use crate::model::provider::tags::PREFIX;

/// Where the cloud is not known: no cloud takes more, nor more characters in a key or a value.
const MOST: usize = 40;
const LONGEST_KEY: usize = 512;
const LONGEST_VALUE: usize = 256;

pub fn tags(facts: &Facts) -> impl Kind<Out = BTreeMap<String, String>> + use<> {
    let cloud = facts.cloud();
    let value = text("a tag's value: one line of text", "platform", move |text| value(text, cloud));
    let most = cloud.map_or(MOST, |cloud| cloud.tags.most);
    let tags = map(move |text| key(text, cloud), value.length(0, LONGEST_VALUE), most, "{ team: platform }");
    tags.then(move |tags, _, findings| {
        if cloud.is_some_and(|cloud| cloud.tags.fold_case) {
            for (index, (key, _)) in tags.iter().enumerate() {
                let folded = key.value.to_lowercase();
                if let Some((first, _)) = tags[..index].iter().find(|(other, _)| other.value.to_lowercase() == folded) {
                    findings.push(twice(format!("the tag {}", shown(&key.value)), key.span, first.span));
                }
            }
        }
        Some(tags.into_iter().map(|(key, value)| (key.value, value.value)).collect())
    })
}

fn key(text: &str, cloud: Option<&Cloud>) -> Result<(), Wrong> {
    one_line(text, cloud.map_or(LONGEST_KEY, |cloud| cloud.tags.longest_key))?;
    let folded = text.to_lowercase();
    if folded.starts_with(PREFIX) || text == "Name" {
        return Err(wrong("scaler sets this tag itself", "choose another name"));
    }
    let Some(cloud) = cloud else { return Ok(()) };
    if let Some(reserved) = cloud.tags.reserved.iter().find(|reserved| folded.starts_with(**reserved)) {
        let label = format!("{} keeps names that begin with `{reserved}` for itself", cloud.title);
        return Err(wrong(label, "choose another name"));
    }
    characters(text, cloud.tags.key_character, cloud)
}

fn value(text: &str, cloud: Option<&Cloud>) -> Result<String, Wrong> {
    if !text.is_empty() {
        one_line(text, cloud.map_or(LONGEST_VALUE, |cloud| cloud.tags.longest_value))?;
    }
    if let Some(cloud) = cloud {
        characters(text, cloud.tags.value_character, cloud)?;
    }
    Ok(text.to_owned())
}

fn characters(text: &str, allowed: fn(char) -> bool, cloud: &Cloud) -> Result<(), Wrong> {
    match text.chars().find(|character| !allowed(*character)) {
        Some(bad) => {
            let label = format!("{} does not take {} in a tag", cloud.title, shown(&bad.to_string()));
            Err(wrong(label, format!("it takes {}", cloud.tags.characters)))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::file::cloud;
    use crate::model::provider::Provider;

    #[test]
    fn keys_of_others_are_left_alone() {
        let [aws, azure, sandbox] = Provider::ALL.map(|provider| Some(cloud::of(provider)));
        for good in ["team", "a/b", "cost center", "été"] {
            assert_eq!(key(good, aws), Ok(()), "{good}");
        }
        for bad in ["", "aws:x", "AWS:x", "scaler:node", "Name", "a\nb", "${x}", "a;b", &"x".repeat(129)] {
            assert!(key(bad, aws).is_err(), "{bad}");
        }
        assert!(key("a/b", azure).is_err() && key("microsoft.x", azure).is_err());
        assert_eq!(key("${file(\"/etc/passwd\")}", sandbox), Ok(()));
        assert!(value("%{ for }", aws).is_err());
        assert_eq!(value("%{ for }", sandbox).as_deref(), Ok("%{ for }"));
        assert_eq!(value("", aws).as_deref(), Ok(""));
        assert!(value("a\nb", sandbox).is_err());
    }
}
