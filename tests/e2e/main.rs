//! Whole workflows: the program as its users run it, over the lab.

mod world;

mod sandbox_day;
