//! The login of a day, looked for wherever it must not be.

use std::time::Duration;

use super::cluster::{Aws, BUCKET, CREDENTIALS, REGION, planted};
use crate::secrets::search::Search;

impl Aws {
    /// From now on the arguments of every process of this day's are read.
    pub fn search(&self) -> Search {
        let login = planted();
        let folders = [&self.program, &self.elsewhere].map(|program| program.folder.path().to_owned());
        let markers = vec![login.access_key, login.secret_key, login.session_token];
        // Terraform and its provider run for seconds; the day is long, and others get to work too.
        Search::through(folders.into(), markers, Duration::from_millis(100))
    }

    /// The day is over: what was said, what is in the store, the files that stay, and the arguments that were seen.
    #[track_caller]
    pub fn assert_no_secret(&self, search: Search) {
        search.clean(&self.program.said(), "what was said in the folder of the cluster file");
        search.clean(&self.elsewhere.said(), "what was said elsewhere");
        let keys = self.moto.keys(REGION, BUCKET);
        let has = |part: &str| keys.iter().any(|key| key.contains(part));
        assert!(has("/terraform/foundation.tfstate") && has("/journal/") && has("/history/"), "{keys:?}");
        for key in &keys {
            let text = self.moto.object(REGION, BUCKET, key).unwrap_or_default();
            search.clean(&text, &format!("the object {key}"));
        }
        // Terraform's folders were kept: what it writes there about its backend and providers is among the files.
        let kept = self.program.folder.path().join("work/foundation/.terraform");
        assert!(kept.is_dir(), "{}", kept.display());
        let login = self.elsewhere.folder.path().join(CREDENTIALS);
        search.ends(&[&login.to_string_lossy()]);
    }
}
