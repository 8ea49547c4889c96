//! Whole workflows: the program as its users run it, over the lab.

#![expect(clippy::disallowed_methods, reason = "tests start the program, and give it an environment of their own")]

#[macro_use]
mod each_tool;
mod world;

mod aws_day;
mod drains;
mod files;
mod guard;
mod locks;
mod lost;
mod readme;
mod sandbox_day;
mod signals;
