//! `lab up`: the lab for a person.

use std::io::Write;
use std::process::ExitCode;

use scaler_lab::{Bridge, Kubernetes, LabError, Moto, Sandbox, terraform_config, tools};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

const USAGE: &str = "usage: lab up [--provider sandbox|aws]
Starts a Kubernetes control plane and a cloud on loopback, prints what to export, and ends with Ctrl-C.";

const REGION: &str = "eu-west-1";

enum Cloud {
    Sandbox(Sandbox),
    Aws(Box<Moto>),
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let aws = match args.as_slice() {
        ["up"] | ["up", "--provider", "sandbox"] => false,
        ["up", "--provider", "aws"] => true,
        ["--help" | "-h" | "help"] => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(64);
        }
    };
    match up(aws) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("lab: {error}");
            ExitCode::FAILURE
        }
    }
}

fn up(aws: bool) -> Result<(), LabError> {
    // Caught from the start: an early Ctrl-C waits until there is something to end.
    let signals = Signals::new([SIGINT, SIGTERM, SIGHUP]);
    eprintln!("starting Kubernetes and {} ...", if aws { "moto" } else { "the sandbox" });
    let kubernetes = Kubernetes::try_start()?;
    let cloud = if aws { Cloud::Aws(Box::new(Moto::try_start()?)) } else { Cloud::Sandbox(Sandbox::try_start()?) };
    let _bridge = match &cloud {
        Cloud::Sandbox(sandbox) => Bridge::start(&kubernetes, sandbox.source()),
        Cloud::Aws(moto) => Bridge::start(&kubernetes, moto.source(REGION)),
    };

    print_exports(&kubernetes, &cloud);
    eprintln!("the lab runs; Ctrl-C ends it, and everything in it is gone then");
    if let Some(signal) = signals.ok().as_mut().and_then(|signals| signals.forever().next()) {
        eprintln!("ending the lab (signal {signal})");
    }
    Ok(())
}

fn print_exports(kubernetes: &Kubernetes, cloud: &Cloud) {
    let mut exports = vec![("KUBECONFIG", kubernetes.kubeconfig().display().to_string())];
    match cloud {
        Cloud::Sandbox(sandbox) => exports.push(("SCALER_SANDBOX_REGISTER", sandbox.register().display().to_string())),
        Cloud::Aws(moto) => exports.extend(moto.environment(REGION)),
    }
    if let Some(file) = terraform_config() {
        exports.push(("TF_CLI_CONFIG_FILE", file.display().to_string()));
    }
    let mut text: String = exports.iter().map(|(name, value)| format!("export {name}='{value}'\n")).collect();
    text.push_str(&format!("export PATH='{}':\"$PATH\"\n", tools().display()));
    let mut out = std::io::stdout();
    // Whoever reads them may have gone already: the lab runs on.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
