//! Dependencies point one way, and the pure layers stay pure (ARCHITECTURE.md, "Code map").

use std::fs;
use std::path::{Path, PathBuf};

/// Layer → the layers that it may name.
const MAY_NAME: &[(&str, &[&str])] = &[
    ("model", &["model"]),
    ("render", &["render", "model"]),
    ("ops", &["ops", "render", "model"]),
    ("adapters", &["adapters", "ops", "model"]),
    ("cli", &["cli", "ops", "render", "model"]),
];

/// The files of `cli` that name adapters: from a cluster file to the ports, and the start of the program, which may be
/// a supervisor's or a keeper's.
const WIRING: &[&str] = &["src/cli/connect.rs", "src/cli/mod.rs"];

/// What a pure layer does not know: input and output, clocks, waiting.
const IMPURE: &[&str] = &[
    "std::fs",
    "std::env",
    "std::process",
    "TcpStream",
    "UdpSocket",
    "ToSocketAddrs",
    "stdin()",
    "stdout()",
    "print!(",
    "println!(",
    "tokio",
    "async fn",
    ".await",
    "Instant::now",
    "SystemTime::now",
    "Timestamp::now",
    "rand::",
];

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        // The simulation is of tests too.
        let tests = ["tests", "tests.rs", "simulation"].iter().any(|name| path.ends_with(name));
        if path.is_dir() && !tests {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !tests {
            found.push(path);
        }
    }
}

/// Each file of a layer with its text up to its tests, without comments.
fn sources(layer: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    files(&root.join("src").join(layer), &mut found);
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("a source");
        let product = ["mod tests {", "pub fn"]
            .iter()
            .fold(text.as_str(), |text, item| text.split(&format!("#[cfg(test)]\n{item}")).next().unwrap_or_default());
        let code = product.lines().map(|line| line.split("//").next().unwrap_or_default());
        let name = path.strip_prefix(root).expect("a path of the project").display().to_string();
        (name, code.collect::<Vec<_>>().join("\n"))
    };
    assert!(!found.is_empty(), "{layer} has no sources");
    found.into_iter().map(read).collect()
}

/// The layers that a source names after `crate::`.
fn named(code: &str) -> Vec<&str> {
    let layers = MAY_NAME.iter().map(|(layer, _)| *layer);
    layers
        .filter(|layer| code.contains(&format!("crate::{layer}::")) || code.contains(&format!("crate::{layer};")))
        .collect()
}

#[test]
fn dependencies_point_one_way() {
    let mut wrong = Vec::new();
    for (layer, may) in MAY_NAME {
        for (file, code) in sources(layer) {
            let wired = WIRING.contains(&file.as_str());
            let strangers = named(&code).into_iter().filter(|other| !may.contains(other));
            wrong.extend(
                strangers.filter(|other| !(wired && *other == "adapters")).map(|other| format!("{file} names {other}")),
            );
            // Adapters implement ports; the workflows are not theirs to call.
            if *layer == "adapters" && (code.contains("ops::execute") || code.contains("ops::prepare")) {
                wrong.push(format!("{file} names a workflow"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn model_and_render_are_pure() {
    let mut wrong = Vec::new();
    for layer in ["model", "render"] {
        for (file, code) in sources(layer) {
            wrong.extend(
                IMPURE.iter().filter(|impure| code.contains(**impure)).map(|impure| format!("{file}: {impure}")),
            );
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// Only the provider's own type, its adapters and its modules know a cloud's resources.
#[test]
fn resource_types_are_data_of_the_provider() {
    let mut wrong = Vec::new();
    for layer in ["ops", "cli", "render"] {
        for (file, code) in sources(layer) {
            wrong.extend(
                ["aws_instance", "terraform_data"]
                    .iter()
                    .filter(|word| code.contains(**word))
                    .map(|word| format!("{file}: {word}")),
            );
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
