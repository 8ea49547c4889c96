//! The log of `-v`: what is asked of tools and servers, and what came of it.

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Writes the log to standard error from now on: warnings alone, with one `-v` each tool and each step into the journal,
/// with two each request, with three everything. Only `scaler`'s own words are in it: those of the libraries below may
/// hold headers and signatures.
pub fn listen(verbose: u8, json: bool, colors: bool) {
    let level = match verbose {
        0 => Level::WARN,
        1 => Level::INFO,
        2 => Level::DEBUG,
        _ => Level::TRACE,
    };
    let lines = tracing_subscriber::registry().with(Targets::new().with_target("scaler", level));
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false).with_ansi(colors);
    // A second call, by whoever uses the command line as a library, changes nothing.
    let _ = if json { lines.with(layer.json()).try_init() } else { lines.with(layer).try_init() };
}
