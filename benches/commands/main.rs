//! What the program costs, beside what a user would do otherwise: `make bench`.
//!
//! It runs programs as a user would, and measures from their start to their end; for the store it calls the library.
//! Without `--bench`, as `cargo test` runs it, every benchmark is small and runs once: its inputs are still valid, and both
//! sides still do the same. Those that make whole clusters have to be named: they take minutes even so.

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
    /// It makes a cluster of hosts, and runs only where it is named.
    named_only: bool,
    rows: fn(&Scale) -> Vec<Row>,
}

const BENCHMARKS: [Benchmark; 6] = [
    Benchmark { name: "help", needs: &[Part::AnyTerraform], named_only: false, rows: help::rows },
    Benchmark { name: "render", needs: &[Part::Moto], named_only: false, rows: render::rows },
    Benchmark { name: "plan", needs: &[Part::AnyTerraform], named_only: false, rows: plan::rows },
    Benchmark { name: "store", needs: &[Part::Moto, Part::Azurite], named_only: false, rows: store::rows },
    Benchmark {
        name: "ssh",
        needs: &[Part::Hosts, Part::Ansible, Part::AnyTerraform],
        named_only: true,
        rows: provision::over_ssh,
    },
    Benchmark {
        name: "boot",
        needs: &[Part::Hosts, Part::Ansible, Part::Moto, Part::AwsProvider],
        named_only: true,
        rows: provision::at_boot,
    },
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
    for Benchmark { name, needs, named_only, rows: measure } in BENCHMARKS {
        let is_named = wanted.iter().any(|wanted| name.contains(wanted.as_str()));
        let is_wanted = is_named || (wanted.is_empty() && !named_only);
        if is_wanted && scaler_lab::has_all(&format!("benches::commands::{name}"), needs) {
            println!("bench: {name} ...");
            report::tell(&scale, name, &measure(&scale));
        }
    }
}
