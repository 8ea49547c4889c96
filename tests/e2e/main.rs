//! Whole workflows: the program as its users run it, over the lab.

#![expect(clippy::disallowed_methods, reason = "tests start the program, and give it an environment of their own")]

#[macro_use]
mod each_tool;
mod broken;
mod budget;
mod gates;
mod remains;
mod running;
mod world;

mod abort;
mod azblob;
mod careless;
mod drains;
mod faults;
mod files;
mod fixed;
mod formats;
mod guard;
mod history;
mod hostile;
mod kept;
mod labels;
mod locks;
mod long;
mod lost;
mod matrix;
mod moved;
mod orphans;
mod pipelines;
mod pruned;
mod readme;
mod rendered;
mod rollback;
mod sandbox_day;
mod secrets;
mod stalled;
mod store_home;
mod stored;
mod tags;
mod unlock;
