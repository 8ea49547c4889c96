//! The process between `scaler` and each of its tools. It outlives `scaler` for as long as it takes to end the tool:
//! the end of its standard input tells it that `scaler` is gone, and a timer that the lease has run out.
//!
//! Nothing stays behind: it is the reaper of everything below it, so it has ended only when every process that the
//! tool started has ended too, whatever group or session that moved to.

mod control;
mod custody;
mod output;
mod strays;
mod tool;
mod wait;

use std::io;
use std::process::ExitCode;
use std::time::Duration;

use rustix::process::Signal;

use self::control::Control;
use self::custody::{Act, Custody};
use self::output::Output;
use self::strays::Reaped;
use self::tool::Tool;
use self::wait::Waker;
use super::protocol::{Order, Report, Start};

/// The hidden first argument that makes `scaler` a supervisor.
pub const SUPERVISE: &str = "__supervise";

/// The supervisor's `main`. Its exit code mirrors the tool's for people who look at processes; `scaler` itself reads
/// the report on the socket.
pub fn supervise_main() -> ExitCode {
    match supervise() {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("scaler {SUPERVISE}: {error} (this command is scaler's own, and of no use to people)");
            ExitCode::from(64)
        }
    }
}

fn supervise() -> io::Result<u8> {
    // Whoever looks at the list of processes reads this name instead of `exe`. Nothing depends on it.
    let _ = std::fs::write("/proc/self/comm", "scaler-keeper");
    let mut control = Control::from_stdin()?;
    let mut output = Output::hold_open()?;
    let waker = Waker::new()?;
    strays::adopt()?;

    let Some(start) = first_order(&mut control, &waker)? else {
        return Ok(0);
    };
    let stop_time = Duration::from_millis(start.stop_millis);
    let mut custody = Custody::new(stop_time, start.deadline.map(Into::into));
    let mut tool = match Tool::start(*start) {
        Ok(tool) => tool,
        Err(error) => {
            control.report(&Report::NotStarted { errno: error.raw_os_error(), error: error.to_string() });
            return Ok(127);
        }
    };
    control.report(&Report::Started { pid: tool.pid() });

    let mut orphaned = false;
    loop {
        for order in control.orders() {
            match order {
                Order::Start(_) => {}
                Order::Deadline(deadline) => custody.renewed(deadline.into()),
                Order::Interrupt { kill_after_millis } => {
                    custody.interrupt(kill_after_millis.map(Duration::from_millis), wait::boot());
                }
            }
        }
        if control.ended() {
            if !std::mem::replace(&mut orphaned, true) {
                custody.orphaned(wait::boot());
            }
            output.drain();
        }
        let reaped = strays::reap(&mut tool)?;
        match (&reaped, tool.status()) {
            (Reaped::All, _) => return Ok(finish(&mut control, &tool, &custody, Vec::new())),
            (Reaped::SomeLeft, Some(_)) => custody.left_behind(),
            (Reaped::SomeLeft, None) => {}
        }
        while let Some(act) = custody.due(wait::boot()) {
            match act {
                Act::Interrupt => tool.signal_group(Signal::INT),
                Act::Terminate => strays::signal(Signal::TERM),
                Act::Kill => {
                    tool.signal_group(Signal::KILL);
                    strays::signal(Signal::KILL);
                }
                Act::GiveUp => return Ok(finish(&mut control, &tool, &custody, strays::children())),
            }
        }
        waker.wait(&control, &output, custody.wake_at())?;
    }
}

/// The order to start; None if `scaler` died before it gave one.
fn first_order(control: &mut Control, waker: &Waker) -> io::Result<Option<Box<Start>>> {
    loop {
        match control.orders().into_iter().next() {
            Some(Order::Start(start)) => return Ok(Some(start)),
            Some(_) => return Err(io::Error::other("the first order was not to start")),
            None if control.ended() => return Ok(None),
            None => waker.wait_for_order(control)?,
        }
    }
}

fn finish(control: &mut Control, tool: &Tool, custody: &Custody, left: Vec<i32>) -> u8 {
    control.report(&Report::Ended { status: tool.status(), stopped: custody.stopped(), left });
    tool.exit_code()
}
