use std::sync::Mutex;

use super::*;

#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Progress for Told {
    fn tell(&self, event: Event) {
        self.0.lock().unwrap().push(match event {
            Event::StepStarted { step, .. } => format!("{step} starts"),
            Event::StepNote { step, note } => format!("{step}: {note}"),
            Event::StepDone { title, .. } => title,
            Event::StepFailed { title, why, .. } => format!("{title} failed: {why}"),
            other => format!("{other:?}"),
        });
    }
}

fn read(lines: &[&str]) -> (Vec<String>, Option<BTreeMap<NodeName, HostEnd>>) {
    let (told, redactor) = (Told::default(), Redactor::new(["hidden-token"]));
    let names = ["w-1", "w-2", "w-3"].map(NodeName::from_text);
    let play = Play { limit: names.to_vec(), ..Play::default() };
    let mut hosts = Hosts::new(&told, &redactor, &play);
    for line in lines {
        assert!(hosts.line(line), "{line}");
    }
    let ends = hosts.end();
    (told.0.into_inner().unwrap(), ends)
}

const RESULT: &str = r#"{"event":"result","at":1.5,"host":"w-2","task":"join : Join","role":"join","id":"a","status":"failed","seconds":3,"message":"no way in with hidden-token","output":{"stdout":"","stderr":"refused: hidden-token\n","exit":1},"handled":false}"#;

#[test]
fn each_host_comes_to_its_own_end() {
    let (told, ends) = read(&[
        r#"{"event":"start","at":1.0,"playbook":"site.yml"}"#,
        r#"{"event":"task","at":1.1,"host":"w-1","task":"prepare : Load modules","role":"prepare","id":"a"}"#,
        r#"{"event":"result","at":1.2,"host":"w-1","task":"prepare : Load modules","role":"prepare","id":"a","status":"changed","seconds":0.1,"message":null,"output":null,"handled":false}"#,
        r#"{"event":"retry","at":1.3,"host":"w-1","task":"join : Join","role":"join","id":"b","attempt":1}"#,
        RESULT,
        r#"{"event":"stats","at":9,"hosts":{"w-1":{"ok":1,"changed":1,"skipped":0,"failed":0,"unreachable":0,"rescued":0,"ignored":0},"w-2":{"ok":0,"changed":0,"skipped":0,"failed":1,"unreachable":0,"rescued":0,"ignored":0}}}"#,
    ]);
    let ends = ends.unwrap();
    let of = |name: &str| &ends[&NodeName::from_text(name)];
    assert_eq!(*of("w-1"), HostEnd { tasks: 1, changed: 1, failure: None });
    let failure = of("w-2").failure.as_ref().unwrap();
    assert_eq!((failure.task.as_str(), failure.unreachable), ("join : Join", false));
    assert_eq!(failure.message, "no way in with «redacted»");
    assert_eq!(failure.output.as_deref(), Some("refused: «redacted»"));
    assert_eq!(of("w-3").failure.as_ref().unwrap().message, "Ansible did not come to it");
    assert!(told.contains(&"provision w-1: prepare : Load modules (0 tasks done)".to_owned()), "{told:?}");
    assert!(told.contains(&"provision w-1: join : Join (try 2)".to_owned()), "{told:?}");
    assert!(told.contains(&"w-1 is provisioned (1 tasks, 1 changed)".to_owned()), "{told:?}");
    assert!(told.contains(&"provisioning w-2 failed: no way in with «redacted»".to_owned()), "{told:?}");
}

#[test]
fn a_failure_that_was_rescued_is_none() {
    let handled = RESULT.replace("\"handled\":false", "\"handled\":true");
    let stats = r#"{"event":"stats","at":9,"hosts":{"w-1":{"failed":0,"unreachable":0},"w-2":{"failed":0,"unreachable":0},"w-3":{"failed":0,"unreachable":0}}}"#;
    let (_, ends) = read(&[&handled, stats]);
    assert!(ends.unwrap().values().all(|end| end.failure.is_none()));
}

#[test]
fn a_run_that_was_cut_off_says_nothing_of_its_hosts() {
    let (told, ends) = read(&[RESULT]);
    assert_eq!(ends, None);
    assert!(told.contains(&"provisioning w-1 failed: Ansible ended before it was done".to_owned()), "{told:?}");
}

#[test]
fn what_is_no_event_is_left_to_others() {
    let (told, redactor) = (Told::default(), Redactor::default());
    let mut hosts = Hosts::new(&told, &redactor, &Play::default());
    for line in ["[WARNING]: something", "{\"other\": 1}", "{\"event\": not json"] {
        assert!(!hosts.line(line), "{line}");
    }
}

#[test]
fn of_a_machine_out_of_reach_sshs_own_words_are_told() {
    let refused = "ssh: connect to host 198.18.0.15 port 22: Connection refused";
    for (message, said) in [
        (format!("timed out waiting for ping module test: Failed to connect to the host via ssh: {refused}"), refused),
        (
            format!("Data could not be sent to remote host. Make sure this host can be reached over ssh: {refused}"),
            refused,
        ),
        (
            "Failed to connect to the host via ssh: @@@\n@ WARNING @\nHost key verification failed.\n".into(),
            "Host key verification failed.",
        ),
        ("Connection timed out".into(), "Connection timed out"),
        (
            "Failed to connect to the host via ssh: Connection closed by UNKNOWN port 65535\n".into(),
            "it does not answer to the host that is gone through, or that host went away",
        ),
    ] {
        let line = serde_json::json!({
            "event": "result", "host": "w-1", "task": "Wait", "role": null, "status": "unreachable", "message": message,
            "output": null, "handled": false,
        });
        let stats = r#"{"event":"stats","hosts":{"w-1":{"failed":1,"unreachable":0}}}"#;
        let (_, ends) = read(&[&line.to_string(), stats]);
        let failure = ends.unwrap()[&NodeName::from_text("w-1")].failure.clone().unwrap();
        assert_eq!((failure.message.as_str(), failure.unreachable), (said, true));
    }
}
