//! Waiting for the first of: an order, a child's end, output that nobody reads, the time.

use std::io::{self, ErrorKind, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime, timerfd_create,
    timerfd_settime,
};
use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};

use super::control::Control;
use super::output::Output;
use crate::ops::ports::BootInstant;

pub struct Waker {
    /// One byte for each child that ended.
    children: UnixStream,
    /// On the clock that runs through suspend, so a deadline that passed in the meantime is noticed on waking up.
    timer: OwnedFd,
}

/// The time, for deadlines.
pub fn boot() -> BootInstant {
    let time = clock_gettime(ClockId::Boottime);
    // The kernel counts this clock from boot, so neither part is ever negative.
    BootInstant(Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32))
}

impl Waker {
    pub fn new() -> io::Result<Waker> {
        // Handled by doing nothing: what ends a tool comes from `scaler`. They are not set to be ignored, because the
        // tool would inherit that, as it would from a shell that ignores SIGINT for its background jobs.
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
            signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)))?;
        }
        let (children, notice) = UnixStream::pair()?;
        children.set_nonblocking(true)?;
        signal_hook::low_level::pipe::register(SIGCHLD, notice)?;
        let timer = timerfd_create(TimerfdClockId::Boottime, TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK)?;
        Ok(Waker { children, timer })
    }

    pub fn wait(&self, control: &Control, output: &Output, until: Option<BootInstant>) -> io::Result<()> {
        self.set_timer(until)?;
        let (children, timer) = (self.children.as_fd(), self.timer.as_fd());
        let mut fds = vec![PollFd::from_borrowed_fd(children, PollFlags::IN)];
        fds.push(PollFd::from_borrowed_fd(timer, PollFlags::IN));
        if control.ended() {
            fds.extend(output.fds().map(|fd| PollFd::from_borrowed_fd(fd, PollFlags::IN)));
        } else {
            fds.push(PollFd::from_borrowed_fd(control.fd(), PollFlags::IN));
        }
        wait_for_one(&mut fds)?;
        let mut bytes = [0; 256];
        loop {
            match (&self.children).read(&mut bytes) {
                Ok(length) if length > 0 => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                _ => return Ok(()),
            }
        }
    }

    pub fn wait_for_order(&self, control: &Control) -> io::Result<()> {
        wait_for_one(&mut [PollFd::from_borrowed_fd(control.fd(), PollFlags::IN)])
    }

    fn set_timer(&self, until: Option<BootInstant>) -> io::Result<()> {
        // All zero means: no timer.
        let at = until.map_or(Duration::ZERO, |until| until.0);
        let it_value =
            Timespec { tv_sec: i64::try_from(at.as_secs()).unwrap_or(i64::MAX), tv_nsec: i64::from(at.subsec_nanos()) };
        let it_interval = Timespec { tv_sec: 0, tv_nsec: 0 };
        timerfd_settime(&self.timer, TimerfdTimerFlags::ABSTIME, &Itimerspec { it_interval, it_value })?;
        Ok(())
    }
}

fn wait_for_one(fds: &mut [PollFd<'_>]) -> io::Result<()> {
    match poll(fds, None) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
