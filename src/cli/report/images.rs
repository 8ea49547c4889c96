//! Images that were built, for people.

use std::fmt::Write;

use crate::cli::terminal::{self, Table};
use crate::model::image::ImageRecord;
use crate::ops::images::{Built, Line, List, Prunable, Unrecorded};

/// What `build-image` came to.
pub fn built(images: &[Built], width: usize) -> String {
    let line = |one: &Built| {
        let Built { new, record: ImageRecord { image, id, hash, ingredients, .. } } = one;
        let architecture = &ingredients.architecture;
        let text = match new {
            true => format!("Built image `{image}` for {architecture}: {id}, hash {hash}."),
            false => format!("Image `{image}` for {architecture} is there: {id}, hash {hash}. Nothing was built."),
        };
        terminal::wrapped("", "  ", &text, width)
    };
    images.iter().map(line).collect()
}

pub fn list(found: &List, width: usize) -> String {
    let mut text = String::new();
    if found.images.is_empty() {
        text.push_str("No image was built yet.\n");
    } else {
        let mut table = Table::new(width, ["IMAGE", "NAME", "HASH", "FOR", "BUILT", "STATE"]);
        for line in &found.images {
            let ImageRecord { id, image, hash, ingredients, built, .. } = &line.record;
            let cells = [id.clone(), image.clone(), hash.to_string(), ingredients.architecture.clone()];
            table.row(cells.into_iter().chain([format!("{built:.0}"), state(line)]));
        }
        let _ = write!(text, "{table}");
    }
    for Unrecorded { id, name } in &found.unrecorded {
        let line = format!(
            "{id} ({name}) carries this cluster's name and is in no list: a build that was cut off, or that runs now. If it \
             is not needed, deregister it in the cloud."
        );
        text.push_str(&terminal::wrapped("", "  ", &line, width));
    }
    for missing in &found.missing {
        let line = format!(
            "Image `{0}` with the hash {1} is not built: scaler build-image --name {0}",
            missing.image, missing.hash
        );
        text.push_str(&terminal::wrapped("", "  ", &line, width));
    }
    text
}

fn state(line: &Line) -> String {
    let mut words = Vec::new();
    if !line.available {
        words.push("withdrawn".to_owned());
    }
    if line.wanted {
        words.push("wanted".to_owned());
    }
    match line.nodes.len() {
        0 => {}
        1 => words.push("1 node".to_owned()),
        count => words.push(format!("{count} nodes")),
    }
    if words.is_empty() { "unused".to_owned() } else { words.join(", ") }
}

pub fn prune(found: &Prunable, keep: usize, width: usize) -> String {
    let rule = format!(
        "what nodes were made of stays, the newest that pools want, and the newest {keep} of each name; {} are left",
        found.left
    );
    if found.images.is_empty() {
        return terminal::wrapped("", "  ", &format!("No image to take away: {rule}."), width);
    }
    let done = if found.pruned { "Taken away" } else { "Can be taken away" };
    let mut text = terminal::wrapped("", "  ", &format!("{done} ({rule}):"), width);
    for ImageRecord { id, image, hash, built, snapshots, .. } in &found.images {
        let line = format!("{id}: `{image}` of {built:.0}, hash {hash}, snapshots: {}", snapshots.join(", "));
        text.push_str(&terminal::wrapped("  - ", "    ", &line, width));
    }
    text
}
