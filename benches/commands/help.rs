//! Start-up: what every command pays.

use std::process::Command;

use crate::case::{Row, Scale, compare, must};
use crate::peers;

pub fn rows(scale: &Scale) -> Vec<Row> {
    let peers = [(peers::terraform(), "-help"), ("kubectl", "--help")];
    let here = peers.into_iter().filter_map(|(peer, flag)| Some((peer, flag, scaler_lab::program(peer)?)));
    let row = |(peer, flag, path): (&str, &str, _)| {
        let help = must(Command::new(&scale.program).arg("--help"));
        assert!(help.contains("scale-down"), "{help}");
        compare(
            "start-up: scaler --help",
            scale.runs(50),
            || drop(must(Command::new(&scale.program).arg("--help"))),
            format!("{peer} {flag}"),
            || drop(must(Command::new(&path).arg(flag))),
        )
    };
    here.map(row).collect()
}
