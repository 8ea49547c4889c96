//! The API server's audit log, as values.

use std::path::Path;

use serde_json::Value;

/// One request, as the API server saw it.
#[derive(Clone, Debug)]
pub struct AuditEvent {
    pub user: String,
    pub user_agent: String,
    pub verb: String,
    pub resource: String,
    /// Empty where there is none.
    pub subresource: String,
    pub namespace: String,
    pub name: String,
    /// Path and query.
    pub uri: String,
    /// The HTTP status; 0 for a watch that was open when the log was read.
    pub code: u16,
    /// When the request arrived, in microseconds since the epoch.
    pub received: i64,
    /// When its answer was complete (when it began, for an open watch).
    pub answered: i64,
    /// The body of a request that writes; `Null` for others.
    pub request: Value,
    /// The answer to a request that writes; `Null` for others.
    pub response: Value,
}

pub(super) fn read(file: &Path) -> Vec<AuditEvent> {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    // The last line may be half written.
    let events = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut found: Vec<(String, AuditEvent)> = Vec::new();
    for event in events {
        let id = event["auditID"].as_str().unwrap_or_default().to_owned();
        // A watch is told at its start and at its end: the end has it all.
        if event["verb"] == "watch" && event["stage"] == "ResponseComplete" {
            found.retain(|(known, _)| *known != id);
        }
        found.push((id, parse(&event)));
    }
    let mut events: Vec<_> = found.into_iter().map(|(_, event)| event).collect();
    events.sort_by_key(|event| event.received);
    events
}

fn parse(event: &Value) -> AuditEvent {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let object = &event["objectRef"];
    let open = event["stage"] == "ResponseStarted";
    let code = event["responseStatus"]["code"].as_u64().unwrap_or_default();
    AuditEvent {
        user: text(&event["user"]["username"]),
        user_agent: text(&event["userAgent"]),
        verb: text(&event["verb"]),
        resource: text(&object["resource"]),
        subresource: text(&object["subresource"]),
        namespace: text(&object["namespace"]),
        name: text(&object["name"]),
        uri: text(&event["requestURI"]),
        code: if open { 0 } else { u16::try_from(code).unwrap_or_default() },
        received: micros(&event["requestReceivedTimestamp"]),
        answered: micros(&event["stageTimestamp"]),
        request: event["requestObject"].clone(),
        response: event["responseObject"].clone(),
    }
}

fn micros(time: &Value) -> i64 {
    let time = time.as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok());
    time.map(jiff::Timestamp::as_microsecond).unwrap_or_default()
}
