//! The few files that cannot be static, by Tera. Every value is escaped as the inside of an HCL string, by default and
//! without a way to forget it: Terraform reads each as the text it was.

use std::io::{self, Write};

use tera::{Context, Tera};

use crate::model::failure::{Failure, Result};

const TEMPLATES: [(&str, &str); 2] = [
    ("backend.tf", include_str!("../../templates/backend.tf.tera")),
    ("provider-aws.tf", include_str!("../../templates/provider-aws.tf.tera")),
];

/// Renders one template. An undefined name is an error.
pub fn render(name: &str, values: &Context) -> Result<Vec<u8>> {
    let mut tera = Tera::new();
    tera.autoescape_on([".tf"]);
    tera.set_escape_fn(escape);
    let failed =
        |error: tera::Error| Failure::failed(format!("the template `{name}` cannot be rendered")).caused_by(&error);
    tera.add_raw_templates(TEMPLATES).map_err(failed)?;
    Ok(tera.render(name, values).map_err(failed)?.into_bytes())
}

/// Writes text so that it stands for itself between the quotes of an HCL string (HCL's native syntax, "Quoted
/// Template"): backslash sequences are escaped, and `${` and `%{` lose their meaning by doubling.
fn escape(text: &str, out: &mut dyn Write) -> io::Result<()> {
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '"' => out.write_all(b"\\\"")?,
            '\\' => out.write_all(b"\\\\")?,
            '\n' => out.write_all(b"\\n")?,
            '\r' => out.write_all(b"\\r")?,
            '\t' => out.write_all(b"\\t")?,
            '$' | '%' if characters.peek() == Some(&'{') => write!(out, "{character}{character}")?,
            other if other.is_control() => write!(out, "\\u{:04X}", other as u32)?,
            other => write!(out, "{other}")?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bucket(body: &hcl::Body) -> String {
        let terraform = body.blocks().next().unwrap();
        let backend = terraform.body.blocks().next().unwrap();
        let value = &backend.body.attributes().find(|attribute| attribute.key.as_str() == "bucket").unwrap().expr;
        let value: hcl::Value = hcl::eval::Evaluate::evaluate(value, &hcl::eval::Context::new()).unwrap();
        value.as_str().unwrap().to_owned()
    }

    fn context(bucket: &str) -> Context {
        let mut context = Context::new();
        for (name, value) in [("backend", "s3"), ("bucket", bucket), ("key", "k"), ("region", "r")] {
            context.insert(name, value);
        }
        for name in ["profile", "endpoint"] {
            context.insert(name, &None::<String>);
        }
        context.insert("path_style", &false);
        context
    }

    proptest! {
        #[test]
        fn any_text_arrives_as_itself(text in r#"[a-z"\\$%{}\n\t é\x01]{0,20}"#) {
            let rendered = String::from_utf8(render("backend.tf", &context(&text)).unwrap()).unwrap();
            prop_assert_eq!(bucket(&hcl::parse(&rendered).unwrap()), text);
        }
    }

    #[test]
    fn an_undefined_value_is_an_error() {
        let mut context = Context::new();
        context.insert("backend", "s3");
        let failure = render("backend.tf", &context).unwrap_err();
        assert!(failure.to_string().contains("bucket"), "{failure}");
    }
}
