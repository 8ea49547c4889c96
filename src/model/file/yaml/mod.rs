//! YAML as a tree with places. The parser is granit-parser, which serde-saphyr reads with too: serde's data model keeps
//! neither the places of keys nor quotes and aliases, and stops at the first duplicate key.

mod build;
mod pairs;
mod scalar;
mod syntax;
mod tree;

pub use build::document;
pub use scalar::Meaning;
pub use tree::{Entry, Node, Value};
