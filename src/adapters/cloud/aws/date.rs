//! The server's own time, as it stands in an answer.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_s3::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_s3::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};

/// Keeps the `Date` of the last answer to one request. It is exact to a second, as `Last-Modified` is.
#[derive(Debug, Clone, Default)]
pub struct ServerDate {
    seen: Arc<Mutex<Option<DateTime>>>,
}

impl ServerDate {
    /// How long ago `then` was when the answer was given. None if the server did not tell the time.
    pub fn since(&self, then: &DateTime) -> Option<Duration> {
        let seen = *self.seen.lock().expect("nothing panics while it holds this");
        let seconds = seen?.secs() - then.secs();
        Some(Duration::from_secs(u64::try_from(seconds).unwrap_or_default()))
    }

    /// In seconds since 1970. None if the server did not tell the time.
    pub fn seen(&self) -> Option<i64> {
        self.seen.lock().expect("nothing panics while it holds this").map(|date| date.secs())
    }

    fn note(&self, date: Option<&str>) {
        let date = date.and_then(|date| DateTime::from_str(date, DateTimeFormat::HttpDate).ok());
        *self.seen.lock().expect("nothing panics while it holds this") = date;
    }
}

impl Intercept for ServerDate {
    fn name(&self) -> &'static str {
        "ServerDate"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.note(context.response().headers().get("date"));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_an_age_by_the_server_alone() {
        let date = ServerDate::default();
        let written = DateTime::from_secs(1_767_323_045);
        assert_eq!(date.since(&written), None, "no answer yet");
        date.note(Some("Fri, 02 Jan 2026 03:05:05 GMT"));
        assert_eq!(date.since(&written), Some(Duration::from_secs(60)));
        date.note(Some("Fri, 02 Jan 2026 03:04:00 GMT"));
        assert_eq!(date.since(&written), Some(Duration::ZERO), "written after it was asked for");
        for useless in [None, Some("yesterday")] {
            date.note(useless);
            assert_eq!(date.since(&written), None);
        }
    }
}
