//! Whole workflows: the program as its users run it, over the lab.

mod world;

mod aws_day;
mod drains;
mod files;
mod guard;
mod locks;
mod lost;
mod sandbox_day;
mod signals;
