//! A benchmark's table, and its `target/bench/<name>.json`.

use std::path::{Path, PathBuf};

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde_json::{Value, json};

use crate::case::{Figures, Row, Scale};

pub fn tell(scale: &Scale, name: &str, rows: &[Row]) {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header(["times better", "what", "median (least..most)", "runs", "peer", "peer's"]);
    for row in rows {
        table.add_row([
            ratio(row).map_or("-".to_owned(), |ratio| format!("{ratio:.2}")),
            row.name.clone(),
            spread(&row.ours, row.unit),
            row.ours.runs().to_string(),
            row.peer.clone(),
            spread(&row.peers, row.unit),
        ]);
    }
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("{table}\n{} on {cores} cores", scale.program.display());
    if !scale.full {
        println!("small and once: no figures, only whether it still works\n");
        return;
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("target/bench/{name}.json"));
    write(&file, &Value::from_iter(rows.iter().map(json)));
    println!("written to {}\n", file.display());
}

/// How many times better than the peer; None where we have nothing of what the peer has.
fn ratio(row: &Row) -> Option<f64> {
    let ours = row.ours.median();
    (ours > 0.0).then(|| row.peers.median() / ours)
}

/// The row of any benchmark.
fn json(row: &Row) -> Value {
    json!({
        "name": row.name,
        "value": rounded(row.ours.median()),
        "unit": row.unit,
        "peer": row.peer,
        "peer_value": rounded(row.peers.median()),
        "ratio": ratio(row).map(rounded),
    })
}

fn rounded(figure: f64) -> f64 {
    (figure * 100.0).round() / 100.0
}

fn spread(figures: &Figures, unit: &str) -> String {
    let [median, least, most] = [figures.median(), figures.least(), figures.most()];
    format!("{median:.1} {unit} ({least:.1}..{most:.1})")
}

fn write(file: &PathBuf, rows: &Value) {
    std::fs::create_dir_all(file.parent().expect("it lies in a folder")).expect("the folder of the figures");
    std::fs::write(file, format!("{rows:#}\n")).expect("the figures are written");
}
