//! One file a subject.

mod cluster;
mod hosts;
mod plays;
mod real;
mod redhat;
