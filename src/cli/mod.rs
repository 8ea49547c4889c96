//! The command line: words to workflows, and results to text, JSON and exit codes.

mod app;
mod args;
mod assets;
mod between;
mod commands;
mod connect;
mod generation;
mod load;
mod login;
mod offline;
mod operate;
mod plan_file;
mod report;
mod settings;
mod settle;
mod signals;
mod terminal;
mod write_count;

use std::process::ExitCode;

pub use between::Between;
use clap::Parser;

use crate::adapters::process::{KEEP, SUPERVISE, keep_main, supervise_main};
use crate::model::failure::{Failure, Kind};
use crate::ops::interrupts;
use app::App;
use args::Cli;
use settings::Settings;

/// The whole program.
pub fn main() -> ExitCode {
    main_with(|| Box::new(between::Nothing))
}

/// The whole program, with something between its workflows and the outside.
pub fn main_with(between: impl FnOnce() -> Box<dyn Between>) -> ExitCode {
    // Before everything else: a supervisor is small, and knows nothing of the command line.
    if std::env::args_os().nth(1).is_some_and(|argument| argument == SUPERVISE) {
        return supervise_main();
    }
    if std::env::args_os().nth(1).is_some_and(|argument| argument == KEEP) {
        return keep_main(std::env::args_os().skip(2));
    }
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers; all else is wrong usage. Writing to a closed pipe has no remedy.
            let _ = error.print();
            return if error.use_stderr() { Kind::Usage.exit_code().into() } else { ExitCode::SUCCESS };
        }
    };
    let settings = match Settings::of_process() {
        Ok(settings) => settings,
        Err(error) => return end(&Failure::failed("the current folder cannot be read").because(error), false),
    };
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return end(&Failure::failed("the program cannot start its threads").because(error), false),
    };
    runtime.block_on(async {
        let (interrupter, interrupts) = interrupts::channel();
        if let Err(error) = signals::listen(interrupter) {
            return end(&Failure::failed("signals cannot be listened to").because(error), false);
        }
        let app = App::new(settings, cli.global, interrupts, between());
        let ended = cli.command.run(&app).await;
        app.curtain.fall();
        if let Some(timings) = &app.timings {
            let json = app.global.progress == args::ProgressStyle::Json;
            eprint!("{}", if json { timings.event() } else { timings.table() });
        }
        match ended {
            Ok(code) => code,
            Err(failure) => end(&failure, app.colors),
        }
    })
}

fn end(failure: &Failure, colors: bool) -> ExitCode {
    eprint!("{}", terminal::failure(failure, colors));
    failure.kind.exit_code().into()
}
