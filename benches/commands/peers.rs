//! The programs that a user would run otherwise, as far as this machine has them.

use std::path::{Path, PathBuf};

/// `terraform`, or `tofu` where there is none.
///
/// # Panics
/// Without either: `lab/setup` builds one.
pub fn terraform() -> &'static str {
    let known = ["terraform", "tofu"].into_iter().find(|program| scaler_lab::program(program).is_some());
    known.expect("neither terraform nor tofu is there: `make setup` builds OpenTofu")
}

/// The Python of the project's virtual environment, where Jinja2 and PyYAML come with moto.
pub fn python() -> PathBuf {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join(".venv/bin/python");
    assert!(python.exists(), "{} is not there: `make setup` makes it", python.display());
    python
}
