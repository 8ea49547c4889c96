//! The cluster file from outside: what is valid, what is not, and how that is told.

mod examples;
mod hostile;
mod mutations;
mod reports;
mod rules;
mod sets;
mod written;

pub(crate) use mutations::mutate;

use super::{ClusterFile, Problems, Set, parse};

const AWS: &str = include_str!("../../../../examples/aws.yml");
const AZURE: &str = include_str!("../../../../examples/azure.yml");
const SANDBOX: &str = include_str!("../../../../examples/sandbox.yml");
pub(crate) const EXAMPLES: [&str; 3] = [AWS, AZURE, SANDBOX];

fn valid(text: &str) -> ClusterFile {
    parse("cluster.yml", text, &[]).unwrap_or_else(|problems| panic!("{}", problems.report(false)))
}

fn problems(text: &str) -> Problems {
    parse("cluster.yml", text, &[]).expect_err("the file should not be valid")
}

fn with(sets: &[&str]) -> Result<ClusterFile, Problems> {
    let sets: Vec<Set> = sets.iter().map(|set| Set::new(*set)).collect();
    parse("cluster.yml", AWS, &sets)
}
