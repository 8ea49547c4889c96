//! What a stack was initialised with: what `terraform init` reads of it.

use sha2::{Digest as _, Sha256};

use super::folder::is_values;
use crate::ops::ports::terraform::Stack;

/// Of a stack's modules, backend, providers and lock file. Its values are not in it: no init depends on them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Digest(Vec<u8>);

impl Digest {
    pub fn of(stack: &Stack, lock_file: Option<&str>) -> Digest {
        let mut digest = Sha256::new();
        let files = stack.files.iter().filter(|(name, _)| !is_values(name));
        let files = files.map(|(name, bytes)| (name.as_bytes(), bytes.as_slice()));
        for (name, bytes) in files.chain(lock_file.map(|text| (b"lock".as_slice(), text.as_bytes()))) {
            // With their lengths, so that no two sets of files come to the same bytes.
            for part in [name, bytes] {
                digest.update((part.len() as u64).to_be_bytes());
                digest.update(part);
            }
        }
        Digest(digest.finalize().to_vec())
    }
}
