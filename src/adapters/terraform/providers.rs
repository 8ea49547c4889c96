//! Where providers are kept between runs, so that each is fetched once: AWS' alone is several hundred megabytes.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::folder::private;
use crate::adapters::process::Environment;

/// The user's folder of providers, for this run alone as long as this value lives: two inits at once would break it
/// (Terraform's CLI configuration documentation, "Provider Plugin Cache").
pub struct SharedProviders {
    folder: PathBuf,
    _lock: File,
}

impl SharedProviders {
    /// None where the user has no folder for caches, it cannot be written, or another run is at it now: then the
    /// providers are fetched into the run's own folder.
    pub fn open(environment: &Environment) -> Option<SharedProviders> {
        let folder = caches(environment)?.join("scaler/providers");
        private(&folder).ok()?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(folder.join(".lock"));
        let lock = lock.ok()?;
        flock(&lock, FlockOperation::NonBlockingLockExclusive).ok()?;
        Some(SharedProviders { folder, _lock: lock })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// By the XDG Base Directory Specification. Only within a home that is there: none is made.
fn caches(environment: &Environment) -> Option<PathBuf> {
    let named = environment.get("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    if let Some(named) = named {
        return Some(named);
    }
    let home = environment.get("HOME").map(Path::new).filter(|home| home.is_absolute() && home.is_dir())?;
    Some(home.join(".cache"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(name: &str, value: &Path) -> Environment {
        Environment::clean([(name.into(), value.into())]).0
    }

    #[test]
    fn one_run_at_a_time_has_it() {
        let home = tempfile::tempdir().unwrap();
        let environment = environment("HOME", home.path());
        let first = SharedProviders::open(&environment).unwrap();
        assert_eq!(first.folder(), home.path().join(".cache/scaler/providers"));
        assert!(SharedProviders::open(&environment).is_none());
        drop(first);
        assert!(SharedProviders::open(&environment).is_some());
    }

    #[test]
    fn no_home_is_made() {
        let home = tempfile::tempdir().unwrap();
        let nowhere = home.path().join("nobody");
        assert!(SharedProviders::open(&environment("HOME", &nowhere)).is_none());
        assert!(!nowhere.exists());
        assert!(SharedProviders::open(&Environment::default()).is_none());
        let caches = home.path().join("caches");
        let shared = SharedProviders::open(&environment("XDG_CACHE_HOME", &caches)).unwrap();
        assert!(shared.folder().starts_with(&caches));
    }
}
