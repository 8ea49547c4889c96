//! A benchmark's table, and its `target/bench/<name>.json`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde_json::{Value, json};

use crate::case::{Row, Scale, Times};

pub fn tell(scale: &Scale, name: &str, rows: &[Row]) {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header(["times better", "what", "median (least..most)", "runs", "peer", "peer's"]);
    for row in rows {
        table.add_row([
            format!("{:.2}", ratio(row)),
            row.name.clone(),
            spread(&row.ours),
            row.ours.runs().to_string(),
            row.peer.clone(),
            spread(&row.peers),
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

/// How many times faster than the peer.
fn ratio(row: &Row) -> f64 {
    row.peers.median().as_secs_f64() / row.ours.median().as_secs_f64()
}

/// The row of any benchmark.
fn json(row: &Row) -> Value {
    json!({
        "name": row.name,
        "value": milliseconds(row.ours.median()),
        "unit": "ms",
        "peer": row.peer,
        "peer_value": milliseconds(row.peers.median()),
        "ratio": (ratio(row) * 100.0).round() / 100.0,
    })
}

fn milliseconds(time: Duration) -> f64 {
    (time.as_secs_f64() * 100_000.0).round() / 100.0
}

fn spread(times: &Times) -> String {
    let [median, least, most] = [times.median(), times.least(), times.most()].map(milliseconds);
    format!("{median:.1} ms ({least:.1}..{most:.1})")
}

fn write(file: &PathBuf, rows: &Value) {
    std::fs::create_dir_all(file.parent().expect("it lies in a folder")).expect("the folder of the figures");
    std::fs::write(file, format!("{rows:#}\n")).expect("the figures are written");
}
