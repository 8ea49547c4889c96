//! Making ready what a store lies in.

use serde::Serialize;

use super::ports::home::{Lack, StoreHome, Survey, Trait};
use super::ports::{Event, Progress};
use crate::model::failure::{Failure, Kind, Result};

/// What was found, and what was done about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub format: u32,
    /// Which bucket, container or folder.
    pub home: String,
    /// What was missing.
    pub lacks: Vec<Lack>,
    /// What is missing still, for somebody with other rights to mend.
    pub by_hand: Vec<String>,
    /// What cannot be seen.
    pub unclear: Vec<String>,
    /// Whether it was made or mended.
    pub mended: bool,
}

/// Looks. Changes nothing.
pub async fn look(home: &dyn StoreHome, expire_after: Option<u32>) -> Result<Report> {
    let Survey { lacks, by_hand, unclear } = home.survey(expire_after).await?;
    Ok(Report { format: 1, home: home.told(), lacks, by_hand, unclear, mended: false })
}

/// Makes and mends what was missing, and looks whether that came true. What was done so far stays at an error: it may be
/// repeated.
pub async fn mend(
    home: &dyn StoreHome,
    expire_after: Option<u32>,
    report: Report,
    progress: &dyn Progress,
) -> Result<Report> {
    let step = "store".to_owned();
    let title = format!("making {} ready", report.home);
    progress.tell(Event::StepStarted { step: step.clone(), title: title.clone() });
    let mut lacks = report.lacks.clone();
    if let Some(missing) = lacks.iter().find(|lack| lack.of == Trait::There) {
        home.mend(missing.of, expire_after).await?;
        // What a new one has by itself is the server's choice.
        lacks = home.survey(expire_after).await?.lacks;
    }
    for lack in &lacks {
        home.mend(lack.of, expire_after).await?;
    }
    let Survey { lacks, by_hand, unclear } = home.survey(expire_after).await?;
    if let Some(lack) = lacks.first() {
        return Err(Failure::new(Kind::Failed, format!("{} did not become what it should be", report.home))
            .because(&lack.why)
            .hint("see who else changes it, and run this again"));
    }
    progress.tell(Event::StepDone { step, title });
    Ok(Report { by_hand, unclear, mended: true, ..report })
}
