//! What the program costs, beside what a user would do otherwise: `make bench`.
//!
//! It runs programs as a user would, and measures from their start to their end; for the store it calls the library. Without `--bench`, as `cargo test` runs
//! it, every benchmark is small and runs once: its inputs are still valid, and both sides still do the same.

#![expect(clippy::disallowed_methods, reason = "benchmarks start programs and look at the clock")]

mod case;
mod folder;
mod help;
mod peers;
mod plan;
mod provision;
mod render;
mod report;
mod store;

use std::path::PathBuf;

use case::{Row, Scale};
use scaler_lab::Part;

/// What measures something, and what it cannot do without. Jinja2 comes with moto.
struct Benchmark {
    name: &'static str,
    needs: &'static [Part],
    rows: fn(&Scale) -> Vec<Row>,
}

const BENCHMARKS: [Benchmark; 5] = [
    Benchmark { name: "help", needs: &[Part::AnyTerraform], rows: help::rows },
    Benchmark { name: "render", needs: &[Part::Moto], rows: render::rows },
    Benchmark { name: "plan", needs: &[Part::AnyTerraform], rows: plan::rows },
    Benchmark { name: "provision", needs: &[Part::Hosts, Part::Ansible, Part::AnyTerraform], rows: provision::rows },
    Benchmark { name: "store", needs: &[Part::Moto, Part::Azurite], rows: store::rows },
];

fn main() {
    let mut scale = Scale { program: PathBuf::from(env!("CARGO_BIN_EXE_scaler")), full: false };
    let mut wanted = Vec::new();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--bench" => scale.full = true,
            "--program" => scale.program = args.next().expect("--program names the program to measure").into(),
            // What `cargo test` passes on is for other tests.
            other if other.starts_with('-') => {}
            name => wanted.push(name.to_owned()),
        }
    }
    scale.program = std::path::absolute(&scale.program).expect("a path");
    assert!(scale.program.exists(), "{} is not there: `make bench` builds it", scale.program.display());
    for Benchmark { name, needs, rows: measure } in BENCHMARKS {
        let is_wanted = wanted.is_empty() || wanted.iter().any(|wanted| name.contains(wanted.as_str()));
        if is_wanted && scaler_lab::has_all(&format!("benches::commands::{name}"), needs) {
            println!("bench: {name} ...");
            report::tell(&scale, name, &measure(&scale));
        }
    }
}
